//! The table a statement changes, and errors about it in PostgreSQL's words.

use std::sync::Arc;

use sqlparser::ast;
use stele_core::record::table::Table;
use stele_core::txn::RowError;

use crate::error::SqlError;
use crate::sql::bind::{BindContext, names};

/// The table of this name, to be changed.
///
/// # Errors
/// 42P01 when there is none, 42809 and 0A000 for what cannot be changed.
pub fn table(name: &ast::ObjectName, cx: &BindContext<'_>) -> Result<Arc<Table>, SqlError> {
    let qualified = names::qualified(name)?;
    let shown = || name.to_string().replace('"', "");
    let at = |error: SqlError| match names::position(cx.source, names::span(name)) {
        Some(position) => error.at(position),
        None => error,
    };
    match qualified.schema.as_deref() {
        None | Some("public") => {}
        Some("pg_catalog") => {
            return Err(SqlError::new(
                "42501",
                format!(
                    "permission denied: \"{}\" is a system catalog",
                    qualified.name
                ),
            ));
        }
        Some("redis" | "information_schema") => {
            return Err(SqlError::unsupported(format!(
                "cannot change view \"{}\"",
                shown()
            )));
        }
        Some(_) => {
            return Err(at(SqlError::new(
                "42P01",
                format!("relation \"{}\" does not exist", shown()),
            )));
        }
    }
    if let Some(table) = cx.catalog.table(&qualified.name) {
        return Ok(Arc::clone(table));
    }
    if cx.catalog.sequence(&qualified.name).is_some() {
        return Err(SqlError::new(
            "42809",
            format!("cannot change sequence \"{}\"", qualified.name),
        ));
    }
    super::stream::refuse_stream(name, cx)?;
    Err(at(SqlError::new(
        "42P01",
        format!("relation \"{}\" does not exist", shown()),
    )))
}

/// 42703: the table has no such column.
pub fn no_column(table: &Table, name: &ast::Ident, cx: &BindContext<'_>) -> SqlError {
    let error = SqlError::new(
        "42703",
        format!(
            "column \"{}\" of relation \"{}\" does not exist",
            names::fold(name),
            table.name
        ),
    );
    match names::position(cx.source, name.span) {
        Some(position) => error.at(position),
        None => error,
    }
}

/// The one identifier of a column's name.
pub fn column_ident(name: &ast::ObjectName) -> Result<&ast::Ident, SqlError> {
    match name.0.as_slice() {
        [ast::ObjectNamePart::Identifier(ident)] => Ok(ident),
        // `t.c = ...` names a field of a composite column, of which there are none.
        _ => Err(SqlError::new(
            "42703",
            format!("column \"{name}\" does not exist"),
        )),
    }
}

/// Is this the word DEFAULT, standing for a value?
pub fn is_default(expr: &ast::Expr) -> bool {
    matches!(expr, ast::Expr::Identifier(ident) if ident.quote_style.is_none() && ident.value.eq_ignore_ascii_case("default"))
}

/// Why the core refused a row.
pub fn refused(error: RowError) -> SqlError {
    match error {
        RowError::Core(error) => error.into(),
        RowError::Value(error) => error.into(),
        RowError::Violation(violation) => {
            let violation = *violation;
            let mut error =
                SqlError::new(violation.code, violation.message).with_table(violation.table);
            error.detail = violation.detail;
            error.column = violation.column;
            error.constraint = violation.constraint;
            error
        }
    }
}
