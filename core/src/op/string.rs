//! Strings: the head is all there is.

use bytes::{Bytes, BytesMut};

use super::held::{Answer, Held, Stop, find, int};
use super::number::{Number, parse_int};
use super::{Condition, Expiry, OpError, Reply};
use crate::record::overlay::Overlay;
use crate::record::rows::Rows;
use crate::record::{Head, Key, Kind};

/// A string may not be longer.
pub const STRING_BYTES_MAX: u64 = 512 * 1024 * 1024;

/// Reads a string.
pub fn get(rows: &dyn Rows, key: &Key, now_ms: u64) -> Answer<Option<Bytes>> {
    let found = find(rows, key, now_ms, Kind::String)?;
    Ok(found.map(|head| head.map(|head| head.body)))
}

/// How many bytes a string has; 0 if there is none.
pub fn len(rows: &dyn Rows, key: &Key, now_ms: u64) -> Answer<u64> {
    let found = get(rows, key, now_ms)?;
    Ok(found.map(|body| body.map_or(0, |body| body.len() as u64)))
}

pub(super) fn set(
    held: &Held<'_>,
    rows: &mut Overlay<'_>,
    value: &Bytes,
    expiry: Expiry,
    condition: Condition,
    get: bool,
) -> Result<Reply, Stop> {
    let old = if get {
        held.of(Kind::String)?
    } else {
        held.unless_row()?
    };
    let before = old.map_or(Reply::None, |head| Reply::Bytes(head.body.clone()));
    let holds = match condition {
        Condition::Always => true,
        Condition::IfAbsent => old.is_none(),
        Condition::IfPresent => old.is_some(),
    };
    if holds {
        let mut new = Head::whole(Kind::String, value.clone());
        new.expire_ms = deadline(expiry, old);
        if new.is_expired(rows.stamp().ms()) {
            held.store(rows, None, "del");
        } else {
            held.store(rows, Some(&new), "set");
        }
    }
    Ok(match (get, holds) {
        (true, _) => before,
        (false, true) => Reply::Done,
        (false, false) => Reply::None,
    })
}

/// The deadline after a write.
pub(super) fn deadline(expiry: Expiry, old: Option<&Head>) -> Option<u64> {
    match expiry {
        Expiry::Clear => None,
        Expiry::Keep => old.and_then(|head| head.expire_ms),
        Expiry::At(at_ms) => Some(at_ms),
    }
}

/// Writes another body under the old deadline.
fn store(
    held: &Held<'_>,
    rows: &mut Overlay<'_>,
    old: Option<&Head>,
    body: impl Into<Bytes>,
    op: &str,
) {
    let mut new = Head::whole(Kind::String, body.into());
    new.expire_ms = deadline(Expiry::Keep, old);
    held.store(rows, Some(&new), op);
}

pub(super) fn append(held: &Held<'_>, rows: &mut Overlay<'_>, value: &[u8]) -> Result<Reply, Stop> {
    let old = held.of(Kind::String)?;
    let body = old.map_or(&[][..], |head| head.body.as_ref());
    let length = body.len() as u64 + value.len() as u64;
    if length > STRING_BYTES_MAX {
        return Err(OpError::TooLong.into());
    }
    store(held, rows, old, [body, value].concat(), "append");
    Ok(int(length))
}

/// A copy of the string that reaches at least to `end`, zeros in the gap.
fn stretched(old: Option<&Head>, end: u64) -> Result<BytesMut, OpError> {
    let Some(end) = usize::try_from(end)
        .ok()
        .filter(|_| end <= STRING_BYTES_MAX)
    else {
        return Err(OpError::TooLong);
    };
    let body = old.map_or(&[][..], |head| head.body.as_ref());
    let mut copy = BytesMut::with_capacity(end.max(body.len()));
    copy.extend_from_slice(body);
    if copy.len() < end {
        copy.resize(end, 0);
    }
    Ok(copy)
}

pub(super) fn set_range(
    held: &Held<'_>,
    rows: &mut Overlay<'_>,
    offset: u64,
    value: &[u8],
) -> Result<Reply, Stop> {
    let old = held.of(Kind::String)?;
    if value.is_empty() {
        return Ok(int(old.map_or(0, |head| head.body.len() as u64)));
    }
    let end = offset.saturating_add(value.len() as u64);
    let mut body = stretched(old, end)?;
    let start = usize::try_from(offset).unwrap_or(usize::MAX);
    if let Some(place) = body.get_mut(start..start.saturating_add(value.len())) {
        place.copy_from_slice(value);
    }
    let length = body.len() as u64;
    store(held, rows, old, body, "setrange");
    Ok(int(length))
}

pub(super) fn set_bit(
    held: &Held<'_>,
    rows: &mut Overlay<'_>,
    offset: u64,
    bit: bool,
) -> Result<Reply, Stop> {
    let old = held.of(Kind::String)?;
    let mut body = stretched(old, offset / 8 + 1)?;
    let mask = 0x80_u8 >> (offset % 8);
    let mut before = false;
    let place = usize::try_from(offset / 8).unwrap_or(usize::MAX);
    if let Some(byte) = body.get_mut(place) {
        before = *byte & mask != 0;
        *byte = if bit { *byte | mask } else { *byte & !mask };
    }
    store(held, rows, old, body, "setbit");
    Ok(Reply::Int(i64::from(before)))
}

pub(super) fn add(held: &Held<'_>, rows: &mut Overlay<'_>, delta: i64) -> Result<Reply, Stop> {
    let old = held.of(Kind::String)?;
    let before = old.map_or(Some(0), |head| parse_int(&head.body));
    let before = before.ok_or(OpError::NotInteger)?;
    let sum = before.checked_add(delta).ok_or(OpError::Overflow)?;
    store(held, rows, old, sum.to_string(), "incrby");
    Ok(Reply::Int(sum))
}

pub(super) fn add_float(
    held: &Held<'_>,
    rows: &mut Overlay<'_>,
    delta: &[u8],
) -> Result<Reply, Stop> {
    let old = held.of(Kind::String)?;
    let before = Number::parse(old.map_or(b"0", |head| head.body.as_ref()));
    let before = before.ok_or(OpError::NotFloat)?;
    let delta = Number::parse(delta).ok_or(OpError::NotFloat)?;
    let sum = Bytes::from(before.add(&delta)?);
    store(held, rows, old, sum.clone(), "incrbyfloat");
    Ok(Reply::Bytes(sum))
}

pub(super) fn get_delete(held: &Held<'_>, rows: &mut Overlay<'_>) -> Result<Reply, Stop> {
    let Some(old) = held.of(Kind::String)? else {
        return Ok(Reply::None);
    };
    held.store(rows, None, "del");
    Ok(Reply::Bytes(old.body.clone()))
}

pub(super) fn get_expire(
    held: &Held<'_>,
    rows: &mut Overlay<'_>,
    expiry: Expiry,
) -> Result<Reply, Stop> {
    let Some(old) = held.of(Kind::String)? else {
        return Ok(Reply::None);
    };
    let mut new = old.clone();
    new.expire_ms = deadline(expiry, Some(old));
    if new.is_expired(rows.stamp().ms()) {
        held.store(rows, None, "del");
    } else if new.expire_ms != old.expire_ms {
        let op = if new.expire_ms.is_some() {
            "expire"
        } else {
            "persist"
        };
        held.store(rows, Some(&new), op);
    }
    Ok(Reply::Bytes(old.body.clone()))
}
