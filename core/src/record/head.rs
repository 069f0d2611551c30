//! Heads: the one row every record has.
//!
//! A string or a table row is all head: its payload is the body. A hash, list,
//! set or sorted set keeps one row per element; its head holds how many there
//! are, and a generation that names the living elements: deleting the head
//! makes a million elements unreachable at once.

use bytes::{Buf, BufMut, Bytes, BytesMut};

use super::overlay::Overlay;
use super::rows::Rows;
use super::{Change, ChangeKind, Key, Stamp, layout};
use crate::error::{Error, Result};

/// The type of a record; stable numbers, they are on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Kind {
    /// Bytes.
    String = 1,
    /// Fields by name.
    Hash = 2,
    /// Elements by position.
    List = 3,
    /// Members.
    Set = 4,
    /// Members with scores.
    Zset = 5,
    /// Typed fields of a table.
    Row = 6,
    /// Messages by number.
    Stream = 7,
}

impl Kind {
    fn of(number: u8) -> Option<Self> {
        [
            Self::String,
            Self::Hash,
            Self::List,
            Self::Set,
            Self::Zset,
            Self::Row,
            Self::Stream,
        ]
        .into_iter()
        .find(|kind| *kind as u8 == number)
    }
}

const FORMAT: u8 = 1;
const HAS_EXPIRY: u8 = 1;

/// What the head row of a record says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The record's type.
    pub kind: Kind,
    /// When it was last written: its version. Set by reading, not by writing.
    pub stamp: Stamp,
    /// When it ceases to be, milliseconds since the Unix epoch.
    pub expire_ms: Option<u64>,
    /// Which elements are alive (0 for a string or a row).
    pub generation: u64,
    /// How many elements there are.
    pub count: u64,
    /// A string's bytes, a row's fields, a list's bounds.
    pub body: Bytes,
}

impl Head {
    /// A new head of a kind; `generation` is the stamp of the creating op.
    pub fn new(kind: Kind, generation: Stamp) -> Self {
        Self {
            kind,
            stamp: Stamp::ZERO,
            expire_ms: None,
            generation: generation.0,
            count: 0,
            body: Bytes::new(),
        }
    }

    /// A head without elements.
    pub fn whole(kind: Kind, body: Bytes) -> Self {
        Self {
            generation: 0,
            body,
            ..Self::new(kind, Stamp::ZERO)
        }
    }

    /// Has its time come?
    pub fn is_expired(&self, now_ms: u64) -> bool {
        self.expire_ms.is_some_and(|deadline| deadline <= now_ms)
    }

    /// The stored form, without the row's stamp.
    pub fn encode(&self) -> Bytes {
        let mut out = BytesMut::with_capacity(self.size());
        self.encode_into(&mut out);
        out.freeze()
    }

    /// How long the stored form is at most.
    pub fn size(&self) -> usize {
        27 + self.body.len()
    }

    /// Appends the stored form.
    pub fn encode_into(&self, out: &mut impl BufMut) {
        out.put_u8(FORMAT);
        out.put_u8(self.kind as u8);
        out.put_u8(if self.expire_ms.is_some() {
            HAS_EXPIRY
        } else {
            0
        });
        if let Some(deadline) = self.expire_ms {
            out.put_u64(deadline);
        }
        if !matches!(self.kind, Kind::String | Kind::Row) {
            out.put_u64(self.generation);
            out.put_u64(self.count);
        }
        out.put_slice(&self.body);
    }

    /// Reads the stored form.
    pub fn decode(stamp: Stamp, mut stored: Bytes) -> Result<Self> {
        let short = || Error::corrupt("a record's head is cut short");
        if stored.remaining() < 3 {
            return Err(short());
        }
        let format = stored.get_u8();
        let kind = Kind::of(stored.get_u8());
        let flags = stored.get_u8();
        let (FORMAT, Some(kind)) = (format, kind) else {
            return Err(Error::corrupt(format!(
                "a record's head has format {format}, this node reads {FORMAT}"
            )));
        };
        let mut head = Self::new(kind, Stamp::ZERO);
        head.stamp = stamp;
        if flags & HAS_EXPIRY != 0 {
            head.expire_ms = Some(stored.try_get_u64().map_err(|_| short())?);
        }
        if !matches!(kind, Kind::String | Kind::Row) {
            head.generation = stored.try_get_u64().map_err(|_| short())?;
            head.count = stored.try_get_u64().map_err(|_| short())?;
        }
        head.body = stored;
        Ok(head)
    }
}

