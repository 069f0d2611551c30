//! Growing: fields that a mapping gains, and their columns.

use serde_json::{Map, Value as Json};
use stele_core::record::Token;
use stele_core::record::table::{Column, Definition, SearchIndex, Table};
use stele_core::record::value::{ColumnType, Type};
use stele_core::txn::{Txn, TxnOptions};
use stele_search::document::source::{ID_COLUMN, SOURCE_COLUMN};
use stele_search::document::values::{column_type, leaf};
use stele_search::document::{Dynamic, Field, Kind, Mapping, date};

use super::properties;
use super::resolve::{self, Index};
use crate::App;
use crate::wire::Fault;

/// Longer texts have no second reading as a keyword, characters.
const KEYWORD_LENGTH_MAX: u32 = 256;
/// How deep a document's objects are mapped.
const DEPTH_MAX: usize = 20;
/// How often a change of a mapping is tried against others.
const TRIES: usize = 20;

/// A column of a collection of documents.
pub fn column(table: &mut Table, name: &str, ty: Type, not_null: bool) -> u32 {
    let id = table.next_column;
    table.next_column += 1;
    table.columns.push(Column {
        id,
        name: name.to_owned(),
        ty: ColumnType { ty, typmod: -1 },
        not_null,
        default: None,
        sequence: None,
        identity: None,
        missing: None,
    });
    id
}

/// Gives a column to each field that can have one and has none.
pub fn columns(table: &mut Table, mapping: &mut Mapping) {
    let names: Vec<String> = mapping.fields.keys().cloned().collect();
    for name in names {
        let Some(field) = mapping.fields.get(&name) else {
            continue;
        };
        let can = field.parent.is_none()
            && !name.contains('.')
            && name != ID_COLUMN
            && name != SOURCE_COLUMN;
        if can && field.column.is_none() && table.position_of(&name).is_none() {
            let id = column(table, &name, column_type(field.kind), false);
            if let Some(field) = mapping.fields.get_mut(&name) {
                field.column = Some(id);
            }
        }
    }
}

/// Checks a document against a mapping; the mapping with the fields that the document
/// adds to it, if it does.
pub fn fit(mapping: &Mapping, document: &Map<String, Json>) -> Result<Option<Mapping>, Fault> {
    let mut grown = None;
    walk(mapping, &mut grown, "", document, 0)?;
    Ok(grown)
}

fn walk(
    mapping: &Mapping,
    grown: &mut Option<Mapping>,
    prefix: &str,
    object: &Map<String, Json>,
    depth: usize,
) -> Result<(), Fault> {
    if depth > DEPTH_MAX {
        return Err(Fault::document(format!(
            "Limit of mapping depth [{DEPTH_MAX}] has been exceeded"
        )));
    }
    for (name, value) in object {
        if name.is_empty() {
            return Err(Fault::document("field name cannot be an empty string"));
        }
        let path = format!("{prefix}{name}");
        for value in items(value) {
            one(mapping, grown, &path, value, depth)?;
        }
    }
    Ok(())
}

/// The values of an array at any depth, or the value itself.
fn items(value: &Json) -> Vec<&Json> {
    match value {
        Json::Array(values) => values.iter().flat_map(items).collect(),
        value => vec![value],
    }
}

fn one(
    mapping: &Mapping,
    grown: &mut Option<Mapping>,
    path: &str,
    value: &Json,
    depth: usize,
) -> Result<(), Fault> {
    let current = grown.as_ref().unwrap_or(mapping);
    if let Some(field) = current
        .fields
        .get(path)
        .filter(|field| field.parent.is_none())
    {
        return match leaf(field.kind, value) {
            Ok(_) => Ok(()),
            Err(why) => Err(Fault::document(format!(
                "failed to parse field [{path}] of type [{}]: {why}",
                field.kind.name()
            ))),
        };
    }
    if value.is_null() {
        return Ok(());
    }
    if let Json::Object(inner) = value {
        let is_known = current.objects.iter().any(|object| object == path);
        if !is_known && current.dynamic == Dynamic::Strict {
            return Err(strict(path));
        }
        if !is_known && current.dynamic == Dynamic::True {
            let mut more = current.clone();
            more.objects.push(path.to_owned());
            *grown = Some(more);
        }
        return walk(mapping, grown, &format!("{path}."), inner, depth + 1);
    }
    if current.objects.iter().any(|object| object == path) {
        return Err(Fault::document(format!(
            "object mapping for [{path}] tried to parse field as object, but found a concrete value"
        )));
    }
    match current.dynamic {
        Dynamic::False => Ok(()),
        Dynamic::Strict => Err(strict(path)),
        Dynamic::True => {
            let mut more = current.clone();
            guess(&mut more, path, value);
            let limit = stele_search::document::mapping::FIELD_COUNT_MAX;
            if more.fields.len() > limit {
                return Err(Fault::argument(format!(
                    "Limit of total fields [{limit}] has been exceeded"
                )));
            }
            *grown = Some(more);
            Ok(())
        }
    }
}

