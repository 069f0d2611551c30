//! The log's rows as bytes: entries, votes, positions, members, the clock bound.
//!
//! Ours, not the Raft library's, whose types change from week to week. Every
//! value starts with a format byte; what follows is postcard. A row of a newer
//! format is refused, never guessed at.
//!
//! | family | key | value |
//! |---|---|---|
//! | `log` | group, index | [`EntryRow`] |
//! | `logmeta` | group, `v` | [`VoteRow`] |
//! | `logmeta` | group, `c` or `p` | [`Position`]: committed, purged |
//! | `logmeta` | group, `m`, index | [`Position`], [`MembersRow`] |
//! | `meta` | `clock` | the durable bound of stamps |

use bytes::{BufMut, Bytes};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use stele_placement::PartitionId;

use crate::error::{Error, Result};
use crate::op::Entry;
use crate::record::Stamp;

const FORMAT: u8 = 1;

/// The key of the clock's bound in `meta`.
pub const CLOCK: &[u8] = b"clock";

/// Where an entry stands: the term of the leader that made it, and its index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Position {
    /// The leader's term.
    pub term: u64,
    /// The index in the group's log, from 0.
    pub index: u64,
}

/// What this member promised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VoteRow {
    /// The term.
    pub term: u64,
    /// For whom.
    pub member: u64,
    /// Whether a majority agreed: the member leads.
    pub elected: bool,
}

/// Who holds a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MembersRow {
    /// Sets of voters, each of which must agree; two while voters change.
    pub voters: Vec<Vec<u64>>,
    /// Members that follow without a vote.
    pub learners: Vec<u64>,
}

/// One row of a log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EntryRow {
    /// The term of the leader that made it.
    pub term: u64,
    /// What it carries.
    pub body: EntryBody,
}

/// What a row of a log carries. The order of variants is on disk.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum EntryBody {
    /// Nothing: a new leader's first entry.
    Blank,
    /// Commands.
    Commands(Entry),
    /// A change of members.
    Members(MembersRow),
}

/// A row of the log.
pub fn entry_key(group: PartitionId, index: u64) -> Bytes {
    let mut key = Vec::with_capacity(10);
    key.put_u16(group.0);
    key.put_u64(index);
    key.into()
}

/// Reads an entry's key back.
pub fn parse_entry_key(key: &[u8]) -> Option<(PartitionId, u64)> {
    let group = u16::from_be_bytes(key.get(..2)?.try_into().ok()?);
    let index = u64::from_be_bytes(key.get(2..)?.try_into().ok()?);
    Some((PartitionId(group), index))
}

/// Every entry of a group: `[from, to)`.
pub fn entry_range(group: PartitionId) -> (Bytes, Bytes) {
    let from = entry_key(group, 0);
    match group.0.checked_add(1) {
        Some(next) => (from, entry_key(PartitionId(next), 0)),
        None => (from, vec![u8::MAX; 11].into()),
    }
}

fn meta_key(group: PartitionId, what: u8) -> Vec<u8> {
    let mut key = Vec::with_capacity(11);
    key.put_u16(group.0);
    key.put_u8(what);
    key
}

/// The group's vote.
pub fn vote_key(group: PartitionId) -> Bytes {
    meta_key(group, b'v').into()
}

/// How far the group is known to be committed.
pub fn committed_key(group: PartitionId) -> Bytes {
    meta_key(group, b'c').into()
}

/// Up to where the group's entries were dropped.
pub fn purged_key(group: PartitionId) -> Bytes {
    meta_key(group, b'p').into()
}

/// The members from an index on.
pub fn members_key(group: PartitionId, index: u64) -> Bytes {
    let mut key = meta_key(group, b'm');
    key.put_u64(index);
    key.into()
}

/// Every change of members of a group: `[from, to)`.
pub fn members_range(group: PartitionId) -> (Bytes, Bytes) {
    (
        meta_key(group, b'm').into(),
        meta_key(group, b'm' + 1).into(),
    )
}

/// A value's stored form.
pub fn encode<T: Serialize>(value: &T) -> Result<Bytes> {
    let stored = postcard::to_extend(value, vec![FORMAT])
        .map_err(|error| Error::invalid(format!("a log row does not encode: {error}")))?;
    Ok(stored.into())
}

