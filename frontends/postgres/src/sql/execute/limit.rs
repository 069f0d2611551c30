//! LIMIT, OFFSET and WITH TIES.

use std::sync::Arc;

use stele_core::record::expr::Expr;
use stele_core::record::value::Value;

use super::run::Outer;
use super::{RowStream, Run, row, sort};
use crate::error::{Result, SqlError};
use crate::sql::plan::{Limit, SortKey};

/// Opens a limit.
pub(super) fn open<'a>(
    run: &Arc<Run<'a>>,
    node: &'a Limit,
    outer: &Outer,
) -> Result<RowStream<'a>> {
    let count = evaluated(run, node.limit.as_ref(), "LIMIT", "2201W", outer)?;
    let skip = evaluated(run, node.offset.as_ref(), "OFFSET", "2201X", outer)?.unwrap_or(0);
    if count == Some(0) {
        return Ok(Box::new(std::iter::empty()));
    }
    let rows = run.open(&node.input, outer)?;
    let rows = Skipped { rows, skip };
    let Some(count) = count else {
        return Ok(Box::new(rows));
    };
    match &node.ties {
        None => Ok(Box::new(
            rows.take(usize::try_from(count).unwrap_or(usize::MAX)),
        )),
        Some(keys) => Ok(Box::new(ties(
            run.clone(),
            rows,
            keys,
            count,
            outer.clone(),
        ))),
    }
}

/// How many rows a limit needs of its input: LIMIT plus OFFSET. `None` for all.
pub(super) fn wanted(
    run: &Run<'_>,
    limit: Option<&Expr>,
    offset: Option<&Expr>,
    outer: &Outer,
) -> Result<Option<u64>> {
    let count = evaluated(run, limit, "LIMIT", "2201W", outer)?;
    let skip = evaluated(run, offset, "OFFSET", "2201X", outer)?.unwrap_or(0);
    Ok(count.map(|count| count.saturating_add(skip)))
}

/// The number a clause gives; NULL is none.
pub fn evaluated(
    run: &Run<'_>,
    expr: Option<&Expr>,
    what: &str,
    code: &'static str,
    outer: &Outer,
) -> Result<Option<u64>> {
    let Some(expr) = expr else { return Ok(None) };
    match run.eval(expr, &[], outer)? {
        Value::Int8(count) => match u64::try_from(count) {
            Ok(count) => Ok(Some(count)),
            Err(_) => Err(SqlError::new(code, format!("{what} must not be negative"))),
        },
        _ => Ok(None),
    }
}

/// Rows without the first ones. An error among those is still an error.
struct Skipped<'a> {
    rows: RowStream<'a>,
    skip: u64,
}

impl Iterator for Skipped<'_> {
    type Item = Result<super::Row>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.skip > 0 {
            self.skip -= 1;
            match self.rows.next()? {
                Ok(_) => {}
                Err(error) => return Some(Err(error)),
            }
        }
        self.rows.next()
    }
}

fn ties<'a>(
    run: Arc<Run<'a>>,
    mut rows: Skipped<'a>,
    keys: &'a [SortKey],
    count: u64,
    outer: Outer,
) -> impl Iterator<Item = Result<super::Row>> + Send + 'a {
    let mut given = 0;
    let mut last: Option<Vec<Value>> = None;
    std::iter::from_fn(move || {
        let next = match rows.next()? {
            Ok(next) => next,
            Err(error) => return Some(Err(error)),
        };
        let values = match sort::key_values(&run, keys, &next, &outer) {
            Ok(values) => values,
            Err(error) => return Some(Err(error)),
        };
        let tied = last
            .as_ref()
            .is_some_and(|last| row::compare_keys(keys, last, &values).is_eq());
        if given >= count && !tied {
            return None;
        }
        given += 1;
        last = Some(values);
        Some(Ok(next))
    })
}
