//! Order: the first hits by any keys, and those after a given one.
//!
//! Each segment compares numbers: a date, a number or a text's place in the
//! segment's dictionary, all made to sort as unsigned integers. Only what is
//! kept is turned into values, which segments can compare with each other.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use serde_json::Value as Json;
use tantivy::collector::{Collector, SegmentCollector};
use tantivy::columnar::{BytesColumn, Column, MonotonicallyMappableToU64, StrColumn};
use tantivy::{DateTime, DocAddress, DocId, Score, SegmentOrdinal, SegmentReader};

use super::request::{Sort, SortBy};
use crate::document::Kind;
use crate::document::values::{Leaf, leaf};
use crate::error::{Error, Result};
use crate::index::{KEY, Shape};

/// A value hits are ordered by, comparable across segments.
#[derive(Clone, Debug, PartialEq)]
pub enum Ordered {
    /// There is none.
    Missing,
    /// Numbers, dates and truth values, made to sort.
    Number(u64),
    /// Text.
    Text(Vec<u8>),
}

/// What one key of the order reads.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Reads {
    /// The relevance.
    Score,
    /// The document's place.
    Doc,
    /// A field of a type.
    Field(Kind),
    /// A field that does not exist.
    Nothing,
    /// The record's key: it breaks every tie.
    Key,
}

/// One key of the order, as the index reads it.
#[derive(Clone, Debug)]
pub struct OrderKey {
    name: String,
    reads: Reads,
    descending: bool,
    missing_first: bool,
}

/// A document with what it is ordered by.
#[derive(Clone, Debug)]
pub struct Placed {
    /// Where it is.
    pub at: DocAddress,
    /// Its relevance, if that was asked for.
    pub score: Score,
    /// A value for each key, the last of which is the record's.
    pub values: Vec<Ordered>,
}

/// Collects the first `limit` documents of an order.
pub struct Order {
    /// The keys.
    pub keys: Vec<OrderKey>,
    /// How many are wanted.
    pub limit: usize,
    /// Only what comes after this.
    pub after: Option<Vec<Ordered>>,
    /// Relevance is wanted.
    pub scores: bool,
}

impl Order {
    /// Makes sense of an order for a shape.
    pub fn new(
        sorts: &[Sort],
        shape: &Shape,
        limit: usize,
        after: Option<&[Json]>,
    ) -> Result<Self> {
        let mut keys = sorts
            .iter()
            .map(|sort| OrderKey::new(sort, shape))
            .collect::<Result<Vec<_>>>()?;
        let after = after.map(|values| parse_after(&keys, values)).transpose()?;
        keys.push(OrderKey {
            name: KEY.to_owned(),
            reads: Reads::Key,
            descending: false,
            missing_first: false,
        });
        let scores = keys.iter().any(|key| key.reads == Reads::Score);
        Ok(Self {
            keys,
            limit,
            after,
            scores,
        })
    }

    /// Values as clients see them, without the last.
    pub fn shown(&self, values: &[Ordered]) -> Vec<Json> {
        let keys = self.keys.iter().filter(|key| key.reads != Reads::Key);
        keys.zip(values)
            .map(|(key, value)| key.shown(value))
            .collect()
    }

    fn compare(&self, left: &[Ordered], right: &[Ordered]) -> Ordering {
        let pairs = left.iter().zip(right).zip(&self.keys);
        pairs.fold(Ordering::Equal, |so_far, ((left, right), key)| {
            so_far.then_with(|| key.compare(left, right))
        })
    }
}

