//! The text form of every type: input functions and output functions.

use std::fmt::Write;
use std::sync::Arc;

use super::error::{Result, ValueError};
use super::settings::Settings;
use super::types::{ColumnType, Type};
use super::value::{Record, Value};
use super::{array, bytea, cast, datetime, json};

/// Longest `name`, in bytes.
pub const NAME_BYTES_MAX: usize = 63;

/// Reads the text form of a value of this type, as PostgreSQL's input function does.
///
/// Object-naming types accept numbers only; names need a catalogue. Errors: 22P02, 22003,
/// 22007, 22008, 22001.
pub fn parse(text: &str, ty: &ColumnType, settings: &Settings) -> Result<Value> {
    let value = parse_plain(text, ty, settings)?;
    cast::apply_modifier(value, ty, super::CastContext::Assignment)
}

/// Reads the text form without applying a modifier (elements of arrays have theirs applied).
fn parse_plain(text: &str, ty: &ColumnType, settings: &Settings) -> Result<Value> {
    Ok(match &ty.ty {
        Type::Bool => Value::Bool(parse_bool(text)?),
        Type::Int2 => Value::Int2(parse_integer(text, "smallint")?),
        Type::Int4 => Value::Int4(parse_integer(text, "integer")?),
        Type::Int8 => Value::Int8(parse_integer(text, "bigint")?),
        Type::Float4 => Value::Float4(parse_f32(text)?),
        Type::Float8 => Value::Float8(parse_f64(text)?),
        Type::Numeric => Value::Numeric(text.parse()?),
        Type::Text | Type::Varchar | Type::Unknown => Value::text(checked_text(text)?),
        Type::Bpchar => Value::Bpchar(checked_text(text)?.into()),
        Type::Char => Value::text(first_char(text)),
        Type::Name => Value::text(cut_bytes(checked_text(text)?, NAME_BYTES_MAX)),
        Type::Bytea => Value::bytea(bytea::parse(text)?),
        Type::Date => Value::Date(datetime::parse_date(text, settings)?),
        Type::Time => Value::Time(datetime::parse_time(text, settings)?),
        Type::Timestamp => Value::Timestamp(datetime::parse_timestamp(text, settings)?),
        Type::Timestamptz => Value::Timestamptz(datetime::parse_timestamptz(text, settings)?),
        Type::Interval => Value::Interval(datetime::parse_interval(text)?),
        Type::Uuid => Value::Uuid(parse_uuid(text)?),
        Type::Json => {
            json::validate(text)?;
            Value::Json(text.into())
        }
        Type::Jsonb => Value::from(json::parse(text)?),
        Type::Oid | Type::Xid => Value::Oid(parse_oid(text, &ty.ty)?),
        reg if reg.is_reg() => Value::Oid(parse_oid(text, reg)?),
        Type::Int2vector | Type::Oidvector => parse_vector(text, &ty.ty, settings)?,
        Type::Array(element) => {
            let element = ColumnType::new((**element).clone(), ty.typmod);
            Value::Array(Arc::new(array::parse(text, &element, settings)?))
        }
        Type::Void => Value::text(""),
        other => {
            let message = format!("cannot accept a value of type {}", other.name());
            return Err(ValueError::unsupported(message));
        }
    })
}

/// Refuses the zero character, which no text value may hold. Errors: 22021.
fn checked_text(text: &str) -> Result<&str> {
    match text.contains('\0') {
        true => Err(ValueError::new(
            "22021",
            "invalid byte sequence for encoding \"UTF8\": 0x00",
        )),
        false => Ok(text),
    }
}

fn trim(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_ascii_whitespace() || c == '\x0b')
}

/// `true`, `t`, `yes`, `on`, `1` and their opposites; prefixes count when unambiguous.
pub fn parse_bool(text: &str) -> Result<bool> {
    let lower = trim(text).to_ascii_lowercase();
    match lower.as_str() {
        "t" | "tr" | "tru" | "true" | "y" | "ye" | "yes" | "on" | "1" => Ok(true),
        "f" | "fa" | "fal" | "fals" | "false" | "n" | "no" | "of" | "off" | "0" => Ok(false),
        _ => Err(ValueError::syntax("boolean", text)),
    }
}

fn parse_integer<T: std::str::FromStr>(text: &str, type_name: &str) -> Result<T> {
    let trimmed = trim(text);
    if let Ok(value) = trimmed.parse() {
        return Ok(value);
    }
    let digits = trimmed.strip_prefix(['+', '-']).unwrap_or(trimmed);
    match !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) {
        true => Err(ValueError::text_out_of_range(type_name, text)),
        false => Err(ValueError::syntax(type_name, text)),
    }
}

