//! The proleptic Gregorian calendar, counted in days from 2000-01-01.

use super::{DATE_END, DATE_MIN};
use crate::record::value::error::{Result, ValueError};

/// Microseconds in a second.
pub const SECOND_US: i64 = 1_000_000;
/// Microseconds in a minute.
pub const MINUTE_US: i64 = 60 * SECOND_US;
/// Microseconds in an hour.
pub const HOUR_US: i64 = 60 * MINUTE_US;
/// Microseconds in a day of 24 hours.
pub const DAY_US: i64 = 24 * HOUR_US;

/// Days from 0000-03-01 to 2000-01-01.
const ERA_OFFSET: i64 = 730_425;

/// A timestamp in calendar fields. Year 0 is 1 BC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Civil {
    /// Astronomical year.
    pub year: i64,
    /// 1 to 12.
    pub month: i64,
    /// 1 to 31.
    pub day: i64,
    /// Microseconds since midnight.
    pub us: i64,
}

/// Days from 2000-01-01 to this date; months outside 1..=12 must be normalised first.
pub fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    // Years start in March, so that the leap day is the last.
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - ERA_OFFSET
}

/// Years further from year 0 than this are beyond every type.
pub(crate) const YEAR_MAX: i64 = 6_000_000;

/// The date this many days from 2000-01-01: year, month, day.
pub fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + ERA_OFFSET;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

/// The calendar fields of a finite timestamp.
pub fn civil(us: i64) -> Civil {
    let (year, month, day) = civil_from_days(us.div_euclid(DAY_US));
    Civil {
        year,
        month,
        day,
        us: us.rem_euclid(DAY_US),
    }
}

impl Civil {
    /// The timestamp of these fields, unchecked against the type's range.
    pub fn to_us(self) -> i128 {
        let days = days_from_civil(self.year, self.month, self.day);
        i128::from(days) * i128::from(DAY_US) + i128::from(self.us)
    }
}

/// Days in a month of 1 to 12.
pub fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// 0 for Sunday to 6 for Saturday.
pub fn day_of_week(days: i64) -> i64 {
    // 2000-01-01 was a Saturday.
    (days + 6).rem_euclid(7)
}

/// 1 for the first of January.
pub fn day_of_year(days: i64) -> i64 {
    let (year, _, _) = civil_from_days(days);
    days - days_from_civil(year, 1, 1) + 1
}

/// ISO year and week: weeks start on Monday, week 1 has the year's first Thursday.
pub fn iso_week(days: i64) -> (i64, i64) {
    let weekday = (day_of_week(days) + 6) % 7;
    let thursday = days - weekday + 3;
    let (year, _, _) = civil_from_days(thursday);
    (year, (thursday - days_from_civil(year, 1, 1)) / 7 + 1)
}

/// `make_date`: a negative year is BC. Errors: 22008.
pub fn make_date(year: i64, month: i64, day: i64) -> Result<i32> {
    let bad = || {
        let message = format!("date field value out of range: {year}-{month:02}-{day:02}");
        ValueError::new("22008", message)
    };
    let astronomical = if year < 0 { year + 1 } else { year };
    let in_calendar = (1..=12).contains(&month) && day >= 1 && year != 0;
    if !in_calendar || day > days_in_month(astronomical, month) {
        return Err(bad());
    }
    let days = days_from_civil(astronomical, month, day);
    match i32::try_from(days) {
        Ok(date) if (DATE_MIN..DATE_END).contains(&days) => Ok(date),
        _ => {
            let message = format!("date out of range: {year}-{month:02}-{day:02}");
            Err(ValueError::new("22008", message))
        }
    }
}

/// `make_timestamp`. Errors: 22008.
pub fn make_timestamp(date: (i64, i64, i64), hour: i64, minute: i64, second: f64) -> Result<i64> {
    let days = make_date(date.0, date.1, date.2)?;
    let time = make_time(hour, minute, second)?;
    super::checked_timestamp(i128::from(days) * i128::from(DAY_US) + i128::from(time))
}

/// `make_time`: 24:00:00 and second 60 are allowed. Errors: 22008.
pub fn make_time(hour: i64, minute: i64, second: f64) -> Result<i64> {
    let us = (second * SECOND_US as f64).round_ties_even();
    let fits = (0..=24).contains(&hour)
        && (0..60).contains(&minute)
        && (0.0..=60.0 * SECOND_US as f64).contains(&us);
    let total = if fits {
        hour * HOUR_US + minute * MINUTE_US + us as i64
    } else {
        i64::MAX
    };
    if total > DAY_US {
        let message = format!("time field value out of range: {hour}:{minute:02}:{second:02}");
        return Err(ValueError::new("22008", message));
    }
    Ok(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_dates_are_inverse() {
        assert_eq!(days_from_civil(2000, 1, 1), 0);
        assert_eq!(days_from_civil(1970, 1, 1), -10_957);
        assert_eq!(days_from_civil(-4713, 11, 24), DATE_MIN);
        assert_eq!(days_from_civil(5_874_898, 1, 1), DATE_END);
        for days in (-2_451_545..4_000_000).step_by(997) {
            let (year, month, day) = civil_from_days(days);
            assert_eq!(days_from_civil(year, month, day), days);
        }
    }

    #[test]
    fn iso_weeks_belong_to_the_year_of_their_thursday() {
        assert_eq!(iso_week(days_from_civil(2021, 1, 1)), (2020, 53));
        assert_eq!(iso_week(days_from_civil(2018, 12, 31)), (2019, 1));
    }
}
