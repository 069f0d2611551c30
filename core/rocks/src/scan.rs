//! Scans: rows between two keys, from either end.

use bytes::Bytes;
use rocksdb::{DB, DBRawIteratorWithThreadMode, ReadOptions};
use stele_core::error::Result;
use stele_core::store::KvIter;

use crate::error::failed;

type Raw<'a> = DBRawIteratorWithThreadMode<'a, DB>;

struct Scan<'a> {
    rows: Raw<'a>,
    reverse: bool,
    begun: bool,
    ended: bool,
}

/// The rows of `[from, to)` of the iterator that `open` makes.
pub(crate) fn scan<'a>(
    from: &[u8],
    to: &[u8],
    reverse: bool,
    open: impl FnOnce(ReadOptions) -> Result<Raw<'a>>,
) -> KvIter<'a> {
    if from >= to {
        return Box::new(std::iter::empty());
    }
    let mut options = ReadOptions::default();
    options.set_iterate_lower_bound(from);
    options.set_iterate_upper_bound(to);
    options.set_total_order_seek(true);
    match open(options) {
        Ok(rows) => Box::new(Scan {
            rows,
            reverse,
            begun: false,
            ended: false,
        }),
        Err(error) => Box::new(std::iter::once(Err(error))),
    }
}

impl Iterator for Scan<'_> {
    type Item = Result<(Bytes, Bytes)>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        match (self.begun, self.reverse) {
            (false, false) => self.rows.seek_to_first(),
            (false, true) => self.rows.seek_to_last(),
            (true, false) => self.rows.next(),
            (true, true) => self.rows.prev(),
        }
        self.begun = true;
        if let Some((key, value)) = self.rows.item() {
            let row = (Bytes::copy_from_slice(key), Bytes::copy_from_slice(value));
            return Some(Ok(row));
        }
        self.ended = true;
        // The end, or a block that could not be read?
        match self.rows.status() {
            Ok(()) => None,
            Err(error) => Some(Err(failed("scan", &error))),
        }
    }
}
