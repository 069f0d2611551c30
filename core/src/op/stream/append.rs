//! Appending: checks in the order that JetStream documents, then one message.
//! A message id is looked up before what the sender expects, so that the same
//! message sent again is answered alike.

use std::fmt;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::super::elements::Elements;
use super::super::held::{Held, Stop, int};
use super::super::{OpError, Reply};
use super::message::{StreamMessage, stored_size};
use super::read::Counted;
use super::remove::Remover;
use super::state::{State, existing};
use super::{BY_SUBJECT, DUE, ID, ID_BY_AGE, MESSAGE, SUBJECT};
use crate::error::{Error, Result};
use crate::record::overlay::Overlay;

/// How many outlived message ids an append takes away.
const OUTLIVED_COUNT: usize = 4;

/// A message to be appended, and what its sender expects.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Append {
    /// Its subject: no NUL byte.
    pub subject: Bytes,
    /// Its header block; empty = none.
    pub headers: Bytes,
    /// What it says.
    pub payload: Bytes,
    /// Its id; empty = none.
    pub id: Bytes,
    /// The last number given so far.
    pub last_seq: Option<u64>,
    /// The last number of a subject (0 = it has no message).
    pub last_subject_seq: Option<(Bytes, u64)>,
    /// The id of the last message.
    pub last_id: Option<Bytes>,
    /// Replaces what was before it.
    pub rollup: Option<Rollup>,
    /// How long it is kept, milliseconds; 0 = as long as the limits say.
    pub live_ms: u64,
}

/// What a message replaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Rollup {
    /// Every message of its subject.
    Subject,
    /// Every message.
    All,
}

/// Why a stream takes a message not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StreamRefusal {
    /// The last number is this one.
    WrongLastSequence(u64),
    /// The last id is this one.
    WrongLastId(Bytes),
    /// It is sealed.
    Sealed,
    /// A message may not replace others.
    RollupNotPermitted,
    /// The message is too large.
    MessageTooLarge,
    /// It holds as many messages as it may.
    MessagesExceeded,
    /// It holds as many bytes as it may.
    BytesExceeded,
    /// It holds as many messages of the subject as it may.
    PerSubjectExceeded,
}

impl fmt::Display for StreamRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WrongLastSequence(seq) => write!(f, "wrong last sequence: {seq}"),
            Self::WrongLastId(id) => {
                write!(f, "wrong last msg ID: {}", String::from_utf8_lossy(id))
            }
            Self::Sealed => f.write_str("stream is sealed"),
            Self::RollupNotPermitted => f.write_str("rollup not permitted"),
            Self::MessageTooLarge => f.write_str("message size exceeds maximum allowed"),
            Self::MessagesExceeded => f.write_str("maximum messages exceeded"),
            Self::BytesExceeded => f.write_str("maximum bytes exceeded"),
            Self::PerSubjectExceeded => f.write_str("maximum messages per subject exceeded"),
        }
    }
}

impl From<StreamRefusal> for Stop {
    fn from(refusal: StreamRefusal) -> Self {
        OpError::Stream(refusal).into()
    }
}

pub(in crate::op) fn append(
    held: &Held<'_>,
    rows: &mut Overlay<'_>,
    message: &Append,
) -> Result<Reply, Stop> {
    let (mut head, state) = existing(held)?;
    let elements = Elements::of(held.key(), &head);
    let now_ms = rows.stamp().ms();
    if state.limits.sealed {
        return Err(StreamRefusal::Sealed.into());
    }
    if let Some(seq) = earlier(rows, &elements, &state, &message.id, now_ms)? {
        return Ok(Reply::List(vec![int(seq), Reply::Int(1)]));
    }
    expect(rows, &elements, &state, message)?;
    let known = Counted::read(rows, &elements, &message.subject)?;
    check_limits(&state, message, known.map_or(0, |known| known.count))?;

    let seq = state.last_seq + 1;
    let stamp = rows.stamp();
    let mut remover = Remover::new(held.key(), &head, rows, state);
    match message.rollup {
        Some(Rollup::All) => remover.remove_all()?,
        Some(Rollup::Subject) => remover.remove_subject(&message.subject, 0)?,
        None => {}
    }
    remover.put(seq, message)?;
    remover.state.last_stamp = stamp.0;
    if message.live_ms > 0 {
        let due_ms = now_ms.saturating_add(message.live_ms).to_be_bytes();
        let row = elements.row(DUE, &[&due_ms, &seq.to_be_bytes()]);
        remover.rows.put(row, []);
    }
    remover.keep_subject_limit(&message.subject)?;
    remover.keep_limits()?;
    let state = remover.state;
    if !message.id.is_empty() {
        remember(rows, &elements, &message.id, seq, now_ms);
        forget_outlived(
            rows,
            &elements,
            now_ms.saturating_sub(state.limits.duplicate_ms),
        )?;
    }
    state.write_to(&mut head)?;
    // No change in the feed: whoever follows a stream reads the stream.
    rows.put_head(held.key(), &head);
    Ok(Reply::List(vec![int(seq), Reply::Int(0)]))
}

/// The number of a message with this id that is not too old to count.
fn earlier(
    rows: &Overlay<'_>,
    elements: &Elements,
    state: &State,
    id: &[u8],
    now_ms: u64,
) -> Result<Option<u64>> {
    if id.is_empty() {
        return Ok(None);
    }
    let Some(stored) = elements.get(rows, ID, id)? else {
        return Ok(None);
    };
    let (seq, ms) = read_pair(&stored)?;
    Ok((ms.saturating_add(state.limits.duplicate_ms) > now_ms).then_some(seq))
}

