//! `to_char` of timestamps and intervals, `to_date` and `to_timestamp`.

use super::args::{interval, text, us};
use super::registry::{Call, Register};
use super::template::{Field, Node, parse, suffix};
use crate::record::value::datetime::{
    self, Civil, DAY_US, HOUR_US, MINUTE_US, SECOND_US, civil, day_of_week, day_of_year, iso_week,
};
use crate::record::value::{Result, Value};

pub(super) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
pub(super) const DAYS: [&str; 7] = [
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
];
pub(super) const ROMAN: [&str; 12] = [
    "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII",
];

pub(super) fn register(register: &mut Register) {
    register.strict("to_char(timestamp, text) text", |a, _| {
        let us = us(a, 0)?;
        if datetime::is_infinite(us) {
            return Ok(Value::Null);
        }
        Ok(print(&Moment::at(us, 0, String::new()), text(a, 1)?))
    });
    register.stable("to_char(timestamptz, text) text", |a, call| {
        to_char_zoned(a, call)
    });
    register.strict("to_char(interval, text) text", |a, _| {
        let interval = interval(a, 0)?;
        let hours = interval.us / HOUR_US;
        let fields = Civil {
            year: i64::from(interval.months / 12),
            month: i64::from(interval.months % 12),
            day: i64::from(interval.days),
            us: interval.us % HOUR_US,
        };
        let moment = Moment {
            fields,
            hours,
            days: 0,
            offset: 0,
            zone: String::new(),
            interval: true,
        };
        Ok(print(&moment, text(a, 1)?))
    });
    super::parse_datetime::register(register);
}

fn to_char_zoned(args: &[Value], call: &Call<'_>) -> Result<Value> {
    let us = us(args, 0)?;
    if datetime::is_infinite(us) {
        return Ok(Value::Null);
    }
    let zone = &call.cx.settings.zone;
    let offset = zone.offset_at(us);
    let moment = Moment::at(zone.to_local(us)?, offset, zone.abbreviation(us));
    Ok(print(&moment, text(args, 1)?))
}

/// What a template prints.
struct Moment {
    fields: Civil,
    hours: i64,
    days: i64,
    offset: i32,
    zone: String,
    interval: bool,
}

impl Moment {
    fn at(local_us: i64, offset: i32, zone: String) -> Moment {
        let fields = civil(local_us);
        Moment {
            hours: fields.us / HOUR_US,
            days: local_us.div_euclid(DAY_US),
            fields,
            offset,
            zone,
            interval: false,
        }
    }

    fn minutes(&self) -> i64 {
        self.fields.us % HOUR_US / MINUTE_US
    }

    fn seconds(&self) -> i64 {
        self.fields.us % MINUTE_US / SECOND_US
    }

    fn fraction_us(&self) -> i64 {
        self.fields.us % SECOND_US
    }

    /// Years count BC as positive numbers.
    fn shown_year(&self) -> i64 {
        match self.interval || self.fields.year > 0 {
            true => self.fields.year,
            false => 1 - self.fields.year,
        }
    }
}

/// An empty template prints NULL.
fn print(moment: &Moment, template: &str) -> Value {
    if template.is_empty() {
        return Value::Null;
    }
    let mut out = String::new();
    for node in parse(template) {
        match node {
            Node::Literal(literal) => out.push_str(&literal),
            Node::Field(field) => print_field(moment, &field, &mut out),
        }
    }
    Value::from(out)
}

fn print_field(moment: &Moment, field: &Field, out: &mut String) {
    if let Some((number, width)) = number_of(moment, field.name) {
        let text = match field.fill {
            true => number.to_string(),
            false if number < 0 => format!("{number:0width$}", width = width + 1),
            false => format!("{number:0width$}"),
        };
        out.push_str(&text);
        if let Some(upper) = field.ordinal {
            out.push_str(suffix(number, upper));
        }
        return;
    }
    out.push_str(&word_of(moment, field));
}

