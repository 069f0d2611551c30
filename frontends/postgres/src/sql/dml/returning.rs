//! RETURNING: expressions over a changed row.

use std::sync::Arc;

use sqlparser::ast;
use stele_core::record::expr::Expr;

use crate::error::SqlError;
use crate::sql::bind::{OutputColumn, RowBinder};

/// A RETURNING clause.
#[derive(Debug)]
pub struct Returning {
    /// One expression per column, over the statement's row.
    pub exprs: Vec<Expr>,
    /// The columns.
    pub columns: Arc<[OutputColumn]>,
}

impl Returning {
    /// Binds a clause, if there is one.
    pub fn bind(
        items: Option<&Vec<ast::SelectItem>>,
        binder: &mut RowBinder<'_>,
    ) -> Result<Option<Self>, SqlError> {
        let Some(items) = items else {
            return Ok(None);
        };
        let (exprs, columns) = binder.returning(items)?;
        Ok(Some(Self {
            exprs,
            columns: columns.into(),
        }))
    }
}
