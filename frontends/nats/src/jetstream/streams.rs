//! Requests about streams: making, changing, showing, emptying, removing.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};
use stele_core::op::stream::{Removal, StreamLimits};
use stele_core::op::{Op, Reply};
use stele_core::record::table::{Definition, StreamDefinition};
use stele_core::{Error, Txn, TxnOptions};

use super::api::{INFO_COUNT, NAME_COUNT, found};
use super::config::StreamConfig;
use super::consumer::Consumer;
use super::error::{Answer, ApiError};
use super::page::Page;
use super::publish::error_of;
use super::stream::{Stream, set};
use super::{JetStream, json};
use crate::wire::subject;

/// Subjects shown with a stream.
const SUBJECT_COUNT: usize = 100_000;
/// Messages that one entry of a purge removes.
const PURGE_COUNT: u64 = 1000;

fn matching(jetstream: &JetStream, page: &Page) -> Vec<Arc<Stream>> {
    let takes = |stream: &Arc<Stream>| match page.subject.as_deref() {
        None | Some("") => true,
        Some(wanted) => {
            let config = stream.config();
            config
                .subjects()
                .iter()
                .any(|own| subject::overlaps(own, wanted))
        }
    };
    let streams = jetstream.streams.read();
    streams
        .values()
        .filter(|stream| takes(stream))
        .cloned()
        .collect()
}

pub fn names(jetstream: &JetStream, payload: &[u8]) -> Answer<Value> {
    let page: Page = json::read_or_default(payload)?;
    let all = matching(jetstream, &page);
    let total = all.len();
    let (some, offset) = page.of(all, NAME_COUNT);
    let names: Vec<&str> = some.iter().map(|stream| stream.name.as_str()).collect();
    Ok(json!({"total": total, "offset": offset, "limit": NAME_COUNT, "streams": names}))
}

pub fn list(jetstream: &JetStream, payload: &[u8]) -> Answer<Value> {
    let page: Page = json::read_or_default(payload)?;
    let all = matching(jetstream, &page);
    let total = all.len();
    let (some, offset) = page.of(all, INFO_COUNT);
    let infos: stele_core::Result<Vec<Value>> = some.iter().map(|stream| stream.info()).collect();
    Ok(json!({"total": total, "offset": offset, "limit": INFO_COUNT, "streams": infos?}))
}

/// STREAM.CREATE: the same config again is the same stream.
pub async fn create(jetstream: &Arc<JetStream>, name: &str, payload: &[u8]) -> Answer<Value> {
    let config = StreamConfig::read(payload, name)?;
    if let Some(known) = jetstream.stream(name) {
        if *known.config() != config {
            let why = "stream name already in use with a different configuration";
            return Err(ApiError::new(400, 10058, why));
        }
        return made(&known);
    }
    check_overlap(jetstream, &config)?;
    if jetstream.db.catalog().table(name).is_some() {
        let why = format!("stream name is taken by table {name}");
        return Err(ApiError::new(400, 10058, why));
    }
    let engine = jetstream.db.engine();
    let definition = StreamDefinition {
        id: engine.new_id().await?,
        name: name.to_owned(),
        subjects: config.subjects().to_vec(),
        created_ns: jetstream.db.now_us() * 1000,
        config: encode(&config)?,
    };
    define(jetstream, &definition, config.limits(), config.first_seq).await?;
    let stream = Stream::open(jetstream, definition.into())?;
    let mut streams = jetstream.streams.write();
    streams.insert(name.to_owned(), stream.clone());
    drop(streams);
    made(&stream)
}

fn made(stream: &Stream) -> Answer<Value> {
    let mut info = stream.info()?;
    set(&mut info, "did_create", json!(true));
    Ok(info)
}

fn encode(config: &StreamConfig) -> Answer<String> {
    serde_json::to_string(config).map_err(|error| ApiError::stream_config(error.to_string()))
}

