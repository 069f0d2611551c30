//! One group's log as this node holds it: rows on disk, and the entries that
//! Raft has yet to hand up still in memory, so that they are not read back.

use std::collections::VecDeque;
use std::ops::{Bound, RangeBounds};
use std::sync::Arc;

use openraft::EntryPayload;
use parking_lot::Mutex;
use stele_placement::PartitionId;

use super::proposal::last_stamp;
use super::types::{self, LogId, Membership, RaftEntry, StoredMembership, Vote};
use crate::error::{Error, Result};
use crate::record::Stamp;
use crate::store::entry::{self, EntryBody, EntryRow, MembersRow, Position, VoteRow};
use crate::store::{Family, Store};

/// One group's log.
pub(super) struct Journal {
    pub group: PartitionId,
    store: Arc<dyn Store>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    vote: Option<Vote>,
    committed: Option<LogId>,
    purged: Option<LogId>,
    last: Option<LogId>,
    /// The last entry that Raft has handed up (or that was folded, at start).
    applied: Option<LogId>,
    /// The last entry that is in the store.
    written: Option<u64>,
    /// The last entry whose effects are in the store.
    folded: u64,
    /// Entries in the log that carry commands nobody has folded yet.
    unfolded: u64,
    /// Changes of members in the log, oldest first.
    members: Vec<(LogId, Membership)>,
    /// Entries Raft may still ask for, without gaps, ending at `last`.
    recent: VecDeque<RaftEntry>,
}

impl Journal {
    /// Reads a group's log as it was left. `folded`: the last index whose
    /// effects are in the store.
    pub fn recover(store: Arc<dyn Store>, group: PartitionId, folded: u64) -> Result<Self> {
        let mut state = State {
            folded,
            ..State::default()
        };
        let get = |key: &[u8]| store.get(Family::LogMeta, key);
        if let Some(row) = get(&entry::vote_key(group))? {
            state.vote = Some(types::vote(entry::decode::<VoteRow>(&row, "a vote")?));
        }
        let position = |key: &[u8], what: &str| match get(key)? {
            Some(row) => entry::decode::<Position>(&row, what).map(|row| Some(types::log_id(row))),
            None => Ok(None),
        };
        state.committed = position(&entry::committed_key(group), "a committed position")?;
        state.purged = position(&entry::purged_key(group), "a purged position")?;
        state.members = members(&*store, group)?;
        let journal = Self {
            group,
            store,
            state: Mutex::new(State::default()),
        };
        state.last = journal.last_row()?.or(state.purged);
        state.written = state.last.map(|last| last.index);
        state.applied = journal.position_of(folded, state.purged)?;
        state.unfolded = journal.commands_after(folded)?;
        if state.committed > state.last {
            // Written lazily, and entries it counted may have been lost with it.
            state.committed = state.last;
        }
        *journal.state.lock() = state;
        Ok(journal)
    }

    fn last_row(&self) -> Result<Option<LogId>> {
        let (from, to) = entry::entry_range(self.group);
        let Some(row) = self.store.scan(Family::Log, &from, &to, true).next() else {
            return Ok(None);
        };
        let (key, value) = row?;
        Ok(Some(self.decode(&key, &value)?.log_id))
    }

    fn decode(&self, key: &[u8], value: &[u8]) -> Result<RaftEntry> {
        let Some((group, index)) = entry::parse_entry_key(key) else {
            return Err(Error::corrupt("a log key does not parse"));
        };
        let what = format!("entry {index} of {group}");
        Ok(types::raft_entry(
            index,
            entry::decode::<EntryRow>(value, &what)?,
        ))
    }

    /// The position of the last folded entry: effects without an entry mean
    /// that the log lost rows that its effects survived.
    fn position_of(&self, folded: u64, purged: Option<LogId>) -> Result<Option<LogId>> {
        if purged.is_some_and(|purged| purged.index >= folded) {
            return Ok(purged);
        }
        if folded == 0 {
            return Ok(None);
        }
        let key = entry::entry_key(self.group, folded);
        let Some(value) = self.store.get(Family::Log, &key)? else {
            return Err(Error::corrupt(format!(
                "{} is folded up to entry {folded}, which its log does not have",
                self.group
            )));
        };
        Ok(Some(self.decode(&key, &value)?.log_id))
    }

