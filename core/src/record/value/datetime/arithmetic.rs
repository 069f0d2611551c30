//! Sums and differences of dates, times and intervals.

use super::calendar::{Civil, DAY_US, HOUR_US, civil, civil_from_days, days_in_month};
use super::interval::Interval;
use super::{
    checked_date, checked_timestamp, interval_out_of_range, is_infinite, timestamp_out_of_range,
};
use crate::record::value::error::{Result, ValueError};
use crate::record::value::settings::Zone;

/// `timestamp + interval`: months first (the day cut to the month's length), then days,
/// then the time. Errors: 22008.
pub fn timestamp_plus(us: i64, interval: &Interval) -> Result<i64> {
    if is_infinite(us) {
        return Ok(us);
    }
    let shifted = plus_months_days(us, interval)?;
    checked_timestamp(i128::from(shifted) + i128::from(interval.us))
}

/// `timestamptz + interval`: months and days by the zone's local time. Errors: 22008.
pub fn timestamptz_plus(us: i64, interval: &Interval, zone: &Zone) -> Result<i64> {
    if is_infinite(us) {
        return Ok(us);
    }
    let shifted = match (interval.months, interval.days) {
        (0, 0) => us,
        _ => zone.to_utc(plus_months_days(zone.to_local(us)?, interval)?)?,
    };
    checked_timestamp(i128::from(shifted) + i128::from(interval.us))
}

fn plus_months_days(us: i64, interval: &Interval) -> Result<i64> {
    let mut fields = civil(us);
    if interval.months != 0 {
        let months = fields.year * 12 + fields.month - 1 + i64::from(interval.months);
        fields.year = months.div_euclid(12);
        fields.month = months.rem_euclid(12) + 1;
        fields.day = fields.day.min(days_in_month(fields.year, fields.month));
    }
    let days = i128::from(interval.days) * i128::from(DAY_US);
    checked_timestamp(fields.to_us() + days)
}

/// `timestamp - timestamp`: days of 24 hours and a time. Errors: 22008.
pub fn timestamp_minus(a: i64, b: i64) -> Result<Interval> {
    if is_infinite(a) || is_infinite(b) {
        return Err(ValueError::new(
            "22008",
            "cannot subtract infinite timestamps",
        ));
    }
    let us = a.checked_sub(b).ok_or_else(interval_out_of_range)?;
    justify_hours(Interval::new(0, 0, us))
}

/// `date + days`. The infinities stay. Errors: 22008.
pub fn date_plus(date: i32, days: i64) -> Result<i32> {
    match date {
        i32::MAX | i32::MIN => Ok(date),
        _ => checked_date(i64::from(date).saturating_add(days)),
    }
}

/// `date - date` in days. Errors: 22008.
pub fn date_minus(a: i32, b: i32) -> Result<i32> {
    let infinite = |date: i32| date == i32::MAX || date == i32::MIN;
    if infinite(a) || infinite(b) {
        return Err(ValueError::new("22008", "cannot subtract infinite dates"));
    }
    a.checked_sub(b)
        .ok_or_else(|| ValueError::out_of_range("date"))
}

/// The timestamp at the date's midnight. Errors: 22008.
pub fn date_to_timestamp(date: i32) -> Result<i64> {
    match date {
        i32::MAX => Ok(i64::MAX),
        i32::MIN => Ok(i64::MIN),
        days => checked_timestamp(i128::from(days) * i128::from(DAY_US))
            .map_err(|_| ValueError::new("22008", "date out of range for timestamp")),
    }
}

/// The date of a timestamp.
pub fn timestamp_to_date(us: i64) -> i32 {
    match us {
        i64::MAX => i32::MAX,
        i64::MIN => i32::MIN,
        us => us.div_euclid(DAY_US) as i32,
    }
}

/// `time + interval`, around midnight.
pub fn time_plus(us: i64, interval: &Interval) -> i64 {
    let sum = i128::from(us) + i128::from(interval.us);
    sum.rem_euclid(i128::from(DAY_US)) as i64
}

/// `interval * factor`: fractions of months become days, of days become time. Errors: 22008.
pub fn interval_times(interval: &Interval, factor: f64) -> Result<Interval> {
    let scaled = |value: f64| value * factor;
    spread(
        scaled(f64::from(interval.months)),
        scaled(f64::from(interval.days)),
        scaled(interval.us as f64),
    )
}

/// `interval / divisor`. Errors: 22012, 22008.
pub fn interval_divided(interval: &Interval, divisor: f64) -> Result<Interval> {
    if divisor == 0.0 {
        return Err(ValueError::division_by_zero());
    }
    let scaled = |value: f64| value / divisor;
    spread(
        scaled(f64::from(interval.months)),
        scaled(f64::from(interval.days)),
        scaled(interval.us as f64),
    )
}