fn check_overlap(jetstream: &JetStream, config: &StreamConfig) -> Answer<()> {
    let streams = jetstream.streams.read();
    let others = streams.values().filter(|stream| stream.name != config.name);
    let taken = others.flat_map(|stream| stream.config().subjects().to_vec());
    let clash = taken.into_iter().any(|other| {
        config
            .subjects()
            .iter()
            .any(|own| subject::overlaps(own, &other))
    });
    if clash {
        let why = "subjects overlap with an existing stream";
        return Err(ApiError::new(400, 10065, why));
    }
    Ok(())
}

/// Writes the definition and gives the messages their limits, in one transaction.
async fn define(
    jetstream: &JetStream,
    definition: &StreamDefinition,
    limits: StreamLimits,
    first_seq: u64,
) -> Answer<()> {
    let mut txn = Txn::begin(jetstream.db.engine().clone(), TxnOptions::default());
    let stored = Definition::Stream(definition.clone());
    let defined = txn.define(&stored).await;
    defined.map_err(|error| Error::invalid(format!("{error:?}")))?;
    let op = Op::StreamConfigure { limits, first_seq };
    if let Err(refusal) = txn.write(&definition.key(), op).await? {
        return Err(error_of(&refusal));
    }
    txn.commit().await?;
    Ok(())
}

pub async fn update(jetstream: &Arc<JetStream>, name: &str, payload: &[u8]) -> Answer<Value> {
    let stream = found(jetstream, name)?;
    refuse_fed(&stream)?;
    let mut config = StreamConfig::read(payload, name)?;
    config.first_seq = stream.config().first_seq;
    stream.config().check_update(&config)?;
    check_overlap(jetstream, &config)?;
    check_consumers(&stream, &config)?;
    let definition = StreamDefinition {
        subjects: config.subjects().to_vec(),
        config: encode(&config)?,
        ..(*stream.definition()).clone()
    };
    define(jetstream, &definition, config.limits(), config.first_seq).await?;
    stream.redefine(definition.into())?;
    Ok(stream.info()?)
}

