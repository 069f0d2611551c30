//! ORDER BY: all rows in memory, or only as many as a LIMIT asks for.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::sync::Arc;

use stele_core::record::value::Value;

use super::budget::Held;
use super::row::compare_keys;
use super::run::Outer;
use super::{Row, RowStream, Run, limit};
use crate::error::Result;
use crate::sql::plan::{Plan, SortKey, Top};

/// A heap of this many rows is cheaper than a sort of all.
const TOP_ROWS_MAX: u64 = 100_000;

/// Opens a sort. It is stable: rows with equal keys keep their order.
pub(super) fn open<'a>(
    run: &Arc<Run<'a>>,
    input: &'a Plan,
    keys: &'a [SortKey],
    top: Option<&'a Top>,
    outer: &Outer,
) -> Result<RowStream<'a>> {
    let wanted = match top {
        Some(top) => limit::wanted(run, Some(&top.limit), top.offset.as_ref(), outer)?
            .filter(|rows| *rows <= TOP_ROWS_MAX),
        None => None,
    };
    let rows = run.open(input, outer)?;
    match wanted {
        Some(0) => Ok(Box::new(std::iter::empty())),
        Some(wanted) => first(run, rows, keys, wanted as usize, outer),
        None => whole(run, rows, keys, outer),
    }
}

fn whole<'a>(
    run: &Arc<Run<'a>>,
    rows: RowStream<'a>,
    keys: &'a [SortKey],
    outer: &Outer,
) -> Result<RowStream<'a>> {
    let mut held = Held::new(run);
    let mut sorted: Vec<(Vec<Value>, Row)> = Vec::new();
    for row in rows {
        let row = row?;
        held.add(&row)?;
        sorted.push((key_values(run, keys, &row, outer)?, row));
    }
    sorted.sort_by(|a, b| compare_keys(keys, &a.0, &b.0));
    Ok(Box::new(sorted.into_iter().map(move |(_, row)| {
        let _ = &held;
        Ok(row)
    })))
}

/// The `count` first rows.
fn first<'a>(
    run: &Arc<Run<'a>>,
    rows: RowStream<'a>,
    keys: &'a [SortKey],
    count: usize,
    outer: &Outer,
) -> Result<RowStream<'a>> {
    let mut held = Held::new(run);
    let mut heap: BinaryHeap<Candidate<'a>> = BinaryHeap::with_capacity(count + 1);
    for (order, row) in rows.enumerate() {
        let row = row?;
        let candidate = Candidate {
            keys,
            values: key_values(run, keys, &row, outer)?,
            order,
            row,
        };
        if heap.len() < count {
            held.add(&candidate.row)?;
            heap.push(candidate);
        } else if heap.peek().is_some_and(|last| candidate < *last) {
            heap.pop();
            heap.push(candidate);
        }
    }
    let sorted = heap.into_sorted_vec();
    Ok(Box::new(sorted.into_iter().map(move |candidate| {
        let _ = &held;
        Ok(candidate.row)
    })))
}

pub(super) fn key_values(
    run: &Run<'_>,
    keys: &[SortKey],
    row: &[Value],
    outer: &Outer,
) -> Result<Vec<Value>> {
    run.with_cx(outer, |cx| {
        let values: Result<Vec<Value>, _> = keys.iter().map(|key| key.expr.eval(row, cx)).collect();
        Ok(values?)
    })
}

/// A row in the heap; the greatest is the first to go.
struct Candidate<'a> {
    keys: &'a [SortKey],
    values: Vec<Value>,
    order: usize,
    row: Row,
}

impl Ord for Candidate<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        compare_keys(self.keys, &self.values, &other.values).then(self.order.cmp(&other.order))
    }
}

impl PartialOrd for Candidate<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Candidate<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Candidate<'_> {}
