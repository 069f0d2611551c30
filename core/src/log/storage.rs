//! Raft's log storage: appends, votes and purges become requests to the writer,
//! in the order in which Raft makes them.

use std::fmt::Debug;
use std::io;
use std::ops::RangeBounds;
use std::sync::Arc;

use openraft::EntryPayload;
use openraft::storage::{IOFlushed, LogState, RaftLogReader, RaftLogStorage};

use super::failure::Guard;
use super::group::Group;
use super::journal::Journal;
use super::types::{self, Config, LogId, Payload, RaftEntry, Vote};
use super::writer::{Append, Rows, Writer};
use crate::error::{Error, Result};
use crate::store::{Family, StoreBatch, entry};

/// A group's log, as Raft writes it. Raft's core owns it: if the core stops,
/// the guard is dropped with it and the node is known to be unfit.
pub(super) struct Storage {
    pub journal: Arc<Journal>,
    pub group: Arc<Group>,
    pub writer: Writer,
    pub member: u64,
    pub fused: bool,
    pub _guard: Guard,
}

/// A group's log, as Raft reads it.
pub(super) struct Reader(Arc<Journal>);

impl RaftLogReader<Config> for Reader {
    async fn try_get_log_entries<R>(&mut self, range: R) -> Result<Vec<RaftEntry>, io::Error>
    where
        R: RangeBounds<u64> + Clone + Debug + Send,
    {
        self.0.entries(range).map_err(io::Error::other)
    }

    async fn read_vote(&mut self) -> Result<Option<Vote>, io::Error> {
        Ok(self.0.vote())
    }
}

impl Storage {
    async fn save(&self, rows: Rows) -> Result<(), io::Error> {
        self.writer.rows(rows).await.map_err(io::Error::other)
    }

    fn rows(&self) -> Rows {
        Rows::new(self.journal.group)
    }
}

impl RaftLogStorage<Config> for Storage {
    type LogReader = Reader;

    async fn get_log_state(&mut self) -> Result<LogState<Config>, io::Error> {
        let (last_purged_log_id, last_log_id) = self.journal.bounds();
        Ok(LogState {
            last_purged_log_id,
            last_log_id,
        })
    }

    async fn get_log_reader(&mut self) -> Reader {
        Reader(self.journal.clone())
    }

    async fn save_vote(&mut self, vote: &Vote) -> Result<(), io::Error> {
        let row = types::vote_row(vote);
        let mut rows = self.rows();
        let value = entry::encode(&row).map_err(io::Error::other)?;
        rows.batch
            .put(Family::LogMeta, entry::vote_key(self.journal.group), value);
        rows.sync = true;
        rows.vote = Some(row);
        self.save(rows).await?;
        self.journal.set_vote(*vote);
        Ok(())
    }

    async fn save_committed(&mut self, committed: Option<LogId>) -> Result<(), io::Error> {
        self.journal.set_committed(committed);
        // A sole voter's log is committed to its end.
        if self.journal.is_sole_voter(self.member) {
            return Ok(());
        }
        if let Some(committed) = committed {
            let mut rows = self.rows();
            let value = entry::encode(&types::position(&committed)).map_err(io::Error::other)?;
            let key = entry::committed_key(self.journal.group);
            rows.batch.put(Family::LogMeta, key, value);
            self.writer.rows_later(rows).map_err(io::Error::other)?;
        }
        Ok(())
    }

    async fn read_committed(&mut self) -> Result<Option<LogId>, io::Error> {
        Ok(self.journal.committed())
    }

    async fn append<I>(&mut self, entries: I, done: IOFlushed<Config>) -> Result<(), io::Error>
    where
        I: IntoIterator<Item = RaftEntry> + Send,
        I::IntoIter: Send,
    {
        let entries: Vec<RaftEntry> = entries.into_iter().collect();
        // Before and after: an append may itself change who votes.
        let sole = self.journal.is_sole_voter(self.member);
        for raft in &entries {
            self.journal.append(raft);
            self.group.entered(types::body_bytes(raft));
            if let EntryPayload::Normal(Payload(proposal)) = &raft.payload {
                proposal.set_appended();
            }
        }
        let append = Append {
            group: self.group.clone(),
            journal: self.journal.clone(),
            entries,
            fused: self.fused && sole && self.journal.is_sole_voter(self.member),
            done,
        };
        self.writer.append(append).map_err(io::Error::other)
    }

    async fn truncate_after(&mut self, last: Option<LogId>) -> Result<(), io::Error> {
        if last >= self.journal.bounds().1 {
            return Ok(());
        }
        if self.journal.truncate(last) {
            let group = self.journal.group;
            let error = Error::corrupt(format!("{group}: a folded entry was to be undone"));
            return Err(io::Error::other(error));
        }
        let from = last.map_or(0, |last| last.index + 1);
        let mut rows = self.rows();
        rows.batch = rows_between(self.journal.group, from);
        rows.sync = true;
        rows.truncated = Some(last.map(|last| types::position(&last)));
        self.save(rows).await
    }

    async fn purge(&mut self, upto: LogId) -> Result<(), io::Error> {
        let group = self.journal.group;
        let (from, members) = self.journal.purge(upto);
        let mut rows = self.rows();
        let value = entry::encode(&types::position(&upto)).map_err(io::Error::other)?;
        rows.batch
            .put(Family::LogMeta, entry::purged_key(group), value);
        for index in members {
            rows.batch
                .delete(Family::LogMeta, entry::members_key(group, index));
        }
        let (from, to) = (from, upto.index + 1);
        rows.batch.delete_range(
            Family::Log,
            entry::entry_key(group, from),
            entry::entry_key(group, to),
        );
        self.writer.rows_later(rows).map_err(io::Error::other)
    }
}

/// Deletes everything a group has from an index on.
fn rows_between(group: stele_placement::PartitionId, from: u64) -> StoreBatch {
    let mut batch = StoreBatch::default();
    let (_, end) = entry::entry_range(group);
    batch.delete_range(Family::Log, entry::entry_key(group, from), end);
    let (_, end) = entry::members_range(group);
    batch.delete_range(Family::LogMeta, entry::members_key(group, from), end);
    batch
}
