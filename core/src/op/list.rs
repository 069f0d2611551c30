//! Lists: one row per element, at a position that only has meaning beside others.
//!
//! Positions are consecutive numbers that start in the middle of 64 bits, so a
//! list grows at both ends without moving anything. The head's body is the
//! position of the leftmost element; the count gives the rightmost. Inserting
//! and removing inside moves whichever side is shorter.

use bytes::Bytes;

use super::elements::Elements;
use super::held::{Answer, Held, Stop, find, int, with};
use super::{OpError, Reply};
use crate::error::{Error, Result};
use crate::record::layout::RowKey;
use crate::record::overlay::Overlay;
use crate::record::rows::Rows;
use crate::record::{Head, Key, Kind};

/// The family of a list's rows: position -> element.
const ELEMENT: u8 = 0;
/// Where the first element of a new list stands: 2^63 pushes from either end.
const MIDDLE: u64 = u64::MAX / 2;

/// Turns a range as Redis states it (negative = from the end, both ends
/// included) into `from..to` inside `0..count`.
pub(super) fn span(start: i64, stop: i64, count: u64) -> std::ops::Range<u64> {
    let from = place(start, count);
    let to = place(stop, count);
    let from = from.map_or(0, |from| from.min(count));
    let to = to.map_or(0, |to| to.saturating_add(1).min(count));
    from..to.max(from)
}

/// An index that may count from the end; `None` = before the beginning.
fn place(index: i64, count: u64) -> Option<u64> {
    match u64::try_from(index) {
        Ok(index) => Some(index),
        Err(_) => count.checked_sub(index.unsigned_abs()),
    }
}

/// A list, open for reading.
pub struct List<'a> {
    rows: &'a dyn Rows,
    elements: Elements,
    first: u64,
    count: u64,
}

impl<'a> List<'a> {
    /// The list under a head, which must be one.
    pub fn new(rows: &'a dyn Rows, key: &Key, head: &Head) -> Result<Self> {
        Ok(Self {
            rows,
            elements: Elements::of(key, head),
            first: first(head)?,
            count: head.count,
        })
    }

    /// How many elements it has.
    pub fn len(&self) -> u64 {
        self.count
    }

    /// Never: a list without elements is not there.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The element at an index, negative from the end.
    pub fn at(&self, index: i64) -> Result<Option<Bytes>> {
        let place = place(index, self.count).filter(|place| *place < self.count);
        place.map(|place| self.element(place)).transpose()
    }

    /// The elements from one index to another, both included, read as they are
    /// asked for; negative indexes count from the end.
    pub fn range(
        &self,
        start: i64,
        stop: i64,
    ) -> impl Iterator<Item = Result<Bytes>> + Send + use<'a> {
        self.between(span(start, stop, self.count), false)
    }

    /// All elements from the right end on.
    pub fn reversed(&self) -> impl Iterator<Item = Result<Bytes>> + Send + use<'a> {
        self.between(0..self.count, true)
    }

    fn between(
        &self,
        places: std::ops::Range<u64>,
        reverse: bool,
    ) -> impl Iterator<Item = Result<Bytes>> + Send + use<'a> {
        let (from, to) = (self.row(places.start), self.row(places.end));
        let found = self.elements.scan(self.rows, &from, &to, reverse);
        found.map(|element| Ok(element?.1))
    }

    fn row(&self, place: u64) -> RowKey {
        row(&self.elements, self.first.wrapping_add(place))
    }

    fn element(&self, place: u64) -> Result<Bytes> {
        match self.rows.get(&self.row(place))? {
            Some(row) => Ok(row.value),
            None => Err(Error::corrupt("a list lacks an element inside its bounds")),
        }
    }
}

fn row(elements: &Elements, position: u64) -> RowKey {
    elements.row(ELEMENT, &[&position.to_be_bytes()])
}

fn first(head: &Head) -> Result<u64> {
    let body = head.body.as_ref().try_into();
    body.map(u64::from_be_bytes)
        .map_err(|_| Error::corrupt("a list's head does not hold its bounds"))
}

fn set_first(head: &mut Head, first: u64) {
    head.body = Bytes::copy_from_slice(&first.to_be_bytes());
}

