//! A row's columns as a hash's fields, and back.

use bytes::Bytes;
use stele_core::record::table::{Column, Table};
use stele_core::record::value::{Settings, Value, ValueError, text};

use crate::fault::Fault;

/// The columns that are not NULL, in the table's order, printed as text.
///
/// # Errors
/// When the stored row does not decode.
pub fn fields_of(table: &Table, stored: &[u8]) -> Result<Vec<(Bytes, Bytes)>, Fault> {
    let values = table.decode_row(stored).map_err(|error| refused(&error))?;
    let settings = Settings::default();
    let named = table
        .columns
        .iter()
        .zip(&values)
        .filter(|(_, value)| !value.is_null());
    let printed = named.map(|(column, value)| {
        (
            Bytes::from(column.name.clone()),
            Bytes::from(text::print(value, &settings)),
        )
    });
    Ok(printed.collect())
}

/// A field's value as the column's type.
///
/// # Errors
/// When the text is no such value, in the words of the postgres door.
pub fn parse_field(column: &Column, value: &[u8]) -> Result<Value, Fault> {
    let utf8 = std::str::from_utf8(value)
        .map_err(|_| Fault::from("ERR invalid byte sequence for encoding \"UTF8\""))?;
    text::parse(utf8, &column.ty, &Settings::default()).map_err(|error| refused(&error))
}

/// What the table refused, as an error reply.
#[must_use]
pub fn refused(error: &ValueError) -> Fault {
    format!("ERR {}", error.message).into()
}
