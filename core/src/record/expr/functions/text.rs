//! String functions.

use super::args::{array, int, text};
use super::registry::{Call, Eval, EvalFn, Register, Volatility};
use crate::record::value::{Result, Value, ValueError, print};

/// Longest string a function builds.
pub(super) const RESULT_BYTES_MAX: usize = 64 << 20;

pub(super) fn register(register: &mut Register) {
    register_measures(register);
    register_case_and_trim(register);
    register_parts(register);
    register_joins(register);
    register_codes(register);
}

/// 54000 when a result would be too long.
pub(super) fn too_long() -> ValueError {
    ValueError::new("54000", "requested length too large")
}

fn count(value: usize) -> Value {
    Value::Int4(i32::try_from(value).unwrap_or(i32::MAX))
}

/// The characters as stored, with a `char(n)`'s padding.
pub(super) fn padded(args: &[Value], index: usize) -> Result<&str> {
    match args.get(index) {
        Some(Value::Bpchar(text)) => Ok(text),
        _ => text(args, index),
    }
}

fn register_measures(register: &mut Register) {
    for name in ["length", "char_length", "character_length"] {
        register.strict(&format!("{name}(text) integer"), |a, _| {
            Ok(count(text(a, 0)?.chars().count()))
        });
        register.strict(&format!("{name}(character) integer"), |a, _| {
            Ok(count(text(a, 0)?.chars().count()))
        });
    }
    register.strict("octet_length(text) integer", |a, _| {
        Ok(count(text(a, 0)?.len()))
    });
    register.strict("octet_length(character) integer", |a, _| {
        Ok(count(padded(a, 0)?.len()))
    });
    register.strict("bit_length(text) integer", |a, _| {
        Ok(count(text(a, 0)?.len().saturating_mul(8)))
    });
    register.strict("strpos(text, text) integer", |a, _| position(a));
    register.strict("position(text, text) integer", |a, _| position(a));
    for name in ["starts_with", "^@"] {
        register.strict(&format!("{name}(text, text) boolean"), |a, _| {
            Ok(Value::Bool(text(a, 0)?.starts_with(text(a, 1)?)))
        });
    }
}

fn position(args: &[Value]) -> Result<Value> {
    let (whole, part) = (text(args, 0)?, text(args, 1)?);
    Ok(match whole.find(part).and_then(|at| whole.get(..at)) {
        Some(before) => count(before.chars().count() + 1),
        None => Value::Int4(0),
    })
}

fn register_case_and_trim(register: &mut Register) {
    register.strict("lower(text) text", |a, _| {
        Ok(Value::from(lower(text(a, 0)?)))
    });
    register.strict("upper(text) text", |a, _| {
        Ok(Value::from(upper(text(a, 0)?)))
    });
    register.strict("initcap(text) text", |a, _| {
        Ok(Value::from(initcap(text(a, 0)?)))
    });
    let trims: [(&str, EvalFn, EvalFn); 3] = [
        (
            "btrim",
            |a, _| trim(a, true, true),
            |a, _| trim(a, true, true),
        ),
        (
            "ltrim",
            |a, _| trim(a, true, false),
            |a, _| trim(a, true, false),
        ),
        (
            "rtrim",
            |a, _| trim(a, false, true),
            |a, _| trim(a, false, true),
        ),
    ];
    for (name, spaces, characters) in trims {
        register.strict(&format!("{name}(text) text"), spaces);
        register.strict(&format!("{name}(text, text) text"), characters);
    }
    register.strict("repeat(text, integer) text", |a, _| {
        let (part, times) = (text(a, 0)?, usize::try_from(int(a, 1)?).unwrap_or(0));
        match part.len().checked_mul(times) {
            Some(length) if length <= RESULT_BYTES_MAX => Ok(Value::from(part.repeat(times))),
            _ => Err(too_long()),
        }
    });
    register.strict("lpad(text, integer) text", |a, _| pad(a, true));
    register.strict("lpad(text, integer, text) text", |a, _| pad(a, true));
    register.strict("rpad(text, integer) text", |a, _| pad(a, false));
    register.strict("rpad(text, integer, text) text", |a, _| pad(a, false));
}

/// Lower case, a character for a character.
pub(super) fn lower(text: &str) -> String {
    text.chars().map(|c| single(c, c.to_lowercase())).collect()
}

