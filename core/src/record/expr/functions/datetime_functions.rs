//! Date and time functions.

use super::args::{float, int, interval, text, us};
use super::datetime::invalid;
use super::registry::{Call, Eval, EvalFn, Register, Volatility};
use crate::record::value::datetime::{self, DAY_US, HOUR_US, MINUTE_US, SECOND_US, arithmetic};
use crate::record::value::{Interval, Result, Value, ValueError, Zone};

pub(super) fn register(register: &mut Register) {
    register_clock(register);
    register_fields(register);
    register_makers(register);
    register_zones(register);
}

fn register_clock(register: &mut Register) {
    let transaction: EvalFn = |_, call| Ok(Value::Timestamptz(call.cx.transaction_us));
    for name in ["now", "transaction_timestamp", "current_timestamp"] {
        register.stable(&format!("{name}() timestamptz"), transaction);
    }
    register.stable("statement_timestamp() timestamptz", |_, call| {
        Ok(Value::Timestamptz(call.cx.statement_us))
    });
    register.volatile("clock_timestamp() timestamptz", |_, call| {
        Ok(Value::Timestamptz(call.cx.host.clock_us(call.cx)))
    });
    register.stable("current_date() date", |_, call| {
        Ok(Value::Date(arithmetic::timestamp_to_date(local_now(call)?)))
    });
    register.stable("localtimestamp() timestamp", |_, call| {
        local_now(call).map(Value::Timestamp)
    });
    register.stable("localtime() time", |_, call| {
        Ok(Value::Time(local_now(call)?.rem_euclid(DAY_US)))
    });
    register.stable("current_timestamp(integer) timestamptz", |a, call| {
        Ok(Value::Timestamptz(datetime::round_us(
            call.cx.transaction_us,
            digits(a)?,
        )))
    });
    register.stable("localtimestamp(integer) timestamp", |a, call| {
        Ok(Value::Timestamp(datetime::round_us(
            local_now(call)?,
            digits(a)?,
        )))
    });
    register.stable("localtime(integer) time", |a, call| {
        let time = local_now(call)?.rem_euclid(DAY_US);
        Ok(Value::Time(datetime::round_us(time, digits(a)?)))
    });
}

fn local_now(call: &Call<'_>) -> Result<i64> {
    call.cx.settings.zone.to_local(call.cx.transaction_us)
}

fn digits(args: &[Value]) -> Result<u32> {
    Ok(u32::try_from(int(args, 0)?).unwrap_or(0).min(6))
}

fn register_fields(register: &mut Register) {
    let extract: EvalFn = |a, call| {
        let field = datetime::extract(
            text(a, 0)?,
            a.get(1).unwrap_or(&Value::Null),
            &call.cx.settings.zone,
        )?;
        Ok(field.map_or(Value::Null, Value::Numeric))
    };
    let part: EvalFn = |a, call| {
        let field = datetime::extract(
            text(a, 0)?,
            a.get(1).unwrap_or(&Value::Null),
            &call.cx.settings.zone,
        )?;
        Ok(field.map_or(Value::Null, |field| Value::Float8(field.to_f64())))
    };
    for ty in ["date", "time", "timestamp", "interval"] {
        register.strict(&format!("extract(text, {ty}) numeric"), extract);
        register.strict(&format!("date_part(text, {ty}) double precision"), part);
    }
    register.stable("extract(text, timestamptz) numeric", extract);
    register.stable("date_part(text, timestamptz) double precision", part);

    let truncate: EvalFn = |a, call| {
        datetime::truncate(
            text(a, 0)?,
            a.get(1).unwrap_or(&Value::Null),
            &call.cx.settings.zone,
        )
    };
    register.strict("date_trunc(text, timestamp) timestamp", truncate);
    register.strict("date_trunc(text, interval) interval", truncate);
    register.stable("date_trunc(text, timestamptz) timestamptz", truncate);
    register.stable("date_trunc(text, timestamptz, text) timestamptz", |a, _| {
        let zone = Zone::from_name(text(a, 2)?)?;
        datetime::truncate(text(a, 0)?, a.get(1).unwrap_or(&Value::Null), &zone)
    });
    for ty in ["timestamp", "timestamptz"] {
        register.strict(&format!("date_bin(interval, {ty}, {ty}) {ty}"), |a, _| {
            let binned = arithmetic::date_bin(&interval(a, 0)?, us(a, 1)?, us(a, 2)?)?;
            Ok(match a.get(1) {
                Some(Value::Timestamptz(_)) => Value::Timestamptz(binned),
                _ => Value::Timestamp(binned),
            })
        });
    }
    register_age(register);
}