/// Reads a stored value; `what` names the row in the error.
pub fn decode<T: DeserializeOwned>(stored: &[u8], what: &str) -> Result<T> {
    match stored.split_first() {
        Some((&FORMAT, rest)) => postcard::from_bytes(rest)
            .map_err(|error| Error::corrupt(format!("{what} does not decode: {error}"))),
        Some((format, _)) => Err(Error::corrupt(format!(
            "{what} has format {format}, this node reads {FORMAT}"
        ))),
        None => Err(Error::corrupt(format!("{what} is empty"))),
    }
}

/// The stored form of an [`EntryBody::Commands`] whose commands are encoded
/// already, one after the other: whoever proposes a command encodes it, so that
/// the writer only copies.
pub fn encode_commands(term: u64, entry: &Entry, commands: &[u8]) -> Result<Bytes> {
    let mut stored = Vec::with_capacity(32 + commands.len());
    stored.push(FORMAT);
    let head = (
        term,
        1u32,
        entry.semantics,
        entry.stamp,
        entry.commands.len(),
    );
    let mut stored = postcard::to_extend(&head, stored)
        .map_err(|error| Error::invalid(format!("a log row does not encode: {error}")))?;
    stored.extend_from_slice(commands);
    Ok(stored.into())
}

/// The stored form of the clock's bound.
pub fn encode_clock(bound: Stamp) -> Bytes {
    let mut stored = vec![FORMAT];
    stored.put_u64(bound.0);
    stored.into()
}

/// Reads the clock's bound.
pub fn decode_clock(stored: &[u8]) -> Result<Stamp> {
    match stored {
        [FORMAT, bound @ ..] => bound
            .try_into()
            .map(|bound| Stamp(u64::from_be_bytes(bound)))
            .map_err(|_| Error::corrupt("the clock's bound is not 8 bytes")),
        _ => Err(Error::corrupt("the clock's bound has an unknown format")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::op::{Command, Op};
    use crate::record::Key;

    fn entry() -> Entry {
        let key = Key::keyspace(0, "a");
        Entry {
            semantics: 1,
            stamp: Stamp::from_ms(1_700_000_000_000),
            commands: vec![
                Command::Each(vec![(key.clone(), Op::Add(1))]),
                Command::Expire { keys: vec![key] },
            ],
        }
    }

    #[test]
    fn commands_encoded_beforehand_give_the_same_row() {
        let entry = entry();
        let commands: Vec<u8> = entry
            .commands
            .iter()
            .flat_map(|command| postcard::to_allocvec(command).expect("encodes"))
            .collect();
        let row = EntryRow {
            term: 300,
            body: EntryBody::Commands(entry.clone()),
        };
        let stored = encode_commands(300, &entry, &commands).expect("encodes");
        assert_eq!(stored, encode(&row).expect("encodes"));
        assert_eq!(
            decode::<EntryRow>(&stored, "an entry").expect("decodes"),
            row
        );
    }

    #[test]
    fn a_newer_format_is_refused_by_name() {
        let mut stored = encode(&Position { term: 1, index: 2 })
            .expect("encodes")
            .to_vec();
        stored[0] = 9;
        let error = decode::<Position>(&stored, "a position").expect_err("refused");
        assert!(error.message.contains("format 9"), "{error}");
    }

    #[test]
    fn a_group_ends_where_the_next_begins() {
        let (from, to) = entry_range(PartitionId(1));
        assert!(from <= entry_key(PartitionId(1), 0) && entry_key(PartitionId(1), u64::MAX) < to);
        assert_eq!(to, entry_key(PartitionId(2), 0));
        let (_, end) = entry_range(PartitionId(u16::MAX));
        assert!(entry_key(PartitionId(u16::MAX), u64::MAX) < end);
    }

    #[test]
    fn a_clock_bound_comes_back() {
        let bound = Stamp::from_ms(77);
        assert_eq!(decode_clock(&encode_clock(bound)).expect("decodes"), bound);
        assert!(decode_clock(b"").is_err() && decode_clock(&[1, 2]).is_err());
    }
}
