//! Joins: which algorithm a join runs by.
//!
//! A join with keys hashes its right side, unless the right side has a key and the left side
//! turns out to be short: then each left row looks its partners up. A lateral join opens its
//! right side for each left row; any other compares every pair.

use std::sync::Arc;

use stele_core::record::value::Value;

use super::run::Outer;
use super::{Row, RowStream, Run, hash_join, nested_loop};
use crate::error::Result;
use crate::sql::plan::Join;

/// With more left rows than this, hashing the right side beats looking rows up.
const PROBE_ROWS_MAX: usize = 256;

/// Opens a join.
pub(super) fn open<'a>(run: &Arc<Run<'a>>, join: &'a Join, outer: &Outer) -> Result<RowStream<'a>> {
    let mut left = run.open(&join.left, outer)?;
    if let Some(args) = &join.args {
        return Ok(nested_loop::lateral(
            run,
            join,
            left,
            &join.right,
            args,
            outer,
        ));
    }
    if join.keys.is_empty() {
        return nested_loop::every_pair(run, join, left, outer);
    }
    if let Some(probe) = &join.probe {
        let mut first = Vec::new();
        for row in left.by_ref().take(PROBE_ROWS_MAX + 1) {
            first.push(row?);
        }
        let few = first.len() <= PROBE_ROWS_MAX;
        let first = first.into_iter().map(Ok);
        if few {
            return Ok(nested_loop::lateral(
                run,
                join,
                Box::new(first),
                &probe.right,
                &probe.args,
                outer,
            ));
        }
        return hash_join::open(run, join, Box::new(first.chain(left)), outer);
    }
    hash_join::open(run, join, left, outer)
}

/// Both rows side by side.
pub(super) fn paired(left: &[Value], right: &[Value]) -> Row {
    let mut row = Vec::with_capacity(left.len() + right.len());
    row.extend_from_slice(left);
    row.extend_from_slice(right);
    row
}

/// A row of NULLs.
pub(super) fn nulls(width: usize) -> Row {
    vec![Value::Null; width]
}
