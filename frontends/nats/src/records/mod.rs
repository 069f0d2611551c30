//! # Records: rows of tables by request
//!
//! **What.** `$DB.GET.<table>.<key>`, `$DB.PUT.<table>.<key>` and `$DB.DELETE.<table>.<key>`,
//! asked and answered like any service.
//!
//! **Why.** Events tell a subscriber of every record; whoever has heard one may want to read
//! it again or change it, without another client.
//!
//! **How.**
//! ```text
//!   PUB $DB.PUT.users.42 inbox {"age":37} -> the bus -> RecordEar -> a lane -> row -> log
//!                                                                              |
//!              inbox <- Stele-Token, {"result":"updated","token":"t1:2=17"} <--+
//! ```
//! A record's requests go through one lane, so they are carried out in the order in which
//! they were sent; the records of other lanes do not wait for it. The subjects begin with
//! `$DB`, so that whoever hears `db.>` hears events and nothing else.
//!
//! **Limits.** Rows of tables with a primary key; keys of a keyspace are the redis door's. A
//! request that nobody waits for is carried out all the same, and nobody learns how.
//!
//! **Further reading.** ADR-32 of nats-architecture-and-design, for the errors of services;
//! `stele_core::record::subject` for how a key is one token.

mod request;
mod row;

use std::hash::{DefaultHasher, Hash, Hasher};

use bytes::Bytes;
use serde_json::json;
use stele_core::Database;
use stele_core::env::spawn;
use stele_core::node::{Bus, Ear, Pattern, Sent, Subscribed};
use stele_core::record::Token;
use tokio::sync::mpsc;

use crate::wire::headers::Headers;
use request::Request;
use row::Refusal;

/// What is asked for.
const SUBJECTS: &[u8] = b"$DB.>";
/// Requests that are carried out side by side.
const LANE_COUNT: usize = 16;
/// Requests that may wait in one lane.
const LANE_LENGTH_MAX: usize = 256;

/// The service; it ends when this is dropped.
pub struct Records {
    _subscribed: Subscribed,
}

impl Records {
    /// Begins to take requests.
    #[must_use]
    pub fn open(db: &Database) -> Self {
        let lanes = (0..LANE_COUNT).map(|_| {
            let (lane, waiting) = mpsc::channel(LANE_LENGTH_MAX);
            spawn(serve(db.clone(), waiting));
            lane
        });
        let ear = RecordEar {
            bus: db.bus().clone(),
            lanes: lanes.collect(),
        };
        let pattern = Pattern::Wildcard(Bytes::from_static(SUBJECTS));
        Self {
            _subscribed: db.bus().subscribe(pattern, None, std::sync::Arc::new(ear)),
        }
    }
}

/// The ear on the service's subjects.
struct RecordEar {
    bus: Bus,
    lanes: Vec<mpsc::Sender<Request>>,
}

impl Ear for RecordEar {
    fn hear(&self, message: &Sent<'_>) -> bool {
        let Some(request) = Request::read(message) else {
            // Not a subject of ours: nobody answers.
            return false;
        };
        let reply = request.reply.clone();
        let lane = self.lanes.get(lane_of(&request));
        if lane.is_none_or(|lane| lane.try_send(request).is_err()) {
            message.slow.set(true);
            answer(&self.bus, &reply, Err(Refusal::busy()));
        }
        true
    }
}

/// The same lane for every request of a record.
fn lane_of(request: &Request) -> usize {
    let mut hasher = DefaultHasher::new();
    (&request.table, &request.key).hash(&mut hasher);
    usize::try_from(hasher.finish() % LANE_COUNT as u64).unwrap_or(0)
}

/// Carries out the requests of one lane.
async fn serve(db: Database, mut waiting: mpsc::Receiver<Request>) {
    while let Some(request) = waiting.recv().await {
        let answered = row::carry_out(&db, &request).await;
        answer(db.bus(), &request.reply, answered);
    }
}

/// What a request is answered with.
struct Answer {
    /// What its reader has seen.
    token: Token,
    /// The row, or what became of it.
    payload: String,
}

impl Answer {
    /// A row that was changed.
    fn changed(result: &str, token: Token) -> Self {
        let payload = json!({"result": result, "token": token.to_string()}).to_string();
        Self { token, payload }
    }
}

fn answer(bus: &Bus, reply: &[u8], answer: Result<Answer, Refusal>) {
    if reply.is_empty() {
        return;
    }
    let (headers, payload) = match answer {
        Ok(Answer { token, payload }) => (Headers::default().with("Stele-Token", token), payload),
        Err(Refusal { code, why }) => {
            let headers = Headers::default()
                .with("Nats-Service-Error", &why)
                .with("Nats-Service-Error-Code", code);
            (headers, json!({"error": why, "code": code}).to_string())
        }
    };
    let block = headers.block();
    let mut message = Sent::new(reply, payload.as_bytes());
    message.headers = &block;
    bus.send(&message);
}