/// Patterns that are numbers, with the width they are padded to.
fn number_of(moment: &Moment, name: &str) -> Option<(i64, usize)> {
    let (year, days) = (moment.shown_year(), moment.days);
    let iso_year = || iso_week(days).0;
    let hour12 = match moment.hours % 12 {
        0 => 12,
        hour => hour,
    };
    Some(match name {
        "HH" | "HH12" => (hour12, 2),
        "HH24" => (moment.hours, 2),
        "MI" => (moment.minutes(), 2),
        "SS" => (moment.seconds(), 2),
        "MS" => (moment.fraction_us() / 1_000, 3),
        "US" | "FF6" => (moment.fraction_us(), 6),
        "FF1" => (moment.fraction_us() / 100_000, 1),
        "FF2" => (moment.fraction_us() / 10_000, 2),
        "FF3" => (moment.fraction_us() / 1_000, 3),
        "FF4" => (moment.fraction_us() / 100, 4),
        "FF5" => (moment.fraction_us() / 10, 5),
        "SSSS" | "SSSSS" => (
            moment.hours * 3600 + moment.minutes() * 60 + moment.seconds(),
            1,
        ),
        "YYYY" => (year, 4),
        "YYY" => (year % 1000, 3),
        "YY" => (year % 100, 2),
        "Y" => (year % 10, 1),
        "IYYY" => (iso_year(), 4),
        "IYY" => (iso_year() % 1000, 3),
        "IY" => (iso_year() % 100, 2),
        "I" => (iso_year() % 10, 1),
        "MM" => (moment.fields.month, 2),
        "DDD" => (
            if moment.interval {
                moment.fields.day
            } else {
                day_of_year(days)
            },
            3,
        ),
        "IDDD" => {
            let (_, week) = iso_week(days);
            ((week - 1) * 7 + (day_of_week(days) + 6) % 7 + 1, 3)
        }
        "DD" => (moment.fields.day, 2),
        "D" => (day_of_week(days) + 1, 1),
        "ID" => ((day_of_week(days) + 6) % 7 + 1, 1),
        "W" => ((moment.fields.day - 1) / 7 + 1, 1),
        "WW" => ((day_of_year(days) - 1) / 7 + 1, 2),
        "IW" => (iso_week(days).1, 2),
        "CC" => (century(moment.fields.year, moment.interval), 2),
        "J" => (days - datetime::DATE_MIN, 1),
        "Q" => ((moment.fields.month - 1) / 3 + 1, 1),
        _ => return None,
    })
}

fn century(year: i64, interval: bool) -> i64 {
    if interval {
        year / 100
    } else if year > 0 {
        (year - 1) / 100 + 1
    } else {
        year / 100 - 1
    }
}

/// Patterns that are words.
fn word_of(moment: &Moment, field: &Field) -> String {
    let month = usize::try_from(moment.fields.month - 1).ok();
    let month = month
        .and_then(|index| MONTHS.get(index))
        .copied()
        .unwrap_or_default();
    let day = usize::try_from(day_of_week(moment.days)).ok();
    let day = day
        .and_then(|index| DAYS.get(index))
        .copied()
        .unwrap_or_default();
    let short = |word: &str| word.chars().take(3).collect::<String>();
    let padded = |word: String| {
        if field.fill {
            word
        } else {
            format!("{word:<9}")
        }
    };
    let afternoon = moment.hours % 24 >= 12;
    let before_christ = moment.fields.year <= 0 && !moment.interval;
    match field.name {
        "MONTH" => padded(month.to_uppercase()),
        "Month" => padded(month.to_string()),
        "month" => padded(month.to_lowercase()),
        "MON" => short(month).to_uppercase(),
        "Mon" => short(month),
        "mon" => short(month).to_lowercase(),
        "DAY" => padded(day.to_uppercase()),
        "Day" => padded(day.to_string()),
        "day" => padded(day.to_lowercase()),
        "DY" => short(day).to_uppercase(),
        "Dy" => short(day),
        "dy" => short(day).to_lowercase(),
        "AM" | "PM" => (if afternoon { "PM" } else { "AM" }).to_string(),
        "am" | "pm" => (if afternoon { "pm" } else { "am" }).to_string(),
        "A.M." | "P.M." => (if afternoon { "P.M." } else { "A.M." }).to_string(),
        "a.m." | "p.m." => (if afternoon { "p.m." } else { "a.m." }).to_string(),
        "AD" | "BC" => (if before_christ { "BC" } else { "AD" }).to_string(),
        "ad" | "bc" => (if before_christ { "bc" } else { "ad" }).to_string(),
        "A.D." | "B.C." => (if before_christ { "B.C." } else { "A.D." }).to_string(),
        "a.d." | "b.c." => (if before_christ { "b.c." } else { "a.d." }).to_string(),
        "Y,YYY" => {
            let year = moment.shown_year();
            format!("{},{:03}", year / 1000, year % 1000)
        }
        "RM" | "rm" => {
            let index = usize::try_from(moment.fields.month - 1).ok();
            let numeral = index
                .and_then(|index| ROMAN.get(index))
                .copied()
                .unwrap_or_default();
            let numeral = if field.name == "rm" {
                numeral.to_lowercase()
            } else {
                numeral.to_string()
            };
            if field.fill {
                numeral
            } else {
                format!("{numeral:<4}")
            }
        }
        "TZ" => moment.zone.to_uppercase(),
        "tz" => moment.zone.to_lowercase(),
        name => offset_word(name, moment.offset),
    }
}

fn offset_word(name: &str, offset: i32) -> String {
    let sign = if offset < 0 { '-' } else { '+' };
    let (hours, minutes) = (offset.abs() / 3600, offset.abs() % 3600 / 60);
    match name {
        "TZH" => format!("{sign}{hours:02}"),
        "TZM" => format!("{minutes:02}"),
        _ if minutes != 0 => format!("{sign}{hours:02}:{minutes:02}"),
        _ => format!("{sign}{hours:02}"),
    }
}
