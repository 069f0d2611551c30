//! Opening and closing a node.

use std::path::PathBuf;
use std::sync::Arc;

use stele_placement::Partitions;

use super::{Database, events, keeper, publication};
use crate::apply::{Apply, Snapshots};
use crate::env::{RealEnv, SharedEnv, spawn};
use crate::error::{Error, Result};
use crate::log::{Log, LogOptions};
use crate::record::{Clock, Fsync, Stamp};
use crate::store::{Cached, Memory, Store};
use crate::txn::{Engine, EngineParts, FeedWatch, recover};

/// How a node is to run.
#[derive(Clone, Debug)]
pub struct NodeOptions {
    /// The node's number, part of every stamp it issues.
    pub node: u8,
    /// How many partitions the slots are divided into.
    pub partition_count: u16,
    /// The log's durability unless a call says otherwise.
    pub fsync: Fsync,
    /// How many folded log entries each partition keeps.
    pub log_entries_kept: u64,
    /// How many entries of changes each partition's feed keeps.
    pub feed_entries_kept: u64,
    /// Memory for record heads that are read or written often.
    pub head_cache_bytes: u64,
    /// Where the log's high-water mark lives; `None` for a store in memory.
    pub mark_path: Option<PathBuf>,
    /// One batch for a log entry and its effects while this node is alone.
    pub fused: bool,
}

impl Default for NodeOptions {
    fn default() -> Self {
        Self {
            node: 1,
            partition_count: 4,
            fsync: Fsync::Always,
            log_entries_kept: 10_000,
            feed_entries_kept: 100_000,
            head_cache_bytes: 64 << 20,
            mark_path: None,
            fused: true,
        }
    }
}

/// A running node.
pub struct Node {
    database: Database,
    pub(super) keeper: tokio::task::JoinHandle<()>,
    events: tokio::task::JoinHandle<()>,
    publications: tokio::task::JoinHandle<()>,
}

impl Node {
    /// Opens a node over a store: recovers its logs, settles what a crash left
    /// in doubt, starts the keeper.
    pub async fn open(store: Arc<dyn Store>, env: SharedEnv, options: NodeOptions) -> Result<Self> {
        let partitions = Partitions::new(options.partition_count);
        let store: Arc<dyn Store> = Arc::new(Cached::new(store, options.head_cache_bytes));
        let snapshots = Arc::new(Snapshots::default());
        let feed = Arc::new(FeedWatch::default());
        let clock = Arc::new(Clock::new(env.clone(), options.node, Stamp::ZERO));
        let apply = Apply::open(store.clone(), snapshots.clone(), partitions, feed.clone())?;
        let apply = Arc::new(apply);
        let log = Log::open(
            store.clone(),
            apply.clone(),
            clock.clone(),
            env.clone(),
            partitions.groups(),
            LogOptions {
                fused: options.fused,
                entries_kept: options.log_entries_kept,
                mark: options.mark_path.clone(),
                ..LogOptions::default()
            },
        )
        .await?;
        let engine = Arc::new(Engine::new(EngineParts {
            store,
            log,
            apply,
            snapshots,
            feed,
            clock,
            env,
            partitions,
            fsync: options.fsync,
        })?);
        recover(&engine).await?;
        let database = Database::new(engine.clone());
        publication::hold(&database)?;
        let keeper = spawn(keeper::run(engine, options));
        let publications = spawn(publication::run(database.clone()));
        let events = spawn(events::run(database.clone(), events::desk(&database)));
        Ok(Self {
            database,
            keeper,
            events,
            publications,
        })
    }

    /// A node that keeps nothing: for tests and for trying things out.
    pub async fn in_memory() -> Result<Self> {
        let store = Arc::new(Memory::new());
        Self::open(store, Arc::new(RealEnv), NodeOptions::default()).await
    }

    /// What the doors speak to.
    pub fn database(&self) -> Database {
        self.database.clone()
    }

    /// Resolves when the node has become unfit (a write or an fsync failed):
    /// the process must end.
    pub async fn failure(&self) -> Error {
        self.database.engine().parts().log.failure().await
    }

    /// Stops: what was begun is finished, everything is synced.
    pub async fn close(self) -> Result<()> {
        self.keeper.abort();
        self.events.abort();
        self.publications.abort();
        self.database.engine().parts().log.close().await
    }
}

impl Drop for Node {
    /// Dropped without `close`, as after a crash, nothing must run on.
    fn drop(&mut self) {
        self.keeper.abort();
        self.events.abort();
        self.publications.abort();
    }
}
