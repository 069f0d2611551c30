//! Mathematical functions.

use super::args::{array, float, int, numeric};
use super::math::float_result;
use super::registry::{Call, Register};
use crate::record::value::{Numeric, Result, Value, ValueError, compare};

type FloatFn = fn(f64) -> f64;

pub(super) fn register(register: &mut Register) {
    register_float(register);
    register_decimal(register);
    register_integer(register);
    register.strict("pi() double precision", |_, _| {
        Ok(Value::Float8(std::f64::consts::PI))
    });
    register.volatile("random() double precision", |_, call| {
        // 53 bits fill a float's fraction: 0 <= x < 1.
        Ok(Value::Float8(
            (call.cx.host.random()? >> 11) as f64 / (1u64 << 53) as f64,
        ))
    });
    register.strict(
        "width_bucket(double precision, double precision, double precision, integer) integer",
        width_bucket_float,
    );
    register.strict(
        "width_bucket(numeric, numeric, numeric, integer) integer",
        width_bucket_decimal,
    );
    register.strict(
        "width_bucket(anyelement, anyarray) integer",
        width_bucket_array,
    );
}

fn register_float(register: &mut Register) {
    macro_rules! float_function {
        ($($name:literal: $apply:expr),* $(,)?) => {
            $(register.strict(concat!($name, "(double precision) double precision"), |a, _| {
                let apply: fn(f64) -> Result<f64> = $apply;
                float_result(a, apply(float(a, 0)?)?, true)
            });)*
        };
    }
    float_function! {
        "ceil": |x| Ok(x.ceil()), "ceiling": |x| Ok(x.ceil()), "floor": |x| Ok(x.floor()),
        "round": |x| Ok(x.round_ties_even()), "trunc": |x| Ok(x.trunc()),
        "cbrt": |x| Ok(x.cbrt()), "||/": |x| Ok(x.cbrt()),
        "degrees": |x| Ok(x.to_degrees()), "radians": |x| Ok(x.to_radians()),
        "sin": |x| Ok(x.sin()), "cos": |x| Ok(x.cos()), "tan": |x| Ok(x.tan()), "atan": |x| Ok(x.atan()),
        "sinh": |x| Ok(x.sinh()), "cosh": |x| Ok(x.cosh()), "tanh": |x| Ok(x.tanh()),
        "asinh": |x| Ok(x.asinh()),
        "sqrt": square_root, "|/": square_root,
        "ln": |x| logarithm(x, f64::ln),
        "log": |x| logarithm(x, f64::log10),
        "log10": |x| logarithm(x, f64::log10),
        "sign": |x| Ok(if x == 0.0 || x.is_nan() { x } else { x.signum() }),
        "asin": |x| bounded(x, f64::asin), "acos": |x| bounded(x, f64::acos),
        "cot": |x| Ok(1.0 / x.tan()),
        "sind": |x| Ok(degrees_exact(x, f64::sin)), "cosd": |x| Ok(degrees_exact(x + 90.0, f64::sin)),
        "acosh": |x| if x < 1.0 { Err(input_range()) } else { Ok(x.acosh()) },
        "atanh": |x| if x.abs() > 1.0 { Err(input_range()) } else { Ok(x.atanh()) },
    }
    register.strict("exp(double precision) double precision", |a, _| {
        let x = float(a, 0)?;
        float_result(a, x.exp(), x == f64::NEG_INFINITY)
    });
    for name in ["power", "pow", "^"] {
        let signature = format!("{name}(double precision, double precision) double precision");
        register.strict(&signature, |a, _| power_float(a));
    }
    register.strict(
        "atan2(double precision, double precision) double precision",
        |a, _| Ok(Value::Float8(float(a, 0)?.atan2(float(a, 1)?))),
    );
}

fn input_range() -> ValueError {
    ValueError::new("22003", "input is out of range")
}

fn square_root(x: f64) -> Result<f64> {
    match x < 0.0 {
        true => Err(ValueError::new(
            "2201F",
            "cannot take square root of a negative number",
        )),
        false => Ok(x.sqrt()),
    }
}

fn logarithm(x: f64, apply: FloatFn) -> Result<f64> {
    if x == 0.0 {
        return Err(ValueError::new("2201E", "cannot take logarithm of zero"));
    }
    if x < 0.0 {
        return Err(ValueError::new(
            "2201E",
            "cannot take logarithm of a negative number",
        ));
    }
    Ok(apply(x))
}

fn bounded(x: f64, apply: FloatFn) -> Result<f64> {
    if x.abs() > 1.0 {
        Err(input_range())
    } else {
        Ok(apply(x))
    }
}

/// The sine of degrees, exact at multiples of 30.
fn degrees_exact(x: f64, sine: FloatFn) -> f64 {
    let turned = x.rem_euclid(360.0);
    match turned {
        0.0 | 180.0 => 0.0,
        30.0 | 150.0 => 0.5,
        90.0 => 1.0,
        210.0 | 330.0 => -0.5,
        270.0 => -1.0,
        other => sine(other.to_radians()),
    }
}

