//! Reads and prints intervals.

use std::fmt::Write;

use super::calendar::{DAY_US, HOUR_US, MINUTE_US, SECOND_US};
use super::interval::Interval;
use super::parse::seconds_us;
use super::print::print_seconds;
use crate::record::value::error::{Result, ValueError};
use crate::record::value::settings::IntervalStyle;

/// Reads `1 year 2 days 03:04:05`, `1-2`, `P1Y2DT3H`, `@ 1 day ago`. Errors: 22007, 22015.
pub fn parse_interval(text: &str) -> Result<Interval> {
    let trimmed = text.trim();
    let mut sum = Sum::default();
    let understood = match trimmed.strip_prefix(['P', 'p']) {
        Some(iso) => parse_iso(iso, &mut sum),
        None => parse_words(trimmed, &mut sum),
    };
    match understood {
        Some(()) => sum.finish().ok_or_else(|| field_overflow(text)),
        None => Err(ValueError {
            code: "22007",
            ..ValueError::syntax("interval", text)
        }),
    }
}

fn field_overflow(text: &str) -> ValueError {
    let message = format!("interval field value out of range: \"{text}\"");
    ValueError::new("22015", message)
}

/// The interval being added up, wide enough for any input.
#[derive(Default)]
struct Sum {
    months: f64,
    days: i128,
    us: i128,
}

impl Sum {
    fn finish(self) -> Option<Interval> {
        let months = self.months;
        if months.abs() > f64::from(i32::MAX) {
            return None;
        }
        let days = i32::try_from(self.days).ok()?;
        Some(Interval::new(
            months as i32,
            days,
            i64::try_from(self.us).ok()?,
        ))
    }

    fn negate(&mut self) {
        *self = Sum {
            months: -self.months,
            days: -self.days,
            us: -self.us,
        };
    }

    /// Adds a number of units; fractions spill into the smaller fields.
    fn add(&mut self, amount: Amount, unit: Unit) {
        match unit {
            Unit::Months(count) => self.add_months(amount, count),
            Unit::Days(count) => self.add_days(amount, count),
            Unit::Us(count) => self.us += amount.scaled(count),
        }
    }

    fn add_months(&mut self, amount: Amount, count: i64) {
        self.months += amount.whole as f64 * count as f64;
        let rest = amount.fraction() * count as f64;
        if count >= 12 {
            // Years and more: a fraction is rounded to whole months.
            self.months += rest.round_ties_even();
        } else {
            self.spill_days(rest * 30.0);
        }
    }

    fn add_days(&mut self, amount: Amount, count: i64) {
        self.days += i128::from(amount.whole) * i128::from(count);
        self.spill_days(amount.fraction() * count as f64);
    }

    fn spill_days(&mut self, days: f64) {
        self.days += days.trunc() as i128;
        self.us += (days.fract() * DAY_US as f64).round_ties_even() as i128;
    }
}

/// A signed decimal: whole part and millionths of millionths, of one sign.
#[derive(Clone, Copy)]
struct Amount {
    whole: i64,
    pico: i64,
}

const PICO: i64 = 1_000_000_000_000;

impl Amount {
    fn parse(text: &str) -> Option<Amount> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        if whole.is_empty() && fraction.is_empty() {
            return None;
        }
        if !whole
            .bytes()
            .chain(fraction.bytes())
            .all(|b| b.is_ascii_digit())
        {
            return None;
        }
        let whole: i64 = if whole.is_empty() {
            0
        } else {
            whole.parse().ok()?
        };
        let padded = format!("{fraction:0<12}");
        let pico: i64 = padded.get(..12)?.parse().ok()?;
        Some(match negative {
            true => Amount {
                whole: -whole,
                pico: -pico,
            },
            false => Amount { whole, pico },
        })
    }

    fn fraction(self) -> f64 {
        self.pico as f64 / PICO as f64
    }

    fn scaled(self, count: i64) -> i128 {
        let fraction = (self.fraction() * count as f64).round_ties_even();
        i128::from(self.whole) * i128::from(count) + fraction as i128
    }
}

#[derive(Clone, Copy)]
enum Unit {
    Months(i64),
    Days(i64),
    Us(i64),
}

