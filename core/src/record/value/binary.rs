//! The binary form of every type on PostgreSQL's wire: receive and send.

use bytes::BytesMut;

use super::error::{Result, ValueError};
use super::types::ColumnType;
use super::value::Value;

/// Reads the binary form of a value of this type. Errors: 22P03, 22021 and the type's own.
pub fn receive(bytes: &[u8], ty: &ColumnType) -> Result<Value> {
    let _ = (bytes, ty);
    Err(ValueError::unsupported("not yet"))
}

/// Appends the binary form of a value that is not NULL, without its length.
pub fn send(value: &Value, out: &mut BytesMut) {
    let _ = (value, out);
}
