//! CREATE INDEX.

use std::sync::Arc;

use sqlparser::ast;
use stele_core::record::table::{Definition, Index, Table};
use stele_core::txn::RowError;

use super::column::names_of;
use super::constraint::key_columns;
use super::{Ddl, naming, own_name, search_index};
use crate::error::SqlError;
use crate::sql::bind::names;
use crate::sql::dml::refused;

/// Options of btree indexes, which say how PostgreSQL stores them: accepted, without effect.
const STORAGE_OPTIONS: [&str; 2] = ["fillfactor", "deduplicate_items"];

impl Ddl<'_> {
    pub(super) async fn create_index(
        &mut self,
        create: &ast::CreateIndex,
    ) -> Result<&'static str, SqlError> {
        if search_index::is_search(create) {
            return self.create_search_index(create).await;
        }
        refuse(create)?;
        let Some(table) = self.locked_table(&create.table_name, false).await? else {
            return Err(SqlError::internal("a table is missing"));
        };
        let catalog = self.catalog()?;
        let ids = key_columns(&table, &create.columns).map_err(|mut error| {
            error.message = error.message.replace(" named in key", "");
            error
        })?;
        let name = match &create.name {
            Some(name) => own_name(name)?,
            None => naming::index(&catalog, &table, &names_of(&table, &ids), "idx"),
        };
        if create.if_not_exists && naming::is_taken(&catalog, &name) {
            self.notices
                .push(format!("relation \"{name}\" already exists, skipping"));
            return Ok("CREATE INDEX");
        }
        naming::check_free(&catalog, &name)?;
        let index = self.new_index(name, ids, create.unique, false).await?;
        let mut changed = Table::clone(&table);
        changed.indexes.push(index.clone());
        self.define_with_index(changed, &index).await?;
        Ok("CREATE INDEX")
    }

    /// Defines a table that has gained an index, and fills the index.
    pub(super) async fn define_with_index(
        &mut self,
        table: Table,
        index: &Index,
    ) -> Result<(), SqlError> {
        let id = table.id;
        self.define(Definition::Table(table)).await?;
        let table = self.defined(id)?;
        let filled = self.txn.fill_index(&table, index).await;
        filled.map_err(|error| could_not_create(error, index))
    }
}

/// A clash while an index is filled is worded differently from one that a new row causes.
pub(super) fn could_not_create(error: RowError, index: &Index) -> SqlError {
    let error = refused(error);
    if error.code != "23505" {
        return error;
    }
    let mut worded = SqlError::new(
        "23505",
        format!("could not create unique index \"{}\"", index.name),
    );
    worded.detail = error
        .detail
        .as_ref()
        .map(|detail| detail.replace("already exists.", "is duplicated."));
    worded.schema.clone_from(&error.schema);
    worded.table.clone_from(&error.table);
    worded.with_constraint(index.name.clone())
}

fn refuse(create: &ast::CreateIndex) -> Result<(), SqlError> {
    let using = create
        .using
        .as_ref()
        .map(|using| using.to_string().to_lowercase());
    if using
        .as_deref()
        .is_some_and(|using| !matches!(using, "btree" | "hash"))
    {
        return Err(SqlError::unsupported(format!(
            "access method \"{}\" is not supported",
            using.unwrap_or_default()
        )));
    }
    let refused = [
        (create.predicate.is_some(), "partial indexes"),
        (!create.include.is_empty(), "INCLUDE columns"),
        (create.nulls_distinct == Some(false), "NULLS NOT DISTINCT"),
        (
            create
                .columns
                .iter()
                .any(|column| column.operator_class.is_some()),
            "operator classes",
        ),
    ];
    if let Some((_, what)) = refused.iter().find(|(is_said, _)| *is_said) {
        return Err(SqlError::unsupported(format!("{what} are not supported")));
    }
    for given in &create.with {
        let (name, _) = option(given)?;
        if !STORAGE_OPTIONS.contains(&name.as_str()) {
            let message = format!("unrecognized parameter \"{name}\"");
            return Err(SqlError::new("22023", message));
        }
    }
    Ok(())
}

/// One item of `WITH (name = value)`: both as text.
pub(super) fn option(given: &ast::Expr) -> Result<(String, String), SqlError> {
    let wrong = || SqlError::syntax(format!("syntax error at or near \"{given}\""));
    let ast::Expr::BinaryOp {
        left,
        op: ast::BinaryOperator::Eq,
        right,
    } = given
    else {
        return Err(wrong());
    };
    let ast::Expr::Identifier(name) = &**left else {
        return Err(wrong());
    };
    let value = match &**right {
        ast::Expr::Identifier(word) => names::fold(word),
        ast::Expr::Value(value) => match &value.value {
            ast::Value::SingleQuotedString(text) => text.clone(),
            other => other.to_string(),
        },
        _ => return Err(wrong()),
    };
    Ok((names::fold(name), value))
}

/// A table with an index of this name, and the index's position.
pub(super) fn find(
    catalog: &stele_core::record::table::Catalog,
    name: &str,
) -> Option<(Arc<Table>, usize)> {
    catalog.tables().find_map(|table| {
        let at = table.indexes.iter().position(|index| index.name == name)?;
        Some((Arc::clone(table), at))
    })
}
