//! Rows: the physical rows a record is made of, as something to read.
//!
//! A view of the store, a snapshot at a stamp and an [`super::Overlay`] of a
//! transaction's own writes all look the same to whoever reads a record.

use bytes::Bytes;

use super::Stamp;
use crate::error::{Error, Result};

/// A row's value and the stamp of the op that wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// When it was written: the row's version.
    pub stamp: Stamp,
    /// What was written.
    pub value: Bytes,
}

/// How long the stamp is that stands before a stored value.
pub const STAMP_BYTES: usize = 8;

impl Row {
    /// The stored form: stamp, then value.
    pub fn encode(&self) -> Vec<u8> {
        encode_row(self.stamp, &self.value)
    }

    /// Reads the stored form.
    pub fn decode(stored: Bytes) -> Result<Self> {
        let head = stored
            .get(..STAMP_BYTES)
            .and_then(|head| head.try_into().ok());
        let Some(head) = head else {
            return Err(Error::corrupt("a stored row is shorter than its stamp"));
        };
        Ok(Self {
            stamp: Stamp(u64::from_be_bytes(head)),
            value: stored.slice(STAMP_BYTES..),
        })
    }
}

/// The stored form of a row.
pub fn encode_row(stamp: Stamp, value: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(STAMP_BYTES + value.len());
    out.extend_from_slice(&stamp.0.to_be_bytes());
    out.extend_from_slice(value);
    out
}

/// Rows in key order.
pub type RowIter<'a> = Box<dyn Iterator<Item = Result<(Bytes, Row)>> + Send + 'a>;

/// The read side of physical rows. Row keys are those of [`super::layout`].
pub trait Rows: Send + Sync {
    /// One row, or `None`.
    fn get(&self, key: &[u8]) -> Result<Option<Row>>;

    /// The rows of `[from, to)` in key order, or from the end if `reverse`.
    fn scan<'a>(&'a self, from: &[u8], to: &[u8], reverse: bool) -> RowIter<'a>;
}

/// No rows at all.
#[derive(Debug, Default)]
pub struct NoRows;

impl Rows for NoRows {
    fn get(&self, _key: &[u8]) -> Result<Option<Row>> {
        Ok(None)
    }

    fn scan<'a>(&'a self, _from: &[u8], _to: &[u8], _reverse: bool) -> RowIter<'a> {
        Box::new(std::iter::empty())
    }
}
