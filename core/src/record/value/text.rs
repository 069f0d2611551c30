//! The text form of every type: input functions and output functions.

use super::error::{Result, ValueError};
use super::settings::Settings;
use super::types::ColumnType;
use super::value::Value;

/// Reads the text form of a value of this type, as PostgreSQL's input function does.
///
/// Object-naming types accept numbers only; names need a catalogue. Errors: 22P02, 22003,
/// 22007, 22008, 22001.
pub fn parse(text: &str, ty: &ColumnType, settings: &Settings) -> Result<Value> {
    let _ = (text, ty, settings);
    Err(ValueError::unsupported("not yet"))
}

/// The text form of a value, as PostgreSQL's output function prints it; NULL prints nothing.
pub fn print(value: &Value, settings: &Settings) -> String {
    let mut out = String::new();
    print_to(value, settings, &mut out);
    out
}

/// Appends the text form of a value.
pub fn print_to(value: &Value, settings: &Settings, out: &mut String) {
    let _ = (value, settings, out);
}
