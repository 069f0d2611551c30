//! tantivy's queries with fewer words.

use std::ops::Bound;

use stele_search::analysis;
use tantivy::Term;
use tantivy::query::{
    AllQuery, BooleanQuery, BoostQuery, ConstScoreQuery, DisjunctionMaxQuery, ExistsQuery,
    FuzzyTermQuery, Occur, PhraseQuery, Query, RangeQuery, RegexQuery, TermQuery, TermSetQuery,
};
use tantivy::schema::{Field, IndexRecordOption};

/// A query of tantivy's.
pub type Raw = Box<dyn Query>;

/// The terms of a text, as a field's analyzer finds them.
pub fn terms(field: Field, analyzer: &str, text: &str) -> Vec<(usize, Term)> {
    let mut tokens = Vec::new();
    let mut analyzer = analysis::analyzers().get(analyzer).expect("an analyzer");
    analyzer.token_stream(text).process(&mut |token| {
        tokens.push((token.position, Term::from_field_text(field, &token.text)));
    });
    tokens
}

pub fn term(term: Term) -> Raw {
    Box::new(TermQuery::new(term, IndexRecordOption::WithFreqs))
}

/// A query for each word.
pub fn each(field: Field, analyzer: &str, text: &str) -> Vec<Raw> {
    let terms = terms(field, analyzer, text);
    terms.into_iter().map(|(_, word)| term(word)).collect()
}

pub fn should(queries: Vec<Raw>) -> Raw {
    at_least(1, queries)
}

pub fn at_least(count: usize, queries: Vec<Raw>) -> Raw {
    let clauses = queries.into_iter().map(|query| (Occur::Should, query));
    Box::new(BooleanQuery::with_minimum_required_clauses(
        clauses.collect(),
        count,
    ))
}

pub fn must(queries: Vec<Raw>) -> Raw {
    let clauses = queries.into_iter().map(|query| (Occur::Must, query));
    Box::new(BooleanQuery::new(clauses.collect()))
}

pub fn all() -> Raw {
    constant(Box::new(AllQuery), 1.0)
}

pub fn constant(query: Raw, score: f32) -> Raw {
    Box::new(ConstScoreQuery::new(query, score))
}

pub fn filter(query: Raw) -> Raw {
    constant(query, 0.0)
}

/// What matches, but not what is left out.
pub fn but_not(query: Raw, left_out: Raw) -> Raw {
    let clauses = vec![(Occur::Must, query), (Occur::MustNot, left_out)];
    Box::new(BooleanQuery::new(clauses))
}

pub fn boost(query: Raw, by: f32) -> Raw {
    Box::new(BoostQuery::new(query, by))
}

pub fn phrase(field: Field, analyzer: &str, text: &str, slop: u32) -> Raw {
    Box::new(PhraseQuery::new_with_offset_and_slop(
        terms(field, analyzer, text),
        slop,
    ))
}

pub fn regex(field: Field, pattern: &str) -> Raw {
    constant(
        Box::new(RegexQuery::from_pattern(pattern, field).expect("a pattern")),
        1.0,
    )
}

pub fn fuzzy(field: Field, word: &str, distance: u8) -> Raw {
    let word = Term::from_field_text(field, word);
    constant(Box::new(FuzzyTermQuery::new(word, distance, true)), 1.0)
}

pub fn any_of(terms: Vec<Term>) -> Raw {
    constant(Box::new(TermSetQuery::new(terms)), 1.0)
}

pub fn range(lower: Bound<Term>, upper: Bound<Term>) -> Raw {
    constant(Box::new(RangeQuery::new(lower, upper)), 1.0)
}

pub fn exists(field: &str) -> Raw {
    constant(Box::new(ExistsQuery::new(field.to_owned(), false)), 1.0)
}

pub fn best(queries: Vec<Raw>, tie: f32) -> Raw {
    Box::new(DisjunctionMaxQuery::with_tie_breaker(queries, tie))
}
