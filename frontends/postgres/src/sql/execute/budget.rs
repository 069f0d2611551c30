//! The memory a statement keeps, counted and limited.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use stele_core::record::value::Value;

use super::Run;
use crate::error::{Result, SqlError};

/// A part of the budget, given back when dropped.
pub(super) struct Held<'a> {
    run: Arc<Run<'a>>,
    bytes: usize,
}

impl<'a> Held<'a> {
    pub fn new(run: &Arc<Run<'a>>) -> Self {
        Self {
            run: run.clone(),
            bytes: 0,
        }
    }

    /// Counts a row that is kept. Errors: 53200 when the statement keeps too much.
    pub fn add(&mut self, row: &[Value]) -> Result<()> {
        self.add_bytes(row_bytes(row))
    }

    /// Counts bytes that are kept.
    pub fn add_bytes(&mut self, bytes: usize) -> Result<()> {
        self.bytes += bytes;
        let used = self.run.used_bytes.fetch_add(bytes, Ordering::Relaxed) + bytes;
        let limit = self.run.cx.memory_bytes_max;
        if used > limit {
            return Err(SqlError::new("53200", "out of memory").with_detail(format!(
                "The statement needs to keep more than {limit} bytes of intermediate rows."
            )));
        }
        Ok(())
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.run.used_bytes.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// About how much a row occupies.
fn row_bytes(row: &[Value]) -> usize {
    let inside: usize = row.iter().map(value_bytes).sum();
    size_of::<Vec<Value>>() + size_of_val(row) + inside
}

/// About how much a value occupies beyond itself. Shared text is counted wherever it is kept.
fn value_bytes(value: &Value) -> usize {
    match value {
        Value::Text(text) | Value::Bpchar(text) | Value::Json(text) => text.len(),
        Value::Bytea(bytes) => bytes.len(),
        Value::Numeric(_) => 16,
        Value::Jsonb(_) => 256,
        Value::Array(array) => {
            size_of_val(array.values.as_slice())
                + array.values.iter().map(value_bytes).sum::<usize>()
        }
        Value::Record(record) => {
            size_of_val(record.values.as_slice())
                + record.values.iter().map(value_bytes).sum::<usize>()
        }
        _ => 0,
    }
}
