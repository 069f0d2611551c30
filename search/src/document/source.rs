//! Rows as documents, and documents as rows (see the essay of this folder).

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value as Json};
use stele_core::record::table::Table;
use stele_core::record::value::{Settings, Value, text};

use super::date;
use super::mapping::Mapping;
use super::values::{SQL_EPOCH_US, column_value, is_value};

/// The column with a document's key, and the one with its text.
pub const ID_COLUMN: &str = "_id";
/// See [`ID_COLUMN`].
pub const SOURCE_COLUMN: &str = "_source";

/// A document: its text as it was sent or as its row makes it, and the fields it has.
#[derive(Clone, Debug, Default)]
pub struct Document {
    /// The text.
    pub text: String,
    /// Read when they are asked for.
    fields: OnceLock<Map<String, Json>>,
}

/// A text's fields, their values not read yet.
#[derive(Deserialize)]
struct Outline<'a>(#[serde(borrow)] BTreeMap<Name<'a>, &'a RawValue>);

/// A field's name.
#[derive(Deserialize, PartialEq, Eq, PartialOrd, Ord)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

impl Document {
    /// A document of fields that were read from a text.
    pub fn new(fields: Map<String, Json>, text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            fields: fields.into(),
        }
    }

    /// A document of fields, spelled as JSON is spelled here.
    pub fn of_fields(fields: Map<String, Json>) -> Self {
        let json = Json::Object(fields);
        let text = json.to_string();
        match json {
            Json::Object(fields) => Self::new(fields, text),
            _ => Self::default(),
        }
    }

    /// The fields, in the document's order.
    pub fn fields(&self) -> &Map<String, Json> {
        let read = || serde_json::from_str(&self.text).unwrap_or_default();
        self.fields.get_or_init(read)
    }

    /// The document that a row is.
    pub fn of_row(table: &Table, mapping: Option<&Mapping>, row: &[Value]) -> Self {
        match mapping.filter(|mapping| mapping.documents) {
            Some(mapping) => Self::reconciled(table, mapping, row),
            None => Self::of_fields(columns(table, row, |_| true)),
        }
    }

    /// The document that a text is, and its outline. Its fields are read now where that
    /// could fail: SQL's JSON has numbers and halves of characters that are none here.
    fn of_text(text: &str) -> Option<(Self, Outline<'_>)> {
        let outline: Outline = serde_json::from_str(text).ok()?;
        let fields = match outline.0.values().all(|raw| can_be_read(raw.get())) {
            true => OnceLock::new(),
            false => OnceLock::from(serde_json::from_str::<Map<_, _>>(text).ok()?),
        };
        let text = text.to_owned();
        Some((Self { text, fields }, outline))
    }

    /// `_source`, with what columns say otherwise.
    fn reconciled(table: &Table, mapping: &Mapping, row: &[Value]) -> Self {
        let sent = table.position_of(SOURCE_COLUMN).and_then(|at| row.get(at));
        let sent = sent.and_then(Value::as_str);
        let Some((document, Outline(outline))) = sent.and_then(Self::of_text) else {
            let is_own = |name: &str| name != ID_COLUMN && name != SOURCE_COLUMN;
            let mut fields = columns(table, row, is_own);
            fields.retain(|_, value| !value.is_null());
            return Self::of_fields(fields);
        };
        let changed: Vec<(&String, &Value)> = mapping
            .fields
            .iter()
            .filter_map(|(name, field)| {
                let at = table.position(field.column?)?;
                let (value, sent) = (row.get(at)?, outline.get(&Name(name.into())));
                (!is_value(field.kind, sent.map(|raw| raw.get()), value)).then_some((name, value))
            })
            .collect();
        if changed.is_empty() {
            return document;
        }
        let mut fields = document.fields().clone();
        for (name, value) in changed {
            match value {
                Value::Null => drop(fields.shift_remove(name)),
                value => drop(fields.insert(name.clone(), json_of(value))),
            }
        }
        Self::of_fields(fields)
    }

    /// The row of a collection of documents that a document becomes. Its fields
    /// must be of the mapping's types.
    pub fn to_row(&self, table: &Table, mapping: &Mapping, id: &str) -> Vec<Value> {
        let value = |column: &stele_core::record::table::Column| match column.name.as_str() {
            ID_COLUMN => Value::text(id),
            SOURCE_COLUMN => Value::Json(self.text.as_str().into()),
            _ => {
                let mut fields = mapping.fields.iter();
                match fields.find(|(_, field)| field.column == Some(column.id)) {
                    Some((name, field)) => column_value(field.kind, self.fields().get(name)),
                    None => Value::Null,
                }
            }
        };
        table.columns.iter().map(value).collect()
    }
}

