//! What a partition's state machine keeps in memory: all of it can be read back
//! from the rows it was written to.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use stele_placement::{PartitionId, Partitions};

use super::intent;
use super::prepared::Prepared;
use crate::error::{Error, Result};
use crate::record::layout::{self, RowKey, TAG_OFFSET, Tag};
use crate::record::rows::Row;
use crate::record::{CollectionId, Stamp};
use crate::store::{Family, StoreView};

/// One partition's counters, prepared transactions and applied index.
#[derive(Debug)]
pub(super) struct PartitionState {
    slots: Option<std::ops::RangeInclusive<u16>>,
    /// Folded up to here; maybe not yet written.
    pub applied: u64,
    /// Written, and readable, up to here.
    pub published: u64,
    pub meta_changed: bool,
    pub prepared: Prepared,
    /// Where clearing goes on in each row family that has seen some.
    pub cleared: Cleared,
    counters: HashMap<CollectionId, Counter>,
}

/// Up to where collections have been cleared and nothing written since: rows before
/// are known to be gone. Only a hint: it spares the next clearing the walk over the
/// marks that deleted rows leave in the store until it is compacted.
#[derive(Debug, Default)]
pub(super) struct Cleared(HashMap<(CollectionId, Tag), Bytes>);

impl Cleared {
    /// Where to start instead of `from`.
    pub fn start(&self, collection: CollectionId, tag: Tag, from: &[u8]) -> Bytes {
        let known = self.0.get(&(collection, tag));
        known.map_or_else(|| Bytes::copy_from_slice(from), Clone::clone)
    }

    /// Everything before `row` is gone.
    pub fn reached(&mut self, collection: CollectionId, tag: Tag, row: Bytes) {
        self.0.insert((collection, tag), row);
    }

    /// A row is written: it may lie before where clearing was.
    pub fn wrote(&mut self, row: &[u8]) {
        // Empty but while a storage is being cleared: every write passes here.
        if !self.0.is_empty()
            && let Ok(collection) = collection_of(row)
        {
            self.forget(collection);
        }
    }

    /// Nothing is known of a collection, or wanted any more.
    pub fn forget(&mut self, collection: CollectionId) {
        for tag in [Tag::Head, Tag::Index] {
            self.0.remove(&(collection, tag));
        }
    }
}

/// A collection in one partition.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counter {
    /// How many records there are.
    pub count: u64,
    /// When one was last written.
    pub written: Stamp,
}

/// The row that holds a group's applied index.
pub fn applied_row(group: PartitionId) -> Vec<u8> {
    [&group.0.to_be_bytes()[..], b"applied"].concat()
}

/// The index up to which a group's effects are in a view of the store.
pub fn applied_in(view: &dyn StoreView, group: PartitionId) -> Result<u64> {
    match view.get(Family::LogMeta, &applied_row(group))? {
        Some(stored) => {
            let index = stored.as_ref().try_into().map(u64::from_be_bytes);
            index.map_err(|_| Error::corrupt("an applied index is not 8 bytes"))
        }
        None => Ok(0),
    }
}

impl PartitionState {
    pub fn open(
        store: &Arc<dyn StoreView>,
        partitions: Partitions,
        group: PartitionId,
    ) -> Result<Self> {
        let mut state = Self {
            slots: partitions.slots(group),
            applied: applied_in(&**store, group)?,
            published: applied_in(&**store, group)?,
            meta_changed: false,
            prepared: Prepared::default(),
            cleared: Cleared::default(),
            counters: HashMap::new(),
        };
        for intent in intent::all(store, group)? {
            state.prepared.add(&intent);
        }
        state.read_counters(store, group)?;
        Ok(state)
    }

