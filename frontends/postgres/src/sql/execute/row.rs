//! Comparing rows by sort keys.

use std::cmp::Ordering;

use stele_core::record::value::Value;

use crate::sql::plan::SortKey;

/// The order of two rows' key values.
pub(super) fn compare_keys(keys: &[SortKey], a: &[Value], b: &[Value]) -> Ordering {
    for (key, (a, b)) in keys.iter().zip(a.iter().zip(b)) {
        let order = compare_key(key, a, b);
        if order.is_ne() {
            return order;
        }
    }
    Ordering::Equal
}

/// The order of two values of one key.
pub(super) fn compare_key(key: &SortKey, a: &Value, b: &Value) -> Ordering {
    match (a.is_null(), b.is_null()) {
        (true, true) => Ordering::Equal,
        (true, false) if key.nulls_first => Ordering::Less,
        (true, false) => Ordering::Greater,
        (false, true) if key.nulls_first => Ordering::Greater,
        (false, true) => Ordering::Less,
        (false, false) if key.descending => b.cmp(a),
        (false, false) => a.cmp(b),
    }
}
