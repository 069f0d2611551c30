//! Which columns of each scan anybody reads.

use stele_core::record::expr::Expr;

use super::{Join, Plan};

/// Marks the columns of every scan; all columns of the plan itself are read.
pub(super) fn all(plan: &mut Plan) {
    let wanted = vec![true; plan.width()];
    mark(plan, &wanted);
}

fn mark(plan: &mut Plan, wanted: &[bool]) {
    match plan {
        Plan::Scan(scan) => {
            let mut needed = wanted.to_vec();
            needed.resize(scan.source.width(), false);
            for condition in &scan.filter {
                read(condition, &mut needed);
            }
            scan.needed = needed;
        }
        Plan::Filter { input, predicate } => {
            let mut below = wanted.to_vec();
            read(predicate, &mut below);
            mark(input, &below);
        }
        Plan::Project { input, exprs } => {
            let mut below = vec![false; input.width()];
            for (expr, _) in exprs.iter().zip(wanted).filter(|(_, wanted)| **wanted) {
                read(expr, &mut below);
            }
            // What nobody reads is not computed, unless it could fail or count.
            mark_unread(exprs, wanted, &mut below);
            mark(input, &below);
        }
        Plan::Sort { input, keys, .. } => {
            let mut below = wanted.to_vec();
            keys.iter().for_each(|key| read(&key.expr, &mut below));
            mark(input, &below);
        }
        Plan::Join(join) => mark_join(join, wanted),
        Plan::Limit(limit) if limit.ties.is_none() => mark(&mut limit.input, wanted),
        Plan::ProjectSet { input, calls } => {
            let mut below = wanted.get(..input.width()).unwrap_or_default().to_vec();
            calls
                .iter()
                .flat_map(|call| &call.args)
                .for_each(|arg| read(arg, &mut below));
            mark(input, &below);
        }
        Plan::Aggregate(aggregate) => {
            let mut below = vec![false; aggregate.input.width()];
            aggregate
                .groups
                .iter()
                .for_each(|group| read(group, &mut below));
            for call in &aggregate.calls {
                let order = call.order.iter().map(|key| &key.expr);
                call.args
                    .iter()
                    .chain(&call.filter)
                    .chain(order)
                    .for_each(|expr| read(expr, &mut below));
            }
            mark(&mut aggregate.input, &below);
        }
        Plan::Window(window) => {
            let mut below = wanted
                .get(..window.input.width())
                .unwrap_or_default()
                .to_vec();
            let order = window.order.iter().map(|key| &key.expr);
            window
                .partition
                .iter()
                .chain(order)
                .for_each(|expr| read(expr, &mut below));
            for call in &window.calls {
                call.args
                    .iter()
                    .chain(&call.filter)
                    .for_each(|expr| read(expr, &mut below));
            }
            mark(&mut window.input, &below);
        }
        Plan::With { ctes, body } => {
            ctes.iter_mut().for_each(|cte| all(&mut cte.plan));
            mark(body, wanted);
        }
        // The rest compares or keeps whole rows.
        other => other.children_mut().into_iter().for_each(all),
    }
}

fn mark_unread(exprs: &[Expr], wanted: &[bool], below: &mut [bool]) {
    for (expr, _) in exprs.iter().zip(wanted).filter(|(_, wanted)| !**wanted) {
        // A bare column may stay NULL; anything else is evaluated all the same.
        if !matches!(expr, Expr::Column { .. }) {
            read(expr, below);
        }
    }
}

fn mark_join(join: &mut Join, wanted: &[bool]) {
    let (left_width, right_width) = (join.left.width(), join.right.width());
    let mut both = wanted.to_vec();
    both.resize(left_width + right_width, false);
    join.filter
        .iter()
        .for_each(|condition| read(condition, &mut both));
    let mut right = both.split_off(left_width);
    let mut left = both;
    for (left_key, right_key) in &join.keys {
        read(left_key, &mut left);
        read(right_key, &mut right);
    }
    let probe_args = join.probe.iter().flat_map(|probe| &probe.args);
    join.args
        .iter()
        .flatten()
        .chain(probe_args)
        .for_each(|arg| read(arg, &mut left));
    mark(&mut join.left, &left);
    mark(&mut join.right, &right);
    if let Some(probe) = &mut join.probe {
        mark(&mut probe.right, &right);
    }
}

fn read(expr: &Expr, needed: &mut [bool]) {
    expr.walk(&mut |part| {
        if let Expr::Column { index, .. } = part
            && let Some(place) = needed.get_mut(*index)
        {
            *place = true;
        }
    });
}
