//! `to_date` and `to_timestamp` by template.

use super::args::text;
use super::format_datetime::{DAYS, MONTHS, ROMAN};
use super::registry::Register;
use super::template::{Field, Node, parse};
use crate::record::value::datetime::{
    self, DAY_US, HOUR_US, MINUTE_US, SECOND_US, days_from_civil,
};
use crate::record::value::{Result, Value, ValueError, Zone};

pub(super) fn register(register: &mut Register) {
    register.strict("to_date(text, text) date", |a, _| {
        let read = Reading::read(text(a, 0)?, text(a, 1)?)?;
        datetime::checked_date(read.days(text(a, 0)?)?).map(Value::Date)
    });
    register.stable("to_timestamp(text, text) timestamptz", |a, call| {
        let read = Reading::read(text(a, 0)?, text(a, 1)?)?;
        let local = i128::from(read.days(text(a, 0)?)?) * i128::from(DAY_US)
            + i128::from(read.time_us(text(a, 0)?)?);
        let zone = match read.offset {
            Some(seconds) => Zone::Fixed(seconds),
            None => call.cx.settings.zone,
        };
        zone.to_utc(datetime::checked_timestamp(local)?)
            .map(Value::Timestamptz)
    });
}

/// What the template found in the text.
#[derive(Default)]
struct Reading {
    year: Option<i64>,
    month: Option<i64>,
    day: Option<i64>,
    day_of_year: Option<i64>,
    iso_year: Option<i64>,
    iso_week: Option<i64>,
    iso_day: Option<i64>,
    julian: Option<i64>,
    hour: Option<i64>,
    hour12: bool,
    afternoon: Option<bool>,
    minute: i64,
    second: i64,
    fraction_us: i64,
    seconds_of_day: Option<i64>,
    before_christ: bool,
    offset: Option<i32>,
    offset_minutes: i32,
}

fn out_of_range(input: &str) -> ValueError {
    ValueError::new(
        "22008",
        format!("date/time field value out of range: \"{input}\""),
    )
}

impl Reading {
    fn read(input: &str, template: &str) -> Result<Reading> {
        let mut read = Reading::default();
        let mut rest = input;
        let nodes = parse(template);
        for (index, node) in nodes.iter().enumerate() {
            match node {
                Node::Literal(literal) => rest = skip_literal(rest, literal),
                Node::Field(field) => {
                    rest = rest.trim_start();
                    if rest.is_empty() {
                        break;
                    }
                    // Digits run on only where a separator (or nothing) follows.
                    let adjacent = matches!(nodes.get(index + 1), Some(Node::Field(_)));
                    rest = read.field(field, rest, adjacent, input)?;
                }
            }
        }
        Ok(read)
    }