/// Opens a list; `None` if there is none.
pub fn open<'a>(rows: &'a dyn Rows, key: &Key, now_ms: u64) -> Answer<Option<List<'a>>> {
    Ok(match find(rows, key, now_ms, Kind::List)? {
        Ok(Some(head)) => Ok(Some(List::new(rows, key, &head)?)),
        Ok(None) => Ok(None),
        Err(refusal) => Err(refusal),
    })
}

/// How many elements there are.
pub fn len(rows: &dyn Rows, key: &Key, now_ms: u64) -> Answer<u64> {
    with(open(rows, key, now_ms), |list| Ok(list.len()))
}

/// The element at an index, negative from the end.
pub fn at(rows: &dyn Rows, key: &Key, now_ms: u64, index: i64) -> Answer<Option<Bytes>> {
    with(open(rows, key, now_ms), |list| list.at(index))
}

/// The elements from one index to another, both included; negative indexes
/// count from the end.
pub fn range(rows: &dyn Rows, key: &Key, now_ms: u64, start: i64, stop: i64) -> Answer<Vec<Bytes>> {
    with(open(rows, key, now_ms), |list| {
        list.range(start, stop).collect()
    })
}

pub(super) fn push(
    held: &Held<'_>,
    rows: &mut Overlay<'_>,
    left: bool,
    values: &[Bytes],
    must_exist: bool,
) -> Result<Reply, Stop> {
    let (mut head, is_new) = held.of_or_new(Kind::List, rows)?;
    if values.is_empty() || (is_new && must_exist) {
        return Ok(int(head.count));
    }
    if is_new {
        set_first(&mut head, MIDDLE);
    }
    let elements = Elements::of(held.key(), &head);
    let mut first = first(&head)?;
    for value in values {
        let position = if left {
            first = first.wrapping_sub(1);
            first
        } else {
            first.wrapping_add(head.count)
        };
        head.count += 1;
        rows.put(row(&elements, position), value.clone());
    }
    if left {
        set_first(&mut head, first);
    }
    held.store(rows, Some(&head), if left { "lpush" } else { "rpush" });
    Ok(int(head.count))
}

pub(super) fn pop(
    held: &Held<'_>,
    rows: &mut Overlay<'_>,
    left: bool,
    count: u64,
) -> Result<Reply, Stop> {
    let Some(head) = held.of(Kind::List)? else {
        return Ok(Reply::None);
    };
    let count = count.min(head.count);
    if count == 0 {
        return Ok(Reply::List(Vec::new()));
    }
    let list = List::new(&*rows, held.key(), head)?;
    let popped: Vec<Bytes> = match (count, left) {
        (1, true) => vec![list.element(0)?],
        (1, false) => vec![list.element(head.count - 1)?],
        (_, true) => list.between(0..count, false).collect::<Result<_>>()?,
        (_, false) => {
            let places = head.count - count..head.count;
            list.between(places, true).collect::<Result<_>>()?
        }
    };
    let kept = if left {
        count..head.count
    } else {
        0..head.count - count
    };
    keep(held, rows, head, kept, if left { "lpop" } else { "rpop" })?;
    Ok(Reply::List(popped.into_iter().map(Reply::Bytes).collect()))
}

/// Keeps the elements at these places and removes the others.
fn keep(
    held: &Held<'_>,
    rows: &mut Overlay<'_>,
    old: &Head,
    kept: std::ops::Range<u64>,
    op: &str,
) -> Result<()> {
    if kept.is_empty() {
        // Nobody can reach the elements of a record that is gone.
        held.store(rows, None, op);
        return Ok(());
    }
    let first = first(old)?;
    let elements = Elements::of(held.key(), old);
    for place in (0..kept.start).chain(kept.end..old.count) {
        rows.delete(row(&elements, first.wrapping_add(place)));
    }
    let mut head = old.clone();
    set_first(&mut head, first.wrapping_add(kept.start));
    head.count = kept.end - kept.start;
    held.store(rows, Some(&head), op);
    Ok(())
}

pub(super) fn trim(
    held: &Held<'_>,
    rows: &mut Overlay<'_>,
    start: i64,
    stop: i64,
) -> Result<Reply, Stop> {
    if let Some(head) = held.of(Kind::List)? {
        keep(held, rows, head, span(start, stop, head.count), "ltrim")?;
    }
    Ok(Reply::Done)
}

