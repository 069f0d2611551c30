//! Documents of tables made elsewhere: fields are columns, by name.

use serde_json::{Map, Value as Json};
use stele_core::Database;
use stele_core::record::table::Table;
use stele_core::record::value::Value;
use stele_core::txn::RowError;

use crate::wire::Fault;

/// The row that a document replaces `old` with, or makes.
pub async fn row(
    db: &Database,
    table: &Table,
    id: &str,
    document: &Map<String, Json>,
    old: Option<&[Value]>,
) -> Result<Vec<Value>, Fault> {
    if let Some(name) = document
        .keys()
        .find(|name| table.position_of(name).is_none())
    {
        return Err(Fault::new(
            axum::http::StatusCode::BAD_REQUEST,
            "strict_dynamic_mapping_exception",
            format!("column [{name}] of table [{}] does not exist", table.name),
        ));
    }
    let keys = table.key_positions();
    let key_values = table.values_of_spelling(id).flatten();
    let key_values = key_values.ok_or_else(|| {
        Fault::document(format!("[{id}] cannot be a key of table [{}]", table.name))
    })?;
    let mut values = Vec::with_capacity(table.columns.len());
    for (at, column) in table.columns.iter().enumerate() {
        let of_key = keys
            .iter()
            .position(|key| *key == at)
            .and_then(|part| key_values.get(part));
        let given = document
            .get(&column.name)
            .map(|json| column.value_of(json))
            .transpose()
            .map_err(RowError::from)?;
        values.push(match (of_key, given) {
            (Some(key), Some(given)) if *key != given => {
                return Err(Fault::document(format!(
                    "column [{}] contradicts the key [{id}]",
                    column.name
                )));
            }
            (Some(key), _) => key.clone(),
            (None, Some(given)) => given,
            (None, None) => match old
                .and_then(|old| old.get(at))
                .filter(|_| column.sequence.is_some())
            {
                Some(old) => old.clone(),
                None => db.default_of(column).await?,
            },
        });
    }
    Ok(values)
}
