//! Best: the first hits by relevance and, among equals, by the record's key.
//!
//! A segment keeps the best it has seen in a heap and tells the scorer the bar that the
//! next must reach, so that whole blocks of weaker documents are passed over. The bar lies
//! a little below the worst hit kept: an equal document may come before it by its key, and
//! a block's bound is a sum whose last digit depends on its order. Where entries lie in the
//! order of their keys the bar is the worst hit itself. What one segment kept is the bar of
//! the next.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering as Memory};

use tantivy::collector::{Collector, SegmentCollector};
use tantivy::query::{Query as Compiled, Weight};
use tantivy::{DocAddress, DocId, Score, Searcher, SegmentOrdinal, SegmentReader, TantivyError};

use super::deadline::Deadline;
use crate::error::Result;
use crate::index::Columns;

/// How far below the worst hit the bar lies, as a part of its score.
const SLACK: Score = 1e-6;
/// The bar that nothing reaches: what is left of a segment is passed over.
const CLOSED: Score = Score::INFINITY;

/// A hit by relevance.
#[derive(Clone, Debug)]
pub struct Scored {
    /// Where it is.
    pub at: DocAddress,
    /// Its relevance.
    pub score: Score,
    /// Its key, as entries have it.
    pub key: Vec<u8>,
}

/// The first `limit` hits of a query, best first; equals are in the order of their keys.
pub fn best(
    searcher: &Searcher,
    query: &dyn Compiled,
    limit: usize,
    deadline: &Deadline,
    columns: &[Arc<Columns>],
) -> Result<Vec<Scored>> {
    let collector = Best {
        limit,
        bar: AtomicU32::new(Score::MIN.to_bits()),
        deadline: deadline.clone(),
        columns,
    };
    let mut kept = searcher.search(query, &collector)?;
    kept.sort_by(|left, right| right.score.total_cmp(&left.score));
    // Keys are read of those alone that can be among the first: the last of them, and its equals.
    if let Some(worst) = limit.checked_sub(1).and_then(|last| kept.get(last)) {
        let worst = worst.score;
        kept.retain(|kept| kept.score >= worst);
    }
    let mut hits = named(columns, &kept)?;
    hits.sort_by(|left, right| {
        let by_score = right.score.total_cmp(&left.score);
        by_score.then_with(|| left.key.cmp(&right.key))
    });
    hits.truncate(limit);
    Ok(hits)
}

/// Reads the keys of what was kept, segment by segment in the order of the dictionary.
fn named(columns: &[Arc<Columns>], kept: &[Kept]) -> Result<Vec<Scored>> {
    let mut hits = Vec::with_capacity(kept.len());
    for (segment, columns) in (0..).zip(columns) {
        let members = kept.iter().filter(|kept| kept.segment == segment);
        let mut members: Vec<(u64, &Kept)> = members
            .map(|kept| (columns.place(kept.doc), kept))
            .collect();
        members.sort_by_key(|(place, _)| *place);
        let places: Vec<u64> = members.iter().map(|(place, _)| *place).collect();
        let mut members = members.iter();
        columns.keys(&places, |key| {
            hits.extend(members.next().map(|(_, kept)| Scored {
                at: DocAddress::new(segment, kept.doc),
                score: kept.score,
                key: key.to_vec(),
            }));
        })?;
    }
    Ok(hits)
}

struct Best<'a> {
    limit: usize,
    /// The bits of the highest bar that a segment ended with.
    bar: AtomicU32,
    deadline: Deadline,
    /// Those of each segment.
    columns: &'a [Arc<Columns>],
}

/// A document in a segment's heap: the worst is on top.
#[derive(Clone, Debug)]
struct Kept {
    score: Score,
    /// Among its segment's equals.
    rank: u64,
    doc: DocId,
    segment: SegmentOrdinal,
}

impl Ord for Kept {
    fn cmp(&self, other: &Self) -> Ordering {
        let worse = other.score.total_cmp(&self.score);
        worse.then_with(|| self.rank.cmp(&other.rank))
    }
}

impl PartialOrd for Kept {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Kept {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Kept {}

/// Collects one segment.
struct BestOfSegment {
    columns: Arc<Columns>,
    is_ascending: bool,
    limit: usize,
    segment: SegmentOrdinal,
    /// No document below this can be among the first.
    floor: Score,
    heap: BinaryHeap<Kept>,
}

impl BestOfSegment {
    /// What the next document must be better than.
    fn bar(&self) -> Score {
        match self.worst() {
            Some(worst) if self.is_ascending => self.floor.max(worst),
            Some(worst) => self.floor.max(below(worst)),
            None => self.floor,
        }
    }

    /// The score of the worst hit that was kept; `None` while there is room for more.
    fn worst(&self) -> Option<Score> {
        let worst = self.heap.peek().map(|worst| worst.score);
        worst.filter(|_| self.heap.len() >= self.limit)
    }
}

/// A bar that equals of a hit pass.
fn below(score: Score) -> Score {
    (score * (1.0 - SLACK)).next_down()
}

impl SegmentCollector for BestOfSegment {
    type Fruit = Vec<Kept>;

    fn collect(&mut self, doc: DocId, score: Score) {
        let is_full = self.heap.len() >= self.limit;
        if is_full && self.heap.peek().is_none_or(|worst| score < worst.score) {
            return;
        }
        let candidate = Kept {
            score,
            rank: self.columns.rank(doc),
            doc,
            segment: self.segment,
        };
        if is_full {
            if self.heap.peek().is_some_and(|worst| candidate >= *worst) {
                return;
            }
            self.heap.pop();
        }
        self.heap.push(candidate);
    }

    fn harvest(self) -> Vec<Kept> {
        self.heap.into_vec()
    }
}

impl Collector for Best<'_> {
    type Fruit = Vec<Kept>;
    type Child = BestOfSegment;

    fn for_segment(
        &self,
        segment: SegmentOrdinal,
        _: &SegmentReader,
    ) -> tantivy::Result<BestOfSegment> {
        let columns = self.columns.get(segment as usize).ok_or_else(|| {
            TantivyError::SystemError(format!("segment {segment} has no columns"))
        })?;
        Ok(BestOfSegment {
            is_ascending: columns.is_ascending(),
            columns: columns.clone(),
            limit: self.limit,
            segment,
            floor: Score::from_bits(self.bar.load(Memory::Relaxed)),
            heap: BinaryHeap::new(),
        })
    }

    fn requires_scoring(&self) -> bool {
        true
    }

    fn merge_fruits(&self, kept: Vec<Vec<Kept>>) -> tantivy::Result<Vec<Kept>> {
        Ok(kept.into_iter().flatten().collect())
    }

    fn collect_segment(
        &self,
        weight: &dyn Weight,
        segment: SegmentOrdinal,
        reader: &SegmentReader,
    ) -> tantivy::Result<Vec<Kept>> {
        if self.deadline.is_over() {
            return Ok(Vec::new());
        }
        let mut best = self.for_segment(segment, reader)?;
        let alive = reader.alive_bitset();
        let mut ticks = self.deadline.ticks();
        weight.for_each_pruning(best.floor, reader, &mut |doc, score| {
            if ticks.is_over_after(1) {
                return CLOSED;
            }
            if alive.is_none_or(|alive| alive.is_alive(doc)) {
                best.collect(doc, score);
            }
            best.bar()
        })?;
        // One segment after the other: what a later one reads is the highest so far.
        let bar = best.worst().map_or(best.floor, below).max(best.floor);
        self.bar.store(bar.to_bits(), Memory::Relaxed);
        Ok(best.harvest())
    }
}
