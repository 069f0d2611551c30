//! The row an HSET begins: the key's own fields, defaults in the others.

use std::sync::Arc;

use bytes::Bytes;
use stele_core::Database;
use stele_core::record::expr::{EvalContext, Host};
use stele_core::record::table::{Column, Table};
use stele_core::record::value::{Settings, Value, ValueError};

use super::fields::{parse_field, refused};
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
            None => default(deciding.db, column).await?,
        });
    }
    Ok(values)
}

async fn default(db: &Database, column: &Column) -> Result<Value, Fault> {
    if let Some(sequence) = column.sequence {
        let value = db.next_value(sequence).await?;
        return parse_field(column, &Bytes::from(value.to_string()));
    }
    let Some(default) = &column.default else {
        return Ok(Value::Null);
    };
    let settings = Settings::default();
    let now_us = i64::try_from(db.now_us()).unwrap_or(i64::MAX);
    let node = Node(db);
    let context = EvalContext::new(&settings, &node, now_us);
    default.eval(&[], &context).map_err(|error| refused(&error))
}

/// What a default may ask of the node: chance.
struct Node<'a>(&'a Database);

impl Host for Node<'_> {
    fn random(&self) -> Result<u64, ValueError> {
        Ok(self.0.random())
    }
}
