//! Date and time operators.

use std::borrow::Cow;

use super::args::{date, float, int, interval, us};
use super::registry::{Call, EvalFn, Register};
use crate::record::value::datetime::{self, arithmetic};
use crate::record::value::{Interval, Result, Value, ValueError, Zone};

pub(super) fn register(register: &mut Register) {
    register_dates(register);
    register_timestamps(register);
    register_intervals(register);
    super::datetime_functions::register(register);
}

fn register_dates(register: &mut Register) {
    let plus: EvalFn = |a, _| arithmetic::date_plus(date(a, 0)?, int(a, 1)?).map(Value::Date);
    register.strict("+(date, integer) date", plus);
    register.strict("+(integer, date) date", |a, _| {
        arithmetic::date_plus(date(a, 1)?, int(a, 0)?).map(Value::Date)
    });
    register.strict("-(date, integer) date", |a, _| {
        arithmetic::date_plus(date(a, 0)?, -int(a, 1)?).map(Value::Date)
    });
    register.strict("-(date, date) integer", |a, _| {
        arithmetic::date_minus(date(a, 0)?, date(a, 1)?).map(Value::Int4)
    });
    register.strict("+(date, interval) timestamp", |a, _| {
        date_shifted(date(a, 0)?, interval(a, 1)?)
    });
    register.strict("+(interval, date) timestamp", |a, _| {
        date_shifted(date(a, 1)?, interval(a, 0)?)
    });
    register.strict("-(date, interval) timestamp", |a, _| {
        date_shifted(date(a, 0)?, interval(a, 1)?.checked_neg()?)
    });
    register.strict("+(date, time) timestamp", |a, _| {
        date_at(date(a, 0)?, us(a, 1)?)
    });
    register.strict("+(time, date) timestamp", |a, _| {
        date_at(date(a, 1)?, us(a, 0)?)
    });
}

fn date_shifted(date: i32, interval: Interval) -> Result<Value> {
    let start = arithmetic::date_to_timestamp(date)?;
    arithmetic::timestamp_plus(start, &interval).map(Value::Timestamp)
}

fn date_at(date: i32, time_us: i64) -> Result<Value> {
    let start = arithmetic::date_to_timestamp(date)?;
    if datetime::is_infinite(start) {
        return Ok(Value::Timestamp(start));
    }
    datetime::checked_timestamp(i128::from(start) + i128::from(time_us)).map(Value::Timestamp)
}

fn register_timestamps(register: &mut Register) {
    register.strict("+(timestamp, interval) timestamp", |a, _| {
        shift(us(a, 0)?, interval(a, 1)?)
    });
    register.strict("+(interval, timestamp) timestamp", |a, _| {
        shift(us(a, 1)?, interval(a, 0)?)
    });
    register.strict("-(timestamp, interval) timestamp", |a, _| {
        shift(us(a, 0)?, interval(a, 1)?.checked_neg()?)
    });
    register.stable("+(timestamptz, interval) timestamptz", |a, call| {
        shift_zoned(us(a, 0)?, interval(a, 1)?, call)
    });
    register.stable("+(interval, timestamptz) timestamptz", |a, call| {
        shift_zoned(us(a, 1)?, interval(a, 0)?, call)
    });
    register.stable("-(timestamptz, interval) timestamptz", |a, call| {
        shift_zoned(us(a, 0)?, interval(a, 1)?.checked_neg()?, call)
    });
    for ty in ["timestamp", "timestamptz"] {
        register.strict(&format!("-({ty}, {ty}) interval"), |a, _| {
            arithmetic::timestamp_minus(us(a, 0)?, us(a, 1)?).map(Value::Interval)
        });
    }
    register.strict("+(time, interval) time", |a, _| {
        Ok(Value::Time(arithmetic::time_plus(
            us(a, 0)?,
            &interval(a, 1)?,
        )))
    });
    register.strict("+(interval, time) time", |a, _| {
        Ok(Value::Time(arithmetic::time_plus(
            us(a, 1)?,
            &interval(a, 0)?,
        )))
    });
    register.strict("-(time, interval) time", |a, _| {
        Ok(Value::Time(arithmetic::time_plus(
            us(a, 0)?,
            &interval(a, 1)?.checked_neg()?,
        )))
    });
    register.strict("-(time, time) interval", |a, _| {
        Ok(Value::Interval(Interval::new(0, 0, us(a, 0)? - us(a, 1)?)))
    });
}

fn shift(us: i64, interval: Interval) -> Result<Value> {
    arithmetic::timestamp_plus(us, &interval).map(Value::Timestamp)
}

fn shift_zoned(us: i64, interval: Interval, call: &Call<'_>) -> Result<Value> {
    arithmetic::timestamptz_plus(us, &interval, &call.cx.settings.zone).map(Value::Timestamptz)
}

fn register_intervals(register: &mut Register) {
    register.strict("+(interval, interval) interval", |a, _| {
        interval(a, 0)?
            .checked_add(interval(a, 1)?)
            .map(Value::Interval)
    });
    register.strict("-(interval, interval) interval", |a, _| {
        interval(a, 0)?
            .checked_add(interval(a, 1)?.checked_neg()?)
            .map(Value::Interval)
    });
    register.strict("-(interval) interval", |a, _| {
        interval(a, 0)?.checked_neg().map(Value::Interval)
    });
    register.strict("*(interval, double precision) interval", |a, _| {
        times(interval(a, 0)?, float(a, 1)?)
    });
    register.strict("*(double precision, interval) interval", |a, _| {
        times(interval(a, 1)?, float(a, 0)?)
    });
    register.strict("/(interval, double precision) interval", |a, _| {
        arithmetic::interval_divided(&interval(a, 0)?, float(a, 1)?).map(Value::Interval)
    });
}

fn times(interval: Interval, factor: f64) -> Result<Value> {
    if !factor.is_finite() {
        return Err(datetime::interval_out_of_range());
    }
    arithmetic::interval_times(&interval, factor).map(Value::Interval)
}

/// Dates and timestamps of different types made comparable: as timestamps, in the session's
/// zone when one side has a zone.
pub(super) fn align<'a>(
    a: &'a Value,
    b: &'a Value,
    zone: &Zone,
) -> Result<(Cow<'a, Value>, Cow<'a, Value>)> {
    let rank = |value: &Value| match value {
        Value::Date(_) => 1,
        Value::Timestamp(_) => 2,
        Value::Timestamptz(_) => 3,
        _ => 0,
    };
    let (from, to) = (rank(a), rank(b));
    if from == 0 || to == 0 || from == to {
        return Ok((Cow::Borrowed(a), Cow::Borrowed(b)));
    }
    let zoned = from == 3 || to == 3;
    Ok((lift(a, zoned, zone), lift(b, zoned, zone)))
}

fn lift<'a>(value: &'a Value, zoned: bool, zone: &Zone) -> Cow<'a, Value> {
    let local = match value {
        Value::Date(date) => match arithmetic::date_to_timestamp(*date) {
            Ok(us) => us,
            // Every date beyond the timestamps is after (or before) them all.
            Err(_) if *date > 0 => i64::MAX - 1,
            Err(_) => i64::MIN + 1,
        },
        Value::Timestamp(us) => *us,
        other => return Cow::Borrowed(other),
    };
    Cow::Owned(match zoned {
        true => Value::Timestamptz(zone.to_utc(local).unwrap_or(local)),
        false => Value::Timestamp(local),
    })
}

/// 22023 for a value a date or time function cannot take.
pub(super) fn invalid(message: impl Into<String>) -> ValueError {
    ValueError::new("22023", message)
}
