//! Apply: the one way to the disk. Folds a log entry into rows.
//!
//! What: [`Apply`] takes an entry, evaluates its commands in order against the
//! rows below and turns everything that follows (records, indexes, counters,
//! deadlines, changes, the applied index) into one atomic batch.
//!
//! Why: what must be true when the client hears OK is written here, once, for
//! every door. There is no second place where a write becomes true.
//!
//! How:
//!
//! ```text
//! entry -> command -> op::fold -> overlay --.
//!                      ...                  +--> rows, history, counters,
//!          command -> op::fold -> overlay --'    feed row, applied row
//! ```
//!
//! Everything here is a function of (state, entry) but for one thing: whether
//! an overwritten version goes to history depends on the snapshots open on this
//! node. History is therefore not part of the base that replicas compare.
//!
//! Limits: an entry is folded whole, in memory.
//!
//! Further reading: Schneider, "Implementing Fault-Tolerant Services Using the
//! State Machine Approach" (1990).

mod batch;
mod command;
mod feed;
mod history;
mod intent;
mod prepared;
mod state;

use std::collections::BTreeSet;
use std::sync::Arc;

use parking_lot::Mutex;
use stele_placement::{PartitionId, Partitions};

use crate::error::{Error, Result};
use crate::log::{Folded, Machine};
use crate::op::{Entry, EntryReply, SEMANTICS};
use crate::record::layout::{self, RowKey, TAG_OFFSET};
use crate::record::overlay::Writes;
use crate::record::{CollectionId, Stamp};
use crate::store::{Family, Store, StoreRows, StoreView};

pub use feed::{FeedEntry, feed_prefix, feed_row};
pub use history::{SnapshotGuard, SnapshotRows, Snapshots, until};
pub use intent::Intent;
pub use state::applied_row;

use state::PartitionState;

/// Told when an entry's effects can be read.
pub trait Watcher: Send + Sync + 'static {
    /// `meta` = the entry changed the schema or other META records.
    fn published(&self, partition: PartitionId, index: u64, stamp: Stamp, meta: bool);
}

/// The state machine of every partition on this node.
pub struct Apply {
    store: Arc<dyn Store>,
    snapshots: Arc<Snapshots>,
    partitions: Vec<Mutex<PartitionState>>,
    watcher: Arc<dyn Watcher>,
}

impl Apply {
    /// Reads where each group's state stands.
    pub fn open(
        store: Arc<dyn Store>,
        snapshots: Arc<Snapshots>,
        partitions: Partitions,
        watcher: Arc<dyn Watcher>,
    ) -> Result<Self> {
        let view: Arc<dyn crate::store::StoreView> = store.clone();
        let states = partitions
            .groups()
            .map(|group| PartitionState::open(&view, partitions, group).map(Mutex::new))
            .collect::<Result<Vec<_>>>()?;
        Ok(Self {
            store,
            snapshots,
            partitions: states,
            watcher,
        })
    }

    /// The meta group's applied index: the version of the schema.
    pub fn applied_index(&self) -> u64 {
        self.partitions
            .first()
            .map_or(0, |state| state.lock().published)
    }

    /// The index up to which a group's effects can be read.
    pub fn applied_of(&self, group: PartitionId) -> u64 {
        self.partitions
            .get(usize::from(group.0))
            .map_or(0, |state| state.lock().published)
    }

    /// The index up to which a group's effects are in a view of the store.
    pub fn applied_in(&self, view: &dyn StoreView, group: PartitionId) -> Result<u64> {
        state::applied_in(view, group)
    }

    /// The head rows of a collection that a group owns: `[from, to)`.
    pub fn heads(&self, group: PartitionId, collection: CollectionId) -> (RowKey, RowKey) {
        match self.partitions.get(usize::from(group.0)) {
            Some(state) => state.lock().heads(collection),
            None => (RowKey::new(), RowKey::new()),
        }
    }

    /// How many records a collection has on this node.
    pub fn count(&self, collection: CollectionId) -> u64 {
        let count = |state: &Mutex<PartitionState>| state.lock().count(collection);
        self.partitions.iter().map(count).sum()
    }

    /// Every collection with records or index entries on this node.
    pub fn collections(&self) -> Result<BTreeSet<CollectionId>> {
        let mut all: BTreeSet<CollectionId> = self
            .partitions
            .iter()
            .flat_map(|state| state.lock().collections())
            .collect();
        // Index entries are not counted: one seek for each index.
        let end = layout::SYSTEM.to_be_bytes();
        let mut from = vec![0; TAG_OFFSET];
        while let Some(found) = self.store.scan(Family::Index, &from, &end, false).next() {
            let collection = state::collection_of(&found?.0)?;
            all.insert(collection);
            let Some(next) = collection.0.checked_add(1) else {
                break;
            };
            from = next.to_be_bytes().to_vec();
        }
        Ok(all)
    }

    /// The transactions prepared and not resolved in a group.
    pub fn intents(&self, group: PartitionId) -> Result<Vec<Intent>> {
        let view: Arc<dyn crate::store::StoreView> = self.store.clone();
        intent::all(&view, group)
    }

    fn state(&self, group: PartitionId) -> Result<&Mutex<PartitionState>> {
        self.partitions
            .get(usize::from(group.0))
            .ok_or_else(|| Error::corrupt(format!("no partition {group} on this node")))
    }
}

impl Machine for Apply {
    fn fold(&self, group: PartitionId, index: u64, entry: &Entry) -> Result<Folded> {
        if entry.semantics > SEMANTICS {
            return Err(Error::corrupt(format!(
                "entry {index} of {group} needs semantics {}, this node has {SEMANTICS}",
                entry.semantics
            )));
        }
        let mut state = self.state(group)?.lock();
        let rows = StoreRows(self.store.clone());
        let mut writes = if self.snapshots.any() {
            Writes::versioned()
        } else {
            Writes::default()
        };
        let mut stamp = entry.stamp;
        let mut replies = Vec::with_capacity(entry.commands.len());
        for command in &entry.commands {
            let mut fold = command::Fold {
                rows: &rows,
                writes: &mut writes,
                state: &mut state,
                partition: group.0,
                stamp,
            };
            replies.push(fold.run(command)?);
            stamp = stamp.nth(command.stamp_count());
        }
        let batch = batch::assemble(
            &rows,
            &self.snapshots,
            &mut state,
            writes,
            batch::Place {
                partition: group.0,
                index,
                stamp: entry.stamp,
            },
        )?;
        Ok(Folded {
            batch,
            reply: EntryReply(replies),
        })
    }

    fn published(&self, group: PartitionId, index: u64, stamp: Stamp) {
        let meta = match self.partitions.get(usize::from(group.0)) {
            Some(state) => {
                let mut state = state.lock();
                state.published = index;
                std::mem::take(&mut state.meta_changed)
            }
            None => false,
        };
        self.watcher.published(group, index, stamp, meta);
    }

    fn applied(&self, group: PartitionId) -> Result<u64> {
        Ok(self.state(group)?.lock().applied)
    }
}
