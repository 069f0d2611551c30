//! The overlay: rows written but not yet stored, above rows that are.
//!
//! An op is folded into an overlay; `apply` turns the overlay's writes into one
//! store batch, a transaction keeps them to see its own writes. Savepoints are
//! positions in an undo list, so taking one costs nothing.

use std::collections::BTreeMap;
use std::ops::Bound;

use bytes::Bytes;

use super::rows::{Row, RowIter, Rows, STAMP_BYTES, encode_row};
use super::{Change, CollectionId, Head, Key, Stamp, layout};
use crate::error::Result;

/// What became of a row: its new value, or that it was deleted, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The op that did it.
    pub stamp: Stamp,
    stored: Option<Bytes>,
}

impl Written {
    /// The row's stored form, made once, where it is written; `None` = deleted.
    pub fn stored(&self) -> Option<&Bytes> {
        self.stored.as_ref()
    }

    /// The new value; `None` = deleted.
    pub fn value(&self) -> Option<Bytes> {
        self.row().map(|row| row.value)
    }

    fn row(&self) -> Option<Row> {
        self.stored.as_ref().map(|stored| Row {
            stamp: self.stamp,
            value: stored.slice(STAMP_BYTES..),
        })
    }
}

/// What an overlay has collected: owned, so that it outlives the rows below.
#[derive(Debug, Default)]
pub struct Writes {
    rows: BTreeMap<Bytes, Written>,
    superseded: Vec<(Bytes, Row, Stamp)>,
    keeps_superseded: bool,
    counts: BTreeMap<CollectionId, i64>,
    changes: Vec<Change>,
    undo: Vec<Undo>,
    keeps_undo: bool,
}

#[derive(Debug)]
enum Undo {
    Row(Bytes, Option<Written>),
    Count(CollectionId, i64),
    Change,
}

impl Writes {
    /// Writes that can be taken back to a savepoint.
    pub fn undoable() -> Self {
        Self {
            keeps_undo: true,
            ..Self::default()
        }
    }

    /// Writes that remember versions which were overwritten before they were
    /// stored: a snapshot may stand between two writes of one row.
    pub fn versioned() -> Self {
        Self {
            keeps_superseded: true,
            ..Self::default()
        }
    }

    /// Do these writes remember overwritten versions?
    pub fn is_versioned(&self) -> bool {
        self.keeps_superseded
    }

    /// Versions that were written and overwritten: key, version, until when.
    pub fn superseded(&self) -> &[(Bytes, Row, Stamp)] {
        &self.superseded
    }

    /// Where the writes stand now.
    pub fn mark(&self) -> usize {
        self.undo.len()
    }

    /// Takes back everything since a mark.
    pub fn take_back(&mut self, mark: usize) {
        while self.undo.len() > mark {
            match self.undo.pop() {
                Some(Undo::Row(key, Some(before))) => {
                    self.rows.insert(key, before);
                }
                Some(Undo::Row(key, None)) => {
                    self.rows.remove(&key);
                }
                Some(Undo::Count(collection, delta)) => {
                    let count = self.counts.entry(collection).or_default();
                    *count = count.saturating_sub(delta);
                }
                Some(Undo::Change) => {
                    self.changes.pop();
                }
                None => {}
            }
        }
    }

    /// Is there nothing to write?
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Is a row in `[from, to)` given a new value?
    pub fn puts_between(&self, from: &[u8], to: &[u8]) -> bool {
        from < to
            && self
                .rows
                .range::<[u8], _>((Bound::Included(from), Bound::Excluded(to)))
                .any(|(_, written)| written.stored.is_some())
    }

    /// The rows touched in `[from, to)`, in key order.
    pub fn touched_between(&self, from: &[u8], to: &[u8]) -> impl Iterator<Item = &Bytes> {
        let to = to.max(from);
        self.rows
            .range::<[u8], _>((Bound::Included(from), Bound::Excluded(to)))
            .map(|(key, _)| key)
    }

    /// What became of each row touched, in key order.
    pub fn rows(&self) -> impl Iterator<Item = (&Bytes, &Written)> {
        self.rows.iter()
    }

    /// What became of each row touched, in key order, handed over.
    pub fn take_rows(&mut self) -> BTreeMap<Bytes, Written> {
        std::mem::take(&mut self.rows)
    }

    /// How the record counters moved.
    pub fn counts(&self) -> &BTreeMap<CollectionId, i64> {
        &self.counts
    }

