//! A keyspace as plain collections: what the folds are judged against.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bytes::Bytes;

use super::number::{Number, parse_int};
use super::{
    Condition, Content, ExpireCondition, Expiry, LexBound, Op, OpError, Reply, ScoreBound,
    ZsetRange,
};

/// What a record holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    String(Bytes),
    Hash(BTreeMap<Bytes, Bytes>),
    List(VecDeque<Bytes>),
    Set(BTreeSet<Bytes>),
    Zset(BTreeMap<Bytes, f64>),
}

impl Value {
    fn is_empty(&self) -> bool {
        match self {
            Self::String(_) => false,
            Self::Hash(fields) => fields.is_empty(),
            Self::List(values) => values.is_empty(),
            Self::Set(members) => members.is_empty(),
            Self::Zset(members) => members.is_empty(),
        }
    }
}

/// Records and their deadlines.
#[derive(Default)]
pub struct Model {
    pub records: BTreeMap<Bytes, (Value, Option<u64>)>,
}

/// A kind's way in: from any value to that kind's, or the refusal.
macro_rules! open {
    ($name:ident, $kind:ident, $inner:ty) => {
        fn $name(value: &mut Option<Value>) -> Result<&mut $inner, OpError> {
            match value.get_or_insert_with(|| Value::$kind(Default::default())) {
                Value::$kind(inner) => Ok(inner),
                _ => Err(OpError::WrongType),
            }
        }
    };
}

open!(string, String, Bytes);
open!(hash, Hash, BTreeMap<Bytes, Bytes>);
open!(list, List, VecDeque<Bytes>);
open!(set, Set, BTreeSet<Bytes>);
open!(zset, Zset, BTreeMap<Bytes, f64>);

fn int(count: usize) -> Reply {
    Reply::Int(count as i64)
}

/// Members by score and, among equals, by name.
pub fn ranked(members: &BTreeMap<Bytes, f64>) -> Vec<(Bytes, f64)> {
    let mut ranked: Vec<_> = members
        .iter()
        .map(|(m, score)| (m.clone(), *score))
        .collect();
    ranked.sort_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)));
    ranked
}

/// Does a score lie in a range?
pub fn in_scores(score: f64, min: ScoreBound, max: ScoreBound) -> bool {
    let above = score > min.score || (score == min.score && !min.exclusive);
    let below = score < max.score || (score == max.score && !max.exclusive);
    above && below
}

/// Does a member lie in a range?
pub fn in_members(member: &Bytes, min: &LexBound, max: &LexBound) -> bool {
    let above = match min {
        LexBound::Min => true,
        LexBound::Max => false,
        LexBound::Included(bound) => member >= bound,
        LexBound::Excluded(bound) => member > bound,
    };
    let below = match max {
        LexBound::Min => false,
        LexBound::Max => true,
        LexBound::Included(bound) => member <= bound,
        LexBound::Excluded(bound) => member < bound,
    };
    above && below
}

/// The places Redis means by two indexes, as a plain filter.
pub fn in_range(place: usize, start: i64, stop: i64, count: usize) -> bool {
    let count = count as i64;
    let resolve = |index: i64| if index < 0 { index + count } else { index };
    (resolve(start)..=resolve(stop)).contains(&(place as i64))
}

impl Model {
    /// What an op ought to answer and do. Choices are taken from `actual`.
    pub fn run(
        &mut self,
        key: &Bytes,
        op: &Op,
        now_ms: u64,
        actual: &Result<Reply, OpError>,
    ) -> Result<Reply, OpError> {
        let live = self.records.get(key).cloned();
        let live = live.filter(|(_, expire)| expire.is_none_or(|at| at > now_ms));
        let (mut value, mut expire) = live.map_or((None, None), |(v, e)| (Some(v), e));
        let reply =
            whole(&mut value, &mut expire, op).unwrap_or_else(|| inside(&mut value, op, actual))?;
        match value.filter(|value| !value.is_empty() && expire.is_none_or(|at| at > now_ms)) {
            Some(value) => {
                self.records.insert(key.clone(), (value, expire));
            }
            None => {
                self.records.remove(key);
            }
        }
        Ok(reply)
    }
}

