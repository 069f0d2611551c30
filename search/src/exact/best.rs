//! What an index finds: the best documents first, equally good ones by their records' keys.

use std::cmp::Ordering;
use std::sync::Arc;

use tantivy::query::{EnableScoring, Query as Compiled};
use tantivy::{DocAddress, Score, Searcher};

use crate::error::{Error, Result};
use crate::index::{Columns, OpenColumns};
use crate::query::{self, Deadline};

/// A document that matches.
#[derive(Clone, Debug, PartialEq)]
pub struct Hit {
    /// How well.
    pub score: Score,
    /// The record's key inside its table, as the index has it.
    pub key: Vec<u8>,
    /// The stamp of the row that was indexed.
    pub stamp: u64,
}

impl Hit {
    /// The better one first.
    pub fn order(&self, other: &Self) -> Ordering {
        let by_score = other.score.total_cmp(&self.score);
        by_score.then_with(|| self.key.cmp(&other.key))
    }
}

fn broken() -> Error {
    Error::Corrupt("the search index: an entry has no key".to_owned())
}

/// The first `limit` hits.
pub fn best(
    searcher: &Searcher,
    query: &dyn Compiled,
    limit: usize,
    deadline: &Deadline,
    columns: &OpenColumns,
) -> Result<Vec<Hit>> {
    let columns = columns.of(searcher)?;
    let found = query::best(searcher, query, limit, deadline, &columns)?;
    let hit = |scored: query::Scored| {
        let columns = columns.get(scored.at.segment_ord as usize);
        let columns = columns.ok_or_else(broken)?;
        Ok(Hit {
            score: scored.score,
            key: scored.key,
            stamp: columns.stamp(scored.at.doc_id),
        })
    };
    found.into_iter().map(hit).collect()
}

/// Every hit, without its key until it is wanted.
pub struct Every {
    columns: Vec<Arc<Columns>>,
    /// Best last; within one score in no order.
    places: Vec<(Score, DocAddress)>,
    /// Hits of one score, the next one last.
    run: Vec<Hit>,
}

/// What one of [`Every`]'s hits occupies, bytes.
pub const PLACE_BYTES: usize = size_of::<(Score, DocAddress)>() + size_of::<Hit>() + 32;

impl Every {
    /// Finds all; `count_max` hits at most.
    pub fn find(
        searcher: &Searcher,
        query: &dyn Compiled,
        columns: &OpenColumns,
        count_max: usize,
    ) -> Result<Self> {
        let weight = query.weight(EnableScoring::enabled_from_searcher(searcher))?;
        let mut places = Vec::new();
        let mut is_full = false;
        for (segment_ord, segment) in (0..).zip(searcher.segment_readers()) {
            let alive = segment.alive_bitset();
            weight.for_each(segment, &mut |doc, score| {
                is_full |= places.len() >= count_max;
                if !is_full && alive.is_none_or(|alive| alive.is_alive(doc)) {
                    places.push((score, DocAddress::new(segment_ord, doc)));
                }
            })?;
        }
        if is_full {
            return Err(Error::TooMany(format!(
                "more than {count_max} rows match: there is no room for more"
            )));
        }
        places.sort_unstable_by(|(left, _), (right, _)| left.total_cmp(right));
        Ok(Self {
            columns: columns.of(searcher)?,
            places,
            run: Vec::new(),
        })
    }

    /// The next best.
    pub fn next(&mut self) -> Result<Option<Hit>> {
        if self.run.is_empty() {
            let Some((score, _)) = self.places.last().copied() else {
                return Ok(None);
            };
            while let Some((_, at)) = self.places.pop_if(|(other, _)| *other == score) {
                let columns = self.columns.get(at.segment_ord as usize);
                let columns = columns.ok_or_else(broken)?;
                self.run.push(Hit {
                    score,
                    key: columns.key(at.doc_id)?,
                    stamp: columns.stamp(at.doc_id),
                });
            }
            self.run.sort_by(|left, right| right.order(left));
        }
        Ok(self.run.pop())
    }
}
