//! The storage form of a row: a version, then the fields by column id.

use super::error::{Result, ValueError};
use super::types::Type;
use super::value::Value;

/// Encodes fields, each with the id of its column. NULLs are kept, so an absent field
/// (a column added later) differs from a NULL one.
pub fn encode(fields: &[(u32, Value)]) -> Vec<u8> {
    let _ = fields;
    vec![]
}

/// Reads the wanted columns, each with its type, in the order asked for: `None` where the
/// row has no such field. Fields of other columns are skipped. Errors: XX001.
pub fn decode(bytes: &[u8], columns: &[(u32, Type)]) -> Result<Vec<Option<Value>>> {
    let _ = (bytes, columns);
    Err(ValueError::unsupported("not yet"))
}
