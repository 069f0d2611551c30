//! The batch: everything that follows from an entry, as writes to the store.

use stele_placement::PartitionId;

use super::feed::{FeedEntry, feed_row};
use super::history::{self, Snapshots};
use super::state::{PartitionState, applied_row, collection_of_head};
use crate::error::Result;
use crate::record::layout::{self, TAG_OFFSET, Tag};
use crate::record::overlay::Writes;
use crate::record::rows::Rows;
use crate::record::{CollectionId, Stamp};
use crate::store::{Family, StoreBatch, family_of};

/// Where an entry stands.
pub(super) struct Place {
    pub partition: u16,
    pub index: u64,
    pub stamp: Stamp,
}

/// Turns writes into one batch: rows, the versions they replace if somebody
/// needs them, counters, the feed row, the applied index.
pub(super) fn assemble(
    rows: &dyn Rows,
    snapshots: &Snapshots,
    state: &mut PartitionState,
    mut writes: Writes,
    place: Place,
) -> Result<StoreBatch> {
    let mut batch = StoreBatch::default();
    let mut touched: Vec<(CollectionId, Stamp)> = Vec::new();
    let keep_versions = writes.is_versioned();
    for (key, written) in writes.take_rows() {
        let stored = written.stored();
        if let (Some(collection), Some(_)) = (collection_of_head(&key), stored) {
            touch(&mut touched, collection, written.stamp);
        }
        if keep_versions && is_versioned(&key) {
            keep(rows, snapshots, &key, written.stamp, &mut batch)?;
        }
        let family = family_of(&key);
        match stored {
            Some(stored) => {
                state.cleared.wrote(&key);
                batch.put(family, key, stored.clone());
            }
            None => batch.delete(family, key),
        }
    }
    for (key, old, until) in writes.superseded() {
        if is_versioned(key) && snapshots.need(old.stamp, *until) {
            batch.put(Family::History, history::row(key, *until), old.encode());
        }
    }
    for collection in writes.counts().keys() {
        touch(&mut touched, *collection, place.stamp);
    }
    for (collection, stamp) in touched {
        state.meta_changed |= collection == CollectionId::META;
        let delta = writes.counts().get(&collection).copied().unwrap_or(0);
        let counter = state.moved(collection, delta, stamp);
        let row = layout::count(collection, place.partition);
        batch.put(Family::Base, row, counter.encode().encode());
    }
    let changes = writes.take_changes();
    if !changes.is_empty() {
        let entry = FeedEntry {
            stamp: place.stamp,
            changes,
        };
        let row = feed_row(place.partition, place.index);
        batch.put(Family::Feed, row, entry.encode()?);
    }
    state.applied = place.index;
    let row = applied_row(PartitionId(place.partition));
    batch.put(Family::LogMeta, row, place.index.to_be_bytes().to_vec());
    Ok(batch)
}

fn touch(touched: &mut Vec<(CollectionId, Stamp)>, collection: CollectionId, stamp: Stamp) {
    match touched.iter_mut().find(|(known, _)| *known == collection) {
        Some((_, latest)) => *latest = stamp.max(*latest),
        None => touched.push((collection, stamp)),
    }
}

fn is_versioned(key: &[u8]) -> bool {
    let tags = [Tag::Head as u8, Tag::Element as u8, Tag::Index as u8];
    key.get(TAG_OFFSET).is_some_and(|tag| tags.contains(tag))
}

fn keep(
    rows: &dyn Rows,
    snapshots: &Snapshots,
    key: &[u8],
    until: Stamp,
    batch: &mut StoreBatch,
) -> Result<()> {
    if let Some(old) = rows.get(key)?
        && snapshots.need(old.stamp, until)
    {
        batch.put(Family::History, history::row(key, until), old.encode());
    }
    Ok(())
}
