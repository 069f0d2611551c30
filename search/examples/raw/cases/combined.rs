//! Clauses together, and queries in Lucene's syntax.

use std::ops::Bound;

use serde_json::json;
use tantivy::Term;
use tantivy::query::{BooleanQuery, Occur};

use super::super::index::Fields;
use super::Case;
use super::raws::*;

/// Clauses together.
pub fn cases(f: &Fields) -> Vec<Case> {
    let title = |text: &str| should(each(f.title, "standard", text));
    let text = |words: &str| should(each(f.text, "english", words));
    let tag = |tag: &str| term(Term::from_field_text(f.tags, tag));
    let cheap = || {
        range(
            Bound::Unbounded,
            Bound::Excluded(Term::from_field_f64(f.price, 100.0)),
        )
    };
    vec![
        Case::new(
            "best field",
            json!({"multi_match": {"query": "winter coat", "fields": ["title^2", "text"]}}),
            best(
                vec![text("winter coat"), boost(title("winter coat"), 2.0)],
                0.0,
            ),
        ),
        Case::new(
            "best field, others a little",
            json!({"multi_match": {"query": "copper kettle", "fields": ["title", "text"], "tie_breaker": 0.3}}),
            best(vec![text("copper kettle"), title("copper kettle")], 0.3),
        ),
        Case::new(
            "most fields",
            json!({"multi_match": {"query": "glass mirror", "fields": ["title", "text"], "type": "most_fields"}}),
            should(vec![text("glass mirror"), title("glass mirror")]),
        ),
        Case::new(
            "must and filter",
            json!({"bool": {"must": {"match": {"title": "red shoe"}}, "filter": {"range": {"price": {"lt": 100}}}}}),
            must(vec![title("red shoe"), filter(cheap())]),
        ),
        Case::new(
            "must, and better if",
            json!({"bool": {"must": {"term": {"tags": "boots"}}, "should": [{"match": {"text": "leather"}}, {"match": {"title": "boots"}}]}}),
            Box::new(BooleanQuery::new(vec![
                (Occur::Must, tag("boots")),
                (Occur::Should, text("leather")),
                (Occur::Should, title("boots")),
            ])),
        ),
        Case::new(
            "two of three clauses",
            json!({"bool": {"should": [{"match": {"title": "lamp"}}, {"term": {"tags": "lamp"}}, {"match": {"text": "lamp"}}], "minimum_should_match": 2}}),
            at_least(2, vec![title("lamp"), tag("lamp"), text("lamp")]),
        ),
        Case::new(
            "must not",
            json!({"bool": {"must": {"match": {"title": "garden chair"}}, "must_not": {"term": {"tags": "red"}}}}),
            but_not(title("garden chair"), tag("red")),
        ),
        Case::new(
            "nested clauses",
            json!({"bool": {"must": [{"bool": {"should": [{"match": {"title": "tent"}}, {"match": {"title": "rope"}}]}}, {"bool": {"must_not": {"term": {"sold": true}}, "must": {"match": {"text": "mountain river"}}}}]}}),
            must(vec![
                should(vec![title("tent"), title("rope")]),
                but_not(
                    text("mountain river"),
                    term(Term::from_field_bool(f.sold, true)),
                ),
            ]),
        ),
        Case::new(
            "filters alone",
            json!({"bool": {"filter": [{"term": {"tags": "shoe"}}, {"range": {"price": {"lt": 100}}}]}}),
            must(vec![filter(tag("shoe")), filter(cheap())]),
        ),
        Case::new(
            "nothing but must not",
            json!({"bool": {"must_not": [{"term": {"tags": "shoe"}}, {"term": {"tags": "red"}}]}}),
            but_not(but_not(filter(all()), tag("shoe")), tag("red")),
        ),
        Case::new(
            "the best of some",
            json!({"dis_max": {"queries": [{"match": {"title": "purple blanket"}}, {"match": {"text": "blanket"}}], "tie_breaker": 0.5}}),
            best(vec![title("purple blanket"), text("blanket")], 0.5),
        ),
        Case::new(
            "a constant",
            json!({"constant_score": {"filter": {"match": {"title": "hat"}}, "boost": 3}}),
            constant(title("hat"), 3.0),
        ),
        Case::new("everything", json!({"match_all": {}}), all()),
    ]
}

/// Queries in Lucene's syntax.
pub fn syntax(f: &Fields) -> Vec<Case> {
    let title = |text: &str| should(each(f.title, "standard", text));
    let text = |words: &str| should(each(f.text, "english", words));
    let tag = |tag: &str| term(Term::from_field_text(f.tags, tag));
    let price = |price: f64| Term::from_field_f64(f.price, price);
    vec![
        Case::new(
            "query string, and, or",
            json!({"query_string": {"query": "title:(red AND shoe) OR tags:hat"}}),
            should(vec![
                must(each(f.title, "standard", "red shoe")),
                tag("hat"),
            ]),
        ),
        Case::new(
            "query string, plus and minus",
            json!({"query_string": {"query": "+lamp -steel table", "fields": ["title"]}}),
            Box::new(BooleanQuery::new(vec![
                (Occur::Must, title("lamp")),
                (Occur::MustNot, title("steel")),
                (Occur::Should, title("table")),
            ])),
        ),
        Case::new(
            "query string, a range and a phrase",
            json!({"query_string": {"query": "price:[10 TO 90} AND title:\"blue jacket\""}}),
            must(vec![
                range(Bound::Included(price(10.0)), Bound::Excluded(price(90.0))),
                phrase(f.title, "standard", "blue jacket", 0),
            ]),
        ),
        Case::new(
            "query string, weighted",
            json!({"query_string": {"query": "title:orange^3 text:kettle"}}),
            should(vec![boost(title("orange"), 3.0), text("kettle")]),
        ),
    ]
}