fn parse_oid(text: &str, ty: &Type) -> Result<u32> {
    let name = ty.sql_name();
    if ty.is_reg() && trim(text) == "-" {
        return Ok(0);
    }
    match parse_integer::<i64>(text, &name) {
        // Negative input wraps, as in PostgreSQL.
        Ok(value) => u32::try_from(value)
            .or_else(|_| i32::try_from(value).map(|value| value as u32))
            .map_err(|_| ValueError::text_out_of_range(&name, text)),
        Err(error) => Err(error),
    }
}

fn parse_f64(text: &str) -> Result<f64> {
    let value = parse_float_text(text, "double precision")?;
    let trimmed = trim(text);
    let named = trimmed.contains(['n', 'N']);
    let zero = !trimmed
        .split(['e', 'E'])
        .next()
        .unwrap_or("")
        .contains(|c: char| ('1'..='9').contains(&c));
    if (value.is_infinite() && !named) || (value == 0.0 && !zero) {
        return Err(float_out_of_range(trimmed, "double precision"));
    }
    Ok(value)
}

fn parse_f32(text: &str) -> Result<f32> {
    let wide = parse_float_text(text, "real")?;
    let trimmed = trim(text);
    let value: f32 = trimmed.parse().unwrap_or(wide as f32);
    let named = trimmed.contains(['n', 'N']);
    let zero = !trimmed
        .split(['e', 'E'])
        .next()
        .unwrap_or("")
        .contains(|c: char| ('1'..='9').contains(&c));
    if (value.is_infinite() && !named) || (value == 0.0 && !zero) {
        return Err(float_out_of_range(trimmed, "real"));
    }
    Ok(value)
}

fn float_out_of_range(text: &str, type_name: &str) -> ValueError {
    ValueError::new(
        "22003",
        format!("\"{text}\" is out of range for type {type_name}"),
    )
}

fn parse_float_text(text: &str, type_name: &str) -> Result<f64> {
    let trimmed = trim(text);
    let lower = trimmed.to_ascii_lowercase();
    let special = matches!(
        lower.as_str(),
        "nan" | "+nan" | "-nan" | "inf" | "+inf" | "-inf" | "infinity" | "+infinity" | "-infinity"
    );
    let plain = lower
        .bytes()
        .all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'+' | b'-'));
    // One NaN, without a sign.
    let number = if lower.ends_with("nan") {
        "nan"
    } else {
        &lower
    };
    match number.parse() {
        Ok(value) if special || plain => Ok(value),
        _ => Err(ValueError::syntax(type_name, text)),
    }
}

/// `"char"`: the first byte, or a backslash and three octal digits.
fn first_char(text: &str) -> String {
    text.chars()
        .next()
        .filter(char::is_ascii)
        .map(String::from)
        .unwrap_or_default()
}

/// Cut to so many bytes at a character's border.
pub(super) fn cut_bytes(text: &str, bytes_max: usize) -> &str {
    let mut end = text.len().min(bytes_max);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

/// Reads a uuid with or without hyphens after any four digits, and braces. Errors: 22P02.
fn parse_uuid(text: &str) -> Result<[u8; 16]> {
    let bad = || ValueError::syntax("uuid", text);
    let braced = text.strip_prefix('{');
    let body = match braced {
        Some(rest) => rest.strip_suffix('}').ok_or_else(bad)?,
        None => text,
    };
    let mut uuid = [0u8; 16];
    let mut rest = body;
    for (index, byte) in uuid.iter_mut().enumerate() {
        let pair = rest.get(..2).ok_or_else(bad)?;
        if !pair.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(bad());
        }
        *byte = u8::from_str_radix(pair, 16).map_err(|_| bad())?;
        rest = rest.get(2..).unwrap_or_default();
        if index % 2 == 1 && index < 15 {
            rest = rest.strip_prefix('-').unwrap_or(rest);
        }
    }
    if rest.is_empty() {
        Ok(uuid)
    } else {
        Err(bad())
    }
}

fn parse_vector(text: &str, ty: &Type, settings: &Settings) -> Result<Value> {
    let element = ty.element().cloned().unwrap_or(Type::Oid);
    let column = ColumnType::from(element.clone());
    let values: Result<Vec<Value>> = text
        .split_ascii_whitespace()
        .map(|item| parse(item, &column, settings))
        .collect();
    Ok(Value::Array(Arc::new(array::Array::vector(
        element, values?,
    ))))
}

/// The text form of a value, as PostgreSQL's output function prints it; NULL prints nothing.
pub fn print(value: &Value, settings: &Settings) -> String {
    let mut out = String::new();
    print_to(value, settings, &mut out);
    out
}