/// Limits for consumers that those there are would break. As in nats-server, a limit that
/// is left out is one of nothing once another is changed.
fn check_consumers(stream: &Stream, new: &StreamConfig) -> Answer<()> {
    let limits = &new.consumer_limits;
    if stream.config().consumer_limits == *limits {
        return Ok(());
    }
    let exceeds = |consumer: &Arc<Consumer>| {
        let config = consumer.config();
        config.inactive_threshold > limits.inactive_threshold
            || config.max_ack_pending > limits.max_ack_pending
    };
    let consumers = stream.consumers();
    let broken = consumers.iter().filter(|consumer| exceeds(consumer));
    let names: Vec<&str> = broken.map(|consumer| consumer.name.as_str()).collect();
    if names.is_empty() {
        return Ok(());
    }
    let why = format!("change to limits violates consumers: {}", names.join(", "));
    Err(ApiError::stream_config(why))
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct InfoRequest {
    offset: usize,
    deleted_details: bool,
    subjects_filter: String,
}

pub fn info(jetstream: &JetStream, name: &str, payload: &[u8]) -> Answer<Value> {
    let asked: InfoRequest = json::read_or_default(payload)?;
    let stream = found(jetstream, name)?;
    let mut info = stream.info()?;
    let leader = json!({"leader": jetstream.server_id});
    set(&mut info, "cluster", leader);
    if !asked.subjects_filter.is_empty() {
        show_subjects(&stream, &asked, &mut info)?;
    }
    if asked.deleted_details {
        let gaps = stream.read(|messages| {
            let state = messages.state();
            let mut gaps = Vec::new();
            let mut next = state.first_seq;
            for seq in messages.seqs_of(b"", state.first_seq)? {
                gaps.extend(next..seq);
                next = seq + 1;
            }
            Ok(gaps)
        })?;
        if let Some(state) = info.get_mut("state") {
            set(state, "deleted", json!(gaps));
        }
    }
    Ok(info)
}

fn show_subjects(stream: &Stream, asked: &InfoRequest, info: &mut Value) -> Answer<()> {
    let all: Vec<(String, u64)> = stream.read(|messages| {
        let found = messages.subjects(asked.subjects_filter.as_bytes());
        found
            .map(|found| {
                let (subject, known) = found?;
                let subject = String::from_utf8_lossy(&subject).into_owned();
                Ok((subject, known.count))
            })
            .collect()
    })?;
    let total = all.len();
    let page = Page {
        offset: asked.offset,
        subject: None,
    };
    let (some, offset) = page.of(all, SUBJECT_COUNT);
    let mut subjects = json!({});
    for (subject, count) in some {
        set(&mut subjects, &subject, json!(count));
    }
    if let Some(state) = info.get_mut("state") {
        set(state, "subjects", subjects);
    }
    set(info, "total", json!(total));
    set(info, "offset", json!(offset));
    set(info, "limit", json!(SUBJECT_COUNT));
    Ok(())
}

/// STREAM.DELETE: the definition goes; what it leaves is cleared away later.
pub async fn delete(jetstream: &JetStream, name: &str) -> Answer<Value> {
    let stream = found(jetstream, name)?;
    refuse_fed(&stream)?;
    let mut txn = Txn::begin(jetstream.db.engine().clone(), TxnOptions::default());
    let undefined = txn.undefine(stream.definition().id).await;
    undefined.map_err(|error| Error::invalid(format!("{error:?}")))?;
    if let Err(refusal) = txn.write(stream.key(), Op::Delete).await? {
        return Err(error_of(&refusal));
    }
    txn.commit().await?;
    jetstream.streams.write().remove(name);
    stream.close();
    Ok(json!({"success": true}))
}

fn refuse_fed(stream: &Stream) -> Answer<()> {
    match stream.is_fed() {
        true => Err(ApiError::new(
            400,
            10052,
            "the stream belongs to a publication: DROP PUBLICATION removes it",
        )),
        false => Ok(()),
    }
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct PurgeRequest {
    filter: String,
    seq: u64,
    keep: u64,
}

pub async fn purge(jetstream: &JetStream, name: &str, payload: &[u8]) -> Answer<Value> {
    let stream = found(jetstream, name)?;
    let asked: PurgeRequest = json::read_or_default(payload)?;
    if asked.seq > 0 && asked.keep > 0 {
        return Err(ApiError::bad_request());
    }
    if stream.config().deny_purge {
        return Err(ApiError::new(500, 10110, "stream purge not permitted"));
    }
    // What comes while this goes on is not meant.
    let end = stream.state()?.last_seq + 1;
    let below = if asked.seq > 0 {
        asked.seq.min(end)
    } else {
        end
    };
    let mut purged = 0;
    loop {
        let removal = Removal::Purge {
            pattern: asked.filter.clone().into_bytes().into(),
            below,
            keep: asked.keep,
            limit: PURGE_COUNT,
        };
        let removed = remove(&stream, removal).await?;
        purged += removed;
        if removed < PURGE_COUNT {
            break;
        }
    }
    stream.wake_consumers();
    Ok(json!({"success": true, "purged": purged}))
}

async fn remove(stream: &Stream, removal: Removal) -> Answer<u64> {
    let outcomes = stream.write(vec![Op::StreamRemove(removal)]).await?;
    match outcomes.into_iter().next() {
        Some(Ok(Reply::Int(count))) => Ok(u64::try_from(count).unwrap_or(0)),
        Some(Err(refusal)) => Err(error_of(&refusal)),
        _ => Ok(0),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DeleteRequest {
    seq: u64,
    #[serde(default)]
    #[allow(dead_code)] // a removed message's bytes go when its file is merged, asked or not
    no_erase: bool,
}

pub async fn delete_message(jetstream: &JetStream, name: &str, payload: &[u8]) -> Answer<Value> {
    let asked: DeleteRequest = json::read(payload)?;
    let stream = found(jetstream, name)?;
    if stream.config().deny_delete {
        return Err(ApiError::new(500, 10057, "message delete not permitted"));
    }
    match remove(&stream, Removal::Sequences(vec![asked.seq])).await? {
        0 => Err(ApiError::new(500, 10057, "no message found")),
        _ => {
            stream.wake_consumers();
            Ok(json!({"success": true}))
        }
    }
}
