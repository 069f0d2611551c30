//! Who is connected: what CLIENT LIST shows and CLIENT KILL ends.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::commands::registry;

/// One connection, as others see it.
#[derive(Debug)]
pub struct Card {
    /// Its number.
    pub id: u64,
    /// The far end.
    pub addr: SocketAddr,
    /// The near end.
    pub local: SocketAddr,
    /// When it was made, milliseconds since the epoch.
    pub since_ms: u64,
    /// When it last sent something, milliseconds since the epoch.
    pub active_ms: AtomicU64,
    /// The last command's place in the alphabet, plus 1.
    pub command: AtomicUsize,
    /// What changes seldom.
    pub details: Mutex<Details>,
    killed: AtomicBool,
    kill: Notify,
}

/// What a client says of itself, and what it is in the middle of.
#[derive(Debug, Clone, Default)]
pub struct Details {
    /// CLIENT SETNAME.
    pub name: Bytes,
    /// CLIENT SETINFO LIB-NAME.
    pub library: Bytes,
    /// CLIENT SETINFO LIB-VER.
    pub library_version: Bytes,
    /// The selected database.
    pub database: u8,
    /// The protocol's number, 2 or 3.
    pub protocol: u8,
    /// Channels subscribed to.
    pub channels: usize,
    /// Patterns subscribed to.
    pub patterns: usize,
    /// Commands queued by MULTI; `None` outside of it.
    pub queued: Option<usize>,
    /// Keys watched.
    pub watched: usize,

    /// CLIENT NO-EVICT.
    pub no_evict: bool,
    /// CLIENT NO-TOUCH.
    pub no_touch: bool,
}

impl Card {
    /// The card of a new connection.
    #[must_use]
    pub fn new(id: u64, addr: SocketAddr, local: SocketAddr, now_ms: u64) -> Self {
        Self {
            id,
            addr,
            local,
            since_ms: now_ms,
            active_ms: AtomicU64::new(now_ms),
            command: AtomicUsize::new(0),
            details: Mutex::new(Details {
                protocol: 2,

                ..Details::default()
            }),
            killed: AtomicBool::new(false),
            kill: Notify::new(),
        }
    }

    /// Ends the connection as soon as it waits for something.
    pub fn kill(&self) {
        self.killed.store(true, Ordering::SeqCst);
        self.kill.notify_one();
    }

    /// Whether the connection is to end.
    #[must_use]
    pub fn is_killed(&self) -> bool {
        self.killed.load(Ordering::SeqCst)
    }

    /// Waits until the connection is to end. Cancel safe.
    pub async fn killed(&self) {
        while !self.is_killed() {
            self.kill.notified().await;
        }
    }

    /// `normal` or `pubsub`, as CLIENT LIST TYPE tells them apart.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        let details = self.details.lock();
        if details.channels + details.patterns > 0 {
            "pubsub"
        } else {
            "normal"
        }
    }

    /// The line CLIENT LIST shows.
    #[must_use]
    pub fn line(&self, now_ms: u64) -> String {
        let details = self.details.lock().clone();
        let seconds = |since: u64| now_ms.saturating_sub(since) / 1000;
        let mut flags = String::new();
        for (set, flag) in [
            (details.channels + details.patterns > 0, 'P'),
            (details.queued.is_some(), 'x'),
            (details.no_evict, 'e'),
            (details.no_touch, 'T'),
        ] {
            if set {
                flags.push(flag);
            }
        }
        if flags.is_empty() {
            flags.push('N');
        }
        let command = self.command.load(Ordering::Relaxed).checked_sub(1);
        let command = command.and_then(|index| registry::all().get(index));
        let command = command.map_or("NULL", |command| command.name);
        let queued = details
            .queued
            .map_or(-1, |queued| i64::try_from(queued).unwrap_or(i64::MAX));
        format!(
            "id={} addr={} laddr={} fd=-1 name={} age={} idle={} flags={flags} db={} sub={} psub={} \
             ssub=0 multi={queued} watch={} qbuf=0 qbuf-free=0 argv-mem=0 multi-mem=0 rbs=0 rbp=0 \
             obl=0 oll=0 omem=0 tot-mem=0 events=r cmd={} user=default redir=-1 resp={} \
             lib-name={} lib-ver={}",
            self.id,
            self.addr,
            self.local,
            String::from_utf8_lossy(&details.name),
            seconds(self.since_ms),
            seconds(self.active_ms.load(Ordering::Relaxed)),
            details.database,
            details.channels,
            details.patterns,
            details.watched,
            command,
            details.protocol,
            String::from_utf8_lossy(&details.library),
            String::from_utf8_lossy(&details.library_version),
        )
    }
}

/// Everybody who is connected to this door.
#[derive(Debug, Default)]
pub struct Clients {
    cards: Mutex<BTreeMap<u64, Arc<Card>>>,
}

impl Clients {
    /// Somebody came.
    pub fn enter(&self, card: Arc<Card>) {
        self.cards.lock().insert(card.id, card);
    }

    /// Somebody left.
    pub fn leave(&self, id: u64) {
        self.cards.lock().remove(&id);
    }

    /// How many are connected.
    #[must_use]
    pub fn count(&self) -> usize {
        self.cards.lock().len()
    }

    /// Everybody, oldest first.
    #[must_use]
    pub fn all(&self) -> Vec<Arc<Card>> {
        self.cards.lock().values().cloned().collect()
    }
}
