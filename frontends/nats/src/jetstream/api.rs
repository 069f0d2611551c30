//! The API: requests on `$JS.API.>` and who answers them.
//!
//! What only reads, and what consumers are asked for, is answered at once on the asker's
//! task; the rest waits in one queue, because definitions change one after the other.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};

use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};
use stele_core::node::{Ear, Sent};

use super::consumer::{self, Action, ConsumerConfig, Event, PullRequest};
use super::error::{Answer, ApiError};
use super::page::Page;
use super::stream::{Stream, set};
use super::time::{parse_rfc3339, rfc3339};
use super::{JetStream, direct, json, streams};
use crate::wire::headers::Headers;
use crate::wire::info::API_LEVEL;
use crate::wire::subject;

/// Names on one page.
pub(super) const NAME_COUNT: usize = 1024;
/// Descriptions on one page.
pub(super) const INFO_COUNT: usize = 256;

/// A request that waits for its turn.
pub struct Request {
    subject: String,
    reply: Bytes,
    payload: Bytes,
}

/// The ear on the API's subjects.
pub struct ApiEar {
    jetstream: Weak<JetStream>,
}

impl ApiEar {
    pub fn new(jetstream: &Arc<JetStream>) -> Self {
        Self {
            jetstream: Arc::downgrade(jetstream),
        }
    }
}

impl Ear for ApiEar {
    fn hear(&self, message: &Sent<'_>) -> bool {
        let Some(jetstream) = self.jetstream.upgrade() else {
            return false;
        };
        let Ok(subject) = std::str::from_utf8(message.subject) else {
            return true;
        };
        let rest = subject.strip_prefix("$JS.API.").unwrap_or_default();
        if let Some(who) = rest.strip_prefix("CONSUMER.MSG.NEXT.") {
            return pull(&jetstream, who, message);
        }
        if let Some(what) = rest.strip_prefix("DIRECT.GET.") {
            return direct::get(&jetstream, what, message.payload, message.reply);
        }
        let request = Request {
            subject: rest.to_owned(),
            reply: Bytes::copy_from_slice(message.reply),
            payload: message.kept_payload(),
        };
        let is_full = jetstream.requests.try_send(request).is_err();
        if is_full {
            message.slow.set(true);
        }
        if is_full && !jetstream.is_full.swap(is_full, Ordering::Relaxed) {
            tracing::warn!("too many requests to the API wait; from here on some are dropped");
        } else if !is_full {
            jetstream.is_full.store(false, Ordering::Relaxed);
        }
        true
    }
}

/// CONSUMER.MSG.NEXT: nobody answers for a consumer that is not there.
fn pull(jetstream: &JetStream, who: &str, message: &Sent<'_>) -> bool {
    let found = who.split_once('.').and_then(|(stream, name)| {
        let stream = jetstream.stream(stream)?;
        Some((stream.consumer(name)?, stream))
    });
    let Some((consumer, stream)) = found else {
        return false;
    };
    let config = consumer.config();
    let refuse = |status: &str| {
        let headers = Headers::status(status).block();
        jetstream.send_status(message.reply, &headers);
    };
    if config.deliver_subject.is_some() {
        refuse("409 Consumer is push based");
        return true;
    }
    let now_ms = stream.db.now_us() / 1000;
    match PullRequest::read(message.payload, message.reply, &config, now_ms) {
        Ok(request) => {
            if !consumer.tell(Event::Pull(request)) {
                refuse("409 Exceeded MaxWaiting");
            }
        }
        Err(status) => refuse(&status),
    }
    true
}

/// Carries out one request and answers it.
pub async fn carry_out(jetstream: &Arc<JetStream>, request: Request) {
    let Some((kind, answer)) = perform(jetstream, &request).await else {
        // What nobody knows is not answered.
        return;
    };
    let mut body = json!({"type": format!("io.nats.jetstream.api.v1.{kind}_response")});
    let said = match answer {
        Ok(said) => said,
        Err(error) => {
            let mut said = json!({"error": error.json()});
            if kind == "stream_info" {
                for name in ["total", "offset", "limit"] {
                    set(&mut said, name, json!(0));
                }
            }
            said
        }
    };
    if let Value::Object(members) = said {
        for (name, value) in members {
            set(&mut body, &name, value);
        }
    }
    jetstream.answered.fetch_add(1, Ordering::Relaxed);
    if body.get("error").is_some() {
        jetstream.refused.fetch_add(1, Ordering::Relaxed);
    }
    jetstream.answer(&request.reply, &body);
    let made = std::mem::take(&mut *jetstream.made.lock());
    made.iter().for_each(|consumer| consumer.begin());
}