    /// What changed, in order.
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// What changed, handed over.
    pub fn take_changes(&mut self) -> Vec<Change> {
        std::mem::take(&mut self.changes)
    }

    /// Adds what was written above these writes.
    pub fn absorb(&mut self, upper: Self) {
        for (key, written) in upper.rows {
            self.set(key, written);
        }
        self.superseded.extend(upper.superseded);
        for (collection, delta) in upper.counts {
            *self.counts.entry(collection).or_default() += delta;
        }
        self.changes.extend(upper.changes);
    }

    fn set(&mut self, key: Bytes, written: Written) {
        if !self.keeps_superseded && !self.keeps_undo {
            self.rows.insert(key, written);
            return;
        }
        let stamp = written.stamp;
        let before = self.rows.insert(key.clone(), written);
        if self.keeps_superseded
            && let Some(row) = before.as_ref().and_then(Written::row)
        {
            self.superseded.push((key.clone(), row, stamp));
        }
        if self.keeps_undo {
            self.undo.push(Undo::Row(key, before));
        }
    }
}

/// Rows below, and writes above them.
pub struct Overlay<'a> {
    below: &'a dyn Rows,
    writes: &'a mut Writes,
    stamp: Stamp,
    partition: u16,
}

impl<'a> Overlay<'a> {
    /// Writes made now carry `stamp` and belong to `partition`.
    pub fn new(below: &'a dyn Rows, writes: &'a mut Writes, partition: u16, stamp: Stamp) -> Self {
        Self {
            below,
            writes,
            stamp,
            partition,
        }
    }

    /// The stamp of the op being folded.
    pub fn stamp(&self) -> Stamp {
        self.stamp
    }

    /// The partition whose log this op stands in.
    pub fn partition(&self) -> u16 {
        self.partition
    }

    /// Writes a row.
    pub fn put(&mut self, key: impl Into<Bytes>, value: impl AsRef<[u8]>) {
        let stored = encode_row(self.stamp, value.as_ref());
        self.set(key.into(), Some(stored.into()));
    }

    /// Writes a record's head.
    pub fn put_head(&mut self, key: &Key, head: &Head) {
        let mut stored = Vec::with_capacity(STAMP_BYTES + head.size());
        stored.extend_from_slice(&self.stamp.0.to_be_bytes());
        head.encode_into(&mut stored);
        self.set(layout::head(key).into(), Some(stored.into()));
    }

    /// Deletes a row.
    pub fn delete(&mut self, key: impl Into<Bytes>) {
        self.set(key.into(), None);
    }

    fn set(&mut self, key: Bytes, stored: Option<Bytes>) {
        let stamp = self.stamp;
        self.writes.set(key, Written { stamp, stored });
    }

    /// Moves a collection's record counter.
    pub fn count(&mut self, collection: CollectionId, delta: i64) {
        *self.writes.counts.entry(collection).or_default() += delta;
        if self.writes.keeps_undo {
            self.writes.undo.push(Undo::Count(collection, delta));
        }
    }

    /// Records a change for the feed.
    pub fn change(&mut self, change: Change) {
        self.writes.changes.push(change);
        if self.writes.keeps_undo {
            self.writes.undo.push(Undo::Change);
        }
    }

    /// Marks every element under `prefix` as unreachable; they are reclaimed
    /// when no snapshot needs them.
    pub fn discard_elements(&mut self, prefix: &[u8]) {
        let row = layout::garbage(self.partition, self.stamp, prefix);
        self.put(row, []);
    }
}

impl Rows for Overlay<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Row>> {
        read(self.writes, self.below, key)
    }

    fn scan<'b>(&'b self, from: &[u8], to: &[u8], reverse: bool) -> RowIter<'b> {
        merge(self.writes, self.below, from, to, reverse)
    }
}

/// Writes above rows, to read only.
pub struct Above<'a> {
    /// What lies below.
    pub below: &'a dyn Rows,
    /// What lies above.
    pub writes: &'a Writes,
}

impl Rows for Above<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Row>> {
        read(self.writes, self.below, key)
    }

    fn scan<'b>(&'b self, from: &[u8], to: &[u8], reverse: bool) -> RowIter<'b> {
        merge(self.writes, self.below, from, to, reverse)
    }
}

