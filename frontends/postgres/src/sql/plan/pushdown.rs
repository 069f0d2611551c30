//! Conditions move towards the scans, and equalities across a join become its keys.

use stele_core::record::expr::Expr;
use stele_core::record::value::Type;

use super::visit::{columns_read, filtered, has_subquery, is_volatile, reads_outer, shift, split};
use super::{Aggregate, Join, JoinKind, Plan, SetOp, Window};

/// The plan under these conditions, each as deep as it may go.
pub(super) fn push(plan: Plan, conditions: Vec<Expr>) -> Plan {
    match plan {
        Plan::Filter { input, predicate } => {
            let mut all = Vec::new();
            split(predicate, &mut all);
            all.extend(conditions);
            push(*input, all)
        }
        Plan::Scan(mut scan) => {
            scan.filter.extend(conditions);
            Plan::Scan(scan)
        }
        Plan::Project { input, exprs } => push_project(*input, exprs, conditions),
        Plan::Sort {
            input,
            keys,
            top: None,
        } => Plan::Sort {
            input: Box::new(push(*input, conditions)),
            keys,
            top: None,
        },
        Plan::Distinct { input, on: None } => Plan::Distinct {
            input: Box::new(push(*input, conditions)),
            on: None,
        },
        Plan::SetOp {
            op,
            all,
            left,
            right,
        } => push_set_op(op, all, (*left, *right), conditions),
        Plan::Join(join) => push_join(*join, conditions),
        Plan::Aggregate(aggregate) => push_aggregate(*aggregate, conditions),
        Plan::Window(window) => push_window(*window, conditions),
        Plan::With { ctes, body } => {
            let ctes = ctes.into_iter().map(|mut cte| {
                cte.plan = push(cte.plan, Vec::new());
                cte
            });
            Plan::With {
                ctes: ctes.collect(),
                body: Box::new(push(*body, conditions)),
            }
        }
        mut other => {
            for child in other.children_mut() {
                let below = std::mem::replace(child, Plan::OneRow);
                *child = push(below, Vec::new());
            }
            filtered(other, conditions)
        }
    }
}

fn push_project(input: Plan, exprs: Vec<Expr>, conditions: Vec<Expr>) -> Plan {
    let (mut below, mut above) = (Vec::new(), Vec::new());
    for condition in conditions {
        match substituted(&condition, &exprs) {
            Some(moved) => below.push(moved),
            None => above.push(condition),
        }
    }
    let input = Box::new(push(input, below));
    filtered(Plan::Project { input, exprs }, above)
}

/// A condition over a projection, over its input; `None` when that would compute something
/// twice that may be slow or differ.
fn substituted(condition: &Expr, exprs: &[Expr]) -> Option<Expr> {
    if is_volatile(condition) {
        return None;
    }
    let mut moved = condition.clone();
    let mut possible = true;
    moved.rewrite(&mut |part| {
        if let Expr::Column { index, .. } = part {
            match exprs.get(*index) {
                Some(expr) if !is_volatile(expr) && !has_subquery(expr) => *part = expr.clone(),
                _ => possible = false,
            }
        }
    });
    possible.then_some(moved)
}

fn push_set_op(op: SetOp, all: bool, (left, right): (Plan, Plan), conditions: Vec<Expr>) -> Plan {
    let (volatile, plain): (Vec<Expr>, Vec<Expr>) = conditions.into_iter().partition(is_volatile);
    let left = Box::new(push(left, plain.clone()));
    let right = Box::new(push(right, plain));
    filtered(
        Plan::SetOp {
            op,
            all,
            left,
            right,
        },
        volatile,
    )
}

fn push_aggregate(mut aggregate: Aggregate, conditions: Vec<Expr>) -> Plan {
    // A condition on keys may decide about rows before they are grouped.
    let single = aggregate.sets.len() == 1 && !aggregate.groups.is_empty();
    let (mut below, mut above) = (Vec::new(), Vec::new());
    for condition in conditions {
        let keys_only =
            columns_read(&condition).is_some_and(|(_, high)| high < aggregate.groups.len());
        match substituted(&condition, &aggregate.groups).filter(|_| single && keys_only) {
            Some(moved) => below.push(moved),
            None => above.push(condition),
        }
    }
    aggregate.input = push(aggregate.input, below);
    filtered(Plan::Aggregate(Box::new(aggregate)), above)
}

