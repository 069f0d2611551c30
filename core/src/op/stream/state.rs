//! A stream's head: how far it has come, and its limits.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::super::held::{Held, Stop};
use super::super::{OpError, Reply};
use super::remove::Remover;
use crate::error::{Error, Result};
use crate::record::overlay::Overlay;
use crate::record::{Head, Kind};

const FORMAT: u8 = 1;

/// What a stream may hold; 0 = no limit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamLimits {
    /// How many messages.
    pub messages_max: u64,
    /// How many bytes, by [`super::stored_size`].
    pub bytes_max: u64,
    /// How many messages of one subject.
    pub per_subject_max: u64,
    /// How large one message, headers and payload.
    pub message_bytes_max: u64,
    /// How old a message, milliseconds.
    pub age_ms_max: u64,
    /// How long a message id is remembered, milliseconds.
    pub duplicate_ms: u64,
    /// At a limit: refuse the new message instead of dropping the oldest?
    pub discard_new: bool,
    /// The same for the limit of one subject.
    pub discard_new_per_subject: bool,
    /// May a message replace all before it?
    pub rollup: bool,
    /// Nothing is added or removed any more.
    pub sealed: bool,
}

/// A stream's state.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// The first message's number, or the next one's when there is none.
    pub first_seq: u64,
    /// The last number that was given.
    pub last_seq: u64,
    /// When it was given, as a stamp; 0 = never.
    pub last_stamp: u64,
    /// How many messages there are.
    pub messages: u64,
    /// How many bytes they count for.
    pub bytes: u64,
    /// How many subjects they have.
    pub subjects: u64,
    /// How many messages were ever removed.
    pub removed: u64,
    /// The id of the last message, if it had one.
    pub last_id: Bytes,
    /// What it may hold.
    pub limits: StreamLimits,
}

impl State {
    /// Reads a stream's head.
    pub fn of(head: &Head) -> Result<Self> {
        match head.body.split_first() {
            Some((&FORMAT, body)) => postcard::from_bytes(body)
                .map_err(|error| Error::corrupt(format!("a stream's head: {error}"))),
            _ => Err(Error::corrupt("a stream's head has an unknown format")),
        }
    }

    pub(super) fn write_to(&self, head: &mut Head) -> Result<()> {
        let body = postcard::to_extend(self, vec![FORMAT])
            .map_err(|error| Error::invalid(format!("a stream's head: {error}")))?;
        head.body = body.into();
        head.count = self.messages;
        Ok(())
    }
}

/// Makes a stream, whose first message will be number `first_seq`, or gives
/// one new limits, which are kept at once.
pub(in crate::op) fn configure(
    held: &Held<'_>,
    rows: &mut Overlay<'_>,
    limits: &StreamLimits,
    first_seq: u64,
) -> Result<Reply, Stop> {
    let (mut head, is_new) = held.of_or_new(Kind::Stream, rows)?;
    let mut state = if is_new {
        State {
            first_seq: first_seq.max(1),
            last_seq: first_seq.max(1) - 1,
            ..State::default()
        }
    } else {
        State::of(&head)?
    };
    state.limits = limits.clone();
    let mut remover = Remover::new(held.key(), &head, rows, state);
    remover.keep_subject_limits()?;
    remover.keep_limits()?;
    remover.state.write_to(&mut head)?;
    held.store(rows, Some(&head), if is_new { "xsetid" } else { "xtrim" });
    Ok(Reply::Done)
}

/// The live stream, which must be there.
pub(super) fn existing(held: &Held<'_>) -> Result<(Head, State), Stop> {
    let head = held.of(Kind::Stream)?.ok_or(OpError::NoKey)?;
    Ok((head.clone(), State::of(head)?))
}
