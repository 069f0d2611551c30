//! Documents of tables made elsewhere: fields are columns, by name.

use serde_json::{Map, Value as Json};
use stele_core::Database;
use stele_core::record::expr::{EvalContext, Host};
use stele_core::record::table::{Column, Table};
use stele_core::record::value::{Settings, Value, ValueError, text};

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
            .map(|json| value(column, json))
            .transpose()?;
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
                None => default(db, column).await?,
            },
        });
    }
    Ok(values)
}

/// A JSON value as a column's.
fn value(column: &Column, json: &Json) -> Result<Value, Fault> {
    use stele_core::record::value::Type;
    let text = match (json, &column.ty.ty) {
        (Json::Null, _) => return Ok(Value::Null),
        (json, Type::Json | Type::Jsonb) => json.to_string(),
        (Json::String(text), _) => text.clone(),
        (Json::Array(items), Type::Array(_)) => array(items)?,
        (Json::Bool(_) | Json::Number(_), _) => json.to_string(),
        _ => {
            return Err(Fault::document(format!(
                "column [{}] cannot hold [{json}]",
                column.name
            )));
        }
    };
    text::parse(&text, &column.ty, &Settings::default())
        .map_err(|error| Fault::document(format!("column [{}]: {}", column.name, error.message)))
}

/// SQL's spelling of an array of plain values.
fn array(items: &[Json]) -> Result<String, Fault> {
    let spell = |item: &Json| match item {
        Json::Null => Ok("NULL".to_owned()),
        Json::String(text) => Ok(format!(
            "\"{}\"",
            text.replace('\\', "\\\\").replace('"', "\\\"")
        )),
        Json::Bool(_) | Json::Number(_) => Ok(item.to_string()),
        item => Err(Fault::document(format!("an array cannot hold [{item}]"))),
    };
    let items = items.iter().map(spell).collect::<Result<Vec<_>, Fault>>()?;
    Ok(format!("{{{}}}", items.join(",")))
}

async fn default(db: &Database, column: &Column) -> Result<Value, Fault> {
    let failed =
        |error: ValueError| Fault::document(format!("column [{}]: {}", column.name, error.message));
    if let Some(sequence) = column.sequence {
        let number = db.next_value(sequence).await?.to_string();
        return text::parse(&number, &column.ty, &Settings::default()).map_err(failed);
    }
    let Some(default) = &column.default else {
        return Ok(Value::Null);
    };
    let settings = Settings::default();
    let now_us = i64::try_from(db.now_us()).unwrap_or(i64::MAX);
    let node = Node(db);
    default
        .eval(&[], &EvalContext::new(&settings, &node, now_us))
        .map_err(failed)
}

/// What a default may ask of the node: chance.
struct Node<'a>(&'a Database);

impl Host for Node<'_> {
    fn random(&self) -> Result<u64, ValueError> {
        Ok(self.0.random())
    }
}