fn push_window(mut window: Window, conditions: Vec<Expr>) -> Plan {
    // A condition on partition keys takes or leaves whole partitions.
    let is_key = |index: usize| {
        window
            .partition
            .iter()
            .any(|key| matches!(key, Expr::Column { index: at, .. } if *at == index))
    };
    let movable = |condition: &Expr| {
        let mut keys_only = !is_volatile(condition);
        condition.walk(&mut |part| {
            if let Expr::Column { index, .. } = part {
                keys_only &= is_key(*index);
            }
        });
        keys_only
    };
    let (below, above): (Vec<Expr>, Vec<Expr>) = conditions
        .into_iter()
        .partition(|condition| movable(condition));
    window.input = push(window.input, below);
    filtered(Plan::Window(Box::new(window)), above)
}

/// Which rows of a join a condition reads.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    None,
    Left,
    Right,
    Both,
}

fn side(condition: &Expr, left_width: usize) -> Side {
    match columns_read(condition) {
        None => Side::None,
        Some((_, high)) if high < left_width => Side::Left,
        Some((low, _)) if low >= left_width => Side::Right,
        Some(_) => Side::Both,
    }
}

fn push_join(mut join: Join, conditions: Vec<Expr>) -> Plan {
    let left_width = join.left.width();
    let mut place = Placed::default();
    if join.kind == JoinKind::Left
        && conditions
            .iter()
            .any(|condition| refuses_null(condition, left_width))
    {
        // A row without a partner would be dropped anyway.
        join.kind = JoinKind::Inner;
    }
    let mut on = Vec::new();
    std::mem::take(&mut join.filter)
        .into_iter()
        .for_each(|condition| split(condition, &mut on));
    for condition in conditions {
        place.after(&join, condition, left_width);
    }
    for condition in on {
        place.on(&join, condition, left_width);
    }
    place.spread(&join, left_width);
    let Placed {
        above,
        left,
        right,
        both,
    } = place;
    join.left = push(join.left, left);
    let right = right.into_iter().map(|mut condition| {
        shift(&mut condition, -(left_width as isize));
        condition
    });
    join.right = push(join.right, right.collect());
    for condition in both {
        match equal_pair(&condition, left_width) {
            Some(pair) if join.args.is_none() => join.keys.push(pair),
            _ => join.filter.push(condition),
        }
    }
    filtered(Plan::Join(Box::new(join)), above)
}

#[derive(Default)]
struct Placed {
    above: Vec<Expr>,
    left: Vec<Expr>,
    right: Vec<Expr>,
    both: Vec<Expr>,
}

impl Placed {
    /// A condition on the join's rows (WHERE).
    fn after(&mut self, join: &Join, condition: Expr, left_width: usize) {
        use JoinKind as K;
        if is_volatile(&condition) {
            return self.above.push(condition);
        }
        let enters = enters_right(join, &condition);
        match (join.kind, side(&condition, left_width)) {
            (K::Inner, Side::Left | Side::None) => self.left.push(condition),
            (K::Inner, Side::Right) if enters => self.right.push(condition),
            (K::Inner, _) => self.both.push(condition),
            (K::Left | K::Semi | K::Anti | K::NotIn, Side::Left | Side::None) => {
                self.left.push(condition)
            }
            (K::Right, Side::Right) if enters => self.right.push(condition),
            _ => self.above.push(condition),
        }
    }

