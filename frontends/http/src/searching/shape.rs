//! The shape of an answer to a search.

use serde::Serialize;
use serde_json::{Map, Value as Json, json};

use crate::documents::shown::Source;

/// An answer.
#[derive(Serialize)]
pub struct Told {
    /// Milliseconds.
    pub took: u64,
    /// Was something left out because the time was up?
    pub timed_out: bool,
    /// See [`shards`].
    #[serde(rename = "_shards")]
    pub shards: Json,
    /// What was found.
    pub hits: Hits,
    /// What was asked to be counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aggregations: Option<Json>,
}

/// What was found.
#[derive(Serialize)]
pub struct Hits {
    /// How many there are, if they were counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<Json>,
    /// The relevance of the best.
    pub max_score: Option<f32>,
    /// The page.
    pub hits: Vec<ShownHit>,
}

/// A hit as it is shown.
#[derive(Serialize)]
pub struct ShownHit {
    /// The index's name.
    #[serde(rename = "_index")]
    pub index: String,
    /// The document's id.
    #[serde(rename = "_id")]
    pub id: String,
    /// Its version.
    #[serde(rename = "_version", skip_serializing_if = "Option::is_none")]
    pub version: Option<u64>,
    /// What a condition on a later write names.
    #[serde(rename = "_seq_no", skip_serializing_if = "Option::is_none")]
    pub seq_no: Option<u64>,
    /// See `seq_no`.
    #[serde(rename = "_primary_term", skip_serializing_if = "Option::is_none")]
    pub primary_term: Option<u64>,
    /// Its relevance.
    #[serde(rename = "_score")]
    pub score: Option<f32>,
    /// The document.
    #[serde(rename = "_source", skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
    /// Fragments with the words that were found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub highlight: Option<Map<String, Json>>,
    /// What it was sorted by.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sort: Vec<Json>,
}

/// How many indexes were asked: every one of them is a shard, and answers.
pub fn shards(count: usize) -> Json {
    json!({"total": count, "successful": count, "skipped": 0, "failed": 0})
}