/// Ops that concern the record and its deadline.
fn whole(
    value: &mut Option<Value>,
    expire: &mut Option<u64>,
    op: &Op,
) -> Option<Result<Reply, OpError>> {
    let before = match value {
        Some(Value::String(body)) => Ok(Reply::Bytes(body.clone())),
        None => Ok(Reply::None),
        _ => Err(OpError::WrongType),
    };
    let deadline = |expiry: &Expiry, old: Option<u64>| match expiry {
        Expiry::Clear => None,
        Expiry::Keep => old,
        Expiry::At(at_ms) => Some(*at_ms),
    };
    Some(Ok(match op {
        Op::Delete => int(usize::from(value.take().is_some())),
        Op::Expire { at_ms, condition } => {
            let endless = expire.map_or(u64::MAX as u128 + 1, u128::from);
            let holds = match condition {
                ExpireCondition::Always => true,
                ExpireCondition::Nx => expire.is_none(),
                ExpireCondition::Xx => expire.is_some(),
                ExpireCondition::Gt => u128::from(*at_ms) > endless,
                ExpireCondition::Lt => u128::from(*at_ms) < endless,
                ExpireCondition::XxLt => expire.is_some_and(|before| *at_ms < before),
            };
            let holds = holds && value.is_some();
            if holds {
                *expire = Some(*at_ms);
            }
            int(usize::from(holds))
        }
        Op::Persist => int(usize::from(expire.take().is_some())),
        Op::Replace { content, expire_ms } => {
            *expire = *expire_ms;
            *value = Some(match content.clone() {
                Content::String(body) => Value::String(body),
                Content::Hash(fields) => Value::Hash(fields.into_iter().collect()),
                Content::List(values) => Value::List(values.into()),
                Content::Set(members) => Value::Set(members.into_iter().collect()),
                Content::Zset(members) => Value::Zset(members.into_iter().collect()),
            });
            Reply::Done
        }
        Op::Set {
            value: new,
            expiry,
            condition,
            get,
        } => {
            if *get && before.is_err() {
                return Some(before);
            }
            let holds = match condition {
                Condition::Always => true,
                Condition::IfAbsent => value.is_none(),
                Condition::IfPresent => value.is_some(),
            };
            if holds {
                *expire = deadline(expiry, *expire);
                *value = Some(Value::String(new.clone()));
            }
            match (get, holds) {
                (true, _) => return Some(before),
                (_, true) => Reply::Done,
                (_, false) => Reply::None,
            }
        }
        Op::GetDelete => {
            if before.is_ok() {
                *value = None;
            }
            return Some(before);
        }
        Op::GetExpire(expiry) => {
            if before.is_ok() && value.is_some() {
                *expire = deadline(expiry, *expire);
            }
            return Some(before);
        }
        _ => return None,
    }))
}

/// Ops that concern what the record holds.
fn inside(
    value: &mut Option<Value>,
    op: &Op,
    actual: &Result<Reply, OpError>,
) -> Result<Reply, OpError> {
    match op {
        Op::Append(..) | Op::SetRange { .. } | Op::SetBit { .. } | Op::Add(_) | Op::AddFloat(_) => {
            strings(value, op)
        }
        Op::HashSet { .. }
        | Op::HashSetIfAbsent { .. }
        | Op::HashDelete { .. }
        | Op::HashAdd { .. }
        | Op::HashAddFloat { .. } => hashes(hash(value)?, op),
        Op::ListPop { .. } | Op::ListSet { .. } if value.is_none() => match op {
            Op::ListPop { .. } => Ok(Reply::None),
            _ => Err(OpError::NoKey),
        },
        Op::SetAdd { .. } | Op::SetRemove { .. } | Op::SetPop { .. } => {
            sets(set(value)?, op, actual)
        }
        Op::ZsetAdd { .. } => zset_add(zset(value)?, op),
        Op::ZsetRemove { .. } | Op::ZsetPop { .. } | Op::ZsetRemoveRange(_) => {
            zset_remove(zset(value)?, op)
        }
        _ => lists(list(value)?, op),
    }
}