    fn field<'a>(
        &mut self,
        field: &Field,
        rest: &'a str,
        adjacent: bool,
        input: &str,
    ) -> Result<&'a str> {
        if let Some(width) = width_of(field.name) {
            let (number, digits, after) = number(
                rest,
                if adjacent && !field.fill {
                    width
                } else {
                    usize::MAX
                },
            )
            .ok_or_else(|| invalid_value(rest, field.name))?;
            self.number(field.name, number, digits, input)?;
            let after = match field.ordinal {
                Some(_) => after.get(2..).unwrap_or_default(),
                None => after,
            };
            return Ok(after);
        }
        self.word(field.name, rest)
            .ok_or_else(|| invalid_value(rest, field.name))
    }

    fn number(&mut self, name: &str, number: i64, digits: usize, input: &str) -> Result<()> {
        let fraction = || number.checked_mul(10i64.pow(6u32.saturating_sub(digits as u32)));
        match name {
            "YYYY" => self.year = Some(number),
            "YYY" | "YY" | "Y" => self.year = Some(short_year(number, digits)),
            "IYYY" | "IYY" | "IY" | "I" => self.iso_year = Some(number),
            "MM" => self.month = Some(number),
            "DD" => self.day = Some(number),
            "DDD" => self.day_of_year = Some(number),
            "IW" => self.iso_week = Some(number),
            "ID" => self.iso_day = Some(number),
            "J" => self.julian = Some(number),
            "HH24" => self.hour = Some(number),
            "HH" | "HH12" => {
                if !(1..=12).contains(&number) {
                    let message = format!("hour \"{number}\" is invalid for the 12-hour clock");
                    let hint = "Use the 24-hour clock, or give an hour between 1 and 12.";
                    return Err(ValueError::new("22007", message).with_hint(hint));
                }
                self.hour = Some(number);
                self.hour12 = true;
            }
            "MI" => self.minute = number,
            "SS" => self.second = number,
            "SSSS" | "SSSSS" => self.seconds_of_day = Some(number),
            "MS" | "US" | "FF1" | "FF2" | "FF3" | "FF4" | "FF5" | "FF6" => {
                self.fraction_us = fraction().ok_or_else(|| out_of_range(input))?;
            }
            _ => {}
        }
        Ok(())
    }

    fn word<'a>(&mut self, name: &str, rest: &'a str) -> Option<&'a str> {
        let starts = |word: &str| {
            rest.get(..word.len())
                .is_some_and(|head| head.eq_ignore_ascii_case(word))
        };
        let find = |words: &[&str], length: usize| {
            // The longest first: VIII before VII before V.
            let cut = |word: &str| word.chars().take(length).collect::<String>();
            let matching = words
                .iter()
                .enumerate()
                .filter(|(_, word)| starts(&cut(word)));
            matching
                .max_by_key(|(_, word)| word.len())
                .map(|(at, word)| (at as i64 + 1, cut(word).len()))
        };
        let lower = name.to_ascii_lowercase();
        let consumed = match lower.as_str() {
            "month" => find(&MONTHS, 9).map(|(month, length)| {
                self.month = Some(month);
                length
            })?,
            "mon" => find(&MONTHS, 3).map(|(month, length)| {
                self.month = Some(month);
                length
            })?,
            "day" => find(&DAYS, 9)?.1,
            "dy" => find(&DAYS, 3)?.1,
            "rm" => find(&ROMAN, 4).map(|(month, length)| {
                self.month = Some(month);
                length
            })?,
            "am" | "pm" | "a.m." | "p.m." => {
                self.afternoon = Some(rest.starts_with(['p', 'P']));
                lower.len()
            }
            "bc" | "ad" | "b.c." | "a.d." => {
                self.before_christ = rest.starts_with(['b', 'B']);
                lower.len()
            }
            "tzh" => {
                let sign = if rest.starts_with('-') { -1 } else { 1 };
                let digits = rest.trim_start_matches(['+', '-']);
                let (hours, _, after) = number(digits, 2)?;
                self.offset =
                    Some(sign * (i32::try_from(hours).ok()? * 3600 + self.offset_minutes * 60));
                return Some(after);
            }
            "tzm" => {
                let (minutes, _, after) = number(rest, 2)?;
                let offset = self.offset.unwrap_or(0);
                let minutes = i32::try_from(minutes).ok()? * 60;
                self.offset = Some(if offset < 0 {
                    offset - minutes
                } else {
                    offset + minutes
                });
                return Some(after);
            }
            _ => return None,
        };
        rest.get(consumed..)
    }

    fn days(&self, input: &str) -> Result<i64> {
        let years = [self.year, self.iso_year];
        if years
            .into_iter()
            .flatten()
            .any(|year| year.abs() > datetime::YEAR_MAX)
        {
            return Err(out_of_range(input));
        }
        if let Some(julian) = self.julian {
            return Ok(julian + datetime::DATE_MIN);
        }
        if let (Some(year), Some(week)) = (self.iso_year, self.iso_week) {
            let fourth = days_from_civil(year, 1, 4);
            let monday = fourth - (datetime::day_of_week(fourth) + 6) % 7;
            return Ok(monday + (week - 1) * 7 + self.iso_day.unwrap_or(1) - 1);
        }
        let year = match (self.year.or(self.iso_year), self.before_christ) {
            (Some(year), true) => 1 - year,
            (Some(year), false) if year < 0 => year + 1,
            (Some(year), false) => year,
            (None, _) => 0,
        };
        if let Some(day_of_year) = self.day_of_year {
            return Ok(days_from_civil(year, 1, 1) + day_of_year - 1);
        }
        let (month, day) = (self.month.unwrap_or(1), self.day.unwrap_or(1));
        if !(1..=12).contains(&month) || day < 1 || day > datetime::days_in_month(year, month) {
            return Err(out_of_range(input));
        }
        Ok(days_from_civil(year, month, day))
    }

    fn time_us(&self, input: &str) -> Result<i64> {
        if let Some(seconds) = self.seconds_of_day {
            return match seconds {
                0..=86_400 => Ok((seconds * SECOND_US).saturating_add(self.fraction_us)),
                _ => Err(out_of_range(input)),
            };
        }
        let hour = match (self.hour.unwrap_or(0), self.afternoon) {
            (12, Some(false)) => 0,
            (hour, Some(true)) if hour < 12 => hour + 12,
            (hour, _) => hour,
        };
        let fits = (0..=24).contains(&hour)
            && (0..60).contains(&self.minute)
            && (0..=60).contains(&self.second);
        if !fits {
            return Err(out_of_range(input));
        }
        let clock = hour * HOUR_US + self.minute * MINUTE_US + self.second * SECOND_US;
        match clock.saturating_add(self.fraction_us) {
            total @ 0..=DAY_US => Ok(total),
            _ => Err(out_of_range(input)),
        }
    }
}

