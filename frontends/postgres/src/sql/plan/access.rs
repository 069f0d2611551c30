//! Access paths: how a scan finds the rows its conditions ask for.
//!
//! Every condition is checked again on each row found, so a path only has to find all of
//! them. A key can find fewer rows than a type's equality would only if it converts a value
//! wrongly, so [`key_value`] gives up on values that the column's type cannot hold exactly.

use stele_core::record::expr::Expr;
use stele_core::record::table::{Index, Table};
use stele_core::record::value::{Type, Value};

use super::search::{self, Search};
use super::visit::{has_subquery, is_volatile, reads_outer};
use super::{Join, JoinKind, Plan, Probe, Scan, Source};
use crate::sql::execute::stream;

/// How a scan's rows are found.
#[derive(Clone, Debug, Default)]
pub enum Access {
    /// All of them are read.
    #[default]
    Full,
    /// By primary key: the values each key column may have.
    Primary(Vec<KeyPart>),
    /// By the key of a keyspace view.
    Keys(Vec<KeyPart>),
    /// By the numbers and the subject of a stream's messages.
    Messages {
        /// Which numbers.
        seq: Option<Box<Range>>,
        /// Which subject.
        subject: Option<Expr>,
    },
    /// By a secondary index.
    Index {
        /// The index.
        index: Box<Index>,
        /// The values its first columns may have.
        equal: Vec<KeyPart>,
        /// A range of the next column.
        range: Option<Box<Range>>,
    },
    /// By a full-text index, best first.
    Search(Box<Search>),
}

/// What one key column may be. The expressions read no column of the scan.
#[derive(Clone, Debug)]
pub enum KeyPart {
    /// One value.
    One(Expr),
    /// `IN (...)`.
    Any(Vec<Expr>),
    /// `= ANY (array)`.
    Array(Expr),
}

/// Bounds of a column, each with whether it is part of the range.
#[derive(Clone, Debug, Default)]
pub struct Range {
    /// From here.
    pub low: Option<(Expr, bool)>,
    /// To here.
    pub high: Option<(Expr, bool)>,
}

impl Range {
    pub(super) fn exprs_mut(&mut self) -> impl Iterator<Item = &mut Expr> {
        let bounds = self.low.iter_mut().chain(self.high.iter_mut());
        bounds.map(|(expr, _)| expr)
    }
}

impl KeyPart {
    pub(super) fn exprs_mut(&mut self) -> Vec<&mut Expr> {
        match self {
            Self::One(expr) | Self::Array(expr) => vec![expr],
            Self::Any(exprs) => exprs.iter_mut().collect(),
        }
    }
}

/// A value as a key column of this type stores it; `None` when no stored value equals it.
pub fn key_value(value: Value, ty: &Type) -> Option<Value> {
    if value.is_null() {
        return None;
    }
    match (ty, &value) {
        (Type::Int2, _) => value
            .as_i64()
            .and_then(|value| i16::try_from(value).ok())
            .map(Value::Int2),
        (Type::Int4, _) => value
            .as_i64()
            .and_then(|value| i32::try_from(value).ok())
            .map(Value::Int4),
        (Type::Int8, _) => value.as_i64().map(Value::Int8),
        _ => Some(value),
    }
}

/// Chooses paths for the scans of a node, and probes for its joins.
pub(super) fn choose(plan: &mut Plan) {
    match plan {
        Plan::Scan(scan) => {
            scan.access = path(scan);
            search::take(scan);
        }
        Plan::Join(join) if is_backwards(join) => turn(plan),
        Plan::Join(join) => join.probe = probe(join),
        _ => {}
    }
}

/// Whether a join would read all of its left side though the right side says which rows of it
/// are wanted, and the left side could find them by key.
fn is_backwards(join: &Join) -> bool {
    let (Plan::Scan(left), Plan::Scan(right)) = (&join.left, &join.right) else {
        return false;
    };
    if join.kind != JoinKind::Inner || join.args.is_some() {
        return false;
    }
    let narrow = |scan: &Scan| !matches!(path(scan), Access::Full);
    !narrow(left) && narrow(right) && probe(&turned(join)).is_some()
}

/// The join with its sides exchanged.
fn turned(join: &Join) -> Join {
    let (left_width, right_width) = (join.left.width(), join.right.width());
    let mut filter = join.filter.clone();
    for condition in &mut filter {
        condition.rewrite(&mut |part| {
            if let Expr::Column { index, .. } = part {
                *index = match index.checked_sub(left_width) {
                    Some(right) => right,
                    None => *index + right_width,
                };
            }
        });
    }
    Join {
        kind: join.kind,
        left: join.right.clone(),
        right: join.left.clone(),
        args: None,
        keys: join
            .keys
            .iter()
            .map(|(left, right)| (right.clone(), left.clone()))
            .collect(),
        filter,
        probe: None,
    }
}

