//! A publish: what its headers ask for, and how it is acknowledged.

use bytes::Bytes;
use serde_json::json;
use stele_core::node::Sent;
use stele_core::op::stream::{Append, Rollup, StreamRefusal};
use stele_core::op::{OpError, Reply};

use super::error::{Answer, ApiError};
use super::time::parse_duration;
use crate::wire::headers;

/// The largest header block.
const HEADER_BYTES_MAX: usize = 64 * 1024;

/// Headers of features that this server has not, and the error that says so.
const ABSENT: [(&str, u16, u16, &str); 3] = [
    ("Nats-Incr", 400, 10168, "message counters is disabled"),
    ("Nats-Batch-Id", 400, 10174, "atomic publish is disabled"),
    ("Nats-Schedule", 400, 10188, "message schedules is disabled"),
];

/// What is to be appended, under this subject.
pub fn read(sent: &Sent<'_>, subject: Bytes, stream: &str, allows_ttl: bool) -> Answer<Append> {
    let mut append = Append {
        subject,
        headers: Bytes::copy_from_slice(sent.headers),
        payload: sent.kept_payload(),
        ..Append::default()
    };
    if !sent.headers.is_empty() {
        read_headers(sent.headers, stream, allows_ttl, &mut append)?;
    }
    Ok(append)
}

fn read_headers(block: &[u8], stream: &str, allows_ttl: bool, append: &mut Append) -> Answer<()> {
    if block.len() > HEADER_BYTES_MAX {
        let why = "header size exceeds maximum allowed of 64k";
        return Err(ApiError::new(400, 10097, why));
    }
    let bytes = |text: &str| Bytes::copy_from_slice(text.as_bytes());
    let mut subject_seq = None;
    let mut of_subject = None;
    for (key, value) in headers::all(block) {
        if let Some((_, code, err_code, why)) = ABSENT.iter().find(|(name, ..)| *name == key) {
            return Err(ApiError::new(*code, *err_code, *why));
        }
        match key {
            "Nats-Msg-Id" => append.id = bytes(value),
            "Nats-Expected-Stream" if value != stream => {
                let why = "expected stream does not match";
                return Err(ApiError::new(400, 10060, why));
            }
            "Nats-Expected-Last-Sequence" => append.last_seq = value.parse().ok(),
            "Nats-Expected-Last-Subject-Sequence" => subject_seq = value.parse().ok(),
            "Nats-Expected-Last-Subject-Sequence-Subject" => of_subject = Some(bytes(value)),
            "Nats-Expected-Last-Msg-Id" => append.last_id = Some(bytes(value)),
            "Nats-TTL" if !allows_ttl => {
                return Err(ApiError::new(400, 10166, "per-message TTL is disabled"));
            }
            "Nats-TTL" => append.live_ms = live_ms(value)?,
            "Nats-Rollup" => append.rollup = Some(rollup(value)?),
            _ => {}
        }
    }
    append.last_subject_seq =
        subject_seq.map(|seq| (of_subject.unwrap_or_else(|| append.subject.clone()), seq));
    Ok(())
}

/// Seconds, a duration of Go's, or `never`; a second at least.
fn live_ms(value: &str) -> Answer<u64> {
    let ns = match value {
        "never" => return Ok(0),
        value => match value.parse::<u64>() {
            Ok(seconds) => seconds.checked_mul(1_000_000_000),
            Err(_) => parse_duration(value),
        },
    };
    match ns {
        Some(0) => Ok(0),
        Some(ns) if ns >= 1_000_000_000 => Ok(ns / 1_000_000),
        _ => Err(ApiError::new(400, 10165, "invalid per-message TTL")),
    }
}

fn rollup(value: &str) -> Answer<Rollup> {
    match value {
        "sub" => Ok(Rollup::Subject),
        "all" => Ok(Rollup::All),
        other => {
            let why = format!("rollup value invalid: {other:?}");
            Err(ApiError::new(500, 10111, why))
        }
    }
}

/// The acknowledgement of a message that was appended, and its number.
pub fn acknowledgement(stream: &str, reply: &Reply) -> (String, Option<u64>) {
    let (seq, is_duplicate) = match reply {
        Reply::List(parts) => match parts.as_slice() {
            [Reply::Int(seq), Reply::Int(again)] => (*seq, *again == 1),
            _ => (0, false),
        },
        _ => (0, false),
    };
    if is_duplicate {
        let said = format!(r#"{{"stream":"{stream}","seq":{seq},"duplicate": true}}"#);
        return (said, None);
    }
    let said = format!(r#"{{"stream":"{stream}","seq":{seq}}}"#);
    (said, u64::try_from(seq).ok())
}

/// The answer to a message that was not.
pub fn refusal(stream: &str, error: &ApiError) -> String {
    json!({"error": error.json(), "stream": stream, "seq": 0}).to_string()
}

/// Why the core took a message not, in JetStream's words.
pub fn error_of(refusal: &OpError) -> ApiError {
    let OpError::Stream(why) = refusal else {
        return match refusal {
            OpError::NoKey => ApiError::stream_not_found(),
            other => ApiError::new(503, 10077, other.to_string()),
        };
    };
    let (code, err_code) = match why {
        StreamRefusal::WrongLastSequence(_) => (400, 10071),
        StreamRefusal::WrongLastId(_) => (400, 10070),
        StreamRefusal::Sealed => {
            return ApiError::new(400, 10109, "invalid operation on sealed stream");
        }
        StreamRefusal::RollupNotPermitted => (500, 10111),
        StreamRefusal::MessageTooLarge => (400, 10054),
        StreamRefusal::MessagesExceeded
        | StreamRefusal::BytesExceeded
        | StreamRefusal::PerSubjectExceeded => (503, 10077),
    };
    ApiError::new(code, err_code, why.to_string())
}
