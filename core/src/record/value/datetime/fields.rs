//! Fields of dates and times: extraction, truncation, age.

use super::arithmetic::{midnight, monday_of, symbolic_difference};
use super::calendar::{
    Civil, DAY_US, HOUR_US, MINUTE_US, SECOND_US, civil, day_of_week, day_of_year, iso_week,
};
use super::interval::Interval;
use super::{UNIX_EPOCH_OFFSET_DAYS, UNIX_EPOCH_OFFSET_US, checked_timestamp, is_infinite};
use crate::record::value::error::{Result, ValueError};
use crate::record::value::numeric::Numeric;
use crate::record::value::settings::Zone;
use crate::record::value::value::Value;

/// `extract(field from value)` of a date, time, timestamp, timestamptz or interval.
///
/// NULL for a cyclic field of an infinity. Errors: 22023 unknown field, 0A000 a field the
/// type does not have.
pub fn extract(field: &str, value: &Value, zone: &Zone) -> Result<Option<Numeric>> {
    let field = field.to_ascii_lowercase();
    let field = canonical(&field);
    match value {
        Value::Date(date) => extract_date(field, *date),
        Value::Time(us) => extract_time(field, *us).map(Some),
        Value::Timestamp(us) if is_infinite(*us) => {
            extract_infinite(field, *us > 0, "timestamp without time zone")
        }
        Value::Timestamptz(us) if is_infinite(*us) => {
            extract_infinite(field, *us > 0, "timestamp with time zone")
        }
        Value::Timestamp(us) => extract_timestamp(field, *us).map(Some),
        Value::Timestamptz(us) => extract_timestamptz(field, *us, zone).map(Some),
        Value::Interval(interval) => extract_interval(field, interval).map(Some),
        _ => Err(ValueError::mismatch("timestamp")),
    }
}

/// The field's one name, for all PostgreSQL's spellings.
fn canonical(field: &str) -> &str {
    match field {
        "us" | "usec" | "usecs" | "useconds" | "microsecond" | "microseconds" | "microsecon" => {
            "microseconds"
        }
        "ms" | "msec" | "msecs" | "mseconds" | "millisecond" | "milliseconds" => "milliseconds",
        "s" | "sec" | "secs" | "second" | "seconds" => "second",
        "m" | "min" | "mins" | "minute" | "minutes" => "minute",
        "h" | "hr" | "hrs" | "hour" | "hours" => "hour",
        "d" | "day" | "days" => "day",
        "w" | "week" | "weeks" => "week",
        "mon" | "mons" | "month" | "months" => "month",
        "qtr" | "quarter" => "quarter",
        "y" | "yr" | "yrs" | "year" | "years" => "year",
        "dec" | "decs" | "decade" | "decades" => "decade",
        "c" | "cent" | "century" | "centuries" => "century",
        "mil" | "mils" | "millennium" | "millennia" => "millennium",
        "timezone_h" | "timezone_hour" => "timezone_hour",
        "timezone_m" | "timezone_minute" => "timezone_minute",
        other => other,
    }
}

fn known(field: &str) -> bool {
    const OTHERS: [&str; 8] = [
        "isoyear", "isodow", "dow", "doy", "epoch", "julian", "timezone", "quarter",
    ];
    OTHERS.contains(&field) || unit_rank(field).is_some() || field.starts_with("timezone_")
}

fn refuse(field: &str, type_name: &str) -> ValueError {
    match known(field) {
        true => ValueError::unsupported(format!(
            "unit \"{field}\" not supported for type {type_name}"
        )),
        false => {
            let message = format!("unit \"{field}\" not recognized for type {type_name}");
            ValueError::new("22023", message)
        }
    }
}

fn whole(value: i64) -> Numeric {
    Numeric::from(value)
}

fn scaled(value: i128, scale: u16) -> Numeric {
    Numeric::from_i128(value, scale)
}

/// The fields every clock time has.
fn clock_field(field: &str, us: i64) -> Option<Numeric> {
    let second_us = us % MINUTE_US;
    Some(match field {
        "microseconds" => whole(second_us),
        "milliseconds" => scaled(i128::from(second_us), 3),
        "second" => scaled(i128::from(second_us), 6),
        "minute" => whole(us % HOUR_US / MINUTE_US),
        "hour" => whole(us / HOUR_US),
        _ => return None,
    })
}