    /// Counter rows lie with their collections, so the collections are visited
    /// one seek each.
    fn read_counters(&mut self, store: &Arc<dyn StoreView>, group: PartitionId) -> Result<()> {
        let mut from = vec![0u8; 4];
        let end = layout::SYSTEM.to_be_bytes();
        while let Some(next) = store.scan(Family::Base, &from, &end, false).next() {
            let collection = collection_of(&next?.0)?.0;
            let row = layout::count(CollectionId(collection), group.0);
            if let Some(stored) = store.get(Family::Base, &row)? {
                let counter = Counter::decode(&Row::decode(stored)?)?;
                self.counters.insert(CollectionId(collection), counter);
            }
            let Some(next) = collection.checked_add(1) else {
                break;
            };
            from = next.to_be_bytes().to_vec();
        }
        Ok(())
    }

    /// The heads of a collection that this partition owns: `[from, to)`.
    pub fn heads(&self, collection: CollectionId) -> (RowKey, RowKey) {
        match &self.slots {
            Some(slots) => (
                layout::heads_of_slot(collection, *slots.start()).0,
                layout::heads_of_slot(collection, *slots.end()).1,
            ),
            None => layout::heads(collection),
        }
    }

    pub fn count(&self, collection: CollectionId) -> u64 {
        self.counters
            .get(&collection)
            .map_or(0, |counter| counter.count)
    }

    pub fn written(&self, collection: CollectionId) -> Stamp {
        self.counters
            .get(&collection)
            .map_or(Stamp::ZERO, |counter| counter.written)
    }

    pub fn collections(&self) -> Vec<CollectionId> {
        let used = self
            .counters
            .iter()
            .filter(|(_, counter)| counter.count > 0);
        used.map(|(collection, _)| *collection).collect()
    }

    /// Moves a counter and returns its new value.
    pub fn moved(&mut self, collection: CollectionId, delta: i64, stamp: Stamp) -> Counter {
        let counter = self.counters.entry(collection).or_default();
        counter.count = counter.count.saturating_add_signed(delta);
        counter.written = counter.written.max(stamp);
        *counter
    }
}

impl Counter {
    /// The stored form: the stamp stands in the row.
    pub fn encode(self) -> Row {
        Row {
            stamp: self.written,
            value: self.count.to_be_bytes().to_vec().into(),
        }
    }

    fn decode(row: &Row) -> Result<Self> {
        let count = row.value.as_ref().try_into().map(u64::from_be_bytes);
        Ok(Self {
            count: count.map_err(|_| Error::corrupt("a counter is not 8 bytes"))?,
            written: row.stamp,
        })
    }
}

/// The collection a row belongs to.
pub(super) fn collection_of(key: &[u8]) -> Result<CollectionId> {
    let head = key.get(..TAG_OFFSET).and_then(|head| head.try_into().ok());
    head.map(|head| CollectionId(u32::from_be_bytes(head)))
        .ok_or_else(|| Error::corrupt("a row has no collection"))
}

/// Is this row a record's head? Its collection, then.
pub(super) fn collection_of_head(key: &[u8]) -> Option<CollectionId> {
    let tag = *key.get(TAG_OFFSET)?;
    let is_head = tag == Tag::Head as u8;
    is_head.then(|| collection_of(key).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clearing_goes_on_where_it_was_until_a_row_is_written_or_nothing_is_left() {
        let (collection, other) = (CollectionId(7), CollectionId(8));
        let [row, of_other] = [collection, other].map(|id| layout::heads(id).0);
        let reached = Bytes::from_static(b"reached");
        let mut cleared = Cleared::default();
        cleared.reached(collection, Tag::Head, reached.clone());
        cleared.wrote(&of_other);
        assert_eq!(cleared.start(collection, Tag::Head, b"from"), reached);
        assert_eq!(cleared.start(collection, Tag::Index, b"from"), "from");
        cleared.wrote(&row);
        assert_eq!(cleared.start(collection, Tag::Head, b"from"), "from");
        cleared.reached(collection, Tag::Index, reached);
        cleared.forget(collection);
        assert!(cleared.0.is_empty(), "a cleared collection costs nothing");
    }
}
