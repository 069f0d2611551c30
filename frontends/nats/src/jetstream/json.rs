//! A request's JSON, read as Go reads it: what is null says nothing.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::error::{Answer, ApiError};

/// Reads a request. Nesting beyond 128 levels is refused by the parser.
pub fn read<T: DeserializeOwned>(payload: &[u8]) -> Answer<T> {
    let invalid = |error| ApiError::invalid_json(&error);
    let mut said: Value = serde_json::from_slice(payload).map_err(invalid)?;
    if said.is_null() {
        said = Value::Object(Map::new());
    }
    if !said.is_object() {
        // An array would pass for an object whose members are given in order.
        let why = "invalid JSON: a request is an object";
        return Err(ApiError::new(400, 10025, why));
    }
    drop_nulls(&mut said);
    serde_json::from_value(said).map_err(invalid)
}

/// The same, where an empty request asks for nothing in particular.
pub fn read_or_default<T: DeserializeOwned + Default>(payload: &[u8]) -> Answer<T> {
    match payload.trim_ascii() {
        b"" => Ok(T::default()),
        json => read(json),
    }
}

fn drop_nulls(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|_, member| !member.is_null());
            members.values_mut().for_each(drop_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_nulls),
        _ => {}
    }
}
