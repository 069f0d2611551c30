//! PostgreSQL's order and equality over values, and the hash that agrees with it.

use std::cmp::Ordering;
use std::hash::{Hash, Hasher};

use super::array::Array;
use super::value::{Record, Value};

/// Total order: NULL last and equal to itself, NaN above every number, text by bytes.
///
/// Numbers of different types compare by value; otherwise values of different
/// types (which a bound expression never compares) order by their type.
pub fn compare(a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::Null, Value::Null) => Ordering::Equal,
        (Value::Null, _) => Ordering::Greater,
        (_, Value::Null) => Ordering::Less,
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        (Value::Int4(a), Value::Int4(b)) => a.cmp(b),
        (Value::Int8(a), Value::Int8(b)) => a.cmp(b),
        (Value::Float8(a), Value::Float8(b)) => compare_f64(*a, *b),
        (Value::Numeric(a), Value::Numeric(b)) => a.cmp(b),
        (Value::Text(a), Value::Text(b)) => a.as_bytes().cmp(b.as_bytes()),
        (Value::Bytea(a), Value::Bytea(b)) => a.cmp(b),
        (Value::Date(a), Value::Date(b)) => a.cmp(b),
        (Value::Time(a), Value::Time(b)) => a.cmp(b),
        (Value::Timestamp(a), Value::Timestamp(b)) => a.cmp(b),
        (Value::Timestamptz(a), Value::Timestamptz(b)) => a.cmp(b),
        (Value::Interval(a), Value::Interval(b)) => a.cmp(b),
        (Value::Uuid(a), Value::Uuid(b)) => a.cmp(b),
        (Value::Jsonb(a), Value::Jsonb(b)) => a.cmp(b),
        (Value::Array(a), Value::Array(b)) => compare_arrays(a, b),
        (Value::Record(a), Value::Record(b)) => compare_records(a, b),
        _ => compare_mixed(a, b),
    }
}

fn compare_mixed(a: &Value, b: &Value) -> Ordering {
    if let (Some(a), Some(b)) = (a.as_str(), b.as_str()) {
        return a.as_bytes().cmp(b.as_bytes());
    }
    if let (Some(a), Some(b)) = (a.as_i64(), b.as_i64()) {
        return a.cmp(&b);
    }
    if let (Some(a), Some(b)) = (as_f64(a), as_f64(b)) {
        return compare_f64(a, b);
    }
    if let (Some(a), Some(b)) = (as_numeric(a), as_numeric(b)) {
        return a.cmp(&b);
    }
    rank(a).cmp(&rank(b))
}

fn as_f64(value: &Value) -> Option<f64> {
    match value {
        Value::Float4(value) => Some(f64::from(*value)),
        Value::Float8(value) => Some(*value),
        _ => None,
    }
}

fn as_numeric(value: &Value) -> Option<super::numeric::Numeric> {
    match value {
        Value::Numeric(value) => Some(value.clone()),
        Value::Float4(value) => Some(super::numeric::Numeric::from_f64_exact(f64::from(*value))),
        Value::Float8(value) => Some(super::numeric::Numeric::from_f64_exact(*value)),
        other => other.as_i64().map(super::numeric::Numeric::from),
    }
}

/// Types in an arbitrary but fixed order; every number shares a rank, every string too.
fn rank(value: &Value) -> u8 {
    match value {
        Value::Bool(_) => 0,
        Value::Int2(_) | Value::Int4(_) | Value::Int8(_) | Value::Oid(_) => 1,
        Value::Float4(_) | Value::Float8(_) | Value::Numeric(_) => 1,
        Value::Text(_) | Value::Bpchar(_) | Value::Json(_) => 2,
        Value::Bytea(_) => 3,
        Value::Date(_) => 4,
        Value::Time(_) => 5,
        Value::Timestamp(_) => 6,
        Value::Timestamptz(_) => 7,
        Value::Interval(_) => 8,
        Value::Uuid(_) => 9,
        Value::Jsonb(_) => 10,
        Value::Array(_) => 11,
        Value::Record(_) => 12,
        Value::Null => 13,
    }
}

/// Float order with NaN equal to itself and above infinity, and -0 equal to 0.
pub fn compare_f64(a: f64, b: f64) -> Ordering {
    match a.partial_cmp(&b) {
        Some(order) => order,
        None => a.is_nan().cmp(&b.is_nan()),
    }
}

/// Elements first, then the count, then the dimensions, as `btarraycmp` does.
fn compare_arrays(a: &Array, b: &Array) -> Ordering {
    for (a, b) in a.values.iter().zip(&b.values) {
        let order = compare(a, b);
        if order.is_ne() {
            return order;
        }
    }
    (a.values.len().cmp(&b.values.len()))
        .then_with(|| a.dimensions.len().cmp(&b.dimensions.len()))
        .then_with(|| a.dimensions.cmp(&b.dimensions))
}

fn compare_records(a: &Record, b: &Record) -> Ordering {
    for (a, b) in a.values.iter().zip(&b.values) {
        let order = compare(a, b);
        if order.is_ne() {
            return order;
        }
    }
    a.values.len().cmp(&b.values.len())
}

/// Hashes so that equal values hash alike within one type.
pub(super) fn hash<H: Hasher>(value: &Value, state: &mut H) {
    rank(value).hash(state);
    match value {
        Value::Null => {}
        Value::Bool(value) => value.hash(state),
        Value::Text(_) | Value::Bpchar(_) | Value::Json(_) => value.as_str().hash(state),
        Value::Bytea(value) => value.hash(state),
        Value::Date(value) => value.hash(state),
        Value::Time(value) | Value::Timestamp(value) | Value::Timestamptz(value) => {
            value.hash(state);
        }
        Value::Interval(value) => value.span_us().hash(state),
        Value::Uuid(value) => value.hash(state),
        Value::Jsonb(value) => value.hash(state),
        Value::Array(array) => array.values.iter().for_each(|value| hash(value, state)),
        Value::Record(record) => record.values.iter().for_each(|value| hash(value, state)),
        number => hash_number(number, state),
    }
}

/// Numbers that are equal across types must hash alike: whole ones as integers,
/// others by their float bits (a lossy image is enough for a hash).
fn hash_number<H: Hasher>(value: &Value, state: &mut H) {
    if let Some(value) = value.as_i64() {
        return value.hash(state);
    }
    if let Value::Numeric(numeric) = value
        && let Some(value) = numeric.to_i64_exact()
    {
        return value.hash(state);
    }
    let float = match value {
        Value::Numeric(numeric) => numeric.to_f64(),
        other => as_f64(other).unwrap_or(f64::NAN),
    };
    const WHOLE_MAX: f64 = 9.0e18;
    if float.fract() == 0.0 && float.abs() < WHOLE_MAX {
        (float as i64).hash(state);
    } else if float.is_nan() {
        f64::NAN.to_bits().hash(state);
    } else {
        float.to_bits().hash(state);
    }
}
