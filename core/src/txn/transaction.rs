//! An interactive transaction: locks, reads, writes, savepoints.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use stele_placement::PartitionId;

use super::engine::Engine;
use super::locks::{Acquired, LockMode, Owner};
use super::view::{ReadSet, TxnView, View, ViewRows};
use crate::apply::{SnapshotGuard, SnapshotRows};
use crate::error::{Error, ErrorKind, Result};
use crate::op::{self, Op, OpError, Reply};
use crate::record::overlay::{Above, Overlay, Writes};
use crate::record::table::Catalog;
use crate::record::{CollectionId, Key, Level, Stamp, head, layout};
use crate::store::StoreRows;

/// What a transaction may see of others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Isolation {
    /// Each statement sees what was committed when it began.
    #[default]
    ReadCommitted,
    /// The transaction sees what was committed when it began, and fails if it
    /// would overwrite something newer.
    RepeatableRead,
    /// As if transactions ran one after another.
    Serializable,
}

/// How to begin a transaction.
#[derive(Clone, Debug, Default)]
pub struct TxnOptions {
    /// What it may see of others.
    pub isolation: Isolation,
    /// Refuses to write.
    pub read_only: bool,
    /// Durability, token, deadline.
    pub level: Level,
    /// How long to wait for one lock, milliseconds; 0 = for ever.
    pub lock_timeout_ms: u64,
}

/// What to do when a lock is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockWait {
    /// Wait.
    Block,
    /// Fail with `Locked`.
    NoWait,
    /// Leave that record out.
    SkipLocked,
}

/// A place to return to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Savepoint {
    mark: usize,
    ops: usize,
    expects: BTreeMap<Key, Option<Stamp>>,
    schema_changed: bool,
}

/// A transaction. Dropped without [`Txn::commit`], it never happened.
pub struct Txn {
    pub(super) engine: Arc<Engine>,
    pub(super) options: TxnOptions,
    pub(super) owner: Owner,
    pub(super) ops: Vec<(Key, Op)>,
    pub(super) expects: BTreeMap<Key, Option<Stamp>>,
    pub(super) reads: ReadSet,
    pub(super) writes: Writes,
    held: BTreeSet<Key>,
    snapshot: Option<Arc<SnapshotGuard>>,
    catalog: Option<Arc<Catalog>>,
    pub(super) schema_changed: bool,
    began: Stamp,
}

impl Txn {
    /// Begins. Nothing is locked or read yet.
    pub fn begin(engine: Arc<Engine>, options: TxnOptions) -> Self {
        let owner = engine.next_age();
        let began = engine.parts.clock.read();
        Self {
            engine,
            options,
            owner,
            ops: Vec::new(),
            expects: BTreeMap::new(),
            reads: ReadSet::default(),
            writes: Writes::undoable(),
            held: BTreeSet::new(),
            snapshot: None,
            catalog: None,
            schema_changed: false,
            began,
        }
    }

    /// The options it began with.
    pub fn options(&self) -> &TxnOptions {
        &self.options
    }

    /// Its name while it runs.
    pub fn id(&self) -> u64 {
        self.owner
    }

    /// Has it written anything?
    pub fn has_written(&self) -> bool {
        !self.ops.is_empty()
    }

    /// The records of a collection that it has written, in key order.
    pub fn written(&self, collection: CollectionId) -> Vec<Key> {
        let (from, to) = layout::heads(collection);
        let rows = self.writes.touched_between(&from, &to);
        rows.filter_map(|row| layout::parse_head(row)).collect()
    }

    /// Begins a statement: at READ COMMITTED it will see what is committed now.
    /// Cheap; the snapshot is taken when first needed.
    pub fn statement(&mut self) {
        if self.options.isolation == Isolation::ReadCommitted {
            self.snapshot = None;
        }
    }

    /// The schema as this transaction sees it, its own changes included.
    pub fn catalog(&mut self) -> Result<Arc<Catalog>> {
        if !self.schema_changed {
            return Ok(self.engine.catalog());
        }
        if let Some(catalog) = &self.catalog {
            return Ok(catalog.clone());
        }
        let latest = self.engine.latest();
        let above = Above {
            below: &latest,
            writes: &self.writes,
        };
        // Nobody else's, and another after every change of its own.
        let version = u64::MAX - self.engine.next_age();
        let catalog = Arc::new(super::engine::read_catalog(&above, version)?);
        self.catalog = Some(catalog.clone());
        Ok(catalog)
    }

