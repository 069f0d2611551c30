//! From the query language to tantivy's.

use std::ops::Bound;

use serde_json::Value as Json;
use stele_core::record::table::Table;
use tantivy::query::{
    AllQuery, BooleanQuery, BoostQuery, ConstScoreQuery, DisjunctionMaxQuery, EmptyQuery, Occur,
    Query as Compiled, RangeQuery, TermQuery, TermSetQuery,
};
use tantivy::schema::{Field as Place, IndexRecordOption};
use tantivy::{Searcher, Term};

use super::ast::{Minimum, Query};
use super::{automata, string, words};
use crate::document::values::{Leaf, leaf};
use crate::document::{Field, Kind, date};
use crate::error::{Error, Result};
use crate::index::in_range;
use crate::index::{KEY, PRESENT, Shape, key_bytes};

/// How deep queries may nest.
const DEPTH_MAX: usize = 64;
/// How many clauses a query may have.
const CLAUSE_COUNT_MAX: usize = 4096;
/// How many values a query may list.
const VALUE_COUNT_MAX: usize = 65_536;

/// What a query is compiled for.
pub struct Context<'a> {
    /// The fields.
    pub shape: &'a Shape,
    /// The table, whose keys `ids` spells.
    pub table: &'a Table,
    /// The terms there are.
    pub searcher: &'a Searcher,
    /// Microseconds since the Unix epoch, for `now`.
    pub now_us: i64,
}

/// What queries over several indexes of one shape are compiled for.
pub struct Compile<'a> {
    /// The fields.
    pub shape: &'a Shape,
    /// See [`Context::table`].
    pub table: &'a Table,
    /// See [`Context::now_us`].
    pub now_us: i64,
}

impl Compile<'_> {
    /// A query over one of them.
    pub fn over(&self, query: &Query, searcher: &Searcher) -> Result<Box<dyn Compiled>> {
        let context = Context {
            shape: self.shape,
            table: self.table,
            searcher,
            now_us: self.now_us,
        };
        compile(query, &context)
    }
}

/// Compiles a query.
pub fn compile(query: &Query, context: &Context<'_>) -> Result<Box<dyn Compiled>> {
    nested(query, context, 0)
}

pub(super) fn nested(
    query: &Query,
    context: &Context<'_>,
    depth: usize,
) -> Result<Box<dyn Compiled>> {
    if depth > DEPTH_MAX {
        return Err(Error::argument(format!(
            "the query is nested deeper than [{DEPTH_MAX}]"
        )));
    }
    let inner = |query: &Query| nested(query, context, depth + 1);
    let compiled: Box<dyn Compiled> = match query {
        Query::All => constant(Box::new(AllQuery), 1.0),
        Query::None => Box::new(EmptyQuery),
        Query::Match { .. } => words::some(query, context)?,
        Query::Phrase { .. } => words::phrase(query, context)?,
        Query::Term {
            field,
            value,
            ignore_case,
        } => one(context, field, value, *ignore_case)?,
        Query::Terms { field, values } => any(context, field, values)?,
        Query::Range {
            field,
            lower,
            upper,
        } => range(context, field, lower, upper)?,
        Query::Prefix { .. }
        | Query::Wildcard { .. }
        | Query::Regexp { .. }
        | Query::Fuzzy { .. } => automata::compile(query, context)?,
        Query::Exists { field } => exists(context, field),
        Query::Ids { ids } => by_id(context, ids),
        Query::Bool {
            must,
            filter,
            should,
            must_not,
            minimum,
        } => {
            let mut clauses = Vec::new();
            for query in must {
                clauses.push((Occur::Must, inner(query)?));
            }
            for query in filter {
                clauses.push((Occur::Must, constant(inner(query)?, 0.0)));
            }
            for query in should {
                clauses.push((Occur::Should, inner(query)?));
            }
            for query in must_not {
                clauses.push((Occur::MustNot, inner(query)?));
            }
            let default = usize::from(must.is_empty() && filter.is_empty() && !should.is_empty());
            together(clauses, should.len(), minimum.as_ref(), default)?
        }
        Query::Best { queries, tie } => {
            let queries = queries.iter().map(inner).collect::<Result<Vec<_>>>()?;
            Box::new(DisjunctionMaxQuery::with_tie_breaker(queries, *tie))
        }
        Query::Constant { query } => constant(inner(query)?, 1.0),
        Query::Boost { query, boost } => Box::new(BoostQuery::new(inner(query)?, *boost)),
        Query::Text(syntax) => inner(&string::parse(syntax, &context.shape.mapping)?)?,
    };
    Ok(compiled)
}

