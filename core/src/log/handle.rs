//! The handle the floors above hold: opening, proposing, settling, closing.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;

use parking_lot::Mutex;
use stele_placement::PartitionId;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::failure::{Failure, spawn};
use super::group::Group;
use super::machine::Raft;
use super::start;
use super::writer::Writer;
use super::{LogOptions, Machine, Proposed};
use crate::env::SharedEnv;
use crate::error::{Error, Result};
use crate::op::Command;
use crate::record::{Clock, Fsync, Stamp};
use crate::store::Store;

/// Every log of this node. Cheap to clone.
#[derive(Clone)]
pub struct Log {
    inner: Arc<Inner>,
}

pub(super) struct Inner {
    pub writer: Writer,
    pub failure: Arc<Failure>,
    pub groups: BTreeMap<PartitionId, Arc<Group>>,
    pub running: Mutex<Running>,
}

/// What must be stopped.
#[derive(Default)]
pub(super) struct Running {
    pub rafts: Vec<Raft>,
    /// The groups' tasks: they end by themselves once the groups are closed.
    pub proposing: Vec<JoinHandle<()>>,
    /// Tasks that never end by themselves.
    pub endless: Vec<JoinHandle<()>>,
    /// The thread's end.
    pub thread: Option<oneshot::Receiver<()>>,
}

impl Log {
    /// Opens the logs of `groups`: creates those that are new with this member
    /// as their only voter, recovers the others. Returns when every group leads
    /// and has folded everything it had committed. Raises `clock` above every
    /// stamp that could have been issued before.
    ///
    /// # Errors
    /// `Corrupt` if a log lost entries that were durable, or does not decode.
    pub async fn open(
        store: Arc<dyn Store>,
        machine: Arc<dyn Machine>,
        clock: Arc<Clock>,
        env: SharedEnv,
        groups: impl Iterator<Item = PartitionId>,
        options: LogOptions,
    ) -> Result<Self> {
        let failure = Failure::new();
        let journals = start::recover(&store, &*machine, &clock, groups, &options)?;
        let writer = Writer::new(
            store,
            machine,
            clock.clone(),
            env.clone(),
            failure.clone(),
            &options,
        );
        let group = |id: &PartitionId| (*id, Group::new(*id, clock.clone(), &options));
        let log = Self {
            inner: Arc::new(Inner {
                writer,
                failure,
                groups: journals.keys().map(group).collect(),
                running: Mutex::default(),
            }),
        };
        start::writer(&log.inner, &env, &options)?;
        start::groups(&log.inner, journals, &options).await?;
        Ok(log)
    }

    /// The writer, for tests to look into.
    #[cfg(test)]
    pub(super) fn writer(&self) -> &Writer {
        &self.inner.writer
    }

    pub(super) fn group(&self, group: PartitionId) -> Result<&Arc<Group>> {
        let found = self.inner.groups.get(&group);
        found.ok_or_else(|| Error::unavailable(format!("{group} is not on this node")))
    }

    /// Puts a command into the group's log and waits until it is folded, can be
    /// read, and is as durable as `fsync` says. Waits while the group's queue is
    /// full.
    ///
    /// # Errors
    /// `Invalid` for a command that is too large; `Unknown` if it may have
    /// happened; `Retry` and `Unavailable` if it has not.
    pub async fn propose(
        &self,
        group: PartitionId,
        command: Command,
        fsync: Fsync,
    ) -> Result<Proposed> {
        self.group(group)?.propose(command, fsync).await
    }

    /// Returns when everything proposed in the group with a stamp at or below
    /// `stamp` can be read. Take `stamp` from the clock first. Does not wait
    /// when nothing of that age is in flight.
    ///
    /// # Errors
    /// `Unavailable` if the log has failed.
    pub async fn settle(&self, group: PartitionId, stamp: Stamp) -> Result<()> {
        self.group(group)?.settle(stamp).await
    }

    /// Answers what waits, syncs, and stops. Later proposals are refused.
    ///
    /// # Errors
    /// Those of the store. The log has stopped all the same.
    pub async fn close(&self) -> Result<()> {
        for group in self.inner.groups.values() {
            group.close();
        }
        let running = std::mem::take(&mut *self.inner.running.lock());
        let Some(thread) = running.thread else {
            return Ok(());
        };
        for task in running.proposing {
            // A task that panicked has tripped the latch.
            let _ = task.await;
        }
        self.inner.failure.disarm();
        for raft in running.rafts {
            let _ = raft.shutdown().await;
        }
        let result = match self.inner.failure.get() {
            Some(error) => Err(error),
            None => self.inner.writer.finish().await,
        };
        self.inner.writer.0.request_stop();
        for task in running.endless {
            task.abort();
        }
        let _ = thread.await;
        result
    }

    /// Resolves when this node has become unfit: a write or a sync failed, a
    /// fold failed, or a group stopped. The process must end.
    pub async fn failure(&self) -> Error {
        self.inner.failure.wait().await
    }
}

impl Inner {
    /// Starts a task that never ends by itself.
    pub fn endless(&self, what: &str, task: impl Future<Output = ()> + Send + 'static) {
        let task = spawn(&self.failure, what, task);
        self.running.lock().endless.push(task);
    }
}

impl Drop for Inner {
    /// Dropped without `close`, as after a crash: nothing is written any more
    /// that was not on its way, and no task or thread stays behind.
    fn drop(&mut self) {
        self.failure.disarm();
        self.writer.0.request_stop();
        let running = std::mem::take(&mut *self.running.lock());
        for task in running.endless.iter().chain(&running.proposing) {
            task.abort();
        }
        if running.rafts.is_empty() || tokio::runtime::Handle::try_current().is_err() {
            return;
        }
        drop(spawn(&self.failure, "the shutdown of groups", async move {
            for raft in running.rafts {
                let _ = raft.shutdown().await;
            }
        }));
    }
}
