//! Several indexes: their hits in one order.

use std::cmp::Ordering;

use serde_json::Value as Json;
use stele_search::query::{Hit, Sort};

/// A hit with its index's name.
type Named = (String, Hit);

/// The order of two hits; those that are equal come index by index, then by key.
pub fn compare(
    sorts: &[Sort],
    (left_index, left): &Named,
    (right_index, right): &Named,
) -> Ordering {
    let places = || (left_index, &left.key.bytes).cmp(&(right_index, &right.key.bytes));
    if sorts.is_empty() {
        let score = |hit: &Hit| hit.score.unwrap_or_default();
        return score(right).total_cmp(&score(left)).then_with(places);
    }
    let pairs = sorts.iter().zip(left.sort.iter().zip(&right.sort));
    let keys = pairs.fold(Ordering::Equal, |so_far, (sort, (left, right))| {
        so_far.then_with(|| key(sort, left, right))
    });
    keys.then_with(places)
}

fn key(sort: &Sort, left: &Json, right: &Json) -> Ordering {
    let missing = if sort.missing_first {
        Ordering::Less
    } else {
        Ordering::Greater
    };
    let found = match (left, right) {
        (Json::Null, Json::Null) => return Ordering::Equal,
        (Json::Null, _) => return missing,
        (_, Json::Null) => return missing.reverse(),
        (Json::String(left), Json::String(right)) => left.cmp(right),
        (left, right) => match (left.as_i64(), right.as_i64()) {
            (Some(left), Some(right)) => left.cmp(&right),
            _ => left
                .as_f64()
                .unwrap_or_default()
                .total_cmp(&right.as_f64().unwrap_or_default()),
        },
    };
    if sort.descending {
        found.reverse()
    } else {
        found
    }
}
