//! DELETE: which rows go.

use std::sync::Arc;

use sqlparser::ast;
use stele_core::record::table::Table;

use super::returning::Returning;
use super::target::table;
use super::update::relation;
use crate::error::SqlError;
use crate::sql::bind::{BindContext, BoundRow, ParamTypes, RowBinder};

/// A bound DELETE.
#[derive(Debug)]
pub struct Delete {
    /// The table.
    pub table: Arc<Table>,
    /// RETURNING.
    pub returning: Option<Returning>,
    /// The rows to delete.
    pub scope: BoundRow,
}

impl Delete {
    /// Binds a DELETE.
    pub fn bind(
        with: Option<&ast::With>,
        delete: &ast::Delete,
        cx: &BindContext<'_>,
        params: &mut ParamTypes,
    ) -> Result<Self, SqlError> {
        let (name, alias) = relation(target(delete)?)?;
        let table = table(name, cx)?;
        let mut binder = RowBinder::new(cx, params);
        if let Some(with) = with {
            binder.with(with)?;
        }
        binder.target(&table, alias.as_deref())?;
        if let Some(using) = &delete.using {
            binder.from(using)?;
        }
        if let Some(condition) = &delete.selection {
            binder.filter(condition)?;
        }
        let returning = Returning::bind(delete.returning.as_ref(), &mut binder)?;
        Ok(Self {
            scope: binder.finish()?,
            table,
            returning,
        })
    }
}

/// The one table after FROM.
pub fn target(delete: &ast::Delete) -> Result<&ast::TableWithJoins, SqlError> {
    let is_foreign = !delete.tables.is_empty()
        || !delete.order_by.is_empty()
        || delete.limit.is_some()
        || delete.output.is_some();
    match &delete.from {
        ast::FromTable::WithFromKeyword(from) if !is_foreign && from.len() == 1 => from
            .first()
            .ok_or_else(|| SqlError::syntax("syntax error in DELETE")),
        _ => Err(SqlError::syntax("syntax error in DELETE")),
    }
}