/// Appends the text form of a value.
pub fn print_to(value: &Value, settings: &Settings, out: &mut String) {
    // Writing to a string cannot fail.
    let _ = match value {
        Value::Null => Ok(()),
        Value::Bool(value) => out.write_str(if *value { "t" } else { "f" }),
        Value::Int2(value) => write!(out, "{value}"),
        Value::Int4(value) => write!(out, "{value}"),
        Value::Int8(value) => write!(out, "{value}"),
        Value::Oid(value) => write!(out, "{value}"),
        Value::Numeric(value) => write!(out, "{value}"),
        Value::Float4(value) => out.write_str(&print_f32(*value, settings)),
        Value::Float8(value) => out.write_str(&print_f64(*value, settings)),
        Value::Text(text) | Value::Bpchar(text) | Value::Json(text) => out.write_str(text),
        Value::Uuid(uuid) => out.write_str(&print_uuid(uuid)),
        other => {
            print_composed(other, settings, out);
            Ok(())
        }
    };
}

fn print_composed(value: &Value, settings: &Settings, out: &mut String) {
    match value {
        Value::Bytea(bytes) => bytea::print(bytes, settings.bytea_escape, out),
        Value::Date(days) => datetime::print_date(*days, out),
        Value::Time(us) => datetime::print_time(*us, out),
        Value::Timestamp(us) => datetime::print_timestamp(*us, out),
        Value::Timestamptz(us) => datetime::print_timestamptz(*us, &settings.zone, out),
        Value::Interval(interval) => {
            datetime::print_interval(interval, settings.interval_style, out)
        }
        Value::Jsonb(jsonb) => json::print(jsonb, out),
        Value::Array(array) => array::print(array, settings, out),
        Value::Record(record) => print_record(record, settings, out),
        _ => {}
    }
}

