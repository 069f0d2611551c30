//! A round: the batch of many requests, what is folded into it, and the order
//! in which everybody learns of it.

use std::sync::Arc;

use openraft::EntryPayload;

use super::failure::{Failure, Guard};
use super::group::Group;
use super::journal::Journal;
use super::proposal::Proposal;
use super::types::{self, Payload};
use super::writer::{Append, Fold, Request, Runner, Shared, Work, part};
use crate::error::{Error, Result};
use crate::op::EntryReply;
use crate::record::Stamp;
use crate::store::entry;
use crate::store::{Family, StoreBatch};

/// An entry whose effects are in the round's batch.
struct Folding {
    group: Arc<Group>,
    journal: Arc<Journal>,
    index: u64,
    proposal: Arc<Proposal>,
    reply: EntryReply,
    fused: bool,
}

/// What a round writes.
#[derive(Default)]
struct Draft {
    batch: StoreBatch,
    folding: Vec<Folding>,
    /// A new bound of the clock is among the rows.
    bound: Option<Stamp>,
}

impl Shared {
    /// The task's loop: rounds that need no sync.
    pub async fn run_task(self: Arc<Self>) {
        loop {
            self.task.notified().await;
            let mut running = false;
            while let Some(round) = self.next_round(Runner::Task, running) {
                self.write_round(round);
                running = true;
                // Whom this round has woken will bring the next one's requests:
                // let them first, or each round serves a few.
                tokio::task::yield_now().await;
            }
        }
    }

    /// The thread's loop: rounds that need a sync, and syncs by the clock.
    pub fn run_thread(&self, guard: Guard) {
        loop {
            match self.next_work() {
                Work::Round(round) => {
                    self.write_round(round);
                    while let Some(round) = self.next_round(Runner::Thread, true) {
                        self.write_round(round);
                    }
                }
                Work::Tick => self.tick(),
                Work::Stop => return guard.release(),
            }
        }
    }

    fn write_round(&self, round: Vec<Request>) {
        let (lazy, strict) = part(round);
        for (requests, sync) in [(lazy, false), (strict, true)] {
            if requests.is_empty() {
                continue;
            }
            match self.write(&requests, sync) {
                Ok(()) => requests
                    .into_iter()
                    .for_each(|request| request.complete(Ok(()))),
                Err(error) => {
                    for request in requests {
                        request.complete(Err(error.clone()));
                    }
                    self.fail(&error);
                }
            }
        }
    }

    fn write(&self, requests: &[Request], sync: bool) -> Result<()> {
        if let Some(error) = self.failure.get() {
            return Err(error);
        }
        let mut draft = Draft::default();
        for request in requests {
            self.draft(request, &mut draft)?;
        }
        self.renew_clock(requests, &mut draft);
        self.store.write(draft.batch, sync)?;
        self.progress.wrote(requests, sync);
        if sync {
            self.progress.bound_synced(&self.clock);
        }
        if let Some(bound) = draft.bound {
            self.progress.bound_written(&self.clock, bound, sync);
        }
        for request in requests {
            if let Request::Append(append) = request
                && let Some(last) = append.entries.last()
            {
                append.journal.set_written(last.log_id.index);
            }
        }
        for folding in draft.folding {
            self.publish(folding);
        }
        Ok(())
    }

    fn draft(&self, request: &Request, draft: &mut Draft) -> Result<()> {
        match request {
            Request::Append(append) => self.draft_append(append, draft),
            Request::Rows(rows, _) => {
                if let Some(end) = rows.truncated {
                    // The mark must not promise what is about to go.
                    self.progress.truncate(rows.group, end)?;
                }
                draft.batch.append(rows.batch.clone());
                Ok(())
            }
            Request::Fold(fold, _) => self.fold(fold, false, draft),
            Request::Clock(_) => Ok(()),
        }
    }