/// Is a value surely read? What is nested deeper is not looked at for it.
fn can_be_read(json: &str) -> bool {
    let is_plain = json.starts_with('"') && !json.contains('\\');
    let is_flat = json.matches(['[', '{']).count() <= 1;
    is_plain || is_flat && serde_json::from_str::<Json>(json).is_ok()
}

/// A row's columns as fields.
fn columns(table: &Table, row: &[Value], shown: impl Fn(&str) -> bool) -> Map<String, Json> {
    let columns = table.columns.iter().zip(row);
    let shown = columns.filter(|(column, _)| shown(&column.name));
    shown
        .map(|(column, value)| (column.name.clone(), json_of(value)))
        .collect()
}

/// A column's value as a document spells it.
pub fn json_of(value: &Value) -> Json {
    let printed = || text::print(value, &Settings::default());
    match value {
        Value::Null => Json::Null,
        Value::Bool(value) => Json::Bool(*value),
        Value::Int2(_) | Value::Int4(_) | Value::Int8(_) | Value::Oid(_) => {
            value.as_i64().map_or(Json::Null, Json::from)
        }
        // The shortest digits that mean this number, not those of its 64-bit form.
        Value::Float4(_) | Value::Numeric(_) => {
            let text = printed();
            number_of(&text).unwrap_or(Json::String(text))
        }
        Value::Float8(number) => serde_json::Number::from_f64(*number)
            .map_or_else(|| Json::String(printed()), Json::Number),
        Value::Timestamptz(us) | Value::Timestamp(us) if !matches!(*us, i64::MAX | i64::MIN) => {
            Json::String(date::print(us.saturating_add(SQL_EPOCH_US)))
        }
        Value::Json(text) => serde_json::from_str(text).unwrap_or(Json::Null),
        Value::Jsonb(_) => serde_json::from_str(&printed()).unwrap_or(Json::Null),
        Value::Array(array) => match &**array {
            array if array.dimensions.len() == 1 => {
                Json::Array(array.values.iter().map(json_of).collect())
            }
            _ => Json::String(printed()),
        },
        _ => Json::String(printed()),
    }
}

/// A number whose JSON form loses nothing.
fn number_of(text: &str) -> Option<Json> {
    if let Ok(whole) = text.parse::<i64>() {
        return Some(Json::from(whole));
    }
    let number: f64 = text.parse().ok()?;
    let digits = |text: &str| text.bytes().filter(u8::is_ascii_digit).count();
    (digits(text) <= 15).then(|| serde_json::Number::from_f64(number).map(Json::Number))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_read_when_it_is_asked_for_unless_that_could_fail() {
        let read = |text: &str| {
            let (document, _) = Document::of_text(text)?;
            Some(document.fields.get().is_some())
        };
        assert_eq!(read(r#"{"a": "b", "c": [1, 2.5], "d": null}"#), Some(false));
        assert_eq!(read(r#"{"a": {"b": [1]}}"#), Some(true));
        // SQL takes all of these.
        assert_eq!(read(r#"{"a": 1e999}"#), None);
        assert_eq!(read(r#"{"a": "\ud800"}"#), None);
        assert_eq!(read(r#"{"a": [[1e999]]}"#), None);
        let deep = format!("{{\"a\": {}{}}}", "[".repeat(127), "]".repeat(127));
        assert_eq!(read(&deep), None);
        assert_eq!(read("[1]"), None);
    }
}
