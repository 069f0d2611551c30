//! Whether a setting accepts a value, and the value's canonical spelling.

use stele_core::record::value::{DateOrder, Zone};
use stele_core::record::{Fsync, ReadLevel, Token, WriteLevel};

use super::table::{Accepts, Definition, Unit};
use crate::error::SqlError;

/// The canonical spelling of a new value.
///
/// # Errors
/// 22023 for a value it does not take, 55P02 when it takes none, 0A000 for values of
/// PostgreSQL's that are not supported.
pub fn canonical(setting: &Definition, values: &[String]) -> Result<String, SqlError> {
    let name = setting.name;
    let value = values.join(", ");
    let invalid = || invalid(name, &value);
    match setting.accepts {
        Accepts::Nothing => Err(SqlError::new(
            "55P02",
            format!("parameter \"{name}\" cannot be changed"),
        )),
        Accepts::Text => Ok(value),
        Accepts::Names => Ok(names(values)),
        Accepts::Flag => flag(&value).map(on_off).ok_or_else(|| {
            SqlError::new(
                "22023",
                format!("parameter \"{name}\" requires a Boolean value"),
            )
        }),
        Accepts::Number(min, max, unit) => number(name, &value, min, max, unit),
        Accepts::Real => match value.parse::<f64>() {
            Ok(_) => Ok(value),
            Err(_) => Err(invalid()),
        },
        Accepts::Word(words) => word(words, &value)
            .ok_or_else(|| invalid().with_hint(format!("Available values: {}.", words.join(", ")))),
        // Some drivers quote the value in the startup packet: PostgreSQL reads past it.
        Accepts::Only(words) => {
            match words.contains(&value.trim_matches('\'').to_lowercase().as_str()) {
                true => Ok(setting.default.to_owned()),
                false => Err(SqlError::unsupported(format!(
                    "parameter \"{name}\" can only be \"{}\"",
                    setting.default
                ))),
            }
        }
        Accepts::TimeZone => time_zone(&value)
            .map(|zone| zone.to_string())
            .ok_or_else(invalid),
        Accepts::DateStyle => date_style(values).ok_or_else(invalid)?,
        Accepts::ReadLevel => ReadLevel::parse(&value)
            .map(|_| value.to_lowercase())
            .ok_or_else(invalid),
        Accepts::WriteLevel => WriteLevel::parse(&value)
            .map(|_| value.to_lowercase())
            .ok_or_else(invalid),
        Accepts::Fsync if value.is_empty() => Ok(value),
        Accepts::Fsync => Fsync::parse(&value)
            .map(|_| value.to_lowercase())
            .ok_or_else(invalid),
        Accepts::Token if value.is_empty() => Ok(value),
        Accepts::Token => Token::parse(&value)
            .map(|_| value.clone())
            .ok_or_else(invalid),
    }
}

fn invalid(name: &str, value: &str) -> SqlError {
    SqlError::new(
        "22023",
        format!("invalid value for parameter \"{name}\": \"{value}\""),
    )
}

/// A boolean in any of PostgreSQL's spellings.
pub fn flag(value: &str) -> Option<bool> {
    match value.to_lowercase().as_str() {
        "on" | "true" | "t" | "yes" | "y" | "1" => Some(true),
        "off" | "false" | "f" | "no" | "n" | "0" => Some(false),
        _ => None,
    }
}

fn on_off(on: bool) -> String {
    if on { "on" } else { "off" }.to_owned()
}

fn word(words: &[&str], value: &str) -> Option<String> {
    let value = value.to_lowercase();
    if let Some(found) = words.iter().find(|word| **word == value) {
        return Some((*found).to_owned());
    }
    // An enumeration with on and off also takes the other spellings of a boolean.
    let spelled = flag(&value).map(on_off)?;
    words.contains(&spelled.as_str()).then_some(spelled)
}

fn number(name: &str, value: &str, min: i64, max: i64, unit: Unit) -> Result<String, SqlError> {
    let digits_end = value
        .trim_start_matches('-')
        .find(|c: char| !c.is_ascii_digit() && c != '.');
    let digits_end = digits_end.map_or(value.len(), |at| {
        at + value.len() - value.trim_start_matches('-').len()
    });
    let (digits, suffix) = value.split_at(digits_end);
    let (Ok(count), Some(factor)) = (digits.parse::<f64>(), factor(suffix.trim(), unit)) else {
        return Err(invalid(name, value));
    };
    let number = (count * factor).round();
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation)]
    if number < min as f64 || number > max as f64 {
        let shown = match unit {
            Unit::Ms => " ms",
            Unit::Kb => " kB",
            Unit::None => "",
        };
        return Err(SqlError::new(
            "22023",
            format!(
                "{number}{shown} is outside the valid range for parameter \"{name}\" ({min} .. {max})"
            ),
        ));
    }
    Ok(format!("{number}"))
}

fn factor(suffix: &str, unit: Unit) -> Option<f64> {
    Some(match (unit, suffix) {
        (_, "") => 1.0,
        (Unit::Ms, "us") => 0.001,
        (Unit::Ms, "ms") => 1.0,
        (Unit::Ms, "s") => 1_000.0,
        (Unit::Ms, "min") => 60_000.0,
        (Unit::Ms, "h") => 3_600_000.0,
        (Unit::Ms, "d") => 86_400_000.0,
        (Unit::Kb, "kB") => 1.0,
        (Unit::Kb, "MB") => 1_024.0,
        (Unit::Kb, "GB") => 1_048_576.0,
        _ => return None,
    })
}

