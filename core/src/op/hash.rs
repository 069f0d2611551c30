//! Hashes: one row per field.

use std::collections::BTreeSet;

use bytes::Bytes;

use super::elements::{Elements, Page};
use super::held::{Answer, Held, Stop, find, int, with};
use super::number::{Number, parse_int};
use super::pick::sample;
use super::{OpError, Reply};
use crate::error::Result;
use crate::record::overlay::Overlay;
use crate::record::rows::Rows;
use crate::record::{Head, Key, Kind};

/// The family of a hash's rows: field -> value.
const FIELD: u8 = 0;

/// A hash, open for reading.
pub struct Hash<'a> {
    rows: &'a dyn Rows,
    elements: Elements,
    count: u64,
}

impl<'a> Hash<'a> {
    /// The hash under a head, which must be one.
    pub fn new(rows: &'a dyn Rows, key: &Key, head: &Head) -> Self {
        Self {
            rows,
            elements: Elements::of(key, head),
            count: head.count,
        }
    }

    /// How many fields it has.
    pub fn len(&self) -> u64 {
        self.count
    }

    /// Never: a hash without fields is not there.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// A field's value.
    pub fn get(&self, field: &[u8]) -> Result<Option<Bytes>> {
        self.elements.get(self.rows, FIELD, field)
    }

    /// Fields and values in the fields' order, read as they are asked for.
    pub fn iter(&self) -> impl Iterator<Item = Result<(Bytes, Bytes)>> + Send + use<'a> {
        self.elements.all(self.rows, FIELD, false)
    }

    /// At most `count` fields from one on, and the one to go on from.
    pub fn page(&self, from: &[u8], count: usize) -> Result<Page> {
        self.elements.page(self.rows, FIELD, from, count)
    }

    /// Fields at random: `count` different ones, or as often as its size if it
    /// is negative.
    pub fn random(&self, count: i64, seed: u64) -> Result<Vec<(Bytes, Bytes)>> {
        sample(self.iter(), self.count, count, seed)
    }
}

/// Opens a hash; `None` if there is none.
pub fn open<'a>(rows: &'a dyn Rows, key: &Key, now_ms: u64) -> Answer<Option<Hash<'a>>> {
    let found = find(rows, key, now_ms, Kind::Hash)?;
    Ok(found.map(|head| head.map(|head| Hash::new(rows, key, &head))))
}

/// A field's value.
pub fn get(rows: &dyn Rows, key: &Key, now_ms: u64, field: &[u8]) -> Answer<Option<Bytes>> {
    with(open(rows, key, now_ms), |hash| hash.get(field))
}

/// The values of fields, in the order asked for.
pub fn get_many(
    rows: &dyn Rows,
    key: &Key,
    now_ms: u64,
    fields: &[Bytes],
) -> Answer<Vec<Option<Bytes>>> {
    Ok(match open(rows, key, now_ms)? {
        Ok(Some(hash)) => Ok(fields
            .iter()
            .map(|field| hash.get(field))
            .collect::<Result<_>>()?),
        Ok(None) => Ok(vec![None; fields.len()]),
        Err(refusal) => Err(refusal),
    })
}

/// All fields and values in the fields' order.
pub fn all(rows: &dyn Rows, key: &Key, now_ms: u64) -> Answer<Vec<(Bytes, Bytes)>> {
    with(open(rows, key, now_ms), |hash| hash.iter().collect())
}

/// How many fields there are.
pub fn len(rows: &dyn Rows, key: &Key, now_ms: u64) -> Answer<u64> {
    with(open(rows, key, now_ms), |hash| Ok(hash.len()))
}

/// Is there such a field?
pub fn contains(rows: &dyn Rows, key: &Key, now_ms: u64, field: &[u8]) -> Answer<bool> {
    with(open(rows, key, now_ms), |hash| {
        Ok(hash.get(field)?.is_some())
    })
}

/// Fields at random; see [`Hash::random`].
pub fn random(
    rows: &dyn Rows,
    key: &Key,
    now_ms: u64,
    count: i64,
    seed: u64,
) -> Answer<Vec<(Bytes, Bytes)>> {
    with(open(rows, key, now_ms), |hash| hash.random(count, seed))
}

/// At most `count` fields from one on, and the one to go on from.
pub fn scan_from(
    rows: &dyn Rows,
    key: &Key,
    now_ms: u64,
    from: &[u8],
    count: usize,
) -> Answer<Page> {
    with(open(rows, key, now_ms), |hash| hash.page(from, count))
}

