//! Columns: type, default, and the sequence behind `serial` and identity columns.

use sqlparser::ast;
use stele_core::record::expr::Expr;
use stele_core::record::table::{Column, Identity, Table};
use stele_core::record::value::{ColumnType, Type};

use super::{Ddl, naming};
use crate::error::SqlError;
use crate::sql::bind::{ParamTypes, RowBinder, names, types};

impl Ddl<'_> {
    /// Adds a column to a table under construction: everything about it but its constraints.
    pub(super) async fn add_column(
        &mut self,
        table: &mut Table,
        definition: &ast::ColumnDef,
    ) -> Result<(), SqlError> {
        let name = names::fold(&definition.name);
        if table.position_of(&name).is_some() {
            return Err(SqlError::new(
                "42701",
                format!("column \"{name}\" specified more than once"),
            ));
        }
        check_system_name(&name)?;
        let serial = serial_type(&definition.data_type);
        let ty = match &serial {
            Some(ty) => ty.clone().into(),
            None => types::column_type(&definition.data_type)?,
        };
        refuse_pseudo(&name, &ty)?;
        let mut column = Column {
            id: table.next_column,
            not_null: serial.is_some(),
            default: None,
            sequence: None,
            identity: None,
            missing: None,
            name,
            ty,
        };
        let mut identity_options = None;
        for option in &definition.options {
            self.column_option(&mut column, &option.option, &mut identity_options)?;
        }
        if column.identity.is_some() && (column.default.is_some() || serial.is_some()) {
            return Err(SqlError::syntax(format!(
                "both default and identity specified for column \"{}\" of table \"{}\"",
                column.name, table.name
            )));
        }
        if serial.is_some() || column.identity.is_some() {
            let options = identity_options.unwrap_or_default();
            let id = self.own_sequence(table, &column, &options).await?;
            column.sequence = Some(id);
        }
        table.next_column += 1;
        table.columns.push(column);
        Ok(())
    }

    fn column_option(
        &mut self,
        column: &mut Column,
        option: &ast::ColumnOption,
        identity_options: &mut Option<Vec<ast::SequenceOptions>>,
    ) -> Result<(), SqlError> {
        match option {
            ast::ColumnOption::Null => {}
            ast::ColumnOption::NotNull => column.not_null = true,
            ast::ColumnOption::Default(expr) => {
                column.default = self.default(expr, &column.name, &column.ty)?
            }
            ast::ColumnOption::Generated {
                generated_as,
                sequence_options,
                generation_expr: None,
                ..
            } => {
                column.identity = Some(match generated_as {
                    ast::GeneratedAs::Always => Identity::Always,
                    _ => Identity::ByDefault,
                });
                if !matches!(column.ty.ty, Type::Int2 | Type::Int4 | Type::Int8) {
                    return Err(SqlError::new(
                        "22023",
                        "identity column type must be smallint, integer, or bigint",
                    ));
                }
                column.not_null = true;
                *identity_options = Some(sequence_options.clone().unwrap_or_default());
            }
            ast::ColumnOption::Generated { .. } => {
                return Err(SqlError::unsupported("generated columns are not supported"));
            }
            // Constraints come after all columns.
            ast::ColumnOption::PrimaryKey(_)
            | ast::ColumnOption::Unique(_)
            | ast::ColumnOption::ForeignKey(_)
            | ast::ColumnOption::Check(_) => {}
            ast::ColumnOption::Collation(name) => {
                let name = names::qualified(name)?.name;
                if !matches!(name.as_str(), "C" | "POSIX" | "default" | "ucs_basic") {
                    return Err(SqlError::unsupported(format!(
                        "collation \"{name}\" is not supported"
                    )));
                }
            }
            other => {
                return Err(SqlError::unsupported(format!(
                    "column option {other} is not supported"
                )));
            }
        }
        Ok(())
    }

    /// A default, bound and cast to the column's type; `None` for NULL.
    pub(super) fn default(
        &self,
        expr: &ast::Expr,
        column: &str,
        ty: &ColumnType,
    ) -> Result<Option<Expr>, SqlError> {
        let cx = self.around.bind(self.source);
        let mut params = ParamTypes::none();
        let mut binder = RowBinder::new(&cx, &mut params);
        let bound = binder
            .assignment(expr, column, ty)
            .map_err(|error| match error.code {
                "42703" => {
                    SqlError::unsupported("cannot use column reference in DEFAULT expression")
                }
                _ => error,
            })?;
        if !binder.finish()?.query.subplans.is_empty() {
            return Err(SqlError::unsupported(
                "cannot use subquery in DEFAULT expression",
            ));
        }
        let is_null = matches!(&bound, Expr::Const { value, .. } if value.is_null());
        Ok((!is_null).then_some(bound))
    }
}

/// The integer type behind a serial type.
fn serial_type(data_type: &ast::DataType) -> Option<Type> {
    let ast::DataType::Custom(name, _) = data_type else {
        return None;
    };
    match name.to_string().to_ascii_lowercase().as_str() {
        "serial" | "serial4" => Some(Type::Int4),
        "bigserial" | "serial8" => Some(Type::Int8),
        "smallserial" | "serial2" => Some(Type::Int2),
        _ => None,
    }
}

fn check_system_name(name: &str) -> Result<(), SqlError> {
    match matches!(
        name,
        "ctid" | "xmin" | "xmax" | "cmin" | "cmax" | "tableoid"
    ) {
        true => Err(SqlError::new(
            "42701",
            format!("column name \"{name}\" conflicts with a system column name"),
        )),
        false => Ok(()),
    }
}

fn refuse_pseudo(name: &str, ty: &ColumnType) -> Result<(), SqlError> {
    let is_pseudo =
        ty.ty.is_polymorphic() || matches!(ty.ty, Type::Void | Type::Record | Type::Unknown);
    match is_pseudo {
        true => Err(SqlError::new(
            "42P16",
            format!("column \"{name}\" has pseudo-type {}", ty.ty),
        )),
        false => Ok(()),
    }
}

/// The names of columns by their ids.
pub(super) fn names_of<'t>(table: &'t Table, ids: &[u32]) -> Vec<&'t str> {
    let columns = ids
        .iter()
        .filter_map(|id| table.columns.iter().find(|column| column.id == *id));
    columns.map(|column| column.name.as_str()).collect()
}

/// A name for the sequence of a column.
pub(super) fn sequence_name(
    catalog: &stele_core::record::table::Catalog,
    table: &Table,
    column: &str,
) -> String {
    naming::made_up(&[&table.name, column], "seq", |name| {
        naming::is_taken(catalog, name)
    })
}