fn read(writes: &Writes, below: &dyn Rows, key: &[u8]) -> Result<Option<Row>> {
    match writes.rows.get(key) {
        Some(written) => Ok(written.row()),
        None => below.get(key),
    }
}

/// Writes and rows below in one order.
pub fn merge<'b>(
    writes: &'b Writes,
    below: &'b dyn Rows,
    from: &[u8],
    to: &[u8],
    reverse: bool,
) -> RowIter<'b> {
    if from >= to {
        return Box::new(std::iter::empty());
    }
    let bounds: (Bound<&[u8]>, Bound<&[u8]>) = (Bound::Included(from), Bound::Excluded(to));
    let mut range = writes.rows.range::<[u8], _>(bounds).peekable();
    let lower = below.scan(from, to, reverse);
    if range.peek().is_none() {
        return lower;
    }
    let upper: Box<dyn Iterator<Item = (&Bytes, &Written)> + Send + 'b> = if reverse {
        Box::new(writes.rows.range::<[u8], _>(bounds).rev())
    } else {
        Box::new(range)
    };
    Box::new(Merge {
        upper: upper.peekable(),
        lower: lower.peekable(),
        reverse,
    })
}

struct Merge<'b> {
    upper: std::iter::Peekable<Box<dyn Iterator<Item = (&'b Bytes, &'b Written)> + Send + 'b>>,
    lower: std::iter::Peekable<RowIter<'b>>,
    reverse: bool,
}

impl Iterator for Merge<'_> {
    type Item = Result<(Bytes, Row)>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let order = match (self.upper.peek(), self.lower.peek()) {
                (None, _) | (_, Some(Err(_))) => return self.lower.next(),
                (Some(_), None) => std::cmp::Ordering::Less,
                (Some((above, _)), Some(Ok((below, _)))) if self.reverse => {
                    below.as_ref().cmp(above.as_ref())
                }
                (Some((above, _)), Some(Ok((below, _)))) => above.as_ref().cmp(below.as_ref()),
            };
            if order == std::cmp::Ordering::Greater {
                return self.lower.next();
            }
            if order == std::cmp::Ordering::Equal {
                self.lower.next();
            }
            if let Some((key, written)) = self.upper.next()
                && let Some(row) = written.row()
            {
                return Some(Ok((key.clone(), row)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::record::rows::NoRows;

    fn keys(rows: RowIter<'_>) -> Vec<Bytes> {
        rows.map(|row| row.expect("readable").0).collect()
    }

    proptest! {
        #[test]
        fn a_scan_sees_what_gets_see(below in proptest::collection::btree_set(0u8..20, 0..10),
                                     puts in proptest::collection::vec((0u8..20, any::<bool>()), 0..20)) {
            let mut first = Writes::default();
            let mut lower = Overlay::new(&NoRows, &mut first, 1, Stamp(1));
            for key in below { lower.put(vec![key], vec![key]); }
            let mut second = Writes::default();
            let mut upper = Overlay::new(&lower, &mut second, 1, Stamp(2));
            for (key, put) in puts {
                if put { upper.put(vec![key], vec![1]) } else { upper.delete(vec![key]) }
            }
            let expected: Vec<Bytes> = (0u8..20)
                .filter(|key| upper.get(&[*key]).expect("readable").is_some())
                .map(|key| Bytes::from(vec![key]))
                .collect();
            prop_assert_eq!(keys(upper.scan(&[0], &[20], false)), expected.clone());
            let mut backwards = keys(upper.scan(&[0], &[20], true));
            backwards.reverse();
            prop_assert_eq!(backwards, expected);
        }
    }

    #[test]
    fn a_savepoint_takes_back_rows_counts_and_changes() {
        let mut writes = Writes::undoable();
        Overlay::new(&NoRows, &mut writes, 1, Stamp(1)).put(vec![1], vec![1]);
        let mark = writes.mark();
        let mut overlay = Overlay::new(&NoRows, &mut writes, 1, Stamp(2));
        overlay.put(vec![1], vec![2]);
        overlay.delete(vec![9]);
        overlay.count(CollectionId(0), 1);
        writes.take_back(mark);
        let row = read(&writes, &NoRows, &[1])
            .expect("readable")
            .expect("present");
        assert_eq!((row.stamp, row.value.as_ref()), (Stamp(1), &[1u8][..]));
        assert_eq!(writes.rows().count(), 1);
        assert_eq!(writes.counts().get(&CollectionId(0)), Some(&0));
    }
}
