//! INSERT into a stream: the transaction publishes when it commits, and not otherwise.
//!
//! The message goes where every change of the transaction goes: into the logs, all or none.
//! Consumers are given it like any other; subscribers without a stream do not hear it.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::Value as Json;
use sqlparser::ast;
use stele_core::op::stream::Append;
use stele_core::op::{Op, OpError};
use stele_core::record::table::StreamDefinition;
use stele_core::record::value::{Settings, Value, text};
use stele_core::txn::{LockMode, LockWait};

use super::keyspace::reordered;
use super::target::column_ident;
use super::{Changed, Changes};
use crate::error::SqlError;
use crate::sql::bind::{self, BindContext, BoundQuery, ParamTypes, names};
use crate::sql::execute::stream::{COLUMNS, DATA, HEADERS, JSON, SUBJECT};
use crate::sql::execute::{self, Row};

/// A bound INSERT into a stream.
#[derive(Debug)]
pub struct StreamInsert {
    stream: Arc<StreamDefinition>,
    /// Rows of the stream's columns.
    pub query: BoundQuery,
}

impl StreamInsert {
    /// The publishing an INSERT is, if it is one.
    pub fn of(
        insert: &ast::Insert,
        cx: &BindContext<'_>,
        params: &mut ParamTypes,
    ) -> Result<Option<Self>, SqlError> {
        let ast::TableObject::TableName(name) = &insert.table else {
            return Ok(None);
        };
        let Some(stream) = stream_of(name, cx)? else {
            return Ok(None);
        };
        if insert.returning.is_some() || insert.on.is_some() {
            return Err(SqlError::unsupported(
                "RETURNING and ON CONFLICT are not supported for a stream",
            ));
        }
        if cx.catalog.publication_of(&stream).is_some() {
            return Err(SqlError::new(
                "42809",
                format!("stream \"{}\" is fed by a publication", stream.name),
            ));
        }
        let positions = positions(&insert.columns)?;
        let Some(source) = &insert.source else {
            return Err(no_subject());
        };
        let targets: Vec<_> = positions
            .iter()
            .filter_map(|at| COLUMNS.get(*at))
            .map(|column| (column.name.to_owned(), column.ty.clone().into()))
            .collect();
        let bound = bind::bind_insert_source(source, &targets, cx, params)?;
        if bound.columns.len() > targets.len() {
            return Err(SqlError::syntax(
                "INSERT has more expressions than target columns",
            ));
        }
        let given = positions.get(..bound.columns.len()).unwrap_or_default();
        let query = reordered(bound, given, COLUMNS.len());
        Ok(Some(Self { stream, query }))
    }
}

/// A stream of this name, unless a table has it.
fn stream_of(
    name: &ast::ObjectName,
    cx: &BindContext<'_>,
) -> Result<Option<Arc<StreamDefinition>>, SqlError> {
    let qualified = names::qualified(name)?;
    let is_public = matches!(qualified.schema.as_deref(), None | Some("public"));
    if !is_public || cx.catalog.table(&qualified.name).is_some() {
        return Ok(None);
    }
    Ok(cx.catalog.stream(&qualified.name).cloned())
}

/// 0A000 when a stream of this name is to be changed otherwise than by INSERT.
pub fn refuse_stream(name: &ast::ObjectName, cx: &BindContext<'_>) -> Result<(), SqlError> {
    match stream_of(name, cx)? {
        Some(stream) => Err(SqlError::unsupported(format!(
            "messages of stream \"{}\" cannot be changed, only published",
            stream.name
        ))),
        None => Ok(()),
    }
}

/// What INSERT may give: a subject, headers, and `data` or `json`.
fn positions(columns: &[ast::ObjectName]) -> Result<Vec<usize>, SqlError> {
    if columns.is_empty() {
        return Err(SqlError::unsupported(
            "INSERT into a stream names its columns: subject, data or json, headers",
        ));
    }
    let mut positions = Vec::with_capacity(columns.len());
    for name in columns {
        let name = names::fold(column_ident(name)?);
        let at = COLUMNS.iter().position(|column| column.name == name);
        match at {
            Some(at @ (SUBJECT | HEADERS | DATA | JSON)) if !positions.contains(&at) => {
                positions.push(at);
            }
            Some(SUBJECT | HEADERS | DATA | JSON) => {
                let message = format!("column \"{name}\" specified more than once");
                return Err(SqlError::new("42701", message));
            }
            Some(_) => {
                let message = format!("column \"{name}\" is given by the stream");
                return Err(SqlError::new("428C9", message));
            }
            None => {
                let message = format!("column \"{name}\" of a stream does not exist");
                return Err(SqlError::new("42703", message));
            }
        }
    }
    Ok(positions)
}