type Performed = Option<(&'static str, Answer<Value>)>;

async fn perform(jetstream: &Arc<JetStream>, request: &Request) -> Performed {
    let payload = &request.payload;
    let tokens: Vec<&str> = request.subject.split('.').collect();
    Some(match tokens.as_slice() {
        ["INFO"] => ("account_info", account(jetstream)),
        ["STREAM", "NAMES"] => ("stream_names", streams::names(jetstream, payload)),
        ["STREAM", "LIST"] => ("stream_list", streams::list(jetstream, payload)),
        ["STREAM", "CREATE", name] => (
            "stream_create",
            streams::create(jetstream, name, payload).await,
        ),
        ["STREAM", "UPDATE", name] => (
            "stream_update",
            streams::update(jetstream, name, payload).await,
        ),
        ["STREAM", "INFO", name] => ("stream_info", streams::info(jetstream, name, payload)),
        ["STREAM", "DELETE", name] => ("stream_delete", streams::delete(jetstream, name).await),
        ["STREAM", "PURGE", name] => (
            "stream_purge",
            streams::purge(jetstream, name, payload).await,
        ),
        ["STREAM", "MSG", "GET", name] => {
            ("stream_msg_get", direct::message(jetstream, name, payload))
        }
        ["STREAM", "MSG", "DELETE", name] => (
            "stream_msg_delete",
            streams::delete_message(jetstream, name, payload).await,
        ),
        ["CONSUMER", rest @ ..] => return perform_consumer(jetstream, rest, payload).await,
        _ => return None,
    })
}

async fn perform_consumer(
    jetstream: &Arc<JetStream>,
    tokens: &[&str],
    payload: &[u8],
) -> Performed {
    Some(match tokens {
        ["CREATE", stream] => (
            "consumer_create",
            make(jetstream, stream, None, "", payload).await,
        ),
        ["CREATE", stream, name] | ["DURABLE", "CREATE", stream, name] => (
            "consumer_create",
            make(jetstream, stream, Some(name), "", payload).await,
        ),
        ["CREATE", stream, name, filter @ ..] => {
            let filter = filter.join(".");
            (
                "consumer_create",
                make(jetstream, stream, Some(name), &filter, payload).await,
            )
        }
        ["INFO", stream, name] => ("consumer_info", one_info(jetstream, stream, name)),
        ["NAMES", stream] => ("consumer_names", consumer_names(jetstream, stream, payload)),
        ["LIST", stream] => ("consumer_list", consumer_list(jetstream, stream, payload)),
        ["DELETE", stream, name] => ("consumer_delete", remove(jetstream, stream, name).await),
        ["UNPIN", stream, name] => ("consumer_unpin", unpin(jetstream, stream, name, payload)),
        ["PAUSE", stream, name] => (
            "consumer_pause",
            pause(jetstream, stream, name, payload).await,
        ),
        _ => return None,
    })
}

pub(super) fn found(jetstream: &JetStream, name: &str) -> Answer<Arc<Stream>> {
    jetstream
        .stream(name)
        .ok_or_else(ApiError::stream_not_found)
}

fn found_consumer(
    jetstream: &JetStream,
    stream: &str,
    name: &str,
) -> Answer<(Arc<Stream>, Arc<consumer::Consumer>)> {
    let stream = found(jetstream, stream)?;
    let consumer = stream
        .consumer(name)
        .ok_or_else(ApiError::consumer_not_found)?;
    Ok((stream, consumer))
}

fn account(jetstream: &JetStream) -> Answer<Value> {
    let streams: Vec<Arc<Stream>> = jetstream.streams.read().values().cloned().collect();
    let mut storage = 0;
    let mut consumers = 0;
    let [total, errors] =
        [&jetstream.answered, &jetstream.refused].map(|count| count.load(Ordering::Relaxed));
    for stream in &streams {
        storage += stream.state()?.bytes;
        consumers += stream.consumers().len();
    }
    Ok(json!({
        "memory": 0,
        "storage": storage,
        "reserved_memory": 0,
        "reserved_storage": 0,
        "streams": streams.len(),
        "consumers": consumers,
        "limits": {
            "max_memory": -1, "max_storage": -1, "max_streams": -1, "max_consumers": -1,
            "max_ack_pending": -1, "memory_max_stream_bytes": -1,
            "storage_max_stream_bytes": -1, "max_bytes_required": false,
        },
        "api": {"level": API_LEVEL, "total": total, "errors": errors},
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CreateRequest {
    stream_name: String,
    config: ConsumerConfig,
    #[serde(default)]
    action: Action,
    #[serde(default)]
    #[allow(dead_code)] // known, and of no consequence here
    pedantic: bool,
}

async fn make(
    jetstream: &Arc<JetStream>,
    stream: &str,
    name: Option<&str>,
    filter: &str,
    payload: &[u8],
) -> Answer<Value> {
    let asked: CreateRequest = json::read(payload)?;
    let stream = found(jetstream, stream)?;
    if asked.stream_name != stream.name {
        let why = "stream name in subject does not match request";
        return Err(ApiError::new(400, 10056, why));
    }
    let mut config = asked.config;
    let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let (durable, own) = (given(&config.durable_name), given(&config.name));
    if let (Some(durable), Some(own)) = (&durable, &own)
        && durable != own
    {
        let why = "Consumer Durable and Name have to be equal if both are provided";
        return Err(ApiError::new(400, 10132, why));
    }
    let said = own.or_else(|| durable.clone());
    if let (Some(name), Some(said)) = (name, &said)
        && name != said
    {
        let why = "consumer name in subject does not match durable name in request";
        return Err(ApiError::new(400, 10017, why));
    }
    let name = name.map(str::to_owned).or(said);
    if let Some(name) = &name {
        if !subject::is_name(name) || name.len() > 255 {
            return Err(ApiError::new(400, 10012, "consumer name is invalid"));
        }
        config.name = Some(name.clone());
    }
    if !filter.is_empty() {
        if config
            .filter_subjects
            .as_ref()
            .is_some_and(|several| !several.is_empty())
        {
            let why = "consumer with multiple subject filters cannot use subject based API";
            return Err(ApiError::new(400, 10137, why));
        }
        if config.filter_subject.as_deref() != Some(filter) {
            let why = "Consumer create request did not match filtered subject from create subject";
            return Err(ApiError::new(400, 10131, why));
        }
    }
    config.limit_pulls(jetstream.pull_count_max)?;
    let made = consumer::create(&stream, name, config, asked.action).await?;
    jetstream.made.lock().push(made.clone());
    Ok(made.info(&stream)?)
}

fn one_info(jetstream: &JetStream, stream: &str, name: &str) -> Answer<Value> {
    let (stream, consumer) = found_consumer(jetstream, stream, name)?;
    Ok(consumer.info(&stream)?)
}

fn consumer_names(jetstream: &JetStream, stream: &str, payload: &[u8]) -> Answer<Value> {
    let stream = found(jetstream, stream)?;
    let page = json::read_or_default::<Page>(payload)?;
    let all: Vec<String> = stream
        .consumers()
        .iter()
        .map(|one| one.name.clone())
        .collect();
    let total = all.len();
    let (names, offset) = page.of(all, NAME_COUNT);
    Ok(json!({"total": total, "offset": offset, "limit": NAME_COUNT, "consumers": names}))
}

fn consumer_list(jetstream: &JetStream, stream: &str, payload: &[u8]) -> Answer<Value> {
    let stream = found(jetstream, stream)?;
    let page = json::read_or_default::<Page>(payload)?;
    let all = stream.consumers();
    let total = all.len();
    let (some, offset) = page.of(all, INFO_COUNT);
    let infos: stele_core::Result<Vec<Value>> =
        some.iter().map(|consumer| consumer.info(&stream)).collect();
    Ok(json!({"total": total, "offset": offset, "limit": INFO_COUNT, "consumers": infos?}))
}

async fn remove(jetstream: &JetStream, stream: &str, name: &str) -> Answer<Value> {
    let stream = found(jetstream, stream)?;
    consumer::delete(&stream, name).await?;
    Ok(json!({"success": true}))
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct UnpinRequest {
    group: String,
}

fn unpin(jetstream: &JetStream, stream: &str, name: &str, payload: &[u8]) -> Answer<Value> {
    let asked: UnpinRequest = json::read_or_default(payload)?;
    let (_, consumer) = found_consumer(jetstream, stream, name)?;
    let groups = consumer
        .config()
        .priority_groups
        .clone()
        .unwrap_or_default();
    if !groups.contains(&asked.group) {
        let why = "Provided priority group does not exist for this consumer";
        return Err(ApiError::new(400, 10160, why));
    }
    consumer.unpin();
    Ok(json!({}))
}

#[derive(Default, Deserialize)]
struct PauseRequest {
    pause_until: Option<String>,
}

async fn pause(jetstream: &JetStream, stream: &str, name: &str, payload: &[u8]) -> Answer<Value> {
    let (stream, consumer) = found_consumer(jetstream, stream, name)?;
    let asked: PauseRequest = json::read_or_default(payload)?;
    let until = asked.pause_until.as_deref().and_then(parse_rfc3339);
    let now_ns = stream.db.now_us() * 1000;
    let until = until.filter(|until| *until > now_ns);
    let mut config = (*consumer.config()).clone();
    config.pause_until = until.map(rfc3339);
    let changed = consumer::create(&stream, Some(name.to_owned()), config, Action::Update);
    changed.await?;
    let mut said = json!({"paused": until.is_some(), "pause_until": rfc3339(until.unwrap_or(0))});
    if let Some(until) = until {
        set(&mut said, "pause_remaining", json!(until - now_ns));
    }
    Ok(said)
}
