//! ALTER TABLE: one operation after another, each on the definition the last one left.

use std::collections::HashSet;

use sqlparser::ast;
use stele_core::record::expr::Expr;
use stele_core::record::table::{Definition, ForeignKey, Table};
use stele_core::record::value::{Settings, Value, text};
use stele_core::txn::RowRecord;

use super::column::names_of;
use super::create_table::check_spelling;
use super::{Ddl, naming, own_name, rewrite};
use crate::error::SqlError;
use crate::sql::bind::names;

impl Ddl<'_> {
    pub(super) async fn alter_table(
        &mut self,
        alter: &ast::AlterTable,
    ) -> Result<&'static str, SqlError> {
        if alter
            .operations
            .iter()
            .any(|operation| !is_supported(operation))
        {
            let refused = alter
                .operations
                .iter()
                .find(|operation| !is_supported(operation));
            let shown = refused.map(ToString::to_string).unwrap_or_default();
            return Err(SqlError::unsupported(format!(
                "ALTER TABLE ... {shown} is not supported"
            )));
        }
        if self
            .locked_table(&alter.name, alter.if_exists)
            .await?
            .is_none()
        {
            return Ok("ALTER TABLE");
        }
        let mut name = own_name(&alter.name)?;
        for operation in &alter.operations {
            let found = self
                .catalog()?
                .table(&name)
                .map(|table| Table::clone(table));
            let table = found
                .ok_or_else(|| SqlError::internal("a table is missing that is being altered"))?;
            name = self.alter_one(table, operation).await?;
        }
        Ok("ALTER TABLE")
    }

    /// One operation; answers the name the table has afterwards.
    async fn alter_one(
        &mut self,
        table: Table,
        operation: &ast::AlterTableOperation,
    ) -> Result<String, SqlError> {
        let name = table.name.clone();
        match operation {
            ast::AlterTableOperation::AddColumn {
                if_not_exists,
                column_def,
                ..
            } => {
                self.alter_add_column(table, column_def, *if_not_exists)
                    .await?;
            }
            ast::AlterTableOperation::DropColumn {
                column_names,
                if_exists,
                drop_behavior,
                ..
            } => {
                let cascade = matches!(drop_behavior, Some(ast::DropBehavior::Cascade));
                self.alter_drop_columns(table, column_names, *if_exists, cascade)
                    .await?;
            }
            ast::AlterTableOperation::RenameColumn {
                old_column_name,
                new_column_name,
            } => {
                self.rename_column(table, old_column_name, new_column_name)
                    .await?;
            }
            ast::AlterTableOperation::AddConstraint {
                constraint,
                not_valid,
            } => {
                if *not_valid {
                    return Err(SqlError::unsupported("NOT VALID is not supported"));
                }
                self.alter_add_constraint(table, constraint).await?;
            }
            ast::AlterTableOperation::DropConstraint {
                if_exists,
                name,
                drop_behavior,
            } => {
                let cascade = matches!(drop_behavior, Some(ast::DropBehavior::Cascade));
                self.drop_constraint(table, &names::fold(name), *if_exists, cascade)
                    .await?;
            }
            ast::AlterTableOperation::RenameConstraint { old_name, new_name } => {
                self.rename_constraint(table, &names::fold(old_name), names::fold(new_name))
                    .await?;
            }
            ast::AlterTableOperation::AlterColumn { column_name, op } => {
                self.alter_column(table, column_name, op).await?;
            }
            ast::AlterTableOperation::RenameTable { table_name } => {
                let (ast::RenameTableNameKind::As(new) | ast::RenameTableNameKind::To(new)) =
                    table_name;
                return self.rename_table(table, own_name(new)?).await;
            }
            // There is one owner of everything.
            ast::AlterTableOperation::OwnerTo { .. } => {}
            other => {
                return Err(SqlError::unsupported(format!(
                    "ALTER TABLE ... {other} is not supported"
                )));
            }
        }
        Ok(name)
    }

    async fn alter_add_constraint(
        &mut self,
        old: Table,
        constraint: &ast::TableConstraint,
    ) -> Result<(), SqlError> {
        let mut table = old.clone();
        self.add_constraint(&mut table, constraint).await?;
        match constraint {
            ast::TableConstraint::PrimaryKey(_) => self.rewrite(&old, table).await,
            ast::TableConstraint::Unique(_) => match table.indexes.last().cloned() {
                Some(index) => self.define_with_index(table, &index).await,
                None => Err(SqlError::internal("a unique constraint has no index")),
            },
            ast::TableConstraint::Check(_) => {
                self.check_newest(&table).await?;
                self.define(Definition::Table(table)).await
            }
            _ => {
                let id = table.id;
                self.define(Definition::Table(table)).await?;
                self.check_references(id).await
            }
        }
    }

    /// Every row's target of the newest foreign key must be there.
    async fn check_references(
        &mut self,
        id: stele_core::record::CollectionId,
    ) -> Result<(), SqlError> {
        let table = self.defined(id)?;
        let Some(foreign) = table.foreign_keys.last() else {
            return Ok(());
        };
        let target = self.defined(foreign.target)?;
        self.txn.lock_table(target.id).await?;
        let mut there = HashSet::new();
        for (key, head) in self.txn.rows_of(&target).await? {
            let row = RowRecord::of_head(&target, key, &head)?;
            there.extend(values_of(&target, &foreign.target_columns, &row.fields));
        }
        for (key, head) in self.txn.rows_of(&table).await? {
            let row = RowRecord::of_head(&table, key, &head)?;
            let Some(values) = values_of(&table, &foreign.columns, &row.fields) else {
                continue;
            };
            if !there.contains(&values) {
                return Err(missing_target(&table, foreign, &target, &values));
            }
        }
        Ok(())
    }

    async fn drop_constraint(
        &mut self,
        mut table: Table,
        name: &str,
        if_exists: bool,
        cascade: bool,
    ) -> Result<(), SqlError> {
        if table
            .primary_key
            .as_ref()
            .is_some_and(|key| key.name == name)
        {
            let columns = table
                .primary_key
                .as_ref()
                .map(|key| key.columns.clone())
                .unwrap_or_default();
            self.drop_references(&table, Some(&columns), name, cascade)
                .await?;
            let old = table.clone();
            table.primary_key = None;
            return self.rewrite(&old, table).await;
        }
        if let Some(at) = rewrite::index_position(&table.indexes, name)
            .filter(|at| table.indexes.get(*at).is_some_and(|index| index.constraint))
        {
            let index = table.indexes.remove(at);
            self.drop_references(&table, Some(&index.columns), name, cascade)
                .await?;
            return self.define(Definition::Table(table)).await;
        }
        let before = table.checks.len() + table.foreign_keys.len();
        table.checks.retain(|check| check.name != name);
        table.foreign_keys.retain(|key| key.name != name);
        if table.checks.len() + table.foreign_keys.len() == before {
            let message = format!(
                "constraint \"{name}\" of relation \"{}\" does not exist",
                table.name
            );
            if if_exists {
                self.notices.push(format!("{message}, skipping"));
                return Ok(());
            }
            return Err(SqlError::new("42704", message));
        }
        self.define(Definition::Table(table)).await
    }

    async fn rename_constraint(
        &mut self,
        mut table: Table,
        old: &str,
        new: String,
    ) -> Result<(), SqlError> {
        if naming::has_constraint(&table, &new) {
            return Err(SqlError::new(
                "42710",
                format!(
                    "constraint \"{new}\" for relation \"{}\" already exists",
                    table.name
                ),
            ));
        }
        let mut found = false;
        let checks = table.checks.iter_mut().map(|check| &mut check.name);
        let keys = table.foreign_keys.iter_mut().map(|key| &mut key.name);
        let indexes = table
            .indexes
            .iter_mut()
            .filter(|index| index.constraint)
            .map(|index| &mut index.name);
        let primary = table.primary_key.iter_mut().map(|key| &mut key.name);
        for name in checks
            .chain(keys)
            .chain(indexes)
            .chain(primary)
            .filter(|name| *name == old)
        {
            name.clone_from(&new);
            found = true;
        }
        if !found {
            return Err(SqlError::new(
                "42704",
                format!(
                    "constraint \"{old}\" for table \"{}\" does not exist",
                    table.name
                ),
            ));
        }
        self.define(Definition::Table(table)).await
    }

    async fn rename_column(
        &mut self,
        mut table: Table,
        old: &ast::Ident,
        new: &ast::Ident,
    ) -> Result<(), SqlError> {
        let (old, new) = (names::fold(old), names::fold(new));
        if table.position_of(&new).is_some() {
            return Err(SqlError::new(
                "42701",
                format!(
                    "column \"{new}\" of relation \"{}\" already exists",
                    table.name
                ),
            ));
        }
        let position = table.position_of(&old);
        let column = position.and_then(|at| table.columns.get_mut(at));
        let column = column
            .ok_or_else(|| SqlError::new("42703", format!("column \"{old}\" does not exist")))?;
        let id = column.id;
        column.name.clone_from(&new);
        self.check_words(&table, id, &new)?;
        self.define(Definition::Table(table)).await
    }

    async fn rename_table(&mut self, old: Table, name: String) -> Result<String, SqlError> {
        naming::check_free(&*self.catalog()?, &name)?;
        check_spelling(&name)?;
        let keys = self.plain_keys(&name).await?;
        if !keys.is_empty() {
            return Err(SqlError::new(
                "55006",
                format!("{} keys of database 0 begin with \"{name}:\"", keys.len()),
            ));
        }
        let mut table = old.clone();
        table.name.clone_from(&name);
        // A row's slot comes from its spelling, which begins with the table's name.
        self.rewrite(&old, table).await?;
        Ok(name)
    }
}

