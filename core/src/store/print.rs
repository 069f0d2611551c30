//! Turns any stored row into a line of text, for `stele print`, for tests and for
//! whoever must find out what a disk holds. A row that does not decode is shown
//! as bytes with a `!` before it: printing never fails.

use bytes::Bytes;
use serde::de::DeserializeOwned;

use super::Family;
use super::entry::{self, EntryRow, MembersRow, Position, VoteRow};
use crate::op::{Expect, Op, TxnId};
use crate::record::layout::{self, SYSTEM, TAG_OFFSET, Tag};
use crate::record::rows::Row;
use crate::record::table::Definition;
use crate::record::{Change, CollectionId, Head, Key, Kind, Stamp};

/// One row as a line: where it lies, an equals sign, what it says.
pub fn print(family: Family, key: &[u8], value: &[u8]) -> String {
    let line = match family {
        Family::Log => log(key, value),
        Family::LogMeta => logmeta(key, value),
        Family::Base | Family::Index => row(key, value),
        Family::History => history(key, value),
        Family::Feed => feed(key, value),
        Family::Meta => meta(key, value),
        Family::Pending => None,
    };
    line.unwrap_or_else(|| format!("! {} = {}", key.escape_ascii(), value.escape_ascii()))
}

fn log(key: &[u8], value: &[u8]) -> Option<String> {
    let (group, index) = entry::parse_entry_key(key)?;
    let row: EntryRow = entry::decode(value, "an entry").ok()?;
    Some(format!(
        "partition {} index {index} = term {} {:?}",
        group.0, row.term, row.body
    ))
}

fn logmeta(key: &[u8], value: &[u8]) -> Option<String> {
    let group = u16::from_be_bytes(key.get(..2)?.try_into().ok()?);
    let said = match key.get(2..)? {
        b"v" => format!("vote = {:?}", entry::decode::<VoteRow>(value, "").ok()?),
        b"c" => format!(
            "committed = {:?}",
            entry::decode::<Position>(value, "").ok()?
        ),
        b"p" => format!("purged = {:?}", entry::decode::<Position>(value, "").ok()?),
        b"applied" => format!(
            "applied = index {}",
            u64::from_be_bytes(value.try_into().ok()?)
        ),
        [b'm', index @ ..] => {
            let index = u64::from_be_bytes(index.try_into().ok()?);
            let (_, members): (Position, MembersRow) = entry::decode(value, "").ok()?;
            format!("members from index {index} = {members:?}")
        }
        _ => return None,
    };
    Some(format!("partition {group} {said}"))
}

fn meta(key: &[u8], value: &[u8]) -> Option<String> {
    match key {
        entry::CLOCK => Some(format!("clock = {}", entry::decode_clock(value).ok()?)),
        [b'f', b'e', b'e', b'd', group @ ..] => {
            let group = u16::from_be_bytes(group.try_into().ok()?);
            let first = u64::from_be_bytes(value.try_into().ok()?);
            Some(format!("feed of partition {group} begins at {first}"))
        }
        _ => None,
    }
}

fn feed(key: &[u8], value: &[u8]) -> Option<String> {
    let partition = u16::from_be_bytes(key.get(..2)?.try_into().ok()?);
    let index = u64::from_be_bytes(key.get(2..)?.try_into().ok()?);
    let (stamp, changes): (Stamp, Vec<Change>) = versioned(value)?;
    let changes: Vec<String> = changes
        .iter()
        .map(|change| format!("{} {}", change.op, change.key))
        .collect();
    Some(format!(
        "partition {partition} index {index} = {stamp} {}",
        changes.join(", ")
    ))
}

/// A row's escaped key, and the stamp at which its version ceased to be.
fn history(key: &[u8], value: &[u8]) -> Option<String> {
    let mut until = key;
    let key = layout::unescape(&mut until)?;
    let until = Stamp(u64::from_be_bytes(until.try_into().ok()?));
    Some(format!("{} (until {until})", row(&key, value)?))
}

/// A row of `base` or `index`: its key by the table in `record::layout`.
fn row(key: &[u8], value: &[u8]) -> Option<String> {
    let collection = u32::from_be_bytes(key.get(..TAG_OFFSET)?.try_into().ok()?);
    let tag = *key.get(TAG_OFFSET)?;
    let rest = key.get(TAG_OFFSET + 1..)?;
    if collection == SYSTEM {
        return system(tag, key, rest, value);
    }
    if tag == Tag::Count as u8 {
        let partition = u16::from_be_bytes(rest.try_into().ok()?);
        let stored = Row::decode(Bytes::copy_from_slice(value)).ok()?;
        let count = u64::from_be_bytes(stored.value.as_ref().try_into().ok()?);
        return Some(format!(
            "{collection} records in partition {partition} = {count}, the last written at {}",
            stored.stamp
        ));
    }
    if tag == Tag::Index as u8 {
        return Some(format!(
            "{collection} index entry {} = {}",
            rest.escape_ascii(),
            value.escape_ascii()
        ));
    }
    let row = Row::decode(Bytes::copy_from_slice(value)).ok()?;
    if tag == Tag::Head as u8 {
        let key = layout::parse_head(key)?;
        let head = Head::decode(row.stamp, row.value).ok()?;
        return Some(format!("{key} = {}", self::head(&key, &head)));
    }
    element(collection, rest, &row)
}

