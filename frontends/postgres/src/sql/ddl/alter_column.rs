//! ALTER TABLE's operations on columns.

use sqlparser::ast;
use stele_core::record::expr::Volatility;
use stele_core::record::table::{Definition, Table};
use stele_core::record::value::Value;
use stele_core::txn::RowRecord;

use super::Ddl;
use super::alter::shift;
use super::column::names_of;
use crate::error::SqlError;
use crate::sql::bind::names;
use crate::sql::dml::{Changes, Eval, refused};

impl Ddl<'_> {
    pub(super) async fn alter_add_column(
        &mut self,
        old: Table,
        definition: &ast::ColumnDef,
        if_not_exists: bool,
    ) -> Result<(), SqlError> {
        let name = names::fold(&definition.name);
        if old.position_of(&name).is_some() {
            let message = format!(
                "column \"{name}\" of relation \"{}\" already exists",
                old.name
            );
            if if_not_exists {
                self.notices.push(format!("{message}, skipping"));
                return Ok(());
            }
            return Err(SqlError::new("42701", message));
        }
        let mut table = old.clone();
        self.add_column(&mut table, definition).await?;
        let is_volatile = self.settle_missing(&mut table)?;
        let is_null = table.columns.last().is_some_and(|column| {
            column.not_null && !is_volatile && column.missing.as_ref().is_none_or(Value::is_null)
        });
        let id = table.id;
        if is_null {
            self.check_rows(&table).await?;
        }
        self.define(Definition::Table(table)).await?;
        if is_volatile {
            self.fill_column(id).await?;
        }
        for option in &definition.options {
            let mut own = definition.clone();
            own.options = vec![option.clone()];
            self.add_one_constraint(id, &own).await?;
        }
        Ok(())
    }

    /// What rows that are there already have in the new last column; whether each needs a
    /// value of its own.
    fn settle_missing(&mut self, table: &mut Table) -> Result<bool, SqlError> {
        let Some(column) = table.columns.last_mut() else {
            return Ok(false);
        };
        if column.sequence.is_some() {
            return Ok(true);
        }
        match &column.default {
            None => Ok(false),
            Some(default) if default.volatility() == Volatility::Volatile => Ok(true),
            Some(default) => {
                column.missing = Some(default.eval(&[], &self.around.eval(&[]))?);
                Ok(false)
            }
        }
    }

    /// Gives every row its own value in the last column.
    async fn fill_column(&mut self, id: stele_core::record::CollectionId) -> Result<(), SqlError> {
        let table = self.defined(id)?;
        let Some(column) = table.columns.last() else {
            return Ok(());
        };
        for (key, head) in self.txn.rows_of(&table).await? {
            let row = RowRecord::of_head(&table, key, &head)?;
            let mut changes = Changes {
                txn: &mut *self.txn,
                db: self.db,
                eval: Eval {
                    around: self.around,
                    params: &[],
                },
            };
            let value = changes.default(column).await?;
            let mut fields = row.fields.clone();
            if let Some(last) = fields.last_mut() {
                *last = value;
            }
            self.txn
                .update_row(&table, &row, fields)
                .await
                .map_err(refused)?;
        }
        Ok(())
    }

    /// The constraint in a column definition with one option, if it is one.
    async fn add_one_constraint(
        &mut self,
        id: stele_core::record::CollectionId,
        definition: &ast::ColumnDef,
    ) -> Result<(), SqlError> {
        let old = Table::clone(&*self.defined(id)?);
        let mut table = old.clone();
        self.add_column_constraints(&mut table, definition).await?;
        if table.primary_key.is_some() && old.primary_key.is_none() {
            return self.rewrite(&old, table).await;
        }
        if table.indexes.len() > old.indexes.len() {
            return match table.indexes.last().cloned() {
                Some(index) => self.define_with_index(table, &index).await,
                None => Ok(()),
            };
        }
        if table.checks.len() > old.checks.len() {
            self.check_newest(&table).await?;
            return self.define(Definition::Table(table)).await;
        }
        if table.foreign_keys.len() > old.foreign_keys.len() {
            // A new column holds its default in every row; NULL refers to nothing.
            let has_values = table.columns.last().is_some_and(|column| {
                column
                    .missing
                    .as_ref()
                    .is_some_and(|value| !value.is_null())
            });
            if has_values {
                return Err(SqlError::unsupported(
                    "a new column with both a default and REFERENCES is not supported",
                ));
            }
            return self.define(Definition::Table(table)).await;
        }
        Ok(())
    }

    pub(super) async fn alter_drop_columns(
        &mut self,
        mut table: Table,
        columns: &[ast::Ident],
        if_exists: bool,
        cascade: bool,
    ) -> Result<(), SqlError> {
        for ident in columns {
            let name = names::fold(ident);
            let Some(position) = table.position_of(&name) else {
                let message = format!(
                    "column \"{name}\" of relation \"{}\" does not exist",
                    table.name
                );
                if if_exists {
                    self.notices.push(format!("{message}, skipping"));
                    continue;
                }
                return Err(SqlError::new("42703", message));
            };
            self.drop_column(&mut table, position, cascade).await?;
        }
        self.define(Definition::Table(table)).await
    }

    async fn drop_column(
        &mut self,
        table: &mut Table,
        position: usize,
        cascade: bool,
    ) -> Result<(), SqlError> {
        let Some(id) = table.columns.get(position).map(|column| column.id) else {
            return Ok(());
        };
        if table
            .primary_key
            .as_ref()
            .is_some_and(|key| key.columns.contains(&id))
        {
            return Err(SqlError::unsupported(
                "dropping a column of the primary key is not supported",
            )
            .with_hint("Drop the primary key first."));
        }
        let name = names_of(table, &[id]).join("");
        self.drop_references(table, Some(&[id]), &name, cascade)
            .await?;
        self.forget_words(table, id).await?;
        let column = table.columns.remove(position);
        table.indexes.retain(|index| !index.columns.contains(&id));
        table.foreign_keys.retain(|key| !key.columns.contains(&id));
        table
            .checks
            .retain_mut(|check| !shift(&mut check.expr, position));
        if let Some(sequence) = column.sequence {
            self.undefine(sequence).await?;
        }
        Ok(())
    }

    pub(super) async fn alter_column(
        &mut self,
        mut table: Table,
        ident: &ast::Ident,
        operation: &ast::AlterColumnOperation,
    ) -> Result<(), SqlError> {
        let name = names::fold(ident);
        let missing = || {
            SqlError::new(
                "42703",
                format!(
                    "column \"{name}\" of relation \"{}\" does not exist",
                    table.name
                ),
            )
        };
        let position = table.position_of(&name).ok_or_else(missing)?;
        let ty = table
            .columns
            .get(position)
            .map(|column| column.ty.clone())
            .ok_or_else(missing)?;
        let is_key = table.key_positions().contains(&position);
        let default = match operation {
            ast::AlterColumnOperation::SetDefault { value } => self.default(value, &name, &ty)?,
            _ => None,
        };
        let table_name = table.name.clone();
        let Some(column) = table.columns.get_mut(position) else {
            return Ok(());
        };
        match operation {
            ast::AlterColumnOperation::SetNotNull => column.not_null = true,
            ast::AlterColumnOperation::DropNotNull if is_key => {
                return Err(SqlError::new(
                    "42P16",
                    format!("column \"{name}\" is in a primary key"),
                ));
            }
            ast::AlterColumnOperation::DropNotNull => column.not_null = false,
            ast::AlterColumnOperation::SetDefault { .. }
            | ast::AlterColumnOperation::DropDefault => {
                if column.identity.is_some() {
                    return Err(SqlError::new(
                        "42601",
                        format!(
                            "column \"{name}\" of relation \"{table_name}\" is an identity column"
                        ),
                    ));
                }
                column.default = default;
                // A serial column that gets another default gives its sequence up.
                if let Some(sequence) = column.sequence.take() {
                    self.undefine(sequence).await?;
                }
            }
            other => {
                return Err(SqlError::unsupported(format!(
                    "ALTER COLUMN ... {other} is not supported"
                )));
            }
        }
        if matches!(operation, ast::AlterColumnOperation::SetNotNull) {
            self.check_rows(&table).await?;
        }
        self.define(Definition::Table(table)).await
    }
}
