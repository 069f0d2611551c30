//! The writer: one for all groups, so that one batch and one sync serve
//! everybody who waits.
//!
//! Requests queue up while a round is written; the next round takes them all.
//! Rounds that nobody wants synced run on a task of the runtime, where the next
//! proposals come from. A sync blocks for as long as the disk likes, so rounds
//! that need one run on a thread of their own. Whichever of the two is running
//! takes what the other was woken for: there is never more than one round at a
//! time, and a group's requests are done in the order in which they came.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use openraft::EntryPayload;
use openraft::storage::IOFlushed;
use parking_lot::{Condvar, Mutex};
use stele_placement::PartitionId;
use tokio::sync::{Notify, oneshot};

use super::failure::Failure;
use super::group::Group;
use super::journal::Journal;
use super::progress::Progress;
use super::proposal::Proposal;
use super::types::{Config, Payload, RaftEntry};
use super::{LogOptions, Machine};
use crate::env::SharedEnv;
use crate::error::{Error, Result};
use crate::record::{Clock, Fsync};
use crate::store::entry::{self, Position, VoteRow};
use crate::store::{Family, Store, StoreBatch};

/// Entries to add at the end of a group's log.
pub(super) struct Append {
    pub group: Arc<Group>,
    pub journal: Arc<Journal>,
    pub entries: Vec<RaftEntry>,
    /// Fold them in the same batch, if nothing older waits to be folded.
    pub fused: bool,
    pub done: IOFlushed<Config>,
}

impl Append {
    /// Does any of the entries ask for this, or more?
    pub fn wants_at_least(&self, fsync: Fsync) -> bool {
        self.entries.iter().any(|raft| match &raft.payload {
            EntryPayload::Normal(Payload(proposal)) => proposal.fsync >= fsync,
            // Raft's own are few, and who votes must never be in doubt.
            EntryPayload::Blank | EntryPayload::Membership(_) => true,
        })
    }
}

/// Rows of a group's own bookkeeping.
pub(super) struct Rows {
    pub group: PartitionId,
    pub batch: StoreBatch,
    pub sync: bool,
    /// The vote among them.
    pub vote: Option<VoteRow>,
    /// The log ends here afterwards.
    pub truncated: Option<Option<Position>>,
    /// No stamp is issued after these: leave the clock's bound alone.
    pub last: bool,
}

impl Rows {
    /// No rows, not synced.
    pub fn new(group: PartitionId) -> Self {
        Self {
            group,
            batch: StoreBatch::default(),
            sync: false,
            vote: None,
            truncated: None,
            last: false,
        }
    }
}

/// An entry that is committed, to be folded now.
pub(super) struct Fold {
    pub group: Arc<Group>,
    pub journal: Arc<Journal>,
    pub index: u64,
    pub proposal: Arc<Proposal>,
}

pub(super) type Done = oneshot::Sender<Result<()>>;

pub(super) enum Request {
    Append(Append),
    Rows(Rows, Option<Done>),
    Fold(Fold, Done),
    /// Raise the clock's bound.
    Clock(Done),
}

impl Request {
    fn group(&self) -> Option<PartitionId> {
        match self {
            Self::Append(append) => Some(append.group.id),
            Self::Rows(rows, _) => Some(rows.group),
            Self::Fold(fold, _) => Some(fold.group.id),
            Self::Clock(_) => None,
        }
    }

    /// Must it be durable before it is answered?
    pub(super) fn wants_sync(&self) -> bool {
        match self {
            Self::Append(append) => append.wants_at_least(Fsync::Always),
            Self::Rows(rows, _) => rows.sync,
            Self::Fold(..) => false,
            Self::Clock(_) => true,
        }
    }

    /// Is the store read for it, so that an earlier one of the group must have
    /// been written?
    fn folds(&self) -> bool {
        match self {
            Self::Append(append) => append.fused,
            Self::Fold(..) => true,
            Self::Rows(..) | Self::Clock(_) => false,
        }
    }

    /// Tells whoever waits how it ended.
    pub(super) fn complete(self, result: Result<()>) {
        let done = match self {
            Self::Append(append) => {
                let result = result.map_err(std::io::Error::other);
                return append.done.io_completed(result);
            }
            Self::Rows(_, None) => return,
            Self::Rows(_, Some(done)) | Self::Fold(_, done) | Self::Clock(done) => done,
        };
        let _ = done.send(result);
    }
}

/// A handle on the writer.
#[derive(Clone)]
pub(super) struct Writer(pub(super) Arc<Shared>);

pub(super) struct Shared {
    pub store: Arc<dyn Store>,
    pub machine: Arc<dyn Machine>,
    pub clock: Arc<Clock>,
    pub failure: Arc<Failure>,
    pub clock_ahead_ms: u64,
    pub progress: Progress,
    queue: Mutex<Queue>,
    /// The task has something to do.
    pub task: Notify,
    /// The thread has something to do; with `queue`.
    thread: Condvar,
}

#[derive(Default)]
struct Queue {
    requests: VecDeque<Request>,
    /// How many of them want a sync.
    strict: usize,
    /// A round is being written.
    running: bool,
    /// It is time to sync what was written without.
    tick: bool,
    stop: bool,
    failed: Option<Error>,
}

/// Who runs a round.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Runner {
    Task,
    Thread,
}

/// What the thread does next.
pub(super) enum Work {
    Round(Vec<Request>),
    Tick,
    Stop,
}