fn head(key: &Key, head: &Head) -> String {
    let mut said = match head.kind {
        _ if key.collection == CollectionId::META => definition(head),
        Kind::String => format!("string \"{}\"", head.body.escape_ascii()),
        Kind::Row => format!("row {}", head.body.escape_ascii()),
        kind => format!(
            "{kind:?} of {} in generation {:x}",
            head.count, head.generation
        ),
    };
    if let Some(deadline) = head.expire_ms {
        said += &format!(" until {deadline} ms");
    }
    format!("{said} at {}", head.stamp)
}

fn definition(head: &Head) -> String {
    match Definition::decode(&head.body) {
        Ok(definition) => format!("{definition:?}"),
        Err(_) => format!("\"{}\"", head.body.escape_ascii()),
    }
}

fn element(collection: u32, rest: &[u8], row: &Row) -> Option<String> {
    let mut rest = rest.get(2..)?;
    let name = layout::unescape(&mut rest)?;
    let generation = u64::from_be_bytes(rest.get(..8)?.try_into().ok()?);
    let kind = *rest.get(8)?;
    let sub = rest.get(9..)?;
    Some(format!(
        "{collection}/{} element {kind} \"{}\" in generation {generation:x} = \"{}\" at {}",
        name.escape_ascii(),
        sub.escape_ascii(),
        row.value.escape_ascii(),
        row.stamp
    ))
}

/// A partition's own row: a deadline, dead elements, a transaction's intent or outcome.
fn system(tag: u8, key: &[u8], rest: &[u8], value: &[u8]) -> Option<String> {
    let partition = u16::from_be_bytes(rest.get(..2)?.try_into().ok()?);
    let said = if tag == Tag::Expiry as u8 {
        let (deadline, key) = layout::parse_expiry(key)?;
        format!("deadline {deadline} ms of {key}")
    } else if tag == Tag::Garbage as u8 {
        let (stamp, elements) = layout::parse_garbage(key)?;
        format!("dead since {stamp}: {}", elements.escape_ascii())
    } else {
        let txn = TxnId(u64::from_be_bytes(rest.get(2..)?.try_into().ok()?));
        let stored = Row::decode(Bytes::copy_from_slice(value)).ok()?.value;
        match tag {
            tag if tag == Tag::Intent as u8 => format!("intent of {txn} = {}", intent(&stored)?),
            tag if tag == Tag::Outcome as u8 => format!("outcome of {txn} = {}", outcome(&stored)?),
            _ => return None,
        }
    };
    Some(format!("partition {partition} {said}"))
}

fn intent(stored: &[u8]) -> Option<String> {
    type Parts = (TxnId, Vec<u16>, Vec<Expect>, Vec<(Key, Op)>, Stamp);
    let (_, participants, expects, ops, stamp): Parts = versioned(stored)?;
    Some(format!(
        "prepared at {stamp} with partitions {participants:?}, relying on {expects:?}: {ops:?}"
    ))
}

fn outcome(stored: &[u8]) -> Option<String> {
    let stamp = u64::from_be_bytes(stored.get(1..)?.try_into().ok()?);
    Some(match stamp {
        0 => "aborted".to_owned(),
        stamp => format!("committed at {}", Stamp(stamp)),
    })
}

/// A value behind a format byte.
fn versioned<T: DeserializeOwned>(stored: &[u8]) -> Option<T> {
    let (_, body) = stored.split_first()?;
    postcard::from_bytes(body).ok()
}

#[cfg(test)]
#[path = "print_test.rs"]
mod golden;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::rows::encode_row;

    #[test]
    fn a_string_reads_as_its_key_and_its_bytes() {
        let key = Key::keyspace(0, "greeting");
        let head = Head::whole(Kind::String, Bytes::from_static(b"hello"));
        let value = encode_row(Stamp::from_ms(7), &head.encode());
        let line = print(Family::Base, &layout::head(&key), &value);
        assert_eq!(line, "0/greeting = string \"hello\" at 7.0@0");
    }

    #[test]
    fn an_element_names_its_record() {
        let key = Key::keyspace(3, "h");
        let value = encode_row(Stamp::from_ms(7), b"v");
        let line = print(
            Family::Base,
            &layout::element(&key, 255, 0, b"field"),
            &value,
        );
        assert_eq!(
            line,
            "3/h element 0 \"field\" in generation ff = \"v\" at 7.0@0"
        );
    }

    #[test]
    fn what_does_not_decode_is_shown_as_bytes() {
        assert_eq!(print(Family::Log, b"\x01", b"\x00x"), "! \\x01 = \\x00x");
    }
}