fn upper(text: &str) -> String {
    text.chars().map(|c| single(c, c.to_uppercase())).collect()
}

/// A mapping to several characters (ß) is left alone, as in PostgreSQL.
fn single(original: char, mut mapped: impl Iterator<Item = char>) -> char {
    match (mapped.next(), mapped.next()) {
        (Some(c), None) => c,
        _ => original,
    }
}

fn initcap(text: &str) -> String {
    let mut inside = false;
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        out.push(if inside {
            single(c, c.to_lowercase())
        } else {
            single(c, c.to_uppercase())
        });
        inside = c.is_alphanumeric();
    }
    out
}

fn trim(args: &[Value], start: bool, end: bool) -> Result<Value> {
    let mut rest = text(args, 0)?;
    let set = if args.len() > 1 { text(args, 1)? } else { " " };
    let member = |c: char| set.contains(c);
    if start {
        rest = rest.trim_start_matches(member);
    }
    if end {
        rest = rest.trim_end_matches(member);
    }
    Ok(Value::from(rest))
}

fn pad(args: &[Value], left: bool) -> Result<Value> {
    let (text, width) = (text(args, 0)?, int(args, 1)?.max(0));
    let fill = if args.len() > 2 {
        text_at(args, 2)?
    } else {
        " "
    };
    let width = usize::try_from(width).unwrap_or(usize::MAX);
    if width.saturating_mul(4) > RESULT_BYTES_MAX {
        return Err(too_long());
    }
    let length = text.chars().count();
    if length >= width || fill.is_empty() {
        return Ok(Value::from(text.chars().take(width).collect::<String>()));
    }
    let padding: String = fill.chars().cycle().take(width - length).collect();
    Ok(Value::from(if left {
        padding + text
    } else {
        format!("{text}{padding}")
    }))
}

fn text_at(args: &[Value], index: usize) -> Result<&str> {
    text(args, index)
}

fn register_parts(register: &mut Register) {
    for name in ["substring", "substr"] {
        register.strict(&format!("{name}(text, integer) text"), |a, _| substring(a));
        register.strict(&format!("{name}(text, integer, integer) text"), |a, _| {
            substring(a)
        });
    }
    register.strict("left(text, integer) text", |a, _| {
        let (text, wanted) = (text(a, 0)?, int(a, 1)?);
        let length = text.chars().count() as i64;
        let kept = if wanted < 0 { length + wanted } else { wanted };
        Ok(Value::from(
            text.chars()
                .take(usize::try_from(kept).unwrap_or(0))
                .collect::<String>(),
        ))
    });
    register.strict("right(text, integer) text", |a, _| {
        let (text, wanted) = (text(a, 0)?, int(a, 1)?);
        let length = text.chars().count() as i64;
        let dropped = if wanted < 0 {
            -wanted
        } else {
            (length - wanted).max(0)
        };
        Ok(Value::from(
            text.chars()
                .skip(usize::try_from(dropped).unwrap_or(0))
                .collect::<String>(),
        ))
    });
    register.strict("overlay(text, text, integer) text", |a, _| overlay(a));
    register.strict("overlay(text, text, integer, integer) text", |a, _| {
        overlay(a)
    });
    register.strict("replace(text, text, text) text", |a, _| replace(a));
    register.strict("translate(text, text, text) text", |a, _| translate(a));
    register.strict("reverse(text) text", |a, _| {
        Ok(Value::from(text(a, 0)?.chars().rev().collect::<String>()))
    });
    register.strict("split_part(text, text, integer) text", |a, _| split_part(a));
    register.lenient("string_to_array(text, text) text[]", string_to_array);
    register.lenient("string_to_array(text, text, text) text[]", string_to_array);
}

/// Positions count from 1 and may lie outside the text. Errors: 22011.
fn substring(args: &[Value]) -> Result<Value> {
    let (text, start) = (text(args, 0)?, int(args, 1)?);
    let end = match args.len() > 2 {
        true => {
            let length = int(args, 2)?;
            if length < 0 {
                return Err(ValueError::new(
                    "22011",
                    "negative substring length not allowed",
                ));
            }
            start.saturating_add(length)
        }
        false => i64::MAX,
    };
    let skip = usize::try_from(start - 1).unwrap_or(0);
    let take = usize::try_from(end.saturating_sub(start.max(1))).unwrap_or(0);
    Ok(Value::from(
        text.chars().skip(skip).take(take).collect::<String>(),
    ))
}