impl OrderKey {
    fn new(sort: &Sort, shape: &Shape) -> Result<Self> {
        let (name, reads) = match &sort.by {
            SortBy::Score => (String::new(), Reads::Score),
            SortBy::Doc => (String::new(), Reads::Doc),
            SortBy::Field(name) => match shape.field(name) {
                Some((_, field)) if field.kind == Kind::Text => {
                    return Err(Error::argument(format!(
                        "Fielddata is disabled on [{name}]. Text fields are not optimised for operations that require per-document field data like aggregations and sorting. Please use a keyword field instead."
                    )));
                }
                Some((_, field)) => (name.clone(), Reads::Field(field.kind)),
                None if sort.may_be_unmapped => (name.clone(), Reads::Nothing),
                None => {
                    return Err(Error::query(format!(
                        "No mapping found for [{name}] in order to sort on"
                    )));
                }
            },
        };
        Ok(Self {
            name,
            reads,
            descending: sort.descending,
            missing_first: sort.missing_first,
        })
    }

    fn compare(&self, left: &Ordered, right: &Ordered) -> Ordering {
        let missing = if self.missing_first {
            Ordering::Less
        } else {
            Ordering::Greater
        };
        let found = match (left, right) {
            (Ordered::Missing, Ordered::Missing) => return Ordering::Equal,
            (Ordered::Missing, _) => return missing,
            (_, Ordered::Missing) => return missing.reverse(),
            (Ordered::Number(left), Ordered::Number(right)) => left.cmp(right),
            (Ordered::Text(left), Ordered::Text(right)) => left.cmp(right),
            (Ordered::Number(_), Ordered::Text(_)) => Ordering::Less,
            (Ordered::Text(_), Ordered::Number(_)) => Ordering::Greater,
        };
        if self.descending {
            found.reverse()
        } else {
            found
        }
    }

    fn shown(&self, value: &Ordered) -> Json {
        match (value, self.reads) {
            (Ordered::Missing, _) => Json::Null,
            (Ordered::Text(text), _) => Json::String(String::from_utf8_lossy(text).into_owned()),
            (Ordered::Number(number), Reads::Score) => f64::from_u64(*number).into(),
            (Ordered::Number(number), Reads::Field(kind)) => match kind {
                Kind::Boolean => Json::from(u8::from(bool::from_u64(*number))),
                // As Elasticsearch: milliseconds.
                Kind::Date => DateTime::from_u64(*number).into_timestamp_millis().into(),
                kind if kind.is_float() => f64::from_u64(*number).into(),
                _ => i64::from_u64(*number).into(),
            },
            (Ordered::Number(number), _) => (*number).into(),
        }
    }

    /// Reads back what [`OrderKey::shown`] has printed.
    fn parse(&self, json: &Json) -> Option<Ordered> {
        if json.is_null() {
            return Some(Ordered::Missing);
        }
        Some(match self.reads {
            Reads::Score => Ordered::Number(json.as_f64()?.to_u64()),
            Reads::Doc => Ordered::Number(json.as_u64()?),
            Reads::Nothing | Reads::Key => Ordered::Missing,
            Reads::Field(Kind::Boolean) if json.is_number() => {
                Ordered::Number((json.as_u64()? != 0).to_u64())
            }
            Reads::Field(kind) => match leaf(kind, json).ok()?? {
                Leaf::Text(text) => Ordered::Text(text.into_bytes()),
                Leaf::Int(value) => Ordered::Number(value.to_u64()),
                Leaf::Float(value) => Ordered::Number(value.to_u64()),
                Leaf::Bool(value) => Ordered::Number(value.to_u64()),
                Leaf::Date(us) => Ordered::Number(crate::index::in_range(us)?.to_u64()),
            },
        })
    }
}

fn parse_after(keys: &[OrderKey], values: &[Json]) -> Result<Vec<Ordered>> {
    if keys.len() != values.len() {
        return Err(Error::argument(format!(
            "search_after has {} value(s) but sort has {}.",
            values.len(),
            keys.len()
        )));
    }
    let parse = |(key, json): (&OrderKey, &Json)| {
        let failed = || {
            Error::argument(format!(
                "Failed to parse search_after value for field [{}].",
                key.name
            ))
        };
        key.parse(json).ok_or_else(failed)
    };
    keys.iter().zip(values).map(parse).collect()
}

