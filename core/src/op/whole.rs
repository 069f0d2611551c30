//! Whole records, whatever their type: deadlines, removal, moving and copying.

use super::hash::{self, Hash};
use super::held::{Answer, Held, Stop};
use super::list::{self, List};
use super::set::{self, Set};
use super::zset::{self, Zset};
use super::{Content, ExpireCondition, OpError, Reply};
use crate::error::Result;
use crate::record::overlay::Overlay;
use crate::record::rows::Rows;
use crate::record::{Head, Key, Kind, head};

/// A record's content and its deadline, milliseconds since the Unix epoch.
pub type Whole = (Content, Option<u64>);

/// Everything a record holds, to be written elsewhere with
/// [`super::Op::Replace`]; refuses table rows.
pub fn content(rows: &dyn Rows, key: &Key, now_ms: u64) -> Answer<Option<Whole>> {
    let Some(head) = head::live(rows, key, now_ms)? else {
        return Ok(Ok(None));
    };
    let content = match head.kind {
        Kind::String => Content::String(head.body.clone()),
        Kind::Hash => Content::Hash(Hash::new(rows, key, &head).iter().collect::<Result<_>>()?),
        Kind::List => {
            let list = List::new(rows, key, &head)?;
            Content::List(list.range(0, -1).collect::<Result<_>>()?)
        }
        Kind::Set => Content::Set(Set::new(rows, key, &head).iter().collect::<Result<_>>()?),
        Kind::Zset => {
            let zset = Zset::new(rows, key, &head);
            Content::Zset(zset.iter(false).collect::<Result<_>>()?)
        }
        Kind::Row | Kind::Stream => return Ok(Err(OpError::WrongType)),
    };
    Ok(Ok(Some((content, head.expire_ms))))
}

pub(super) fn delete(held: &Held<'_>, rows: &mut Overlay<'_>) -> Result<Reply, Stop> {
    if held.unless_row()?.is_none() {
        return Ok(Reply::Int(0));
    }
    held.store(rows, None, "del");
    Ok(Reply::Int(1))
}

pub(super) fn replace(
    held: &Held<'_>,
    rows: &mut Overlay<'_>,
    content: &Content,
    expire_ms: Option<u64>,
) -> Result<Reply, Stop> {
    held.unless_row()?;
    let generation = rows.stamp();
    let (kind, is_empty) = match content {
        Content::String(_) => (Kind::String, false),
        Content::Hash(fields) => (Kind::Hash, fields.is_empty()),
        Content::List(values) => (Kind::List, values.is_empty()),
        Content::Set(members) => (Kind::Set, members.is_empty()),
        Content::Zset(members) => {
            if members.iter().any(|(_, score)| score.is_nan()) {
                return Err(OpError::NotFloat.into());
            }
            (Kind::Zset, members.is_empty())
        }
    };
    let mut head = Head::new(kind, generation);
    head.expire_ms = expire_ms;
    if is_empty || head.is_expired(generation.ms()) {
        held.store(rows, None, "del");
        return Ok(Reply::Done);
    }
    match content {
        Content::String(body) => {
            head.generation = 0;
            head.body = body.clone();
        }
        Content::Hash(fields) => hash::write_all(rows, held.key(), &mut head, fields),
        Content::List(values) => list::write_all(rows, held.key(), &mut head, values),
        Content::Set(members) => set::write_all(rows, held.key(), &mut head, members),
        Content::Zset(members) => zset::write_all(rows, held.key(), &mut head, members),
    }
    held.store(rows, Some(&head), "restore");
    Ok(Reply::Done)
}

/// A table row whose deadline has passed is left to whoever reclaims expired
/// rows and knows their index entries; it cannot be read any more.
pub(super) fn expire(
    held: &Held<'_>,
    rows: &mut Overlay<'_>,
    at_ms: u64,
    condition: ExpireCondition,
) -> Reply {
    let Some(old) = held.live() else {
        return Reply::Int(0);
    };
    let holds = match (condition, old.expire_ms) {
        (ExpireCondition::Always, _) => true,
        (ExpireCondition::Nx, before) => before.is_none(),
        (ExpireCondition::Xx, before) => before.is_some(),
        (ExpireCondition::Gt, before) => before.is_some_and(|before| at_ms > before),
        (ExpireCondition::Lt, before) => before.is_none_or(|before| at_ms < before),
        (ExpireCondition::XxLt, before) => before.is_some_and(|before| at_ms < before),
    };
    if !holds {
        return Reply::Int(0);
    }
    let mut new = old.clone();
    new.expire_ms = Some(at_ms);
    if new.is_expired(rows.stamp().ms()) && new.kind != Kind::Row {
        held.store(rows, None, "del");
    } else {
        held.store(rows, Some(&new), "expire");
    }
    Reply::Int(1)
}

pub(super) fn persist(held: &Held<'_>, rows: &mut Overlay<'_>) -> Reply {
    let with_deadline = held.live().filter(|head| head.expire_ms.is_some());
    let Some(mut new) = with_deadline.cloned() else {
        return Reply::Int(0);
    };
    new.expire_ms = None;
    held.store(rows, Some(&new), "persist");
    Reply::Int(1)
}
