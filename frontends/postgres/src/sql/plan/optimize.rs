//! The passes over a bound query, in order.

use super::{Plan, inline, needed, pushdown, semijoin};
use crate::sql::bind::BoundQuery;
use crate::sql::plan::{Limit, Top};

/// Improves the plans of a query. The rows stay the same, in the same order where one was asked for.
pub fn optimize(query: &mut BoundQuery) {
    inline::inline(query);
    let mut subplans = std::mem::take(&mut query.subplans);
    for index in 0..subplans.len() {
        let Some(place) = subplans.get_mut(index) else {
            continue;
        };
        let plan = std::mem::replace(&mut place.plan, Plan::OneRow);
        let improved = improve(plan, &subplans);
        if let Some(place) = subplans.get_mut(index) {
            place.plan = improved;
        }
    }
    let plan = std::mem::replace(&mut query.plan, Plan::OneRow);
    query.plan = improve(plan, &subplans);
    for subplan in &mut subplans {
        needed::all(&mut subplan.plan);
    }
    needed::all(&mut query.plan);
    query.subplans = subplans;
}

fn improve(mut plan: Plan, subplans: &[super::super::bind::SubPlan]) -> Plan {
    semijoin::rewrite(&mut plan, subplans);
    let mut plan = pushdown::push(plan, Vec::new());
    plan.walk_mut(&mut top);
    plan.walk_mut(&mut super::access::choose);
    super::search::order(&mut plan);
    plan
}

/// A sort under a limit keeps only the rows wanted.
fn top(plan: &mut Plan) {
    let Plan::Limit(limit) = plan else { return };
    let Limit {
        input,
        limit: Some(count),
        offset,
        ties: None,
    } = limit.as_mut()
    else {
        return;
    };
    let mut below = input;
    // Projections do not change how many rows there are.
    while let Plan::Project { input, .. } = below {
        below = input;
    }
    if let Plan::Sort { top, .. } = below {
        *top = Some(Box::new(Top {
            limit: count.clone(),
            offset: offset.clone(),
        }));
    }
}
