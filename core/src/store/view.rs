//! Views: the read side of a store, and of a record's rows in one.

use std::sync::Arc;

use bytes::Bytes;

use super::{Family, KvIter};
use crate::error::Result;
use crate::record::layout::{TAG_OFFSET, Tag};
use crate::record::rows::{Row, RowIter, Rows};

/// Something to read families from: the store itself, or a snapshot of it.
pub trait StoreView: Send + Sync + 'static {
    /// One row, or `None`.
    fn get(&self, family: Family, key: &[u8]) -> Result<Option<Bytes>>;

    /// The rows of `[from, to)` in key order, or from the end if `reverse`.
    fn scan<'a>(&'a self, family: Family, from: &[u8], to: &[u8], reverse: bool) -> KvIter<'a>;
}

/// The records of a view.
#[derive(Clone)]
pub struct StoreRows(pub Arc<dyn StoreView>);

/// The family a row key belongs to.
pub fn family_of(key: &[u8]) -> Family {
    match key.get(TAG_OFFSET) {
        Some(tag) if *tag == Tag::Index as u8 || *tag == Tag::Expiry as u8 => Family::Index,
        _ => Family::Base,
    }
}

impl Rows for StoreRows {
    fn get(&self, key: &[u8]) -> Result<Option<Row>> {
        self.0
            .get(family_of(key), key)?
            .map(Row::decode)
            .transpose()
    }

    fn scan<'a>(&'a self, from: &[u8], to: &[u8], reverse: bool) -> RowIter<'a> {
        let rows = self.0.scan(family_of(from), from, to, reverse);
        Box::new(rows.map(|row| {
            let (key, value) = row?;
            Ok((key, Row::decode(value)?))
        }))
    }
}
