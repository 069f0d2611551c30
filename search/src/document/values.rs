//! A field's values: read out of a document, coerced to the field's type.

use serde_json::{Map, Value as Json};
use stele_core::record::value::{Type, Value};

use super::date;
use super::mapping::Kind;

/// 2000-01-01, where SQL's clocks begin, in microseconds since the Unix epoch.
pub const SQL_EPOCH_US: i64 = 946_684_800_000_000;

/// One value that is indexed.
#[derive(Clone, Debug, PartialEq)]
pub enum Leaf {
    /// Text or a keyword.
    Text(String),
    /// Any whole number.
    Int(i64),
    /// Any number with a fraction.
    Float(f64),
    /// true or false.
    Bool(bool),
    /// Microseconds since the Unix epoch.
    Date(i64),
}

/// Reads one value as a field of this type holds it; `None` for null. The error
/// says what is wrong with it.
pub fn leaf(kind: Kind, json: &Json) -> Result<Option<Leaf>, String> {
    let wrong = || format!("failed to parse value [{json}] as [{}]", kind.name());
    let leaf = match (kind, json) {
        (_, Json::Null) => return Ok(None),
        (Kind::Text | Kind::Keyword, Json::String(text)) => Leaf::Text(text.clone()),
        (Kind::Text | Kind::Keyword, Json::Bool(_) | Json::Number(_)) => {
            Leaf::Text(json.to_string())
        }
        (Kind::Boolean, Json::Bool(value)) => Leaf::Bool(*value),
        (Kind::Boolean, Json::String(text)) => match text.as_str() {
            "true" => Leaf::Bool(true),
            "false" | "" => Leaf::Bool(false),
            _ => return Err(wrong()),
        },
        (Kind::Date, Json::String(text)) => Leaf::Date(date::parse(text).ok_or_else(wrong)?),
        (Kind::Date, Json::Number(number)) => {
            let ms = number.as_i64().and_then(|ms| ms.checked_mul(1000));
            Leaf::Date(ms.ok_or_else(wrong)?)
        }
        (kind, Json::Number(_) | Json::String(_)) if kind.is_integer() => {
            Leaf::Int(integer(kind, json).ok_or_else(wrong)?)
        }
        (kind, Json::Number(_) | Json::String(_)) if kind.is_float() => {
            let value = float(json)
                .filter(|value| value.is_finite())
                .ok_or_else(wrong)?;
            Leaf::Float(if kind == Kind::Float {
                narrow(value)
            } else {
                value
            })
        }
        _ => return Err(wrong()),
    };
    Ok(Some(leaf))
}

/// What a 32-bit field keeps of a number.
#[allow(clippy::cast_possible_truncation)]
fn narrow(value: f64) -> f64 {
    f64::from(value as f32)
}

fn float(json: &Json) -> Option<f64> {
    match json {
        Json::Number(number) => number.as_f64(),
        Json::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

#[allow(clippy::cast_possible_truncation)]
fn integer(kind: Kind, json: &Json) -> Option<i64> {
    let exact = match json {
        Json::Number(number) => number.as_i64(),
        Json::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    let value = match exact {
        Some(value) => value,
        // A fraction is cut off; what is too large for that is refused.
        None => float(json).filter(|value| value.abs() < 9.0e18)?.trunc() as i64,
    };
    let fits = match kind {
        Kind::Integer => i32::try_from(value).is_ok(),
        Kind::Short => i16::try_from(value).is_ok(),
        Kind::Byte => i8::try_from(value).is_ok(),
        _ => true,
    };
    fits.then_some(value)
}

/// Every value at a path of a document: through objects, and through arrays at any level.
pub fn at<'a>(document: &'a Map<String, Json>, path: &str) -> Vec<&'a Json> {
    let mut found = Vec::new();
    collect(document, path, &mut found);
    found
}

fn collect<'a>(object: &'a Map<String, Json>, path: &str, found: &mut Vec<&'a Json>) {
    if let Some(value) = object.get(path) {
        flatten(value, found);
        return;
    }
    // A name may itself contain dots: every way to split the path is tried.
    for (at, _) in path.match_indices('.') {
        let (name, rest) = (path.get(..at), path.get(at + 1..));
        if let (Some(name), Some(rest)) = (name, rest)
            && let Some(inner) = object.get(name)
        {
            descend(inner, rest, found);
        }
    }
}

