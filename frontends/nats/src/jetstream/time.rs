//! Times and durations as Go writes and reads them.

use chrono::{DateTime, SecondsFormat, Utc};

/// Nanoseconds since the Unix epoch as text, UTC.
#[must_use]
pub fn rfc3339(ns: u64) -> String {
    let seconds = i64::try_from(ns / 1_000_000_000).unwrap_or(0);
    let rest = u32::try_from(ns % 1_000_000_000).unwrap_or(0);
    match DateTime::<Utc>::from_timestamp(seconds, rest) {
        Some(time) if ns > 0 => time.to_rfc3339_opts(SecondsFormat::AutoSi, true),
        _ => "0001-01-01T00:00:00Z".to_owned(),
    }
}

/// Reads a time; nanoseconds since the Unix epoch, 0 for anything before it.
#[must_use]
pub fn parse_rfc3339(text: &str) -> Option<u64> {
    let time = DateTime::parse_from_rfc3339(text).ok()?;
    Some(
        time.timestamp_nanos_opt()
            .map_or(0, |ns| u64::try_from(ns).unwrap_or(0)),
    )
}

/// A duration as Go prints it: `1h2m3.5s`. Below a second: `500ms`.
#[must_use]
pub fn go_duration(ns: u64) -> String {
    let (seconds, rest) = (ns / 1_000_000_000, ns % 1_000_000_000);
    if seconds == 0 && rest > 0 && rest % 1_000_000 == 0 {
        return format!("{}ms", rest / 1_000_000);
    }
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let fraction = match rest {
        0 => String::new(),
        rest => format!(".{rest:09}").trim_end_matches('0').to_owned(),
    };
    match (hours, minutes) {
        (0, 0) => format!("{seconds}{fraction}s"),
        (0, minutes) => format!("{minutes}m{seconds}{fraction}s"),
        (hours, minutes) => format!("{hours}h{minutes}m{seconds}{fraction}s"),
    }
}

/// Reads a duration as Go spells it (`1h2m3.5s`); nanoseconds.
#[must_use]
pub fn parse_duration(text: &str) -> Option<u64> {
    let mut rest = text.trim();
    let mut total = 0f64;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|letter: char| !letter.is_ascii_digit() && letter != '.')?;
        let number: f64 = rest.get(..digits)?.parse().ok()?;
        rest = rest.get(digits..)?;
        let unit_end = rest
            .find(|letter: char| letter.is_ascii_digit() || letter == '.')
            .unwrap_or(rest.len());
        let unit = match rest.get(..unit_end)? {
            "ns" => 1f64,
            "us" | "µs" => 1e3,
            "ms" => 1e6,
            "s" => 1e9,
            "m" => 60e9,
            "h" => 3600e9,
            _ => return None,
        };
        total += number * unit;
        rest = rest.get(unit_end..)?;
    }
    // Saturates at both ends.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    Some(total as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_gos() {
        assert_eq!(parse_duration("1.5s"), Some(1_500_000_000));
        assert_eq!(parse_duration("1m2ms"), Some(60_002_000_000));
        assert_eq!(parse_duration("5"), None);
        assert_eq!(parse_duration(""), None);
        for text in ["1.5s", "10s", "1m30s", "1h0m0s"] {
            assert_eq!(go_duration(parse_duration(text).unwrap_or(0)), text);
        }
    }

    #[test]
    fn times_come_back() {
        let ns = 1_795_330_017_918_076_303;
        assert_eq!(parse_rfc3339(&rfc3339(ns)), Some(ns));
        assert_eq!(rfc3339(0), "0001-01-01T00:00:00Z");
    }
}