/// Reads a record's head as it is stored, expired or not.
pub fn stored(rows: &dyn Rows, key: &Key) -> Result<Option<Head>> {
    match rows.get(&layout::head(key))? {
        Some(row) => Head::decode(row.stamp, row.value).map(Some),
        None => Ok(None),
    }
}

/// Reads a record's head; an expired record is absent.
pub fn live(rows: &dyn Rows, key: &Key, now_ms: u64) -> Result<Option<Head>> {
    Ok(stored(rows, key)?.filter(|head| !head.is_expired(now_ms)))
}

/// Writes what a record has become and everything that follows from it: the
/// counter, the queue of deadlines, dead elements, the change.
///
/// `old` is the head as [`stored`] gave it. `new` = `None` deletes the record.
/// A new generation makes the old one's elements unreachable.
pub fn store(rows: &mut Overlay<'_>, key: &Key, old: Option<&Head>, new: Option<&Head>, op: &str) {
    let partition = rows.partition();
    let old_expiry = old.and_then(|head| head.expire_ms);
    let new_expiry = new.and_then(|head| head.expire_ms);
    if old_expiry != new_expiry {
        if let Some(deadline) = old_expiry {
            rows.delete(layout::expiry(partition, deadline, key));
        }
        if let Some(deadline) = new_expiry {
            rows.put(layout::expiry(partition, deadline, key), Bytes::new());
        }
    }
    if let Some(old) = old {
        let survives = new.is_some_and(|new| new.generation == old.generation);
        if old.generation != 0 && !survives {
            rows.discard_elements(&layout::elements(key, old.generation));
        }
    }
    match (old.is_some(), new.is_some()) {
        (false, true) => rows.count(key.collection, 1),
        (true, false) => rows.count(key.collection, -1),
        _ => {}
    }
    match new {
        Some(head) => rows.put_head(key, head),
        None if old.is_some() => rows.delete(layout::head(key)),
        None => return,
    }
    rows.change(change(rows.stamp(), key, old, new, op));
}

fn change(stamp: Stamp, key: &Key, old: Option<&Head>, new: Option<&Head>, op: &str) -> Change {
    let was_live = old.is_some_and(|head| !head.is_expired(stamp.ms()));
    let kind = match new {
        None if was_live => ChangeKind::Delete,
        None => ChangeKind::Expire,
        Some(_) if was_live => ChangeKind::Update,
        Some(_) => ChangeKind::Insert,
    };
    let after = new
        .filter(|head| head.kind == Kind::Row)
        .map(|head| head.body.clone());
    Change {
        key: key.clone(),
        kind,
        op: op.to_owned(),
        after,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::CollectionId;
    use crate::record::overlay::Writes;
    use crate::record::rows::NoRows;

    #[test]
    fn a_head_reads_back_as_it_was_written() {
        let mut head = Head::new(Kind::Hash, Stamp(77));
        head.count = 3;
        head.expire_ms = Some(9);
        head.body = Bytes::from_static(b"body");
        let read = Head::decode(Stamp::ZERO, head.encode()).expect("decodes");
        assert_eq!(read, head);
        for cut in 0..18 {
            assert!(Head::decode(Stamp::ZERO, head.encode().slice(..cut)).is_err());
        }
    }

    #[test]
    fn replacing_a_hash_by_a_string_discards_its_elements_and_keeps_the_count() {
        let key = Key::keyspace(0, "k");
        let mut writes = Writes::default();
        let mut rows = Overlay::new(&NoRows, &mut writes, 1, Stamp(5));
        let hash = Head::new(Kind::Hash, Stamp(4));
        store(&mut rows, &key, None, Some(&hash), "hset");
        let string = Head::whole(Kind::String, Bytes::from_static(b"v"));
        store(&mut rows, &key, Some(&hash), Some(&string), "set");
        let garbage = layout::garbage(1, Stamp(5), &layout::elements(&key, 4));
        assert!(rows.get(&garbage).expect("readable").is_some());
        assert_eq!(writes.counts().get(&CollectionId(0)), Some(&1));
    }
}