/// A segment's column for one key.
enum Source {
    Score,
    Doc,
    Numbers(Column<u64>),
    Texts(StrColumn),
    Keys(BytesColumn),
    Nothing,
}

/// Numbers that sort as the order asks, smallest first.
type Rank = Vec<u64>;

/// A document in a segment's heap: the worst is on top.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Ranked {
    rank: Rank,
    doc: DocId,
    score: u64,
}

/// Collects one segment.
pub struct SegmentOrder {
    keys: Vec<OrderKey>,
    sources: Vec<Source>,
    after: Option<Rank>,
    limit: usize,
    segment: SegmentOrdinal,
    heap: BinaryHeap<Ranked>,
}

impl Collector for Order {
    type Fruit = Vec<Placed>;
    type Child = SegmentOrder;

    fn for_segment(
        &self,
        segment: SegmentOrdinal,
        reader: &SegmentReader,
    ) -> tantivy::Result<SegmentOrder> {
        let sources = self
            .keys
            .iter()
            .map(|key| source(key, reader))
            .collect::<tantivy::Result<Vec<_>>>()?;
        let after = match &self.after {
            Some(values) => Some(rank_after(&self.keys, &sources, values)?),
            None => None,
        };
        Ok(SegmentOrder {
            keys: self.keys.clone(),
            sources,
            after,
            limit: self.limit,
            segment,
            heap: BinaryHeap::new(),
        })
    }

    fn requires_scoring(&self) -> bool {
        self.scores
    }

    fn merge_fruits(&self, fruits: Vec<Vec<Placed>>) -> tantivy::Result<Vec<Placed>> {
        let mut all: Vec<Placed> = fruits.into_iter().flatten().collect();
        all.sort_by(|left, right| self.compare(&left.values, &right.values));
        all.truncate(self.limit);
        Ok(all)
    }
}

fn source(key: &OrderKey, reader: &SegmentReader) -> tantivy::Result<Source> {
    let columns = reader.fast_fields();
    Ok(match key.reads {
        Reads::Score => Source::Score,
        Reads::Doc => Source::Doc,
        Reads::Nothing => Source::Nothing,
        Reads::Key => columns
            .bytes(&key.name)?
            .map_or(Source::Nothing, Source::Keys),
        Reads::Field(Kind::Keyword | Kind::Text) => columns
            .str(&key.name)?
            .map_or(Source::Nothing, Source::Texts),
        Reads::Field(_) => match columns.u64_lenient(&key.name)? {
            Some((column, _)) => Source::Numbers(column),
            None => Source::Nothing,
        },
    })
}

/// What comes before everything with a value, and what after.
const FIRST: u64 = 0;
const LAST: u64 = u64::MAX;

impl OrderKey {
    /// A number's rank between what has no value and comes first, or last.
    fn rank(&self, number: Option<u64>) -> u64 {
        match number {
            None if self.missing_first => FIRST,
            None => LAST,
            Some(number) if self.descending => (!number).clamp(1, LAST - 1),
            Some(number) => number.clamp(1, LAST - 1),
        }
    }
}

/// A text's place in a segment's dictionary, doubled: odd numbers lie between.
fn doubled(ordinal: u64) -> u64 {
    (ordinal + 1) * 2
}

fn rank_after(keys: &[OrderKey], sources: &[Source], values: &[Ordered]) -> tantivy::Result<Rank> {
    let mut rank = Vec::with_capacity(keys.len());
    for (at, key) in keys.iter().enumerate() {
        let number = match (values.get(at), sources.get(at)) {
            (Some(Ordered::Number(number)), _) => Some(*number),
            (Some(Ordered::Text(text)), Some(Source::Texts(column))) => {
                Some(place_of(column, text)?)
            }
            // Ties with the last hit are behind us: it was the last of them.
            _ if key.reads == Reads::Key => {
                rank.push(LAST);
                continue;
            }
            _ => None,
        };
        rank.push(key.rank(number));
    }
    Ok(rank)
}