fn register_age(register: &mut Register) {
    register.strict("age(timestamp, timestamp) interval", |a, _| {
        datetime::age(us(a, 0)?, us(a, 1)?).map(Value::Interval)
    });
    register.stable("age(timestamptz, timestamptz) interval", |a, call| {
        let zone = &call.cx.settings.zone;
        datetime::age(zone.to_local(us(a, 0)?)?, zone.to_local(us(a, 1)?)?).map(Value::Interval)
    });
    register.stable("age(timestamp) interval", |a, call| {
        let today = local_now(call)?.div_euclid(DAY_US) * DAY_US;
        datetime::age(today, us(a, 0)?).map(Value::Interval)
    });
    register.stable("age(timestamptz) interval", |a, call| {
        let today = local_now(call)?.div_euclid(DAY_US) * DAY_US;
        datetime::age(today, call.cx.settings.zone.to_local(us(a, 0)?)?).map(Value::Interval)
    });
    let finite: EvalFn = |a, _| {
        Ok(Value::Bool(match a.first() {
            Some(Value::Date(days)) => *days != i32::MAX && *days != i32::MIN,
            Some(Value::Timestamp(us) | Value::Timestamptz(us)) => !datetime::is_infinite(*us),
            _ => true,
        }))
    };
    for ty in ["date", "timestamp", "timestamptz", "interval"] {
        register.strict(&format!("isfinite({ty}) boolean"), finite);
    }
    register.strict("justify_hours(interval) interval", |a, _| {
        arithmetic::justify_hours(interval(a, 0)?).map(Value::Interval)
    });
    register.strict("justify_days(interval) interval", |a, _| {
        arithmetic::justify_days(interval(a, 0)?).map(Value::Interval)
    });
    register.strict("justify_interval(interval) interval", |a, _| {
        arithmetic::justify_interval(interval(a, 0)?).map(Value::Interval)
    });
}

fn register_makers(register: &mut Register) {
    register.strict("make_date(integer, integer, integer) date", |a, _| {
        datetime::make_date(int(a, 0)?, int(a, 1)?, int(a, 2)?).map(Value::Date)
    });
    register.strict(
        "make_time(integer, integer, double precision) time",
        |a, _| datetime::make_time(int(a, 0)?, int(a, 1)?, float(a, 2)?).map(Value::Time),
    );
    let six = "integer, integer, integer, integer, integer, double precision";
    register.strict(&format!("make_timestamp({six}) timestamp"), |a, _| {
        made(a).map(Value::Timestamp)
    });
    register.stable(
        &format!("make_timestamptz({six}) timestamptz"),
        |a, call| {
            call.cx
                .settings
                .zone
                .to_utc(made(a)?)
                .map(Value::Timestamptz)
        },
    );
    register.stable(
        &format!("make_timestamptz({six}, text) timestamptz"),
        |a, _| {
            Zone::from_name(text(a, 6)?)?
                .to_utc(made(a)?)
                .map(Value::Timestamptz)
        },
    );
    let kinds = [
        "integer",
        "integer",
        "integer",
        "integer",
        "integer",
        "integer",
        "double precision",
    ];
    for count in 0..=kinds.len() {
        let args: Vec<&str> = kinds.iter().take(count).copied().collect();
        register.strict(
            &format!("make_interval({}) interval", args.join(", ")),
            |a, _| make_interval(a),
        );
    }
    register.strict("to_timestamp(double precision) timestamptz", |a, _| {
        to_timestamp(float(a, 0)?)
    });
}

fn made(args: &[Value]) -> Result<i64> {
    let day = (int(args, 0)?, int(args, 1)?, int(args, 2)?);
    datetime::make_timestamp(day, int(args, 3)?, int(args, 4)?, float(args, 5)?)
}

