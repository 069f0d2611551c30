//! Reads dates, times and timestamps.

use super::calendar::{
    DAY_US, HOUR_US, MINUTE_US, SECOND_US, YEAR_MAX, days_from_civil, days_in_month,
};
use super::scan::{Field, is_weekday, month_of, scan};
use super::zone::{named, parse_offset};
use super::{DATE_END, DATE_MIN, TIMESTAMP_END, TIMESTAMP_MIN, UNIX_EPOCH_OFFSET_DAYS};
use crate::record::value::error::{Result, ValueError};
use crate::record::value::settings::{DateOrder, Settings, Zone};
use crate::record::value::types::Type;
use crate::record::value::value::Value;

/// Reads a `date`. Errors: 22007, 22008.
pub fn parse_date(text: &str, settings: &Settings) -> Result<i32> {
    let parsed = Parsed::read(text, "date", settings)?;
    match parsed.special {
        Some(Special::Infinity) => return Ok(i32::MAX),
        Some(Special::NegInfinity) => return Ok(i32::MIN),
        Some(Special::Epoch) => return Ok(-UNIX_EPOCH_OFFSET_DAYS),
        None => {}
    }
    let days = parsed.days(text, "date")?;
    match i32::try_from(days) {
        Ok(date) if (DATE_MIN..DATE_END).contains(&days) => Ok(date),
        _ => Err(ValueError::new(
            "22008",
            format!("date out of range: \"{text}\""),
        )),
    }
}

/// Reads a `time`; a date or zone in the input is ignored. Errors: 22007, 22008.
pub fn parse_time(text: &str, settings: &Settings) -> Result<i64> {
    let parsed = Parsed::read(text, "time", settings)?;
    match (parsed.special, parsed.time_us) {
        (None, Some(us)) => Ok(us),
        _ => Err(syntax("time", text)),
    }
}

/// Reads a `timestamp`; a zone in the input is ignored. Errors: 22007, 22008.
pub fn parse_timestamp(text: &str, settings: &Settings) -> Result<i64> {
    let parsed = Parsed::read(text, "timestamp", settings)?;
    match parsed.special {
        Some(special) => Ok(special.us()),
        None => checked(parsed.local_us(text, "timestamp")?, text),
    }
}

/// Reads a `timestamptz`: in the input's zone, else the session's. Errors: 22007, 22008.
pub fn parse_timestamptz(text: &str, settings: &Settings) -> Result<i64> {
    let name = "timestamp with time zone";
    let parsed = Parsed::read(text, name, settings)?;
    if let Some(special) = parsed.special {
        return Ok(special.us());
    }
    let local = parsed.local_us(text, name)?;
    let zone = parsed.zone.unwrap_or(settings.zone);
    let clamped = local.clamp(i128::from(TIMESTAMP_MIN), i128::from(TIMESTAMP_END)) as i64;
    let offset = i128::from(zone.offset_of_local(clamped)) * i128::from(SECOND_US);
    checked(local - offset, text)
}

fn checked(us: i128, text: &str) -> Result<i64> {
    super::checked_timestamp(us)
        .map_err(|_| ValueError::new("22008", format!("timestamp out of range: \"{text}\"")))
}

