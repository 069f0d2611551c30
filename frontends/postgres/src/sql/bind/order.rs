//! ORDER BY: ordinals, names of outputs, and expressions over the input.

use sqlparser::ast;
use stele_core::record::expr::Expr;

use super::names;
use super::output::Target;
use super::scope::{Binder, Clause};
use crate::error::{Result, SqlError};
use crate::sql::plan::SortKey;

/// What a query is ordered by, over its outputs.
#[derive(Default)]
pub(super) struct Ordering {
    /// The keys, over the row of targets.
    pub keys: Vec<SortKey>,
    /// Their positions among the targets.
    pub positions: Vec<usize>,
}

impl Ordering {
    pub fn push(
        &mut self,
        position: usize,
        targets: &[Target],
        options: &ast::OrderByOptions,
    ) -> Result<()> {
        let Some(target) = targets.get(position) else {
            return Err(SqlError::internal("an output is missing"));
        };
        if self.positions.contains(&position) {
            return Ok(());
        }
        let expr = Expr::column(position, target.expr.column_type());
        self.keys.push(super::aggregate::sort_key(expr, options)?);
        self.positions.push(position);
        Ok(())
    }
}

impl Binder<'_> {
    /// Binds ORDER BY. What is not an output becomes a target after the visible ones.
    pub(super) fn order_by(
        &mut self,
        order: &[ast::OrderByExpr],
        targets: &mut Vec<Target>,
        visible: usize,
    ) -> Result<Ordering> {
        let mut ordering = Ordering::default();
        for item in order {
            if item.with_fill.is_some() {
                return Err(SqlError::syntax("syntax error at or near \"with\""));
            }
            let position = self.sort_position(&item.expr, targets, visible, "ORDER BY")?;
            ordering.push(position, targets, &item.options)?;
        }
        Ok(ordering)
    }

    /// The target an item of ORDER BY or DISTINCT ON means.
    pub(super) fn sort_position(
        &mut self,
        expr: &ast::Expr,
        targets: &mut Vec<Target>,
        visible: usize,
        what: &str,
    ) -> Result<usize> {
        match expr {
            ast::Expr::Value(value) if !matches!(value.value, ast::Value::Placeholder(_)) => {
                return ordinal(&value.value, visible, what);
            }
            ast::Expr::Identifier(ident) => {
                if let Some(position) = named_output(targets, visible, &names::fold(ident), what)? {
                    return Ok(position);
                }
            }
            _ => {}
        }
        let bound = self.expr_in(expr, Clause::OrderBy)?;
        let bound = self.settle(bound, None)?;
        if let Some(position) = targets.iter().position(|target| target.expr == bound) {
            return Ok(position);
        }
        targets.push(Target {
            expr: bound,
            name: String::new(),
            origin: None,
        });
        Ok(targets.len() - 1)
    }
}

/// The output a constant in ORDER BY or GROUP BY counts to.
pub(super) fn ordinal(value: &ast::Value, count: usize, what: &str) -> Result<usize> {
    let number = match value {
        ast::Value::Number(digits, _) => digits.parse::<i64>().ok(),
        _ => None,
    };
    let Some(number) = number else {
        return Err(SqlError::syntax(format!("non-integer constant in {what}")));
    };
    let index = usize::try_from(number)
        .ok()
        .and_then(|number| number.checked_sub(1));
    index.filter(|index| *index < count).ok_or_else(|| {
        SqlError::new(
            "42P10",
            format!("{what} position {number} is not in select list"),
        )
    })
}

/// The output of this name. Errors: 42702 when several differ.
pub(super) fn named_output(
    targets: &[Target],
    visible: usize,
    name: &str,
    what: &str,
) -> Result<Option<usize>> {
    let mut named = targets
        .iter()
        .take(visible)
        .enumerate()
        .filter(|(_, target)| target.name == name);
    let Some((position, first)) = named.next() else {
        return Ok(None);
    };
    if named.any(|(_, other)| other.expr != first.expr) {
        return Err(SqlError::new(
            "42702",
            format!("{what} \"{name}\" is ambiguous"),
        ));
    }
    Ok(Some(position))
}
