//! History: older versions of rows, kept only while a snapshot needs them.
//!
//! When an op overwrites or deletes a row and a snapshot is open between the
//! old version's stamp and the op's, the old version goes to the history family
//! under the row's key and the stamp at which it ceased to be. A snapshot reads
//! the base row if it is old enough, else the version that was there then.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use parking_lot::Mutex;

use crate::error::{Error, Result};
use crate::record::rows::{Row, RowIter, Rows};
use crate::record::{Stamp, layout};
use crate::store::{Family, StoreView, family_of};

/// The snapshots open on this node.
#[derive(Debug, Default)]
pub struct Snapshots {
    open: Mutex<BTreeMap<Stamp, usize>>,
    count: AtomicUsize,
}

/// Keeps a snapshot open until dropped.
#[derive(Debug)]
pub struct SnapshotGuard {
    snapshots: Arc<Snapshots>,
    stamp: Stamp,
}

impl Snapshots {
    /// Opens a snapshot at the stamp that `now` gives. The stamp is taken while
    /// no version can be dropped: every op with a later stamp sees the snapshot.
    pub fn open(self: &Arc<Self>, now: impl FnOnce() -> Stamp) -> SnapshotGuard {
        let mut open = self.open.lock();
        self.count.fetch_add(1, Ordering::SeqCst);
        let stamp = now();
        *open.entry(stamp).or_default() += 1;
        SnapshotGuard {
            snapshots: self.clone(),
            stamp,
        }
    }

    /// Does an open snapshot need a version that lived from `from` to `until`?
    pub fn need(&self, from: Stamp, until: Stamp) -> bool {
        self.any() && self.open.lock().range(from..until).next().is_some()
    }

    /// Is any snapshot open?
    pub fn any(&self) -> bool {
        self.count.load(Ordering::SeqCst) > 0
    }

    /// The oldest open snapshot.
    pub fn oldest(&self) -> Option<Stamp> {
        self.open.lock().keys().next().copied()
    }
}

impl SnapshotGuard {
    /// The moment of the snapshot.
    pub fn stamp(&self) -> Stamp {
        self.stamp
    }
}

impl Drop for SnapshotGuard {
    fn drop(&mut self) {
        let mut open = self.snapshots.open.lock();
        if let Some(count) = open.get_mut(&self.stamp) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.stamp);
            }
        }
        self.snapshots.count.fetch_sub(1, Ordering::SeqCst);
    }
}

/// The history row of a version that ceased to be at `until`.
pub(super) fn row(key: &[u8], until: Stamp) -> Vec<u8> {
    let mut row = prefix(key);
    row.extend_from_slice(&until.0.to_be_bytes());
    row
}

fn prefix(key: &[u8]) -> Vec<u8> {
    let mut row = Vec::with_capacity(key.len() + 10);
    layout::escape(key, &mut row);
    row
}

/// When a history row's version ceased to be.
pub fn until(row: &[u8]) -> Option<Stamp> {
    let at = row.len().checked_sub(8)?;
    Some(Stamp(u64::from_be_bytes(row.get(at..)?.try_into().ok()?)))
}

/// Records as they were at a stamp.
#[derive(Clone)]
pub struct SnapshotRows {
    /// The store, or a view of it.
    pub store: Arc<dyn StoreView>,
    /// The moment.
    pub stamp: Stamp,
}

impl SnapshotRows {
    fn past(&self, key: &[u8]) -> Result<Option<Row>> {
        let from = row(key, Stamp(self.stamp.0 + 1));
        let to = row(key, Stamp::MAX);
        match self.store.scan(Family::History, &from, &to, false).next() {
            Some(found) => self.if_seen(found?.1),
            None => Ok(None),
        }
    }

    fn if_seen(&self, stored: Bytes) -> Result<Option<Row>> {
        let row = Row::decode(stored)?;
        Ok((row.stamp <= self.stamp).then_some(row))
    }

    /// Every version of the range that was there at the stamp and no longer is.
    fn past_range(&self, from: &[u8], to: &[u8]) -> Result<BTreeMap<Bytes, Row>> {
        let mut past = BTreeMap::new();
        let (low, high) = (prefix(from), prefix(to));
        for found in self.store.scan(Family::History, &low, &high, false) {
            let (key, stored) = found?;
            let Some(ceased) = until(&key) else {
                return Err(Error::corrupt("a history row has no stamp"));
            };
            if ceased <= self.stamp {
                continue;
            }
            if let Some(row) = self.if_seen(stored)? {
                let mut rest: &[u8] = &key;
                let original = layout::unescape(&mut rest)
                    .ok_or_else(|| Error::corrupt("a history row has no key"))?;
                past.entry(Bytes::from(original)).or_insert(row);
            }
        }
        Ok(past)
    }
}

impl Rows for SnapshotRows {
    fn get(&self, key: &[u8]) -> Result<Option<Row>> {
        let stored = self.store.get(family_of(key), key)?;
        match stored.map(Row::decode).transpose()? {
            Some(row) if row.stamp <= self.stamp => Ok(Some(row)),
            _ => self.past(key),
        }
    }

    fn scan<'a>(&'a self, from: &[u8], to: &[u8], reverse: bool) -> RowIter<'a> {
        // The base iterator is opened first: a version that moves to history
        // meanwhile is then seen in the base.
        let base = self.store.scan(family_of(from), from, to, reverse);
        let past = match self.past_range(from, to) {
            Ok(past) => past,
            Err(error) => return Box::new(std::iter::once(Err(error))),
        };
        let seen = self.stamp;
        let present = base.filter_map(move |found| match found {
            Ok((key, stored)) => match Row::decode(stored) {
                Ok(row) if row.stamp <= seen => Some(Ok((key, row))),
                Ok(_) => None,
                Err(error) => Some(Err(error)),
            },
            Err(error) => Some(Err(error)),
        });
        if past.is_empty() {
            return Box::new(present);
        }
        Box::new(Merged {
            present: (Box::new(present) as RowIter<'a>).peekable(),
            past,
            reverse,
        })
    }
}

/// Base rows and past versions in one order; a key in both is the base's.
struct Merged<'a> {
    present: std::iter::Peekable<RowIter<'a>>,
    past: BTreeMap<Bytes, Row>,
    reverse: bool,
}

impl Iterator for Merged<'_> {
    type Item = Result<(Bytes, Row)>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = match self.present.peek() {
            Some(Ok((key, _))) => Some(key.clone()),
            Some(Err(_)) => return self.present.next(),
            None => None,
        };
        let edge = if self.reverse {
            self.past.last_key_value()
        } else {
            self.past.first_key_value()
        };
        let first = match (&next, edge) {
            (_, None) => return self.present.next(),
            (None, Some(_)) => true,
            (Some(present), Some((past, _))) if self.reverse => past > present,
            (Some(present), Some((past, _))) => past < present,
        };
        if first {
            let entry = if self.reverse {
                self.past.pop_last()
            } else {
                self.past.pop_first()
            };
            return entry.map(Ok);
        }
        if let Some(key) = next {
            self.past.remove(&key);
        }
        self.present.next()
    }
}
