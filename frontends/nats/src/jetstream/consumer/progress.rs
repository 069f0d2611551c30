//! A durable consumer's records: what it is, and how far it has come.

use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use stele_core::op::{Condition, Expiry, Op};
use stele_core::record::rows::Rows as _;
use stele_core::record::{Fsync, Head, Key, Level, layout};
use stele_core::{Batch, Error, Result};

use super::Consumer;
use super::config::ConsumerConfig;
use crate::jetstream::stream::Stream;

const CONFIG: &str = "consumer/";
const PLACE: &str = "place/";

/// What a durable consumer is.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Stored {
    pub config: ConsumerConfig,
    pub created_ns: u64,
}

/// One message that was delivered and not acknowledged.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Outstanding {
    pub seq: u64,
    pub nth: u64,
    pub deliveries: u64,
}

/// How far a consumer has come.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Progress {
    /// The last delivery's number, and the next message to look at.
    pub nth: u64,
    pub next: u64,
    /// Everything up to here was acknowledged: delivery, message.
    pub floor_nth: u64,
    pub floor_seq: u64,
    pub outstanding: Vec<Outstanding>,
    /// The last message of each subject, where that is where it begins.
    pub first: Vec<u64>,
}

fn key(stream: &Stream, kind: &str, name: &str) -> Key {
    stream
        .definition()
        .beside(format!("{kind}{name}").as_bytes())
}

fn set(key: Key, value: Vec<u8>) -> (Key, Op) {
    let op = Op::Set {
        value: value.into(),
        expiry: Expiry::Clear,
        condition: Condition::Always,
        get: false,
    };
    (key, op)
}

async fn write(stream: &Stream, ops: Vec<(Key, Op)>, level: &Level) -> Result<()> {
    let batch = Batch { ops, atomic: true };
    let written = stream.db.write(batch, level).await?;
    match written
        .replies
        .into_iter()
        .find_map(std::result::Result::err)
    {
        Some(refusal) => Err(Error::invalid(refusal.to_string())),
        None => Ok(()),
    }
}

/// Writes what a consumer is, and where it stands.
pub async fn keep(stream: &Stream, consumer: &Consumer, progress: &Progress) -> Result<()> {
    let stored = Stored {
        config: (*consumer.config()).clone(),
        created_ns: consumer.created_ns,
    };
    // JSON, because configs grow members.
    let config = serde_json::to_vec(&stored)
        .map_err(|error| Error::invalid(format!("consumer {}: {error}", consumer.name)))?;
    let place = encode(progress)?;
    let ops = vec![
        set(key(stream, CONFIG, &consumer.name), config),
        set(key(stream, PLACE, &consumer.name), place),
    ];
    write(stream, ops, &Level::default()).await
}

/// Writes where a consumer stands. `is_asked` = somebody waits for it to be on disk.
pub async fn keep_place(
    stream: &Stream,
    name: &str,
    progress: &Progress,
    is_asked: bool,
) -> Result<()> {
    let level = Level {
        fsync: (!is_asked).then_some(Fsync::Off),
        ..Level::default()
    };
    let op = set(key(stream, PLACE, name), encode(progress)?);
    write(stream, vec![op], &level).await
}

/// Removes a consumer's records.
pub async fn forget(stream: &Stream, name: &str) -> Result<()> {
    let ops = [CONFIG, PLACE].map(|kind| (key(stream, kind, name), Op::Delete));
    write(stream, ops.to_vec(), &Level::default()).await
}

fn encode(progress: &Progress) -> Result<Vec<u8>> {
    serde_json::to_vec(progress).map_err(|error| Error::invalid(format!("a position: {error}")))
}

/// Every durable consumer beside a stream.
pub fn stored(stream: &Arc<Stream>) -> Result<Vec<(String, Stored, Progress)>> {
    let rows = stream.db.engine().latest();
    let (from, to) = layout::heads(stream.definition().id);
    let mut found = Vec::new();
    for row in rows.scan(&from, &to, false) {
        let (row_key, row) = row?;
        let Some(key) = layout::parse_head(&row_key) else {
            continue;
        };
        let name = key.bytes.strip_prefix(CONFIG.as_bytes());
        let Some(name) = name.and_then(|name| std::str::from_utf8(name).ok()) else {
            continue;
        };
        let head = Head::decode(row.stamp, row.value)?;
        let stored: Stored = decode(name, &head.body)?;
        let place = self::key(stream, PLACE, name);
        let progress = match stele_core::record::head::stored(&rows, &place)? {
            Some(place) => decode(name, &place.body)?,
            None => Progress::default(),
        };
        found.push((name.to_owned(), stored, progress));
    }
    Ok(found)
}

fn decode<T: serde::de::DeserializeOwned>(name: &str, stored: &Bytes) -> Result<T> {
    serde_json::from_slice(stored)
        .map_err(|error| Error::corrupt(format!("consumer {name}: {error}")))
}