pub(super) fn set(
    held: &Held<'_>,
    rows: &mut Overlay<'_>,
    fields: &[(Bytes, Bytes)],
) -> Result<Reply, Stop> {
    let (mut head, is_new) = held.of_or_new(Kind::Hash, rows)?;
    if fields.is_empty() {
        return Ok(Reply::Int(0));
    }
    let elements = Elements::of(held.key(), &head);
    let mut seen = BTreeSet::new();
    let mut added = 0;
    for (field, value) in fields {
        let row = elements.row(FIELD, &[field]);
        // Nothing can be under a new generation but what this op put there.
        let is_added = match (is_new, fields.len()) {
            (true, 1) => true,
            (true, _) => seen.insert(field),
            (false, _) => rows.get(&row)?.is_none(),
        };
        added += u64::from(is_added);
        rows.put(row, value.clone());
    }
    head.count += added;
    held.store(rows, Some(&head), "hset");
    Ok(int(added))
}

pub(super) fn set_if_absent(
    held: &Held<'_>,
    rows: &mut Overlay<'_>,
    field: &Bytes,
    value: &Bytes,
) -> Result<Reply, Stop> {
    let (mut head, is_new) = held.of_or_new(Kind::Hash, rows)?;
    let row = Elements::of(held.key(), &head).row(FIELD, &[field]);
    if !is_new && rows.get(&row)?.is_some() {
        return Ok(Reply::Int(0));
    }
    rows.put(row, value.clone());
    head.count += 1;
    held.store(rows, Some(&head), "hset");
    Ok(Reply::Int(1))
}

pub(super) fn delete(
    held: &Held<'_>,
    rows: &mut Overlay<'_>,
    fields: &[Bytes],
) -> Result<Reply, Stop> {
    let Some(mut head) = held.of(Kind::Hash)?.cloned() else {
        return Ok(Reply::Int(0));
    };
    let removed = remove_named(held, rows, &mut head, FIELD, fields)?;
    if removed > 0 {
        held.store_unless_empty(rows, &head, "hdel");
    }
    Ok(int(removed))
}

/// Deletes the elements with these names and counts those that were there.
pub(super) fn remove_named(
    held: &Held<'_>,
    rows: &mut Overlay<'_>,
    head: &mut Head,
    family: u8,
    names: &[Bytes],
) -> Result<u64> {
    let elements = Elements::of(held.key(), head);
    let mut removed = 0;
    for name in names {
        let row = elements.row(family, &[name]);
        if rows.get(&row)?.is_some() {
            rows.delete(row);
            removed += 1;
        }
    }
    head.count = head.count.saturating_sub(removed);
    Ok(removed)
}

/// Replaces one field's value by what follows from the old one.
fn change<T>(
    held: &Held<'_>,
    rows: &mut Overlay<'_>,
    field: &Bytes,
    op: &str,
    next: impl FnOnce(Option<&[u8]>) -> Result<(T, String), OpError>,
) -> Result<T, Stop> {
    let (mut head, is_new) = held.of_or_new(Kind::Hash, rows)?;
    let row = Elements::of(held.key(), &head).row(FIELD, &[field]);
    let old = if is_new { None } else { rows.get(&row)? };
    let (answer, text) = next(old.as_ref().map(|row| row.value.as_ref()))?;
    rows.put(row, text);
    head.count += u64::from(old.is_none());
    held.store(rows, Some(&head), op);
    Ok(answer)
}

pub(super) fn add(
    held: &Held<'_>,
    rows: &mut Overlay<'_>,
    field: &Bytes,
    delta: i64,
) -> Result<Reply, Stop> {
    change(held, rows, field, "hincrby", |old| {
        let before = old.map_or(Some(0), parse_int);
        let before = before.ok_or(OpError::HashNotInteger)?;
        let sum = before.checked_add(delta).ok_or(OpError::Overflow)?;
        Ok((Reply::Int(sum), sum.to_string()))
    })
}

pub(super) fn add_float(
    held: &Held<'_>,
    rows: &mut Overlay<'_>,
    field: &Bytes,
    delta: &[u8],
) -> Result<Reply, Stop> {
    change(held, rows, field, "hincrbyfloat", |old| {
        let delta = Number::parse(delta).ok_or(OpError::NotFloat)?;
        let before = Number::parse(old.unwrap_or(b"0")).ok_or(OpError::HashNotFloat)?;
        let sum = before.add(&delta)?;
        Ok((Reply::Bytes(Bytes::from(sum.clone())), sum))
    })
}

/// Writes a whole hash under a new head. Of the same field twice, the last counts.
pub(super) fn write_all(
    rows: &mut Overlay<'_>,
    key: &Key,
    head: &mut Head,
    fields: &[(Bytes, Bytes)],
) {
    let elements = Elements::of(key, head);
    let mut seen = BTreeSet::new();
    for (field, value) in fields {
        seen.insert(field);
        rows.put(elements.row(FIELD, &[field]), value.clone());
    }
    head.count = seen.len() as u64;
}
