//! Constraints of a table under construction: primary key, unique, check.

use sqlparser::ast;
use stele_core::record::table::{Check, Index, PrimaryKey, Table};

use super::column::names_of;
use super::{Ddl, naming};
use crate::error::SqlError;
use crate::sql::bind::{ParamTypes, RowBinder, names};

/// The most columns a key may have, as in PostgreSQL.
pub(super) const KEY_COLUMN_COUNT_MAX: usize = 32;

impl Ddl<'_> {
    /// Adds every constraint written inside column definitions.
    pub(super) async fn add_column_constraints(
        &mut self,
        table: &mut Table,
        definition: &ast::ColumnDef,
    ) -> Result<(), SqlError> {
        for option in &definition.options {
            let name = option.name.clone();
            let own = || vec![ast::IndexColumn::from(definition.name.clone())];
            let constraint: ast::TableConstraint = match &option.option {
                ast::ColumnOption::PrimaryKey(key) => {
                    let mut key = key.clone();
                    key.name = name;
                    key.columns = own();
                    key.into()
                }
                ast::ColumnOption::Unique(unique) => {
                    let mut unique = unique.clone();
                    unique.name = name;
                    unique.columns = own();
                    unique.into()
                }
                ast::ColumnOption::ForeignKey(key) => {
                    let mut key = key.clone();
                    key.name = name;
                    key.columns = vec![definition.name.clone()];
                    key.into()
                }
                ast::ColumnOption::Check(check) => {
                    let mut check = check.clone();
                    check.name = name;
                    check.into()
                }
                _ => continue,
            };
            self.add_constraint(table, &constraint).await?;
        }
        Ok(())
    }

    /// Adds a constraint to a definition. Rows that are there already are the caller's to check.
    pub(super) async fn add_constraint(
        &mut self,
        table: &mut Table,
        constraint: &ast::TableConstraint,
    ) -> Result<(), SqlError> {
        match constraint {
            ast::TableConstraint::PrimaryKey(key) => {
                refuse_deferred(key.characteristics.as_ref())?;
                self.add_primary_key(table, key).await
            }
            ast::TableConstraint::Unique(unique) => {
                refuse_deferred(unique.characteristics.as_ref())?;
                if matches!(unique.nulls_distinct, ast::NullsDistinctOption::NotDistinct) {
                    return Err(SqlError::unsupported("NULLS NOT DISTINCT is not supported"));
                }
                let ids = key_columns(table, &unique.columns)?;
                let catalog = self.catalog()?;
                let columns = names_of(table, &ids);
                let name = match &unique.name {
                    Some(name) => given(table, names::fold(name))?,
                    None => naming::index(&catalog, table, &columns, "key"),
                };
                naming::check_free(&catalog, &name)?;
                let index = self.new_index(name, ids, true, true).await?;
                table.indexes.push(index);
                Ok(())
            }
            ast::TableConstraint::Check(check) => self.add_check(table, check).await,
            ast::TableConstraint::ForeignKey(key) => {
                refuse_deferred(key.characteristics.as_ref())?;
                self.add_foreign_key(table, key).await
            }
            other => Err(SqlError::unsupported(format!(
                "constraint {other} is not supported"
            ))),
        }
    }

    async fn add_primary_key(
        &mut self,
        table: &mut Table,
        key: &ast::PrimaryKeyConstraint,
    ) -> Result<(), SqlError> {
        if table.primary_key.is_some() {
            return Err(SqlError::new(
                "42P16",
                format!(
                    "multiple primary keys for table \"{}\" are not allowed",
                    table.name
                ),
            ));
        }
        let ids = key_columns(table, &key.columns)?;
        let catalog = self.catalog()?;
        let name = match &key.name {
            Some(name) => given(table, names::fold(name))?,
            None => naming::index(&catalog, table, &[], "pkey"),
        };
        naming::check_free(&catalog, &name)?;
        for column in table
            .columns
            .iter_mut()
            .filter(|column| ids.contains(&column.id))
        {
            column.not_null = true;
        }
        table.primary_key = Some(PrimaryKey {
            id: self.new_id().await?,
            name,
            columns: ids,
        });
        Ok(())
    }

    /// An index over these columns, not yet filled.
    pub(super) async fn new_index(
        &mut self,
        name: String,
        columns: Vec<u32>,
        unique: bool,
        constraint: bool,
    ) -> Result<Index, SqlError> {
        let id = self.new_id().await?;
        Ok(Index {
            id,
            storage: id,
            name,
            columns,
            unique,
            constraint,
        })
    }

    async fn add_check(
        &mut self,
        table: &mut Table,
        check: &ast::CheckConstraint,
    ) -> Result<(), SqlError> {
        let id = self.new_id().await?;
        let cx = self.around.bind(self.source);
        let mut params = ParamTypes::none();
        let mut binder = RowBinder::new(&cx, &mut params);
        let shape = std::sync::Arc::new(table.clone());
        binder.target(&shape, None)?;
        let expr = binder.condition(&check.expr)?;
        if !binder.finish()?.query.subplans.is_empty() {
            return Err(SqlError::unsupported(
                "cannot use subquery in check constraint",
            ));
        }
        let mut used: Vec<usize> = Vec::new();
        expr.walk(&mut |part| {
            if let stele_core::record::expr::Expr::Column { index, .. } = part
                && !used.contains(index)
            {
                used.push(*index);
            }
        });
        let name = match (&check.name, used.as_slice()) {
            (Some(name), _) => given(table, names::fold(name))?,
            (None, [one]) => {
                let column = table.columns.get(*one).map_or("", |column| &column.name);
                naming::constraint(table, &[column], "check")
            }
            (None, _) => naming::constraint(table, &[], "check"),
        };
        table.checks.push(Check {
            id,
            name,
            expr,
            source: check.expr.to_string(),
        });
        Ok(())
    }
}

