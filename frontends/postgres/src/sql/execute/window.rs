//! Window functions: partitions in order, and the values of each row.

use std::collections::HashMap;
use std::sync::Arc;

use stele_core::record::value::Value;

use super::budget::Held;
use super::frame::Peers;
use super::row::compare_keys;
use super::run::Outer;
use super::{Row, RowStream, Run, sort, window_call};
use crate::error::Result;
use crate::sql::plan::Window;

/// Opens window functions: reads all of the input. Rows come out partition by partition, in
/// the order of the window.
pub(super) fn open<'a>(
    run: &Arc<Run<'a>>,
    node: &'a Window,
    outer: &Outer,
) -> Result<RowStream<'a>> {
    let mut held = Held::new(run);
    let mut partitions: Vec<Vec<Sorted>> = Vec::new();
    let mut places: HashMap<Vec<Value>, usize> = HashMap::new();
    for row in run.open(&node.input, outer)? {
        let row = row?;
        run.tick()?;
        held.add(&row)?;
        let partition = run.eval_all(&node.partition, &row, outer)?;
        let keys = sort::key_values(run, &node.order, &row, outer)?;
        let at = *places.entry(partition).or_insert_with(|| {
            partitions.push(Vec::new());
            partitions.len() - 1
        });
        if let Some(partition) = partitions.get_mut(at) {
            partition.push(Sorted { keys, row });
        }
    }
    let (run, outer) = (run.clone(), outer.clone());
    Ok(Box::new(partitions.into_iter().flat_map(
        move |partition| -> RowStream<'a> {
            let _ = &held;
            match finished(&run, node, partition, &outer) {
                Ok(rows) => Box::new(rows.into_iter().map(Ok)),
                Err(error) => Box::new(std::iter::once(Err(error))),
            }
        },
    )))
}

struct Sorted {
    keys: Vec<Value>,
    row: Row,
}

fn finished(
    run: &Run<'_>,
    node: &Window,
    mut partition: Vec<Sorted>,
    outer: &Outer,
) -> Result<Vec<Row>> {
    partition.sort_by(|a, b| compare_keys(&node.order, &a.keys, &b.keys));
    let (keys, mut rows): (Vec<Vec<Value>>, Vec<Row>) = partition
        .into_iter()
        .map(|sorted| (sorted.keys, sorted.row))
        .unzip();
    let peers = Peers::new(&node.order, &keys);
    let mut columns = Vec::with_capacity(node.calls.len());
    for call in &node.calls {
        columns.push(window_call::values(run, call, &peers, &rows, outer)?);
    }
    for column in columns {
        for (row, value) in rows.iter_mut().zip(column) {
            row.push(value);
        }
    }
    Ok(rows)
}
