//! The loop behind every port: accept, limit, count, survive, drain.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use stele_core::Database;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinError, JoinHandle, JoinSet};

use crate::client::{Client, Shutdown};

/// Whatever ends a conversation early. The kit only logs it, so its shape does not matter.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// The outcome of one conversation.
pub type Result<T> = std::result::Result<T, Error>;

/// How long the listener rests after a failed accept (out of file descriptors, mostly).
const ACCEPT_PAUSE_MS: u64 = 50;

/// How long a refused client is given to take its refusal.
const REFUSAL_MS_MAX: u64 = 100;

/// A dialect spoken on one port. The kit listens, limits, counts and stops; a door only talks.
pub trait Door: Send + Sync + 'static {
    /// The door's name in configuration, logs and metrics.
    const NAME: &'static str;

    /// Talks to one client until it leaves, breaks the protocol, or `client.shutdown` asks.
    ///
    /// Runs on a task of its own: a panic ends this conversation and no other.
    fn serve(&self, client: Client, db: Database) -> impl Future<Output = Result<()>> + Send;

    /// The bytes a client beyond the limit is sent before its connection is closed.
    fn refusal(&self) -> &'static [u8] {
        b""
    }
}

/// What bounds an open door.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Clients served at once; the next one is refused.
    pub client_count_max: usize,
    /// How long `close` waits for clients to finish before it cuts them off.
    pub drain_ms_max: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            client_count_max: 10_000,
            drain_ms_max: 5_000,
        }
    }
}

/// What an open door has seen since it was opened.
#[derive(Debug, Default)]
pub struct Counts {
    /// Clients being served now.
    pub connected: AtomicU64,
    /// Clients ever served.
    pub accepted: AtomicU64,
    /// Clients turned away at the limit.
    pub refused: AtomicU64,
    /// Conversations ended by a panic: always a fault of ours.
    pub panicked: AtomicU64,
}

/// A door that is listening. Dropping it leaves the door open; `close` ends it.
#[derive(Debug)]
pub struct Opened {
    name: &'static str,
    address: SocketAddr,
    counts: Arc<Counts>,
    stop: watch::Sender<bool>,
    accepting: JoinHandle<usize>,
}

impl Opened {
    /// The door's name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Where the door listens; with port 0 in the request, the port that was found.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The door's counters.
    #[must_use]
    pub fn counts(&self) -> Arc<Counts> {
        Arc::clone(&self.counts)
    }

    /// Stops accepting, tells every client, and waits until all have left or the deadline
    /// passed. Returns how many had to be cut off.
    pub async fn close(self) -> usize {
        self.stop.send_replace(true);
        self.accepting.await.unwrap_or(0)
    }
}

/// Opens `door` on a bound listener.
///
/// # Errors
/// When the listener has no local address, that is, is not bound.
pub fn open<D: Door>(
    door: D,
    listener: TcpListener,
    db: Database,
    limits: Limits,
) -> std::io::Result<Opened> {
    let address = listener.local_addr()?;
    let counts = Arc::new(Counts::default());
    let (stop, asked) = watch::channel(false);
    let entrance = Entrance {
        door: Arc::new(door),
        db,
        limits,
        counts: Arc::clone(&counts),
        asked,
        clients: JoinSet::new(),
    };
    #[allow(clippy::disallowed_methods)] // the one place where doors start tasks
    let accepting = tokio::spawn(entrance.accept(listener));
    Ok(Opened {
        name: D::NAME,
        address,
        counts,
        stop,
        accepting,
    })
}

/// Real time on purpose: the pause is for the operating system, and no test turns its clock.
#[allow(clippy::disallowed_methods)]
async fn pause() {
    tokio::time::sleep(Duration::from_millis(ACCEPT_PAUSE_MS)).await;
}

/// The accepting side of one open door.
struct Entrance<D: Door> {
    door: Arc<D>,
    db: Database,
    limits: Limits,
    counts: Arc<Counts>,
    asked: watch::Receiver<bool>,
    clients: JoinSet<()>,
}

impl<D: Door> Entrance<D> {
    async fn accept(mut self, listener: TcpListener) -> usize {
        let mut shutdown = Shutdown::new(self.asked.clone());
        loop {
            // All three futures are cancel safe.
            tokio::select! {
                accepted = listener.accept() => match accepted {
                    Ok((stream, addr)) => self.admit(stream, addr).await,
                    Err(error) => {
                        tracing::warn!(door = D::NAME, %error, "accept failed");
                        pause().await;
                    }
                },
                Some(left) = self.clients.join_next() => self.left(left),
                () = shutdown.asked() => break,
            }
        }
        drop(listener);
        self.drain().await
    }

    async fn admit(&mut self, stream: TcpStream, addr: SocketAddr) {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(door = D::NAME, %addr, %error, "client left at once");
            return;
        }
        if self.clients.len() >= self.limits.client_count_max {
            self.refuse(stream).await;
            return;
        }
        let id = self.counts.accepted.fetch_add(1, Ordering::Relaxed) + 1;
        self.counts.connected.fetch_add(1, Ordering::Relaxed);
        let client = Client {
            stream,
            addr,
            shutdown: Shutdown::new(self.asked.clone()),
            id,
        };
        let door = Arc::clone(&self.door);
        let db = self.db.clone();
        self.clients.spawn(async move {
            if let Err(error) = door.serve(client, db).await {
                tracing::debug!(door = D::NAME, %addr, id, %error, "conversation ended");
            }
        });
    }

    async fn refuse(&self, mut stream: TcpStream) {
        self.counts.refused.fetch_add(1, Ordering::Relaxed);
        // A fresh socket takes a short refusal at once; one that does not is not waited for.
        let limit = Duration::from_millis(REFUSAL_MS_MAX);
        let _ = tokio::time::timeout(limit, stream.write_all(self.door.refusal())).await;
    }

    fn left(&self, outcome: std::result::Result<(), JoinError>) {
        self.counts.connected.fetch_sub(1, Ordering::Relaxed);
        if let Err(error) = outcome
            && error.is_panic()
        {
            self.counts.panicked.fetch_add(1, Ordering::Relaxed);
            tracing::error!(door = D::NAME, %error, "a conversation panicked; its client is gone, the others are not");
        }
    }

    async fn drain(&mut self) -> usize {
        let limit = Duration::from_millis(self.limits.drain_ms_max);
        let emptied = tokio::time::timeout(limit, async {
            while let Some(left) = self.clients.join_next().await {
                self.left(left);
            }
        });
        if emptied.await.is_ok() {
            return 0;
        }
        let cut_off = self.clients.len();
        tracing::warn!(
            door = D::NAME,
            clients = cut_off,
            "clients cut off at the deadline"
        );
        self.clients.shutdown().await;
        cut_off
    }
}