fn strings(value: &mut Option<Value>, op: &Op) -> Result<Reply, OpError> {
    let was_absent = value.is_none();
    let body = string(value)?;
    let mut copy = body.to_vec();
    let stretch = |copy: &mut Vec<u8>, length: usize| copy.resize(copy.len().max(length), 0);
    let reply = match op {
        Op::Append(more) => {
            copy.extend_from_slice(more);
            int(copy.len())
        }
        Op::SetRange { value: more, .. } if more.is_empty() => {
            let length = copy.len();
            if was_absent {
                *value = None;
            }
            return Ok(int(length));
        }
        Op::SetRange {
            offset,
            value: more,
        } => {
            let offset = *offset as usize;
            stretch(&mut copy, offset + more.len());
            copy[offset..offset + more.len()].copy_from_slice(more);
            int(copy.len())
        }
        Op::SetBit { offset, bit } => {
            let (byte, shift) = ((*offset / 8) as usize, 7 - offset % 8);
            stretch(&mut copy, byte + 1);
            let old = copy[byte] >> shift & 1;
            copy[byte] = copy[byte] & !(1 << shift) | u8::from(*bit) << shift;
            Reply::Int(i64::from(old))
        }
        Op::Add(delta) => {
            let old = if was_absent {
                Some(0)
            } else {
                parse_int(&copy)
            };
            let sum = old.ok_or(OpError::NotInteger)?.checked_add(*delta);
            let sum = sum.ok_or(OpError::Overflow)?;
            copy = sum.to_string().into_bytes();
            Reply::Int(sum)
        }
        Op::AddFloat(delta) => {
            let old = if was_absent { &b"0"[..] } else { &copy };
            let old = Number::parse(old).ok_or(OpError::NotFloat)?;
            let sum = old.add(&Number::parse(delta).ok_or(OpError::NotFloat)?)?;
            copy = sum.into_bytes();
            Reply::Bytes(copy.clone().into())
        }
        other => unreachable!("{other:?} is no string's"),
    };
    *body = copy.into();
    Ok(reply)
}

fn hashes(fields: &mut BTreeMap<Bytes, Bytes>, op: &Op) -> Result<Reply, OpError> {
    Ok(match op {
        Op::HashSet { fields: new } => {
            let before = fields.len();
            fields.extend(new.iter().cloned());
            int(fields.len() - before)
        }
        Op::HashSetIfAbsent { field, value } => {
            let is_new = !fields.contains_key(field);
            fields.entry(field.clone()).or_insert_with(|| value.clone());
            int(usize::from(is_new))
        }
        Op::HashDelete { fields: doomed } => int(doomed
            .iter()
            .filter(|field| fields.remove(*field).is_some())
            .count()),
        Op::HashAdd { field, delta } => {
            let old = fields.get(field).map_or(Some(0), |old| parse_int(old));
            let sum = old.ok_or(OpError::HashNotInteger)?.checked_add(*delta);
            let sum = sum.ok_or(OpError::Overflow)?;
            fields.insert(field.clone(), sum.to_string().into());
            Reply::Int(sum)
        }
        Op::HashAddFloat { field, delta } => {
            let delta = Number::parse(delta).ok_or(OpError::NotFloat)?;
            let old = fields.get(field).map_or(&b"0"[..], |old| old);
            let sum = Number::parse(old)
                .ok_or(OpError::HashNotFloat)?
                .add(&delta)?;
            fields.insert(field.clone(), sum.clone().into());
            Reply::Bytes(sum.into())
        }
        other => unreachable!("{other:?} is no hash's"),
    })
}

fn lists(values: &mut VecDeque<Bytes>, op: &Op) -> Result<Reply, OpError> {
    Ok(match op {
        Op::ListPush {
            left,
            values: new,
            must_exist,
        } => {
            if *must_exist && values.is_empty() {
                return Ok(Reply::Int(0));
            }
            for value in new.iter().cloned() {
                if *left {
                    values.push_front(value)
                } else {
                    values.push_back(value)
                }
            }
            int(values.len())
        }
        Op::ListPop { left, count } => {
            let mut popped = Vec::new();
            for _ in 0..*count {
                let value = if *left {
                    values.pop_front()
                } else {
                    values.pop_back()
                };
                popped.extend(value.map(Reply::Bytes));
            }
            Reply::List(popped)
        }
        Op::ListSet { index, value } => {
            let length = values.len() as i64;
            let place = if *index < 0 { index + length } else { *index };
            let place = usize::try_from(place).map_err(|_| OpError::IndexOutOfRange)?;
            *values.get_mut(place).ok_or(OpError::IndexOutOfRange)? = value.clone();
            Reply::Done
        }
        Op::ListInsert { .. } if values.is_empty() => Reply::Int(0),
        Op::ListInsert {
            before,
            pivot,
            value,
        } => match values.iter().position(|element| element == pivot) {
            Some(place) => {
                values.insert(place + usize::from(!before), value.clone());
                int(values.len())
            }
            None => Reply::Int(-1),
        },
        Op::ListRemove { count, value } => {
            let mut removed = 0;
            let limit = if *count == 0 {
                u64::MAX
            } else {
                count.unsigned_abs()
            };
            while removed < limit {
                let place = if *count < 0 {
                    values.iter().rposition(|element| element == value)
                } else {
                    values.iter().position(|element| element == value)
                };
                let Some(place) = place else { break };
                values.remove(place);
                removed += 1;
            }
            Reply::Int(removed as i64)
        }
        Op::ListTrim { start, stop } => {
            let count = values.len();
            let kept = values.iter().enumerate();
            let kept = kept.filter(|(place, _)| in_range(*place, *start, *stop, count));
            *values = kept.map(|(_, value)| value.clone()).collect();
            Reply::Done
        }
        other => unreachable!("{other:?} is no list's"),
    })
}

