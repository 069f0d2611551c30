//! Point reads: queries that read one table by primary key and nothing else.

use std::sync::Arc;

use stele_core::record::Key;
use stele_core::record::expr::{EvalContext, Expr};
use stele_core::record::table::Table;
use stele_core::record::value::Value;

use super::access::{KeyPart, key_value};
use super::{Access, Plan};
use crate::error::{Result, SqlError};
use crate::sql::bind::BoundQuery;

/// How many keys one point read may have.
const KEY_COUNT_MAX: usize = 10_000;

/// The records a query reads, computed from its parameters alone.
#[derive(Clone, Debug)]
pub struct PointGet {
    /// The table.
    pub table: Arc<Table>,
    parts: Vec<KeyPart>,
}

/// The point read a query is, if it is one.
pub fn point_get(query: &BoundQuery) -> Option<PointGet> {
    if !query.subplans.is_empty() {
        return None;
    }
    let mut plan = &query.plan;
    loop {
        plan = match plan {
            Plan::Filter { input, .. } | Plan::Project { input, .. } | Plan::Sort { input, .. } => {
                input
            }
            Plan::Limit(limit) => &limit.input,
            Plan::Aggregate(aggregate) => &aggregate.input,
            Plan::Scan(scan) => {
                let (Some(table), Access::Primary(parts)) = (scan.source.table(), &scan.access)
                else {
                    return None;
                };
                return Some(PointGet {
                    table: table.clone(),
                    parts: parts.clone(),
                });
            }
            _ => return None,
        };
    }
}

impl PointGet {
    /// The keys of the records, for these parameters.
    pub fn keys(&self, cx: &EvalContext<'_>) -> Result<Vec<Key>> {
        primary_keys(&self.table, &self.parts, cx)
    }
}

/// The keys that these values of a primary key stand for; values no row can have give none.
pub fn primary_keys(table: &Table, parts: &[KeyPart], cx: &EvalContext<'_>) -> Result<Vec<Key>> {
    let mut columns = Vec::with_capacity(parts.len());
    for (part, position) in parts.iter().zip(table.key_positions()) {
        let ty = table.columns.get(position).map(|column| &column.ty.ty);
        let ty = ty.ok_or_else(|| SqlError::internal("a key column is missing"))?;
        let values = part_values(part, cx)?;
        columns.push(
            values
                .into_iter()
                .filter_map(|value| key_value(value, ty))
                .collect::<Vec<_>>(),
        );
    }
    let tuples = combinations(&columns)?;
    let keys: Result<Vec<Key>, _> = tuples.iter().map(|tuple| table.key(tuple)).collect();
    Ok(keys?)
}

/// The distinct values of a key part.
pub fn part_values(part: &KeyPart, cx: &EvalContext<'_>) -> Result<Vec<Value>> {
    let mut values = match part {
        KeyPart::One(expr) => return Ok(vec![expr.eval(&[], cx)?]),
        KeyPart::Any(exprs) => exprs
            .iter()
            .map(|expr: &Expr| expr.eval(&[], cx))
            .collect::<Result<Vec<_>, _>>()?,
        KeyPart::Array(expr) => match expr.eval(&[], cx)? {
            Value::Array(array) => array.values.clone(),
            _ => Vec::new(),
        },
    };
    values.sort();
    values.dedup();
    Ok(values)
}

/// Every choice of one value per column. Errors: 54000 when there are too many.
pub fn combinations(columns: &[Vec<Value>]) -> Result<Vec<Vec<Value>>> {
    let count = columns
        .iter()
        .fold(1_usize, |count, values| count.saturating_mul(values.len()));
    if count > KEY_COUNT_MAX * 100 {
        return Err(SqlError::new(
            "54000",
            "too many combinations of key values",
        ));
    }
    let mut tuples = vec![Vec::with_capacity(columns.len())];
    for values in columns {
        let longer = tuples.iter().flat_map(|tuple: &Vec<Value>| {
            values.iter().map(move |value| {
                let mut longer = tuple.clone();
                longer.push(value.clone());
                longer
            })
        });
        tuples = longer.collect();
    }
    Ok(tuples)
}