/// A number with the largest unit that divides it, as SHOW prints it.
pub fn with_unit(value: &str, unit: Unit) -> String {
    let Ok(number) = value.parse::<i64>() else {
        return value.to_owned();
    };
    let units: &[(i64, &str)] = match unit {
        Unit::None => return value.to_owned(),
        Unit::Ms => &[
            (86_400_000, "d"),
            (3_600_000, "h"),
            (60_000, "min"),
            (1_000, "s"),
            (1, "ms"),
        ],
        Unit::Kb => &[(1_048_576, "GB"), (1_024, "MB"), (1, "kB")],
    };
    if number == 0 {
        return "0".to_owned();
    }
    match units.iter().find(|(size, _)| number % size == 0) {
        Some((size, name)) => format!("{}{name}", number / size),
        None => value.to_owned(),
    }
}

fn names(values: &[String]) -> String {
    let quoted = values.iter().map(|name| {
        let plain = name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        let starts = name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_');
        match plain && starts {
            true => name.clone(),
            false => format!("\"{}\"", name.replace('"', "\"\"")),
        }
    });
    quoted.collect::<Vec<_>>().join(", ")
}

/// The names in a `search_path`.
pub fn split_names(value: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut name = String::new();
    let mut quoted = false;
    let mut letters = value.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if quoted && letters.peek() == Some(&'"') => {
                letters.next();
                name.push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => names.push(std::mem::take(&mut name)),
            ' ' if !quoted => {}
            letter => name.push(letter),
        }
    }
    names.push(name);
    names.retain(|name| !name.is_empty());
    names
}

/// A time zone by name, or as hours east of Greenwich.
pub fn time_zone(value: &str) -> Option<Zone> {
    if let Ok(hours) = value.parse::<f64>() {
        #[allow(clippy::cast_possible_truncation)]
        let seconds = (hours * 3_600.0).round() as i32;
        return (seconds.abs() <= 16 * 3_600).then_some(Zone::Fixed(seconds));
    }
    Zone::from_name(value).ok()
}

/// `ISO, DMY` and its parts. `Err` for PostgreSQL's other styles.
#[allow(clippy::type_complexity)]
fn date_style(values: &[String]) -> Option<Result<String, SqlError>> {
    let mut order = "MDY";
    let words = values.iter().flat_map(|value| value.split(','));
    for word in words {
        match word.trim().to_lowercase().as_str() {
            "iso" | "default" => {}
            "mdy" | "us" | "noneuropean" => order = "MDY",
            "dmy" | "european" | "euro" => order = "DMY",
            "ymd" => order = "YMD",
            "sql" | "german" | "postgres" => {
                return Some(Err(SqlError::unsupported(
                    "DateStyle can only be ISO, with an order of fields",
                )));
            }
            _ => return None,
        }
    }
    Some(Ok(format!("ISO, {order}")))
}

/// The order of fields in a canonical DateStyle.
pub fn date_order(value: &str) -> DateOrder {
    match value.rsplit(' ').next() {
        Some("DMY") => DateOrder::Dmy,
        Some("YMD") => DateOrder::Ymd,
        _ => DateOrder::Mdy,
    }
}

#[cfg(test)]
mod tests {
    use super::super::table::find;
    use super::*;

    fn set(name: &str, value: &str) -> Result<String, SqlError> {
        canonical(find(name).expect("a setting"), &[value.to_owned()])
    }

    #[test]
    fn values_are_kept_in_one_spelling() {
        assert_eq!(set("statement_timeout", "1.5s").expect("valid"), "1500");
        assert_eq!(with_unit("1500", Unit::Ms), "1500ms");
        assert_eq!(with_unit("120000", Unit::Ms), "2min");
        assert_eq!(set("row_security", "TRUE").expect("valid"), "on");
        assert_eq!(set("synchronous_commit", "false").expect("valid"), "off");
        assert_eq!(set("datestyle", "iso, dmy").expect("valid"), "ISO, DMY");
        assert_eq!(
            set("stele.write", "Tentative(2)").expect("valid"),
            "tentative(2)"
        );
    }

    #[test]
    fn a_bad_value_is_22023_and_an_unsupported_one_0a000() {
        assert_eq!(
            set("statement_timeout", "soon").expect_err("refused").code,
            "22023"
        );
        assert_eq!(
            set("extra_float_digits", "9").expect_err("refused").code,
            "22023"
        );
        assert_eq!(
            set("datestyle", "german").expect_err("refused").code,
            "0A000"
        );
        assert_eq!(
            set("client_encoding", "latin1").expect_err("refused").code,
            "0A000"
        );
        assert_eq!(
            set("server_version", "16").expect_err("refused").code,
            "55P02"
        );
    }

    #[test]
    fn a_search_path_comes_apart_as_it_was_put_together() {
        let path = names(&["a".to_owned(), "B c".to_owned(), "d\"e".to_owned()]);
        assert_eq!(split_names(&path), ["a", "B c", "d\"e"]);
    }
}