/// Exchanges the sides of a join, under a projection that keeps the order of its columns.
fn turn(plan: &mut Plan) {
    let Plan::Join(join) = plan else { return };
    let (left, right) = (&join.left, &join.right);
    let (Plan::Scan(left), Plan::Scan(right)) = (left, right) else {
        return;
    };
    let (left_width, right_width) = (left.source.width(), right.source.width());
    let columns = |scan: &Scan, width: usize, at: usize| -> Vec<Expr> {
        (0..width)
            .map(|index| Expr::column(at + index, scan.source.column_type(index)))
            .collect()
    };
    let mut exprs = columns(left, left_width, right_width);
    exprs.extend(columns(right, right_width, 0));
    let mut join = turned(join);
    join.probe = probe(&join);
    *plan = Plan::Project {
        input: Box::new(Plan::Join(Box::new(join))),
        exprs,
    };
}

fn path(scan: &Scan) -> Access {
    match &scan.source {
        Source::Table(table) => table_path(table, &scan.filter),
        Source::Searched(searched) => search::path(searched, scan)
            .unwrap_or_else(|| table_path(&searched.table, &scan.filter)),
        Source::Keyspace(_) => match equal_to(&scan.filter, 0, &Type::Text) {
            Some(part) => Access::Keys(vec![part]),
            None => Access::Full,
        },
        Source::Stream(_) => stream_path(&scan.filter),
        Source::Virtual(_) => Access::Full,
    }
}

/// One subject's messages, and those in a range of numbers.
fn stream_path(filter: &[Expr]) -> Access {
    let seq = match equal_to(filter, stream::SEQ, &Type::Int8) {
        Some(KeyPart::One(seq)) => Some(Range {
            low: Some((seq.clone(), true)),
            high: Some((seq, true)),
        }),
        _ => range_of(filter, stream::SEQ, &Type::Int8),
    };
    let subject = match equal_to(filter, stream::SUBJECT, &Type::Text) {
        Some(KeyPart::One(subject)) => Some(subject),
        _ => None,
    };
    match (&seq, &subject) {
        (None, None) => Access::Full,
        _ => Access::Messages {
            seq: seq.map(Box::new),
            subject,
        },
    }
}

fn table_path(table: &Table, filter: &[Expr]) -> Access {
    let parts = |positions: &[usize]| -> Vec<KeyPart> {
        let each = positions.iter().map_while(|position| {
            let ty = &table.columns.get(*position)?.ty.ty;
            equal_to(filter, *position, ty)
        });
        each.collect()
    };
    let key = table.key_positions();
    let found = parts(&key);
    if !key.is_empty() && found.len() == key.len() {
        return Access::Primary(found);
    }
    let mut best: Option<(usize, Access)> = None;
    for index in &table.indexes {
        let positions: Vec<usize> = index
            .columns
            .iter()
            .filter_map(|id| table.position(*id))
            .collect();
        if positions.len() != index.columns.len() {
            continue;
        }
        let equal = parts(&positions);
        let range = positions.get(equal.len()).and_then(|position| {
            let ty = &table.columns.get(*position)?.ty.ty;
            range_of(filter, *position, ty)
        });
        // A whole unique key beats everything, then the longer prefix, then a range.
        let whole = index.unique && equal.len() == positions.len();
        let score = usize::from(whole) * 100 + equal.len() * 2 + usize::from(range.is_some());
        if score > best.as_ref().map_or(0, |(score, _)| *score) {
            let index = Box::new(index.clone());
            best = Some((
                score,
                Access::Index {
                    index,
                    equal,
                    range: range.map(Box::new),
                },
            ));
        }
    }
    best.map(|(_, access)| access).unwrap_or_default()
}

/// What the conditions say this column equals.
fn equal_to(filter: &[Expr], column: usize, ty: &Type) -> Option<KeyPart> {
    let several = |part: &KeyPart| !matches!(part, KeyPart::One(_));
    let mut found: Option<KeyPart> = None;
    for condition in filter {
        let part = match condition {
            Expr::Call { function, args, .. } if function.name == "=" => match args.as_slice() {
                [a, b] if is_column(a, column, ty) && is_key(b, ty) => {
                    Some(KeyPart::One(b.clone()))
                }
                [a, b] if is_column(b, column, ty) && is_key(a, ty) => {
                    Some(KeyPart::One(a.clone()))
                }
                _ => None,
            },
            Expr::InList {
                expr,
                list,
                negated: false,
                ..
            } => {
                let keys = is_column(expr, column, ty) && list.iter().all(|item| is_key(item, ty));
                keys.then(|| KeyPart::Any(list.clone()))
            }
            Expr::AnyAll {
                left,
                operator,
                array,
                all: false,
            } if operator.name == "=" => {
                let element = array.ty().element().cloned();
                let keys = is_column(left, column, ty)
                    && is_settled(array)
                    && element.is_some_and(|element| same_key(&element, ty));
                keys.then(|| KeyPart::Array(array.as_ref().clone()))
            }
            _ => None,
        };
        if let Some(part) = part
            && found.as_ref().is_none_or(several)
        {
            found = Some(part);
        }
    }
    found
}