fn strict(path: &str) -> Fault {
    Fault::new(
        axum::http::StatusCode::BAD_REQUEST,
        "strict_dynamic_mapping_exception",
        format!(
            "mapping set to strict, dynamic introduction of [{path}] within [_doc] is not allowed"
        ),
    )
}

/// The field that a value seen for the first time is.
fn guess(mapping: &mut Mapping, path: &str, value: &Json) {
    let kind = match value {
        Json::Bool(_) => Kind::Boolean,
        Json::Number(number) if number.is_i64() => Kind::Long,
        Json::Number(_) => Kind::Double,
        Json::String(text) if looks_like_date(text) => Kind::Date,
        _ => Kind::Text,
    };
    mapping.fields.insert(path.to_owned(), Field::new(kind));
    if kind == Kind::Text {
        let mut second = Field::new(Kind::Keyword);
        second.parent = Some(path.to_owned());
        second.ignore_above = Some(KEYWORD_LENGTH_MAX);
        mapping.fields.insert(format!("{path}.keyword"), second);
    }
}

fn looks_like_date(text: &str) -> bool {
    let shape = text.as_bytes();
    let has_day = shape.len() >= 10 && shape.get(4) == Some(&b'-') && shape.get(7) == Some(&b'-');
    has_day && date::parse(text).is_some()
}

/// Changes an index's mapping; where the change stands.
pub async fn change(
    app: &App,
    name: &str,
    change: impl Fn(&Mapping) -> Result<Option<Mapping>, Fault>,
) -> Result<Token, Fault> {
    for _ in 0..TRIES {
        let mut txn = Txn::begin(app.db.engine().clone(), TxnOptions::default());
        txn.lock_schema().await?;
        let index = resolve::one(app, name)?;
        let Some((mapping, search)) = index.documents().zip(index.search.as_ref()) else {
            return Err(Fault::argument(format!(
                "[{name}] is a table made elsewhere: change it there"
            )));
        };
        let Some(mut grown) = change(mapping)? else {
            return Ok(app.db.positions());
        };
        if grown == *mapping {
            return Ok(app.db.positions());
        }
        txn.lock_table(index.table.id).await?;
        let mut table = Table::clone(&index.table);
        columns(&mut table, &mut grown);
        let definition = SearchIndex {
            mapping: grown.print(),
            ..SearchIndex::clone(search)
        };
        txn.define(&Definition::Table(table)).await?;
        txn.define(&Definition::Search(definition)).await?;
        match txn.commit().await {
            Ok(token) => return Ok(token),
            Err(error) if is_passing(&error) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(stele_core::Error::unavailable("the mapping is being changed by others").into())
}

/// Errors that go away by themselves.
pub fn is_passing(error: &stele_core::Error) -> bool {
    use stele_core::ErrorKind::{Conflict, Deadlock, Retry};
    matches!(error.kind, Conflict | Deadlock | Retry)
}

/// Makes an index that has to hold these documents fit for them.
pub async fn grow<'a>(
    app: &App,
    index: &Index,
    documents: impl Iterator<Item = &'a Map<String, Json>> + Clone,
) -> Result<Option<Token>, Fault> {
    let Some(mapping) = index.documents() else {
        return Ok(None);
    };
    let all = |mapping: &Mapping| {
        let mut grown: Option<Mapping> = None;
        for document in documents.clone() {
            // A document that does not fit is refused when its turn comes.
            if let Ok(Some(more)) = fit(grown.as_ref().unwrap_or(mapping), document) {
                grown = Some(more);
            }
        }
        grown
    };
    if all(mapping).is_none() {
        return Ok(None);
    }
    let name = index.table.name.clone();
    change(app, &name, |mapping| Ok(all(mapping)))
        .await
        .map(Some)
}

/// Adds what a body says to an index's mapping.
pub async fn put(app: &App, name: &str, body: &Map<String, Json>) -> Result<Token, Fault> {
    change(app, name, |mapping| {
        let mut grown = mapping.clone();
        properties::read(&mut grown, body)?;
        Ok(Some(grown))
    })
    .await
}