/// The values of these columns; `None` when one is NULL and so refers to nothing.
fn values_of(table: &Table, ids: &[u32], fields: &[Value]) -> Option<Vec<Value>> {
    let places = ids.iter().filter_map(|id| table.position(*id));
    let values: Vec<Value> = places.filter_map(|at| fields.get(at).cloned()).collect();
    values
        .iter()
        .all(|value| !value.is_null())
        .then_some(values)
}

fn missing_target(
    table: &Table,
    foreign: &ForeignKey,
    target: &Table,
    values: &[Value],
) -> SqlError {
    let shown: Vec<String> = values
        .iter()
        .map(|value| text::print(value, &Settings::default()))
        .collect();
    SqlError::new(
        "23503",
        format!(
            "insert or update on table \"{}\" violates foreign key constraint \"{}\"",
            table.name, foreign.name
        ),
    )
    .with_detail(format!(
        "Key ({})=({}) is not present in table \"{}\".",
        names_of(table, &foreign.columns).join(", "),
        shown.join(", "),
        target.name
    ))
    .with_table(table.name.clone())
    .with_constraint(foreign.name.clone())
}

/// Moves every reference to a column behind a dropped one; whether the dropped one was used.
pub(super) fn shift(expr: &mut Expr, dropped: usize) -> bool {
    let mut used = false;
    expr.rewrite(&mut |part| {
        if let Expr::Column { index, .. } = part {
            used |= *index == dropped;
            if *index > dropped {
                *index -= 1;
            }
        }
    });
    used
}

fn is_supported(operation: &ast::AlterTableOperation) -> bool {
    use ast::AlterTableOperation as Op;
    match operation {
        Op::AddColumn {
            column_position: Some(_),
            ..
        } => false,
        Op::AlterColumn { op, .. } => !matches!(
            op,
            ast::AlterColumnOperation::SetDataType { .. }
                | ast::AlterColumnOperation::AddGenerated { .. }
        ),
        Op::AddColumn { .. }
        | Op::DropColumn { .. }
        | Op::RenameColumn { .. }
        | Op::RenameTable { .. }
        | Op::RenameConstraint { .. }
        | Op::AddConstraint { .. }
        | Op::DropConstraint { .. }
        | Op::OwnerTo { .. } => true,
        _ => false,
    }
}