    fn commands_after(&self, folded: u64) -> Result<u64> {
        let from = entry::entry_key(self.group, folded.saturating_add(1));
        let (_, to) = entry::entry_range(self.group);
        let mut commands = 0;
        for row in self.store.scan(Family::Log, &from, &to, false) {
            let (key, value) = row?;
            let raft = self.decode(&key, &value)?;
            commands += u64::from(matches!(raft.payload, EntryPayload::Normal(_)));
        }
        Ok(commands)
    }

    /// The last stamp in the log.
    pub fn last_stamp(&self) -> Result<Stamp> {
        let (from, to) = entry::entry_range(self.group);
        for row in self.store.scan(Family::Log, &from, &to, true) {
            let row: EntryRow = entry::decode(&row?.1, "an entry")?;
            if let EntryBody::Commands(entry) = row.body {
                return Ok(last_stamp(&entry));
            }
        }
        Ok(Stamp::ZERO)
    }

    /// Is this the first start of the group?
    pub fn is_pristine(&self) -> bool {
        let state = self.state.lock();
        state.last.is_none() && state.vote.is_none()
    }

    /// Adds an entry at the end: it can be read from here until it can be read
    /// from the store.
    pub fn append(&self, raft: &RaftEntry) {
        let mut state = self.state.lock();
        state.last = Some(raft.log_id);
        if let EntryPayload::Membership(membership) = &raft.payload {
            state.members.push((raft.log_id, membership.clone()));
        }
        state.recent.push_back(raft.clone());
    }

    /// The entries of a range, as many as there are.
    pub fn entries(&self, range: impl RangeBounds<u64>) -> Result<Vec<RaftEntry>> {
        let from = match range.start_bound() {
            Bound::Included(&from) => from,
            Bound::Excluded(&from) => from.saturating_add(1),
            Bound::Unbounded => 0,
        };
        let to = match range.end_bound() {
            Bound::Included(&to) => to.saturating_add(1),
            Bound::Excluded(&to) => to,
            Bound::Unbounded => u64::MAX,
        };
        let recent: Vec<RaftEntry> = {
            let state = self.state.lock();
            let wanted = |raft: &&RaftEntry| (from..to).contains(&raft.log_id.index);
            state.recent.iter().filter(wanted).cloned().collect()
        };
        let stored_to = recent.first().map_or(to, |first| first.log_id.index);
        let mut entries = self.stored(from, stored_to)?;
        entries.extend(recent);
        Ok(entries)
    }

    fn stored(&self, from: u64, to: u64) -> Result<Vec<RaftEntry>> {
        if from >= to {
            return Ok(Vec::new());
        }
        let (_, end) = entry::entry_range(self.group);
        let to = entry::entry_key(self.group, to).min(end);
        self.store
            .scan(Family::Log, &entry::entry_key(self.group, from), &to, false)
            .map(|row| row.and_then(|(key, value)| self.decode(&key, &value)))
            .collect()
    }

    /// Is `member` the only voter, by the last entry? Then what is durable
    /// here is committed.
    pub fn is_sole_voter(&self, member: u64) -> bool {
        let state = self.state.lock();
        let Some((_, membership)) = state.members.last() else {
            return false;
        };
        let mut voters = membership.voter_ids();
        voters.next() == Some(member) && voters.next().is_none()
    }

    /// The last entry handed up, and the members as of then.
    pub fn applied(&self) -> (Option<LogId>, StoredMembership) {
        let state = self.state.lock();
        let members = state
            .members
            .iter()
            .rfind(|(at, _)| Some(*at) <= state.applied);
        let members = members.map_or_else(StoredMembership::default, |(at, membership)| {
            StoredMembership::new(Some(*at), membership.clone())
        });
        (state.applied, members)
    }

    /// Raft has handed up an entry.
    pub fn set_applied(&self, log_id: LogId) {
        let mut state = self.state.lock();
        state.applied = state.applied.max(Some(log_id));
        state.forget();
    }