/// Years, months, weeks, days, hours, minutes, seconds. Errors: 22008.
fn make_interval(args: &[Value]) -> Result<Value> {
    let part = |index: usize| {
        if args.len() > index {
            int(args, index)
        } else {
            Ok(0)
        }
    };
    let seconds = if args.len() > 6 { float(args, 6)? } else { 0.0 };
    let seconds_us = (seconds * SECOND_US as f64).round_ties_even();
    // 32-bit parts times these units stay far inside 64 bits, except for the hours' sum.
    let months = part(0)? * 12 + part(1)?;
    let days = part(2)? * 7 + part(3)?;
    let us =
        i128::from(part(4)?) * i128::from(HOUR_US) + i128::from(part(5)?) * i128::from(MINUTE_US);
    let us = if seconds_us.is_finite() {
        us.saturating_add(seconds_us as i128)
    } else {
        i128::MAX
    };
    match (
        i32::try_from(months),
        i32::try_from(days),
        i64::try_from(us),
    ) {
        (Ok(months), Ok(days), Ok(us)) => Ok(Value::Interval(Interval::new(months, days, us))),
        _ => Err(datetime::interval_out_of_range()),
    }
}

/// From seconds since 1970. Errors: 22008.
fn to_timestamp(seconds: f64) -> Result<Value> {
    if seconds.is_nan() {
        return Err(ValueError::new("22008", "timestamp cannot be NaN"));
    }
    if seconds.is_infinite() {
        return Ok(Value::Timestamptz(if seconds > 0.0 {
            i64::MAX
        } else {
            i64::MIN
        }));
    }
    // Whole seconds apart from the fraction, to keep the microseconds exact.
    let us = (seconds.trunc() as i128)
        .saturating_mul(i128::from(SECOND_US))
        .saturating_add((seconds.fract() * SECOND_US as f64).round_ties_even() as i128);
    let shifted = us.saturating_sub(i128::from(datetime::UNIX_EPOCH_OFFSET_US));
    match datetime::checked_timestamp(shifted) {
        Ok(us) => Ok(Value::Timestamptz(us)),
        Err(_) => {
            let message = format!("timestamp out of range: \"{seconds}\"");
            Err(ValueError::new("22008", message))
        }
    }
}

fn register_zones(register: &mut Register) {
    let zoned: EvalFn = |a, _| {
        Zone::from_name(text(a, 0)?)?
            .to_utc(us(a, 1)?)
            .map(Value::Timestamptz)
    };
    let local: EvalFn = |a, _| {
        Zone::from_name(text(a, 0)?)?
            .to_local(us(a, 1)?)
            .map(Value::Timestamp)
    };
    register.strict("timezone(text, timestamp) timestamptz", zoned);
    register.strict("timezone(text, timestamptz) timestamp", local);
    register.strict("timezone(interval, timestamp) timestamptz", |a, _| {
        offset(&interval(a, 0)?)?
            .to_utc(us(a, 1)?)
            .map(Value::Timestamptz)
    });
    register.strict("timezone(interval, timestamptz) timestamp", |a, _| {
        offset(&interval(a, 0)?)?
            .to_local(us(a, 1)?)
            .map(Value::Timestamp)
    });
    let overlaps: EvalFn = |a, _| overlaps(a);
    for ty in ["timestamp", "timestamptz", "date", "time"] {
        let signature = format!("overlaps({ty}, {ty}, {ty}, {ty}) boolean");
        register.add(
            &signature,
            Volatility::Immutable,
            true,
            Eval::Pure(overlaps),
        );
    }
}

/// A fixed offset. Errors: 22023 when it has months or days.
fn offset(interval: &Interval) -> Result<Zone> {
    if interval.months != 0 || interval.days != 0 {
        return Err(invalid(
            "interval time zone must not include months or days",
        ));
    }
    let seconds = i32::try_from(interval.us / SECOND_US).unwrap_or(i32::MAX);
    Ok(Zone::Fixed(seconds.clamp(-60_000, 60_000)))
}

/// `(a, b) OVERLAPS (c, d)`: half-open periods, ends in either order.
fn overlaps(args: &[Value]) -> Result<Value> {
    let [a, b, c, d] = args else {
        return Ok(Value::Null);
    };
    let (a, b) = if a <= b { (a, b) } else { (b, a) };
    let (c, d) = if c <= d { (c, d) } else { (d, c) };
    let inside = match a.cmp(c) {
        std::cmp::Ordering::Less => c < b,
        std::cmp::Ordering::Greater => a < d,
        std::cmp::Ordering::Equal => true,
    };
    Ok(Value::Bool(inside))
}
