//! Exact values, ranges and patterns.

use std::ops::Bound;

use serde_json::json;
use tantivy::Term;

use super::super::index::{Fields, moment};
use super::Case;
use super::raws::*;

/// Exact values and ranges.
pub fn cases(f: &Fields) -> Vec<Case> {
    let tag = |tag: &str| Term::from_field_text(f.tags, tag);
    let price = |price: f64| Term::from_field_f64(f.price, price);
    let stock = |count: i64| Term::from_field_i64(f.stock, count);
    let since = |text: &str| Term::from_field_date(f.since, moment(text));
    let id = |id: &str| Term::from_field_text(f.id, id);
    use Bound::{Excluded, Included, Unbounded};
    vec![
        Case::new(
            "term",
            json!({"term": {"tags": "jacket"}}),
            term(tag("jacket")),
        ),
        Case::new(
            "term, a truth value",
            json!({"term": {"sold": true}}),
            term(Term::from_field_bool(f.sold, true)),
        ),
        Case::new(
            "term, a number",
            json!({"term": {"stock": 7}}),
            term(stock(7)),
        ),
        Case::new(
            "terms",
            json!({"terms": {"tags": ["lamp", "chair", "nothing"]}}),
            any_of(vec![tag("lamp"), tag("chair"), tag("nothing")]),
        ),
        Case::new(
            "terms, numbers",
            json!({"terms": {"stock": [1, 2, 3]}}),
            any_of(vec![stock(1), stock(2), stock(3)]),
        ),
        Case::new(
            "range of prices",
            json!({"range": {"price": {"gte": 20.5, "lt": 30}}}),
            range(Included(price(20.5)), Excluded(price(30.0))),
        ),
        Case::new(
            "range without an end",
            json!({"range": {"price": {"gt": 495.25}}}),
            range(Excluded(price(495.25)), Unbounded),
        ),
        Case::new(
            "range of whole numbers",
            json!({"range": {"stock": {"gte": 90.5, "lte": 100}}}),
            range(Included(stock(91)), Included(stock(100))),
        ),
        Case::new(
            "range of dates",
            json!({"range": {"since": {"gte": "2022-03-01", "lt": "2022-03-15T12:00:00Z"}}}),
            range(
                Included(since("2022-03-01")),
                Excluded(since("2022-03-15T12:00:00Z")),
            ),
        ),
        Case::new(
            "range of months",
            json!({"range": {"since": {"gte": "2024-06", "lte": "2024-07"}}}),
            range(Included(since("2024-06-01")), Excluded(since("2024-08-01"))),
        ),
        Case::new(
            "exists",
            json!({"exists": {"field": "city"}}),
            exists("city"),
        ),
        Case::new(
            "does not exist",
            json!({"bool": {"must": {"match": {"title": "boat"}}, "must_not": {"exists": {"field": "city"}}}}),
            but_not(should(each(f.title, "standard", "boat")), exists("city")),
        ),
        Case::new(
            "ids",
            json!({"ids": {"values": ["d000900", "d000017", "d001999", "none"]}}),
            any_of(vec![
                id("d000900"),
                id("d000017"),
                id("d001999"),
                id("none"),
            ]),
        ),
    ]
}

/// Patterns and near words.
pub fn patterns(f: &Fields) -> Vec<Case> {
    vec![
        Case::new(
            "prefix",
            json!({"prefix": {"tags": "bo"}}),
            regex(f.tags, "bo.*"),
        ),
        Case::new(
            "prefix of a word",
            json!({"prefix": {"text": "bagan"}}),
            regex(f.text, "bagan.*"),
        ),
        Case::new(
            "wildcard",
            json!({"wildcard": {"city": "*r*n"}}),
            regex(f.city, ".*r.*n"),
        ),
        Case::new(
            "wildcard, one letter",
            json!({"wildcard": {"tags": "b?o*"}}),
            regex(f.tags, "b.o.*"),
        ),
        Case::new(
            "fuzzy",
            json!({"constant_score": {"filter": {"fuzzy": {"city": {"value": "Osla", "fuzziness": 1}}}}}),
            fuzzy(f.city, "Osla", 1),
        ),
        Case::new(
            "fuzzy, two letters",
            json!({"constant_score": {"filter": {"fuzzy": {"tags": {"value": "jakcetz", "fuzziness": 2}}}}}),
            fuzzy(f.tags, "jakcetz", 2),
        ),
    ]
}