fn unit_of(word: &str) -> Option<Unit> {
    Some(match word.to_ascii_lowercase().as_str() {
        "us" | "usec" | "usecs" | "usecond" | "useconds" | "microsecond" | "microseconds" => {
            Unit::Us(1)
        }
        "ms" | "msec" | "msecs" | "msecond" | "mseconds" | "millisecond" | "milliseconds" => {
            Unit::Us(1_000)
        }
        "s" | "sec" | "secs" | "second" | "seconds" => Unit::Us(SECOND_US),
        "m" | "min" | "mins" | "minute" | "minutes" => Unit::Us(MINUTE_US),
        "h" | "hr" | "hrs" | "hour" | "hours" => Unit::Us(HOUR_US),
        "d" | "day" | "days" => Unit::Days(1),
        "w" | "week" | "weeks" => Unit::Days(7),
        "mon" | "mons" | "month" | "months" => Unit::Months(1),
        "y" | "yr" | "yrs" | "year" | "years" => Unit::Months(12),
        "dec" | "decs" | "decade" | "decades" => Unit::Months(120),
        "c" | "cent" | "century" | "centuries" => Unit::Months(1_200),
        "mil" | "mils" | "millennia" | "millennium" => Unit::Months(12_000),
        _ => return None,
    })
}

fn parse_words(text: &str, sum: &mut Sum) -> Option<()> {
    let tokens = tokens(text.strip_prefix('@').unwrap_or(text))?;
    let mut tokens = tokens.into_iter().peekable();
    tokens.peek()?;
    while let Some(token) = tokens.next() {
        if token.eq_ignore_ascii_case("ago") {
            sum.negate();
            return tokens.next().is_none().then_some(());
        }
        if token.contains(':') {
            sum.us = sum.us.saturating_add(clock(token)?);
        } else if let Some((years, months)) = year_month(token) {
            sum.months += years * 12.0 + months;
        } else {
            let amount = Amount::parse(token)?;
            let unit = match tokens.peek() {
                Some(word) if !word.eq_ignore_ascii_case("ago") && unit_of(word).is_some() => {
                    tokens.next().and_then(unit_of)?
                }
                // A number alone: days before a clock time, seconds at the end.
                Some(next) if next.contains(':') => Unit::Days(1),
                Some(word) if !word.eq_ignore_ascii_case("ago") => return None,
                _ => Unit::Us(SECOND_US),
            };
            sum.add(amount, unit);
        }
    }
    Some(())
}

/// Numbers (with signs, points, colons) and words, split where one turns into the other.
fn tokens(text: &str) -> Option<Vec<&str>> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == ',');
    while let Some(first) = rest.chars().next() {
        let word = first.is_ascii_alphabetic();
        let number = first.is_ascii_digit() || matches!(first, '+' | '-' | '.');
        if !word && !number {
            return None;
        }
        let end = rest
            .char_indices()
            .skip(1)
            .find(|(_, c)| match word {
                true => !c.is_ascii_alphabetic(),
                false => !(c.is_ascii_digit() || matches!(c, '.' | ':' | '-')),
            })
            .map_or(rest.len(), |(at, _)| at);
        let (token, after) = rest.split_at(end);
        tokens.push(token);
        rest = after.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == ',');
    }
    Some(tokens)
}

/// `[-]hh:mm[:ss[.f]]` in microseconds.
fn clock(token: &str) -> Option<i128> {
    let (negative, body) = match token.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, token.strip_prefix('+').unwrap_or(token)),
    };
    let parts: Vec<&str> = body.split(':').collect();
    let (hour, minute, second) = match *parts.as_slice() {
        [minute, second] if second.contains('.') => ("0", minute, second),
        [hour, minute] => (hour, minute, "0"),
        [hour, minute, second] => (hour, minute, second),
        _ => return None,
    };
    let (hour, minute) = (hour.parse::<i64>().ok()?, minute.parse::<i64>().ok()?);
    let second = seconds_us(second)?;
    if minute > 59 || second >= MINUTE_US {
        // Too large a sum is how `finish` learns of a field out of range.
        return Some(i128::MAX / 4);
    }
    let us = i128::from(hour) * i128::from(HOUR_US) + i128::from(minute * MINUTE_US + second);
    Some(if negative { -us } else { us })
}

/// `1-2`: years and months.
fn year_month(token: &str) -> Option<(f64, f64)> {
    let (negative, body) = match token.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, token.strip_prefix('+').unwrap_or(token)),
    };
    let (years, months) = body.split_once('-')?;
    let (years, months) = (years.parse::<u32>().ok()?, months.parse::<u32>().ok()?);
    if months > 11 {
        return None;
    }
    let sign = if negative { -1.0 } else { 1.0 };
    Some((f64::from(years) * sign, f64::from(months) * sign))
}