fn descend<'a>(value: &'a Json, path: &str, found: &mut Vec<&'a Json>) {
    match value {
        Json::Object(object) => collect(object, path, found),
        Json::Array(items) => items.iter().for_each(|item| descend(item, path, found)),
        _ => {}
    }
}

fn flatten<'a>(value: &'a Json, found: &mut Vec<&'a Json>) {
    match value {
        Json::Array(items) => items.iter().for_each(|item| flatten(item, found)),
        value => found.push(value),
    }
}

/// The type of the column that holds a field's plain values.
pub fn column_type(kind: Kind) -> Type {
    match kind {
        Kind::Text | Kind::Keyword => Type::Text,
        Kind::Long => Type::Int8,
        Kind::Integer => Type::Int4,
        Kind::Short | Kind::Byte => Type::Int2,
        Kind::Double => Type::Float8,
        Kind::Float => Type::Float4,
        Kind::Boolean => Type::Bool,
        Kind::Date => Type::Timestamptz,
    }
}

/// What a column of a type has of a document's value: NULL for what no column
/// can hold (nothing, an array, an object) and for what is not of the type.
#[allow(clippy::cast_possible_truncation)]
pub fn column_value(kind: Kind, json: Option<&Json>) -> Value {
    let Some(leaf) = json.and_then(|json| leaf(kind, json).ok().flatten()) else {
        return Value::Null;
    };
    match (leaf, kind) {
        // SQL's text has no zero byte.
        (Leaf::Text(text), _) if text.contains('\0') => Value::Null,
        (Leaf::Text(text), _) => Value::text(text),
        (Leaf::Int(value), Kind::Integer) => i32::try_from(value).map_or(Value::Null, Value::Int4),
        (Leaf::Int(value), Kind::Short | Kind::Byte) => {
            i16::try_from(value).map_or(Value::Null, Value::Int2)
        }
        (Leaf::Int(value), _) => Value::Int8(value),
        (Leaf::Float(value), Kind::Float) => Value::Float4(value as f32),
        (Leaf::Float(value), _) => Value::Float8(value),
        (Leaf::Bool(value), _) => Value::Bool(value),
        (Leaf::Date(us), _) => Value::Timestamptz(us - SQL_EPOCH_US),
    }
}

/// Is this what a column of a type has of a document's value, which is JSON text? What is
/// plain is compared as it is spelled.
pub fn is_value(kind: Kind, json: Option<&str>, value: &Value) -> bool {
    let Some(json) = json else {
        return value.is_null();
    };
    let spelled = json
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    match (spelled, value.as_str()) {
        _ if json.starts_with(['[', '{']) => value.is_null(),
        (Some(spelled), Some(column)) if kind.is_words() && !spelled.contains('\\') => {
            spelled == column
        }
        _ => {
            let json = serde_json::from_str(json).ok();
            column_value(kind, json.as_ref()) == *value
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_through_arrays_and_objects() {
        let json = serde_json::json!({"a": [{"b": 1}, {"b": [2, 3]}], "x.y": "z", "n": null});
        let Json::Object(document) = json else {
            panic!()
        };
        let found: Vec<String> = at(&document, "a.b")
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(found, ["1", "2", "3"]);
        assert_eq!(at(&document, "x.y").len(), 1);
        assert_eq!(at(&document, "a.c").len(), 0);
    }

    #[test]
    fn values_are_coerced_or_refused() {
        let long = |json| leaf(Kind::Long, &json);
        assert_eq!(long(serde_json::json!("7")), Ok(Some(Leaf::Int(7))));
        assert_eq!(long(serde_json::json!(7.9)), Ok(Some(Leaf::Int(7))));
        assert_eq!(long(serde_json::json!(null)), Ok(None));
        assert!(long(serde_json::json!("seven")).is_err());
        assert!(leaf(Kind::Byte, &serde_json::json!(300)).is_err());
        assert!(leaf(Kind::Text, &serde_json::json!({"a": 1})).is_err());
        assert!(leaf(Kind::Date, &serde_json::json!("soon")).is_err());
    }
}
