//! Keys: one record, four spellings, one slot.
//!
//! A key is a collection and bytes that sort as its users expect: the user's
//! own bytes in a keyspace, order-preserving primary-key values in a table.
//! The slot comes from the Redis spelling whatever door the key came through.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

/// A set of records. Numbers are never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CollectionId(pub u32);

impl CollectionId {
    /// Schema, users, settings: records of the meta group.
    pub const META: Self = Self(16);
    /// The first number given to a table, an index or a sequence. PostgreSQL's own
    /// first, so that a number is an OID too and never one of a built-in object's.
    pub const FIRST_USER: Self = Self(16384);
    /// How many Redis databases there are; database `n` is collection `n`.
    pub const DATABASE_COUNT: u32 = 16;

    /// Is this one of the numbered Redis databases?
    pub fn is_keyspace(self) -> bool {
        self.0 < Self::DATABASE_COUNT
    }
}

/// The address of one record.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Key {
    /// The set it belongs to.
    pub collection: CollectionId,
    /// Its slot, from the Redis spelling.
    pub slot: u16,
    /// Its name inside the collection; sorts as the collection's users expect.
    pub bytes: Bytes,
}

impl Key {
    /// A key of a Redis database: its bytes are its spelling.
    pub fn keyspace(database: u8, spelling: impl Into<Bytes>) -> Self {
        let bytes = spelling.into();
        Self {
            collection: CollectionId(u32::from(database)),
            slot: stele_placement::slot(&bytes),
            bytes,
        }
    }

    /// A record of the meta group.
    pub fn meta(name: impl Into<Bytes>) -> Self {
        Self {
            collection: CollectionId::META,
            slot: 0,
            bytes: name.into(),
        }
    }

    /// A key whose sorted bytes differ from its Redis spelling.
    pub fn spelled(collection: CollectionId, spelling: &[u8], bytes: impl Into<Bytes>) -> Self {
        Self {
            collection,
            slot: stele_placement::slot(spelling),
            bytes: bytes.into(),
        }
    }
}

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.collection.0, self.bytes.escape_ascii())
    }
}

/// Joins the parts of a composite key into one Redis spelling: `:` between
/// parts, `\` before a `:` or `\` inside one. A single part stays as it is.
pub fn join_spelling(parts: &[String]) -> String {
    if let [only] = parts {
        return only.clone();
    }
    let escaped: Vec<String> = parts
        .iter()
        .map(|part| part.replace('\\', "\\\\").replace(':', "\\:"))
        .collect();
    escaped.join(":")
}

/// Takes a spelling apart into `count` parts, or `None` if it has another number.
pub fn split_spelling(spelling: &str, count: usize) -> Option<Vec<String>> {
    if count == 1 {
        return Some(vec![spelling.to_owned()]);
    }
    let mut parts = vec![String::new()];
    let mut letters = spelling.chars();
    while let Some(letter) = letters.next() {
        match letter {
            ':' => parts.push(String::new()),
            '\\' => parts.last_mut()?.push(letters.next()?),
            _ => parts.last_mut()?.push(letter),
        }
    }
    (parts.len() == count).then_some(parts)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_composite_spelling_comes_apart_as_it_was(parts in proptest::collection::vec(".{0,6}", 1..4)) {
            let joined = join_spelling(&parts);
            prop_assert_eq!(split_spelling(&joined, parts.len()), Some(parts));
        }
    }
}
