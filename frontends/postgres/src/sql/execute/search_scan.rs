//! Scans through a full-text index: the rows of the view that match, best first.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use stele_core::record::rows::Rows;
use stele_core::record::table::Table;
use stele_core::record::value::Value;
use stele_core::record::{CollectionId, layout};
use stele_search::exact::{Match, Matches, Ready};
use stele_search::query::{Query, Syntax};

use super::run::Outer;
use super::scan::{Decoder, pinned, records};
use super::{Row, RowStream, Run};
use crate::error::{Result, SqlError};
use crate::sql::plan::search::Search;
use crate::sql::plan::{Access, Scan, Searched, Top};

/// The full-text indexes that a statement reads, made ready before its view was taken.
#[derive(Default)]
pub struct Searches(Vec<(CollectionId, Ready)>);

impl Searches {
    /// Adds an index.
    pub fn add(&mut self, index: CollectionId, ready: Ready) {
        self.0.push((index, ready));
    }

    fn get(&self, index: CollectionId) -> Result<&Ready> {
        let found = self.0.iter().find(|(known, _)| *known == index);
        let unsupported = || SqlError::unsupported("@@@ is not supported in this statement");
        found.map(|(_, ready)| ready).ok_or_else(unsupported)
    }
}

/// What a search scan gives for a record.
type Scored = (Bytes, stele_core::record::Head, Value);

/// Opens a scan of a table with a full-text index, whatever its access path; the score is
/// NULL where nothing was searched.
pub(super) fn open<'a>(
    run: &Arc<Run<'a>>,
    scan: &'a Scan,
    searched: &'a Searched,
    outer: &Outer,
) -> Result<RowStream<'a>> {
    let table = &searched.table;
    let found: Box<dyn Iterator<Item = Result<Scored>> + Send + 'a> = match &scan.access {
        Access::Search(search) => Box::new(matches(run, scan, search, table, outer)?),
        _ => Box::new(records(run, scan, table, outer)?.map(|record| {
            let (row_key, head) = record?;
            Ok((row_key, head, Value::Null))
        })),
    };
    let decoder = Decoder::new(table, &scan.needed);
    let has_score = searched.has_score;
    Ok(Box::new(found.map(move |found| {
        let (row_key, head, score) = found?;
        let mut row: Row = decoder.decode(&row_key, &head)?;
        if has_score {
            row.push(score);
        }
        Ok(row)
    })))
}

fn matches<'a>(
    run: &Arc<Run<'a>>,
    scan: &'a Scan,
    search: &'a Search,
    table: &'a Table,
    outer: &Outer,
) -> Result<impl Iterator<Item = Result<Scored>> + Send + use<'a>> {
    let cx = run.cx;
    let ready = cx.searches.get(search.index.id)?;
    // Another row that matches would change the answer: SERIALIZABLE notes the whole table.
    let (from, to) = layout::heads(table.storage);
    drop(cx.rows.scan(&from, &to, false));
    let found = match query(run, search, ready, outer)? {
        None => None,
        Some(query) => Some(found(run, scan, search, ready, query, outer)?),
    };
    let found = found.into_iter().flatten();
    Ok(found.map(|found: stele_search::Result<Match>| {
        let found = found.map_err(refusal)?;
        let row_key = Bytes::from(layout::head(&found.key));
        Ok((row_key, found.head, Value::Float4(found.score)))
    }))
}

fn found<'a>(
    run: &Arc<Run<'a>>,
    scan: &Scan,
    search: &Search,
    ready: &'a Ready,
    query: Query,
    outer: &Outer,
) -> Result<Matches<'a>> {
    let (rows, now_ms): (&'a dyn Rows, u64) = (run.cx.rows, run.cx.now_ms);
    let pinned = pinned(run, scan);
    if !pinned.is_empty() {
        let among = ready.among(query, rows, now_ms, &pinned);
        return among.map_err(refusal);
    }
    let limit = match &search.top {
        Some(top) => wanted(run, top, outer)?,
        None => None,
    };
    let used = run.used_bytes.load(Ordering::Relaxed);
    let bytes_max = run.cx.memory_bytes_max.saturating_sub(used);
    let matches = ready.matches(query, rows, now_ms, limit, bytes_max);
    matches.map_err(refusal)
}

/// How many rows the limit above the scan lets through; `None` = all. What is wrong with it
/// the limit itself says.
fn wanted(run: &Run<'_>, top: &Top, outer: &Outer) -> Result<Option<usize>> {
    let limit = run.eval(&top.limit, &[], outer)?.as_i64();
    let offset = match &top.offset {
        Some(offset) => run.eval(offset, &[], outer)?.as_i64().unwrap_or(0),
        None => 0,
    };
    let sum = limit.map(|limit| limit.max(0).saturating_add(offset.max(0)));
    Ok(sum.and_then(|sum| usize::try_from(sum).ok()))
}

/// What all conditions ask for together; `None` when one is NULL, which nothing matches.
fn query(run: &Run<'_>, search: &Search, ready: &Ready, outer: &Outer) -> Result<Option<Query>> {
    let mut must = Vec::with_capacity(search.queries.len());
    for (query, field) in &search.queries {
        let text = run.eval(query, &[], outer)?;
        let field = run.eval(field, &[], outer)?;
        let (Some(text), Some(field)) = (text.as_str(), field.as_str()) else {
            return Ok(None);
        };
        let mut syntax = Syntax::new(text);
        syntax.fields = match field {
            "" => ready
                .searched()
                .into_iter()
                .map(|name| (name, 1.0))
                .collect(),
            field => vec![(field.to_owned(), 1.0)],
        };
        must.push(Query::Text(syntax));
    }
    Ok(match must.len() {
        1 => must.pop(),
        _ => Some(Query::Bool {
            must,
            filter: Vec::new(),
            should: Vec::new(),
            must_not: Vec::new(),
            minimum: None,
        }),
    })
}

/// A search's error in PostgreSQL's codes: 42601 for a query that does not parse, 22P02 for
/// one with a value its field cannot have.
pub fn refusal(error: stele_search::Error) -> SqlError {
    match error {
        stele_search::Error::Query { reason, .. }
            if reason.starts_with("Failed to parse query") =>
        {
            let reason = reason.replacen("Failed to parse query", "invalid search query", 1);
            SqlError::syntax(reason)
        }
        stele_search::Error::Query { reason, .. } => SqlError::new("22P02", reason),
        stele_search::Error::Unavailable(reason) => SqlError::new("55000", reason)
            .with_hint("Try again later; SET statement_timeout bounds how long a statement waits."),
        stele_search::Error::TooMany(reason) => SqlError::new("54000", reason),
        stele_search::Error::Schema(reason) => {
            SqlError::unsupported(reason).with_hint("It can be searched after COMMIT.")
        }
        stele_search::Error::Corrupt(reason) => SqlError::new("XX001", reason),
        stele_search::Error::Core(error) => error.into(),
    }
}
