//! Arithmetic operators: checked, never wrapping, with PostgreSQL's result types.

use super::args::{float, int, numeric};
use super::registry::{Call, EvalFn, Register};
use crate::record::value::{Result, Value, ValueError};

/// Pairs of integer types and the type of what they make.
const INTEGERS: [(&str, &str, &str); 9] = [
    ("smallint", "smallint", "smallint"),
    ("integer", "integer", "integer"),
    ("bigint", "bigint", "bigint"),
    ("smallint", "integer", "integer"),
    ("integer", "smallint", "integer"),
    ("smallint", "bigint", "bigint"),
    ("bigint", "smallint", "bigint"),
    ("integer", "bigint", "bigint"),
    ("bigint", "integer", "bigint"),
];

const FLOATS: [(&str, &str, &str); 4] = [
    ("real", "real", "real"),
    ("double precision", "double precision", "double precision"),
    ("real", "double precision", "double precision"),
    ("double precision", "real", "double precision"),
];

const ARITHMETIC: [(&str, EvalFn, EvalFn, EvalFn); 4] = [
    (
        "+",
        |a, _| integers(a, i128::checked_add),
        |a, _| floats(a, |x, y| x + y, true),
        |a, _| numeric(a, 0)?.add(numeric(a, 1)?).map(Value::Numeric),
    ),
    (
        "-",
        |a, _| integers(a, i128::checked_sub),
        |a, _| floats(a, |x, y| x - y, true),
        |a, _| numeric(a, 0)?.sub(numeric(a, 1)?).map(Value::Numeric),
    ),
    (
        "*",
        |a, _| integers(a, i128::checked_mul),
        |a, _| floats(a, |x, y| x * y, false),
        |a, _| numeric(a, 0)?.mul(numeric(a, 1)?).map(Value::Numeric),
    ),
    (
        "/",
        |a, _| divided(a, i128::checked_div),
        |a, _| float_divided(a),
        |a, _| numeric(a, 0)?.div(numeric(a, 1)?).map(Value::Numeric),
    ),
];

pub(super) fn register(register: &mut Register) {
    for (operator, integer, float, decimal) in ARITHMETIC {
        for (left, right, result) in INTEGERS {
            register.strict(&format!("{operator}({left}, {right}) {result}"), integer);
        }
        for (left, right, result) in FLOATS {
            register.strict(&format!("{operator}({left}, {right}) {result}"), float);
        }
        register.strict(&format!("{operator}(numeric, numeric) numeric"), decimal);
    }
    for ty in ["smallint", "integer", "bigint"] {
        for name in ["%", "mod"] {
            register.strict(&format!("{name}({ty}, {ty}) {ty}"), |a, _| {
                divided(a, i128::checked_rem)
            });
        }
    }
    for name in ["%", "mod"] {
        register.strict(&format!("{name}(numeric, numeric) numeric"), |a, _| {
            numeric(a, 0)?.rem(numeric(a, 1)?).map(Value::Numeric)
        });
    }
    for ty in [
        "smallint",
        "integer",
        "bigint",
        "real",
        "double precision",
        "numeric",
    ] {
        register.strict(&format!("-({ty}) {ty}"), |a, _| negated(a));
        register.strict(&format!("+({ty}) {ty}"), |a, _| {
            Ok(a.first().cloned().unwrap_or(Value::Null))
        });
        for name in ["@", "abs"] {
            register.strict(&format!("{name}({ty}) {ty}"), absolute);
        }
    }
    super::math_functions::register(register);
}

/// The value in the width of the wider argument. Errors: 22003.
fn fit(args: &[Value], value: Option<i128>) -> Result<Value> {
    let wide = args.iter().any(|arg| matches!(arg, Value::Int8(_)));
    let narrow = args.iter().all(|arg| matches!(arg, Value::Int2(_)));
    let name = if wide {
        "bigint"
    } else if narrow {
        "smallint"
    } else {
        "integer"
    };
    let range = || ValueError::out_of_range(name);
    let value = value.ok_or_else(range)?;
    Ok(match name {
        "bigint" => Value::Int8(i64::try_from(value).map_err(|_| range())?),
        "smallint" => Value::Int2(i16::try_from(value).map_err(|_| range())?),
        _ => Value::Int4(i32::try_from(value).map_err(|_| range())?),
    })
}

/// Two 64-bit operands cannot overflow 128 bits; the result is then fitted to its type.
fn integers(args: &[Value], apply: fn(i128, i128) -> Option<i128>) -> Result<Value> {
    if let [Value::Int4(a), Value::Int4(b)] = args {
        let result =
            apply(i128::from(*a), i128::from(*b)).and_then(|value| i32::try_from(value).ok());
        return result
            .map(Value::Int4)
            .ok_or_else(|| ValueError::out_of_range("integer"));
    }
    let (a, b) = (i128::from(int(args, 0)?), i128::from(int(args, 1)?));
    fit(args, apply(a, b))
}

fn divided(args: &[Value], apply: fn(i128, i128) -> Option<i128>) -> Result<Value> {
    match int(args, 1)? {
        0 => Err(ValueError::division_by_zero()),
        _ => integers(args, apply),
    }
}

/// The float in the type of the arguments: `real` only when both are. Refuses a finite
/// operation's infinity, and a zero where no operand was.
pub(super) fn float_result(args: &[Value], result: f64, zero_allowed: bool) -> Result<Value> {
    let single = args.iter().all(|arg| matches!(arg, Value::Float4(_)));
    let rounded = if single {
        f64::from(result as f32)
    } else {
        result
    };
    let operands = args.iter().filter_map(|arg| match arg {
        Value::Float4(value) => Some(f64::from(*value)),
        Value::Float8(value) => Some(*value),
        _ => None,
    });
    let finite = operands.clone().all(f64::is_finite);
    if rounded.is_infinite() && finite {
        return Err(ValueError::new("22003", "value out of range: overflow"));
    }
    if rounded == 0.0 && !zero_allowed && finite && operands.clone().all(|value| value != 0.0) {
        return Err(ValueError::new("22003", "value out of range: underflow"));
    }
    Ok(if single {
        Value::Float4(result as f32)
    } else {
        Value::Float8(result)
    })
}

fn floats(args: &[Value], apply: fn(f64, f64) -> f64, zero_allowed: bool) -> Result<Value> {
    float_result(args, apply(float(args, 0)?, float(args, 1)?), zero_allowed)
}

fn float_divided(args: &[Value]) -> Result<Value> {
    let (a, b) = (float(args, 0)?, float(args, 1)?);
    if b == 0.0 && !a.is_nan() {
        return Err(ValueError::division_by_zero());
    }
    // A finite number divided by an infinity is a rightful zero.
    float_result(args, a / b, b.is_infinite())
}

fn negated(args: &[Value]) -> Result<Value> {
    Ok(match args.first() {
        Some(Value::Float4(value)) => Value::Float4(-value),
        Some(Value::Float8(value)) => Value::Float8(-value),
        Some(Value::Numeric(value)) => Value::Numeric(value.neg()),
        _ => return fit(args, i128::from(int(args, 0)?).checked_neg()),
    })
}

fn absolute(args: &[Value], _: &Call<'_>) -> Result<Value> {
    Ok(match args.first() {
        Some(Value::Float4(value)) => Value::Float4(value.abs()),
        Some(Value::Float8(value)) => Value::Float8(value.abs()),
        Some(Value::Numeric(value)) => Value::Numeric(value.abs()),
        _ => return fit(args, i128::from(int(args, 0)?).checked_abs()),
    })
}