impl Changes<'_> {
    /// Publishes.
    pub async fn publish(&mut self, insert: &StreamInsert) -> Result<Changed, SqlError> {
        let stream = &insert.stream;
        let key = stream.key();
        let keys = std::slice::from_ref(&key);
        self.txn
            .lock(keys, LockMode::Exclusive, LockWait::Block)
            .await?;
        let rows: Vec<Row> = {
            let eval = self.eval;
            let view = self.txn.view().await?;
            let rows: Result<Vec<Row>, SqlError> =
                eval.around.run(eval.params, &view, view.now_ms(), |cx| {
                    execute::execute(&insert.query, cx)?.collect()
                });
            rows?
        };
        let mut changed = Changed::default();
        for row in &rows {
            let op = Op::StreamAppend(Box::new(message(stream, row)?));
            let reply = self.txn.write(&key, op).await?;
            reply.map_err(|refusal| refused(stream, &refusal))?;
            changed.count += 1;
        }
        Ok(changed)
    }
}

fn message(stream: &StreamDefinition, row: &[Value]) -> Result<Append, SqlError> {
    let at = |place: usize| row.get(place).unwrap_or(&Value::Null);
    let payload = match (at(DATA), at(JSON)) {
        (Value::Null, Value::Null) => Bytes::new(),
        (Value::Bytea(bytes), Value::Null) => Bytes::copy_from_slice(bytes),
        (Value::Null, json) => text::print(json, &Settings::default()).into(),
        _ => {
            let message = "a message has data or json, not both";
            return Err(SqlError::new("22023", message));
        }
    };
    let append = Append {
        subject: subject_of(stream, at(SUBJECT))?,
        payload,
        ..Append::default()
    };
    let append = append
        .with_headers(&headers_of(at(HEADERS))?)
        .map_err(|error| SqlError::new("22023", error.to_string()))?;
    match append.is_too_large() {
        true => Err(SqlError::new("54000", "a message has at most 1 MiB")),
        false => Ok(append),
    }
}

/// The subject given, or the only one there is. It must be one of the stream's.
fn subject_of(stream: &StreamDefinition, given: &Value) -> Result<Bytes, SqlError> {
    let Some(subject) = given.as_str().or_else(|| stream.only_subject()) else {
        return Err(no_subject());
    };
    if !stream.takes(subject) {
        return Err(SqlError::new(
            "23514",
            format!(
                "\"{subject}\" is not a subject of stream \"{}\": {}",
                stream.name,
                stream.subjects.join(", ")
            ),
        ));
    }
    Ok(Bytes::copy_from_slice(subject.as_bytes()))
}

/// An object of strings, or of arrays of strings.
fn headers_of(value: &Value) -> Result<Vec<(String, String)>, SqlError> {
    if value.is_null() {
        return Ok(Vec::new());
    }
    let bad = || SqlError::new("22023", "headers are an object of strings");
    let parsed: Json =
        serde_json::from_str(&text::print(value, &Settings::default())).map_err(|_| bad())?;
    let mut headers = Vec::new();
    for (name, value) in parsed.as_object().ok_or_else(bad)? {
        let values = match value {
            Json::Array(values) => values.as_slice(),
            one => std::slice::from_ref(one),
        };
        for value in values {
            let value = value.as_str().ok_or_else(bad)?;
            headers.push((name.clone(), value.to_owned()));
        }
    }
    Ok(headers)
}

fn no_subject() -> SqlError {
    SqlError::new(
        "23502",
        "null value in column \"subject\" violates not-null constraint",
    )
}

fn refused(stream: &StreamDefinition, refusal: &OpError) -> SqlError {
    let code = match refusal {
        OpError::NoKey => "42P01",
        OpError::Stream(_) => "55000",
        _ => "XX000",
    };
    SqlError::new(code, format!("stream \"{}\": {refusal}", stream.name))
}
