//! The feed: what changed, in the order of the log, one row per entry.
//!
//! Written in the batch that makes the changes. Followers (search, streams,
//! subscriptions) read it with a cursor: a partition and an index.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::record::{Change, Stamp};

const FORMAT: u8 = 1;

/// What one log entry changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FeedEntry {
    /// The entry's first stamp.
    pub stamp: Stamp,
    /// What changed, in order.
    pub changes: Vec<Change>,
}

/// The prefix of a partition's feed.
pub fn feed_prefix(partition: u16) -> Vec<u8> {
    partition.to_be_bytes().to_vec()
}

/// The feed row of an entry.
pub fn feed_row(partition: u16, index: u64) -> Vec<u8> {
    [&partition.to_be_bytes()[..], &index.to_be_bytes()].concat()
}

impl FeedEntry {
    /// The stored form.
    pub fn encode(&self) -> Result<Bytes> {
        let size = |change: &Change| {
            let after = change.after.as_ref().map_or(0, Bytes::len);
            24 + change.key.bytes.len() + change.op.len() + after
        };
        let mut out = Vec::with_capacity(24 + self.changes.iter().map(size).sum::<usize>());
        out.push(FORMAT);
        let body = postcard::to_extend(self, out)
            .map_err(|error| Error::corrupt(format!("changes do not encode: {error}")))?;
        Ok(body.into())
    }

    /// Reads the stored form.
    pub fn decode(stored: &[u8]) -> Result<Self> {
        match stored.split_first() {
            Some((&FORMAT, body)) => postcard::from_bytes(body)
                .map_err(|error| Error::corrupt(format!("changes do not decode: {error}"))),
            _ => Err(Error::corrupt("changes have an unknown format")),
        }
    }
}
