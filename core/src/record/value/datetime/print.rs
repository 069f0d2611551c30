//! Prints dates and times in ISO form.

use std::fmt::Write;

use super::calendar::{DAY_US, HOUR_US, MINUTE_US, SECOND_US, civil_from_days};
use crate::record::value::settings::Zone;

/// `2020-01-02`, `0044-03-15 BC`, `infinity`.
pub fn print_date(days: i32, out: &mut String) {
    match days {
        i32::MAX => out.push_str("infinity"),
        i32::MIN => out.push_str("-infinity"),
        days => {
            let era = date_fields(i64::from(days), out);
            out.push_str(era);
        }
    }
}

/// Prints the date; returns the era to append at the end.
fn date_fields(days: i64, out: &mut String) -> &'static str {
    let (year, month, day) = civil_from_days(days);
    let (shown, era) = if year > 0 {
        (year, "")
    } else {
        (1 - year, " BC")
    };
    // Writing to a string cannot fail.
    let _ = write!(out, "{shown:04}-{month:02}-{day:02}");
    era
}

/// `10:20:30.5`.
pub fn print_time(us: i64, out: &mut String) {
    let (hour, minute) = (us / HOUR_US, us % HOUR_US / MINUTE_US);
    let _ = write!(out, "{hour:02}:{minute:02}:");
    print_seconds(us % MINUTE_US, out);
}

/// `07.25`: two digits and a fraction without trailing zeros.
pub(super) fn print_seconds(us: i64, out: &mut String) {
    let (seconds, fraction) = (us / SECOND_US, us % SECOND_US);
    let _ = write!(out, "{seconds:02}");
    if fraction != 0 {
        let digits = format!("{fraction:06}");
        let _ = write!(out, ".{}", digits.trim_end_matches('0'));
    }
}

/// `2020-01-02 10:20:30.5`.
pub fn print_timestamp(us: i64, out: &mut String) {
    print_with_offset(us, None, out);
}

/// `2020-01-02 10:20:30.5+01`.
pub fn print_timestamptz(us: i64, zone: &Zone, out: &mut String) {
    let offset = zone.offset_at(us);
    let local = match super::is_infinite(us) {
        true => us,
        false => us.saturating_add(i64::from(offset) * SECOND_US),
    };
    print_with_offset(local, Some(offset), out);
}

fn print_with_offset(us: i64, offset: Option<i32>, out: &mut String) {
    match us {
        i64::MAX => return out.push_str("infinity"),
        i64::MIN => return out.push_str("-infinity"),
        _ => {}
    }
    let era = date_fields(us.div_euclid(DAY_US), out);
    out.push(' ');
    print_time(us.rem_euclid(DAY_US), out);
    if let Some(offset) = offset {
        out.push_str(&offset_text(offset));
    }
    out.push_str(era);
}

/// `+01`, `-03:30`, `+00:00:15`.
pub(super) fn offset_text(offset: i32) -> String {
    let sign = if offset < 0 { '-' } else { '+' };
    let offset = offset.abs();
    let mut text = format!("{sign}{:02}", offset / 3600);
    if offset % 3600 != 0 {
        let _ = write!(text, ":{:02}", offset % 3600 / 60);
    }
    if offset % 60 != 0 {
        let _ = write!(text, ":{:02}", offset % 60);
    }
    text
}