fn power_float(args: &[Value]) -> Result<Value> {
    let (x, y) = (float(args, 0)?, float(args, 1)?);
    if x == 0.0 && y < 0.0 {
        return Err(ValueError::new(
            "2201F",
            "zero raised to a negative power is undefined",
        ));
    }
    if x < 0.0 && y.is_finite() && y.fract() != 0.0 {
        let message = "a negative number raised to a non-integer power yields a complex result";
        return Err(ValueError::new("2201F", message));
    }
    float_result(args, x.powf(y), false)
}

fn register_decimal(register: &mut Register) {
    macro_rules! decimal {
        ($($names:literal: $apply:expr),* $(,)?) => {
            $(register.strict(concat!($names, "(numeric) numeric"), |a, _| {
                let apply: fn(&Numeric) -> Result<Numeric> = $apply;
                apply(numeric(a, 0)?).map(Value::Numeric)
            });)*
        };
    }
    decimal! {
        "ceil": |x| Ok(x.ceil()), "ceiling": |x| Ok(x.ceil()), "floor": |x| Ok(x.floor()),
        "round": |x| Ok(x.round(0)), "trunc": |x| Ok(x.trunc(0)), "trim_scale": |x| Ok(x.trim_scale()),
        "sign": |x| Ok(if x.is_nan() { Numeric::NAN } else { Numeric::from(x.signum()) }),
        "sqrt": Numeric::sqrt, "exp": Numeric::exp, "ln": Numeric::ln,
        "log": |x| x.log(&Numeric::from(10)), "log10": |x| x.log(&Numeric::from(10)),
    }
    register.strict("round(numeric, integer) numeric", |a, _| {
        Ok(Value::Numeric(scaled(
            numeric(a, 0)?,
            int(a, 1)?,
            Numeric::round,
        )))
    });
    register.strict("trunc(numeric, integer) numeric", |a, _| {
        Ok(Value::Numeric(scaled(
            numeric(a, 0)?,
            int(a, 1)?,
            Numeric::trunc,
        )))
    });
    register.strict("log(numeric, numeric) numeric", |a, _| {
        numeric(a, 1)?.log(numeric(a, 0)?).map(Value::Numeric)
    });
    for name in ["power", "pow", "^"] {
        register.strict(&format!("{name}(numeric, numeric) numeric"), |a, _| {
            numeric(a, 0)?.power(numeric(a, 1)?).map(Value::Numeric)
        });
    }
    register.strict("div(numeric, numeric) numeric", |a, _| {
        numeric(a, 0)?.div_trunc(numeric(a, 1)?).map(Value::Numeric)
    });
    register.strict("scale(numeric) integer", |a, _| {
        let scale = numeric(a, 0)?.scale();
        Ok(scale.map_or(Value::Null, |scale| Value::Int4(i32::from(scale))))
    });
    register.strict("min_scale(numeric) integer", |a, _| {
        let scale = numeric(a, 0)?.trim_scale().scale();
        Ok(scale.map_or(Value::Null, |scale| Value::Int4(i32::from(scale))))
    });
    for name in ["gcd", "lcm"] {
        let eval: super::registry::EvalFn = match name {
            "gcd" => |a, _| decimal_gcd(numeric(a, 0)?, numeric(a, 1)?).map(Value::Numeric),
            _ => |a, _| decimal_lcm(numeric(a, 0)?, numeric(a, 1)?).map(Value::Numeric),
        };
        register.strict(&format!("{name}(numeric, numeric) numeric"), eval);
    }
}

/// Rounding to a scale below zero leaves a whole number.
fn scaled(value: &Numeric, scale: i64, apply: fn(&Numeric, i64) -> Numeric) -> Numeric {
    apply(value, scale.clamp(-2_000, 2_000))
}

fn decimal_gcd(a: &Numeric, b: &Numeric) -> Result<Numeric> {
    let (mut a, mut b) = (a.abs(), b.abs());
    while !b.is_zero() && b.is_finite() {
        (a, b) = (b.clone(), a.rem(&b)?);
    }
    Ok(a)
}

fn decimal_lcm(a: &Numeric, b: &Numeric) -> Result<Numeric> {
    if a.is_zero() || b.is_zero() {
        return a.mul(b).map(|zero| zero.abs());
    }
    Ok(a.div_trunc(&decimal_gcd(a, b)?)?.mul(b)?.abs())
}

fn register_integer(register: &mut Register) {
    for (ty, name) in [
        ("integer", "gcd"),
        ("bigint", "gcd"),
        ("integer", "lcm"),
        ("bigint", "lcm"),
    ] {
        let eval: super::registry::EvalFn = match name {
            "gcd" => |a, _| integer_result(a, gcd(int(a, 0)?, int(a, 1)?)),
            _ => |a, _| lcm(a),
        };
        register.strict(&format!("{name}({ty}, {ty}) {ty}"), eval);
    }
    register.strict("factorial(bigint) numeric", |a, _| factorial(int(a, 0)?));
}