fn overlay(args: &[Value]) -> Result<Value> {
    let (whole, part, start) = (text(args, 0)?, text(args, 1)?, int(args, 2)?);
    let length = if args.len() > 3 {
        int(args, 3)?
    } else {
        part.chars().count() as i64
    };
    if start <= 0 {
        return Err(ValueError::new(
            "22011",
            "negative substring length not allowed",
        ));
    }
    let before: String = whole
        .chars()
        .take(usize::try_from(start - 1).unwrap_or(0))
        .collect();
    let resume = start.saturating_sub(1).saturating_add(length).max(0);
    let after: String = whole
        .chars()
        .skip(usize::try_from(resume).unwrap_or(0))
        .collect();
    Ok(Value::from(format!("{before}{part}{after}")))
}

fn replace(args: &[Value]) -> Result<Value> {
    let (whole, from, to) = (text(args, 0)?, text(args, 1)?, text(args, 2)?);
    if from.is_empty() {
        return Ok(Value::from(whole));
    }
    let growth = whole.matches(from).count().saturating_mul(to.len());
    if growth > RESULT_BYTES_MAX {
        return Err(too_long());
    }
    Ok(Value::from(whole.replace(from, to)))
}

fn translate(args: &[Value]) -> Result<Value> {
    let (whole, from, to) = (text(args, 0)?, text(args, 1)?, text(args, 2)?);
    let to: Vec<char> = to.chars().collect();
    let mapped = |c: char| match from.chars().position(|other| other == c) {
        Some(at) => to.get(at).copied(),
        None => Some(c),
    };
    Ok(Value::from(
        whole.chars().filter_map(mapped).collect::<String>(),
    ))
}

fn split_part(args: &[Value]) -> Result<Value> {
    let (whole, delimiter, field) = (text(args, 0)?, text(args, 1)?, int(args, 2)?);
    if field == 0 {
        return Err(ValueError::new("22023", "field position must not be zero"));
    }
    let index = usize::try_from(field.unsigned_abs() - 1).unwrap_or(usize::MAX);
    if delimiter.is_empty() {
        return Ok(Value::from(if index == 0 { whole } else { "" }));
    }
    let part = match field > 0 {
        true => whole.split(delimiter).nth(index),
        // Parts are found from the left; only their count is taken from the right.
        false => {
            let parts: Vec<&str> = whole.split(delimiter).collect();
            parts
                .len()
                .checked_sub(index + 1)
                .and_then(|at| parts.get(at).copied())
        }
    };
    Ok(Value::from(part.unwrap_or_default()))
}

/// A NULL delimiter splits into characters; an empty one does not split.
fn string_to_array(args: &[Value], _: &Call<'_>) -> Result<Value> {
    let Some(whole) = args.first().and_then(Value::as_str) else {
        return Ok(Value::Null);
    };
    let null = args.get(2).and_then(Value::as_str);
    let parts: Vec<String> = match args.get(1).and_then(Value::as_str) {
        _ if whole.is_empty() => vec![],
        None => whole.chars().map(String::from).collect(),
        Some("") => vec![whole.to_string()],
        Some(delimiter) => whole.split(delimiter).map(str::to_string).collect(),
    };
    let value = |part: String| {
        if Some(part.as_str()) == null {
            Value::Null
        } else {
            Value::from(part)
        }
    };
    Ok(Value::array(
        crate::record::value::Type::Text,
        parts.into_iter().map(value).collect(),
    ))
}

