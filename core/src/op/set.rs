//! Sets: one empty row per member.

use std::collections::BTreeSet;

use bytes::Bytes;

use super::Reply;
use super::elements::Elements;
use super::hash::remove_named;
use super::held::{Answer, Held, Stop, find, int, with};
use super::pick::sample;
use crate::error::Result;
use crate::record::overlay::Overlay;
use crate::record::rows::Rows;
use crate::record::{Head, Key, Kind};

/// The family of a set's rows: member -> nothing.
const MEMBER: u8 = 0;

/// A set, open for reading.
pub struct Set<'a> {
    rows: &'a dyn Rows,
    elements: Elements,
    count: u64,
}

impl<'a> Set<'a> {
    /// The set under a head, which must be one.
    pub fn new(rows: &'a dyn Rows, key: &Key, head: &Head) -> Self {
        Self {
            rows,
            elements: Elements::of(key, head),
            count: head.count,
        }
    }

    /// How many members it has.
    pub fn len(&self) -> u64 {
        self.count
    }

    /// Never: a set without members is not there.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Is this a member?
    pub fn contains(&self, member: &[u8]) -> Result<bool> {
        let found = self.elements.get(self.rows, MEMBER, member)?;
        Ok(found.is_some())
    }

    /// The members in order, read as they are asked for.
    pub fn iter(&self) -> impl Iterator<Item = Result<Bytes>> + Send + use<'a> {
        let all = self.elements.all(self.rows, MEMBER, false);
        all.map(|element| Ok(element?.0))
    }

    /// At most `count` members from one on, and the one to go on from.
    pub fn page(&self, from: &[u8], count: usize) -> Result<(Vec<Bytes>, Option<Bytes>)> {
        let (page, next) = self.elements.page(self.rows, MEMBER, from, count)?;
        Ok((page.into_iter().map(|(member, _)| member).collect(), next))
    }

    /// Members at random: `count` different ones, or as often as its size if
    /// it is negative.
    pub fn random(&self, count: i64, seed: u64) -> Result<Vec<Bytes>> {
        sample(self.iter(), self.count, count, seed)
    }
}

/// Opens a set; `None` if there is none.
pub fn open<'a>(rows: &'a dyn Rows, key: &Key, now_ms: u64) -> Answer<Option<Set<'a>>> {
    let found = find(rows, key, now_ms, Kind::Set)?;
    Ok(found.map(|head| head.map(|head| Set::new(rows, key, &head))))
}

/// All members in order.
pub fn members(rows: &dyn Rows, key: &Key, now_ms: u64) -> Answer<Vec<Bytes>> {
    with(open(rows, key, now_ms), |set| set.iter().collect())
}

/// Is this a member?
pub fn contains(rows: &dyn Rows, key: &Key, now_ms: u64, member: &[u8]) -> Answer<bool> {
    with(open(rows, key, now_ms), |set| set.contains(member))
}

/// How many members there are.
pub fn len(rows: &dyn Rows, key: &Key, now_ms: u64) -> Answer<u64> {
    with(open(rows, key, now_ms), |set| Ok(set.len()))
}

/// Members at random; see [`Set::random`].
pub fn random(
    rows: &dyn Rows,
    key: &Key,
    now_ms: u64,
    count: i64,
    seed: u64,
) -> Answer<Vec<Bytes>> {
    with(open(rows, key, now_ms), |set| set.random(count, seed))
}

/// At most `count` members from one on, and the one to go on from.
pub fn scan_from(
    rows: &dyn Rows,
    key: &Key,
    now_ms: u64,
    from: &[u8],
    count: usize,
) -> Answer<(Vec<Bytes>, Option<Bytes>)> {
    with(open(rows, key, now_ms), |set| set.page(from, count))
}

pub(super) fn add(
    held: &Held<'_>,
    rows: &mut Overlay<'_>,
    members: &[Bytes],
) -> Result<Reply, Stop> {
    let (mut head, is_new) = held.of_or_new(Kind::Set, rows)?;
    let elements = Elements::of(held.key(), &head);
    let mut seen = BTreeSet::new();
    let mut added = 0;
    for member in members {
        let row = elements.row(MEMBER, &[member]);
        // Nothing can be under a new generation but what this op put there.
        let is_added = match (is_new, members.len()) {
            (true, 1) => true,
            (true, _) => seen.insert(member),
            (false, _) => rows.get(&row)?.is_none(),
        };
        if is_added {
            rows.put(row, Bytes::new());
            added += 1;
        }
    }
    head.count += added;
    if added > 0 {
        held.store(rows, Some(&head), "sadd");
    }
    Ok(int(added))
}

pub(super) fn remove(
    held: &Held<'_>,
    rows: &mut Overlay<'_>,
    members: &[Bytes],
) -> Result<Reply, Stop> {
    let Some(mut head) = held.of(Kind::Set)?.cloned() else {
        return Ok(Reply::Int(0));
    };
    let removed = remove_named(held, rows, &mut head, MEMBER, members)?;
    if removed > 0 {
        held.store_unless_empty(rows, &head, "srem");
    }
    Ok(int(removed))
}

pub(super) fn pop(
    held: &Held<'_>,
    rows: &mut Overlay<'_>,
    count: u64,
    seed: u64,
) -> Result<Reply, Stop> {
    let Some(mut head) = held.of(Kind::Set)?.cloned() else {
        return Ok(Reply::List(Vec::new()));
    };
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    let chosen = Set::new(&*rows, held.key(), &head).random(count, seed)?;
    if chosen.is_empty() {
        return Ok(Reply::List(Vec::new()));
    }
    head.count = head.count.saturating_sub(chosen.len() as u64);
    // Nobody can reach the elements of a record that is gone.
    if head.count > 0 {
        let elements = Elements::of(held.key(), &head);
        for member in &chosen {
            rows.delete(elements.row(MEMBER, &[member]));
        }
    }
    held.store_unless_empty(rows, &head, "spop");
    Ok(Reply::List(chosen.into_iter().map(Reply::Bytes).collect()))
}

/// Writes a whole set under a new head.
pub(super) fn write_all(rows: &mut Overlay<'_>, key: &Key, head: &mut Head, members: &[Bytes]) {
    let elements = Elements::of(key, head);
    let distinct: BTreeSet<&Bytes> = members.iter().collect();
    head.count = distinct.len() as u64;
    for member in distinct {
        rows.put(elements.row(MEMBER, &[member]), Bytes::new());
    }
}
