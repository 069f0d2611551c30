//! EXISTS and IN become semi joins, their negations anti joins.
//!
//! A subquery in WHERE is run once per row. As a join its rows are read once, or looked up by
//! key. Only what is plainly a filtered source is rewritten; the rest stays a subquery.

use stele_core::record::expr::{Expr, SubqueryForm};

use super::visit::{filtered, has_subquery, reads_outer, shift, split};
use super::{Join, JoinKind, Plan};
use crate::sql::bind::SubPlan;

/// Rewrites every filter of a plan.
pub(super) fn rewrite(plan: &mut Plan, subplans: &[SubPlan]) {
    plan.walk_mut(&mut |node| {
        if matches!(node, Plan::Filter { .. }) {
            let filter = std::mem::replace(node, Plan::OneRow);
            *node = rewrite_filter(filter, subplans);
        }
    });
}

fn rewrite_filter(filter: Plan, subplans: &[SubPlan]) -> Plan {
    let Plan::Filter { input, predicate } = filter else {
        return filter;
    };
    let mut conditions = Vec::new();
    split(predicate, &mut conditions);
    let mut plan = *input;
    let mut rest = Vec::new();
    let mut joins = Vec::new();
    let width = plan.width();
    for condition in conditions {
        match join_of(&condition, width, subplans) {
            Some(join) => joins.push(join),
            None => rest.push(condition),
        }
    }
    // Cheap conditions first, below the joins.
    plan = filtered(plan, rest);
    for (kind, right, filter) in joins {
        plan = Plan::Join(Box::new(Join {
            kind,
            left: plan,
            right,
            args: None,
            keys: Vec::new(),
            filter,
            probe: None,
        }));
    }
    plan
}

type Rewritten = (JoinKind, Plan, Vec<Expr>);

fn join_of(condition: &Expr, width: usize, subplans: &[SubPlan]) -> Option<Rewritten> {
    let (condition, negated) = match condition {
        Expr::Not(inner) => (inner.as_ref(), true),
        other => (other, false),
    };
    let Expr::Subquery {
        slot, args, form, ..
    } = condition
    else {
        return None;
    };
    let subplan = subplans.get(*slot)?;
    if subplan.volatile {
        return None;
    }
    match form {
        SubqueryForm::Exists => {
            let (right, conditions) = exists_source(subplan.plan.clone(), args, width)?;
            let kind = if negated {
                JoinKind::Anti
            } else {
                JoinKind::Semi
            };
            Some((kind, right, conditions))
        }
        SubqueryForm::Any { left, operators }
            if operators.iter().all(|operator| operator.name == "=") =>
        {
            any_join(left, operators, subplan.plan.clone(), args, width, negated)
        }
        // NOT IN is `<> ALL`: the pairs to look for are those that are equal.
        SubqueryForm::All { left, operators } if !negated => {
            match (left.as_slice(), operators.as_slice()) {
                ([left], [operator]) if operator.name == "<>" && args.is_empty() => {
                    let types: Vec<_> = operator.args.clone();
                    let equal = stele_core::record::expr::resolve("=", &types)
                        .ok()?
                        .function;
                    not_in(left, equal, subplan.plan.clone(), width)
                }
                _ => None,
            }
        }
        _ => None,
    }
}

/// The rows EXISTS looks at, and what ties them to the left row.
fn exists_source(plan: Plan, args: &[Expr], width: usize) -> Option<(Plan, Vec<Expr>)> {
    // Without arguments the answer is the same for every row and computed once.
    if args.is_empty() {
        return None;
    }
    let source = match plan {
        // The limit of one row that EXISTS adds.
        Plan::Limit(limit) if limit.offset.is_none() && limit.ties.is_none() => limit.input,
        other => other,
    };
    let source = match source {
        // What is selected does not matter, unless LIMIT 0 or a set function says otherwise.
        Plan::Project { input, .. } => *input,
        other => other,
    };
    decorrelated(source, args, width)
}

fn any_join(
    left: &[Expr],
    operators: &[stele_core::record::expr::FunctionRef],
    plan: Plan,
    args: &[Expr],
    width: usize,
    negated: bool,
) -> Option<Rewritten> {
    if negated {
        return match (left, operators) {
            ([left], [equal]) if args.is_empty() => not_in(left, *equal, plan, width),
            _ => None,
        };
    }
    let (plan, outputs) = match plan {
        Plan::Project { input, exprs } if !args.is_empty() => (*input, exprs),
        other => {
            let outputs = (0..other.width()).map(|index| {
                Expr::column(
                    index,
                    operators
                        .get(index)
                        .and_then(|op| op.args.get(1).cloned())
                        .unwrap_or(stele_core::record::value::Type::Text),
                )
            });
            let outputs = outputs.collect();
            (other, outputs)
        }
    };
    if outputs
        .iter()
        .any(|output| reads_outer(output) || has_subquery(output))
    {
        return None;
    }
    let (right, mut conditions) = match args.is_empty() {
        true => (plan, Vec::new()),
        false => decorrelated(plan, args, width)?,
    };
    for ((left, operator), mut output) in left.iter().zip(operators).zip(outputs) {
        shift(&mut output, width as isize);
        conditions.push(equality(*operator, left.clone(), output));
    }
    Some((JoinKind::Semi, right, conditions))
}

fn not_in(
    left: &Expr,
    equal: stele_core::record::expr::FunctionRef,
    right: Plan,
    width: usize,
) -> Option<Rewritten> {
    let ty = equal.args.get(1).cloned()?;
    let condition = equality(equal, left.clone(), Expr::column(width, ty));
    Some((JoinKind::NotIn, right, vec![condition]))
}

fn equality(function: stele_core::record::expr::FunctionRef, left: Expr, right: Expr) -> Expr {
    Expr::Call {
        function,
        args: vec![left, right],
        ty: stele_core::record::value::Type::Bool,
    }
}

/// A filtered source without its ties to the enclosing row, and the ties as conditions over
/// both rows.
fn decorrelated(plan: Plan, args: &[Expr], width: usize) -> Option<(Plan, Vec<Expr>)> {
    let (mut source, conditions) = match plan {
        Plan::Filter { input, predicate } => {
            let mut conditions = Vec::new();
            split(predicate, &mut conditions);
            (*input, conditions)
        }
        other => (other, Vec::new()),
    };
    // Limits and aggregates depend on which rows there are; sources do not.
    let plain = matches!(
        source,
        Plan::Scan(_) | Plan::CteScan { .. } | Plan::Join(_) | Plan::Values { .. }
    );
    if !plain || source.is_correlated() {
        return None;
    }
    let (mut own, mut ties) = (Vec::new(), Vec::new());
    for mut condition in conditions {
        if !reads_outer(&condition) {
            own.push(condition);
            continue;
        }
        if has_subquery(&condition) {
            return None;
        }
        shift(&mut condition, width as isize);
        condition.rewrite(&mut |part| {
            if let Expr::Outer { index, .. } = part
                && let Some(arg) = args.get(*index)
            {
                *part = arg.clone();
            }
        });
        ties.push(condition);
    }
    Some((filtered(source, own), ties))
}
