//! One group's queue: what waits, what is in flight, and the task that turns
//! the one into the other.
//!
//! The stamp of an entry is taken under the same lock that says what is in
//! flight. So whoever takes a stamp from the clock and then this lock sees
//! every entry with a lesser stamp: that is all [`Group::settle`] needs.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::Mutex;
use stele_placement::PartitionId;
use tokio::sync::{Notify, Semaphore, oneshot};

use super::machine::Raft;
use super::proposal::{Proposal, Waiting};
use super::types::{Callback, Payload};
use super::writer::Writer;
use super::{LogOptions, Proposed};
use crate::error::{Error, Result};
use crate::op::{Command, Entry, SEMANTICS};
use crate::record::{Clock, Fsync, Stamp};

/// A command takes room in the queue per op, and per this many bytes.
const WEIGHT_BYTES: usize = 4096;

/// How far Raft may be behind the writer, which answers without it: entries.
const LAG_MAX: u64 = 1024;

/// The same in bytes: what Raft has not handed up is kept in memory.
const LAG_BYTES_MAX: usize = 64 << 20;

/// One group's queue.
pub(super) struct Group {
    pub id: PartitionId,
    clock: Arc<Clock>,
    queue_ops_max: u32,
    entry_bytes_max: usize,
    command_bytes_max: usize,
    room: Semaphore,
    state: Mutex<State>,
    /// There may be something to do for the group's task.
    work: Notify,
    /// Something that was in flight can be read, or never will.
    landed: Notify,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Waiting>,
    flight: Option<Arc<Proposal>>,
    /// Entries in the log that Raft has not handed up yet.
    lag: u64,
    lag_bytes: usize,
    closing: bool,
    failed: Option<Error>,
}

impl State {
    fn is_behind(&self) -> bool {
        self.lag >= LAG_MAX || self.lag_bytes >= LAG_BYTES_MAX
    }
}

enum Next {
    /// Propose this.
    Entry(Arc<Proposal>),
    /// The clock has reached its durable bound.
    Clock,
    /// Wait for work.
    Nothing,
    /// No more will come.
    End,
}

impl Group {
    pub fn new(id: PartitionId, clock: Arc<Clock>, options: &LogOptions) -> Arc<Self> {
        let queue_ops_max = u32::try_from(options.queue_ops_max)
            .unwrap_or(u32::MAX)
            .max(1);
        let room = (queue_ops_max as usize).min(Semaphore::MAX_PERMITS);
        Arc::new(Self {
            id,
            clock,
            queue_ops_max,
            entry_bytes_max: options.entry_bytes_max,
            command_bytes_max: options.command_bytes_max,
            room: Semaphore::new(room),
            state: Mutex::default(),
            work: Notify::new(),
            landed: Notify::new(),
        })
    }

    /// Queues a command and waits for its answer.
    pub async fn propose(&self, command: Command, fsync: Fsync) -> Result<Proposed> {
        let encoded = postcard::to_stdvec(&command)
            .map_err(|error| Error::invalid(format!("a command does not encode: {error}")))?;
        if encoded.len() > self.command_bytes_max {
            return Err(Error::invalid(format!(
                "a command of {} bytes is larger than {} bytes",
                encoded.len(),
                self.command_bytes_max
            )));
        }
        let weight = self.weight(&command, encoded.len());
        match self.room.acquire_many(weight).await {
            Ok(room) => room.forget(),
            Err(_) => return Err(self.refusal()),
        }
        let (waiter, answer) = oneshot::channel();
        self.enqueue(Waiting {
            command,
            encoded,
            weight,
            fsync,
            waiter,
        })?;
        answer
            .await
            .unwrap_or_else(|_| Err(Error::unknown("the log stopped before it answered")))
    }

    fn weight(&self, command: &Command, bytes: usize) -> u32 {
        let weight = command.stamp_count().max((bytes / WEIGHT_BYTES) as u64);
        u32::try_from(weight)
            .unwrap_or(u32::MAX)
            .clamp(1, self.queue_ops_max)
    }

    fn enqueue(&self, waiting: Waiting) -> Result<()> {
        let mut state = self.state.lock();
        if state.closing || state.failed.is_some() {
            drop(state);
            return Err(self.refusal());
        }
        state.waiting.push_back(waiting);
        let idle = state.flight.is_none();
        drop(state);
        if idle {
            self.work.notify_one();
        }
        Ok(())
    }

    fn refusal(&self) -> Error {
        match &self.state.lock().failed {
            Some(error) => Error::unavailable(format!("the log has failed: {error}")),
            None => Error::unavailable("the log is closing"),
        }
    }

    /// Waits until everything proposed with a stamp at or below `stamp` can be
    /// read.
    pub async fn settle(&self, stamp: Stamp) -> Result<()> {
        while !self.settled(stamp)? {
            let landed = self.landed.notified();
            tokio::pin!(landed);
            landed.as_mut().enable();
            if self.settled(stamp)? {
                break;
            }
            landed.await;
        }
        Ok(())
    }

    fn settled(&self, stamp: Stamp) -> Result<bool> {
        let state = self.state.lock();
        match (&state.failed, &state.flight) {
            (Some(error), _) => Err(Error::unavailable(format!("the log has failed: {error}"))),
            (None, Some(flight)) => Ok(flight.entry.stamp > stamp),
            (None, None) => Ok(true),
        }
    }