fn print_uuid(uuid: &[u8; 16]) -> String {
    let mut text = String::with_capacity(36);
    for (index, byte) in uuid.iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// `(1,"a b",)`.
fn print_record(record: &Record, settings: &Settings, out: &mut String) {
    out.push('(');
    for (index, value) in record.values.iter().enumerate() {
        out.push_str(if index > 0 { "," } else { "" });
        if value.is_null() {
            continue;
        }
        let text = print(value, settings);
        let special =
            |c: char| matches!(c, '"' | '\\' | '(' | ')' | ',') || c.is_ascii_whitespace();
        if !text.is_empty() && !text.contains(special) {
            out.push_str(&text);
            continue;
        }
        out.push('"');
        for c in text.chars() {
            if matches!(c, '"' | '\\') {
                out.push(c);
            }
            out.push(c);
        }
        out.push('"');
    }
    out.push(')');
}

/// `double precision`: the shortest form that reads back, or `%.{15+n}g`.
pub fn print_f64(value: f64, settings: &Settings) -> String {
    if !value.is_finite() {
        return print_special(value);
    }
    match settings.extra_float_digits {
        1.. => layout(&format!("{value:e}"), 15),
        digits => precise(value, (15 + digits).max(1)),
    }
}

/// `real`: the shortest form that reads back, or `%.{6+n}g`.
pub fn print_f32(value: f32, settings: &Settings) -> String {
    if !value.is_finite() {
        return print_special(f64::from(value));
    }
    match settings.extra_float_digits {
        1.. => layout(&format!("{value:e}"), 6),
        digits => precise(f64::from(value), (6 + digits).max(1)),
    }
}

fn print_special(value: f64) -> String {
    let text = if value.is_nan() {
        "NaN"
    } else if value > 0.0 {
        "Infinity"
    } else {
        "-Infinity"
    };
    text.to_string()
}

/// C's `%.{digits}g`.
fn precise(value: f64, digits: i32) -> String {
    let places = usize::try_from(digits - 1).unwrap_or(0);
    let scientific = format!("{value:.places$e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let mantissa = match mantissa.contains('.') {
        true => mantissa.trim_end_matches('0').trim_end_matches('.'),
        false => mantissa,
    };
    layout(&format!("{mantissa}e{exponent}"), digits)
}

/// Lays `d.ddde±x` out plainly, or with an exponent outside -4..limit.
fn layout(scientific: &str, limit: i32) -> String {
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let (sign, mantissa) = match mantissa.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", mantissa),
    };
    if exponent < -4 || exponent >= limit {
        let direction = if exponent < 0 { '-' } else { '+' };
        return format!("{sign}{mantissa}e{direction}{:02}", exponent.abs());
    }
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    let Ok(point) = usize::try_from(exponent + 1) else {
        return format!(
            "{sign}0.{}{digits}",
            "0".repeat((-exponent - 1).unsigned_abs() as usize)
        );
    };
    match digits.len() <= point {
        true if exponent >= 0 => format!("{sign}{digits:0<point$}"),
        _ if point == 0 => format!("{sign}0.{digits}"),
        _ => {
            let (whole, fraction) = digits.split_at(point.min(digits.len()));
            format!("{sign}{whole}.{fraction}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn again(ty: Type, text: &str) -> String {
        let settings = Settings::default();
        print(&parse(text, &ty.into(), &settings).unwrap(), &settings)
    }

    fn refused(ty: Type, text: &str) -> (&'static str, String) {
        let error = parse(text, &ty.into(), &Settings::default()).unwrap_err();
        (error.code, error.message)
    }

    #[test]
    fn floats_print_as_postgres_prints_them() {
        for (input, output) in [
            ("0.1", "0.1"),
            ("1e15", "1e+15"),
            ("100000000000000", "100000000000000"),
            ("123456789012345678", "1.2345678901234568e+17"),
            ("0.0001", "0.0001"),
            ("0.00001", "1e-05"),
            ("-0", "-0"),
            ("1e300", "1e+300"),
            ("-inf", "-Infinity"),
            ("nan", "NaN"),
            ("1234.5", "1234.5"),
        ] {
            assert_eq!(again(Type::Float8, input), output);
        }
        assert_eq!(again(Type::Float4, "1000000"), "1e+06");
        assert_eq!(again(Type::Float4, "123456"), "123456");
        assert_eq!(again(Type::Float4, "3.4e38"), "3.4e+38");
    }

    #[test]
    fn errors_are_worded_as_postgres_words_them() {
        assert_eq!(
            refused(Type::Int4, "x"),
            (
                "22P02",
                "invalid input syntax for type integer: \"x\"".into()
            )
        );
        assert_eq!(
            refused(Type::Int4, "99999999999"),
            (
                "22003",
                "value \"99999999999\" is out of range for type integer".into()
            )
        );
        assert_eq!(
            refused(Type::Float8, "1e400"),
            (
                "22003",
                "\"1e400\" is out of range for type double precision".into()
            )
        );
        assert_eq!(refused(Type::Uuid, "x").0, "22P02");
        assert_eq!(refused(Type::Date, "2020-13-01").0, "22008");
        assert_eq!(refused(Type::Date, "yes").0, "22007");
        assert_eq!(refused(Type::array_of(Type::Int4), "{1,").0, "22P02");
    }

    #[test]
    fn dates_and_times_read_in_many_forms() {
        for input in [
            "2020-01-02",
            "20200102",
            "1/2/2020",
            "Jan 2, 2020",
            "2 January 2020",
            "02-Jan-2020",
            "January 2 2020",
        ] {
            assert_eq!(again(Type::Date, input), "2020-01-02", "{input}");
        }
        assert_eq!(again(Type::Date, "0044-03-15 BC"), "0044-03-15 BC");
        assert_eq!(
            again(Type::Timestamp, "2020-01-02T03:04:05.678Z"),
            "2020-01-02 03:04:05.678"
        );
        assert_eq!(
            again(Type::Timestamp, "2020-01-02 3:04 PM"),
            "2020-01-02 15:04:00"
        );
        assert_eq!(
            again(Type::Timestamptz, "2020-01-02 03:04:05+02"),
            "2020-01-02 01:04:05+00"
        );
        assert_eq!(
            again(Type::Timestamptz, "2020-07-02 03:04:05 America/New_York"),
            "2020-07-02 07:04:05+00"
        );
        assert_eq!(again(Type::Timestamptz, "infinity"), "infinity");
        assert_eq!(again(Type::Time, "24:00"), "24:00:00");
        assert_eq!(again(Type::Timestamp, "0001-01-01"), "0001-01-01 00:00:00");
    }

    #[test]
    fn arrays_quote_what_needs_quoting() {
        let text = Type::array_of(Type::Text);
        assert_eq!(
            again(text.clone(), r#"{a,"b c",NULL,"NULL","",x\"y}"#),
            r#"{a,"b c",NULL,"NULL","","x\"y"}"#
        );
        assert_eq!(again(text.clone(), "{{a,b},{c,d}}"), "{{a,b},{c,d}}");
        assert_eq!(again(text, "{}"), "{}");
        assert_eq!(
            again(Type::array_of(Type::Int4), "[0:1]={1,2}"),
            "[0:1]={1,2}"
        );
        assert_eq!(
            refused(Type::array_of(Type::Int4), "{{1},{2,3}}").0,
            "22P02"
        );
    }
}
