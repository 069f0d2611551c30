//! Changing sorted sets.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::read::{Scored, Zset};
use super::{MEMBER, SCORE, order};
use crate::error::Result;
use crate::op::elements::Elements;
use crate::op::held::{Held, Stop, int};
use crate::op::{OpError, Reply, ZsetRange};
use crate::record::overlay::Overlay;
use crate::record::{Head, Key, Kind};

/// How ZADD's options weigh an old score against a new one.
#[derive(Clone, Copy)]
pub(in crate::op) struct Rules {
    /// Only add, never change.
    pub nx: bool,
    /// Only change, never add.
    pub xx: bool,
    /// Change only to a greater score.
    pub gt: bool,
    /// Change only to a lesser score.
    pub lt: bool,
    /// Count changes too.
    pub ch: bool,
    /// Add to the score instead of replacing it.
    pub incr: bool,
}

impl Rules {
    /// The new score, or `None` if the member is to be left alone.
    fn judge(self, old: Option<f64>, given: f64) -> Result<Option<f64>, OpError> {
        let Some(old) = old else {
            return Ok((!self.xx).then_some(given));
        };
        if self.nx {
            return Ok(None);
        }
        let new = if self.incr { old + given } else { given };
        if new.is_nan() {
            return Err(OpError::ScoreNotANumber);
        }
        let is_barred = (self.gt && new <= old) || (self.lt && new >= old);
        Ok((!is_barred).then_some(new))
    }
}

/// A member's score as stored and as it is going to be.
struct Staged {
    old: Option<f64>,
    new: Option<f64>,
}

pub(in crate::op) fn add(
    held: &Held<'_>,
    rows: &mut Overlay<'_>,
    members: &[(f64, Bytes)],
    rules: Rules,
) -> Result<Reply, Stop> {
    let (mut head, is_new) = held.of_or_new(Kind::Zset, rows)?;
    if members.iter().any(|(score, _)| score.is_nan()) {
        return Err(OpError::NotFloat.into());
    }
    let mut staged: BTreeMap<&Bytes, Staged> = BTreeMap::new();
    let (mut added, mut changed, mut last) = (0, 0, None);
    let zset = Zset::new(&*rows, held.key(), &head);
    for (given, member) in members {
        let known = match staged.get(member) {
            Some(staged) => Some(staged.old),
            None if is_new => Some(None),
            None => None,
        };
        let stored = match known {
            Some(stored) => stored,
            None => zset.score(member)?,
        };
        let current = staged.get(member).and_then(|staged| staged.new).or(stored);
        last = rules.judge(current, *given)?;
        if let Some(new) = last.filter(|new| current != Some(*new)) {
            added += u64::from(current.is_none());
            changed += u64::from(current.is_some());
            let new = Some(new);
            staged.insert(member, Staged { old: stored, new });
        }
    }
    let elements = Elements::of(held.key(), &head);
    for (member, Staged { old, new }) in &staged {
        if let Some(new) = new {
            put(rows, &elements, member, *old, *new);
        }
    }
    head.count += added;
    if added + changed > 0 {
        held.store(rows, Some(&head), if rules.incr { "zincr" } else { "zadd" });
    }
    Ok(match rules {
        Rules { incr: true, .. } => last.map_or(Reply::None, |score| Reply::Float(score + 0.0)),
        Rules { ch: true, .. } => int(added + changed),
        _ => int(added),
    })
}

/// Writes a member's two rows.
fn put(rows: &mut Overlay<'_>, elements: &Elements, member: &[u8], old: Option<f64>, new: f64) {
    if let Some(old) = old {
        rows.delete(elements.row(SCORE, &[&order::encode(old), member]));
    }
    let new = order::encode(new);
    rows.put(elements.row(SCORE, &[&new, member]), Bytes::new());
    rows.put(
        elements.row(MEMBER, &[member]),
        Bytes::copy_from_slice(&new),
    );
}

/// Removes members that are there, and the record with the last of them.
fn remove_all(
    held: &Held<'_>,
    rows: &mut Overlay<'_>,
    old: &Head,
    doomed: &[Scored],
    op: &str,
) -> Reply {
    if doomed.is_empty() {
        return Reply::Int(0);
    }
    let mut head = old.clone();
    head.count = head.count.saturating_sub(doomed.len() as u64);
    // Nobody can reach the elements of a record that is gone.
    if head.count > 0 {
        let elements = Elements::of(held.key(), old);
        for (member, score) in doomed {
            rows.delete(elements.row(MEMBER, &[member]));
            rows.delete(elements.row(SCORE, &[&order::encode(*score), member]));
        }
    }
    held.store_unless_empty(rows, &head, op);
    int(doomed.len() as u64)
}

pub(in crate::op) fn remove(
    held: &Held<'_>,
    rows: &mut Overlay<'_>,
    members: &[Bytes],
) -> Result<Reply, Stop> {
    let Some(head) = held.of(Kind::Zset)? else {
        return Ok(Reply::Int(0));
    };
    let zset = Zset::new(&*rows, held.key(), head);
    let mut doomed = BTreeMap::new();
    for member in members {
        if let Some(score) = zset.score(member)? {
            doomed.insert(member.clone(), score);
        }
    }
    let doomed: Vec<Scored> = doomed.into_iter().collect();
    Ok(remove_all(held, rows, head, &doomed, "zrem"))
}

pub(in crate::op) fn pop(
    held: &Held<'_>,
    rows: &mut Overlay<'_>,
    max: bool,
    count: u64,
) -> Result<Reply, Stop> {
    let Some(head) = held.of(Kind::Zset)? else {
        return Ok(Reply::List(Vec::new()));
    };
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    let found = Zset::new(&*rows, held.key(), head).iter(max);
    let popped = found.take(count).collect::<Result<Vec<Scored>>>()?;
    let op = if max { "zpopmax" } else { "zpopmin" };
    remove_all(held, rows, head, &popped, op);
    let pairs = popped.into_iter();
    let replies = pairs.flat_map(|(member, score)| [Reply::Bytes(member), Reply::Float(score)]);
    Ok(Reply::List(replies.collect()))
}

pub(in crate::op) fn remove_range(
    held: &Held<'_>,
    rows: &mut Overlay<'_>,
    range: &ZsetRange,
) -> Result<Reply, Stop> {
    let Some(head) = held.of(Kind::Zset)? else {
        return Ok(Reply::Int(0));
    };
    let zset = Zset::new(&*rows, held.key(), head);
    let (doomed, op) = match range {
        ZsetRange::Rank { start, stop } => {
            let doomed = zset.range_by_rank(*start, *stop, false)?;
            (doomed, "zremrangebyrank")
        }
        ZsetRange::Score { min, max } => {
            let doomed = zset.between_scores(*min, *max, false);
            (doomed.collect::<Result<_>>()?, "zremrangebyscore")
        }
        ZsetRange::Lex { min, max } => {
            let doomed = zset.between_members(min, max, false);
            (doomed.collect::<Result<_>>()?, "zremrangebylex")
        }
    };
    Ok(remove_all(held, rows, head, &doomed, op))
}

/// Writes a whole sorted set under a new head. Of the same member twice, the
/// last counts.
pub(in crate::op) fn write_all(
    rows: &mut Overlay<'_>,
    key: &Key,
    head: &mut Head,
    members: &[(Bytes, f64)],
) {
    let elements = Elements::of(key, head);
    let distinct: BTreeMap<&Bytes, f64> = members.iter().map(|(m, score)| (m, *score)).collect();
    head.count = distinct.len() as u64;
    for (member, score) in distinct {
        put(rows, &elements, member, None, score);
    }
}
