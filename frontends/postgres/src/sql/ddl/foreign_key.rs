//! REFERENCES: what a foreign key may point at.

use sqlparser::ast;
use stele_core::record::table::{ForeignKey, ReferenceAction, Table};

use stele_core::record::value::Type;

use super::column::names_of;
use super::constraint::{column_id, given};
use super::{Ddl, naming, own_name};
use crate::error::SqlError;
use crate::sql::bind::names;

impl Ddl<'_> {
    pub(super) async fn add_foreign_key(
        &mut self,
        table: &mut Table,
        key: &ast::ForeignKeyConstraint,
    ) -> Result<(), SqlError> {
        if !matches!(
            key.match_kind,
            None | Some(ast::ConstraintReferenceMatchKind::Simple)
        ) {
            return Err(SqlError::unsupported(
                "MATCH FULL and MATCH PARTIAL are not supported",
            ));
        }
        let columns: Result<Vec<u32>, SqlError> = key
            .columns
            .iter()
            .map(|ident| column_id(table, ident))
            .collect();
        let columns = columns?;
        let target_name = own_name(&key.foreign_table)?;
        let target: Table = match target_name == table.name {
            true => table.clone(),
            false => {
                let found = self
                    .catalog()?
                    .table(&target_name)
                    .map(|found| Table::clone(found));
                found.ok_or_else(|| {
                    SqlError::new(
                        "42P01",
                        format!("relation \"{target_name}\" does not exist"),
                    )
                })?
            }
        };
        let target_columns = target_columns(&target, &key.referred_columns)?;
        let name = match &key.name {
            Some(name) => given(table, names::fold(name))?,
            None => naming::constraint(table, &names_of(table, &columns), "fkey"),
        };
        check_shape(&name, table, &columns, &target, &target_columns)?;
        let on_update = action(key.on_update.as_ref())?;
        if on_update == ReferenceAction::Cascade {
            return Err(SqlError::unsupported("ON UPDATE CASCADE is not supported"));
        }
        table.foreign_keys.push(ForeignKey {
            id: self.new_id().await?,
            name,
            columns,
            target: target.id,
            target_columns,
            on_delete: action(key.on_delete.as_ref())?,
            on_update,
        });
        Ok(())
    }
}

/// The referenced columns: named, or the primary key; unique in any case.
fn target_columns(target: &Table, named: &[ast::Ident]) -> Result<Vec<u32>, SqlError> {
    let key = target.primary_key.as_ref();
    if named.is_empty() {
        return key.map(|key| key.columns.clone()).ok_or_else(|| {
            SqlError::new(
                "42704",
                format!(
                    "there is no primary key for referenced table \"{}\"",
                    target.name
                ),
            )
        });
    }
    let ids: Result<Vec<u32>, SqlError> = named
        .iter()
        .map(|ident| {
            let name = names::fold(ident);
            let found = target.columns.iter().find(|column| column.name == name);
            found.map(|column| column.id).ok_or_else(|| {
                SqlError::new(
                    "42703",
                    format!(
                        "column \"{name}\" referenced in foreign key constraint does not exist"
                    ),
                )
            })
        })
        .collect();
    let ids = ids?;
    let is_key = key.is_some_and(|key| key.columns == ids);
    let is_unique = target
        .indexes
        .iter()
        .any(|index| index.unique && index.columns == ids);
    match is_key || is_unique {
        true => Ok(ids),
        false => Err(SqlError::new(
            "42830",
            format!(
                "there is no unique constraint matching given keys for referenced table \"{}\"",
                target.name
            ),
        )),
    }
}

fn check_shape(
    name: &str,
    table: &Table,
    columns: &[u32],
    target: &Table,
    target_columns: &[u32],
) -> Result<(), SqlError> {
    if columns.len() != target_columns.len() {
        return Err(SqlError::new(
            "42830",
            "number of referencing and referenced columns for foreign key disagree",
        ));
    }
    for (own_id, target_id) in columns.iter().zip(target_columns) {
        let ty = |table: &Table, id: u32| {
            table
                .columns
                .iter()
                .find(|column| column.id == id)
                .map(|column| column.ty.ty.clone())
        };
        let (own, theirs) = (ty(table, *own_id), ty(target, *target_id));
        let (Some(own), Some(theirs)) = (own, theirs) else {
            continue;
        };
        if key_form(&own) != key_form(&theirs) {
            let message = format!("foreign key constraint \"{name}\" cannot be implemented");
            return Err(SqlError::new("42804", message).with_detail(format!(
                "Key columns \"{}\" and \"{}\" are of incompatible types: {own} and {theirs}.",
                names_of(table, &[*own_id]).join(""),
                names_of(target, &[*target_id]).join("")
            )));
        }
    }
    Ok(())
}

/// Types whose equal values have the same form in a key share one of these.
fn key_form(ty: &Type) -> Type {
    match ty {
        Type::Int2 | Type::Int4 | Type::Int8 => Type::Int8,
        Type::Text | Type::Varchar | Type::Bpchar | Type::Name => Type::Text,
        Type::Float4 | Type::Float8 => Type::Float8,
        other => other.clone(),
    }
}

fn action(action: Option<&ast::ReferentialAction>) -> Result<ReferenceAction, SqlError> {
    Ok(match action {
        None | Some(ast::ReferentialAction::NoAction) => ReferenceAction::NoAction,
        Some(ast::ReferentialAction::Restrict) => ReferenceAction::Restrict,
        Some(ast::ReferentialAction::Cascade) => ReferenceAction::Cascade,
        Some(ast::ReferentialAction::SetNull) => ReferenceAction::SetNull,
        Some(ast::ReferentialAction::SetDefault) => {
            return Err(SqlError::unsupported(
                "ON DELETE SET DEFAULT is not supported",
            ));
        }
    })
}