pub(super) fn set(
    held: &Held<'_>,
    rows: &mut Overlay<'_>,
    index: i64,
    value: &Bytes,
) -> Result<Reply, Stop> {
    let head = held.of(Kind::List)?.ok_or(OpError::NoKey)?;
    let place = place(index, head.count).filter(|place| *place < head.count);
    let place = place.ok_or(OpError::IndexOutOfRange)?;
    let position = first(head)?.wrapping_add(place);
    rows.put(
        row(&Elements::of(held.key(), head), position),
        value.clone(),
    );
    held.store(rows, Some(head), "lset");
    Ok(Reply::Done)
}

pub(super) fn insert(
    held: &Held<'_>,
    rows: &mut Overlay<'_>,
    before: bool,
    pivot: &[u8],
    value: &Bytes,
) -> Result<Reply, Stop> {
    let Some(mut head) = held.of(Kind::List)?.cloned() else {
        return Ok(Reply::Int(0));
    };
    let list = List::new(&*rows, held.key(), &head)?;
    let mut left = Vec::new();
    let mut is_found = false;
    for element in list.between(0..head.count, false) {
        let element = element?;
        is_found = element == pivot;
        if is_found && before {
            break;
        }
        left.push(element);
        if is_found {
            break;
        }
    }
    if !is_found {
        return Ok(Reply::Int(-1));
    }
    let place = left.len() as u64;
    let (elements, first) = (list.elements.clone(), list.first);
    if place <= head.count / 2 {
        left.push(value.clone());
        set_first(&mut head, first.wrapping_sub(1));
        put_run(rows, &elements, first.wrapping_sub(1), left);
    } else {
        let right = list.between(place..head.count, false);
        let run = std::iter::once(Ok(value.clone())).chain(right);
        let run = run.collect::<Result<_>>()?;
        put_run(rows, &elements, first.wrapping_add(place), run);
    }
    head.count += 1;
    held.store(rows, Some(&head), "linsert");
    Ok(int(head.count))
}

/// Writes elements at consecutive positions.
fn put_run(rows: &mut Overlay<'_>, elements: &Elements, first: u64, run: Vec<Bytes>) {
    let mut position = first;
    for value in run {
        rows.put(row(elements, position), value);
        position = position.wrapping_add(1);
    }
}

pub(super) fn remove(
    held: &Held<'_>,
    rows: &mut Overlay<'_>,
    count: i64,
    value: &[u8],
) -> Result<Reply, Stop> {
    let Some(head) = held.of(Kind::List)?.cloned() else {
        return Ok(Reply::Int(0));
    };
    let list = List::new(&*rows, held.key(), &head)?;
    let places = matches(&list, count, value)?;
    let (Some(&lowest), Some(&highest)) = (places.first(), places.last()) else {
        return Ok(Reply::Int(0));
    };
    let removed = places.len() as u64;
    let is_left_shorter = highest < head.count - lowest;
    let moved = if is_left_shorter {
        0..highest + 1
    } else {
        lowest..head.count
    };
    let mut run = Vec::new();
    for (place, element) in moved.clone().zip(list.between(moved, false)) {
        let element = element?;
        if places.binary_search(&place).is_err() {
            run.push(element);
        }
    }
    let (elements, first) = (list.elements.clone(), list.first);
    let kept = if is_left_shorter {
        put_run(rows, &elements, first.wrapping_add(removed), run);
        removed..head.count
    } else {
        put_run(rows, &elements, first.wrapping_add(lowest), run);
        0..head.count - removed
    };
    keep(held, rows, &head, kept, "lrem")?;
    Ok(int(removed))
}

/// The places, in order, of the elements LREM's count means.
fn matches(list: &List<'_>, count: i64, value: &[u8]) -> Result<Vec<u64>> {
    let limit = if count == 0 {
        u64::MAX
    } else {
        count.unsigned_abs()
    };
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let reverse = count < 0;
    let mut places = Vec::new();
    for (order, element) in (0..list.count).zip(list.between(0..list.count, reverse)) {
        if element? == value {
            places.push(if reverse {
                list.count - 1 - order
            } else {
                order
            });
            if places.len() == limit {
                break;
            }
        }
    }
    if reverse {
        places.reverse();
    }
    Ok(places)
}

/// Writes a whole list under a new head.
pub(super) fn write_all(rows: &mut Overlay<'_>, key: &Key, head: &mut Head, values: &[Bytes]) {
    set_first(head, MIDDLE);
    head.count = values.len() as u64;
    put_run(rows, &Elements::of(key, head), MIDDLE, values.to_vec());
}
