//! Requests and answers, as plain data.

use serde_json::{Map, Value as Json};
use stele_core::record::{Key, Level, Stamp};

use super::ast::Query;
use super::highlight::Highlight;
use crate::document::Document;

/// How exactly hits are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Track {
    /// Not at all.
    No,
    /// Up to this many.
    Upto(u64),
    /// All.
    Exact,
}

/// What to order by.
#[derive(Clone, Debug, PartialEq)]
pub enum SortBy {
    /// Relevance.
    Score,
    /// Whatever is cheapest.
    Doc,
    /// A field's smallest value, or its largest when descending.
    Field(String),
}

/// One key of the order.
#[derive(Clone, Debug, PartialEq)]
pub struct Sort {
    /// By what.
    pub by: SortBy,
    /// Largest first.
    pub descending: bool,
    /// Documents without a value come first, not last.
    pub missing_first: bool,
    /// A field that the mapping does not have counts as one without values.
    pub may_be_unmapped: bool,
}

/// A search.
#[derive(Clone, Debug)]
pub struct Request {
    /// What to find.
    pub query: Query,
    /// What to leave out of the hits, but not of the aggregations.
    pub post_filter: Option<Query>,
    /// Hits to leave out at the front.
    pub from: usize,
    /// Hits wanted.
    pub size: usize,
    /// The order; by relevance if empty.
    pub sort: Vec<Sort>,
    /// Only hits after the one with these sort values.
    pub after: Option<Vec<Json>>,
    /// How exactly to count.
    pub track: Track,
    /// Scores also when something else is sorted by.
    pub track_scores: bool,
    /// Less relevant hits are left out.
    pub min_score: Option<f32>,
    /// Aggregations, as Elasticsearch spells them.
    pub aggregations: Option<Map<String, Json>>,
    /// What to mark in hits.
    pub highlight: Option<Highlight>,
    /// Token and level.
    pub level: Level,
    /// What is found by then is the answer, microseconds.
    pub time_us: u64,
}

/// One hit, as its row is now.
#[derive(Clone, Debug)]
pub struct Hit {
    /// The row's key.
    pub key: Key,
    /// The key as Redis spells it, without the table.
    pub id: String,
    /// The row's version.
    pub stamp: Stamp,
    /// Its relevance.
    pub score: Option<f32>,
    /// The values it was sorted by.
    pub sort: Vec<Json>,
    /// The document.
    pub document: Document,
    /// Marked fragments by field.
    pub highlight: Option<Map<String, Json>>,
}

/// What a search found.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// How many documents match, as counted; `None` if they were not.
    pub total: Option<u64>,
    /// There are more than counted.
    pub is_at_least: bool,
    /// The best relevance.
    pub max_score: Option<f32>,
    /// The hits.
    pub hits: Vec<Hit>,
    /// Aggregations, as Elasticsearch spells them.
    pub aggregations: Option<Json>,
    /// The time was up before everything was looked at.
    pub timed_out: bool,
}

/// How long a search may look unless it says otherwise, microseconds.
pub const TIME_US: u64 = 30_000_000;

impl Default for Request {
    fn default() -> Self {
        Self {
            query: Query::All,
            post_filter: None,
            from: 0,
            size: 10,
            sort: Vec::new(),
            after: None,
            track: Track::Upto(10_000),
            track_scores: false,
            min_score: None,
            aggregations: None,
            highlight: None,
            level: Level::default(),
            time_us: TIME_US,
        }
    }
}
