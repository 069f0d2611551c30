//! # DDL: changing the schema
//!
//! **What.** Tables, columns, constraints, indexes and sequences created, altered and dropped,
//! inside the transaction at hand.
//!
//! **Why.** A definition is a record like any other, so a schema change commits or rolls back
//! with the rows around it, and every door sees it at once.
//!
//! **How.** One schema change at a time (`lock_schema`); a table that is changed is locked
//! against writers. The new definition is built from a copy of the old one, checked against
//! the rows there are, and written.
//!
//! ```text
//!   words --build--> Table --check rows--> define | rewrite into a new storage | undefine
//! ```
//! Whatever changes a row's address (a primary key, the table's name) rewrites every row into
//! a new storage, which becomes visible with the definition that names it.
//!
//! **Limits.** No views, schemas, types, triggers, functions; no expression or partial indexes;
//! constraints are never deferred; changing a column's type is 0A000.
//!
//! **Further reading.** PostgreSQL manual, chapter 5.

mod adopt;
mod alter;
mod alter_column;
mod column;
mod constraint;
mod create_as;
mod create_table;
mod drop;
mod foreign_key;
mod index;
mod naming;
mod publication;
mod rewrite;
pub mod search_index;
mod sequence;
mod truncate;

use std::sync::Arc;

use sqlparser::ast;
use stele_core::Database;
use stele_core::record::CollectionId;
use stele_core::record::table::{Catalog, Definition, Table};
use stele_core::txn::Txn;

use super::bind::names;
use super::dml::refused;
use crate::error::SqlError;
use crate::session::Surroundings;

pub use create_as::query_of;
pub use sequence::next_of_new;

/// One schema change at work.
pub struct Ddl<'a> {
    /// The transaction; its schema lock is held.
    pub txn: &'a mut Txn,
    /// For new identities.
    pub db: &'a Database,
    /// What expressions in definitions need.
    pub around: &'a Surroundings,
    /// The text that positions count in.
    pub source: &'a str,
    /// What is worth telling.
    pub notices: Vec<String>,
}

impl Ddl<'_> {
    /// Carries a statement out; answers its command tag.
    ///
    /// # Errors
    /// 0A000 for statements that are not supported, before anything has changed.
    pub async fn run(&mut self, statement: &ast::Statement) -> Result<String, SqlError> {
        let tag = match statement {
            ast::Statement::CreateTable(create) => return self.create_table(create).await,
            ast::Statement::CreateIndex(create) => self.create_index(create).await?,
            ast::Statement::AlterTable(alter) => self.alter_table(alter).await?,
            ast::Statement::Truncate(truncate) => self.truncate(truncate).await?,
            ast::Statement::Drop {
                object_type,
                names,
                if_exists,
                cascade,
                ..
            } => {
                self.drop_objects(object_type, names, *if_exists, *cascade)
                    .await?
            }
            ast::Statement::CreateSequence {
                temporary,
                if_not_exists,
                name,
                data_type,
                sequence_options,
                owned_by,
            } => {
                if *temporary || owned_by.is_some() {
                    return Err(SqlError::unsupported(
                        "temporary and owned sequences are not supported",
                    ));
                }
                self.create_sequence(name, *if_not_exists, data_type.as_ref(), sequence_options)
                    .await?
            }
            other => return Err(unsupported(other)),
        };
        Ok(tag.to_owned())
    }

    /// The schema as the transaction sees it.
    fn catalog(&mut self) -> Result<Arc<Catalog>, SqlError> {
        Ok(self.txn.catalog()?)
    }

    /// A number for something new.
    async fn new_id(&self) -> Result<CollectionId, SqlError> {
        Ok(self.db.engine().new_id().await?)
    }

    async fn define(&mut self, definition: Definition) -> Result<(), SqlError> {
        if let Definition::Table(table) = &definition {
            self.refuse_published(table)?;
        }
        self.txn.define(&definition).await.map_err(refused)
    }

    async fn undefine(&mut self, id: CollectionId) -> Result<(), SqlError> {
        self.txn.undefine(id).await.map_err(refused)
    }

    /// A table to be changed, its rows locked. `None` when it is missing and may be.
    async fn locked_table(
        &mut self,
        name: &ast::ObjectName,
        if_exists: bool,
    ) -> Result<Option<Arc<Table>>, SqlError> {
        let bare = own_name(name)?;
        let found = self.catalog()?.table(&bare).cloned();
        let Some(table) = found else {
            if if_exists {
                self.notices
                    .push(format!("relation \"{bare}\" does not exist, skipping"));
                return Ok(None);
            }
            return Err(SqlError::new(
                "42P01",
                format!("relation \"{bare}\" does not exist"),
            ));
        };
        self.txn.lock_table(table.id).await?;
        // While waiting for the lock its definition may have changed.
        let found = self.catalog()?.table_by_id(table.id).cloned();
        found
            .map(Some)
            .ok_or_else(|| SqlError::new("42P01", format!("relation \"{bare}\" does not exist")))
    }

    /// The table as it is defined now.
    fn defined(&mut self, id: CollectionId) -> Result<Arc<Table>, SqlError> {
        let found = self.catalog()?.table_by_id(id).cloned();
        found.ok_or_else(|| SqlError::internal("a table is missing that was just defined"))
    }
}

/// The name of an object of the schema `public`. Errors: 3F000, 42501, 42601.
fn own_name(name: &ast::ObjectName) -> Result<String, SqlError> {
    let qualified = names::qualified(name)?;
    match qualified.schema.as_deref() {
        None | Some("public") => Ok(qualified.name),
        Some(schema @ ("pg_catalog" | "information_schema" | "redis")) => Err(SqlError::new(
            "42501",
            format!("permission denied for schema {schema}"),
        )),
        Some(schema) => Err(SqlError::new(
            "3F000",
            format!("schema \"{schema}\" does not exist"),
        )),
    }
}

fn unsupported(statement: &ast::Statement) -> SqlError {
    let text = statement.to_string();
    let words: Vec<&str> = text.split_whitespace().take(2).collect();
    SqlError::unsupported(format!(
        "{} is not supported",
        words.join(" ").to_uppercase()
    ))
}