fn range_of(filter: &[Expr], column: usize, ty: &Type) -> Option<Range> {
    let mut range = Range::default();
    for condition in filter {
        let Expr::Call { function, args, .. } = condition else {
            continue;
        };
        let [a, b] = args.as_slice() else { continue };
        let (bound, name) = if is_column(a, column, ty) && is_bound(b, ty) {
            (b, function.name.as_str())
        } else if is_column(b, column, ty) && is_bound(a, ty) {
            (a, mirrored(&function.name))
        } else {
            continue;
        };
        match name {
            ">" | ">=" if range.low.is_none() => range.low = Some((bound.clone(), name == ">=")),
            "<" | "<=" if range.high.is_none() => range.high = Some((bound.clone(), name == "<=")),
            _ => {}
        }
    }
    (range.low.is_some() || range.high.is_some()).then_some(range)
}

fn mirrored(name: &str) -> &str {
    match name {
        "<" => ">",
        "<=" => ">=",
        ">" => "<",
        ">=" => "<=",
        other => other,
    }
}

/// The column itself, or under a cast that keeps its value and order.
fn is_column(expr: &Expr, column: usize, ty: &Type) -> bool {
    match expr {
        Expr::Column { index, .. } => *index == column,
        Expr::Cast { expr, from, to, .. } => {
            from == ty && to.typmod < 0 && same_key(&to.ty, ty) && is_column(expr, column, ty)
        }
        _ => false,
    }
}

/// An expression that can be computed before the scan, of a type that compares as the column's.
fn is_key(expr: &Expr, ty: &Type) -> bool {
    is_settled(expr) && same_key(&expr.ty(), ty)
}

/// A bound must be a value the column's type can hold: comparing with it must not widen.
fn is_bound(expr: &Expr, ty: &Type) -> bool {
    is_settled(expr) && (expr.ty() == *ty || string(&expr.ty()) && string(ty))
}

pub(super) fn is_settled(expr: &Expr) -> bool {
    let mut reads = false;
    expr.walk(&mut |part| reads |= matches!(part, Expr::Column { .. }));
    !reads && !is_volatile(expr)
}

fn string(ty: &Type) -> bool {
    matches!(ty, Type::Text | Type::Varchar)
}

fn same_key(a: &Type, b: &Type) -> bool {
    let integer = |ty: &Type| matches!(ty, Type::Int2 | Type::Int4 | Type::Int8);
    a == b || (integer(a) && integer(b)) || (string(a) && string(b))
}

/// A right side that could be found by key from each left row.
fn probe(join: &Join) -> Option<Probe> {
    let kinds = [
        JoinKind::Inner,
        JoinKind::Left,
        JoinKind::Semi,
        JoinKind::Anti,
    ];
    if join.keys.is_empty() || join.args.is_some() || !kinds.contains(&join.kind) {
        return None;
    }
    let Plan::Scan(scan) = &join.right else {
        return None;
    };
    if has_outer(scan) {
        // Its arguments would have to be passed on; hashing does without.
        return None;
    }
    let mut scan = scan.clone();
    let mut args = Vec::with_capacity(join.keys.len());
    for (left, right) in &join.keys {
        let equal = stele_core::record::expr::resolve("=", &[right.ty(), left.ty()]).ok()?;
        let outer = Expr::Outer {
            depth: 0,
            index: args.len(),
            ty: left.column_type(),
        };
        scan.filter.push(Expr::Call {
            function: equal.function,
            args: vec![right.clone(), outer],
            ty: Type::Bool,
        });
        args.push(left.clone());
    }
    scan.access = path(&scan);
    let by_key = match &scan.access {
        Access::Primary(_) | Access::Keys(_) | Access::Messages { .. } => true,
        Access::Index { equal, .. } => !equal.is_empty(),
        Access::Full | Access::Search(_) => false,
    };
    let uses_outer = scan
        .access
        .exprs_mut()
        .into_iter()
        .any(|expr| reads_outer(expr));
    (by_key && uses_outer).then_some(Probe {
        right: Plan::Scan(scan),
        args,
    })
}

fn has_outer(scan: &Scan) -> bool {
    scan.filter
        .iter()
        .any(|condition| reads_outer(condition) || has_subquery(condition))
}
