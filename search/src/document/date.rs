//! Dates as documents and queries spell them: ISO 8601 in part or in full,
//! milliseconds since the epoch, and date math (`now-1d/d`, `2024-01-01||+1M`).
//!
//! Everything here is microseconds since the Unix epoch, UTC.

use stele_core::record::value::datetime::{self, days_in_month};

const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;
/// From 1970-01-01, where these dates begin, to 2000-01-01, where the core's do.
const EPOCH_DAYS: i64 = 10_957;

/// Reads a date: `strict_date_optional_time` or `epoch_millis`.
pub fn parse(text: &str) -> Option<i64> {
    let text = text.trim();
    let is_year = text.len() <= 4 && text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_year && let Ok(ms) = text.parse::<i64>() {
        return ms.checked_mul(1000);
    }
    let (date, time) = match text.split_once(['T', ' ']) {
        Some((date, time)) => (date, Some(time)),
        None => (text, None),
    };
    let mut parts = date.split('-');
    let year = number(parts.next()?, 4, 9999)?;
    let month = parts.next().map_or(Some(1), |part| number(part, 2, 12))?;
    let day = parts.next().map_or(Some(1), |part| number(part, 2, 31))?;
    if parts.next().is_some() || month == 0 || day == 0 || day > days_in_month(year, month) {
        return None;
    }
    let midnight = days_of(year, month, day) * DAY;
    match time {
        Some(time) if !time.is_empty() => Some(midnight + time_of_day(time)?),
        _ => Some(midnight),
    }
}

/// The last moment that a date means: `2024-02` ends with February.
pub fn parse_end(text: &str) -> Option<i64> {
    let start = parse(text)?;
    let (date, time) = text
        .trim()
        .split_once(['T', ' '])
        .unwrap_or((text.trim(), ""));
    let is_millis = date.len() > 4 && !date.contains('-');
    let unit = match (date.matches('-').count(), time) {
        _ if is_millis || time.contains('.') => return Some(start),
        (0, _) => 'y',
        (1, _) => 'M',
        (_, "") => 'd',
        (_, time) => match time
            .split(['Z', 'z', '+', '-'])
            .next()?
            .matches(':')
            .count()
        {
            0 => 'h',
            1 => 'm',
            _ => 's',
        },
    };
    add(start, 1, unit).map(|next| next - 1)
}

/// `10`, `10:30`, `10:30:15`, `10:30:15.123`, each perhaps with a zone.
fn time_of_day(text: &str) -> Option<i64> {
    let zone_at = text.find(['Z', 'z', '+', '-']);
    let (clock, zone) = text.split_at(zone_at.unwrap_or(text.len()));
    let (whole, fraction) = clock.split_once(['.', ',']).unwrap_or((clock, ""));
    let mut parts = whole.split(':');
    let hour = number(parts.next()?, 2, 24)?;
    let minute = parts.next().map_or(Some(0), |part| number(part, 2, 59))?;
    let second = parts.next().map_or(Some(0), |part| number(part, 2, 60))?;
    if parts.next().is_some() || fraction.len() > 9 {
        return None;
    }
    let mut micros = 0;
    if !fraction.is_empty() {
        let padded = format!("{fraction:0<9}");
        micros = number(&padded, 9, 999_999_999)? / 1000;
    }
    let offset = zone_offset(zone)?;
    Some(((hour * 60 + minute) * 60 + second) * SECOND + micros - offset)
}

/// How far a zone is ahead of UTC.
pub fn zone_offset(zone: &str) -> Option<i64> {
    if zone.is_empty() || zone.eq_ignore_ascii_case("z") || zone.eq_ignore_ascii_case("utc") {
        return Some(0);
    }
    let (sign, rest) = match zone.split_at_checked(1)? {
        ("+", rest) => (1, rest),
        ("-", rest) => (-1, rest),
        _ => return None,
    };
    let digits: String = rest.chars().filter(|letter| *letter != ':').collect();
    let (hour, minute) = match digits.len() {
        2 => (number(&digits, 2, 18)?, 0),
        4 => (
            number(digits.get(..2)?, 2, 18)?,
            number(digits.get(2..)?, 2, 59)?,
        ),
        _ => return None,
    };
    Some(sign * (hour * 60 + minute) * 60 * SECOND)
}

fn number(text: &str, length_max: usize, max: i64) -> Option<i64> {
    let is_digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number: i64 = (is_digits && text.len() <= length_max).then(|| text.parse().ok())??;
    (number <= max).then_some(number)
}

/// Days since 1970-01-01 of a date in the Gregorian calendar.
fn days_of(year: i64, month: i64, day: i64) -> i64 {
    datetime::days_from_civil(year, month, day) + EPOCH_DAYS
}

fn date_of(days: i64) -> (i64, i64, i64) {
    datetime::civil_from_days(days - EPOCH_DAYS)
}

/// Prints a date: `2024-01-31T10:00:00.000Z`, with microseconds where there are any.
pub fn print(micros: i64) -> String {
    let (year, month, day) = date_of(micros.div_euclid(DAY));
    let rest = micros.rem_euclid(DAY);
    let (seconds, fraction) = (rest / SECOND, rest % SECOND);
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let fraction = match fraction % 1000 {
        0 => format!("{:03}", fraction / 1000),
        _ => format!("{fraction:06}"),
    };
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{fraction}Z")
}