/// The fields every calendar date has.
fn calendar_field(field: &str, days: i64) -> Option<Numeric> {
    let (year, month, day) = super::calendar::civil_from_days(days);
    // There is no year 0: 1 BC shows as -1.
    let shown = |year: i64| if year > 0 { year } else { year - 1 };
    Some(whole(match field {
        "day" => day,
        "month" => month,
        "quarter" => (month - 1) / 3 + 1,
        "week" => iso_week(days).1,
        "year" => shown(year),
        "isoyear" => shown(iso_week(days).0),
        "decade" => year.div_euclid(10),
        "century" => group(year, 100),
        "millennium" => group(year, 1000),
        "dow" => day_of_week(days),
        "isodow" => (day_of_week(days) + 6) % 7 + 1,
        "doy" => day_of_year(days),
        _ => return None,
    }))
}

/// Centuries and millennia begin with year 1 and have no zero.
fn group(year: i64, length: i64) -> i64 {
    match year > 0 {
        true => (year + length - 1) / length,
        false => -((length - year) / length),
    }
}

/// Day number of the Julian period at midnight of this day.
fn julian(days: i64) -> i64 {
    days - super::DATE_MIN
}

fn extract_date(field: &str, date: i32) -> Result<Option<Numeric>> {
    if date == i32::MAX || date == i32::MIN {
        return match clock_field(field, 0) {
            Some(_) => Err(refuse(field, "date")),
            None => extract_infinite(field, date > 0, "date"),
        };
    }
    let days = i64::from(date);
    let found = match field {
        "epoch" => Some(whole((days + i64::from(UNIX_EPOCH_OFFSET_DAYS)) * 86_400)),
        "julian" => Some(whole(julian(days))),
        field => calendar_field(field, days),
    };
    found.map(Some).ok_or_else(|| refuse(field, "date"))
}

fn extract_time(field: &str, us: i64) -> Result<Numeric> {
    match field {
        "epoch" => Ok(scaled(i128::from(us), 6)),
        field => clock_field(field, us).ok_or_else(|| refuse(field, "time without time zone")),
    }
}

fn extract_timestamp(field: &str, us: i64) -> Result<Numeric> {
    local_field(field, us).ok_or_else(|| refuse(field, "timestamp without time zone"))
}

fn local_field(field: &str, us: i64) -> Option<Numeric> {
    let (days, clock) = (us.div_euclid(DAY_US), us.rem_euclid(DAY_US));
    match field {
        "epoch" => Some(epoch(us)),
        "julian" if clock == 0 => Some(whole(julian(days))),
        "julian" => {
            let fraction = whole(clock).div(&whole(DAY_US)).ok()?;
            fraction.add(&whole(julian(days))).ok()
        }
        field => clock_field(field, clock).or_else(|| calendar_field(field, days)),
    }
}

fn epoch(us: i64) -> Numeric {
    scaled(i128::from(us) + i128::from(UNIX_EPOCH_OFFSET_US), 6)
}

fn extract_timestamptz(field: &str, us: i64, zone: &Zone) -> Result<Numeric> {
    let offset = i64::from(zone.offset_at(us));
    match field {
        "epoch" => Ok(epoch(us)),
        "timezone" => Ok(whole(offset)),
        "timezone_hour" => Ok(whole(offset / 3600)),
        "timezone_minute" => Ok(whole(offset % 3600 / 60)),
        field => local_field(field, us.saturating_add(offset * SECOND_US))
            .ok_or_else(|| refuse(field, "timestamp with time zone")),
    }
}

fn extract_infinite(field: &str, positive: bool, type_name: &str) -> Result<Option<Numeric>> {
    let monotonic = [
        "year",
        "decade",
        "century",
        "millennium",
        "julian",
        "isoyear",
        "epoch",
    ]
    .contains(&field);
    match (monotonic, positive) {
        (true, true) => Ok(Some(Numeric::INFINITY)),
        (true, false) => Ok(Some(Numeric::NEG_INFINITY)),
        (false, _) if known(field) => Ok(None),
        _ => Err(refuse(field, type_name)),
    }
}

fn extract_interval(field: &str, interval: &Interval) -> Result<Numeric> {
    let (years, months) = (
        i64::from(interval.months / 12),
        i64::from(interval.months % 12),
    );
    Ok(match field {
        "year" => whole(years),
        "decade" => whole(years / 10),
        "century" => whole(years / 100),
        "millennium" => whole(years / 1000),
        "month" => whole(months),
        "quarter" => whole(months / 3 + 1),
        "day" => whole(i64::from(interval.days)),
        "epoch" => {
            // A year counts 365.25 days, a lone month 30.
            let days = i128::from(years) * 1461
                + (i128::from(months) * 30 + i128::from(interval.days)) * 4;
            scaled(days * i128::from(DAY_US / 4) + i128::from(interval.us), 6)
        }
        field => {
            return clock_field(field, interval.us).ok_or_else(|| refuse(field, "interval"));
        }
    })
}

