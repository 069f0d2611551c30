//! A table's row as a transaction holds it, and why a change of one is refused.

use std::fmt;

use crate::error::{Error, Result};
use crate::record::rows::Rows;
use crate::record::table::Table;
use crate::record::value::{Value, ValueError};
use crate::record::{Head, Key, Kind, Stamp, head};

/// A row that was read.
#[derive(Clone, Debug)]
pub struct RowRecord {
    /// Its address.
    pub key: Key,
    /// Its version.
    pub stamp: Stamp,
    /// Its fields, in column order.
    pub fields: Vec<Value>,
    /// Its deadline, milliseconds since the Unix epoch.
    pub expire_ms: Option<u64>,
}

/// Why a row cannot be as asked.
#[derive(Clone, Debug)]
pub enum RowError {
    /// The transaction itself failed.
    Core(Error),
    /// A value does not fit, or an expression failed.
    Value(ValueError),
    /// A constraint would not hold.
    Violation(Box<Violation>),
}

/// A constraint that would not hold, in PostgreSQL's words.
#[derive(Clone, Debug)]
pub struct Violation {
    /// SQLSTATE, class 23.
    pub code: &'static str,
    /// The message.
    pub message: String,
    /// The detail.
    pub detail: Option<String>,
    /// Which table.
    pub table: String,
    /// Which column.
    pub column: Option<String>,
    /// Which constraint.
    pub constraint: Option<String>,
}

impl From<Error> for RowError {
    fn from(error: Error) -> Self {
        Self::Core(error)
    }
}

impl From<ValueError> for RowError {
    fn from(error: ValueError) -> Self {
        Self::Value(error)
    }
}

impl fmt::Display for RowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Core(error) => error.fmt(f),
            Self::Value(error) => f.write_str(&error.message),
            Self::Violation(violation) => f.write_str(&violation.message),
        }
    }
}

impl std::error::Error for RowError {}

impl RowRecord {
    /// Has its time not come yet?
    pub fn is_live(&self, now_ms: u64) -> bool {
        self.expire_ms.is_none_or(|deadline| deadline > now_ms)
    }

    /// Reads the row at a key; an expired one is absent.
    pub fn read(rows: &dyn Rows, table: &Table, key: &Key, now_ms: u64) -> Result<Option<Self>> {
        match head::live(rows, key, now_ms)? {
            Some(head) => Self::of_head(table, key.clone(), &head).map(Some),
            None => Ok(None),
        }
    }

    /// Decodes a row from its record's head.
    pub fn of_head(table: &Table, key: Key, head: &Head) -> Result<Self> {
        if head.kind != Kind::Row {
            return Err(Error::corrupt(format!(
                "record {key} of table {} is not a row",
                table.name
            )));
        }
        let fields = table.decode_row(&head.body);
        let fields =
            fields.map_err(|error| Error::corrupt(format!("row {key}: {}", error.message)))?;
        Ok(Self {
            key,
            stamp: head.stamp,
            fields,
            expire_ms: head.expire_ms,
        })
    }
}
