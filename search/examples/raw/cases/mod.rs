//! Sixty queries, each as Elasticsearch's JSON and, by hand, as tantivy's own.

use serde_json::{Value as Json, json};

use super::index::Fields;

mod combined;
mod exact;
mod ordered;
mod raws;
mod words;

use raws::Raw;

/// One query.
pub struct Case {
    /// What it tries.
    pub name: &'static str,
    /// The whole request.
    pub body: Json,
    /// The same, without Stele.
    pub raw: Raw,
    /// Fields to sort by, and whether the largest comes first; by relevance if empty.
    pub sort: Vec<(&'static str, bool)>,
}

impl Case {
    fn new(name: &'static str, query: Json, raw: Raw) -> Self {
        Self {
            name,
            body: json!({"query": query}),
            raw,
            sort: Vec::new(),
        }
    }

    fn with(mut self, key: &str, value: Json) -> Self {
        self.body[key] = value;
        self
    }

    fn sorted(mut self, sort: &[(&'static str, bool)]) -> Self {
        self.sort = sort.to_vec();
        let order = |down: bool| if down { "desc" } else { "asc" };
        let keys = sort
            .iter()
            .map(|(field, down)| json!({*field: order(*down)}));
        self.with("sort", keys.collect())
    }

    /// Only aggregations.
    fn counted(self, aggs: Json) -> Self {
        self.with("size", json!(0)).with("aggs", aggs)
    }
}

/// Every case.
pub fn cases(f: &Fields) -> Vec<Case> {
    let mut cases = words::cases(f);
    cases.extend(combined::cases(f));
    cases.extend(exact::cases(f));
    cases.extend(exact::patterns(f));
    cases.extend(combined::syntax(f));
    cases.extend(ordered::cases(f));
    cases.extend(ordered::aggregated(f));
    cases
}
