//! Following the feed: what changed after a cursor, and being told when the
//! cursor is older than what is kept.
//!
//! A follower that sees `Gone` reads [`Database::positions`] first, then the
//! records as they are, and follows on from those positions: whatever changed
//! while it read comes again, and nothing is missed.

use stele_placement::PartitionId;

use super::Database;
use crate::apply::{FeedEntry, feed_row};
use crate::error::{Error, Result};
use crate::record::Token;
use crate::store::Family;

const FLOOR: &[u8] = b"feed";

/// One entry's changes.
#[derive(Clone, Debug, PartialEq)]
pub struct Passage {
    /// Where the entry stands in its partition's log.
    pub index: u64,
    /// What it changed.
    pub entry: FeedEntry,
}

/// What a follower finds after its cursor.
#[derive(Clone, Debug, PartialEq)]
pub enum Followed {
    /// Entries in order, perhaps none; the next call is made with `upto`.
    Entries {
        /// The entries that changed something.
        entries: Vec<Passage>,
        /// Everything up to this index has now been told.
        upto: u64,
    },
    /// Entries after the cursor are no longer kept; the first that is.
    Gone {
        /// The oldest index that may still be there.
        first: u64,
    },
}

/// The row that says where a partition's feed begins.
pub(super) fn floor(group: PartitionId, first: u64) -> (Vec<u8>, Vec<u8>) {
    let row = [FLOOR, &group.0.to_be_bytes()].concat();
    (row, first.to_be_bytes().to_vec())
}

impl Database {
    /// Up to where each partition's changes can be read now.
    pub fn positions(&self) -> Token {
        let parts = self.engine().parts();
        let mut token = Token::default();
        for group in parts.partitions.groups() {
            token.see(group.0, parts.apply.applied_of(group));
        }
        token
    }

    /// What a partition's entries after index `after` changed: about
    /// `bytes_max` bytes of it, and at least one entry if there is any.
    pub fn follow(&self, partition: u16, after: u64, bytes_max: usize) -> Result<Followed> {
        let parts = self.engine().parts();
        let group = PartitionId(partition);
        let published = parts.apply.applied_of(group);
        let (from, to) = (
            feed_row(partition, after.saturating_add(1)),
            feed_row(partition, published.saturating_add(1)),
        );
        let mut entries = Vec::new();
        let (mut upto, mut bytes) = (published.max(after), 0);
        for row in parts.store.scan(Family::Feed, &from, &to, false) {
            let (key, value) = row?;
            let index = key.get(2..).and_then(|index| index.try_into().ok());
            let index = index.map(u64::from_be_bytes);
            let index = index.ok_or_else(|| Error::corrupt("a feed row has no index"))?;
            bytes += value.len();
            let entry = FeedEntry::decode(&value)?;
            entries.push(Passage { index, entry });
            if bytes >= bytes_max {
                upto = index;
                break;
            }
        }
        // Looked at last: what was trimmed before the scan is noted by now.
        match self.feed_begins(group)? {
            first if first > after.saturating_add(1) => Ok(Followed::Gone { first }),
            _ => Ok(Followed::Entries { entries, upto }),
        }
    }

    fn feed_begins(&self, group: PartitionId) -> Result<u64> {
        let (row, _) = floor(group, 0);
        match self.engine().parts().store.get(Family::Meta, &row)? {
            Some(first) => first
                .as_ref()
                .try_into()
                .map(u64::from_be_bytes)
                .map_err(|_| Error::corrupt("where a feed begins is not 8 bytes")),
            None => Ok(0),
        }
    }

    /// Waits until the schema is newer than `version`. Cancel safe.
    pub async fn schema_after(&self, version: u64) {
        let parts = self.engine().parts();
        loop {
            let next = parts.feed.next();
            tokio::pin!(next);
            next.as_mut().enable();
            if self.catalog().version != version {
                return;
            }
            next.await;
        }
    }

    /// Waits until some partition has published more than `seen` names. Cancel safe.
    pub async fn published_after(&self, seen: &Token) {
        let parts = self.engine().parts();
        loop {
            let next = parts.feed.next();
            tokio::pin!(next);
            next.as_mut().enable();
            let is_new = |(partition, index): (u16, u64)| {
                let known = seen.positions().find(|(known, _)| *known == partition);
                known.is_none_or(|(_, known)| known < index)
            };
            if self.positions().positions().any(is_new) {
                return;
            }
            next.await;
        }
    }
}
