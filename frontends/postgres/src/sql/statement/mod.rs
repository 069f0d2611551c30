//! # Statements: what is kept of one that was prepared
//!
//! **What.** [`compile`] binds a query or a change of rows once; the result can be run many
//! times, with other parameters, until the catalogue changes.
//!
//! **Why.** A client that prepares pays for parsing and binding once. What is left for each
//! run of an everyday statement is a key, a read and a write.
//!
//! **How.**
//! ```text
//!   SELECT, VALUES, TABLE    BoundQuery            bind + plan
//!   INSERT, UPDATE, DELETE   dml::{Insert, ...}    a RowBinder's expressions over the row
//!   CREATE, ALTER, DROP ...  Ddl                   carried out from the syntax tree
//! ```
//!
//! **Limits.** WITH in front of INSERT, UPDATE and DELETE holds queries only: a change of rows
//! inside WITH is 0A000.
//!
//! **Further reading.** PostgreSQL manual, chapter 43.11.2 (plan caching).

use std::sync::Arc;

use sqlparser::ast;

use super::bind::{self, BindContext, BoundQuery, OutputColumn, ParamTypes};
use super::dml::{Delete, Insert, KeyspaceChange, Source, StreamInsert, Update};
use super::plan::search::Use;
use crate::error::SqlError;

/// A statement that can be run.
#[derive(Debug)]
pub enum Body {
    /// Rows.
    Query(Box<BoundQuery>),
    /// INSERT.
    Insert(Box<Insert>),
    /// UPDATE.
    Update(Box<Update>),
    /// DELETE.
    Delete(Box<Delete>),
    /// A change of a Redis database through its views.
    Keyspace(Box<KeyspaceChange>),
    /// Messages for a stream.
    Publish(Box<StreamInsert>),
    /// A change of the schema, carried out from its syntax tree.
    Ddl,
}

impl Body {
    /// The columns of its rows, if it has rows.
    pub fn columns(&self) -> Option<&[OutputColumn]> {
        match self {
            Self::Query(query) => Some(&query.columns),
            Self::Insert(insert) => insert
                .returning
                .as_ref()
                .map(|returning| &*returning.columns),
            Self::Update(update) => update
                .returning
                .as_ref()
                .map(|returning| &*returning.columns),
            Self::Delete(delete) => delete
                .returning
                .as_ref()
                .map(|returning| &*returning.columns),
            Self::Keyspace(_) | Self::Publish(_) | Self::Ddl => None,
        }
    }

    /// The full-text indexes it reads.
    pub fn searches(&self) -> Vec<Use> {
        let (first, second) = match self {
            Self::Query(query) => (Some(&**query), None),
            Self::Insert(insert) => {
                let source = match &insert.source {
                    Source::Query(query) => Some(&**query),
                    Source::Values(_, scope) => Some(&scope.query),
                    Source::Defaults => None,
                };
                (source, Some(&insert.scope.query))
            }
            Self::Update(update) => (Some(&update.scope.query), None),
            Self::Delete(delete) => (Some(&delete.scope.query), None),
            Self::Publish(insert) => (Some(&insert.query), None),
            Self::Keyspace(_) | Self::Ddl => (None, None),
        };
        let queries = first.into_iter().chain(second);
        queries
            .flat_map(|query| query.searches.iter().cloned())
            .collect()
    }

    /// Whether it may change anything, as READ ONLY transactions ask.
    pub fn is_write(&self) -> bool {
        !matches!(self, Self::Query(_))
    }
}

/// Binds a statement of SQL.
///
/// # Errors
/// The binder's; 0A000 for what is not supported.
pub fn compile(
    statement: &ast::Statement,
    cx: &BindContext<'_>,
    params: &mut ParamTypes,
) -> Result<Body, SqlError> {
    match statement {
        ast::Statement::Query(query) => compile_query(query, cx, params),
        ast::Statement::Insert(insert) => compile_insert(None, insert, cx, params),
        ast::Statement::Update(update) => compile_update(None, update, cx, params),
        ast::Statement::Delete(delete) => compile_delete(None, delete, cx, params),
        _ => Ok(Body::Ddl),
    }
}

/// A query, or a WITH in front of a change of rows.
fn compile_query(
    query: &ast::Query,
    cx: &BindContext<'_>,
    params: &mut ParamTypes,
) -> Result<Body, SqlError> {
    let with = query.with.as_ref();
    match &*query.body {
        ast::SetExpr::Insert(ast::Statement::Insert(insert)) => {
            compile_insert(with, insert, cx, params)
        }
        ast::SetExpr::Update(ast::Statement::Update(update)) => {
            compile_update(with, update, cx, params)
        }
        ast::SetExpr::Delete(ast::Statement::Delete(delete)) => {
            compile_delete(with, delete, cx, params)
        }
        _ => Ok(Body::Query(Box::new(bind::bind_query(query, cx, params)?))),
    }
}

fn compile_insert(
    with: Option<&ast::With>,
    insert: &ast::Insert,
    cx: &BindContext<'_>,
    params: &mut ParamTypes,
) -> Result<Body, SqlError> {
    if let Some(change) = KeyspaceChange::of_insert(insert, cx, params)? {
        return Ok(Body::Keyspace(Box::new(change)));
    }
    if let Some(insert) = StreamInsert::of(insert, cx, params)? {
        return Ok(Body::Publish(Box::new(insert)));
    }
    Ok(Body::Insert(Box::new(Insert::bind(
        with, insert, cx, params,
    )?)))
}

fn compile_update(
    with: Option<&ast::With>,
    update: &ast::Update,
    cx: &BindContext<'_>,
    params: &mut ParamTypes,
) -> Result<Body, SqlError> {
    if let Some(change) = KeyspaceChange::of_update(update, cx, params)? {
        return Ok(Body::Keyspace(Box::new(change)));
    }
    Ok(Body::Update(Box::new(Update::bind(
        with, update, cx, params,
    )?)))
}

fn compile_delete(
    with: Option<&ast::With>,
    delete: &ast::Delete,
    cx: &BindContext<'_>,
    params: &mut ParamTypes,
) -> Result<Body, SqlError> {
    if let Some(change) = KeyspaceChange::of_delete(delete, cx, params)? {
        return Ok(Body::Keyspace(Box::new(change)));
    }
    Ok(Body::Delete(Box::new(Delete::bind(
        with, delete, cx, params,
    )?)))
}

/// A statement's columns, shared.
pub fn fields(body: &Body) -> Option<Arc<[crate::session::Field]>> {
    body.columns().map(crate::session::Field::of)
}