impl Writer {
    pub fn new(
        store: Arc<dyn Store>,
        machine: Arc<dyn Machine>,
        clock: Arc<Clock>,
        env: SharedEnv,
        failure: Arc<Failure>,
        options: &LogOptions,
    ) -> Self {
        Self(Arc::new(Shared {
            store,
            machine,
            clock,
            progress: Progress::new(env, options),
            failure,
            clock_ahead_ms: options.clock_ahead_ms,
            queue: Mutex::default(),
            task: Notify::new(),
            thread: Condvar::new(),
        }))
    }

    /// Adds entries; `append.done` is told when they are durable.
    pub fn append(&self, append: Append) -> Result<()> {
        self.push(Request::Append(append))
    }

    /// Writes rows and waits until that is done.
    pub async fn rows(&self, rows: Rows) -> Result<()> {
        self.ask(|done| Request::Rows(rows, Some(done))).await
    }

    /// Writes rows some time.
    pub fn rows_later(&self, rows: Rows) -> Result<()> {
        self.push(Request::Rows(rows, None))
    }

    /// Folds a committed entry and waits until its effects can be read.
    pub async fn fold(
        &self,
        group: &Arc<Group>,
        journal: &Arc<Journal>,
        index: u64,
        proposal: Arc<Proposal>,
    ) -> Result<()> {
        let fold = Fold {
            group: group.clone(),
            journal: journal.clone(),
            index,
            proposal,
        };
        self.ask(|done| Request::Fold(fold, done)).await
    }

    /// Makes a later bound of the clock durable.
    pub async fn raise_clock(&self) -> Result<()> {
        self.ask(Request::Clock).await
    }

    /// The last thing before the end: everything durable, the clock's bound no
    /// later than need be, the mark where the logs end.
    pub async fn finish(&self) -> Result<()> {
        let mut rows = Rows::new(PartitionId::META);
        let bound = entry::encode_clock(self.0.clock.read());
        rows.batch.put(Family::Meta, entry::CLOCK, bound);
        rows.sync = true;
        rows.last = true;
        self.rows(rows).await?;
        self.0.progress.write_mark()
    }

    async fn ask(&self, request: impl FnOnce(Done) -> Request) -> Result<()> {
        let (done, result) = oneshot::channel();
        self.push(request(done))?;
        result
            .await
            .unwrap_or_else(|_| Err(Error::unavailable("the log's writer has stopped")))
    }

    fn push(&self, request: Request) -> Result<()> {
        let strict = usize::from(request.wants_sync());
        let mut queue = self.0.queue.lock();
        if let Some(error) = &queue.failed {
            return Err(error.clone());
        }
        queue.requests.push_back(request);
        queue.strict += strict;
        self.0.wake(&queue);
        Ok(())
    }
}

impl Shared {
    fn wake(&self, queue: &Queue) {
        if queue.running {
            return;
        }
        if queue.strict > 0 {
            self.thread.notify_one();
        } else {
            self.task.notify_one();
        }
    }

    /// The next round for a runner. `running`: it has just written one.
    pub fn next_round(&self, runner: Runner, running: bool) -> Option<Vec<Request>> {
        let mut queue = self.queue.lock();
        if queue.running != running {
            return None;
        }
        queue.running = false;
        let mine = runner == Runner::Thread || queue.strict == 0;
        if !mine || queue.requests.is_empty() {
            if !mine {
                self.wake(&queue);
            }
            return None;
        }
        queue.running = true;
        Some(queue.take())
    }

    /// How many requests wait for a round.
    #[cfg(test)]
    pub fn waiting(&self) -> usize {
        self.queue.lock().requests.len()
    }

    /// Waits for something the thread has to do.
    pub fn next_work(&self) -> Work {
        let mut queue = self.queue.lock();
        loop {
            if !queue.running && queue.strict > 0 {
                queue.running = true;
                return Work::Round(queue.take());
            }
            if queue.tick {
                queue.tick = false;
                return Work::Tick;
            }
            if queue.stop {
                return Work::Stop;
            }
            self.thread.wait(&mut queue);
        }
    }

    /// Has the thread sync what was written without.
    pub fn request_tick(&self) {
        self.queue.lock().tick = true;
        self.thread.notify_one();
    }

    /// Has the thread end.
    pub fn request_stop(&self) {
        self.queue.lock().stop = true;
        self.thread.notify_one();
    }

    /// The node is unfit: refuses what waits and what will come.
    pub fn fail(&self, error: &Error) {
        let mut queue = self.queue.lock();
        queue.failed = Some(error.clone());
        queue.strict = 0;
        let requests = std::mem::take(&mut queue.requests);
        drop(queue);
        for request in requests {
            request.complete(Err(error.clone()));
        }
        self.failure.fire(error.clone());
    }
}

impl Queue {
    /// Everything that waits, up to where a group would be folded twice: the
    /// second must be folded against what the first has written.
    fn take(&mut self) -> Vec<Request> {
        let mut folding = BTreeSet::new();
        let mut round = Vec::with_capacity(self.requests.len());
        while let Some(request) = self.requests.pop_front() {
            if request.folds() && !folding.insert(request.group()) {
                self.requests.push_front(request);
                break;
            }
            self.strict -= usize::from(request.wants_sync());
            round.push(request);
        }
        round
    }
}

/// Parts a round into what needs no sync and what does, each group's requests
/// in their order: those behind a strict one are strict too.
pub(super) fn part(round: Vec<Request>) -> (Vec<Request>, Vec<Request>) {
    let mut strict = BTreeSet::new();
    round.into_iter().partition(|request| {
        if request.wants_sync() {
            strict.insert(request.group());
        }
        !strict.contains(&request.group())
    })
}
