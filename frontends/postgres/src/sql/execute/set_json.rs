//! JSON taken apart: elements, members, keys.

use std::sync::Arc;

use stele_core::record::value::json::{self, Jsonb};
use stele_core::record::value::{Value, ValueError};

use super::set_function::SetRows;
use crate::error::{Result, SqlError};

/// The document and whether it was `json` rather than `jsonb`.
fn document(values: &[Value]) -> Result<(Arc<Jsonb>, bool)> {
    match values.first() {
        Some(Value::Jsonb(document)) => Ok((document.clone(), false)),
        Some(Value::Json(text)) => Ok((Arc::new(json::parse(text)?), true)),
        _ => Err(SqlError::from(ValueError::mismatch("json"))),
    }
}

fn value_of(value: &Jsonb, plain: bool, text: bool) -> Value {
    match (text, plain) {
        (true, _) => value.to_text().map_or(Value::Null, Value::from),
        (false, true) => {
            let mut out = String::new();
            json::print(value, &mut out);
            Value::Json(out.into())
        }
        (false, false) => Value::from(value.clone()),
    }
}

/// The elements of an array.
pub(super) fn elements(values: &[Value], text: bool) -> Result<SetRows> {
    let (document, plain) = document(values)?;
    let rows: Vec<Value> = match document.as_ref() {
        Jsonb::Array(elements) => elements
            .iter()
            .map(|element| value_of(element, plain, text))
            .collect(),
        Jsonb::Object(_) => {
            return Err(SqlError::new(
                "22023",
                "cannot extract elements from an object",
            ));
        }
        _ => {
            return Err(SqlError::new(
                "22023",
                "cannot extract elements from a scalar",
            ));
        }
    };
    Ok(Box::new(rows.into_iter().map(|value| Ok(vec![value]))))
}

/// The members of an object.
pub(super) fn each(values: &[Value], text: bool) -> Result<SetRows> {
    let (document, plain) = document(values)?;
    let Jsonb::Object(members) = document.as_ref() else {
        let name = if plain { "json_each" } else { "jsonb_each" };
        let what = if matches!(document.as_ref(), Jsonb::Array(_)) {
            "array"
        } else {
            "scalar"
        };
        let message = match plain {
            true => format!("cannot deconstruct an {what} as an object")
                .replace("an scalar", "a scalar"),
            false => format!(
                "cannot call {name}{} on a non-object",
                if text { "_text" } else { "" }
            ),
        };
        return Err(SqlError::new("22023", message));
    };
    let rows: Vec<(Value, Value)> = members
        .iter()
        .map(|(key, value)| (Value::Text(key.clone()), value_of(value, plain, text)))
        .collect();
    Ok(Box::new(
        rows.into_iter().map(|(key, value)| Ok(vec![key, value])),
    ))
}

/// The keys of an object.
pub(super) fn keys(values: &[Value]) -> Result<SetRows> {
    let (document, plain) = document(values)?;
    let name = if plain {
        "json_object_keys"
    } else {
        "jsonb_object_keys"
    };
    let rows: Vec<Value> = match document.as_ref() {
        Jsonb::Object(members) => members
            .iter()
            .map(|(key, _)| Value::Text(key.clone()))
            .collect(),
        Jsonb::Array(_) => {
            return Err(SqlError::new(
                "22023",
                format!("cannot call {name} on an array"),
            ));
        }
        _ => {
            return Err(SqlError::new(
                "22023",
                format!("cannot call {name} on a scalar"),
            ));
        }
    };
    Ok(Box::new(rows.into_iter().map(|key| Ok(vec![key]))))
}
