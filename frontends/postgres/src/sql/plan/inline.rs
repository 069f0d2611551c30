//! Common table expressions that are read once become ordinary subtrees.

use std::collections::HashMap;

use super::Plan;
use crate::sql::bind::BoundQuery;

/// Inlines what may be: read once, without effects, and not dependent on an enclosing row
/// (which could be another where it is read).
pub(super) fn inline(query: &mut BoundQuery) {
    let mut uses: HashMap<usize, usize> = HashMap::new();
    let mut count = |plan: &mut Plan| {
        if let Plan::CteScan { slot, .. } = plan {
            *uses.entry(*slot).or_default() += 1;
        }
    };
    query.plan.walk_mut(&mut count);
    for subplan in &mut query.subplans {
        subplan.plan.walk_mut(&mut count);
    }
    let mut moved: HashMap<usize, Plan> = HashMap::new();
    let mut take = |plan: &mut Plan| {
        let Plan::With { ctes, .. } = plan else {
            return;
        };
        let mut kept = Vec::with_capacity(ctes.len());
        for mut cte in std::mem::take(ctes) {
            let once = uses.get(&cte.slot).copied().unwrap_or(0) <= 1;
            if once && !cte.keep && !cte.plan.is_correlated() {
                moved.insert(cte.slot, cte.plan);
            } else {
                kept.push(cte);
            }
        }
        *ctes = kept;
    };
    query.plan.walk_mut(&mut take);
    for subplan in &mut query.subplans {
        subplan.plan.walk_mut(&mut take);
    }
    let mut place = |plan: &mut Plan| {
        // What is placed may read other expressions that are placed too.
        while let Plan::CteScan { slot, .. } = plan {
            match moved.remove(slot) {
                Some(found) => *plan = found,
                None => break,
            }
        }
        if let Plan::With { ctes, body } = plan
            && ctes.is_empty()
        {
            *plan = std::mem::replace(body, Plan::OneRow);
            while let Plan::CteScan { slot, .. } = plan {
                match moved.remove(slot) {
                    Some(found) => *plan = found,
                    None => break,
                }
            }
        }
    };
    query.plan.walk_mut(&mut place);
    for subplan in &mut query.subplans {
        subplan.plan.walk_mut(&mut place);
    }
}
