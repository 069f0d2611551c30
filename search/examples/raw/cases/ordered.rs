//! Orders, pages and aggregations.

use serde_json::json;
use tantivy::Term;

use super::super::index::Fields;
use super::Case;
use super::raws::*;

/// Orders and pages.
pub fn cases(f: &Fields) -> Vec<Case> {
    let title = |text: &str| should(each(f.title, "standard", text));
    let shoe = || json!({"match": {"title": "shoe"}});
    vec![
        Case::new("by price", json!({"match_all": {}}), all()).sorted(&[("price", true)]),
        Case::new("by city, then price", shoe(), title("shoe"))
            .sorted(&[("city", false), ("price", false)]),
        Case::new("by date, a later page", shoe(), title("shoe"))
            .sorted(&[("since", true)])
            .with("from", json!(20))
            .with("size", json!(15)),
        Case::new(
            "by stock, where many are equal",
            json!({"match": {"title": "watch"}}),
            title("watch"),
        )
        .sorted(&[("stock", false)])
        .with("size", json!(40)),
        Case::new(
            "by relevance, a later page",
            json!({"match": {"title": "wool coat"}}),
            title("wool coat"),
        )
        .with("from", json!(25))
        .with("size", json!(20)),
        Case::new("after a price", shoe(), title("shoe"))
            .sorted(&[("price", false)])
            .with("search_after", json!([250.0])),
        Case::new("after a city and a price", shoe(), title("shoe"))
            .sorted(&[("city", true), ("price", false)])
            .with("search_after", json!(["Milan", 100.0])),
        Case::new(
            "equal in all but the key",
            json!({"term": {"city": "Oslo"}}),
            term(Term::from_field_text(f.city, "Oslo")),
        )
        .with("size", json!(50)),
    ]
}

/// Aggregations.
pub fn aggregated(f: &Fields) -> Vec<Case> {
    let title = |text: &str| should(each(f.title, "standard", text));
    let shoe = || (json!({"match": {"title": "shoe"}}), title("shoe"));
    let case = |name, aggs| {
        let (query, raw) = shoe();
        Case::new(name, query, raw).counted(aggs)
    };
    vec![
        case(
            "terms, with a mean in each",
            json!({"a": {"terms": {"field": "tags", "size": 15}, "aggs": {"b": {"avg": {"field": "price"}}}}}),
        ),
        case(
            "range",
            json!({"a": {"range": {"field": "price", "ranges": [{"to": 50}, {"from": 50, "to": 200}, {"from": 200}]}}}),
        ),
        case(
            "histogram",
            json!({"a": {"histogram": {"field": "stock", "interval": 50}, "aggs": {"b": {"max": {"field": "price"}}}}}),
        ),
        case(
            "date_histogram",
            json!({"a": {"date_histogram": {"field": "since", "fixed_interval": "30d"}}}),
        ),
        case(
            "stats",
            json!({"a": {"stats": {"field": "price"}}, "b": {"extended_stats": {"field": "stock"}}}),
        ),
        case(
            "single values",
            json!({"a": {"avg": {"field": "price"}}, "b": {"sum": {"field": "stock"}}, "c": {"min": {"field": "price"}}, "d": {"max": {"field": "stock"}}, "e": {"value_count": {"field": "city"}}, "f": {"cardinality": {"field": "city"}}}),
        ),
        case(
            "percentiles",
            json!({"a": {"percentiles": {"field": "price"}}}),
        ),
        case(
            "three deep",
            json!({"a": {"terms": {"field": "city"}, "aggs": {"b": {"histogram": {"field": "price", "interval": 100}, "aggs": {"c": {"sum": {"field": "stock"}}}}}}}),
        ),
    ]
}
