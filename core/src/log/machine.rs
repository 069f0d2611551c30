//! Raft's state machine: entries that are committed come up here, in order.
//!
//! Most have been folded by then (see the folder's essay) and only leave the
//! log's memory. The others go back to the writer, one at a time: each is
//! folded against a store that holds the effects of the one before.

use std::io;
use std::sync::Arc;

use futures::{Stream, TryStreamExt};
use openraft::EntryPayload;
use openraft::storage::{EntryResponder, RaftStateMachine};

use super::group::Group;
use super::journal::Journal;
use super::types::{self, Config, LogId, Payload, Snapshot, SnapshotMeta, StoredMembership};
use super::writer::Writer;

/// A group's handle on Raft.
pub(super) type Raft = openraft::Raft<Config, Applier>;

/// Takes what is committed.
pub(super) struct Applier {
    pub journal: Arc<Journal>,
    pub group: Arc<Group>,
    pub writer: Writer,
    /// The last snapshot that was taken: how far, not what.
    pub snapshot: Option<SnapshotMeta>,
}

impl RaftStateMachine<Config> for Applier {
    type SnapshotData = ();
    type SnapshotBuilder = Builder;

    async fn applied_state(&mut self) -> Result<(Option<LogId>, StoredMembership), io::Error> {
        Ok(self.journal.applied())
    }

    async fn apply<S>(&mut self, mut entries: S) -> Result<(), io::Error>
    where
        S: Stream<Item = Result<EntryResponder<Config>, io::Error>> + Unpin + Send,
    {
        while let Some((entry, responder)) = entries.try_next().await? {
            let bytes = types::body_bytes(&entry);
            if let EntryPayload::Normal(Payload(proposal)) = entry.payload
                && entry.log_id.index > self.journal.folded()
            {
                self.writer
                    .fold(&self.group, &self.journal, entry.log_id.index, proposal)
                    .await
                    .map_err(io::Error::other)?;
            }
            self.journal.set_applied(entry.log_id);
            self.group.handed_up(bytes);
            if let Some(responder) = responder {
                responder.send(());
            }
        }
        Ok(())
    }

    async fn get_snapshot_builder(&mut self) -> Builder {
        let (last_log_id, last_membership) = self.journal.applied();
        let meta = SnapshotMeta {
            last_log_id,
            last_membership,
        };
        self.snapshot = Some(meta.clone());
        Builder(meta)
    }

    async fn install_snapshot(&mut self, _: &SnapshotMeta, _: ()) -> Result<(), io::Error> {
        Err(io::Error::new(
            io::ErrorKind::Unsupported,
            "a snapshot carries no data: a member is filled by copying its rows",
        ))
    }

    async fn get_current_snapshot(&mut self) -> Result<Option<Snapshot>, io::Error> {
        let snapshot = self.snapshot.clone();
        Ok(snapshot.map(|meta| Snapshot { meta, snapshot: () }))
    }
}

/// Takes a snapshot: the rows are in the store already, so only the position
/// is noted. It lets Raft drop older entries.
pub(super) struct Builder(SnapshotMeta);

impl openraft::RaftSnapshotBuilder<Config> for Builder {
    type SnapshotData = ();

    async fn build_snapshot(&mut self) -> Result<Snapshot, io::Error> {
        Ok(Snapshot {
            meta: self.0.clone(),
            snapshot: (),
        })
    }
}
