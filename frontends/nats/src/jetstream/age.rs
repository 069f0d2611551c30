//! Old messages: those beyond the stream's limit and those whose own time is over go, and
//! where the stream wants it, a marker tells that a subject has none left.

use std::collections::BTreeMap;

use bytes::Bytes;
use stele_core::Result;
use stele_core::op::Op;
use stele_core::op::stream::{Append, Removal, Stream as Messages, StreamMessage};

use super::stream::Stream;
use super::time::go_duration;
use crate::wire::headers::{self, Headers};

/// How many old messages go at a time.
const COUNT: usize = 1000;
/// Says of a message that it tells why others have gone.
const REASON: &str = "Nats-Marker-Reason";

/// What is to go.
#[derive(Default)]
struct Old {
    messages: BTreeMap<u64, StreamMessage>,
    /// Entries of messages that went before their time.
    stale: u64,
}

impl Old {
    fn find(messages: &Messages<'_>, now_ms: u64, age_ms_max: u64) -> Result<Self> {
        let mut old = Self::default();
        if age_ms_max > 0 {
            let before = now_ms.saturating_sub(age_ms_max);
            for message in messages.from(messages.state().first_seq).take(COUNT) {
                let message = message?;
                if message.stamp.ms() > before {
                    break;
                }
                old.messages.insert(message.seq, message);
            }
        }
        for (_, seq) in messages.due(now_ms, COUNT)? {
            match messages.message(seq)? {
                Some(message) => {
                    old.messages.insert(seq, message);
                }
                // Those before it must go first: they are taken in order.
                None if old.messages.is_empty() => old.stale += 1,
                None => {}
            }
        }
        Ok(old)
    }

    /// The subjects that lose their last message, unless that was a marker.
    fn emptied(&self, messages: &Messages<'_>) -> Result<Vec<Bytes>> {
        let mut counts: BTreeMap<&Bytes, (u64, bool)> = BTreeMap::new();
        for message in self.messages.values() {
            let (count, is_marker) = counts.entry(&message.subject).or_default();
            *count += 1;
            *is_marker = headers::get(&message.headers, REASON).is_some();
        }
        let mut emptied = Vec::new();
        for (subject, (count, is_marker)) in counts {
            let known = messages.subject(subject)?.map_or(0, |known| known.count);
            if known == count && !is_marker {
                emptied.push(subject.clone());
            }
        }
        Ok(emptied)
    }
}

/// Removes what is too old. A marker goes in with the removal, and only if nothing came
/// for its subject meanwhile.
pub async fn drop_old(stream: &Stream) -> Result<()> {
    let now_ms = stream.db.now_ms();
    let config = stream.config();
    let marker_ns = u64::try_from(config.subject_delete_marker_ttl).unwrap_or(0);
    let (old, emptied) = stream.read(|messages| {
        let old = Old::find(messages, now_ms, config.limits().age_ms_max)?;
        let emptied = match marker_ns {
            0 => Vec::new(),
            _ => old.emptied(messages)?,
        };
        Ok((old, emptied))
    })?;
    let mut ops = Vec::new();
    if old.stale > 0 {
        ops.push(Op::StreamRemove(Removal::Due { limit: old.stale }));
    }
    if !old.messages.is_empty() {
        let seqs = old.messages.into_keys().collect();
        ops.push(Op::StreamRemove(Removal::Sequences(seqs)));
    }
    let markers = emptied
        .into_iter()
        .map(|subject| marker(subject, marker_ns));
    ops.extend(markers.map(|append| Op::StreamAppend(Box::new(append))));
    if !ops.is_empty() {
        stream.write(ops).await?;
        stream.wake_consumers();
    }
    Ok(())
}

fn marker(subject: Bytes, ns: u64) -> Append {
    let headers = Headers::default()
        .with(REASON, "MaxAge")
        .with("Nats-TTL", go_duration(ns))
        .with("Nats-Rollup", "sub");
    Append {
        last_subject_seq: Some((subject.clone(), 0)),
        subject,
        headers: headers.block().into(),
        live_ms: ns / 1_000_000,
        ..Append::default()
    }
}