/// Where a text stands, or would stand, in a segment's dictionary.
fn place_of(column: &StrColumn, text: &[u8]) -> tantivy::Result<u64> {
    let dictionary = column.dictionary();
    let (mut low, mut high) = (0, dictionary.num_terms() as u64);
    let mut found = Vec::new();
    while low < high {
        let middle = low + (high - low) / 2;
        found.clear();
        dictionary.ord_to_term(middle, &mut found)?;
        match found.as_slice().cmp(text) {
            Ordering::Equal => return Ok(doubled(middle)),
            Ordering::Less => low = middle + 1,
            Ordering::Greater => high = middle,
        }
    }
    Ok(doubled(low) - 1)
}

impl SegmentOrder {
    fn rank(&self, doc: DocId, score: Score) -> Rank {
        let pairs = self.keys.iter().zip(&self.sources);
        pairs
            .map(|(key, source)| key.rank(number(key, source, doc, score, self.segment)))
            .collect()
    }

    fn placed(&self, ranked: Ranked) -> Placed {
        let score = f64::from_u64(ranked.score);
        #[allow(clippy::cast_possible_truncation)] // it was one before
        let score = score as f32;
        let pairs = self.keys.iter().zip(&self.sources);
        let values = pairs.map(|(key, source)| value(key, source, ranked.doc, score, self.segment));
        Placed {
            at: DocAddress::new(self.segment, ranked.doc),
            score,
            values: values.collect(),
        }
    }
}

fn number(
    key: &OrderKey,
    source: &Source,
    doc: DocId,
    score: Score,
    segment: SegmentOrdinal,
) -> Option<u64> {
    let pick = |values: &mut dyn Iterator<Item = u64>| {
        if key.descending {
            values.max()
        } else {
            values.min()
        }
    };
    match source {
        Source::Score => Some(f64::from(score).to_u64()),
        Source::Doc => Some((u64::from(segment) << 32) | u64::from(doc)),
        Source::Numbers(column) => pick(&mut column.values_for_doc(doc)),
        Source::Texts(column) => pick(&mut column.term_ords(doc)).map(doubled),
        Source::Keys(column) => pick(&mut column.term_ords(doc)).map(doubled),
        Source::Nothing => None,
    }
}

fn value(
    key: &OrderKey,
    source: &Source,
    doc: DocId,
    score: Score,
    segment: SegmentOrdinal,
) -> Ordered {
    let Some(number) = number(key, source, doc, score, segment) else {
        return Ordered::Missing;
    };
    let text = |column: &BytesColumn| {
        let mut text = Vec::new();
        match column.dictionary().ord_to_term(number / 2 - 1, &mut text) {
            Ok(true) => Ordered::Text(text),
            _ => Ordered::Missing,
        }
    };
    match source {
        Source::Texts(column) => text(column),
        Source::Keys(column) => text(column),
        _ => Ordered::Number(number),
    }
}

impl SegmentCollector for SegmentOrder {
    type Fruit = Vec<Placed>;

    fn collect(&mut self, doc: DocId, score: Score) {
        let rank = self.rank(doc, score);
        if self.after.as_ref().is_some_and(|after| rank <= *after) {
            return;
        }
        if self.heap.len() >= self.limit {
            match self.heap.peek() {
                Some(worst) if rank < worst.rank => drop(self.heap.pop()),
                _ => return,
            }
        }
        self.heap.push(Ranked {
            rank,
            doc,
            score: f64::from(score).to_u64(),
        });
    }

    fn harvest(mut self) -> Vec<Placed> {
        let ranked = std::mem::take(&mut self.heap).into_sorted_vec();
        ranked
            .into_iter()
            .map(|ranked| self.placed(ranked))
            .collect()
    }
}