    /// How many commands wait for the next entry.
    #[cfg(test)]
    pub fn queued(&self) -> usize {
        self.state.lock().waiting.len()
    }

    /// An entry is in the log. Raft has one more to hand up.
    pub fn entered(&self, bytes: usize) {
        let mut state = self.state.lock();
        state.lag += 1;
        state.lag_bytes += bytes;
    }

    /// Raft has handed up an entry.
    pub fn handed_up(&self, bytes: usize) {
        let mut state = self.state.lock();
        let was_behind = state.is_behind();
        state.lag = state.lag.saturating_sub(1);
        state.lag_bytes = state.lag_bytes.saturating_sub(bytes);
        drop(state);
        if was_behind {
            self.work.notify_one();
        }
    }

    /// An entry can be read, or never will: make room for the next.
    pub fn landed(&self, proposal: &Arc<Proposal>) {
        let mut state = self.state.lock();
        let ours = |flight: &Arc<Proposal>| Arc::ptr_eq(flight, proposal);
        if !state.flight.as_ref().is_some_and(ours) {
            return;
        }
        state.flight = None;
        let more = state.closing || !state.waiting.is_empty();
        drop(state);
        self.landed.notify_waiters();
        if more {
            self.work.notify_one();
        }
    }

    /// Takes no more commands; the task ends when all are answered.
    pub fn close(&self) {
        self.state.lock().closing = true;
        self.room.close();
        self.work.notify_one();
    }

    /// Tells everybody who waits that the node is unfit.
    pub fn fail(&self, error: &Error) {
        let mut state = self.state.lock();
        state.failed = Some(error.clone());
        let waiting = std::mem::take(&mut state.waiting);
        let flight = state.flight.take();
        drop(state);
        self.room.close();
        for waiting in waiting {
            let refusal = Error::unavailable(format!("the log has failed: {error}"));
            let _ = waiting.waiter.send(Err(refusal));
        }
        if let Some(flight) = flight {
            flight.fail(&Error::unknown(format!("the log has failed: {error}")));
        }
        self.landed.notify_waiters();
        self.work.notify_one();
    }

    /// The group's task: everything that waits becomes the next entry, one
    /// entry after the other.
    pub async fn run(self: Arc<Self>, raft: Raft, writer: Writer) {
        loop {
            match self.next() {
                Next::Entry(proposal) => self.clone().hand_over(&raft, proposal).await,
                // On an error the latch has tripped, which ends this loop.
                Next::Clock => drop(writer.raise_clock().await),
                Next::Nothing => {
                    self.work.notified().await;
                    // Those the writer has just answered will propose again: let
                    // them, so that the entry carries more (a third less
                    // processor time per op with 50 clients).
                    tokio::task::yield_now().await;
                }
                Next::End => return,
            }
        }
    }

    fn next(&self) -> Next {
        let mut state = self.state.lock();
        if state.failed.is_some() {
            return Next::End;
        }
        if state.flight.is_some() || state.is_behind() {
            return Next::Nothing;
        }
        if state.waiting.is_empty() {
            return if state.closing {
                Next::End
            } else {
                Next::Nothing
            };
        }
        let (commands, stamps) = self.batch(&state.waiting);
        let Some(stamp) = self.clock.take(stamps) else {
            return Next::Clock;
        };
        let waiting = state.waiting.drain(..commands);
        let proposal = Arc::new(self.entry(stamp, waiting));
        state.flight = Some(proposal.clone());
        Next::Entry(proposal)
    }

    /// How many commands the next entry takes, and how many stamps they need.
    fn batch(&self, waiting: &VecDeque<Waiting>) -> (usize, u64) {
        let (mut commands, mut bytes, mut stamps) = (0, 0, 0);
        for next in waiting {
            bytes += next.encoded.len();
            if commands > 0 && bytes > self.entry_bytes_max {
                break;
            }
            commands += 1;
            stamps += next.command.stamp_count();
        }
        (commands, stamps)
    }

    fn entry(&self, stamp: Stamp, waiting: impl ExactSizeIterator<Item = Waiting>) -> Proposal {
        let mut commands = Vec::with_capacity(waiting.len());
        let mut waiters = Vec::with_capacity(waiting.len());
        let (mut body, mut fsync, mut room) = (Vec::new(), Fsync::Off, 0);
        for next in waiting {
            commands.push(next.command);
            waiters.push(next.waiter);
            body.extend_from_slice(&next.encoded);
            fsync = fsync.max(next.fsync);
            room += next.weight as usize;
        }
        self.room.add_permits(room);
        let entry = Entry {
            semantics: SEMANTICS,
            stamp,
            commands,
        };
        Proposal::new(entry, body, fsync, waiters)
    }

    async fn hand_over(self: Arc<Self>, raft: &Raft, proposal: Arc<Proposal>) {
        let (group, flight) = (self.clone(), proposal.clone());
        let taken = Callback(Box::new(
            move |result: openraft::raft::ClientWriteResult<_>| {
                // Normally answered by the writer long before.
                if let Err(error) = result {
                    flight.refuse(&error.to_string());
                    group.landed(&flight);
                }
            },
        ));
        let payload = Payload(proposal.clone());
        if let Err(error) = raft.client_write_ff(payload, Some(taken)).await {
            // The latch trips when the group's log is dropped.
            proposal.refuse(&format!("the group {} has stopped: {error}", self.id));
            self.landed(&proposal);
        }
    }
}