fn register_joins(register: &mut Register) {
    register.strict("||(text, text) text", |a, _| join(text(a, 0)?, text(a, 1)?));
    let loose: EvalFn = |a, call| {
        let printed = |index: usize| match a.get(index) {
            // The text of a cast, which spells booleans out.
            Some(Value::Bool(value)) => value.to_string(),
            Some(value @ (Value::Text(_) | Value::Bpchar(_))) => {
                value.as_str().unwrap_or_default().to_string()
            }
            Some(value) => print(value, call.cx.settings),
            None => String::new(),
        };
        join(&printed(0), &printed(1))
    };
    register.add(
        "||(anynonarray, text) text",
        Volatility::Stable,
        true,
        Eval::Pure(loose),
    );
    register.add(
        "||(text, anynonarray) text",
        Volatility::Stable,
        true,
        Eval::Pure(loose),
    );
    register.add(
        "concat(variadic any) text",
        Volatility::Stable,
        false,
        Eval::Pure(concat),
    );
    register.add(
        "concat_ws(text, variadic any) text",
        Volatility::Stable,
        false,
        Eval::Pure(concat_ws),
    );
    register.add(
        "format(text) text",
        Volatility::Stable,
        false,
        Eval::Pure(super::text_format::format),
    );
    register.add(
        "format(text, variadic any) text",
        Volatility::Stable,
        false,
        Eval::Pure(super::text_format::format),
    );
    register.strict("quote_ident(text) text", |a, _| {
        Ok(Value::from(super::text_format::quote_ident(text(a, 0)?)))
    });
    register.strict("quote_literal(text) text", |a, _| {
        Ok(Value::from(super::text_format::quote_literal(text(a, 0)?)))
    });
    let quote: EvalFn = |a, call| {
        Ok(Value::from(match a.first() {
            Some(Value::Null) | None => "NULL".to_string(),
            Some(value) => super::text_format::quote_literal(&print(value, call.cx.settings)),
        }))
    };
    register.add(
        "quote_literal(anyelement) text",
        Volatility::Stable,
        true,
        Eval::Pure(quote),
    );
    register.lenient("quote_nullable(text) text", quote);
    register.add(
        "quote_nullable(anyelement) text",
        Volatility::Stable,
        false,
        Eval::Pure(quote),
    );
}

fn join(a: &str, b: &str) -> Result<Value> {
    if a.len().saturating_add(b.len()) > RESULT_BYTES_MAX {
        return Err(too_long());
    }
    let mut out = String::with_capacity(a.len() + b.len());
    out.push_str(a);
    out.push_str(b);
    Ok(Value::from(out))
}

fn concat(args: &[Value], call: &Call<'_>) -> Result<Value> {
    joined("", args, call)
}

fn concat_ws(args: &[Value], call: &Call<'_>) -> Result<Value> {
    let Some((separator, rest)) = args.split_first() else {
        return Ok(Value::Null);
    };
    match separator.as_str() {
        Some(separator) => joined(separator, rest, call),
        None => Ok(Value::Null),
    }
}

fn joined(separator: &str, args: &[Value], call: &Call<'_>) -> Result<Value> {
    let given = args.iter().filter(|value| !value.is_null());
    let parts: Vec<String> = given.map(|value| print(value, call.cx.settings)).collect();
    Ok(Value::from(parts.join(separator)))
}

fn register_codes(register: &mut Register) {
    register.strict("ascii(text) integer", |a, _| {
        Ok(Value::Int4(
            text(a, 0)?.chars().next().map_or(0, |c| c as i32),
        ))
    });
    register.strict("chr(integer) text", |a, _| {
        let code = int(a, 0)?;
        if code == 0 {
            return Err(ValueError::new("54000", "null character not permitted"));
        }
        match u32::try_from(code).ok().and_then(char::from_u32) {
            Some(c) => Ok(Value::from(c.to_string())),
            None => {
                let message = format!("requested character too large for encoding: {code}");
                Err(ValueError::new("54000", message))
            }
        }
    });
    for ty in ["integer", "bigint"] {
        register.strict(&format!("to_hex({ty}) text"), |a, _| {
            Ok(Value::from(match a.first() {
                Some(Value::Int4(value)) => format!("{value:x}"),
                _ => format!("{:x}", int(a, 0)?),
            }))
        });
    }
    register.strict("array_to_string(anyarray, text) text", |a, call| {
        let parts = array(a, 0)?.values.iter().filter(|value| !value.is_null());
        let parts: Vec<String> = parts.map(|value| print(value, call.cx.settings)).collect();
        Ok(Value::from(parts.join(text(a, 1)?)))
    });
    register.lenient("array_to_string(anyarray, text, text) text", |a, call| {
        let (Some(Value::Array(array)), Some(separator)) =
            (a.first(), a.get(1).and_then(Value::as_str))
        else {
            return Ok(Value::Null);
        };
        let null = a.get(2).and_then(Value::as_str);
        let parts = array.values.iter().filter_map(|value| match value {
            Value::Null => null.map(str::to_string),
            value => Some(print(value, call.cx.settings)),
        });
        Ok(Value::from(parts.collect::<Vec<String>>().join(separator)))
    });
}