/// Units `date_trunc` knows, from fine to coarse.
const UNITS: [&str; 13] = [
    "microseconds",
    "milliseconds",
    "second",
    "minute",
    "hour",
    "day",
    "week",
    "month",
    "quarter",
    "year",
    "decade",
    "century",
    "millennium",
];

fn unit_rank(field: &str) -> Option<usize> {
    UNITS.iter().position(|unit| *unit == field)
}

/// `date_trunc(unit, value)` of a timestamp, timestamptz (in the zone) or interval.
///
/// Errors: 22023 unknown unit, 0A000 a unit the type does not have.
pub fn truncate(unit: &str, value: &Value, zone: &Zone) -> Result<Value> {
    let lower = unit.to_ascii_lowercase();
    let unit = canonical(&lower);
    match value {
        Value::Timestamp(us) => {
            let truncated = truncate_local(unit, *us, "timestamp without time zone")?;
            Ok(Value::Timestamp(truncated))
        }
        Value::Timestamptz(us) if is_infinite(*us) => Ok(value.clone()),
        Value::Timestamptz(us) => {
            let local = truncate_local(unit, zone.to_local(*us)?, "timestamp with time zone")?;
            // Below a day the offset cannot change, and keeping it keeps repeated hours apart.
            if unit_rank(unit) <= unit_rank("hour") {
                let offset = i64::from(zone.offset_at(*us)) * SECOND_US;
                return Ok(Value::Timestamptz(local - offset));
            }
            Ok(Value::Timestamptz(zone.to_utc(local)?))
        }
        Value::Interval(interval) => truncate_interval(unit, interval).map(Value::Interval),
        _ => Err(ValueError::mismatch("timestamp")),
    }
}

fn truncate_local(unit: &str, us: i64, type_name: &str) -> Result<i64> {
    if unit_rank(unit).is_none() {
        return Err(refuse(unit, type_name));
    }
    if is_infinite(us) {
        return Ok(us);
    }
    let fields = civil(us);
    let month_start = |year: i64, month: i64| {
        Civil {
            year,
            month,
            day: 1,
            us: 0,
        }
        .to_us()
    };
    let first_of =
        |length: i64| (group(fields.year, length) - i64::from(fields.year > 0)) * length + 1;
    let truncated = match unit {
        "microseconds" => i128::from(us),
        "milliseconds" => i128::from(us.div_euclid(1_000) * 1_000),
        "second" => i128::from(us.div_euclid(SECOND_US) * SECOND_US),
        "minute" => i128::from(us.div_euclid(MINUTE_US) * MINUTE_US),
        "hour" => i128::from(us.div_euclid(HOUR_US) * HOUR_US),
        "day" => midnight(fields),
        "week" => i128::from(monday_of(us.div_euclid(DAY_US))) * i128::from(DAY_US),
        "month" => month_start(fields.year, fields.month),
        "quarter" => month_start(fields.year, (fields.month - 1) / 3 * 3 + 1),
        "year" => month_start(fields.year, 1),
        "decade" => month_start(fields.year.div_euclid(10) * 10, 1),
        "century" => month_start(first_of(100), 1),
        _ => month_start(first_of(1000), 1),
    };
    checked_timestamp(truncated)
}

fn truncate_interval(unit: &str, interval: &Interval) -> Result<Interval> {
    if unit_rank(unit).is_none() {
        return Err(refuse(unit, "interval"));
    }
    let months =
        |unit_months: i32| Interval::new(interval.months / unit_months * unit_months, 0, 0);
    let time = |unit_us: i64| Interval {
        us: interval.us / unit_us * unit_us,
        ..*interval
    };
    Ok(match unit {
        "microseconds" => *interval,
        "milliseconds" => time(1_000),
        "second" => time(SECOND_US),
        "minute" => time(MINUTE_US),
        "hour" => time(HOUR_US),
        "day" => Interval { us: 0, ..*interval },
        "week" => {
            let message = "unit \"week\" not supported for type interval";
            let detail = "Months usually have fractional weeks.";
            return Err(ValueError::unsupported(message).with_detail(detail));
        }
        "month" => months(1),
        "quarter" => months(3),
        "year" => months(12),
        "decade" => months(120),
        "century" => months(1_200),
        _ => months(12_000),
    })
}

/// `age(a, b)`. Errors: 22008.
pub fn age(a: i64, b: i64) -> Result<Interval> {
    symbolic_difference(a, b)
}
