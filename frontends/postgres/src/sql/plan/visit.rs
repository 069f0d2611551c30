//! Walking plans: a node's own expressions, and its inputs.

use stele_core::record::expr::{Expr, Volatility};

use super::{Access, Bound, FunctionCall, Plan};
use crate::sql::plan::access::KeyPart;

impl Plan {
    /// The expressions of this node alone, over its inputs' rows.
    pub(super) fn exprs_mut(&mut self) -> Vec<&mut Expr> {
        match self {
            Self::OneRow | Self::NoRows(_) | Self::CteScan { .. } | Self::With { .. } => vec![],
            Self::SetOp { .. } | Self::Recursive(_) => vec![],
            Self::Scan(scan) => scan
                .filter
                .iter_mut()
                .chain(scan.access.exprs_mut())
                .collect(),
            Self::Filter { predicate, .. } => vec![predicate],
            Self::Project { exprs, .. } => exprs.iter_mut().collect(),
            Self::ProjectSet { calls, .. } => {
                calls.iter_mut().flat_map(|call| &mut call.args).collect()
            }
            Self::Join(join) => {
                let keys = join.keys.iter_mut().flat_map(|(left, right)| [left, right]);
                let probe = join.probe.iter_mut().flat_map(|probe| &mut probe.args);
                let args = join.args.iter_mut().flatten();
                keys.chain(&mut join.filter)
                    .chain(args)
                    .chain(probe)
                    .collect()
            }
            Self::Aggregate(aggregate) => {
                let calls = aggregate.calls.iter_mut().flat_map(|call| {
                    let order = call.order.iter_mut().map(|key| &mut key.expr);
                    call.args.iter_mut().chain(&mut call.filter).chain(order)
                });
                aggregate.groups.iter_mut().chain(calls).collect()
            }
            Self::Window(window) => {
                let order = window.order.iter_mut().map(|key| &mut key.expr);
                let calls = window.calls.iter_mut().flat_map(|call| {
                    let bounds = [&mut call.frame.start, &mut call.frame.end]
                        .into_iter()
                        .filter_map(bound_expr);
                    call.args.iter_mut().chain(&mut call.filter).chain(bounds)
                });
                window
                    .partition
                    .iter_mut()
                    .chain(order)
                    .chain(calls)
                    .collect()
            }
            Self::Sort { keys, top, .. } => {
                let top = top
                    .iter_mut()
                    .flat_map(|top| std::iter::once(&mut top.limit).chain(&mut top.offset));
                keys.iter_mut()
                    .map(|key| &mut key.expr)
                    .chain(top)
                    .collect()
            }
            Self::Limit(limit) => {
                let ties = limit.ties.iter_mut().flatten().map(|key| &mut key.expr);
                limit
                    .limit
                    .iter_mut()
                    .chain(&mut limit.offset)
                    .chain(ties)
                    .collect()
            }
            Self::Distinct { on, .. } => on.iter_mut().flatten().collect(),
            Self::Values { rows, .. } => rows.iter_mut().flatten().collect(),
            Self::Function(function) => {
                let calls = function.calls.iter_mut().flat_map(|call| match call {
                    FunctionCall::Set(call) => call.args.iter_mut().collect::<Vec<_>>(),
                    FunctionCall::Scalar(expr) => vec![expr],
                });
                calls.collect()
            }
        }
    }

    /// The inputs.
    pub(super) fn children_mut(&mut self) -> Vec<&mut Plan> {
        match self {
            Self::OneRow | Self::NoRows(_) | Self::CteScan { .. } | Self::Scan(_) => vec![],
            Self::Values { .. } | Self::Function(_) => vec![],
            Self::Filter { input, .. }
            | Self::Project { input, .. }
            | Self::ProjectSet { input, .. }
            | Self::Sort { input, .. }
            | Self::Distinct { input, .. } => vec![input],
            Self::Limit(limit) => vec![&mut limit.input],
            Self::Join(join) => {
                let probe = join.probe.iter_mut().map(|probe| &mut probe.right);
                [&mut join.left, &mut join.right]
                    .into_iter()
                    .chain(probe)
                    .collect()
            }
            Self::Aggregate(aggregate) => vec![&mut aggregate.input],
            Self::Window(window) => vec![&mut window.input],
            Self::SetOp { left, right, .. } => vec![left, right],
            Self::With { ctes, body } => ctes
                .iter_mut()
                .map(|cte| &mut cte.plan)
                .chain(std::iter::once(&mut **body))
                .collect(),
            Self::Recursive(recursive) => vec![&mut recursive.base, &mut recursive.step],
        }
    }

