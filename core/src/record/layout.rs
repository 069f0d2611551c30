//! Row keys: how records become physical rows, the whole of the `base` and
//! `index` families on one page.
//!
//! Every row key starts with a collection (4 bytes, big endian) and a tag:
//!
//! | tag | row | after the tag |
//! |---|---|---|
//! | 0 | head of a record | slot, key bytes |
//! | 1 | element of a hash, list, set or sorted set | slot, escaped key, generation, kind, sub-key |
//! | 2 | secondary index entry (collection = the index) | values, slot, key bytes |
//! | 3 | record counter | partition |
//! | 4 | expiry queue (collection = all ones) | partition, deadline, collection, slot, key bytes |
//! | 5 | dead generation (collection = all ones) | partition, stamp, element prefix |
//! | 6 | intent of a prepared transaction (all ones) | partition, transaction |
//! | 7 | outcome of a transaction (all ones) | partition, transaction |
//!
//! Heads of a collection are contiguous, in slot order, and inside a slot in
//! key order; so are elements. Moving a slot is moving two ranges.

use bytes::{BufMut, Bytes};

use super::{CollectionId, Key, Stamp};

/// A physical row's key.
pub type RowKey = Vec<u8>;

/// What a row is; stable numbers, they are on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Tag {
    /// A record's head.
    Head = 0,
    /// One element of a collection type.
    Element = 1,
    /// A secondary index entry.
    Index = 2,
    /// How many records a collection has in one partition.
    Count = 3,
    /// A record's place in the queue of deadlines.
    Expiry = 4,
    /// Elements nobody can reach any more.
    Garbage = 5,
    /// A prepared transaction.
    Intent = 6,
    /// How a transaction ended here.
    Outcome = 7,
}

/// The collection of rows that belong to the partition, not to a collection.
pub const SYSTEM: u32 = u32::MAX;

/// Where the tag stands in every row key.
pub const TAG_OFFSET: usize = 4;

fn prefix(collection: u32, tag: Tag) -> RowKey {
    let mut row = Vec::with_capacity(48);
    row.put_u32(collection);
    row.put_u8(tag as u8);
    row
}

/// The head row of a record.
pub fn head(key: &Key) -> RowKey {
    let mut row = prefix(key.collection.0, Tag::Head);
    row.put_u16(key.slot);
    row.extend_from_slice(&key.bytes);
    row
}

/// Every head of a collection: `[from, to)`.
pub fn heads(collection: CollectionId) -> (RowKey, RowKey) {
    (
        prefix(collection.0, Tag::Head),
        prefix(collection.0, Tag::Element),
    )
}

/// The heads of one slot: `[from, to)`.
pub fn heads_of_slot(collection: CollectionId, slot: u16) -> (RowKey, RowKey) {
    let mut from = prefix(collection.0, Tag::Head);
    let mut to = from.clone();
    from.put_u16(slot);
    match slot.checked_add(1) {
        Some(next) => to.put_u16(next),
        None => to = prefix(collection.0, Tag::Element),
    }
    (from, to)
}

/// Reads a head row's key back.
pub fn parse_head(row: &[u8]) -> Option<Key> {
    let collection = u32::from_be_bytes(row.get(..4)?.try_into().ok()?);
    if *row.get(TAG_OFFSET)? != Tag::Head as u8 {
        return None;
    }
    let slot = u16::from_be_bytes(row.get(5..7)?.try_into().ok()?);
    Some(Key {
        collection: CollectionId(collection),
        slot,
        bytes: Bytes::copy_from_slice(row.get(7..)?),
    })
}

/// The prefix of every element of one generation of a record.
pub fn elements(key: &Key, generation: u64) -> RowKey {
    let mut row = prefix(key.collection.0, Tag::Element);
    row.put_u16(key.slot);
    escape(&key.bytes, &mut row);
    row.put_u64(generation);
    row
}

/// One element: `kind` separates the families of rows a type needs (members by
/// name, members by score), `sub` is its name inside one.
pub fn element(key: &Key, generation: u64, kind: u8, sub: &[u8]) -> RowKey {
    let mut row = elements(key, generation);
    row.put_u8(kind);
    row.extend_from_slice(sub);
    row
}

/// A secondary index entry: index, values that sort, then the record's address.
pub fn index(index: CollectionId, values: &[u8], key: &Key) -> RowKey {
    let mut row = prefix(index.0, Tag::Index);
    row.extend_from_slice(values);
    row.put_u16(key.slot);
    row.extend_from_slice(&key.bytes);
    row
}