    /// `a = b` across the join and `b = 5` on one side: `a = 5` finds the other by its index.
    fn spread(&mut self, join: &Join, left_width: usize) {
        use JoinKind as K;
        let to_left = matches!(join.kind, K::Inner | K::Semi);
        let to_right = matches!(join.kind, K::Inner | K::Semi | K::Left | K::Anti);
        if join.args.is_some() || !(to_left || to_right) {
            return;
        }
        for condition in &self.both {
            let Expr::Call { function, args, ty } = condition else {
                continue;
            };
            let ([a, b], true) = (args.as_slice(), function.name == "=") else {
                continue;
            };
            if equal_pair(condition, left_width).is_none() || a.ty() != b.ty() {
                continue;
            }
            let (left, right) = match side(a, left_width) {
                Side::Left => (a, b),
                _ => (b, a),
            };
            let moved = |conditions: &[Expr], from: &Expr, to: &Expr| -> Vec<Expr> {
                let equal = conditions
                    .iter()
                    .filter_map(|known| constant_of(known, from));
                let equal = equal.map(|value| Expr::Call {
                    function: *function,
                    args: vec![to.clone(), value],
                    ty: ty.clone(),
                });
                equal.collect()
            };
            let (more_right, more_left) = (
                moved(&self.left, left, right),
                moved(&self.right, right, left),
            );
            if to_right {
                self.right.extend(
                    more_right
                        .into_iter()
                        .filter(|known| !self.right.contains(known))
                        .collect::<Vec<_>>(),
                );
            }
            if to_left {
                self.left.extend(
                    more_left
                        .into_iter()
                        .filter(|known| !self.left.contains(known))
                        .collect::<Vec<_>>(),
                );
            }
        }
    }

    /// A condition on pairs (ON).
    fn on(&mut self, join: &Join, condition: Expr, left_width: usize) {
        use JoinKind as K;
        if is_volatile(&condition) {
            return self.both.push(condition);
        }
        let enters = enters_right(join, &condition);
        match (join.kind, side(&condition, left_width)) {
            (K::Inner | K::Right | K::Semi, Side::Left) => self.left.push(condition),
            (K::Inner | K::Left | K::Semi | K::Anti, Side::Right) if enters => {
                self.right.push(condition)
            }
            _ => self.both.push(condition),
        }
    }
}

/// What a condition says this expression equals, when that is the same for all rows.
fn constant_of(condition: &Expr, expr: &Expr) -> Option<Expr> {
    let Expr::Call { function, args, .. } = condition else {
        return None;
    };
    let ([a, b], true) = (args.as_slice(), function.name == "=") else {
        return None;
    };
    let value = if a == expr {
        b
    } else if b == expr {
        a
    } else {
        return None;
    };
    let plain = columns_read(value).is_none() && !has_subquery(value) && value.ty() == expr.ty();
    plain.then(|| value.clone())
}

/// A lateral right side has a frame of its own: what reads the enclosing one stays outside.
fn enters_right(join: &Join, condition: &Expr) -> bool {
    join.args.is_none() || !reads_outer(condition)
}

/// Whether a condition cannot hold when the right row is all NULL.
fn refuses_null(condition: &Expr, left_width: usize) -> bool {
    let Expr::Call { function, args, .. } = condition else {
        return matches!(condition, Expr::IsNull { expr, negated: true } if is_right_column(expr, left_width));
    };
    function.strict && args.iter().any(|arg| is_right_column(arg, left_width))
}

fn is_right_column(expr: &Expr, left_width: usize) -> bool {
    matches!(expr, Expr::Column { index, .. } if *index >= left_width)
}

/// `left = right` across the join, as a pair of keys over each side's row.
pub(super) fn equal_pair(condition: &Expr, left_width: usize) -> Option<(Expr, Expr)> {
    let Expr::Call { function, args, .. } = condition else {
        return None;
    };
    let [a, b] = args.as_slice() else { return None };
    if function.name != "=" || has_subquery(condition) || !hashes_alike(&a.ty(), &b.ty()) {
        return None;
    }
    let (left, right) = match (side(a, left_width), side(b, left_width)) {
        (Side::Left, Side::Right) => (a, b),
        (Side::Right, Side::Left) => (b, a),
        _ => return None,
    };
    let mut right = right.clone();
    shift(&mut right, -(left_width as isize));
    Some((left.clone(), right))
}

/// Whether equal values of these types are equal, and hash alike, as values.
fn hashes_alike(a: &Type, b: &Type) -> bool {
    let integer = |ty: &Type| matches!(ty, Type::Int2 | Type::Int4 | Type::Int8);
    let string = |ty: &Type| matches!(ty, Type::Text | Type::Varchar | Type::Name);
    (a == b && *a != Type::Record) || (integer(a) && integer(b)) || (string(a) && string(b))
}