    /// Calls `visit` on this plan and all below it.
    pub(super) fn walk_mut(&mut self, visit: &mut dyn FnMut(&mut Plan)) {
        visit(self);
        for child in self.children_mut() {
            child.walk_mut(visit);
        }
    }

    /// Marks the arguments of the plan's frame that it reads.
    pub(crate) fn mark_outer(&mut self, used: &mut [bool]) {
        for expr in self.exprs_mut() {
            expr.walk(&mut |part| {
                if let Expr::Outer { index, .. } = part
                    && let Some(place) = used.get_mut(*index)
                {
                    *place = true;
                }
            });
        }
        self.same_frame_mut()
            .into_iter()
            .for_each(|child| child.mark_outer(used));
    }

    /// The inputs that belong to the plan's own frame: a lateral right side has another.
    fn same_frame_mut(&mut self) -> Vec<&mut Plan> {
        let lateral = matches!(self, Self::Join(join) if join.args.is_some());
        let mut children = self.children_mut();
        if lateral {
            children.truncate(1);
        }
        children
    }

    /// Whether the rows depend on the enclosing query's. (It is `&mut` to share the walk.)
    pub(super) fn is_correlated(&mut self) -> bool {
        let own = self.exprs_mut().into_iter().any(|expr| reads_outer(expr));
        if own {
            return true;
        }
        self.same_frame_mut().into_iter().any(Plan::is_correlated)
    }
}

fn bound_expr(bound: &mut Bound) -> Option<&mut Expr> {
    match bound {
        Bound::Preceding(offset) | Bound::Following(offset) => Some(offset),
        _ => None,
    }
}

impl Access {
    pub(super) fn exprs_mut(&mut self) -> Vec<&mut Expr> {
        fn of(parts: &mut [KeyPart]) -> Vec<&mut Expr> {
            parts.iter_mut().flat_map(KeyPart::exprs_mut).collect()
        }
        match self {
            Self::Full => vec![],
            Self::Primary(parts) | Self::Keys(parts) => of(parts),
            Self::Messages { seq, subject } => {
                let bounds = seq.iter_mut().flat_map(|seq| seq.exprs_mut());
                bounds.chain(subject).collect()
            }
            Self::Index { equal, range, .. } => {
                let mut exprs = of(equal);
                exprs.extend(range.iter_mut().flat_map(|range| range.exprs_mut()));
                exprs
            }
            Self::Search(search) => search.exprs_mut(),
        }
    }
}

/// Whether an expression reads the enclosing query's row.
pub(super) fn reads_outer(expr: &Expr) -> bool {
    any_part(expr, |part| matches!(part, Expr::Outer { .. }))
}

/// Whether an expression runs a subquery.
pub(super) fn has_subquery(expr: &Expr) -> bool {
    any_part(expr, |part| matches!(part, Expr::Subquery { .. }))
}

/// Whether an expression calls what may give another value each time.
pub(super) fn is_volatile(expr: &Expr) -> bool {
    any_part(
        expr,
        |part| matches!(part, Expr::Call { function, .. } if function.volatility == Volatility::Volatile),
    )
}

fn any_part(expr: &Expr, test: impl Fn(&Expr) -> bool) -> bool {
    let mut found = false;
    expr.walk(&mut |part| found |= test(part));
    found
}

/// The smallest and largest column an expression reads.
pub(super) fn columns_read(expr: &Expr) -> Option<(usize, usize)> {
    let mut range: Option<(usize, usize)> = None;
    expr.walk(&mut |part| {
        if let Expr::Column { index, .. } = part {
            range = Some(match range {
                Some((low, high)) => (low.min(*index), high.max(*index)),
                None => (*index, *index),
            });
        }
    });
    range
}

/// Moves every column by `by`, which may be negative.
pub(super) fn shift(expr: &mut Expr, by: isize) {
    expr.rewrite(&mut |part| {
        if let Expr::Column { index, .. } = part {
            *index = index.saturating_add_signed(by);
        }
    });
}

/// Takes a condition apart into what must all hold.
pub(super) fn split(predicate: Expr, out: &mut Vec<Expr>) {
    match predicate {
        Expr::And(parts) => parts.into_iter().for_each(|part| split(part, out)),
        Expr::Const { value, .. } if value.as_bool() == Some(true) => {}
        other => out.push(other),
    }
}

/// The plan under a condition; the plan itself when there is none.
pub(super) fn filtered(input: Plan, mut conditions: Vec<Expr>) -> Plan {
    let predicate = match conditions.len() {
        0 => return input,
        1 => conditions.remove(0),
        _ => Expr::And(conditions),
    };
    Plan::Filter {
        input: Box::new(input),
        predicate,
    }
}