    /// An entry is in the store.
    pub fn set_written(&self, index: u64) {
        let mut state = self.state.lock();
        state.written = state.written.max(Some(index));
        state.forget();
    }

    /// The effects of an entry are in the store.
    pub fn set_folded(&self, index: u64, fused: bool) {
        let mut state = self.state.lock();
        state.folded = state.folded.max(index);
        if !fused {
            state.unfolded = state.unfolded.saturating_sub(1);
        }
    }

    /// The last entry whose effects are in the store.
    pub fn folded(&self) -> u64 {
        self.state.lock().folded
    }

    /// An entry's commands are in the log and will be folded later.
    pub fn add_unfolded(&self) {
        self.state.lock().unfolded += 1;
    }

    /// Must entries wait for older ones to be folded?
    pub fn is_behind(&self) -> bool {
        self.state.lock().unfolded > 0
    }

    /// What was promised.
    pub fn vote(&self) -> Option<Vote> {
        self.state.lock().vote
    }

    /// Remembers a promise that is durable.
    pub fn set_vote(&self, vote: Vote) {
        self.state.lock().vote = Some(vote);
    }

    /// How far the log was known to be committed.
    pub fn committed(&self) -> Option<LogId> {
        let state = self.state.lock();
        state.committed.max(state.applied)
    }

    /// Remembers how far the log is committed.
    pub fn set_committed(&self, committed: Option<LogId>) {
        self.state.lock().committed = committed;
    }

    /// Up to where entries were dropped, and the last one.
    pub fn bounds(&self) -> (Option<LogId>, Option<LogId>) {
        let state = self.state.lock();
        (state.purged, state.last)
    }

    /// Drops everything after `last` from memory. Answers whether that undoes
    /// effects, which must never be.
    pub fn truncate(&self, last: Option<LogId>) -> bool {
        let mut state = self.state.lock();
        let keep = |index: u64| last.is_some_and(|last| index <= last.index);
        let mut dropped = 0;
        while state
            .recent
            .back()
            .is_some_and(|raft| !keep(raft.log_id.index))
        {
            if let Some(raft) = state.recent.pop_back() {
                dropped += u64::from(matches!(raft.payload, EntryPayload::Normal(_)));
            }
        }
        state.members.retain(|(at, _)| keep(at.index));
        state.unfolded = state.unfolded.saturating_sub(dropped);
        state.written = state.written.min(last.map(|last| last.index));
        state.last = last.or(state.purged);
        state.folded > last.map_or(0, |last| last.index)
    }

    /// Drops everything up to `upto` from memory. Answers where the rows to
    /// delete start, and the changes of members that are history.
    pub fn purge(&self, upto: LogId) -> (u64, Vec<u64>) {
        let mut state = self.state.lock();
        let from = state.purged.map_or(0, |purged| purged.index + 1);
        state.purged = state.purged.max(Some(upto));
        state.last = state.last.max(Some(upto));
        while state.recent.front().is_some_and(|raft| raft.log_id <= upto) {
            state.recent.pop_front();
        }
        // The newest of the old ones still holds.
        let old = state.members.iter().filter(|(at, _)| *at <= upto).count();
        let gone = state.members.drain(..old.saturating_sub(1));
        (from, gone.map(|(at, _)| at.index).collect())
    }
}

impl State {
    /// Lets go of entries that are in the store and that Raft has handed up.
    fn forget(&mut self) {
        let Some(applied) = self.applied else {
            return;
        };
        let upto = Some(applied.index).min(self.written);
        while self
            .recent
            .front()
            .is_some_and(|raft| Some(raft.log_id.index) <= upto)
        {
            self.recent.pop_front();
        }
    }
}

fn members(store: &dyn Store, group: PartitionId) -> Result<Vec<(LogId, Membership)>> {
    let (from, to) = entry::members_range(group);
    let mut members = Vec::new();
    for row in store.scan(Family::LogMeta, &from, &to, false) {
        let (position, row): (Position, MembersRow) =
            entry::decode(&row?.1, "a change of members")?;
        members.push((types::log_id(position), types::membership(&row)));
    }
    Ok(members)
}
