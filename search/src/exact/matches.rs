//! The records that match: the index's hits and the tail's, as one list.

use std::iter::Peekable;
use std::sync::Arc;
use std::vec::IntoIter;

use stele_core::record::rows::Rows;
use stele_core::record::{Head, Key, head};
use tantivy::query::Query as Compiled;

use super::best::{Every, Hit, best};
use super::ready::Ready;
use super::tail::Aside;
use crate::error::Result;
use crate::index::key_of;
use crate::query::Query;

/// After a hit whose record is gone, so many more are asked for.
const MORE: usize = 4;

/// With a higher limit, all hits are looked at instead.
const BEST_MAX: usize = 100_000;

/// A record of the view that matches.
#[derive(Clone, Debug)]
pub struct Match {
    /// Its key.
    pub key: Key,
    /// As the view has it.
    pub head: Head,
    /// How well it matches.
    pub score: f32,
}

/// Matches, best first.
pub struct Matches<'a> {
    ready: &'a Ready,
    rows: &'a dyn Rows,
    now_ms: u64,
    query: Query,
    hits: Hits,
    tail: Option<Arc<super::ready::Tail>>,
    apart: Peekable<IntoIter<Hit>>,
    /// The index's next hit, when the tail's came first.
    waiting: Option<Match>,
    left: usize,
}

/// The index's hits.
enum Hits {
    None,
    /// The first so many, and how many of them there were.
    Best {
        query: Box<dyn Compiled>,
        hits: IntoIter<Hit>,
        wanted: usize,
        is_all: bool,
    },
    Every(Every),
}

impl Hits {
    fn best(ready: &Ready, query: Box<dyn Compiled>, wanted: usize, skip: usize) -> Result<Self> {
        let found = best(
            &ready.searcher,
            &*query,
            wanted,
            &ready.patience(),
            &ready.serving.columns,
        )?;
        let is_all = found.len() < wanted;
        let mut hits = found.into_iter();
        if let Some(last) = skip.checked_sub(1) {
            hits.nth(last);
        }
        Ok(Self::Best {
            query,
            hits,
            wanted,
            is_all,
        })
    }

    fn next(&mut self, ready: &Ready) -> Result<Option<Hit>> {
        loop {
            match self {
                Self::None => return Ok(None),
                Self::Every(every) => return every.next(),
                Self::Best {
                    query,
                    hits,
                    wanted,
                    is_all,
                } => match hits.next() {
                    None if !*is_all => {
                        let more = wanted.saturating_mul(MORE);
                        *self = Self::best(ready, query.box_clone(), more, *wanted)?;
                    }
                    hit => return Ok(hit),
                },
            }
        }
    }
}

impl<'a> Matches<'a> {
    /// The view's records that match, `limit` of them at most.
    pub(super) fn new(
        ready: &'a Ready,
        query: Query,
        view: (&'a dyn Rows, u64),
        limit: Option<usize>,
        count_max: usize,
    ) -> Result<Self> {
        let (rows, now_ms) = view;
        let tail = ready.tail(rows, now_ms)?;
        let compile = ready.compile();
        let apart = tail.aside.as_ref();
        let apart = apart.map(|aside| aside.hits(&query, &compile, &ready.searcher));
        let compiled = compile.over(&query, &ready.searcher)?;
        let hits = match limit {
            Some(0) => Hits::None,
            Some(limit) if limit <= BEST_MAX => {
                // What the index says of the tail's rows is left out.
                let wanted = limit.saturating_add(tail.keys.len());
                Hits::best(ready, compiled, wanted, 0)?
            }
            _ => Hits::Every(Every::find(
                &ready.searcher,
                &*compiled,
                &ready.serving.columns,
                count_max,
            )?),
        };
        Ok(Self {
            ready,
            rows,
            now_ms,
            query,
            hits,
            tail: Some(tail),
            apart: apart
                .transpose()?
                .unwrap_or_default()
                .into_iter()
                .peekable(),
            waiting: None,
            left: limit.unwrap_or(usize::MAX),
        })
    }

    /// Those of these records that match, whatever the index says of them.
    pub(super) fn among(
        ready: &'a Ready,
        query: Query,
        (rows, now_ms): (&'a dyn Rows, u64),
        keys: &[Key],
    ) -> Result<Self> {
        let aside = Aside::of(&ready.serving, keys.iter(), rows, now_ms)?;
        let apart = aside.hits(&query, &ready.compile(), &ready.searcher)?;
        Ok(Self {
            ready,
            rows,
            now_ms,
            query,
            hits: Hits::None,
            tail: None,
            apart: apart.into_iter().peekable(),
            waiting: None,
            left: usize::MAX,
        })
    }

    /// The record of a hit, as the view has it.
    fn matched(&self, hit: &Hit) -> Result<Option<Match>> {
        let Some(key) = key_of(self.ready.serving.table.storage, &hit.key) else {
            return Ok(None);
        };
        let head = head::live(self.rows, &key, self.now_ms)?;
        Ok(head.map(|head| Match {
            key,
            head,
            score: hit.score,
        }))
    }

    /// The index's next hit that is a record of the view and not one of the tail's.
    fn indexed(&mut self) -> Result<Option<Match>> {
        if let Some(waiting) = self.waiting.take() {
            return Ok(Some(waiting));
        }
        while let Some(hit) = self.hits.next(self.ready)? {
            let Some(found) = self.matched(&hit)? else {
                continue;
            };
            let is_apart = |tail: &Arc<super::ready::Tail>| tail.keys.contains(&found.key);
            if self.tail.as_ref().is_some_and(is_apart) {
                continue;
            }
            if found.head.stamp.0 == hit.stamp {
                return Ok(Some(found));
            }
            // Another version than was indexed, and the feed has not said so yet.
            if let Some(found) = self.judged(found)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// A record, if it matches as it is.
    fn judged(&self, found: Match) -> Result<Option<Match>> {
        let keys = std::slice::from_ref(&found.key);
        let aside = Aside::of(&self.ready.serving, keys.iter(), self.rows, self.now_ms)?;
        let hits = aside.hits(&self.query, &self.ready.compile(), &self.ready.searcher)?;
        Ok(hits.first().map(|hit| Match {
            score: hit.score,
            ..found
        }))
    }

    fn advance(&mut self) -> Result<Option<Match>> {
        let indexed = self.indexed()?;
        let Some(apart) = self.apart.peek() else {
            return Ok(indexed);
        };
        if let Some(found) = indexed {
            let place = Hit {
                score: found.score,
                key: crate::index::key_bytes(&found.key),
                stamp: 0,
            };
            if place.order(apart).is_lt() {
                return Ok(Some(found));
            }
            self.waiting = Some(found);
        }
        match self.apart.next() {
            // It was read from this very view.
            Some(hit) => self.matched(&hit),
            None => Ok(None),
        }
    }
}

impl Iterator for Matches<'_> {
    type Item = Result<Match>;

    fn next(&mut self) -> Option<Result<Match>> {
        self.left = self.left.checked_sub(1)?;
        self.advance().transpose()
    }
}
