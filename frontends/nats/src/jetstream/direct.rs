//! Reading messages: STREAM.MSG.GET as JSON, DIRECT.GET as the messages themselves.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};
use stele_core::Result;
use stele_core::node::Sent;
use stele_core::op::stream::{Stream as Messages, StreamMessage};

use super::api::found;
use super::consumer::first_at;
use super::error::{Answer, ApiError};
use super::stream::{Stream, set};
use super::time::{parse_rfc3339, rfc3339};
use super::{JetStream, json};
use crate::wire::headers::Headers;

/// Subjects that one request may name the last messages of.
const MULTI_COUNT_MAX: usize = 1024;
/// Messages of one batch.
const BATCH_COUNT_MAX: u64 = 1_000;

/// Which messages are asked for.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Asked {
    seq: u64,
    last_by_subj: String,
    next_by_subj: String,
    start_time: Option<String>,
    batch: u64,
    max_bytes: u64,
    multi_last: Vec<String>,
    up_to_seq: u64,
    up_to_time: Option<String>,
    no_hdr: bool,
}

impl Asked {
    /// The number to begin with.
    fn from(&self, messages: &Messages<'_>) -> Result<u64> {
        match self.start_time.as_deref().and_then(parse_rfc3339) {
            Some(time) => first_at(messages, time),
            None => Ok(self.seq),
        }
    }

    /// The one message that is meant. `None`: the request means none at all.
    fn one(&self, messages: &Messages<'_>) -> Result<Option<Option<StreamMessage>>> {
        if !self.last_by_subj.is_empty() {
            return messages.last(self.last_by_subj.as_bytes()).map(Some);
        }
        if !self.next_by_subj.is_empty() {
            let from = self.from(messages)?;
            return messages.next(self.next_by_subj.as_bytes(), from).map(Some);
        }
        if self.start_time.is_some() {
            let from = self.from(messages)?;
            return messages.next(b"", from).map(Some);
        }
        match self.seq {
            0 => Ok(None),
            seq => messages.message(seq).map(Some),
        }
    }
}

/// STREAM.MSG.GET.
pub fn message(jetstream: &JetStream, name: &str, payload: &[u8]) -> Answer<Value> {
    let asked: Asked = json::read(payload)?;
    let stream = found(jetstream, name)?;
    let message = stream.read(|messages| asked.one(messages))?;
    let message = message.ok_or_else(ApiError::bad_request)?;
    let message = message.ok_or_else(ApiError::no_message)?;
    let mut shown = json!({
        "subject": String::from_utf8_lossy(&message.subject),
        "seq": message.seq,
        "time": rfc3339(message.time_ns()),
    });
    if !message.headers.is_empty() && !asked.no_hdr {
        set(&mut shown, "hdrs", json!(STANDARD.encode(&message.headers)));
    }
    if !message.payload.is_empty() {
        set(&mut shown, "data", json!(STANDARD.encode(&message.payload)));
    }
    Ok(json!({"message": shown}))
}

/// DIRECT.GET. False: the stream does not answer directly.
pub fn get(jetstream: &JetStream, what: &str, payload: &[u8], reply: &[u8]) -> bool {
    let (name, last) = what.split_once('.').unwrap_or((what, ""));
    let Some(stream) = jetstream.stream(name) else {
        return false;
    };
    if !stream.config().allow_direct {
        return false;
    }
    let refuse = |status: &str| {
        jetstream.send_status(reply, &Headers::status(status).block());
        true
    };
    let asked = match (last.is_empty(), payload.trim_ascii()) {
        (false, _) => Asked {
            last_by_subj: last.to_owned(),
            ..Asked::default()
        },
        (true, b"") => return refuse("408 Empty Request"),
        (true, json) => match json::read(json) {
            Ok(asked) => asked,
            Err(_) => return refuse("408 Malformed Request"),
        },
    };
    let direct = Direct {
        stream: &stream,
        reply,
    };
    let answered = stream.read(|messages| direct.answer(&asked, messages));
    match answered {
        Ok(None) => true,
        Ok(Some(status)) => refuse(status),
        Err(error) => refuse(&format!("500 {error}")),
    }
}

/// One direct answer on its way.
struct Direct<'a> {
    stream: &'a Stream,
    reply: &'a [u8],
}

