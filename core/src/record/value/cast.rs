//! Casts between types, and which of them happen by themselves.

use serde::{Deserialize, Serialize};

use super::error::{Result, ValueError};
use super::settings::Settings;
use super::types::{ColumnType, Type};
use super::value::Value;

/// Which casts are allowed, from fewest to most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum CastContext {
    /// An argument of a function: only casts that lose nothing.
    Implicit,
    /// A value stored in a column: also lossy ones, but never cutting a string.
    Assignment,
    /// `x::type`: everything there is; strings are cut silently.
    Explicit,
}

/// Whether a value of type `from` may become `to` in this context.
pub fn cast_exists(from: &Type, to: &Type, context: CastContext) -> bool {
    let _ = context;
    from == to
}

/// Converts a value of type `from` to `to`, its modifier included.
///
/// Errors: 42846 when there is no such cast, else those of the conversion (22003, 22P02, 22001, ...).
pub fn cast(
    value: &Value,
    from: &Type,
    to: &ColumnType,
    context: CastContext,
    settings: &Settings,
) -> Result<Value> {
    let _ = (value, from, to, context, settings);
    Err(ValueError::unsupported("not yet"))
}
