//! # JetStream: streams over NATS
//!
//! **What.** Streams are records of the core (`stele_core::op::stream`); this folder gives
//! them JetStream's API, its acknowledgements and its consumers.
//!
//! **Why.** A publish acknowledged here is an entry in a log that is on disk, like every write;
//! thousands of publishes that wait together share one sync.
//!
//! **How.**
//! ```text
//!   PUB orders.new -> the bus -> StreamEar -> intake -> one batch of appends -> log
//!                                                           |
//!             publisher's inbox <- {"stream":..,"seq":..} <-+-> consumers are woken
//!
//!   $JS.API.>      -> ApiEar  -> api: streams, consumers, one request after the other
//!                     MSG.NEXT and DIRECT.GET at once, on the asker's task
//!   $JS.ACK.<S>.>  -> AckEar  -> the consumer's events
//!   $JS.FC.<S>.>   -> FlowEar -> the same
//!
//!   SQL, Redis, a publication -> log -> watch: consumers are woken
//! ```
//! A stream's definition is a record of META, its limits lie with its messages, a durable
//! consumer's config and position are two records beside them.
//!
//! **Limits.** One replica. No mirrors, sources, counters, schedules, atomic batches: each is
//! refused before anything changes.
//!
//! **Further reading.** ADR-1, 8, 13, 15, 17, 31, 37 of nats-architecture-and-design.

mod age;
mod amounts;
mod api;
mod config;
mod consumer;
mod direct;
mod error;
mod intake;
mod json;
mod page;
mod publish;
mod republish;
mod stream;
mod streams;
pub(crate) mod time;
mod transform;
mod watch;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, Weak};

use bytes::Bytes;
use parking_lot::{Mutex, RwLock};
use serde_json::Value;
use stele_core::Database;
use stele_core::env::spawn;
use stele_core::node::{Bus, Pattern, Sent, Subscribed};
use tokio::sync::{Notify, mpsc};

use api::{ApiEar, Request};
use stream::Stream;

/// Requests that may wait for their turn.
const REQUEST_COUNT_MAX: usize = 4096;

/// Every stream of the node.
pub struct JetStream {
    db: Database,
    bus: Bus,
    /// The server's identity, as the leader of everything.
    server_id: String,
    /// Messages one request to a consumer may ask for; 0 = no limit.
    pull_count_max: u64,
    streams: RwLock<BTreeMap<String, Arc<Stream>>>,
    requests: mpsc::Sender<Request>,
    /// The catalogue has changed.
    reconsider: Notify,
    /// Was the last request one too many?
    is_full: AtomicBool,
    /// Requests answered so far, and those among them answered with an error.
    answered: AtomicU64,
    refused: AtomicU64,
    waiting: Mutex<Option<mpsc::Receiver<Request>>>,
    held: Mutex<Vec<Subscribed>>,
    /// Consumers that begin once whoever made them is answered.
    made: Mutex<Vec<Arc<consumer::Consumer>>>,
}

impl JetStream {
    /// Streams over a database, none served yet.
    #[must_use]
    pub fn new(db: &Database, server_id: String, pull_count_max: u64) -> Arc<Self> {
        let (requests, waiting) = mpsc::channel(REQUEST_COUNT_MAX);
        Arc::new(Self {
            db: db.clone(),
            bus: db.bus().clone(),
            server_id,
            pull_count_max,
            streams: RwLock::default(),
            requests,
            reconsider: Notify::new(),
            is_full: AtomicBool::new(false),
            answered: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            waiting: Mutex::new(Some(waiting)),
            held: Mutex::default(),
            made: Mutex::default(),
        })
    }

    /// Serves the streams that the database holds, and takes requests.
    ///
    /// # Errors
    /// When a stream or a consumer does not read.
    pub fn open(self: &Arc<Self>) -> stele_core::Result<()> {
        for definition in self.db.catalog().streams() {
            let stream = Stream::open(self, definition.clone())?;
            self.streams.write().insert(stream.name.clone(), stream);
        }
        let ear = Arc::new(ApiEar::new(self));
        let pattern = Pattern::Wildcard(Bytes::from_static(b"$JS.API.>"));
        self.held
            .lock()
            .push(self.bus.subscribe(pattern, None, ear));
        if let Some(waiting) = self.waiting.lock().take() {
            spawn(serve(Arc::downgrade(self), waiting));
            spawn(watch::run(Arc::downgrade(self)));
        }
        Ok(())
    }

    /// A stream by name.
    fn stream(&self, name: &str) -> Option<Arc<Stream>> {
        self.streams.read().get(name).cloned()
    }

    /// Streams that somebody reads, or would have to have read for a message to stay.
    fn heard(&self) -> Vec<Arc<Stream>> {
        let streams = self.streams.read();
        let heard = streams.values().filter(|stream| stream.is_heard());
        heard.cloned().collect()
    }

    fn all(&self) -> Vec<Arc<Stream>> {
        self.streams.read().values().cloned().collect()
    }

    /// Answers a request.
    fn answer(&self, reply: &[u8], body: &Value) {
        self.send(reply, body.to_string().as_bytes());
    }

    fn send(&self, subject: &[u8], payload: &[u8]) {
        if !subject.is_empty() {
            self.bus.send(&Sent::new(subject, payload));
        }
    }

    /// Answers with headers and nothing else. Did anybody hear?
    fn send_status(&self, subject: &[u8], headers: &[u8]) -> bool {
        let mut message = Sent::new(subject, b"");
        message.headers = headers;
        self.bus.send(&message) > 0
    }
}

/// Carries out requests that change something, one after the other, and follows what others
/// have changed.
async fn serve(jetstream: Weak<JetStream>, mut waiting: mpsc::Receiver<Request>) {
    loop {
        let Some(own) = jetstream.upgrade() else {
            return;
        };
        tokio::select! {
            request = waiting.recv() => match request {
                Some(request) => api::carry_out(&own, request).await,
                None => return,
            },
            () = own.reconsider.notified() => {
                if let Err(error) = watch::reconcile(&own) {
                    tracing::error!(%error, "a stream cannot be served");
                }
            }
        }
    }
}
