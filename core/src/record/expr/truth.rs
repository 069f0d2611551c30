//! Three-valued logic.

use crate::record::value::{Value, compare};

/// Both.
pub(super) fn and(a: &Value, b: &Value) -> Value {
    match (a.as_bool(), b.as_bool()) {
        (Some(false), _) | (_, Some(false)) => Value::Bool(false),
        (Some(true), Some(true)) => Value::Bool(true),
        _ => Value::Null,
    }
}

/// Either.
pub(super) fn or(a: &Value, b: &Value) -> Value {
    match (a.as_bool(), b.as_bool()) {
        (Some(true), _) | (_, Some(true)) => Value::Bool(true),
        (Some(false), Some(false)) => Value::Bool(false),
        _ => Value::Null,
    }
}

/// The opposite.
pub(super) fn not(a: &Value) -> Value {
    a.as_bool().map_or(Value::Null, |value| Value::Bool(!value))
}

/// `IS DISTINCT FROM`: NULL is a value like any other.
pub(super) fn distinct(a: &Value, b: &Value) -> bool {
    compare::compare(a, b).is_ne()
}
