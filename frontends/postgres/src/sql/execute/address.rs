//! A record's address as a value: how a scan tells which record a row came from.

use stele_core::record::value::Value;
use stele_core::record::{Key, layout};

use crate::error::{Result, SqlError};

/// The address of a record: the key of its head row.
pub fn of(key: &Key) -> Value {
    Value::bytea(layout::head(key))
}

/// The record at an address. Errors: XX000 when the value is no address.
pub fn key(value: &Value) -> Result<Key> {
    let key = match value {
        Value::Bytea(row) => layout::parse_head(row),
        _ => None,
    };
    key.ok_or_else(|| SqlError::internal("a row has no record"))
}
