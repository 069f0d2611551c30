//! VALUES: rows of expressions with one type per column.

use sqlparser::ast;
use stele_core::record::expr::Expr;
use stele_core::record::value::ColumnType;

use super::OutputColumn;
use super::query::{Relation, Unknowns};
use super::scope::{Binder, Clause};
use crate::error::{Result, SqlError};
use crate::sql::plan::Plan;

impl Binder<'_> {
    /// Binds VALUES. Rows for INSERT take each value to its column's type, one by one.
    pub(super) fn values(
        &mut self,
        values: &ast::Values,
        unknowns: Unknowns<'_>,
    ) -> Result<Relation> {
        self.push_level(false);
        let rows = self.value_rows(values);
        self.pop_level();
        let mut rows = rows?;
        let width = rows.first().map_or(0, Vec::len);
        let mut columns = Vec::with_capacity(width);
        for index in 0..width {
            let want = match unknowns {
                Unknowns::Want(types) => types.get(index),
                _ => None,
            };
            let ty =
                self.unify_column(&mut rows, index, want, matches!(unknowns, Unknowns::Keep))?;
            columns.push(OutputColumn {
                name: format!("column{}", index + 1),
                ty,
                origin: None,
            });
        }
        Ok(Relation {
            plan: Plan::Values { rows, width },
            columns,
            locks: None,
        })
    }

    fn value_rows(&mut self, values: &ast::Values) -> Result<Vec<Vec<Expr>>> {
        let mut rows = Vec::with_capacity(values.rows.len());
        let width = values.rows.first().map_or(0, |row| row.content.len());
        for row in &values.rows {
            if row.content.len() != width {
                return Err(SqlError::syntax("VALUES lists must all be the same length"));
            }
            rows.push(self.in_clause(Clause::Values, |binder| binder.exprs(&row.content))?);
        }
        Ok(rows)
    }

    /// Gives a column one type. With `want`, open values and values of one row take it.
    fn unify_column(
        &mut self,
        rows: &mut [Vec<Expr>],
        index: usize,
        want: Option<&ColumnType>,
        keep: bool,
    ) -> Result<ColumnType> {
        let mut column = Vec::with_capacity(rows.len());
        for row in rows.iter_mut() {
            if let Some(place) = row.get_mut(index) {
                let expr = std::mem::replace(place, Expr::null());
                column.push(match want {
                    Some(want) => self.settle(expr, Some(want))?,
                    None => expr,
                });
            }
        }
        let open = column
            .iter()
            .all(|expr| expr.ty() == stele_core::record::value::Type::Unknown);
        let (column, ty) = match (keep && open, column.as_slice()) {
            (true, [first, ..]) => {
                let ty = first.column_type();
                (column, ty)
            }
            (_, [only]) if want.is_some() => {
                let ty = only.column_type();
                (column, ty)
            }
            _ => self.unify("VALUES", column)?,
        };
        for (row, expr) in rows.iter_mut().zip(column) {
            if let Some(place) = row.get_mut(index) {
                *place = expr;
            }
        }
        Ok(ty)
    }
}