fn gcd(a: i64, b: i64) -> i128 {
    let (mut a, mut b) = (i128::from(a).abs(), i128::from(b).abs());
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

fn lcm(args: &[Value]) -> Result<Value> {
    let (a, b) = (int(args, 0)?, int(args, 1)?);
    let divisor = gcd(a, b).max(1);
    integer_result(args, (i128::from(a) / divisor * i128::from(b)).abs())
}

fn integer_result(args: &[Value], value: i128) -> Result<Value> {
    let wide = args.iter().any(|arg| matches!(arg, Value::Int8(_)));
    match wide {
        true => i64::try_from(value)
            .map(Value::Int8)
            .map_err(|_| ValueError::out_of_range("bigint")),
        false => i32::try_from(value)
            .map(Value::Int4)
            .map_err(|_| ValueError::out_of_range("integer")),
    }
}

fn factorial(count: i64) -> Result<Value> {
    if count < 0 {
        return Err(ValueError::new(
            "22003",
            "factorial of a negative number is undefined",
        ));
    }
    // PostgreSQL's own bound: more would overflow numeric.
    if count > 32_177 {
        return Err(ValueError::new("22003", "value overflows numeric format"));
    }
    let mut product = num_bigint::BigInt::from(1u8);
    for factor in 2..=count {
        product *= factor;
    }
    Ok(Value::Numeric(Numeric::new(product, 0)))
}

fn bucket_error(message: &str) -> ValueError {
    ValueError::new("2201G", message)
}

fn bucket_count(args: &[Value]) -> Result<i64> {
    match int(args, 3)? {
        count @ 1.. => Ok(count),
        _ => Err(bucket_error("count must be greater than zero")),
    }
}

fn width_bucket_float(args: &[Value], _: &Call<'_>) -> Result<Value> {
    let count = bucket_count(args)?;
    let (operand, low, high) = (float(args, 0)?, float(args, 1)?, float(args, 2)?);
    if operand.is_nan() || low.is_nan() || high.is_nan() {
        return Err(bucket_error(
            "operand, lower bound, and upper bound cannot be NaN",
        ));
    }
    if low.is_infinite() || high.is_infinite() {
        return Err(bucket_error("lower and upper bounds must be finite"));
    }
    if low == high {
        return Err(bucket_error("lower bound cannot equal upper bound"));
    }
    let (operand, low, high) = if low < high {
        (operand, low, high)
    } else {
        (-operand, -low, -high)
    };
    let bucket = if operand < low {
        0
    } else if operand >= high {
        count + 1
    } else {
        ((operand - low) / (high - low) * count as f64) as i64 + 1
    };
    i32::try_from(bucket)
        .map(Value::Int4)
        .map_err(|_| ValueError::out_of_range("integer"))
}

fn width_bucket_decimal(args: &[Value], _: &Call<'_>) -> Result<Value> {
    let count = bucket_count(args)?;
    let (operand, low, high) = (numeric(args, 0)?, numeric(args, 1)?, numeric(args, 2)?);
    if operand.is_nan() || low.is_nan() || high.is_nan() {
        return Err(bucket_error(
            "operand, lower bound, and upper bound cannot be NaN",
        ));
    }
    if !low.is_finite() || !high.is_finite() {
        return Err(bucket_error("lower and upper bounds must be finite"));
    }
    if low == high {
        return Err(bucket_error("lower bound cannot equal upper bound"));
    }
    let negated = (operand.neg(), low.neg(), high.neg());
    let (operand, low, high) = match low < high {
        true => (operand, low, high),
        false => (&negated.0, &negated.1, &negated.2),
    };
    let bucket = if operand < low {
        0
    } else if operand >= high {
        count + 1
    } else {
        let part = operand.sub(low)?.mul(&Numeric::from(count))?;
        part.div_trunc(&high.sub(low)?)?.to_i64().unwrap_or(0) + 1
    };
    i32::try_from(bucket)
        .map(Value::Int4)
        .map_err(|_| ValueError::out_of_range("integer"))
}

/// The number of thresholds at or below the operand.
fn width_bucket_array(args: &[Value], _: &Call<'_>) -> Result<Value> {
    let operand = args.first().unwrap_or(&Value::Null);
    let thresholds = array(args, 1)?;
    if thresholds.values.iter().any(Value::is_null) {
        return Err(ValueError::new(
            "22004",
            "thresholds array must not contain NULLs",
        ));
    }
    let below = thresholds
        .values
        .iter()
        .filter(|bound| compare::compare(bound, operand).is_le());
    Ok(Value::Int4(below.count() as i32))
}