    pub(super) fn touch_schema(&mut self) {
        self.schema_changed = true;
        self.catalog = None;
    }

    /// What this statement (or transaction) sees, its own writes included.
    pub async fn view(&mut self) -> Result<TxnView<'_>> {
        let guard = match &self.snapshot {
            Some(guard) => guard.clone(),
            None => {
                let guard = Arc::new(self.engine.open_snapshot().await?);
                self.snapshot = Some(guard.clone());
                guard
            }
        };
        let rows = SnapshotRows {
            store: self.engine.parts.store.clone(),
            stamp: guard.stamp(),
        };
        let now_ms = guard.stamp().ms();
        Ok(self.txn_view(View::new(ViewRows::At(rows, guard), now_ms)))
    }

    /// What is committed now for these records, own writes included. At READ
    /// COMMITTED for locked records and point reads; above it, the snapshot.
    pub async fn latest(&mut self, keys: &[Key]) -> Result<TxnView<'_>> {
        if self.options.isolation != Isolation::ReadCommitted {
            return self.view().await;
        }
        let store = &self.engine.parts.store;
        let are_held = !keys.is_empty() && self.engine.locks.holds(self.owner, keys);
        let rows = if are_held {
            // Nobody else can change them: no need to freeze anything.
            self.engine.latest()
        } else {
            StoreRows(self.engine.committing.cut(keys, || store.snapshot()).await)
        };
        let now_ms = self.engine.parts.clock.now_ms();
        Ok(self.txn_view(View::store(rows, now_ms)))
    }

    /// What is committed now and own writes, at any isolation: what constraints
    /// are checked against, under locks that keep it so.
    pub(super) fn current(&self) -> TxnView<'_> {
        let rows = ViewRows::Store(self.engine.latest());
        TxnView {
            view: View::new(rows, self.engine.parts.clock.now_ms()),
            writes: &self.writes,
            reads: None,
        }
    }

    fn txn_view(&self, view: View) -> TxnView<'_> {
        let is_tracked = self.options.isolation == Isolation::Serializable;
        TxnView {
            view,
            writes: &self.writes,
            reads: is_tracked.then_some(&self.reads),
        }
    }

    /// Locks records until the end. Answers for each whether it is held; only
    /// `SkipLocked` ever leaves one out.
    ///
    /// Errors: `Deadlock` when wounded, `Locked` when not to be had in time;
    /// above READ COMMITTED `Conflict` when a record has changed since the
    /// transaction's snapshot, for then it is not what was seen.
    pub async fn lock(
        &mut self,
        keys: &[Key],
        mode: LockMode,
        wait: LockWait,
    ) -> Result<Vec<bool>> {
        let mut answers = Vec::with_capacity(keys.len());
        for key in keys {
            let held = self.lock_one(key, mode, wait).await?;
            if held && self.options.isolation != Isolation::ReadCommitted {
                self.refuse_changed(key)?;
            }
            answers.push(held);
        }
        Ok(answers)
    }

    /// Locks a record that need not be what the snapshot shows.
    pub(super) async fn hold(&mut self, key: &Key, mode: LockMode) -> Result<()> {
        self.lock_one(key, mode, LockWait::Block).await?;
        Ok(())
    }

    async fn lock_one(&mut self, key: &Key, mode: LockMode, wait: LockWait) -> Result<bool> {
        let blocks = wait == LockWait::Block;
        match self.engine.locks.acquire(self.owner, key, mode, blocks) {
            Some(Acquired::Held) => {}
            Some(Acquired::Wounded) => return Err(wounded(key)),
            Some(Acquired::Waiting(granted)) => {
                // Noted before it is granted: it may be granted to a future
                // that is dropped before it looks, and must be given back.
                self.held.insert(key.clone());
                let waiting = Waiting {
                    engine: &self.engine,
                    owner: self.owner,
                };
                let granted = match self.options.lock_timeout_ms {
                    0 => granted.await,
                    limit_ms => {
                        let timeout = self.engine.parts.env.sleep(Duration::from_millis(limit_ms));
                        tokio::select! {
                            granted = granted => granted,
                            () = timeout => return Err(timed_out(key, limit_ms)),
                        }
                    }
                };
                let granted = granted.unwrap_or(false);
                std::mem::forget(waiting);
                if !granted {
                    return Err(wounded(key));
                }
            }
            None if wait == LockWait::SkipLocked => return Ok(false),
            None => {
                let message = format!("could not obtain lock on record {key}");
                return Err(Error::new(ErrorKind::Locked, message));
            }
        }
        self.held.insert(key.clone());
        Ok(true)
    }

    /// Does something to a record: locks it, evaluates the op against what is
    /// there now, and keeps it for commit. The inner error is the op's refusal:
    /// nothing was done.
    pub async fn write(&mut self, key: &Key, op: Op) -> Result<Result<Reply, OpError>> {
        if self.options.read_only {
            return Err(Error::invalid("cannot write in a read-only transaction"));
        }
        self.lock_one(key, LockMode::Exclusive, LockWait::Block)
            .await?;
        if self.options.isolation != Isolation::ReadCommitted {
            match self.snapshot {
                Some(_) => self.refuse_changed(key)?,
                None => drop(self.view().await?),
            }
        }
        let latest = self.engine.latest();
        let stamp = self.engine.parts.clock.read();
        let partition = self.engine.partition_of(key);
        let mark = self.writes.mark();
        let mut overlay = Overlay::new(&latest, &mut self.writes, partition.0, stamp);
        match op::fold(&op, key, &mut overlay) {
            Ok(reply) => {
                if reply.is_ok() {
                    self.ops.push((key.clone(), op));
                }
                Ok(reply)
            }
            Err(error) => {
                self.writes.take_back(mark);
                Err(error)
            }
        }
    }

    /// First committer wins: a record that changed after the snapshot must not
    /// be overwritten.
    fn refuse_changed(&self, key: &Key) -> Result<()> {
        let Some(guard) = &self.snapshot else {
            return Ok(());
        };
        let seen = guard.stamp();
        let has_changed = match head::stored(&self.engine.latest(), key)? {
            Some(head) => head.stamp > seen,
            None => {
                let then = SnapshotRows {
                    store: self.engine.parts.store.clone(),
                    stamp: seen,
                };
                head::live(&then, key, seen.ms())?.is_some()
            }
        };
        if has_changed {
            return Err(Error::conflict(
                "could not serialize access due to concurrent update",
            ));
        }
        Ok(())
    }

    /// Commit will fail with `Conflict` unless the record's version is this
    /// (`None` = absent) when commit reaches its log.
    pub fn expect(&mut self, key: &Key, version: Option<Stamp>) {
        self.expects.entry(key.clone()).or_insert(version);
    }

    /// A place to return to.
    pub fn savepoint(&self) -> Savepoint {
        Savepoint {
            mark: self.writes.mark(),
            ops: self.ops.len(),
            expects: self.expects.clone(),
            schema_changed: self.schema_changed,
        }
    }

    /// Takes back everything since. Locks stay.
    pub fn rollback_to(&mut self, savepoint: &Savepoint) {
        self.writes.take_back(savepoint.mark);
        self.ops.truncate(savepoint.ops);
        self.expects.clone_from(&savepoint.expects);
        self.schema_changed = savepoint.schema_changed;
        self.catalog = None;
    }

    /// When it began: the time its deadlines and `now()` go by.
    pub fn began(&self) -> Stamp {
        self.began
    }

    /// The engine, for whoever composes transactions.
    pub fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }

    pub(super) fn partition_of(&self, key: &Key) -> PartitionId {
        self.engine.partition_of(key)
    }

    pub(super) fn snapshot_stamp(&self) -> Option<Stamp> {
        self.snapshot.as_ref().map(|guard| guard.stamp())
    }
}

impl Drop for Txn {
    fn drop(&mut self) {
        self.engine.locks.release(self.owner, &self.held);
    }
}

/// Leaves the queue if the waiting future is dropped.
struct Waiting<'a> {
    engine: &'a Engine,
    owner: Owner,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.engine.locks.give_up(self.owner);
    }
}

fn wounded(key: &Key) -> Error {
    Error::new(
        ErrorKind::Deadlock,
        format!("deadlock detected while waiting for record {key}"),
    )
}

fn timed_out(key: &Key, limit_ms: u64) -> Error {
    let message =
        format!("canceling statement due to lock timeout: {limit_ms} ms for record {key}");
    Error::new(ErrorKind::Locked, message)
}