fn sets(
    members: &mut BTreeSet<Bytes>,
    op: &Op,
    actual: &Result<Reply, OpError>,
) -> Result<Reply, OpError> {
    Ok(match op {
        Op::SetAdd { members: new } => int(new
            .iter()
            .filter(|member| members.insert((*member).clone()))
            .count()),
        Op::SetRemove { members: doomed } => int(doomed
            .iter()
            .filter(|member| members.remove(*member))
            .count()),
        Op::SetPop { count, .. } => {
            let wanted = members.len().min(*count as usize);
            let Ok(Reply::List(popped)) = actual else {
                panic!("SPOP answered {actual:?}");
            };
            assert_eq!(popped.len(), wanted);
            for reply in popped {
                assert!(matches!(reply, Reply::Bytes(member) if members.remove(member)));
            }
            Reply::List(popped.clone())
        }
        other => unreachable!("{other:?} is no set's"),
    })
}

fn zset_add(scores: &mut BTreeMap<Bytes, f64>, op: &Op) -> Result<Reply, OpError> {
    let &Op::ZsetAdd {
        ref members,
        nx,
        xx,
        gt,
        lt,
        ch,
        incr,
    } = op
    else {
        unreachable!("{op:?} is not ZADD");
    };
    let mut copy = scores.clone();
    let (mut added, mut changed, mut last) = (0, 0, Reply::None);
    for (given, member) in members {
        let old = copy.get(member).copied();
        let new = if incr {
            old.unwrap_or(0.0) + given
        } else {
            *given
        };
        let is_kept = nx && old.is_some();
        if new.is_nan() && !is_kept {
            return Err(OpError::ScoreNotANumber);
        }
        let barred = match old {
            None => xx,
            Some(old) => nx || (gt && new <= old) || (lt && new >= old),
        };
        last = Reply::None;
        if !barred {
            added += usize::from(old.is_none());
            changed += usize::from(old.is_some_and(|old| old != new));
            copy.insert(member.clone(), new);
            last = Reply::Float(new);
        }
    }
    *scores = copy;
    Ok(match (incr, ch) {
        (true, _) => last,
        (_, true) => int(added + changed),
        _ => int(added),
    })
}

fn zset_remove(scores: &mut BTreeMap<Bytes, f64>, op: &Op) -> Result<Reply, OpError> {
    let all = ranked(scores);
    let count = all.len();
    let doomed: Vec<(Bytes, f64)> = match op {
        Op::ZsetRemove { members } => {
            let is_doomed = |(member, _): &(Bytes, f64)| members.contains(member);
            all.into_iter().filter(is_doomed).collect()
        }
        Op::ZsetPop { max, count } => {
            let count = *count as usize;
            let popped: Vec<_> = if *max {
                all.into_iter().rev().take(count).collect()
            } else {
                all.into_iter().take(count).collect()
            };
            popped.iter().for_each(|(member, _)| {
                scores.remove(member);
            });
            let pairs = popped.into_iter();
            let pairs = pairs.flat_map(|(member, s)| [Reply::Bytes(member), Reply::Float(s)]);
            return Ok(Reply::List(pairs.collect()));
        }
        Op::ZsetRemoveRange(range) => {
            let ranks = all.into_iter().enumerate();
            let doomed = ranks.filter(|(rank, (member, score))| match range {
                ZsetRange::Rank { start, stop } => in_range(*rank, *start, *stop, count),
                ZsetRange::Score { min, max } => in_scores(*score, *min, *max),
                ZsetRange::Lex { min, max } => in_members(member, min, max),
            });
            doomed.map(|(_, scored)| scored).collect()
        }
        other => unreachable!("{other:?} removes nothing"),
    };
    doomed.iter().for_each(|(member, _)| {
        scores.remove(member);
    });
    Ok(int(doomed.len()))
}
