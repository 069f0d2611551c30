//! The session settings that change how values read and print.

use std::fmt;

use chrono_tz::Tz;

/// What the text form of a value depends on besides the value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// `TimeZone`.
    pub zone: Zone,
    /// `bytea_output = 'escape'` rather than `hex`.
    pub bytea_escape: bool,
    /// `DateStyle`'s field order for ambiguous input such as `1/2/2020`.
    pub date_order: DateOrder,
    /// `IntervalStyle`.
    pub interval_style: IntervalStyle,
    /// `extra_float_digits`: above 0 prints the shortest exact form (the default).
    pub extra_float_digits: i32,
}

/// A session time zone: a named one, or a fixed offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Zone {
    /// A zone of the IANA database.
    Named(Tz),
    /// Seconds east of Greenwich.
    Fixed(i32),
}

/// How `1/2/2020` reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DateOrder {
    /// Month, day, year.
    Mdy,
    /// Day, month, year.
    Dmy,
    /// Year, month, day.
    Ymd,
}

/// How intervals print.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IntervalStyle {
    /// `1 day 02:03:04`.
    Postgres,
    /// `P1DT2H3M4S`.
    Iso8601,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            zone: Zone::Named(Tz::UTC),
            bytea_escape: false,
            date_order: DateOrder::Mdy,
            interval_style: IntervalStyle::Postgres,
            extra_float_digits: 1,
        }
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Zone::Named(Tz::UTC) => f.write_str("UTC"),
            Zone::Named(zone) => f.write_str(zone.name()),
            Zone::Fixed(seconds) => {
                let (sign, seconds) = if *seconds < 0 {
                    ('-', -seconds)
                } else {
                    ('+', *seconds)
                };
                write!(f, "<{sign}{:02}>", seconds / 3600)?;
                // POSIX spells offsets west of Greenwich positive.
                let flipped = if sign == '-' { '+' } else { '-' };
                write!(f, "{flipped}{:02}", seconds / 3600)?;
                match seconds % 3600 / 60 {
                    0 => Ok(()),
                    minutes => write!(f, ":{minutes:02}"),
                }
            }
        }
    }
}