/// `now`, `today`, `tomorrow`, `yesterday` as a value of the type, for whoever has a clock:
/// `now_us` is the transaction's time in UTC.
pub fn special(text: &str, ty: &Type, now_us: i64, zone: &Zone) -> Option<Value> {
    let shift = match text.trim().to_ascii_lowercase().as_str() {
        "now" => None,
        "today" => Some(0),
        "tomorrow" => Some(1),
        "yesterday" => Some(-1),
        _ => return None,
    };
    let local = zone.to_local(now_us).ok()?;
    let local = match shift {
        Some(days) => (local.div_euclid(DAY_US) + days) * DAY_US,
        None => local,
    };
    match ty {
        Type::Date => Some(Value::Date(local.div_euclid(DAY_US) as i32)),
        Type::Time if shift.is_none() => Some(Value::Time(local.rem_euclid(DAY_US))),
        Type::Timestamp => Some(Value::Timestamp(local)),
        Type::Timestamptz => Some(Value::Timestamptz(zone.to_utc(local).ok()?)),
        _ => None,
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Special {
    Infinity,
    NegInfinity,
    Epoch,
}

impl Special {
    fn us(self) -> i64 {
        match self {
            Special::Infinity => i64::MAX,
            Special::NegInfinity => i64::MIN,
            Special::Epoch => -super::UNIX_EPOCH_OFFSET_US,
        }
    }
}

/// What the fields of the input said.
#[derive(Default)]
struct Parsed {
    special: Option<Special>,
    year: Option<(i64, usize)>,
    month: Option<i64>,
    day: Option<i64>,
    time_us: Option<i64>,
    afternoon: Option<bool>,
    before_christ: bool,
    zone: Option<Zone>,
}

fn syntax(type_name: &str, text: &str) -> ValueError {
    ValueError {
        code: "22007",
        ..ValueError::syntax(type_name, text)
    }
}

fn field_overflow(text: &str) -> ValueError {
    let message = format!("date/time field value out of range: \"{text}\"");
    ValueError::new("22008", message)
}

fn order_overflow(text: &str) -> ValueError {
    field_overflow(text).with_hint("Perhaps you need a different \"datestyle\" setting.")
}

impl Parsed {
    fn read(text: &str, type_name: &str, settings: &Settings) -> Result<Parsed> {
        let bad = || syntax(type_name, text);
        let fields = scan(text).ok_or_else(bad)?;
        if fields.is_empty() {
            return Err(bad());
        }
        let mut parsed = Parsed::default();
        for field in &fields {
            let understood = match field {
                Field::Date(parts) => parsed.date(parts, settings.date_order),
                Field::Time(time) => parsed.time(time, text)?,
                Field::Digits(digits) => parsed.digits(digits, text, type_name)?,
                Field::Word(word) => parsed.word(word, text)?,
                Field::Signed(signed) => parsed.signed(signed, text)?,
            };
            if !understood {
                return Err(bad());
            }
        }
        parsed.settle_afternoon(text)?;
        if parsed.special.is_some() && fields.len() > 1 {
            return Err(bad());
        }
        Ok(parsed)
    }

    fn date(&mut self, parts: &[&str], order: DateOrder) -> bool {
        if self.day.is_some() || self.year.is_some() {
            return false;
        }
        let number = |part: &str| part.parse::<i64>().ok();
        let (year, month, day) = match *parts {
            [a, b, c] if b.starts_with(|ch: char| ch.is_ascii_alphabetic()) => {
                self.month = month_of(b);
                match a.len() > 2 {
                    true => (a, None, c),
                    false => (c, None, a),
                }
            }
            [a, b, c] if a.len() > 2 => (a, Some(b), c),
            [a, b, c] => match order {
                DateOrder::Mdy => (c, Some(a), b),
                DateOrder::Dmy => (c, Some(b), a),
                DateOrder::Ymd => (a, Some(b), c),
            },
            _ => return false,
        };
        if let Some(month) = month {
            self.month = number(month);
        }
        self.year = number(year).map(|value| (value, year.len()));
        self.day = number(day);
        self.year.is_some() && self.month.is_some() && self.day.is_some()
    }

    fn time(&mut self, time: &str, text: &str) -> Result<bool> {
        if self.time_us.is_some() {
            return Ok(false);
        }
        let parts: Vec<&str> = time.split(':').collect();
        let (hour, minute, second) = match *parts.as_slice() {
            // mm:ss.fff has no meaning here; hh:mm does.
            [hour, minute] => (hour, minute, "0"),
            [hour, minute, second] => (hour, minute, second),
            _ => return Ok(false),
        };
        let (Ok(hour), Ok(minute)) = (hour.parse::<i64>(), minute.parse::<i64>()) else {
            return Ok(false);
        };
        let Some(second_us) = seconds_us(second) else {
            return Ok(false);
        };
        self.set_time(hour, minute, second_us, text)?;
        Ok(true)
    }

    fn set_time(&mut self, hour: i64, minute: i64, second_us: i64, text: &str) -> Result<()> {
        let total = i128::from(hour) * i128::from(HOUR_US)
            + i128::from(minute) * i128::from(MINUTE_US)
            + i128::from(second_us);
        let fits = hour <= 24 && minute < 60 && second_us <= MINUTE_US;
        if !fits || total > i128::from(DAY_US) {
            return Err(field_overflow(text));
        }
        self.time_us = Some(total as i64);
        Ok(())
    }

    fn digits(&mut self, digits: &str, text: &str, type_name: &str) -> Result<bool> {
        let whole = digits.split('.').next().unwrap_or(digits);
        let number = |range: std::ops::Range<usize>| {
            whole
                .get(range)
                .and_then(|part| part.parse::<i64>().ok())
                .unwrap_or(0)
        };
        let dated = self.day.is_some() && self.month.is_some();
        match whole.len() {
            6 if self.time_us.is_none() && (dated || type_name == "time") => {
                let Some(second) = digits.get(4..).and_then(seconds_us) else {
                    return Ok(false);
                };
                self.set_time(number(0..2), number(2..4), second, text)?;
            }
            4 if self.time_us.is_none() && dated && self.year.is_some() => {
                self.set_time(number(0..2), number(2..4), 0, text)?;
            }
            _ if digits.len() != whole.len() => return Ok(false),
            8 if !dated => {
                self.year = Some((number(0..4), 4));
                self.month = Some(number(4..6));
                self.day = Some(number(6..8));
            }
            6 if !dated => {
                self.year = Some((number(0..2), 2));
                self.month = Some(number(2..4));
                self.day = Some(number(4..6));
            }
            1 | 2 if self.month.is_some() && self.day.is_none() => {
                self.day = Some(number(0..whole.len()))
            }
            // A day before its month: "8 January 1999".
            1 | 2 if self.day.is_none() && self.year.is_none() => {
                self.day = Some(number(0..whole.len()))
            }
            3.. if self.year.is_none() && whole.len() < 8 => {
                self.year = Some((number(0..whole.len()), whole.len()));
            }
            2 if self.year.is_none() => self.year = Some((number(0..2), 2)),
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn word(&mut self, word: &str, text: &str) -> Result<bool> {
        let lower = word.to_ascii_lowercase();
        if let Some(month) = month_of(&lower)
            && self.month.is_none()
        {
            self.month = Some(month);
            return Ok(true);
        }
        match lower.as_str() {
            "am" | "a.m" => self.afternoon = Some(false),
            "pm" | "p.m" => self.afternoon = Some(true),
            "bc" | "b.c" => self.before_christ = true,
            "ad" | "a.d" | "at" => {}
            "infinity" => self.special = Some(Special::Infinity),
            "epoch" => self.special = Some(Special::Epoch),
            "allballs" if self.time_us.is_none() => self.time_us = Some(0),
            _ if is_weekday(&lower) => {}
            _ => match named(&lower) {
                Some(zone) => self.zone = Some(zone),
                None if lower.contains('/') => {
                    let message = format!("time zone \"{lower}\" not recognized");
                    return Err(ValueError::new("22023", message));
                }
                None => return Ok(false),
            },
        }
        let _ = text;
        Ok(true)
    }

    fn signed(&mut self, signed: &str, text: &str) -> Result<bool> {
        if signed.eq_ignore_ascii_case("-infinity") {
            self.special = Some(Special::NegInfinity);
            return Ok(true);
        }
        if !signed
            .get(1..)
            .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
        {
            return Ok(false);
        }
        if self.zone.is_some() && self.time_us.is_none() {
            return Ok(false);
        }
        match parse_offset(signed) {
            // "UTC+3" in input means what POSIX means: west.
            Some(seconds) if self.zone.is_some() => self.zone = Some(Zone::Fixed(-seconds)),
            Some(seconds) => self.zone = Some(Zone::Fixed(seconds)),
            None => {
                let message = format!("time zone displacement out of range: \"{text}\"");
                return Err(ValueError::new("22009", message));
            }
        }
        Ok(true)
    }

    fn settle_afternoon(&mut self, text: &str) -> Result<()> {
        let (Some(afternoon), Some(us)) = (self.afternoon, self.time_us) else {
            return Ok(());
        };
        let hour = us / HOUR_US;
        if hour > 12 {
            return Err(field_overflow(text));
        }
        let hour_shift = match (afternoon, hour) {
            (true, 12) | (false, 0..=11) => 0,
            (true, _) => 12,
            (false, _) => -12,
        };
        self.time_us = Some(us + hour_shift * HOUR_US);
        Ok(())
    }

    fn days(&self, text: &str, type_name: &str) -> Result<i64> {
        let (Some((year, length)), Some(month), Some(day)) = (self.year, self.month, self.day)
        else {
            return Err(syntax(type_name, text));
        };
        let year = match (self.before_christ, length) {
            (true, _) if year > 0 => 1 - year,
            (false, 1 | 2) if year < 70 => year + 2000,
            (false, 1 | 2) => year + 1900,
            (false, _) if year > 0 => year,
            _ => return Err(field_overflow(text)),
        };
        if year.abs() > YEAR_MAX {
            return Err(field_overflow(text));
        }
        if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
            return Err(order_overflow(text));
        }
        if day > days_in_month(year, month) {
            return Err(field_overflow(text));
        }
        Ok(days_from_civil(year, month, day))
    }

    fn local_us(&self, text: &str, type_name: &str) -> Result<i128> {
        let days = self.days(text, type_name)?;
        Ok(i128::from(days) * i128::from(DAY_US) + i128::from(self.time_us.unwrap_or(0)))
    }
}

/// `30`, `30.5`, `07.1234567` in microseconds, rounded.
pub(super) fn seconds_us(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let whole: i64 = if whole.is_empty() {
        0
    } else {
        whole.parse().ok()?
    };
    whole
        .checked_mul(SECOND_US)?
        .checked_add(fraction_us(fraction)?)
}

/// Digits after the point in microseconds, rounded half up.
pub(super) fn fraction_us(digits: &str) -> Option<i64> {
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let seven = format!("{digits:0<7}");
    let value: i64 = seven.get(..7)?.parse().ok()?;
    Some((value + 5) / 10)
}
