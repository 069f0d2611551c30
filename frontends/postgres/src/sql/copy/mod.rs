//! # COPY: rows in bulk, in three spellings
//!
//! **What.** [`CopyIn`] takes pieces of a stream and gives whole rows; [`CopyOut`] takes rows
//! and gives pieces. Text, CSV and binary are PostgreSQL's, byte for byte.
//!
//! **Why.** It is how dumps are restored, and how `pgbench -i` fills its tables.
//!
//! **How.** A piece may end anywhere: in a row, in a quote, in a character. What is not yet a
//! whole row waits in a buffer, at most [`ROW_BYTES_MAX`].
//!
//! ```text
//!   CopyData --feed--> text | csv | binary --fields--> parse or receive --values--> insert
//! ```
//!
//! **Limits.** One encoding, UTF-8. No files, no programs, no WHERE.
//!
//! **Further reading.** PostgreSQL manual, COPY.

mod binary;
mod csv;
mod text;
mod write;

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use stele_core::record::table::Table;
use stele_core::record::value::{self, Settings, Value};

use super::parse::{CopyFormat, CopyOptions};
use crate::error::SqlError;
use crate::session::Mode;
use crate::wire::utf8;

pub use write::CopyOut;

/// The longest row of a stream.
pub const ROW_BYTES_MAX: usize = 256 << 20;

/// One row's fields as they came: `None` = NULL.
pub(crate) type Fields = Vec<Option<Bytes>>;

/// COPY ... FROM STDIN under way.
pub struct CopyIn {
    /// The table.
    pub table: Arc<Table>,
    /// The positions of the columns that come.
    pub positions: Vec<usize>,
    /// When it commits.
    pub mode: Mode,
    /// Rows so far.
    pub count: u64,
    options: CopyOptions,
    buffer: BytesMut,
    /// The first line, or the binary header, has been read.
    has_begun: bool,
    /// The end-of-data mark has been read: whatever follows is ignored.
    has_ended: bool,
}

impl CopyIn {
    /// A COPY that has read nothing yet.
    pub fn new(table: Arc<Table>, positions: Vec<usize>, options: CopyOptions, mode: Mode) -> Self {
        Self {
            table,
            positions,
            mode,
            count: 0,
            options,
            buffer: BytesMut::new(),
            has_begun: false,
            has_ended: false,
        }
    }

    /// Whether the stream is binary.
    pub fn is_binary(&self) -> bool {
        self.options.format == CopyFormat::Binary
    }

    /// How many columns come.
    pub fn column_count(&self) -> usize {
        self.positions.len()
    }

    /// Takes a piece of the stream; gives the rows that are whole now.
    ///
    /// # Errors
    /// 22P04 for a row of the wrong shape, 54000 for one that is too long.
    pub fn feed(&mut self, piece: &[u8]) -> Result<Vec<Fields>, SqlError> {
        self.buffer.extend_from_slice(piece);
        let rows = self.rows(false)?;
        if self.buffer.len() > ROW_BYTES_MAX {
            return Err(SqlError::new("54000", "the row is too long"));
        }
        Ok(rows)
    }

    /// The stream is over; gives what was left.
    ///
    /// # Errors
    /// 22P04 when it ends inside a row.
    pub fn finish(&mut self) -> Result<Vec<Fields>, SqlError> {
        self.rows(true)
    }

    fn rows(&mut self, is_last: bool) -> Result<Vec<Fields>, SqlError> {
        let mut rows = Vec::new();
        while !self.has_ended {
            let next = match self.options.format {
                CopyFormat::Binary => self.next_binary(is_last)?,
                CopyFormat::Text => self.next_line(is_last)?.map(|line| self.text_fields(&line)),
                CopyFormat::Csv => self
                    .next_record(is_last)?
                    .map(|record| self.csv_fields(&record))
                    .transpose()?,
            };
            let Some(fields) = next else {
                break;
            };
            if self.options.header && !self.has_begun {
                self.has_begun = true;
                continue;
            }
            self.check_width(&fields)?;
            self.count += 1;
            rows.push(fields);
        }
        Ok(rows)
    }

    fn check_width(&self, fields: &Fields) -> Result<(), SqlError> {
        let wanted = self.positions.len();
        let line = self.count + 1;
        if fields.len() > wanted {
            return Err(
                SqlError::new("22P04", "extra data after last expected column")
                    .with_context(format!("COPY {}, line {line}", self.table.name)),
            );
        }
        match self
            .positions
            .get(fields.len())
            .and_then(|at| self.table.columns.get(*at))
        {
            None => Ok(()),
            Some(column) => Err(SqlError::new(
                "22P04",
                format!("missing data for column \"{}\"", column.name),
            )
            .with_context(format!("COPY {}, line {line}", self.table.name))),
        }
    }

    /// The values of a row's fields, in the order of `positions`.
    ///
    /// # Errors
    /// Those of the types' input.
    pub fn values(&self, fields: &Fields, settings: &Settings) -> Result<Vec<Value>, SqlError> {
        let mut values = Vec::with_capacity(fields.len());
        for (field, position) in fields.iter().zip(&self.positions) {
            let Some(column) = self.table.columns.get(*position) else {
                continue;
            };
            let value = match field {
                None => Ok(Value::Null),
                Some(bytes) if self.is_binary() => {
                    value::receive(bytes, &column.ty).map_err(SqlError::from)
                }
                Some(bytes) => {
                    utf8(bytes).and_then(|text| Ok(value::parse(text, &column.ty, settings)?))
                }
            };
            let place = |error: SqlError| {
                let shown = field
                    .as_deref()
                    .map(String::from_utf8_lossy)
                    .unwrap_or_default();
                let (table, line) = (&self.table.name, self.count);
                error.with_context(format!(
                    "COPY {table}, line {line}, column {}: \"{shown}\"",
                    column.name
                ))
            };
            values.push(value.map_err(place)?);
        }
        Ok(values)
    }
}
