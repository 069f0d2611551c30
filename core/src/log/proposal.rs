//! Proposals: an entry on its way, and who waits for it.

use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use tokio::sync::oneshot;

use super::Proposed;
use crate::error::{Error, Result};
use crate::op::{Command, Entry, EntryReply};
use crate::record::{Fsync, Stamp};

/// Where one command's proposer waits.
pub(super) type Waiter = oneshot::Sender<Result<Proposed>>;

/// A command that waits for its group's next entry.
pub(super) struct Waiting {
    pub command: Command,
    /// The command's stored form: encoded where there is time, by its proposer.
    pub encoded: Vec<u8>,
    /// Its share of the queue's room.
    pub weight: u32,
    pub fsync: Fsync,
    pub waiter: Waiter,
}

/// An entry, its stored form, and the proposers of its commands in order.
pub(super) struct Proposal {
    pub entry: Entry,
    /// The commands' stored forms, one after the other.
    pub body: Vec<u8>,
    /// The strictest that a command asked for.
    pub fsync: Fsync,
    waiters: Mutex<Vec<Waiter>>,
    appended: AtomicBool,
}

impl Proposal {
    /// An entry of these commands, whose first stamp is `entry.stamp`.
    pub fn new(entry: Entry, body: Vec<u8>, fsync: Fsync, waiters: Vec<Waiter>) -> Self {
        Self {
            entry,
            body,
            fsync,
            waiters: Mutex::new(waiters),
            appended: AtomicBool::new(false),
        }
    }

    /// An entry read from the disk: nobody waits for it, and it is not written again.
    pub fn recovered(entry: Entry) -> Self {
        Self::new(entry, Vec::new(), Fsync::Off, Vec::new())
    }

    /// The entry is in the log: from now on it may happen.
    pub fn set_appended(&self) {
        self.appended.store(true, Ordering::Release);
    }

    /// Answers every proposer.
    pub fn answer(&self, index: u64, reply: EntryReply) {
        let waiters = std::mem::take(&mut *self.waiters.lock());
        let mut stamp = self.entry.stamp;
        let commands = self.entry.commands.iter().zip(reply.0);
        for (waiter, (command, reply)) in waiters.into_iter().zip(commands) {
            // A proposer that has gone needs no answer.
            let _ = waiter.send(Ok(Proposed {
                reply,
                index,
                stamp,
            }));
            stamp = stamp.nth(command.stamp_count());
        }
    }

    /// Tells every proposer that Raft did not take the entry, or lost it.
    pub fn refuse(&self, why: &str) {
        let error = if self.appended.load(Ordering::Acquire) {
            Error::unknown(format!("the entry was written but may be undone: {why}"))
        } else {
            Error::new(crate::error::ErrorKind::Retry, why)
        };
        self.fail(&error);
    }

    /// Tells every proposer of an error.
    pub fn fail(&self, error: &Error) {
        for waiter in std::mem::take(&mut *self.waiters.lock()) {
            let _ = waiter.send(Err(error.clone()));
        }
    }
}

/// The last stamp that an entry's ops use.
pub(super) fn last_stamp(entry: &Entry) -> Stamp {
    let count: u64 = entry.commands.iter().map(Command::stamp_count).sum();
    entry.stamp.nth(count.saturating_sub(1))
}
