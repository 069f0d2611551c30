//! The monitoring port: what the server is doing, as JSON over HTTP, in nats-server's words.
//!
//! `/varz` the server, `/connz` its clients (`cid`, `subs`, `offset`, `limit`), `/subsz` its
//! subscriptions, `/jsz` its streams (`streams`, `consumers`), `/healthz` whether it serves.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::Router;
use axum::extract::{Query, State};
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use serde::Deserialize;
use serde_json::{Value, json};
use stele_core::Database;
use stele_kit::{Client, Door, Result};

use crate::clients::Seen;
use crate::jetstream::time::{go_duration, rfc3339};
use crate::server::Server;
use crate::wire::info::VERSION;
use crate::wire::scan::CONTROL_LINE_BYTES_MAX;

/// How long a client may take to send a request's head.
const HEAD_MAX: Duration = Duration::from_secs(10);
/// The largest head.
const BUFFER_BYTES_MAX: usize = 16 * 1024;
/// Clients on one page.
const PAGE_COUNT: usize = 1024;

/// The door that answers on the monitoring port.
pub struct Monitor {
    router: Router,
}

impl Monitor {
    /// A monitor of this server.
    #[must_use]
    pub fn new(server: Arc<Server>) -> Self {
        let router = Router::new()
            .route("/varz", get(varz))
            .route("/connz", get(connz))
            .route("/subsz", get(subsz))
            .route("/jsz", get(jsz))
            .route("/healthz", get(|| async { Json(json!({"status": "ok"})) }))
            .with_state(server);
        Self { router }
    }
}

impl Door for Monitor {
    const NAME: &'static str = "nats-monitor";

    async fn serve(&self, client: Client, _db: Database) -> Result<()> {
        let Client {
            stream,
            mut shutdown,
            ..
        } = client;
        let service = TowerToHyperService::new(self.router.clone());
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_MAX)
            .max_buf_size(BUFFER_BYTES_MAX)
            .serve_connection(TokioIo::new(stream), service);
        tokio::pin!(connection);
        tokio::select! {
            ended = connection.as_mut() => return Ok(ended?),
            () = shutdown.asked() => connection.as_mut().graceful_shutdown(),
        }
        Ok(connection.await?)
    }

    fn refusal(&self) -> &'static [u8] {
        b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
    }
}

/// An answer.
struct Json(Value);

impl IntoResponse for Json {
    fn into_response(self) -> Response {
        let kind = [(CONTENT_TYPE, "application/json")];
        (kind, self.0.to_string()).into_response()
    }
}

fn now_ns(server: &Server) -> u64 {
    server.db.now_us() * 1000
}

/// A duration in whole seconds.
fn since(server: &Server, ns: u64) -> String {
    let seconds = now_ns(server).saturating_sub(ns) / 1_000_000_000;
    go_duration(seconds * 1_000_000_000)
}

async fn varz(State(server): State<Arc<Server>>) -> Json {
    let options = &server.options;
    let [in_messages, in_bytes, out_messages, out_bytes] = server.clients.amounts();
    let ns = |ms: u64| ms * 1_000_000;
    Json(json!({
        "server_id": server.id,
        "server_name": server.id,
        "version": VERSION,
        "proto": 1,
        "host": options.host,
        "port": options.port,
        "auth_required": server.info(0, "").auth_required,
        "ping_interval": ns(options.ping_interval_ms),
        "max_payload": options.payload_bytes_max,
        "max_pending": options.pending_bytes_max,
        "max_control_line": CONTROL_LINE_BYTES_MAX,
        "max_subscriptions": options.subscription_count_max,
        "write_deadline": ns(options.write_deadline_ms),
        "start": rfc3339(server.started_ns),
        "now": rfc3339(now_ns(&server)),
        "uptime": since(&server, server.started_ns),
        "connections": server.clients.here().len(),
        "total_connections": server.clients.accepted_count(),
        "subscriptions": server.db.bus().subscription_count(),
        "slow_consumers": server.clients.slow_count(),
        "in_msgs": in_messages,
        "in_bytes": in_bytes,
        "out_msgs": out_messages,
        "out_bytes": out_bytes,
        "jetstream": {"stats": server.jetstream().amounts()},
    }))
}

/// What `/connz` is asked.
#[derive(Deserialize)]
#[serde(default)]
struct Wanted {
    cid: Option<u64>,
    subs: String,
    offset: usize,
    limit: usize,
}

impl Default for Wanted {
    fn default() -> Self {
        Self {
            cid: None,
            subs: String::new(),
            offset: 0,
            limit: PAGE_COUNT,
        }
    }
}

async fn connz(State(server): State<Arc<Server>>, Query(wanted): Query<Wanted>) -> Json {
    let mut here = server.clients.here();
    if let Some(id) = wanted.cid {
        here.retain(|seen| seen.id == id);
    }
    let total = here.len();
    let page = here
        .iter()
        .skip(wanted.offset)
        .take(wanted.limit.min(PAGE_COUNT));
    let with_subjects = matches!(wanted.subs.as_str(), "1" | "true" | "detail");
    let shown: Vec<Value> = page.map(|seen| one(&server, seen, with_subjects)).collect();
    Json(json!({
        "server_id": server.id,
        "now": rfc3339(now_ns(&server)),
        "num_connections": shown.len(),
        "total": total,
        "offset": wanted.offset,
        "limit": wanted.limit,
        "connections": shown,
    }))
}

fn one(server: &Server, seen: &Seen, with_subjects: bool) -> Value {
    let [in_messages, in_bytes, out_messages, out_bytes] = seen.traffic.amounts();
    let said = seen.introduction();
    let mut shown = json!({
        "cid": seen.id,
        "kind": "Client",
        "type": "nats",
        "ip": seen.addr.ip().to_string(),
        "port": seen.addr.port(),
        "start": rfc3339(seen.since_ns),
        "uptime": since(server, seen.since_ns),
        "pending_bytes": seen.pending.load(Ordering::Relaxed),
        "in_msgs": in_messages,
        "in_bytes": in_bytes,
        "out_msgs": out_messages,
        "out_bytes": out_bytes,
        "subscriptions": seen.subscription_count(),
        "name": said.name,
        "lang": said.lang,
        "version": said.version,
    });
    if with_subjects && let Some(members) = shown.as_object_mut() {
        members.insert("subscriptions_list".to_owned(), json!(seen.subjects()));
    }
    shown
}

async fn subsz(State(server): State<Arc<Server>>) -> Json {
    Json(json!({
        "server_id": server.id,
        "now": rfc3339(now_ns(&server)),
        "num_subscriptions": server.db.bus().subscription_count(),
    }))
}

/// What `/jsz` is asked.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Details {
    streams: String,
    consumers: String,
}

async fn jsz(State(server): State<Arc<Server>>, Query(details): Query<Details>) -> Json {
    let is_said = |text: &str| matches!(text, "1" | "true");
    let mut shown = server.jetstream().amounts();
    if let Some(members) = shown.as_object_mut() {
        members.insert("server_id".to_owned(), json!(server.id));
        members.insert("now".to_owned(), json!(rfc3339(now_ns(&server))));
        let with_consumers = is_said(&details.consumers);
        if is_said(&details.streams) || with_consumers {
            let streams = server.jetstream().details(with_consumers);
            let account = json!([{"name": "$G", "id": "$G", "stream_detail": streams}]);
            members.insert("account_details".to_owned(), account);
        }
    }
    Json(shown)
}