fn spread(months: f64, days: f64, us: f64) -> Result<Interval> {
    let fits = |value: f64| value.abs() <= f64::from(i32::MAX);
    if !fits(months) || !fits(days) {
        return Err(interval_out_of_range());
    }
    // Rounded to a microsecond, so that binary fractions do not show.
    let tidy = |value: f64| (value * 1e6).round_ties_even() / 1e6;
    let month_days = tidy(months.fract() * 30.0);
    let (mut whole_days, mut day_us) = (days.trunc() as i64, days.fract());
    whole_days += month_days.trunc() as i64;
    day_us = tidy(day_us + month_days.fract());
    whole_days += day_us.trunc() as i64;
    day_us = day_us.fract();
    let total_us = (us + day_us * DAY_US as f64).round_ties_even();
    if !total_us.is_finite() || total_us.abs() >= i64::MAX as f64 {
        return Err(interval_out_of_range());
    }
    let days = i32::try_from(whole_days).map_err(|_| interval_out_of_range())?;
    Ok(Interval::new(months.trunc() as i32, days, total_us as i64))
}

/// Whole days out of the time. Errors: 22008.
pub fn justify_hours(interval: Interval) -> Result<Interval> {
    let days = i64::from(interval.days) + interval.us / DAY_US;
    let (days, us) = same_sign(days, interval.us % DAY_US, DAY_US);
    let days = i32::try_from(days).map_err(|_| interval_out_of_range())?;
    Ok(Interval::new(interval.months, days, us))
}

/// Whole months of 30 days out of the days. Errors: 22008.
pub fn justify_days(interval: Interval) -> Result<Interval> {
    let months = i64::from(interval.months) + i64::from(interval.days / 30);
    let (months, days) = same_sign(months, i64::from(interval.days % 30), 30);
    let months = i32::try_from(months).map_err(|_| interval_out_of_range())?;
    Ok(Interval::new(months, days as i32, interval.us))
}

/// Both, with one sign throughout. Errors: 22008.
pub fn justify_interval(interval: Interval) -> Result<Interval> {
    let days = i64::from(interval.days) + interval.us / DAY_US;
    let us = interval.us % DAY_US;
    let months = i64::from(interval.months) + days / 30;
    let days = days % 30;
    let (months, days) = match months > 0 && (days < 0 || (days == 0 && us < 0)) {
        true => (months - 1, days + 30),
        false if months < 0 && (days > 0 || (days == 0 && us > 0)) => (months + 1, days - 30),
        false => (months, days),
    };
    let (days, us) = same_sign(days, us, DAY_US);
    let months = i32::try_from(months).map_err(|_| interval_out_of_range())?;
    Ok(Interval::new(months, days as i32, us))
}

/// Lends one unit between a larger and a smaller field so that their signs agree.
fn same_sign(large: i64, small: i64, unit: i64) -> (i64, i64) {
    if large > 0 && small < 0 {
        (large - 1, small + unit)
    } else if large < 0 && small > 0 {
        (large + 1, small - unit)
    } else {
        (large, small)
    }
}

/// `date_bin`: the start of the stride-long bin, counted from the origin. Errors: 22008, 0A000.
pub fn date_bin(stride: &Interval, us: i64, origin: i64) -> Result<i64> {
    if is_infinite(us) {
        return Ok(us);
    }
    if is_infinite(origin) {
        return Err(ValueError::new("22008", "origin out of range"));
    }
    if stride.months != 0 {
        let message = "timestamps cannot be binned into intervals containing months or years";
        return Err(ValueError::unsupported(message));
    }
    let stride_us = i128::from(stride.days) * i128::from(DAY_US) + i128::from(stride.us);
    if stride_us <= 0 {
        return Err(ValueError::new("22008", "stride must be greater than zero"));
    }
    let distance = i128::from(us) - i128::from(origin);
    checked_timestamp(i128::from(origin) + distance.div_euclid(stride_us) * stride_us)
}

/// The difference in calendar fields: what `age(a, b)` shows. Errors: 22008.
pub fn symbolic_difference(a: i64, b: i64) -> Result<Interval> {
    if is_infinite(a) || is_infinite(b) {
        return Err(timestamp_out_of_range());
    }
    let (later, earlier, sign) = if a >= b {
        (civil(a), civil(b), 1)
    } else {
        (civil(b), civil(a), -1)
    };
    let mut us = later.us - earlier.us;
    let mut days = later.day - earlier.day;
    let mut months = (later.year - earlier.year) * 12 + later.month - earlier.month;
    if us < 0 {
        us += 24 * HOUR_US;
        days -= 1;
    }
    if days < 0 {
        // The borrowed month is the earlier date's.
        days += days_in_month(earlier.year, earlier.month);
        months -= 1;
    }
    let months = i32::try_from(months * sign).map_err(|_| interval_out_of_range())?;
    Ok(Interval::new(months, (days * sign) as i32, us * sign))
}

/// Midnight of the day.
pub(super) fn midnight(fields: Civil) -> i128 {
    Civil { us: 0, ..fields }.to_us()
}

/// First day of the ISO week holding this day.
pub(super) fn monday_of(days: i64) -> i64 {
    days - (super::calendar::day_of_week(days) + 6) % 7
}

/// Year, month and day of a date.
pub fn date_civil(date: i32) -> (i64, i64, i64) {
    civil_from_days(i64::from(date))
}