    fn draft_append(&self, append: &Append, draft: &mut Draft) -> Result<()> {
        let commands = |raft: &&types::RaftEntry| matches!(raft.payload, EntryPayload::Normal(_));
        let one = append.entries.iter().filter(commands).count() == 1;
        let fused = append.fused && one && !append.journal.is_behind();
        for raft in &append.entries {
            let (group, index) = (append.group.id, raft.log_id.index);
            let key = entry::entry_key(group, index);
            draft.batch.put(Family::Log, key, types::entry_bytes(raft)?);
            match &raft.payload {
                EntryPayload::Blank => {}
                EntryPayload::Membership(membership) => {
                    let position = types::position(&raft.log_id);
                    let row = entry::encode(&(position, types::members_row(membership)))?;
                    let key = entry::members_key(group, index);
                    draft.batch.put(Family::LogMeta, key, row);
                }
                EntryPayload::Normal(Payload(proposal)) if fused => {
                    let fold = Fold {
                        group: append.group.clone(),
                        journal: append.journal.clone(),
                        index,
                        proposal: proposal.clone(),
                    };
                    self.fold(&fold, true, draft)?;
                }
                EntryPayload::Normal(_) => append.journal.add_unfolded(),
            }
        }
        Ok(())
    }

    fn fold(&self, fold: &Fold, fused: bool, draft: &mut Draft) -> Result<()> {
        let entry = &fold.proposal.entry;
        let folded = self.machine.fold(fold.group.id, fold.index, entry)?;
        if folded.reply.0.len() != entry.commands.len() {
            return Err(Error::corrupt(format!(
                "entry {} of {}: {} answers to {} commands",
                fold.index,
                fold.group.id,
                folded.reply.0.len(),
                entry.commands.len()
            )));
        }
        draft.batch.append(folded.batch);
        draft.folding.push(Folding {
            group: fold.group.clone(),
            journal: fold.journal.clone(),
            index: fold.index,
            proposal: fold.proposal.clone(),
            reply: folded.reply,
            fused,
        });
        Ok(())
    }

    /// Adds a later bound of the clock when somebody waits for it, or when half
    /// of the time it gave is over.
    fn renew_clock(&self, requests: &[Request], draft: &mut Draft) {
        let asked = requests
            .iter()
            .any(|request| matches!(request, Request::Clock(_)));
        let last = |request: &Request| matches!(request, Request::Rows(rows, _) if rows.last);
        if requests.iter().any(last) {
            return;
        }
        let half_ms = self.clock_ahead_ms / 2;
        let low = || self.clock.bound().ms() < self.clock.now_ms() + half_ms;
        if asked || (!self.progress.is_bound_pending() && low()) {
            let bound = self.clock.propose_bound(self.clock_ahead_ms);
            let row = entry::encode_clock(bound);
            draft.batch.put(Family::Meta, entry::CLOCK, row);
            draft.bound = Some(bound);
        }
    }

    /// An entry's effects can be read: says so to the floor above, then to the
    /// proposers, then lets the group go on.
    fn publish(&self, folding: Folding) {
        let Folding {
            group,
            journal,
            index,
            proposal,
            reply,
            fused,
        } = folding;
        journal.set_folded(index, fused);
        self.machine
            .published(group.id, index, proposal.entry.stamp);
        proposal.answer(index, reply);
        group.landed(&proposal);
    }

    /// Syncs what was written without, and moves the mark when it is due.
    pub fn tick(&self) {
        let result = self
            .progress
            .sync(&*self.store, &self.clock)
            .and_then(|()| self.progress.mark_if_due());
        if let Err(error) = result {
            self.fail(&error);
        }
    }
}

/// Starts the writer's thread. Answers how to wait for its end.
#[allow(clippy::disallowed_methods)] // the one place the ban points to
pub(super) fn start_thread(
    shared: Arc<Shared>,
    failure: &Arc<Failure>,
) -> Result<tokio::sync::oneshot::Receiver<()>> {
    let guard = Guard::new(failure.clone(), "the log's sync thread");
    let (ended, end) = tokio::sync::oneshot::channel();
    let run = move || {
        shared.run_thread(guard);
        let _ = ended.send(());
    };
    std::thread::Builder::new()
        .name("stele-log-sync".to_owned())
        .spawn(run)
        .map_err(|error| Error::unavailable(format!("no thread for the log: {error}")))?;
    Ok(end)
}