fn invalid_value(rest: &str, name: &str) -> ValueError {
    let shown: String = rest.chars().take(name.len()).collect();
    ValueError::new("22007", format!("invalid value \"{shown}\" for \"{name}\""))
        .with_detail("Value must be an integer.")
}

/// Digits a numeric pattern takes when another follows at once.
fn width_of(name: &str) -> Option<usize> {
    Some(match name {
        "YYYY" | "IYYY" => 4,
        "YYY" | "IYY" | "DDD" | "MS" | "FF3" => 3,
        "YY" | "IY" | "MM" | "DD" | "HH" | "HH12" | "HH24" | "MI" | "SS" | "WW" | "IW" | "CC"
        | "FF2" => 2,
        "Y" | "I" | "D" | "ID" | "W" | "Q" | "FF1" => 1,
        "US" | "FF6" => 6,
        "FF4" => 4,
        "FF5" | "SSSS" | "SSSSS" => 5,
        "J" => 7,
        _ => return None,
    })
}

/// A number of at most so many digits, the count of its digits, and what follows.
fn number(text: &str, digits_max: usize) -> Option<(i64, usize, &str)> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let count = digits
        .bytes()
        .take_while(u8::is_ascii_digit)
        .count()
        .min(digits_max)
        .min(18);
    let (head, after) = digits.split_at_checked(count)?;
    let value: i64 = head.parse().ok()?;
    Some((if negative { -value } else { value }, count, after))
}

/// Two digits below 70 are of this century; three are of the second millennium's end.
fn short_year(year: i64, digits: usize) -> i64 {
    match (digits, year) {
        (1 | 2, 0..70) => year + 2000,
        (1 | 2, 70..100) => year + 1900,
        (3, 0..520) => year + 2000,
        (3, 520..1000) => year + 1000,
        _ => year,
    }
}

/// Separators match any separators; other characters are stepped over one for one.
fn skip_literal<'a>(input: &'a str, literal: &str) -> &'a str {
    let mut rest = input;
    for c in literal.chars() {
        let separator = !c.is_alphanumeric();
        match rest.chars().next() {
            Some(found) if separator && found.is_alphanumeric() => {}
            // A minus before a digit may be a sign, but not where a separator stands.
            Some(found) => rest = rest.get(found.len_utf8()..).unwrap_or_default(),
            None => return rest,
        }
    }
    rest
}
