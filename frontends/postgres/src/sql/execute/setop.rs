//! UNION, INTERSECT, EXCEPT and DISTINCT.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use stele_core::record::expr::Expr;
use stele_core::record::value::Value;

use super::budget::Held;
use super::run::Outer;
use super::{Row, RowStream, Run};
use crate::error::Result;
use crate::sql::plan::{Plan, SetOp};

/// Opens a set operation.
pub(super) fn open<'a>(
    run: &Arc<Run<'a>>,
    op: SetOp,
    all: bool,
    (left, right): (&'a Plan, &'a Plan),
    outer: &Outer,
) -> Result<RowStream<'a>> {
    let rows = run.open(left, outer)?;
    if op == SetOp::Union {
        let later = Later {
            run: run.clone(),
            plan: right,
            outer: outer.clone(),
            rows: None,
        };
        let both: RowStream<'a> = Box::new(rows.chain(later));
        return Ok(if all { both } else { unique(run, both) });
    }
    let mut held = Held::new(run);
    let mut counts: HashMap<Row, usize> = HashMap::new();
    for row in run.open(right, outer)? {
        let row = row?;
        run.tick()?;
        match counts.get_mut(&row) {
            Some(count) => *count += 1,
            None => {
                held.add(&row)?;
                counts.insert(row, 1);
            }
        }
    }
    let rows: RowStream<'a> = if all { rows } else { unique(run, rows) };
    Ok(Box::new(rows.filter_map(move |row| {
        let _ = &held;
        let row = match row {
            Ok(row) => row,
            Err(error) => return Some(Err(error)),
        };
        keeps(op, all, counts.get_mut(&row)).then_some(Ok(row))
    })))
}

/// Whether a left row stays, given how often the right side has (left) it.
fn keeps(op: SetOp, all: bool, count: Option<&mut usize>) -> bool {
    let found = match count {
        Some(count) if !all => *count > 0,
        Some(count) if *count > 0 => {
            *count -= 1;
            true
        }
        _ => false,
    };
    match op {
        SetOp::Except => !found,
        _ => found,
    }
}

/// Opened only when the rows before are exhausted.
struct Later<'a> {
    run: Arc<Run<'a>>,
    plan: &'a Plan,
    outer: Outer,
    rows: Option<RowStream<'a>>,
}

impl Iterator for Later<'_> {
    type Item = Result<Row>;

    fn next(&mut self) -> Option<Result<Row>> {
        if self.rows.is_none() {
            match self.run.open(self.plan, &self.outer) {
                Ok(rows) => self.rows = Some(rows),
                Err(error) => return Some(Err(error)),
            }
        }
        self.rows.as_mut()?.next()
    }
}

/// Opens DISTINCT: of whole rows, or of neighbours by some expressions.
pub(super) fn distinct<'a>(
    run: &Arc<Run<'a>>,
    input: &'a Plan,
    on: Option<&'a [Expr]>,
    outer: &Outer,
) -> Result<RowStream<'a>> {
    let rows = run.open(input, outer)?;
    let Some(on) = on else {
        return Ok(unique(run, rows));
    };
    let (run, outer) = (run.clone(), outer.clone());
    let mut last: Option<Vec<Value>> = None;
    Ok(Box::new(rows.filter_map(move |row| {
        let keyed = row.and_then(|row| Ok((run.eval_all(on, &row, &outer)?, row)));
        match keyed {
            Ok((key, _)) if last.as_ref() == Some(&key) => None,
            Ok((key, row)) => {
                last = Some(key);
                Some(Ok(row))
            }
            Err(error) => Some(Err(error)),
        }
    })))
}

/// Each row once, at its first place.
fn unique<'a>(run: &Arc<Run<'a>>, rows: RowStream<'a>) -> RowStream<'a> {
    let mut held = Held::new(run);
    let mut seen: HashSet<Row> = HashSet::new();
    Box::new(rows.filter_map(move |row| {
        let row = match row {
            Ok(row) => row,
            Err(error) => return Some(Err(error)),
        };
        if seen.contains(&row) {
            return None;
        }
        if let Err(error) = held.add(&row) {
            return Some(Err(error));
        }
        seen.insert(row.clone());
        Some(Ok(row))
    }))
}