/// Clauses of a Boolean query, `should_count` of which are optional.
pub(super) fn together(
    mut clauses: Vec<(Occur, Box<dyn Compiled>)>,
    should_count: usize,
    minimum: Option<&Minimum>,
    default: usize,
) -> Result<Box<dyn Compiled>> {
    if clauses.len() > CLAUSE_COUNT_MAX {
        return Err(Error::argument(format!(
            "the query has more than [{CLAUSE_COUNT_MAX}] clauses"
        )));
    }
    if clauses.is_empty() {
        return Ok(constant(Box::new(AllQuery), 1.0));
    }
    let wanted = match minimum {
        Some(minimum) => minimum.of(should_count).ok_or_else(|| {
            Error::argument(format!("[minimum_should_match] is not [{}]", minimum.0))
        })?,
        None => default,
    };
    if clauses.iter().all(|(occur, _)| *occur == Occur::MustNot) {
        clauses.push((Occur::Must, constant(Box::new(AllQuery), 0.0)));
    }
    Ok(Box::new(BooleanQuery::with_minimum_required_clauses(
        clauses, wanted,
    )))
}

pub(super) fn constant(query: Box<dyn Compiled>, score: f32) -> Box<dyn Compiled> {
    Box::new(ConstScoreQuery::new(query, score))
}

/// A document's entries have one exact value.
fn one(
    context: &Context<'_>,
    name: &str,
    value: &Json,
    ignore_case: bool,
) -> Result<Box<dyn Compiled>> {
    if name == "_id" {
        return Ok(by_id(context, &[text_of(value)]));
    }
    let Some((place, field)) = context.shape.field(name) else {
        return Ok(Box::new(EmptyQuery));
    };
    if ignore_case {
        return automata::literal(place, &text_of(value));
    }
    if field.kind == Kind::Date {
        let edge = Bound::Included(value.clone());
        return range(context, name, &edge, &edge);
    }
    match exact(place, field, value)? {
        Some(term) => Ok(entries_with(term, field)),
        None => Ok(Box::new(EmptyQuery)),
    }
}

fn any(context: &Context<'_>, name: &str, values: &[Json]) -> Result<Box<dyn Compiled>> {
    let count = values.len();
    if count > VALUE_COUNT_MAX {
        return Err(Error::argument(format!(
            "The number of terms [{count}] used in the Terms Query request has exceeded the allowed maximum of [{VALUE_COUNT_MAX}]"
        )));
    }
    if name == "_id" {
        return Ok(by_id(
            context,
            &values.iter().map(text_of).collect::<Vec<_>>(),
        ));
    }
    let Some((place, field)) = context.shape.field(name) else {
        return Ok(Box::new(EmptyQuery));
    };
    if field.kind == Kind::Date {
        let dates = values
            .iter()
            .map(|value| Ok((Occur::Should, one(context, name, value, false)?)));
        let dates = dates.collect::<Result<Vec<_>>>()?;
        let count = dates.len();
        return Ok(constant(together(dates, count, None, 1)?, 1.0));
    }
    let mut terms = Vec::with_capacity(values.len());
    for value in values {
        terms.extend(exact(place, field, value)?);
    }
    Ok(constant(Box::new(TermSetQuery::new(terms)), 1.0))
}

/// The term of an exact value; `None` for null. Text is not analyzed.
pub(super) fn exact(place: Place, field: &Field, value: &Json) -> Result<Option<Term>> {
    let failed = |reason: String| Error::query(format!("failed to create query: {reason}"));
    let value = match (field.kind.is_integer(), value) {
        // A fraction is not equal to any whole number.
        (true, Json::Number(number))
            if number.as_f64().is_some_and(|number| number.fract() != 0.0) =>
        {
            return Ok(None);
        }
        _ => leaf(field.kind, value).map_err(failed)?,
    };
    Ok(value.and_then(|value| term(place, &value)))
}

fn term(place: Place, value: &Leaf) -> Option<Term> {
    Some(match value {
        Leaf::Text(text) => Term::from_field_text(place, text),
        Leaf::Int(value) => Term::from_field_i64(place, *value),
        Leaf::Float(value) => Term::from_field_f64(place, *value),
        Leaf::Bool(value) => Term::from_field_bool(place, *value),
        Leaf::Date(us) => Term::from_field_date(place, in_range(*us)?),
    })
}