/// The designator form after `P`: `1Y2M3DT4H5M6.7S`, `2W`.
fn parse_iso(text: &str, sum: &mut Sum) -> Option<()> {
    let mut in_time = false;
    let mut rest = text;
    let mut any = false;
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix(['T', 't']) {
            in_time = true;
            rest = after;
            continue;
        }
        let end = rest.find(|c: char| c.is_ascii_alphabetic())?;
        let (number, after) = rest.split_at(end);
        let amount = Amount::parse(number)?;
        let unit = match (after.chars().next()?.to_ascii_uppercase(), in_time) {
            ('Y', false) => Unit::Months(12),
            ('M', false) => Unit::Months(1),
            ('W', false) => Unit::Days(7),
            ('D', false) => Unit::Days(1),
            ('H', true) => Unit::Us(HOUR_US),
            ('M', true) => Unit::Us(MINUTE_US),
            ('S', true) => Unit::Us(SECOND_US),
            _ => return None,
        };
        sum.add(amount, unit);
        any = true;
        rest = after.get(1..)?;
    }
    any.then_some(())
}

/// Prints an interval in the session's style.
pub fn print_interval(interval: &Interval, style: IntervalStyle, out: &mut String) {
    match style {
        IntervalStyle::Postgres => print_postgres(interval, out),
        IntervalStyle::Iso8601 => print_iso(interval, out),
    }
}

fn print_postgres(interval: &Interval, out: &mut String) {
    let start = out.len();
    let mut before = false;
    let (years, months) = (interval.months / 12, interval.months % 12);
    for (value, unit) in [(years, "year"), (months, "mon"), (interval.days, "day")] {
        if value == 0 {
            continue;
        }
        let space = if out.len() > start { " " } else { "" };
        let plus = if before && value > 0 { "+" } else { "" };
        let plural = if value == 1 { "" } else { "s" };
        // Writing to a string cannot fail.
        let _ = write!(out, "{space}{plus}{value} {unit}{plural}");
        before = value < 0;
    }
    let empty = out.len() == start;
    if !empty && interval.us == 0 {
        return;
    }
    let sign = match (interval.us < 0, before) {
        (true, _) => "-",
        (false, true) => "+",
        (false, false) => "",
    };
    let us = i128::from(interval.us).unsigned_abs() as i128;
    let (hours, rest) = (us / i128::from(HOUR_US), (us % i128::from(HOUR_US)) as i64);
    let space = if empty { "" } else { " " };
    let _ = write!(out, "{space}{sign}{hours:02}:{:02}:", rest / MINUTE_US);
    print_seconds(rest % MINUTE_US, out);
}

fn print_iso(interval: &Interval, out: &mut String) {
    out.push('P');
    let start = out.len();
    let (years, months) = (interval.months / 12, interval.months % 12);
    for (value, unit) in [(years, 'Y'), (months, 'M'), (interval.days, 'D')] {
        if value != 0 {
            let _ = write!(out, "{value}{unit}");
        }
    }
    if interval.us == 0 {
        if out.len() == start {
            out.push_str("T0S");
        }
        return;
    }
    out.push('T');
    let (hours, minutes) = (interval.us / HOUR_US, interval.us % HOUR_US / MINUTE_US);
    for (value, unit) in [(hours, 'H'), (minutes, 'M')] {
        if value != 0 {
            let _ = write!(out, "{value}{unit}");
        }
    }
    let rest = interval.us % MINUTE_US;
    if rest != 0 {
        let sign = if rest < 0 { "-" } else { "" };
        let (seconds, fraction) = (rest.abs() / SECOND_US, rest.abs() % SECOND_US);
        let _ = write!(out, "{sign}{seconds}");
        if fraction != 0 {
            let digits = format!("{fraction:06}");
            let _ = write!(out, ".{}", digits.trim_end_matches('0'));
        }
        out.push('S');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn again(text: &str) -> String {
        let mut out = String::new();
        print_interval(
            &parse_interval(text).unwrap(),
            IntervalStyle::Postgres,
            &mut out,
        );
        out
    }

    #[test]
    fn intervals_print_as_postgres_prints_them() {
        for (input, output) in [
            (
                "1 year 2 months 3 days 04:05:06.789",
                "1 year 2 mons 3 days 04:05:06.789",
            ),
            ("1.5 months", "1 mon 15 days"),
            ("1.5 days", "1 day 12:00:00"),
            ("-1 year +2 days", "-1 years +2 days"),
            ("1 day ago", "-1 days"),
            ("1-2", "1 year 2 mons"),
            ("P1Y2M3DT4H5M6S", "1 year 2 mons 3 days 04:05:06"),
            ("90 minutes", "01:30:00"),
            ("30", "00:00:30"),
            ("1 day -00:00:01", "1 day -00:00:01"),
            ("2 weeks", "14 days"),
            ("1h30m", "01:30:00"),
            ("0", "00:00:00"),
            ("1 12:00", "1 day 12:00:00"),
        ] {
            assert_eq!(again(input), output, "{input}");
        }
        assert_eq!(parse_interval("nonsense").unwrap_err().code, "22007");
    }
}
