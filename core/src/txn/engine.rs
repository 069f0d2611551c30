//! The engine: what transactions and plain calls share on one node.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::{Mutex, RwLock};
use stele_placement::{PartitionId, Partitions};
use tokio::sync::Notify;

use super::committing::Committing;
use super::locks::LockTable;
use crate::apply::{Apply, Snapshots, Watcher};
use crate::env::SharedEnv;
use crate::error::{Error, Result};
use crate::log::Log;
use crate::op::{Command, TxnId};
use crate::record::rows::Rows;
use crate::record::table::{Catalog, Definition};
use crate::record::{Clock, CollectionId, Fsync, Head, Key, Level, Stamp, layout};
use crate::store::{Store, StoreRows};

/// What an engine is made of.
pub struct EngineParts {
    /// Where bytes live.
    pub store: Arc<dyn Store>,
    /// The order.
    pub log: Log,
    /// The state machine.
    pub apply: Arc<Apply>,
    /// Open snapshots.
    pub snapshots: Arc<Snapshots>,
    /// Told of every published entry; created before the log.
    pub feed: Arc<FeedWatch>,
    /// Stamps.
    pub clock: Arc<Clock>,
    /// The surroundings.
    pub env: SharedEnv,
    /// How slots are divided.
    pub partitions: Partitions,
    /// The node's durability, unless a call says otherwise.
    pub fsync: Fsync,
}

/// What transactions and plain calls share.
pub struct Engine {
    pub(super) parts: EngineParts,
    pub(super) locks: LockTable,
    pub(super) committing: Committing,
    pub(super) forgotten: Mutex<HashMap<u16, Vec<TxnId>>>,
    catalog: RwLock<Arc<Catalog>>,
    ages: AtomicU64,
}

/// Watches what is published: wakes followers, and notices schema changes.
#[derive(Default)]
pub struct FeedWatch {
    schema_version: AtomicU64,
    published: Notify,
    /// Up to where followers that must not miss anything have come.
    held: Mutex<BTreeMap<(PartitionId, CollectionId), u64>>,
}

impl Watcher for FeedWatch {
    fn published(&self, _partition: PartitionId, index: u64, _stamp: Stamp, meta: bool) {
        if meta {
            self.schema_version.store(index, Ordering::SeqCst);
        }
        self.published.notify_waiters();
    }
}

impl FeedWatch {
    /// Resolves at the next published entry; enable it before looking.
    pub fn next(&self) -> tokio::sync::futures::Notified<'_> {
        self.published.notified()
    }

    /// Entries after this index should stay for a follower.
    pub fn hold(&self, who: CollectionId, group: PartitionId, after: u64) {
        self.held.lock().insert((group, who), after);
    }

    /// A follower needs nothing any more.
    pub fn release(&self, who: CollectionId) {
        self.held.lock().retain(|(_, held_by), _| *held_by != who);
    }

    /// Entries of a group after this index should stay.
    pub fn held(&self, group: PartitionId) -> Option<u64> {
        let held = self.held.lock();
        let of_group = held.iter().filter(|((held_in, _), _)| *held_in == group);
        of_group.map(|(_, after)| *after).min()
    }
}

impl Engine {
    /// Puts an engine together and reads the schema.
    pub fn new(parts: EngineParts) -> Result<Self> {
        let ages = AtomicU64::new(parts.clock.read().0);
        let engine = Self {
            parts,
            locks: LockTable::default(),
            committing: Committing::default(),
            forgotten: Mutex::default(),
            catalog: RwLock::default(),
            ages,
        };
        let catalog = read_catalog(&engine.latest(), engine.parts.apply.applied_index())?;
        *engine.catalog.write() = Arc::new(catalog);
        Ok(engine)
    }

    /// The schema as this node has folded it: never older than the last change
    /// of it that was answered.
    pub fn catalog(&self) -> Arc<Catalog> {
        let changed = &self.parts.feed.schema_version;
        {
            let known = self.catalog.read();
            if known.version >= changed.load(Ordering::SeqCst) {
                return known.clone();
            }
        }
        // Others wait here while one reads, so that nobody goes on with the old.
        let mut known = self.catalog.write();
        let version = changed.load(Ordering::SeqCst);
        if known.version < version {
            match read_catalog(&self.latest(), version) {
                Ok(catalog) => *known = Arc::new(catalog),
                Err(error) => {
                    tracing::error!(%error, "the schema does not read; the old one stays");
                }
            }
        }
        known.clone()
    }

    /// The rows as they are now; every read may see a later moment.
    pub fn latest(&self) -> StoreRows {
        StoreRows(self.parts.store.clone())
    }

    /// The partition that owns a record.
    pub fn partition_of(&self, key: &Key) -> PartitionId {
        if key.collection == CollectionId::META {
            PartitionId::META
        } else {
            self.parts.partitions.of_slot(key.slot)
        }
    }

    /// A name no transaction had before; older ones are smaller. Also a version
    /// for a schema that only one transaction sees.
    pub(super) fn next_age(&self) -> u64 {
        self.ages.fetch_add(1, Ordering::SeqCst)
    }

    /// A number nothing else has.
    pub fn unique(&self) -> u64 {
        self.parts.clock.read().0 >> 8
    }

    /// The durability a call gets.
    pub(super) fn fsync(&self, level: &Level) -> Fsync {
        level.fsync.unwrap_or(self.parts.fsync)
    }

    /// Stamps for a commit. The clock's durable bound may have to be raised
    /// first, which whatever is made durable now takes care of.
    pub(super) async fn raise_clock(&self) -> Result<()> {
        let nothing = Command::Forget { txns: Vec::new() };
        let log = &self.parts.log;
        log.propose(PartitionId::META, nothing, Fsync::Always)
            .await?;
        Ok(())
    }

    /// Waits until everything stamped so far can be read, everywhere.
    pub(super) async fn settle(&self, stamp: Stamp) -> Result<()> {
        for group in self.parts.partitions.groups() {
            self.parts.log.settle(group, stamp).await?;
        }
        self.committing.settle(stamp).await;
        Ok(())
    }

    /// Commits under way.
    pub(crate) fn committing(&self) -> &Committing {
        &self.committing
    }

    /// The parts, for the floors above.
    pub fn parts(&self) -> &EngineParts {
        &self.parts
    }

    /// The locks, for people who ask.
    pub fn locks(&self) -> &LockTable {
        &self.locks
    }
}

/// Reads every definition in the META collection.
pub(super) fn read_catalog(rows: &dyn Rows, version: u64) -> Result<Catalog> {
    let (from, to) = layout::heads(CollectionId::META);
    let mut definitions = Vec::new();
    for row in rows.scan(&from, &to, false) {
        let (key, row) = row?;
        let is_definition =
            layout::parse_head(&key).is_some_and(|key| key.bytes.starts_with(b"def/"));
        if is_definition {
            let head = Head::decode(row.stamp, row.value)?;
            let definition = Definition::decode(&head.body);
            definitions.push(definition.map_err(|error| Error::corrupt(error.message))?);
        }
    }
    Ok(Catalog::new(version, definitions))
}