fn remember(rows: &mut Overlay<'_>, elements: &Elements, id: &[u8], seq: u64, now_ms: u64) {
    rows.put(elements.row(ID, &[id]), pair(seq, now_ms));
    rows.put(elements.row(ID_BY_AGE, &[&now_ms.to_be_bytes(), id]), []);
}

/// A few ids per message are enough to keep up.
fn forget_outlived(rows: &mut Overlay<'_>, elements: &Elements, before_ms: u64) -> Result<()> {
    let (from, to) = (
        elements.row(ID_BY_AGE, &[]),
        elements.row(ID_BY_AGE, &[&before_ms.to_be_bytes()]),
    );
    let outlived: Vec<Bytes> = elements
        .scan(&*rows, &from, &to, false)
        .take(OUTLIVED_COUNT)
        .map(|found| found.map(|(name, _)| name))
        .collect::<Result<_>>()?;
    for name in outlived {
        let (when, id) = name.split_at(name.len().min(8));
        // An id that came again since has a later time.
        if let Some(stored) = elements.get(rows, ID, id)?
            && stored.get(8..) == Some(when)
        {
            rows.delete(elements.row(ID, &[id]));
        }
        rows.delete(elements.row(ID_BY_AGE, &[&name]));
    }
    Ok(())
}

fn expect(
    rows: &Overlay<'_>,
    elements: &Elements,
    state: &State,
    message: &Append,
) -> Result<(), Stop> {
    if let Some((subject, expected)) = &message.last_subject_seq {
        let known = Counted::read(rows, elements, subject)?;
        let last = known.map_or(0, |known| known.last_seq);
        if last != *expected {
            return Err(StreamRefusal::WrongLastSequence(last).into());
        }
    }
    if message
        .last_seq
        .is_some_and(|expected| expected != state.last_seq)
    {
        return Err(StreamRefusal::WrongLastSequence(state.last_seq).into());
    }
    if message
        .last_id
        .as_ref()
        .is_some_and(|expected| *expected != state.last_id)
    {
        return Err(StreamRefusal::WrongLastId(state.last_id.clone()).into());
    }
    if message.rollup.is_some() && !state.limits.rollup {
        return Err(StreamRefusal::RollupNotPermitted.into());
    }
    Ok(())
}

fn check_limits(state: &State, message: &Append, of_subject: u64) -> Result<(), StreamRefusal> {
    let limits = &state.limits;
    let reaches = |limit: u64, value: u64| limit > 0 && value >= limit;
    let length = (message.headers.len() + message.payload.len()) as u64;
    if limits.message_bytes_max > 0 && length > limits.message_bytes_max {
        return Err(StreamRefusal::MessageTooLarge);
    }
    if !limits.discard_new || message.rollup.is_some() {
        return Ok(());
    }
    let is_full_subject = reaches(limits.per_subject_max, of_subject);
    if limits.discard_new_per_subject && is_full_subject {
        return Err(StreamRefusal::PerSubjectExceeded);
    }
    // A subject that is full gives up a message of its own.
    if reaches(limits.messages_max, state.messages) && !is_full_subject {
        return Err(StreamRefusal::MessagesExceeded);
    }
    let size = stored_size(&message.subject, &message.headers, &message.payload);
    if limits.bytes_max > 0 && state.bytes + size > limits.bytes_max {
        return Err(StreamRefusal::BytesExceeded);
    }
    Ok(())
}

impl Remover<'_, '_> {
    /// Writes a message and what is known of its subject.
    fn put(&mut self, seq: u64, message: &Append) -> Result<()> {
        let Append {
            subject,
            headers,
            payload,
            ..
        } = message;
        let known = Counted::read(self.rows, &self.elements, subject)?;
        let counted = Counted {
            count: known.map_or(0, |known| known.count) + 1,
            last_seq: seq,
        };
        let number = seq.to_be_bytes();
        let stored = StreamMessage::encode(subject, headers, payload);
        self.rows
            .put(self.elements.row(MESSAGE, &[&number]), stored);
        let entry = self.elements.row(BY_SUBJECT, &[subject, &[0], &number]);
        self.rows.put(entry, []);
        let row = self.elements.row(SUBJECT, &[subject]);
        self.rows.put(row, counted.encode());
        let state = &mut self.state;
        if state.messages == 0 {
            state.first_seq = seq;
        }
        state.last_seq = seq;
        state.messages += 1;
        state.bytes += stored_size(subject, headers, payload);
        state.subjects += u64::from(known.is_none());
        state.last_id = message.id.clone();
        Ok(())
    }
}

pub(super) fn pair(one: u64, other: u64) -> Vec<u8> {
    [one.to_be_bytes(), other.to_be_bytes()].concat()
}

pub(super) fn read_pair(stored: &[u8]) -> Result<(u64, u64)> {
    let number = |range: std::ops::Range<usize>| {
        let bytes = stored.get(range)?.try_into().ok()?;
        Some(u64::from_be_bytes(bytes))
    };
    match (number(0..8), number(8..16)) {
        (Some(one), Some(other)) if stored.len() == 16 => Ok((one, other)),
        _ => Err(Error::corrupt("a stream's row is not two numbers")),
    }
}
