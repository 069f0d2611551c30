//! Offsets of time zones: from UTC, from local time, and by name.

use std::collections::HashMap;
use std::sync::LazyLock;

use chrono::{DateTime, Duration, LocalResult, NaiveDateTime, Offset, TimeZone};
use chrono_tz::Tz;

use super::UNIX_EPOCH_OFFSET_US;
use super::calendar::SECOND_US;
use crate::record::value::error::{Result, ValueError};
use crate::record::value::settings::Zone;

/// Seconds the zone database is asked about at most, either side of 1970.
const UNIX_SECONDS_MAX: i64 = 200_000 * 366 * 86_400;

/// Common abbreviations, in seconds east; the database knows zones, not these.
const ABBREVIATIONS: &[(&str, i32)] = &[
    ("z", 0),
    ("utc", 0),
    ("ut", 0),
    ("gmt", 0),
    ("zulu", 0),
    ("wet", 0),
    ("bst", 3600),
    ("cet", 3600),
    ("met", 3600),
    ("west", 3600),
    ("cest", 7200),
    ("eet", 7200),
    ("eest", 10_800),
    ("msk", 10_800),
    ("jst", 32_400),
    ("kst", 32_400),
    ("est", -18_000),
    ("edt", -14_400),
    ("cst", -21_600),
    ("cdt", -18_000),
    ("mst", -25_200),
    ("mdt", -21_600),
    ("pst", -28_800),
    ("pdt", -25_200),
];

/// Every zone by its name in lower case.
static ZONES: LazyLock<HashMap<String, Tz>> = LazyLock::new(|| {
    let zones = chrono_tz::TZ_VARIANTS.iter();
    zones
        .map(|zone| (zone.name().to_ascii_lowercase(), *zone))
        .collect()
});

impl Zone {
    /// A zone by IANA name, abbreviation, or POSIX offset, which counts west: `UTC+3`, `-03:30`.
    ///
    /// What `AT TIME ZONE` reads. Errors: 22023.
    pub fn from_name(name: &str) -> Result<Zone> {
        let trimmed = name.trim();
        if let Some(zone) = named(&trimmed.to_ascii_lowercase()) {
            return Ok(zone);
        }
        let offset = trimmed.trim_start_matches(|c: char| c.is_ascii_alphabetic());
        let letters = trimmed.len() - offset.len();
        let signed =
            offset.starts_with(['+', '-']) || offset.starts_with(|c: char| c.is_ascii_digit());
        match parse_offset(offset) {
            Some(seconds) if signed && letters != 1 && letters != 2 => Ok(Zone::Fixed(-seconds)),
            _ => Err(not_recognized(name)),
        }
    }

    /// A zone as `SET TimeZone` reads it: a bare number is hours east. Errors: 22023.
    pub fn from_setting(text: &str) -> Result<Zone> {
        match text.trim().parse::<f64>() {
            Ok(hours) if hours.abs() < 16.0 => Ok(Zone::Fixed((hours * 3600.0) as i32)),
            Ok(_) => Err(not_recognized(text)),
            Err(_) => Zone::from_name(text),
        }
    }

    /// Seconds east of UTC at this instant.
    pub fn offset_at(&self, utc_us: i64) -> i32 {
        match self {
            Zone::Fixed(seconds) => *seconds,
            Zone::Named(Tz::UTC) => 0,
            Zone::Named(zone) => zone
                .offset_from_utc_datetime(&naive(utc_us))
                .fix()
                .local_minus_utc(),
        }
    }

    /// Seconds east of UTC at this local time. A repeated hour is taken as its second pass
    /// (standard time), a skipped one by the offset before the jump.
    pub fn offset_of_local(&self, local_us: i64) -> i32 {
        let zone = match self {
            Zone::Fixed(seconds) => return *seconds,
            Zone::Named(Tz::UTC) => return 0,
            Zone::Named(zone) => zone,
        };
        let local = naive(local_us);
        match zone.offset_from_local_datetime(&local) {
            LocalResult::Single(offset) => offset.fix().local_minus_utc(),
            LocalResult::Ambiguous(_, later) => later.fix().local_minus_utc(),
            LocalResult::None => {
                let before = local
                    .checked_sub_signed(Duration::hours(24))
                    .unwrap_or(local);
                zone.offset_from_utc_datetime(&before)
                    .fix()
                    .local_minus_utc()
            }
        }
    }

