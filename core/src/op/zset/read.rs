//! Reading sorted sets.

use bytes::Bytes;

use super::order::{self, SCORE_BYTES};
use super::{MEMBER, SCORE};
use crate::error::{Error, Result};
use crate::op::elements::Elements;
use crate::op::held::{Answer, find, with};
use crate::op::list::span;
use crate::op::pick::sample;
use crate::op::{LexBound, ScoreBound};
use crate::record::rows::Rows;
use crate::record::{Head, Key, Kind};

/// A member and its score.
pub type Scored = (Bytes, f64);

/// Some members of a range: how many to skip, how many to take at most.
#[derive(Clone, Copy, Debug, Default)]
pub struct Window {
    /// From the greatest to the least?
    pub reverse: bool,
    /// How many to skip.
    pub offset: u64,
    /// How many at most; `None` = all.
    pub count: Option<u64>,
}

impl Window {
    fn of<T>(self, found: impl Iterator<Item = Result<T>>) -> Result<Vec<T>> {
        let skip = usize::try_from(self.offset).unwrap_or(usize::MAX);
        let count = self.count.unwrap_or(u64::MAX);
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        found.skip(skip).take(count).collect()
    }
}

/// A sorted set, open for reading.
pub struct Zset<'a> {
    rows: &'a dyn Rows,
    elements: Elements,
    count: u64,
}

impl<'a> Zset<'a> {
    /// The sorted set under a head, which must be one.
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

    /// Never: a sorted set without members is not there.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// A member's score.
    pub fn score(&self, member: &[u8]) -> Result<Option<f64>> {
        let found = self.elements.get(self.rows, MEMBER, member)?;
        found.map(|value| stored_score(&value)).transpose()
    }

    /// How many members come before a member, and its score.
    pub fn rank(&self, member: &[u8], reverse: bool) -> Result<Option<(u64, f64)>> {
        let Some(score) = self.score(member)? else {
            return Ok(None);
        };
        let mut from = self.elements.row(SCORE, &[]);
        let mut to = self.elements.row(SCORE, &[&order::encode(score), member]);
        if reverse {
            from = to;
            from.push(0);
            to = self.elements.end(SCORE);
        }
        let rank = count(self.elements.scan(self.rows, &from, &to, false))?;
        Ok(Some((rank, score)))
    }

    /// Members and scores from the least score to the greatest, or the other
    /// way round, read as they are asked for.
    pub fn iter(&self, reverse: bool) -> impl Iterator<Item = Result<Scored>> + Send + use<'a> {
        self.elements.all(self.rows, SCORE, reverse).map(by_score)
    }

    /// The members from one rank to another, both included; negative ranks
    /// count from the end, and ranks from the greatest score if `reverse`.
    pub fn range_by_rank(&self, start: i64, stop: i64, reverse: bool) -> Result<Vec<Scored>> {
        let places = span(start, stop, self.count);
        let length = places.end - places.start;
        // Walks from whichever end is nearer.
        let from_end = self.count - places.end;
        let is_far = places.start > from_end;
        let window = Window {
            reverse: reverse != is_far,
            offset: if is_far { from_end } else { places.start },
            count: Some(length),
        };
        let mut found = window.of(self.iter(window.reverse))?;
        if is_far {
            found.reverse();
        }
        Ok(found)
    }

    /// Members with scores from `min` to `max`, read as they are asked for.
    pub fn between_scores(
        &self,
        min: ScoreBound,
        max: ScoreBound,
        reverse: bool,
    ) -> impl Iterator<Item = Result<Scored>> + Send + use<'a> {
        let from = self.elements.row(SCORE, &[&min.begin()]);
        let to = self.elements.row(SCORE, &[&max.end()]);
        self.elements
            .scan(self.rows, &from, &to, reverse)
            .map(by_score)
    }

    /// Members from `min` to `max` in the order of their names, read as they
    /// are asked for.
    pub fn between_members(
        &self,
        min: &LexBound,
        max: &LexBound,
        reverse: bool,
    ) -> impl Iterator<Item = Result<Scored>> + Send + use<'a> {
        let from = min.begin().map(|from| self.elements.row(MEMBER, &[&from]));
        let to = max.end().map(|to| self.elements.row(MEMBER, &[&to]));
        let to = to.unwrap_or_else(|| self.elements.end(MEMBER));
        let from = from.unwrap_or_else(|| to.clone());
        self.elements
            .scan(self.rows, &from, &to, reverse)
            .map(by_member)
    }

    /// At most `count` members from one on in the order of their names, and
    /// the one to go on from.
    pub fn page(&self, from: &[u8], count: usize) -> Result<(Vec<Scored>, Option<Bytes>)> {
        let (page, next) = self.elements.page(self.rows, MEMBER, from, count)?;
        let page = page.into_iter().map(|element| by_member(Ok(element)));
        Ok((page.collect::<Result<_>>()?, next))
    }

    /// Members at random: `count` different ones, or as often as its size if
    /// it is negative.
    pub fn random(&self, count: i64, seed: u64) -> Result<Vec<Scored>> {
        let all = self.elements.all(self.rows, MEMBER, false).map(by_member);
        sample(all, self.count, count, seed)
    }
}

