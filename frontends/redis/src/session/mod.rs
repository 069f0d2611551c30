//! # A conversation with one client
//!
//! **What.** `Session` is what one connection remembers: its database, protocol, levels, queue of
//! MULTI, watched keys, subscriptions. `wire` moves bytes, `run` carries out one request, `writes`
//! gathers plain writes into batches, `exec` runs transactions, `subscribe` keeps subscriptions.
//!
//! **Why.** Replies must come in the order of requests, whatever each of them waits for. One task
//! per client that does one thing after the other gives that for nothing.
//!
//! **How.**
//! ```text
//!   buffer: SET a 1 | SET b 2 | GET a | INCR c | MULTI ...
//!           \___ one batch __/    |       |
//!                 answered before it, then one more batch
//! ```
//! A request that is a plain write is not sent at once but put into `waiting`. Whatever cannot
//! join it (a read, EXEC, the end of the buffer) sends the batch and its answers first.
//!
//! **Limits.** Answers are handed to the socket when they pass `SEND_BYTES`; while the client does
//! not take them, nothing more of it is read.
//!
//! **Further reading.** `crate::commands` for what the requests mean.

mod exec;
mod run;
mod subscribe;
mod wire;
mod writes;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use stele_core::Database;
use stele_core::record::{Fsync, Key, Level, Token};

use crate::commands::registry::Found;
use crate::resp::{Out, Protocol};
use crate::rows::{Place, Tables};
use crate::server::Server;
use crate::server::clients::Card;

pub use exec::{Queue, Watched};
pub use subscribe::{Subscriptions, Topic};
pub use wire::serve;
use writes::Waiting;

/// CLIENT REPLY.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replies {
    /// Every request is answered.
    On,
    /// None is.
    Off,
    /// The next one is not, all after it are.
    Skip,
}

/// What one connection remembers.
pub struct Session {
    /// What all connections share.
    pub server: Arc<Server>,
    /// The database behind the door.
    pub db: Database,
    /// This connection as others see it.
    pub card: Arc<Card>,
    /// Answers not sent yet.
    pub out: Out,
    /// The selected database.
    pub database: u8,
    /// Whether the client may come in.
    pub is_known: bool,
    /// The levels of reads and writes.
    pub level: Level,
    /// Whether the client chose how often its writes are forced to disk.
    pub has_fsync: bool,
    /// What this client has seen.
    pub seen: Token,
    /// The queue between MULTI and EXEC.
    pub queue: Option<Queue>,
    /// Keys under WATCH and the versions they had.
    pub watched: Vec<Watched>,
    /// Subscriptions.
    pub subscriptions: Subscriptions,
    /// CLIENT REPLY.
    pub replies: Replies,
    /// Whether the connection ends after the answers at hand.
    pub is_closing: bool,
    /// The tables as of this buffer.
    pub tables: Tables,
    waiting: Waiting,
}

impl Session {
    fn new(server: Arc<Server>, db: Database, card: Arc<Card>) -> Self {
        let is_known = server.settings.get("requirepass").is_empty();
        server.clients.enter(Arc::clone(&card));
        server.stats.connections.fetch_add(1, Ordering::Relaxed);
        let tables = Tables::new(db.catalog());
        Self {
            server,
            db,
            card,
            out: Out::default(),
            database: 0,
            is_known,
            level: Level::default(),
            has_fsync: false,
            seen: Token::default(),
            queue: None,
            watched: Vec::new(),
            subscriptions: Subscriptions::default(),
            replies: Replies::On,
            is_closing: false,
            tables,
            waiting: Waiting::default(),
        }
    }

    /// RESET: forgets everything but the connection itself.
    pub fn reset(&mut self) {
        self.queue = None;
        self.watched.clear();
        self.subscriptions.clear();
        self.database = 0;
        self.level = Level::default();
        self.has_fsync = false;
        self.follow_fsync();
        self.replies = Replies::On;
        self.out.speak(Protocol::Resp2);
        self.is_known = self.server.settings.get("requirepass").is_empty();
        let mut details = self.card.details.lock();
        details.name = Bytes::new();
        details.no_evict = false;
        details.no_touch = false;
        drop(details);
        self.show();
    }

    /// Follows CONFIG SET appendfsync, unless the client chose for itself.
    fn follow_fsync(&mut self) {
        if !self.has_fsync {
            let chosen = Fsync::parse(&self.server.settings.get("appendfsync"));
            self.level.fsync = chosen.filter(|fsync| *fsync != self.server.options.fsync);
        }
    }

    /// The address of a key in the selected database; `None`: it cannot be a key of its table.
    #[must_use]
    pub fn place(&self, name: &Bytes) -> Option<Key> {
        match self.tables.place(self.database, name) {
            Place::Keyspace(key) | Place::Row { key, .. } => Some(key),
            Place::NoRow { .. } => None,
        }
    }

    /// Brings the connection's card up to date.
    pub fn show(&self) {
        let mut details = self.card.details.lock();
        details.database = self.database;
        details.protocol = if self.out.is_resp3() { 3 } else { 2 };
        details.channels = self.subscriptions.channel_count();
        details.patterns = self.subscriptions.pattern_count();
        details.queued = self.queue.as_ref().map(Queue::len);
        details.watched = self.watched.len();
    }

    fn note(&self, found: &Found) {
        self.server.stats.commands.fetch_add(1, Ordering::Relaxed);
        self.card.command.store(found.index + 1, Ordering::Relaxed);
        if let Some(calls) = self.server.stats.calls(found.index) {
            calls.done.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // Also when the conversation panicked: nobody must be listed who is gone.
        self.subscriptions.clear();
        self.server.clients.leave(self.card.id);
    }
}
