//! # Consumers
//!
//! **What.** A [`Consumer`] hands the messages of a stream to whoever asks (pull) or to a
//! subject (push), counts what was acknowledged, and delivers again what was not.
//!
//! **Why.** One place decides what was delivered to whom; it is told of requests and
//! acknowledgements and otherwise owns its state.
//!
//! **How.**
//! ```text
//!   events (requests, acks) --> step: under one lock, without waiting
//!                                 acks -> pending, floor
//!                                 due  -> redeliver
//!                                 next message + next request -> the bus
//!                               what must be written is left in `todo`
//!   run: a task that steps when woken or when something falls due, and writes `todo`
//! ```
//! A durable consumer's position is written now and then, and before a double
//! acknowledgement is answered; after a crash what was delivered since is delivered again.
//!
//! A push consumer with flow control stops when too much is on its way (`flow`).
//!
//! **Limits.** Ephemeral consumers live in memory and end with the process.
//!
//! **Further reading.** ADR-15, ADR-17, ADR-37; `docs/compatibility/nats.md`.

mod ack;
mod config;
mod create;
mod deliver;
mod flow;
mod info;
mod place;
mod priority;
mod progress;
mod pull;
mod run;
mod step;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};

use bytes::Bytes;
use parking_lot::{Mutex, RwLock};
use stele_core::Result;
use stele_core::env::spawn;
use tokio::sync::Notify;

use super::stream::Stream;
pub use config::ConsumerConfig;
pub use create::{Action, create, delete};
pub use place::first_at;
pub use pull::PullRequest;
use step::Inner;

/// Events that may wait; beyond that acknowledgements are lost, and come again.
const EVENT_COUNT_MAX: usize = 65_536;

/// What a consumer is told.
#[derive(Debug)]
pub enum Event {
    /// A message was acknowledged, or not, in one of JetStream's words.
    Ack { seq: u64, word: Bytes, reply: Bytes },
    /// The subscriber has got what was sent before this was asked.
    Flow { subject: Bytes },
    /// Somebody asks for messages.
    Pull(PullRequest),
}

/// One reader of a stream.
pub struct Consumer {
    pub name: String,
    pub stream: Weak<Stream>,
    /// When it was made, nanoseconds since the Unix epoch.
    pub created_ns: u64,
    config: RwLock<Arc<ConsumerConfig>>,
    events: Mutex<VecDeque<Event>>,
    inner: Mutex<Inner>,
    wake: Notify,
    /// Delivers nothing before: whoever made it is answered first.
    is_begun: AtomicBool,
    is_closed: AtomicBool,
}

impl Consumer {
    pub fn config(&self) -> Arc<ConsumerConfig> {
        self.config.read().clone()
    }

    /// Gives it another config.
    pub fn reconfigure(&self, config: ConsumerConfig) {
        *self.config.write() = Arc::new(config);
        self.inner.lock().forget_count();
        self.wake();
    }

    pub fn is_durable(&self) -> bool {
        self.config().durable_name.is_some()
    }

    /// Tells it something. False: too much waits.
    pub fn tell(&self, event: Event) -> bool {
        let mut events = self.events.lock();
        if events.len() >= EVENT_COUNT_MAX {
            return false;
        }
        events.push_back(event);
        drop(events);
        self.wake();
        true
    }

    pub fn wake(&self) {
        self.wake.notify_one();
    }

    /// Has it deliver from now on.
    pub fn begin(self: &Arc<Self>) {
        if !self.is_begun.swap(true, Ordering::AcqRel) {
            spawn(run::run(Arc::downgrade(self)));
        }
    }

    /// Lets the pinned client of a group go.
    pub fn unpin(&self) {
        if let Some(stream) = self.stream.upgrade() {
            self.inner.lock().unpin(&stream);
        }
        self.wake();
    }

    fn is_begun(&self) -> bool {
        self.is_begun.load(Ordering::Acquire)
    }

    pub fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::Acquire)
    }

    /// Ends it, and tells those who wait.
    pub fn close(&self, status: &str) {
        self.is_closed.store(true, Ordering::Release);
        if let Some(stream) = self.stream.upgrade() {
            self.inner.lock().dismiss(&stream, status);
        }
        self.wake();
    }

    /// Has it yet to have this message? What it does not want it needs not.
    pub fn needs(&self, subject: &[u8], seq: u64) -> bool {
        self.config().wants(subject) && self.inner.lock().has_yet_to_have(seq)
    }
}

/// Serves the durable consumers that lie beside a stream.
pub fn reopen(stream: &Arc<Stream>) -> Result<()> {
    for (name, stored, progress) in progress::stored(stream)? {
        create::revive(stream, name, &stored, progress)?;
    }
    Ok(())
}
