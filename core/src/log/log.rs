//! The handle the floors above hold.

use std::sync::Arc;

use stele_placement::PartitionId;

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

struct Inner {}

impl Log {
    /// Opens the logs of `groups`: creates those that are new with this member
    /// as their only voter, recovers the others. Returns when every group leads
    /// and has folded everything it had committed. Raises `clock` above every
    /// stamp that could have been issued before.
    pub async fn open(
        store: Arc<dyn Store>,
        machine: Arc<dyn Machine>,
        clock: Arc<Clock>,
        env: SharedEnv,
        groups: impl Iterator<Item = PartitionId>,
        options: LogOptions,
    ) -> Result<Self> {
        drop((store, machine, clock, env, groups.count(), options));
        let inner = Arc::new(Inner {});
        Ok(Self { inner })
    }

    /// Puts a command into the group's log and waits until it is folded, can be
    /// read, and is as durable as `fsync` says. Waits while the group's queue is
    /// full. `Unknown` means that it may have happened.
    pub async fn propose(
        &self,
        group: PartitionId,
        command: Command,
        fsync: Fsync,
    ) -> Result<Proposed> {
        drop((group, command, fsync));
        Err(Error::unavailable("the log is not written yet"))
    }

    /// Returns when everything proposed in the group with a stamp at or below
    /// `stamp` can be read. Take `stamp` from the clock first. Does not wait
    /// when nothing of that age is in flight.
    pub async fn settle(&self, group: PartitionId, stamp: Stamp) -> Result<()> {
        let _ = (group, stamp);
        Ok(())
    }

    /// Answers what waits, syncs, and stops. Later proposals are refused.
    pub async fn close(&self) -> Result<()> {
        Ok(())
    }

    /// Resolves when this node has become unfit: a write or a sync failed, a
    /// fold failed, or a group stopped. The process must end.
    pub async fn failure(&self) -> Error {
        let _ = &self.inner;
        std::future::pending().await
    }
}
