//! Columns as members of a JSON object, and what a column holds that was not given.

use serde_json::Value as Json;
use stele_core::Database;
use stele_core::record::expr::{EvalContext, Host, json_text};
use stele_core::record::table::{Column, Table};
use stele_core::record::value::{Settings, Type, Value, ValueError, text};
use stele_core::txn::RowResult;

/// The row's columns by name, in the table's order.
pub fn object(table: &Table, values: &[Value]) -> String {
    let settings = Settings::default();
    let text = |value: &Value| json_text(value, &settings).unwrap_or_else(|_| "null".to_owned());
    let name = |name: &str| text(&Value::Text(name.into()));
    let columns = table.columns.iter().zip(values);
    let members: Vec<String> = columns
        .map(|(column, value)| format!("{}:{}", name(&column.name), text(value)))
        .collect();
    format!("{{{}}}", members.join(","))
}

/// A member's value as the column's: text is read as SQL reads it.
///
/// # Errors
/// When the column cannot hold it.
pub fn value(column: &Column, json: &Json) -> Result<Value, ValueError> {
    let text = match (json, &column.ty.ty) {
        (Json::Null, _) => return Ok(Value::Null),
        (json, Type::Json | Type::Jsonb) => json.to_string(),
        (Json::String(text), _) => text.clone(),
        (Json::Array(items), Type::Array(_)) => array(items)?,
        (Json::Bool(_) | Json::Number(_), _) => json.to_string(),
        _ => return Err(cannot_hold(json)),
    };
    text::parse(&text, &column.ty, &Settings::default())
}

/// The column's default as of now: its sequence's next value, or what its expression
/// evaluates to.
///
/// # Errors
/// When the sequence is at its end, or the expression fails.
pub async fn default(db: &Database, column: &Column) -> RowResult<Value> {
    let settings = Settings::default();
    if let Some(sequence) = column.sequence {
        let number = db.next_value(sequence).await?.to_string();
        return Ok(text::parse(&number, &column.ty, &settings)?);
    }
    let Some(default) = &column.default else {
        return Ok(Value::Null);
    };
    let now_us = i64::try_from(db.now_us()).unwrap_or(i64::MAX);
    let dice = Dice(db);
    Ok(default.eval(&[], &EvalContext::new(&settings, &dice, now_us))?)
}

/// SQL's spelling of an array of plain values.
fn array(items: &[Json]) -> Result<String, ValueError> {
    let spell = |item: &Json| match item {
        Json::Null => Ok("NULL".to_owned()),
        Json::String(text) => {
            let text = text.replace('\\', "\\\\").replace('"', "\\\"");
            Ok(format!("\"{text}\""))
        }
        Json::Bool(_) | Json::Number(_) => Ok(item.to_string()),
        item => Err(cannot_hold(item)),
    };
    let items = items.iter().map(spell).collect::<Result<Vec<_>, _>>()?;
    Ok(format!("{{{}}}", items.join(",")))
}

fn cannot_hold(json: &Json) -> ValueError {
    let kind = match json {
        Json::Object(_) => "an object",
        _ => "an array",
    };
    ValueError::new("22023", format!("{kind} does not fit its type"))
}

/// What a default may ask of the node: chance.
struct Dice<'a>(&'a Database);

impl Host for Dice<'_> {
    fn random(&self) -> Result<u64, ValueError> {
        Ok(self.0.random())
    }
}