/// The prefix of index entries that start with these values.
pub fn index_prefix(index: CollectionId, values: &[u8]) -> RowKey {
    let mut row = prefix(index.0, Tag::Index);
    row.extend_from_slice(values);
    row
}

/// The counter of a collection in a partition.
pub fn count(collection: CollectionId, partition: u16) -> RowKey {
    let mut row = prefix(collection.0, Tag::Count);
    row.put_u16(partition);
    row
}

/// A partition's own row of a kind, before its particulars.
pub fn system(tag: Tag, partition: u16) -> RowKey {
    let mut row = prefix(SYSTEM, tag);
    row.put_u16(partition);
    row
}

/// A record's place in its partition's queue of deadlines.
pub fn expiry(partition: u16, deadline_ms: u64, key: &Key) -> RowKey {
    let mut row = system(Tag::Expiry, partition);
    row.put_u64(deadline_ms);
    row.put_u32(key.collection.0);
    row.put_u16(key.slot);
    row.extend_from_slice(&key.bytes);
    row
}

/// Reads an expiry row back: deadline and key.
pub fn parse_expiry(row: &[u8]) -> Option<(u64, Key)> {
    let at = TAG_OFFSET + 3;
    let deadline = u64::from_be_bytes(row.get(at..at + 8)?.try_into().ok()?);
    let collection = u32::from_be_bytes(row.get(at + 8..at + 12)?.try_into().ok()?);
    let slot = u16::from_be_bytes(row.get(at + 12..at + 14)?.try_into().ok()?);
    let bytes = Bytes::copy_from_slice(row.get(at + 14..)?);
    let collection = CollectionId(collection);
    Some((
        deadline,
        Key {
            collection,
            slot,
            bytes,
        },
    ))
}

/// Elements that died at `stamp`.
pub fn garbage(partition: u16, stamp: Stamp, elements: &[u8]) -> RowKey {
    let mut row = system(Tag::Garbage, partition);
    row.put_u64(stamp.0);
    row.extend_from_slice(elements);
    row
}

/// Reads a garbage row back: when they died, and their prefix.
pub fn parse_garbage(row: &[u8]) -> Option<(Stamp, RowKey)> {
    let at = TAG_OFFSET + 3;
    let stamp = u64::from_be_bytes(row.get(at..at + 8)?.try_into().ok()?);
    Some((Stamp(stamp), row.get(at + 8..)?.to_vec()))
}

/// The first key after every key with this prefix.
pub fn end_of(prefix: &[u8]) -> RowKey {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if last < u8::MAX {
            end.push(last + 1);
            return end;
        }
    }
    vec![u8::MAX; 16]
}

/// Order-preserving, self-delimiting bytes: 0 becomes 0 255, the end is 0 1.
pub fn escape(bytes: &[u8], out: &mut Vec<u8>) {
    for &byte in bytes {
        out.push(byte);
        if byte == 0 {
            out.push(0xFF);
        }
    }
    out.extend_from_slice(&[0, 1]);
}

/// Takes one escaped run off the front of `input`.
pub fn unescape(input: &mut &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    loop {
        let (&byte, rest) = input.split_first()?;
        *input = rest;
        if byte != 0 {
            out.push(byte);
            continue;
        }
        let (&mark, rest) = input.split_first()?;
        *input = rest;
        match mark {
            0xFF => out.push(0),
            1 => return Some(out),
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn escaping_keeps_order_and_comes_back(a in any::<Vec<u8>>(), b in any::<Vec<u8>>()) {
            let (mut ea, mut eb) = (Vec::new(), Vec::new());
            escape(&a, &mut ea);
            escape(&b, &mut eb);
            prop_assert_eq!(a.cmp(&b), ea.cmp(&eb));
            prop_assert_eq!(unescape(&mut ea.as_slice()), Some(a));
        }

        #[test]
        fn a_head_row_names_its_key(slot in 0u16..16384, bytes in any::<Vec<u8>>()) {
            let key = Key { collection: CollectionId(3), slot, bytes: bytes.into() };
            prop_assert_eq!(parse_head(&head(&key)), Some(key.clone()));
            let (from, to) = heads_of_slot(key.collection, slot);
            prop_assert!(from <= head(&key) && head(&key) < to);
        }
    }
}