/// The entries that have a term. Only the postings of text say what a block of entries is
/// worth at most: others must be scored one by one, which a boost makes happen.
pub(super) fn entries_with(term: Term, field: &Field) -> Box<dyn Compiled> {
    let query = Box::new(TermQuery::new(term, record_option(field)));
    match field.kind {
        Kind::Text => query,
        _ => Box::new(BoostQuery::new(query, 1.0)),
    }
}

/// What a field's postings say of a term.
fn record_option(field: &Field) -> IndexRecordOption {
    match field.kind {
        Kind::Text => IndexRecordOption::WithFreqs,
        _ => IndexRecordOption::Basic,
    }
}

fn range(
    context: &Context<'_>,
    name: &str,
    lower: &Bound<Json>,
    upper: &Bound<Json>,
) -> Result<Box<dyn Compiled>> {
    let Some((place, field)) = context.shape.field(name) else {
        return Ok(Box::new(EmptyQuery));
    };
    let end = |edge: &Bound<Json>, is_upper: bool| -> Result<Bound<Term>> {
        let (json, is_included) = match edge {
            Bound::Unbounded => return Ok(Bound::Unbounded),
            Bound::Included(json) => (json, true),
            Bound::Excluded(json) => (json, false),
        };
        // `lte` a day means its end, and `gt` a day means after its end.
        let value = edge_of(field, json, context.now_us, is_upper == is_included)?;
        let term =
            term(place, &value).ok_or_else(|| Error::query(format!("[{json}] is out of range")))?;
        Ok(if is_included {
            Bound::Included(term)
        } else {
            Bound::Excluded(term)
        })
    };
    let (lower, upper) = (end(lower, false)?, end(upper, true)?);
    if matches!((&lower, &upper), (Bound::Unbounded, Bound::Unbounded)) {
        return Ok(exists(context, name));
    }
    Ok(constant(Box::new(RangeQuery::new(lower, upper)), 1.0))
}

fn edge_of(field: &Field, json: &Json, now_us: i64, round_up: bool) -> Result<Leaf> {
    let failed = || {
        Error::query(format!(
            "failed to parse [{json}] as the end of a range of [{}]",
            field.kind.name()
        ))
    };
    match (field.kind, json) {
        (Kind::Date, Json::String(text)) => {
            let moment = if text.starts_with("now") || text.contains("||") {
                date::parse_math(text, now_us, round_up)
            } else if round_up {
                date::parse_end(text)
            } else {
                date::parse(text)
            };
            moment.map(Leaf::Date).ok_or_else(failed)
        }
        (kind, json) if kind.is_integer() => whole_edge(json, round_up).ok_or_else(failed),
        (kind, json) => leaf(kind, json).ok().flatten().ok_or_else(failed),
    }
}

/// The end of a range of whole numbers, which may be given with a fraction:
/// `lte 2.5` means up to 2, `gte 2.5` from 3 on.
#[allow(clippy::cast_possible_truncation)]
fn whole_edge(json: &Json, round_up: bool) -> Option<Leaf> {
    let number = match json {
        Json::Number(number) => number.clone(),
        Json::String(text) => serde_json::from_str(text.trim()).ok()?,
        _ => return None,
    };
    if let Some(whole) = number.as_i64() {
        return Some(Leaf::Int(whole));
    }
    let number = number.as_f64()?;
    // Saturates, as the comparison then does.
    let whole = if round_up {
        number.floor()
    } else {
        number.ceil()
    };
    Some(Leaf::Int(whole as i64))
}

fn exists(context: &Context<'_>, name: &str) -> Box<dyn Compiled> {
    let place = context.shape.own(PRESENT);
    let prefix = format!("{name}.");
    let fields = context.shape.mapping.fields.keys();
    let names = fields.filter(|field| *field == name || field.starts_with(&prefix));
    let terms = names.map(|field| Term::from_field_text(place, field));
    constant(Box::new(TermSetQuery::new(terms.collect::<Vec<_>>())), 1.0)
}

fn by_id(context: &Context<'_>, ids: &[String]) -> Box<dyn Compiled> {
    let place = context.shape.own(KEY);
    let keys = ids
        .iter()
        .filter_map(|id| context.table.key_of_spelling(id));
    let terms = keys.map(|key| Term::from_field_bytes(place, &key_bytes(&key)));
    constant(Box::new(TermSetQuery::new(terms.collect::<Vec<_>>())), 1.0)
}

/// A value as text: a string's own characters.
pub(super) fn text_of(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        value => value.to_string(),
    }
}
