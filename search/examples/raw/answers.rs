//! What tantivy finds: every hit of a query, put in order here, in plain sight.

use std::cmp::Ordering;

use serde_json::{Value as Json, json};
use stele_search::analysis;
use tantivy::aggregation::{AggContextParams, AggregationCollector};
use tantivy::collector::TopDocs;
use tantivy::query::Query;
use tantivy::{Index, Searcher};

use super::cases::{Case, cases};
use super::{Document, index};

/// How many hits beyond the page are told, so that equals at its end can be recognised.
const MARGIN: usize = 50;

/// An index in memory-mapped files of a temporary folder, of all documents.
pub fn build(documents: &[Document]) -> (tempfile::TempDir, Index, index::Fields) {
    let folder = tempfile::tempdir().expect("a folder");
    let (index, mut writer, fields) = index::create(folder.path()).expect("an index");
    for (number, document) in documents.iter().enumerate() {
        index::put(
            &writer,
            &fields,
            number as u64,
            &document.id,
            &document.source,
        )
        .expect("added");
    }
    writer.commit().expect("committed");
    writer.wait_merging_threads().expect("merged");
    (folder, index, fields)
}

/// Prints a line for each case: its name, the request, what is to be found.
pub fn print(documents: &[Document]) {
    let (_folder, index, fields) = build(documents);
    let searcher = index.reader().expect("a reader").searcher();
    for case in cases(&fields) {
        let hits = ranked(&searcher, &case, documents);
        let aggregations = case
            .body
            .get("aggs")
            .map(|aggs| aggregated(&searcher, &*case.raw, aggs));
        println!(
            "{}",
            json!({
                "name": case.name,
                "body": case.body,
                "total": hits.0,
                "hits": hits.1,
                "aggregations": aggregations,
            })
        );
    }
}

/// How many there are, and the page with a margin: `[id, score]`.
fn ranked(searcher: &Searcher, case: &Case, documents: &[Document]) -> (usize, Vec<Json>) {
    let number = |key: &str, default: usize| {
        case.body[key]
            .as_u64()
            .map_or(default, |number| usize::try_from(number).expect("fits"))
    };
    let collector = TopDocs::with_limit(documents.len()).order_by_score();
    let found = searcher.search(&*case.raw, &collector).expect("searched");
    let mut found: Vec<(f32, &Document)> = found
        .into_iter()
        .map(|(score, at)| {
            let numbers = searcher
                .segment_reader(at.segment_ord)
                .fast_fields()
                .u64("number");
            let number = numbers
                .expect("a column")
                .first(at.doc_id)
                .expect("a number");
            (score, &documents[usize::try_from(number).expect("fits")])
        })
        .collect();
    let total = found.len();
    found.sort_by(|left, right| order(case, left, right));
    if let Some(after) = case.body["search_after"].as_array() {
        found.retain(|(_, document)| {
            let values = case.sort.iter().zip(after);
            values.fold(Ordering::Equal, |so_far, ((field, down), after)| {
                so_far.then_with(|| compare(*down, document.fields.get(*field), Some(after)))
            }) == Ordering::Greater
        });
    }
    let (from, size) = (number("from", 0), number("size", 10));
    let page = found
        .into_iter()
        .skip(from)
        .take(if size == 0 { 0 } else { size + MARGIN });
    (
        total,
        page.map(|(score, document)| json!([document.id, score]))
            .collect(),
    )
}

/// The order that is promised: by relevance or by fields, equals by id.
fn order(case: &Case, left: &(f32, &Document), right: &(f32, &Document)) -> Ordering {
    let sorted = match case.sort.as_slice() {
        [] => right.0.total_cmp(&left.0),
        keys => keys.iter().fold(Ordering::Equal, |so_far, (field, down)| {
            let value = |document: &'_ Document| document.fields.get(*field).cloned();
            so_far.then_with(|| compare(*down, value(left.1).as_ref(), value(right.1).as_ref()))
        }),
    };
    sorted.then_with(|| left.1.id.cmp(&right.1.id))
}

/// What has no value comes last, whichever way the others go.
fn compare(down: bool, left: Option<&Json>, right: Option<&Json>) -> Ordering {
    let found = match (left, right) {
        (None, None) => return Ordering::Equal,
        (None, _) => return Ordering::Greater,
        (_, None) => return Ordering::Less,
        (Some(Json::String(left)), Some(Json::String(right))) => left.cmp(right),
        (Some(left), Some(right)) => {
            let number = |json: &Json| json.as_f64().expect("a number");
            number(left).total_cmp(&number(right))
        }
    };
    if down { found.reverse() } else { found }
}

fn aggregated(searcher: &Searcher, query: &dyn Query, aggs: &Json) -> Json {
    let request = serde_json::from_value(aggs.clone()).expect("aggregations");
    let params = AggContextParams::new(Default::default(), analysis::analyzers().clone());
    let collector = AggregationCollector::from_aggs(request, params);
    let results = searcher.search(query, &collector).expect("aggregated");
    serde_json::to_value(results).expect("JSON")
}