fn stored_score(value: &[u8]) -> Result<f64> {
    order::decode(value).ok_or_else(|| Error::corrupt("a sorted set's score does not decode"))
}

fn by_member(element: Result<(Bytes, Bytes)>) -> Result<Scored> {
    let (member, value) = element?;
    Ok((member, stored_score(&value)?))
}

fn by_score(element: Result<(Bytes, Bytes)>) -> Result<Scored> {
    let (mut name, _) = element?;
    if name.len() < SCORE_BYTES {
        return Err(Error::corrupt("a sorted set's row is shorter than a score"));
    }
    let score = stored_score(&name.split_to(SCORE_BYTES))?;
    Ok((name, score))
}

fn count<T>(found: impl Iterator<Item = Result<T>>) -> Result<u64> {
    let mut count = 0;
    for element in found {
        element?;
        count += 1;
    }
    Ok(count)
}

/// Opens a sorted set; `None` if there is none.
pub fn open<'a>(rows: &'a dyn Rows, key: &Key, now_ms: u64) -> Answer<Option<Zset<'a>>> {
    let found = find(rows, key, now_ms, Kind::Zset)?;
    Ok(found.map(|head| head.map(|head| Zset::new(rows, key, &head))))
}

/// How many members there are.
pub fn len(rows: &dyn Rows, key: &Key, now_ms: u64) -> Answer<u64> {
    with(open(rows, key, now_ms), |zset| Ok(zset.len()))
}

/// A member's score.
pub fn score(rows: &dyn Rows, key: &Key, now_ms: u64, member: &[u8]) -> Answer<Option<f64>> {
    with(open(rows, key, now_ms), |zset| zset.score(member))
}

/// How many members come before a member, and its score; see [`Zset::rank`].
pub fn rank(
    rows: &dyn Rows,
    key: &Key,
    now_ms: u64,
    member: &[u8],
    reverse: bool,
) -> Answer<Option<(u64, f64)>> {
    with(open(rows, key, now_ms), |zset| zset.rank(member, reverse))
}

/// The members from one rank to another; see [`Zset::range_by_rank`].
pub fn range_by_rank(
    rows: &dyn Rows,
    key: &Key,
    now_ms: u64,
    (start, stop): (i64, i64),
    reverse: bool,
) -> Answer<Vec<Scored>> {
    with(open(rows, key, now_ms), |zset| {
        zset.range_by_rank(start, stop, reverse)
    })
}

/// The members with scores from `min` to `max`.
pub fn range_by_score(
    rows: &dyn Rows,
    key: &Key,
    now_ms: u64,
    (min, max): (ScoreBound, ScoreBound),
    window: Window,
) -> Answer<Vec<Scored>> {
    with(open(rows, key, now_ms), |zset| {
        window.of(zset.between_scores(min, max, window.reverse))
    })
}

/// The members from `min` to `max` in the order of their names.
pub fn range_by_lex(
    rows: &dyn Rows,
    key: &Key,
    now_ms: u64,
    (min, max): (&LexBound, &LexBound),
    window: Window,
) -> Answer<Vec<Scored>> {
    with(open(rows, key, now_ms), |zset| {
        window.of(zset.between_members(min, max, window.reverse))
    })
}

/// How many members have scores from `min` to `max`.
pub fn count_by_score(
    rows: &dyn Rows,
    key: &Key,
    now_ms: u64,
    min: ScoreBound,
    max: ScoreBound,
) -> Answer<u64> {
    with(open(rows, key, now_ms), |zset| {
        count(zset.between_scores(min, max, false))
    })
}

/// How many members lie from `min` to `max`.
pub fn count_by_lex(
    rows: &dyn Rows,
    key: &Key,
    now_ms: u64,
    min: &LexBound,
    max: &LexBound,
) -> Answer<u64> {
    with(open(rows, key, now_ms), |zset| {
        count(zset.between_members(min, max, false))
    })
}

/// Members at random; see [`Zset::random`].
pub fn random(
    rows: &dyn Rows,
    key: &Key,
    now_ms: u64,
    count: i64,
    seed: u64,
) -> Answer<Vec<Scored>> {
    with(open(rows, key, now_ms), |zset| zset.random(count, seed))
}

/// At most `count` members from one on, and the one to go on from.
pub fn scan_from(
    rows: &dyn Rows,
    key: &Key,
    now_ms: u64,
    from: &[u8],
    count: usize,
) -> Answer<(Vec<Scored>, Option<Bytes>)> {
    with(open(rows, key, now_ms), |zset| zset.page(from, count))
}
