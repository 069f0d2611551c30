//! Bit operators over integers.

use super::args::int;
use super::registry::{Call, Register};
use crate::record::value::{Result, Value};

type Binary = fn(&[Value], &Call<'_>) -> Result<Value>;

const OPERATORS: [(&str, Binary); 3] = [
    ("&", |args, _| combine(args, |a, b| a & b)),
    ("|", |args, _| combine(args, |a, b| a | b)),
    ("#", |args, _| combine(args, |a, b| a ^ b)),
];

pub(super) fn register(register: &mut Register) {
    for ty in ["smallint", "integer", "bigint"] {
        for (operator, eval) in OPERATORS {
            register.strict(&format!("{operator}({ty}, {ty}) {ty}"), eval);
        }
        register.strict(&format!("~({ty}) {ty}"), |args, _| {
            Ok(like(args, !int(args, 0)?))
        });
        register.strict(&format!("<<({ty}, integer) {ty}"), |args, _| {
            shift(args, true)
        });
        register.strict(&format!(">>({ty}, integer) {ty}"), |args, _| {
            shift(args, false)
        });
    }
}

/// The bits in the width of the first argument.
fn like(args: &[Value], bits: i64) -> Value {
    match args.first() {
        Some(Value::Int2(_)) => Value::Int2(bits as i16),
        Some(Value::Int4(_)) => Value::Int4(bits as i32),
        _ => Value::Int8(bits),
    }
}

fn combine(args: &[Value], apply: fn(i64, i64) -> i64) -> Result<Value> {
    Ok(like(args, apply(int(args, 0)?, int(args, 1)?)))
}

/// Shifts by the count modulo the width, as the processor (and so PostgreSQL) does.
fn shift(args: &[Value], left: bool) -> Result<Value> {
    let (value, count) = (int(args, 0)?, int(args, 1)? as u32);
    let bits = match (args.first(), left) {
        // A smallint is shifted as an integer.
        (Some(Value::Int2(_) | Value::Int4(_)), true) => {
            i64::from((value as i32).wrapping_shl(count))
        }
        (Some(Value::Int2(_) | Value::Int4(_)), false) => {
            i64::from((value as i32).wrapping_shr(count))
        }
        (_, true) => value.wrapping_shl(count),
        (_, false) => value.wrapping_shr(count),
    };
    Ok(like(args, bits))
}
