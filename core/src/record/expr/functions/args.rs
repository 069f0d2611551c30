//! Typed reading of arguments: the registry has cast them, so a mismatch means damage.

use std::sync::Arc;

use crate::record::value::{Array, Interval, Jsonb, Numeric, Result, Value, ValueError};

fn at(args: &[Value], index: usize) -> &Value {
    args.get(index).unwrap_or(&Value::Null)
}

/// A string argument.
pub(super) fn text(args: &[Value], index: usize) -> Result<&str> {
    at(args, index)
        .as_str()
        .ok_or_else(|| ValueError::mismatch("text"))
}

/// An integer argument of any width.
pub(super) fn int(args: &[Value], index: usize) -> Result<i64> {
    at(args, index)
        .as_i64()
        .ok_or_else(|| ValueError::mismatch("integer"))
}

/// A `double precision` (or `real`) argument.
pub(super) fn float(args: &[Value], index: usize) -> Result<f64> {
    match at(args, index) {
        Value::Float8(value) => Ok(*value),
        Value::Float4(value) => Ok(f64::from(*value)),
        _ => Err(ValueError::mismatch("double precision")),
    }
}

/// A `numeric` argument.
pub(super) fn numeric(args: &[Value], index: usize) -> Result<&Numeric> {
    match at(args, index) {
        Value::Numeric(value) => Ok(value),
        _ => Err(ValueError::mismatch("numeric")),
    }
}

/// A boolean argument.
pub(super) fn boolean(args: &[Value], index: usize) -> Result<bool> {
    at(args, index)
        .as_bool()
        .ok_or_else(|| ValueError::mismatch("boolean"))
}

/// A `bytea` argument.
pub(super) fn bytes(args: &[Value], index: usize) -> Result<&[u8]> {
    match at(args, index) {
        Value::Bytea(bytes) => Ok(bytes),
        _ => Err(ValueError::mismatch("bytea")),
    }
}

/// An array argument.
pub(super) fn array(args: &[Value], index: usize) -> Result<&Arc<Array>> {
    match at(args, index) {
        Value::Array(array) => Ok(array),
        _ => Err(ValueError::mismatch("array")),
    }
}

/// The strings of a `text[]` argument; NULL elements are left out.
pub(super) fn texts(args: &[Value], index: usize) -> Result<Vec<&str>> {
    Ok(array(args, index)?
        .values
        .iter()
        .filter_map(Value::as_str)
        .collect())
}

/// A `jsonb` argument.
pub(super) fn jsonb(args: &[Value], index: usize) -> Result<&Jsonb> {
    match at(args, index) {
        Value::Jsonb(jsonb) => Ok(jsonb),
        _ => Err(ValueError::mismatch("jsonb")),
    }
}

/// An `interval` argument.
pub(super) fn interval(args: &[Value], index: usize) -> Result<Interval> {
    match at(args, index) {
        Value::Interval(interval) => Ok(*interval),
        _ => Err(ValueError::mismatch("interval")),
    }
}

/// Microseconds of a time, timestamp or timestamptz argument.
pub(super) fn us(args: &[Value], index: usize) -> Result<i64> {
    match at(args, index) {
        Value::Time(us) | Value::Timestamp(us) | Value::Timestamptz(us) => Ok(*us),
        _ => Err(ValueError::mismatch("timestamp")),
    }
}

/// A date argument.
pub(super) fn date(args: &[Value], index: usize) -> Result<i32> {
    match at(args, index) {
        Value::Date(days) => Ok(*days),
        _ => Err(ValueError::mismatch("date")),
    }
}