impl Direct<'_> {
    /// Answers; a status if there is nothing to send.
    fn answer(&self, asked: &Asked, messages: &Messages<'_>) -> Result<Option<&'static str>> {
        if !asked.multi_last.is_empty() {
            return self.last_of_many(asked, messages);
        }
        if asked.batch > 0 {
            return self.batch(asked, messages);
        }
        match asked.one(messages)? {
            None => Ok(Some("408 Bad Request")),
            Some(None) => Ok(Some("404 Message Not Found")),
            Some(Some(message)) => {
                self.send(&message, None);
                Ok(None)
            }
        }
    }

    fn batch(&self, asked: &Asked, messages: &Messages<'_>) -> Result<Option<&'static str>> {
        let pattern = asked.next_by_subj.as_bytes();
        let mut from = asked.from(messages)?;
        let mut left = messages.count(pattern, from)?;
        if left == 0 {
            return Ok(Some("404 Message Not Found"));
        }
        let (mut last, mut bytes) = (0, 0);
        for _ in 0..asked.batch.min(BATCH_COUNT_MAX) {
            let Some(message) = messages.next(pattern, from)? else {
                break;
            };
            bytes += message.size();
            if asked.max_bytes > 0 && bytes > asked.max_bytes && last > 0 {
                break;
            }
            left = left.saturating_sub(1);
            self.send(&message, Some((left, last)));
            (from, last) = (message.seq + 1, message.seq);
        }
        self.end(left, last, None);
        Ok(None)
    }

    fn last_of_many(&self, asked: &Asked, messages: &Messages<'_>) -> Result<Option<&'static str>> {
        let up_to = match asked.up_to_time.as_deref().and_then(parse_rfc3339) {
            Some(time) => first_at(messages, time)?.saturating_sub(1),
            None if asked.up_to_seq > 0 => asked.up_to_seq,
            None => messages.state().last_seq,
        };
        let mut seqs = Vec::new();
        for pattern in &asked.multi_last {
            for found in messages.subjects(pattern.as_bytes()) {
                let (subject, known) = found?;
                let last = match known.last_seq <= up_to {
                    true => Some(known.last_seq),
                    false => {
                        let own = messages.seqs_of(&subject, 0)?;
                        own.into_iter().take_while(|seq| *seq <= up_to).last()
                    }
                };
                seqs.extend(last);
                if seqs.len() > MULTI_COUNT_MAX {
                    return Ok(Some("413 Too Many Results"));
                }
            }
        }
        seqs.sort_unstable();
        seqs.dedup();
        if seqs.is_empty() {
            return Ok(Some("404 No Results"));
        }
        let limit = usize::try_from(asked.batch).unwrap_or(usize::MAX);
        let wanted = if limit == 0 {
            seqs.len()
        } else {
            limit.min(seqs.len())
        };
        let (mut left, mut last) = (seqs.len() as u64, 0);
        for seq in seqs.into_iter().take(wanted) {
            if let Some(message) = messages.message(seq)? {
                left = left.saturating_sub(1);
                self.send(&message, Some((left, last)));
                last = seq;
            }
        }
        self.end(left, last, Some(up_to));
        Ok(None)
    }

    fn send(&self, message: &StreamMessage, of_batch: Option<(u64, u64)>) {
        let mut headers = Headers::default()
            .with("Nats-Stream", &self.stream.name)
            .with("Nats-Subject", String::from_utf8_lossy(&message.subject))
            .with("Nats-Sequence", message.seq)
            .with("Nats-Time-Stamp", rfc3339(message.time_ns()));
        if let Some((left, last)) = of_batch {
            headers = headers
                .with("Nats-Num-Pending", left)
                .with("Nats-Last-Sequence", last);
        }
        let block = headers.and(&message.headers).block();
        let mut sent = Sent::new(self.reply, &message.payload);
        sent.headers = &block;
        self.stream.bus.send(&sent);
    }

    fn end(&self, left: u64, last: u64, up_to: Option<u64>) {
        let mut headers = Headers::status("204 EOB")
            .with("Nats-Num-Pending", left)
            .with("Nats-Last-Sequence", last);
        if let Some(up_to) = up_to {
            headers = headers.with("Nats-UpTo-Sequence", up_to);
        }
        let block = headers.block();
        let mut sent = Sent::new(self.reply, b"");
        sent.headers = &block;
        self.stream.bus.send(&sent);
    }
}
