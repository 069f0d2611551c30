//! JSON from SQL values: `to_json`, the builders, and what their aggregates share.

use std::sync::Arc;

use super::args::{array, boolean};
use super::registry::{Eval, EvalFn, Register, Volatility};
use crate::record::value::{
    Array, Jsonb, Record, Result, Settings, Type, Value, ValueError, json, print,
};

pub(super) fn register(register: &mut Register) {
    let mut stable = |signature: &str, strict: bool, eval: EvalFn| {
        register.add(signature, Volatility::Stable, strict, Eval::Pure(eval));
    };
    stable("to_json(anyelement) json", true, |a, call| {
        json_of(a.first(), call.cx.settings)
    });
    stable("to_jsonb(anyelement) jsonb", true, |a, call| {
        Ok(Value::from(to_jsonb(
            a.first().unwrap_or(&Value::Null),
            call.cx.settings,
        )?))
    });
    stable("row_to_json(record) json", true, |a, call| {
        json_of(a.first(), call.cx.settings)
    });
    stable("row_to_json(record, boolean) json", true, |a, call| {
        let _ = boolean(a, 1)?;
        json_of(a.first(), call.cx.settings)
    });
    stable("array_to_json(anyarray) json", true, |a, call| {
        json_of(a.first(), call.cx.settings)
    });
    stable("json_build_array() json", false, |_, _| {
        Ok(Value::Json("[]".into()))
    });
    stable("jsonb_build_array() jsonb", false, |_, _| {
        Ok(Value::from(Jsonb::Array(vec![])))
    });
    stable("json_build_object() json", false, |_, _| {
        Ok(Value::Json("{}".into()))
    });
    stable("jsonb_build_object() jsonb", false, |_, _| {
        Ok(Value::from(Jsonb::object(vec![])))
    });
    stable("json_build_array(variadic any) json", false, |a, call| {
        let mut parts = Vec::new();
        for value in a {
            parts.push(to_json(value, call.cx.settings)?);
        }
        Ok(Value::Json(format!("[{}]", parts.join(", ")).into()))
    });
    stable("jsonb_build_array(variadic any) jsonb", false, |a, call| {
        let elements: Result<Vec<Jsonb>> = a
            .iter()
            .map(|value| to_jsonb(value, call.cx.settings))
            .collect();
        Ok(Value::from(Jsonb::Array(elements?)))
    });
    stable("json_build_object(variadic any) json", false, |a, call| {
        let mut parts = Vec::new();
        for (index, (key, value)) in members(a)?.enumerate() {
            let key = key_text(key, index * 2 + 1, false, call.cx.settings)?;
            parts.push(member(&key, &to_json(value, call.cx.settings)?));
        }
        Ok(Value::Json(format!("{{{}}}", parts.join(", ")).into()))
    });
    stable(
        "jsonb_build_object(variadic any) jsonb",
        false,
        |a, call| {
            let mut built = Vec::new();
            for (index, (key, value)) in members(a)?.enumerate() {
                let key = key_text(key, index * 2 + 1, true, call.cx.settings)?;
                built.push((Arc::from(key), to_jsonb(value, call.cx.settings)?));
            }
            Ok(Value::from(Jsonb::object(built)))
        },
    );
    stable("json_object(text[]) json", true, |a, _| {
        let mut parts = Vec::new();
        for (key, value) in pairs(array(a, 0)?)? {
            parts.push(member(
                &key,
                &value.map_or("null".to_string(), |value| quoted(&value)),
            ));
        }
        Ok(Value::Json(format!("{{{}}}", parts.join(", ")).into()))
    });
}

/// `"key" : value`.
pub(in crate::record::expr) fn member(key: &str, value: &str) -> String {
    format!("{} : {value}", quoted(key))
}

fn quoted(text: &str) -> String {
    let mut out = String::new();
    json::escape(text, &mut out);
    out
}

/// Arguments two by two. Errors: 22023 when one is left over.
fn members(args: &[Value]) -> Result<impl Iterator<Item = (&Value, &Value)>> {
    if args.len() % 2 == 1 {
        let message = "argument list must have even number of elements";
        return Err(ValueError::new("22023", message).with_hint(
            "The arguments of json_build_object() must consist of alternating keys and values.",
        ));
    }
    Ok(args
        .chunks(2)
        .filter_map(|pair| Some((pair.first()?, pair.get(1)?))))
}

/// A key's text. Errors: 22023 for NULL and for composite values.
fn key_text(key: &Value, position: usize, binary: bool, settings: &Settings) -> Result<String> {
    match key {
        Value::Null if binary => Err(ValueError::new(
            "22023",
            format!("argument {position}: key must not be null"),
        )),
        Value::Null => {
            let message = format!("argument {position} cannot be null");
            Err(ValueError::new("22023", message).with_hint("Object keys should be text."))
        }
        Value::Array(_) | Value::Record(_) | Value::Json(_) | Value::Jsonb(_) => {
            let message = "key value must be scalar, not array, composite, or json";
            Err(ValueError::new("22023", message))
        }
        Value::Bool(value) => Ok(value.to_string()),
        other => Ok(print(other, settings)),
    }
}

