//! Clients: who is connected and what went through, for whoever monitors the server.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use parking_lot::Mutex;

/// What went through: messages and bytes, as the server sees them.
#[derive(Debug, Default)]
pub struct Traffic {
    /// Messages that came in.
    pub in_messages: AtomicU64,
    /// Their bytes, headers included.
    pub in_bytes: AtomicU64,
    /// Messages that went out.
    pub out_messages: AtomicU64,
    /// Their bytes, headers included.
    pub out_bytes: AtomicU64,
}

/// Counts at one moment: messages in, bytes in, messages out, bytes out.
pub type Amounts = [u64; 4];

impl Traffic {
    /// Counts a message that came in.
    pub fn came(&self, bytes: usize) {
        self.in_messages.fetch_add(1, Ordering::Relaxed);
        self.in_bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// Counts a message that went out.
    pub fn went(&self, bytes: usize) {
        self.out_messages.fetch_add(1, Ordering::Relaxed);
        self.out_bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// What it is now.
    #[must_use]
    pub fn amounts(&self) -> Amounts {
        [
            &self.in_messages,
            &self.in_bytes,
            &self.out_messages,
            &self.out_bytes,
        ]
        .map(|count| count.load(Ordering::Relaxed))
    }

    fn add(&self, amounts: Amounts) {
        let counts = [
            &self.in_messages,
            &self.in_bytes,
            &self.out_messages,
            &self.out_bytes,
        ];
        for (count, amount) in counts.into_iter().zip(amounts) {
            count.fetch_add(amount, Ordering::Relaxed);
        }
    }
}

/// What a client said of itself.
#[derive(Debug, Clone, Default)]
pub struct Introduction {
    /// The name of its connection.
    pub name: String,
    /// What it is written in.
    pub lang: String,
    /// Which version of a client library it is.
    pub version: String,
}

/// One client, as others see it.
#[derive(Debug)]
pub struct Seen {
    /// Its number.
    pub id: u64,
    /// Where it is.
    pub addr: SocketAddr,
    /// When it came, nanoseconds since the Unix epoch.
    pub since_ns: u64,
    /// What went through.
    pub traffic: Traffic,
    /// Bytes that wait for it.
    pub pending: AtomicU64,
    introduction: Mutex<Introduction>,
    subjects: Mutex<BTreeMap<Bytes, Bytes>>,
}

impl Seen {
    /// Remembers what it says of itself.
    pub fn introduce(&self, introduction: Introduction) {
        *self.introduction.lock() = introduction;
    }

    /// What it said of itself.
    #[must_use]
    pub fn introduction(&self) -> Introduction {
        self.introduction.lock().clone()
    }

    /// It has subscribed.
    pub fn subscribed(&self, sid: Bytes, subject: Bytes) {
        self.subjects.lock().insert(sid, subject);
    }

    /// It has not any more.
    pub fn unsubscribed(&self, sid: &[u8]) {
        self.subjects.lock().remove(sid);
    }

    /// The subjects of its subscriptions.
    #[must_use]
    pub fn subjects(&self) -> Vec<String> {
        let subjects = self.subjects.lock();
        let text = |subject: &Bytes| String::from_utf8_lossy(subject).into_owned();
        subjects.values().map(text).collect()
    }

    /// How many subscriptions it has.
    #[must_use]
    pub fn subscription_count(&self) -> usize {
        self.subjects.lock().len()
    }
}

/// Everybody who is connected, and what those were who have gone.
#[derive(Debug, Default)]
pub struct Clients {
    here: Mutex<BTreeMap<u64, Arc<Seen>>>,
    gone: Traffic,
    accepted: AtomicU64,
    slow: AtomicU64,
}

impl Clients {
    /// Somebody comes.
    pub fn enter(&self, id: u64, addr: SocketAddr, since_ns: u64) -> Arc<Seen> {
        let seen = Arc::new(Seen {
            id,
            addr,
            since_ns,
            traffic: Traffic::default(),
            pending: AtomicU64::new(0),
            introduction: Mutex::default(),
            subjects: Mutex::default(),
        });
        self.accepted.fetch_add(1, Ordering::Relaxed);
        self.here.lock().insert(id, seen.clone());
        seen
    }

    /// Somebody goes.
    pub fn leave(&self, id: u64) {
        if let Some(seen) = self.here.lock().remove(&id) {
            self.gone.add(seen.traffic.amounts());
        }
    }

    /// Somebody was cut off because it read too slowly.
    pub fn cut_off(&self) {
        self.slow.fetch_add(1, Ordering::Relaxed);
    }

    /// How many were.
    #[must_use]
    pub fn slow_count(&self) -> u64 {
        self.slow.load(Ordering::Relaxed)
    }

    /// How many ever came.
    #[must_use]
    pub fn accepted_count(&self) -> u64 {
        self.accepted.load(Ordering::Relaxed)
    }

    /// Who is here, by number.
    #[must_use]
    pub fn here(&self) -> Vec<Arc<Seen>> {
        self.here.lock().values().cloned().collect()
    }

    /// What went through for all who ever came.
    #[must_use]
    pub fn amounts(&self) -> Amounts {
        let here = self.here.lock();
        let all = here.values().map(|seen| seen.traffic.amounts());
        all.fold(self.gone.amounts(), |sums, amounts| {
            let mut both = sums.into_iter().zip(amounts);
            std::array::from_fn(|_| both.next().map_or(0, |(sum, amount)| sum + amount))
        })
    }
}
