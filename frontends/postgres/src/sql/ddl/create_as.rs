//! CREATE TABLE ... AS: a table shaped by a query, filled with its rows.

use sqlparser::ast;
use stele_core::record::table::{Column, Definition};
use stele_core::record::value::Type;

use super::Ddl;
use crate::error::SqlError;
use crate::sql::bind::{self, ParamTypes, names};
use crate::sql::dml::refused;
use crate::sql::execute;

impl Ddl<'_> {
    pub(super) async fn create_as(
        &mut self,
        name: String,
        create: &ast::CreateTable,
        query: &ast::Query,
    ) -> Result<String, SqlError> {
        let cx = self.around.bind(self.source);
        let bound = bind::bind_query(query, &cx, &mut ParamTypes::none())?;
        if bound.locks.is_some() {
            return Err(SqlError::unsupported(
                "row locks in CREATE TABLE AS are not supported",
            ));
        }
        let mut table = self.empty_table(name).await?;
        let given: Vec<String> = create
            .columns
            .iter()
            .map(|column| names::fold(&column.name))
            .collect();
        if given.len() > bound.columns.len() {
            return Err(SqlError::syntax("too many column names were specified"));
        }
        for (at, output) in bound.columns.iter().enumerate() {
            let name = given.get(at).unwrap_or(&output.name).clone();
            if table.position_of(&name).is_some() {
                return Err(SqlError::new(
                    "42701",
                    format!("column \"{name}\" specified more than once"),
                ));
            }
            let mut ty = output.ty.clone();
            if ty.ty == Type::Unknown {
                ty = Type::Text.into();
            }
            table.columns.push(Column {
                id: table.next_column,
                name,
                ty,
                not_null: false,
                default: None,
                sequence: None,
                identity: None,
                missing: None,
            });
            table.next_column += 1;
        }
        let rows: Vec<execute::Row> = {
            let view = self.txn.view().await?;
            self.around.run(&[], &view, view.now_ms(), |cx| {
                execute::execute(&bound, cx)?.collect::<Result<_, SqlError>>()
            })?
        };
        let id = table.id;
        self.define(Definition::Table(table)).await?;
        let table = self.defined(id)?;
        let count = rows.len();
        for row in rows {
            self.txn.insert_row(&table, row).await.map_err(refused)?;
        }
        Ok(format!("SELECT {count}"))
    }
}

/// The query of a CREATE TABLE ... AS.
pub fn query_of(statement: &ast::Statement) -> Option<&ast::Query> {
    match statement {
        ast::Statement::CreateTable(create) => create.query.as_deref(),
        _ => None,
    }
}