/// The key of an object aggregate. Errors: 22023 for NULL.
pub(in crate::record::expr) fn aggregate_key(key: &Value, settings: &Settings) -> Result<String> {
    match key {
        Value::Null => Err(ValueError::new("22023", "field name must not be null")),
        key => key_text(key, 1, true, settings),
    }
}

/// Keys and values of a flat `text[]`, or of one with rows of two. Errors: 2202E.
pub(super) fn pairs(array: &Array) -> Result<Vec<(String, Option<String>)>> {
    let fits = match array.dimensions.as_slice() {
        [] => true,
        [only] => only.length % 2 == 0,
        [_, two] => two.length == 2,
        _ => false,
    };
    if !fits {
        let message = match array.dimensions.len() {
            1 => "array must have even number of elements",
            2 => "array must have two columns",
            _ => "wrong number of array subscripts",
        };
        return Err(ValueError::new("2202E", message));
    }
    let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_string);
    let mut found = Vec::new();
    for pair in array.values.chunks(2) {
        match text(pair.first()) {
            Some(key) => found.push((key, text(pair.get(1)))),
            None => {
                return Err(ValueError::new(
                    "22004",
                    "null value not allowed for object key",
                ));
            }
        }
    }
    Ok(found)
}

fn json_of(value: Option<&Value>, settings: &Settings) -> Result<Value> {
    to_json(value.unwrap_or(&Value::Null), settings).map(|text| Value::Json(text.into()))
}

/// The value as JSON text, laid out as `to_json` lays it out.
pub fn to_json(value: &Value, settings: &Settings) -> Result<String> {
    Ok(match value {
        Value::Null => "null".to_string(),
        Value::Bool(value) => value.to_string(),
        Value::Int2(_) | Value::Int4(_) | Value::Int8(_) => print(value, settings),
        Value::Float4(_) | Value::Float8(_) | Value::Numeric(_) => {
            let text = print(value, settings);
            if text.ends_with(|c: char| c.is_ascii_digit()) {
                text
            } else {
                quoted(&text)
            }
        }
        Value::Json(text) => text.to_string(),
        Value::Jsonb(_) => print(value, settings),
        Value::Array(array) => {
            let mut rest = array.values.iter();
            array_json(array, 0, &mut rest, settings)?
        }
        Value::Record(record) => record_json(record, settings)?,
        other => quoted(&scalar_text(other, settings)),
    })
}

/// Dates and times in the form XML Schema shares: a T between, minutes in the offset.
fn scalar_text(value: &Value, settings: &Settings) -> String {
    let text = print(value, settings);
    match value {
        Value::Timestamp(_) | Value::Timestamptz(_) => {
            let mut text = text.replacen(' ', "T", 1);
            let zoned = matches!(value, Value::Timestamptz(_));
            let offset = text.rfind(['+', '-']).filter(|at| *at > 10);
            if let (true, Some(at)) = (zoned, offset)
                && text.len() - at == 3
            {
                text.push_str(":00");
            }
            text
        }
        _ => text,
    }
}

fn array_json(
    array: &Array,
    depth: usize,
    rest: &mut std::slice::Iter<'_, Value>,
    settings: &Settings,
) -> Result<String> {
    let length = array
        .dimensions
        .get(depth)
        .map_or(0, |dimension| dimension.length);
    let mut parts = Vec::new();
    for _ in 0..length {
        parts.push(match depth + 1 < array.dimensions.len() {
            true => array_json(array, depth + 1, rest, settings)?,
            false => to_json(rest.next().unwrap_or(&Value::Null), settings)?,
        });
    }
    Ok(format!("[{}]", parts.join(",")))
}

fn record_json(record: &Record, settings: &Settings) -> Result<String> {
    let mut parts = Vec::new();
    for (index, value) in record.values.iter().enumerate() {
        let key = quoted(&record.name(index));
        parts.push(format!("{key}:{}", to_json(value, settings)?));
    }
    Ok(format!("{{{}}}", parts.join(",")))
}

/// The value as a JSON tree.
pub(in crate::record::expr) fn to_jsonb(value: &Value, settings: &Settings) -> Result<Jsonb> {
    Ok(match value {
        Value::Jsonb(tree) => (**tree).clone(),
        Value::Text(text) => Jsonb::String(text.clone()),
        Value::Array(array) if array.dimensions.len() <= 1 && array.element != Type::Json => {
            let elements: Result<Vec<Jsonb>> = array
                .values
                .iter()
                .map(|value| to_jsonb(value, settings))
                .collect();
            Jsonb::Array(elements?)
        }
        other => json::parse(&to_json(other, settings)?)?,
    })
}
