//! # Dates and times: the calendar, zones, and their text
//!
//! **What.** `date`, `time`, `timestamp`, `timestamptz` and `interval`: how they read, print,
//! add up, truncate and fall into fields.
//!
//! **Why.** Values reach from 4714 BC to the year 294276, further than calendar crates go,
//! and each input form and rounding is visible to SQL.
//!
//! **How.** `calendar.rs` counts days since 2000-01-01; `zone.rs` asks the IANA database for
//! offsets; `scan.rs` splits input into fields which `parse.rs` assembles; `print.rs` prints;
//! `interval.rs` and `interval_text.rs` do the same for intervals; `arithmetic.rs` adds and
//! subtracts; `fields.rs` extracts and truncates.
//!
//! **Limits.** ISO output only. Zone rules beyond the crate's range repeat its last offset.
//!
//! **Further reading.** PostgreSQL manual, 8.5 and appendix B; Hinnant, "chrono-compatible
//! low-level date algorithms".

pub mod arithmetic;
mod calendar;
mod fields;
mod interval;
mod interval_text;
mod parse;
mod print;
mod scan;
mod zone;

pub(crate) use calendar::YEAR_MAX;
pub use calendar::{
    Civil, DAY_US, HOUR_US, MINUTE_US, SECOND_US, civil, civil_from_days, day_of_week, day_of_year,
    days_from_civil, days_in_month, iso_week, make_date, make_time, make_timestamp,
};
pub use fields::{age, extract, truncate};
pub use interval::Interval;
pub use interval_text::{parse_interval, print_interval};
pub use parse::{parse_date, parse_time, parse_timestamp, parse_timestamptz, special};
pub use print::{print_date, print_time, print_timestamp, print_timestamptz};

use super::error::{Result, ValueError};

/// Microseconds from 1970-01-01 to 2000-01-01.
pub const UNIX_EPOCH_OFFSET_US: i64 = 946_684_800_000_000;
/// Days from 1970-01-01 to 2000-01-01.
pub const UNIX_EPOCH_OFFSET_DAYS: i32 = 10_957;
/// First microsecond a timestamp may hold: 4714-11-24 BC.
pub const TIMESTAMP_MIN: i64 = -211_813_488_000_000_000;
/// First microsecond past the last timestamp: 294277-01-01.
pub const TIMESTAMP_END: i64 = 9_223_371_331_200_000_000;
/// First day a date may hold.
pub const DATE_MIN: i64 = -2_451_545;
/// First day past the last date.
pub const DATE_END: i64 = 2_145_031_949;

/// A timestamp within the type's range. Errors: 22008.
pub fn checked_timestamp(us: i128) -> Result<i64> {
    match i64::try_from(us) {
        Ok(us) if (TIMESTAMP_MIN..TIMESTAMP_END).contains(&us) => Ok(us),
        _ => Err(timestamp_out_of_range()),
    }
}

/// A date within the type's range. Errors: 22008.
pub fn checked_date(days: i64) -> Result<i32> {
    match i32::try_from(days) {
        Ok(day) if (DATE_MIN..DATE_END).contains(&days) => Ok(day),
        _ => Err(ValueError::new("22008", "date out of range")),
    }
}

/// 22008 `timestamp out of range`.
pub fn timestamp_out_of_range() -> ValueError {
    ValueError::new("22008", "timestamp out of range")
}

/// 22008 `interval out of range`.
pub fn interval_out_of_range() -> ValueError {
    ValueError::new("22008", "interval out of range")
}

/// Whether the timestamp is one of the infinities.
pub fn is_infinite(us: i64) -> bool {
    us == i64::MAX || us == i64::MIN
}

/// Rounds microseconds to this many fraction digits, half away from zero.
pub fn round_us(us: i64, digits: u32) -> i64 {
    if is_infinite(us) || digits >= 6 {
        return us;
    }
    let unit = 10i64.pow(6 - digits);
    let half = unit / 2;
    let shifted = if us < 0 {
        us.saturating_sub(half)
    } else {
        us.saturating_add(half)
    };
    shifted / unit * unit
}