    /// Local time to UTC. The infinities stay. Errors: 22008.
    pub fn to_utc(&self, local_us: i64) -> Result<i64> {
        if super::is_infinite(local_us) {
            return Ok(local_us);
        }
        let offset = i128::from(self.offset_of_local(local_us)) * i128::from(SECOND_US);
        super::checked_timestamp(i128::from(local_us) - offset)
    }

    /// UTC to local time. The infinities stay. Errors: 22008.
    pub fn to_local(&self, utc_us: i64) -> Result<i64> {
        if super::is_infinite(utc_us) {
            return Ok(utc_us);
        }
        let offset = i128::from(self.offset_at(utc_us)) * i128::from(SECOND_US);
        super::checked_timestamp(i128::from(utc_us) + offset)
    }

    /// The zone's abbreviation at this instant: `CET`, or the offset when it has none.
    pub fn abbreviation(&self, utc_us: i64) -> String {
        match self {
            Zone::Named(zone) => zone.offset_from_utc_datetime(&naive(utc_us)).to_string(),
            Zone::Fixed(_) => super::print::offset_text(self.offset_at(utc_us)),
        }
    }
}

fn naive(us: i64) -> NaiveDateTime {
    let seconds = us.div_euclid(SECOND_US) + UNIX_EPOCH_OFFSET_US / SECOND_US;
    let seconds = seconds.clamp(-UNIX_SECONDS_MAX, UNIX_SECONDS_MAX);
    DateTime::from_timestamp(seconds, 0)
        .unwrap_or_default()
        .naive_utc()
}

fn not_recognized(name: &str) -> ValueError {
    ValueError::new("22023", format!("time zone \"{name}\" not recognized"))
}

/// A zone or abbreviation, in lower case.
pub(super) fn named(lower: &str) -> Option<Zone> {
    if matches!(
        lower,
        "utc" | "gmt" | "z" | "zulu" | "etc/utc" | "universal"
    ) {
        return Some(Zone::Named(Tz::UTC));
    }
    if let Some((_, seconds)) = ABBREVIATIONS.iter().find(|(name, _)| *name == lower) {
        return Some(Zone::Fixed(*seconds));
    }
    ZONES.get(lower).copied().map(Zone::Named)
}

/// `+02`, `-0330`, `+05:30:15` in seconds; up to 15:59:59 either side.
pub(super) fn parse_offset(text: &str) -> Option<i32> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let parts: Vec<&str> = match digits.contains(':') {
        true => digits.split(':').collect(),
        false if digits.len() > 4 => vec![digits.get(..2)?, digits.get(2..4)?, digits.get(4..)?],
        false if digits.len() > 2 => {
            let split = digits.len() - 2;
            vec![digits.get(..split)?, digits.get(split..)?]
        }
        false => vec![digits],
    };
    let mut seconds = 0;
    let mut unit = 3600;
    for part in &parts {
        if part.is_empty() || part.len() > 2 || !part.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        seconds += part.parse::<i32>().ok()? * unit;
        unit /= 60;
    }
    let fits = parts.len() <= 3 && seconds < 16 * 3600;
    fits.then_some(if negative { -seconds } else { seconds })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::value::datetime::{DAY_US, HOUR_US, MINUTE_US, days_from_civil};

    #[test]
    fn skipped_and_repeated_hours_resolve_as_postgres_does() {
        let zone = Zone::from_name("America/New_York").unwrap();
        let skipped = days_from_civil(2021, 3, 14) * DAY_US + 2 * HOUR_US + 30 * MINUTE_US;
        assert_eq!(zone.offset_of_local(skipped), -5 * 3600);
        let repeated = days_from_civil(2021, 11, 7) * DAY_US + HOUR_US + 30 * MINUTE_US;
        assert_eq!(zone.offset_of_local(repeated), -5 * 3600);
    }

    #[test]
    fn offsets_read_in_every_spelling() {
        assert_eq!(parse_offset("+02"), Some(7200));
        assert_eq!(parse_offset("-0330"), Some(-12_600));
        assert_eq!(parse_offset("+5:30"), Some(19_800));
        assert_eq!(parse_offset("+99"), None);
    }
}