/// A constraint's given name, if it is free.
pub(super) fn given(table: &Table, name: String) -> Result<String, SqlError> {
    match naming::has_constraint(table, &name) {
        true => Err(SqlError::new(
            "42710",
            format!(
                "constraint \"{name}\" for relation \"{}\" already exists",
                table.name
            ),
        )),
        false => Ok(name),
    }
}

/// The ids of a key's columns.
pub(super) fn key_columns(
    table: &Table,
    columns: &[ast::IndexColumn],
) -> Result<Vec<u32>, SqlError> {
    if columns.len() > KEY_COLUMN_COUNT_MAX {
        return Err(SqlError::new(
            "54011",
            "cannot use more than 32 columns in an index",
        ));
    }
    let mut ids = Vec::with_capacity(columns.len());
    for column in columns {
        let ast::Expr::Identifier(ident) = &column.column.expr else {
            return Err(SqlError::unsupported(
                "indexes on expressions are not supported",
            ));
        };
        let id = column_id(table, ident)?;
        if ids.contains(&id) {
            return Err(SqlError::new(
                "42701",
                format!("column \"{}\" appears twice in the key", names::fold(ident)),
            ));
        }
        ids.push(id);
    }
    Ok(ids)
}

/// The id of a column that can be part of a key.
pub(super) fn column_id(table: &Table, ident: &ast::Ident) -> Result<u32, SqlError> {
    let name = names::fold(ident);
    let found = table.columns.iter().find(|column| column.name == name);
    let column = found.ok_or_else(|| {
        SqlError::new(
            "42703",
            format!("column \"{name}\" named in key does not exist"),
        )
    })?;
    match column.ty.ty.is_orderable() {
        true => Ok(column.id),
        false => Err(SqlError::new(
            "42704",
            format!(
                "data type {} has no default operator class for access method \"btree\"",
                column.ty.ty
            ),
        )),
    }
}

pub(super) fn refuse_deferred(
    characteristics: Option<&ast::ConstraintCharacteristics>,
) -> Result<(), SqlError> {
    let Some(characteristics) = characteristics else {
        return Ok(());
    };
    let is_deferred = characteristics.deferrable == Some(true)
        || matches!(
            characteristics.initially,
            Some(ast::DeferrableInitial::Deferred)
        );
    match is_deferred || characteristics.enforced == Some(false) {
        true => Err(SqlError::unsupported(
            "deferrable constraints are not supported",
        )),
        false => Ok(()),
    }
}
