//! The row an HSET begins: the key's own fields, defaults in the others.

use std::sync::Arc;

use stele_core::record::table::Table;
use stele_core::record::value::Value;

use super::write::row_fault;
use crate::commands::Deciding;
use crate::fault::{Fault, said};

/// The fields of a row that is not there yet, before the given changes are made. Defaults of
/// columns that are changed are not evaluated, so no sequence moves for nothing.
///
/// # Errors
/// When a default cannot be evaluated here.
pub async fn row(
    deciding: &Deciding<'_>,
    table: &Arc<Table>,
    spelling: &str,
    changes: &[(usize, Value)],
) -> Result<Vec<Value>, Fault> {
    let keys = table.key_positions();
    let key_values = table.values_of_spelling(spelling).flatten();
    // Without a primary key a row is named by a hidden number that only an INSERT gives out.
    let key_values = key_values.ok_or(said(
        "ERR rows of a table without a primary key cannot be made by key",
    ))?;
    let mut values = Vec::with_capacity(table.columns.len());
    for (at, column) in table.columns.iter().enumerate() {
        let of_key = keys
            .iter()
            .position(|key| *key == at)
            .and_then(|part| key_values.get(part));
        let is_given = changes.iter().any(|(changed, _)| *changed == at);
        values.push(match of_key {
            Some(value) => value.clone(),
            None if is_given => Value::Null,
            None => deciding.db.default_of(column).await.map_err(row_fault)?,
        });
    }
    Ok(values)
}