/// Reads a date with date math. `round_up` = a rounded moment means the end of
/// its unit, as the upper end of a range does.
pub fn parse_math(text: &str, now: i64, round_up: bool) -> Option<i64> {
    let (mut moment, mut math) = match text.strip_prefix("now") {
        Some(math) => (now, math),
        None => match text.split_once("||") {
            Some((date, math)) => (parse(date)?, math),
            None => return parse(text),
        },
    };
    while let Some(sign) = math.chars().next() {
        let rest = math.get(1..)?;
        let digits = rest.find(|letter: char| !letter.is_ascii_digit())?;
        let count: i64 = match rest.get(..digits)? {
            "" => 1,
            count => count.parse().ok()?,
        };
        let unit = rest.get(digits..)?.chars().next()?;
        moment = match sign {
            '+' => add(moment, count, unit)?,
            '-' => add(moment, count.checked_neg()?, unit)?,
            '/' if digits == 0 => {
                let start = floor(moment, unit)?;
                if round_up {
                    add(start, 1, unit)? - 1
                } else {
                    start
                }
            }
            _ => return None,
        };
        math = rest.get(digits + 1..)?;
    }
    Some(moment)
}

fn add(moment: i64, count: i64, unit: char) -> Option<i64> {
    let length = match unit {
        'y' => return add_months(moment, count.checked_mul(12)?),
        'M' => return add_months(moment, count),
        'w' => 7 * DAY,
        'd' => DAY,
        'h' | 'H' => 3600 * SECOND,
        'm' => 60 * SECOND,
        's' => SECOND,
        _ => return None,
    };
    moment.checked_add(count.checked_mul(length)?)
}

fn add_months(moment: i64, count: i64) -> Option<i64> {
    let (year, month, day) = date_of(moment.div_euclid(DAY));
    let months = (year * 12 + month - 1).checked_add(count)?;
    let (year, month) = (months.div_euclid(12), months.rem_euclid(12) + 1);
    let in_range = (0..=9999).contains(&year);
    let day = day.min(days_in_month(year, month));
    in_range.then(|| days_of(year, month, day) * DAY + moment.rem_euclid(DAY))
}

fn floor(moment: i64, unit: char) -> Option<i64> {
    let days = moment.div_euclid(DAY);
    let (year, month, _) = date_of(days);
    let length = match unit {
        'y' => return Some(days_of(year, 1, 1) * DAY),
        'M' => return Some(days_of(year, month, 1) * DAY),
        // 1970-01-01 was a Thursday; weeks begin on Monday.
        'w' => return Some((days - (days + 3).rem_euclid(7)) * DAY),
        'd' => DAY,
        'h' | 'H' => 3600 * SECOND,
        'm' => 60 * SECOND,
        's' => SECOND,
        _ => return None,
    };
    Some(moment.div_euclid(length) * length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_read_and_print() {
        for (text, printed) in [
            ("2024-02-29", "2024-02-29T00:00:00.000Z"),
            ("2024", "2024-01-01T00:00:00.000Z"),
            (
                "2024-05-06T07:08:09.123456+02:00",
                "2024-05-06T05:08:09.123456Z",
            ),
            ("1700000000123", "2023-11-14T22:13:20.123Z"),
            ("1969-12-31T23:59:59Z", "1969-12-31T23:59:59.000Z"),
        ] {
            assert_eq!(parse(text).map(print).as_deref(), Some(printed), "{text}");
        }
        for text in [
            "",
            "yesterday",
            "2024-13-01",
            "2023-02-29",
            "2024-01-01T25:00",
            "2024-1-1-1",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_rounded_date_ends_with_its_unit() {
        for (text, end) in [
            ("2024", "2024-12-31T23:59:59.999999Z"),
            ("2024-02", "2024-02-29T23:59:59.999999Z"),
            ("2024-02-03", "2024-02-03T23:59:59.999999Z"),
            ("2024-02-03T10:20:30Z", "2024-02-03T10:20:30.999999Z"),
            ("2024-02-03T10:20:30.5Z", "2024-02-03T10:20:30.500Z"),
        ] {
            assert_eq!(parse_end(text).map(print).as_deref(), Some(end), "{text}");
        }
    }

    #[test]
    fn date_math_adds_and_rounds() {
        let now = parse("2024-03-31T10:20:30Z").expect("a date");
        for (text, up, expected) in [
            ("now-1M/d", false, "2024-02-29T00:00:00.000Z"),
            ("now/w", false, "2024-03-25T00:00:00.000Z"),
            ("2024-01-31||+1M", false, "2024-02-29T00:00:00.000Z"),
            ("2024-01-01||/y", true, "2024-12-31T23:59:59.999999Z"),
        ] {
            assert_eq!(
                parse_math(text, now, up).map(print).as_deref(),
                Some(expected),
                "{text}"
            );
        }
        assert_eq!(parse_math("now+1q", now, false), None);
    }
}
