//! Outbound: what waits to be written to one client. Any task may add to it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::clients::Seen;
use crate::wire::frame::{self, Address};

/// From this share of the limit on, senders are asked to go slower: three quarters.
const SLOW_NUMERATOR: usize = 3;
const SLOW_DENOMINATOR: usize = 4;

/// What waits for one client.
pub(super) struct Outbound {
    /// The connection's name on the bus.
    pub name: u64,
    /// What went through, for whoever monitors.
    pub seen: Arc<Seen>,
    bytes_max: usize,
    waiting: Mutex<Vec<u8>>,
    /// Taken by the writer and not yet in the socket.
    in_flight: AtomicUsize,
    /// Subscriptions that have heard all they wanted.
    finished: Mutex<Vec<Bytes>>,
    wake: Notify,
    is_cut: AtomicBool,
    pub headers: AtomicBool,
    pub echo: AtomicBool,
}

/// How adding went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Added {
    /// There is room.
    Well,
    /// It is getting full.
    Slowly,
    /// The client is cut off.
    Not,
}

impl Outbound {
    pub fn new(name: u64, bytes_max: usize, seen: Arc<Seen>) -> Self {
        Self {
            name,
            seen,
            bytes_max,
            waiting: Mutex::default(),
            in_flight: AtomicUsize::new(0),
            finished: Mutex::default(),
            wake: Notify::new(),
            is_cut: AtomicBool::new(false),
            headers: AtomicBool::new(false),
            echo: AtomicBool::new(true),
        }
    }

    /// Adds bytes that answer the client itself.
    pub fn write(&self, bytes: &[u8]) {
        self.add(bytes.len(), |out| out.extend_from_slice(bytes));
    }

    /// Adds a message.
    pub fn message(
        &self,
        sid: &[u8],
        subject: &[u8],
        reply: &[u8],
        headers: &[u8],
        payload: &[u8],
    ) -> Added {
        let to = Address {
            sid,
            headers: self.headers.load(Ordering::Relaxed),
        };
        let size = frame::size(sid, subject, reply, headers, payload);
        let added = self.add(size, |out| {
            frame::message(out, to, subject, reply, headers, payload);
        });
        if added != Added::Not {
            self.seen.traffic.went(headers.len() + payload.len());
        }
        added
    }

    fn add(&self, size: usize, put: impl FnOnce(&mut Vec<u8>)) -> Added {
        if self.is_cut() {
            return Added::Not;
        }
        let mut waiting = self.waiting.lock();
        let total = waiting.len() + self.in_flight.load(Ordering::Relaxed) + size;
        if total > self.bytes_max {
            drop(waiting);
            tracing::warn!(
                pending = total,
                "slow consumer cut off: more waits for it than may"
            );
            self.cut();
            return Added::Not;
        }
        self.seen.pending.store(total as u64, Ordering::Relaxed);
        let was_empty = waiting.is_empty();
        put(&mut waiting);
        drop(waiting);
        if was_empty {
            self.wake.notify_one();
        }
        if total > self.bytes_max / SLOW_DENOMINATOR * SLOW_NUMERATOR {
            Added::Slowly
        } else {
            Added::Well
        }
    }

    /// Ends the conversation from any task.
    pub fn cut(&self) {
        self.is_cut.store(true, Ordering::Release);
        self.wake.notify_one();
    }

    pub fn is_cut(&self) -> bool {
        self.is_cut.load(Ordering::Acquire)
    }

    /// Swaps what waits into `chunk`, which must be empty. False: there is nothing.
    pub fn take(&self, chunk: &mut Vec<u8>) -> bool {
        let mut waiting = self.waiting.lock();
        std::mem::swap(&mut *waiting, chunk);
        self.in_flight.store(chunk.len(), Ordering::Relaxed);
        !chunk.is_empty()
    }

    /// So much of what was taken is in the socket.
    pub fn sent(&self, left: usize) {
        self.in_flight.store(left, Ordering::Relaxed);
        self.seen.pending.store(left as u64, Ordering::Relaxed);
    }

    /// Resolves when something waits, or the client is cut off. Cancel safe.
    pub async fn woken(&self) {
        self.wake.notified().await;
    }

    /// A subscription has heard its last message.
    pub fn finish(&self, sid: Bytes) {
        self.finished.lock().push(sid);
    }

    /// The subscriptions that have.
    pub fn take_finished(&self) -> Vec<Bytes> {
        std::mem::take(&mut *self.finished.lock())
    }
}
