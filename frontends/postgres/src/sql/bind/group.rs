//! GROUP BY: grouping expressions, grouping sets, and what may stand beside them.

use sqlparser::ast::{self, GroupByExpr};
use stele_core::record::expr::Expr;
use stele_core::record::value::Type;

use super::aggregate::GROUPING_AT;
use super::assembly::marker;
use super::names;
use super::output::Target;
use super::scope::{AGGREGATE_AT, Binder, Clause, Level, WINDOW_AT};
use crate::error::{Result, SqlError};

/// How many grouping sets a query may have (PostgreSQL's limit).
const SET_COUNT_MAX: usize = 4096;

/// The groups of a query.
pub(super) struct Grouping {
    /// The keys.
    pub exprs: Vec<Expr>,
    /// Grouping sets, as positions of keys.
    pub sets: Vec<Vec<usize>>,
    /// What each `GROUPING(...)` is in each set.
    markers: Vec<Vec<i32>>,
}

impl Grouping {
    /// One group of all rows.
    pub fn whole() -> Self {
        Self {
            exprs: Vec::new(),
            sets: vec![Vec::new()],
            markers: Vec::new(),
        }
    }

    /// Computes the values of the `GROUPING(...)` calls.
    pub fn settle_markers(&mut self, calls: Vec<Vec<Expr>>) -> Result<()> {
        for args in calls {
            let mut positions = Vec::with_capacity(args.len());
            for arg in args {
                let found = self.exprs.iter().position(|expr| *expr == arg);
                let wrong = || {
                    SqlError::new(
                        "42803",
                        "arguments to GROUPING must be grouping expressions of the associated query level",
                    )
                };
                positions.push(found.ok_or_else(wrong)?);
            }
            let value = |set: &Vec<usize>| {
                positions.iter().fold(0, |bits, position| {
                    (bits << 1) | i32::from(!set.contains(position))
                })
            };
            self.markers.push(self.sets.iter().map(value).collect());
        }
        Ok(())
    }

    /// Rewrites an expression over the input's row into one over the group's. Aggregates keep
    /// their placeholders. Errors: 42803 for a column that is neither.
    pub fn regroup(&mut self, expr: &mut Expr, level: &Level) -> Result<()> {
        if let Some(index) = self.exprs.iter().position(|group| group == expr) {
            *expr = Expr::column(GROUPED_AT + index, expr.column_type());
            return Ok(());
        }
        if let Expr::Column { index, ty } = expr {
            if *index >= AGGREGATE_AT {
                return Ok(());
            }
            let ty = ty.clone();
            let at = self.dependent(expr, level)?;
            *expr = Expr::column(GROUPED_AT + at, ty);
            return Ok(());
        }
        for child in expr.children_mut() {
            self.regroup(child, level)?;
        }
        Ok(())
    }

    /// A column of a table whose primary key is grouped by has one value per group: it
    /// becomes one more key.
    fn dependent(&mut self, column: &Expr, level: &Level) -> Result<usize> {
        let Expr::Column { index, .. } = column else {
            return Err(SqlError::internal("a column is not a column"));
        };
        let is_column =
            |expr: &Expr, at: usize| matches!(expr, Expr::Column { index, .. } if *index == at);
        let owner = level.items.iter().find(|item| {
            item.table.is_some()
                && item
                    .columns
                    .iter()
                    .any(|column| is_column(&column.expr, *index))
        });
        let covered = owner.is_some_and(|item| {
            let keys = item
                .table
                .as_ref()
                .map(|table| table.key_positions())
                .unwrap_or_default();
            !keys.is_empty()
                && keys.iter().all(|key| {
                    item.columns
                        .get(*key)
                        .is_some_and(|column| self.exprs.contains(&column.expr))
                })
        });
        if !covered || self.sets.len() != 1 {
            let message = format!(
                "column \"{}\" must appear in the GROUP BY clause or be used in an aggregate function",
                level.column_name(*index)
            );
            return Err(SqlError::new("42803", message));
        }
        let at = self.exprs.len();
        self.exprs.push(column.clone());
        self.sets.iter_mut().for_each(|set| set.push(at));
        Ok(at)
    }

    /// Gives keys, aggregates and GROUPING their places in the group's row.
    pub fn place(&self, expr: &mut Expr, calls: usize) {
        let keys = self.exprs.len();
        expr.rewrite(&mut |part| {
            let Expr::Column { index, .. } = part else {
                return;
            };
            if let Some(key) = index.checked_sub(GROUPED_AT) {
                *index = key;
            } else if let Some(marker_index) = index.checked_sub(GROUPING_AT) {
                let values = self
                    .markers
                    .get(marker_index)
                    .map(Vec::as_slice)
                    .unwrap_or_default();
                *part = marker_expr(values, keys + calls);
            } else if (AGGREGATE_AT..WINDOW_AT).contains(index) {
                *index = *index - AGGREGATE_AT + keys;
            }
        });
    }
}

/// Keys of the group's row stand here until all keys are known.
const GROUPED_AT: usize = 1 << 44;

/// The value of a `GROUPING(...)`, by the number of the grouping set.
fn marker_expr(values: &[i32], set_at: usize) -> Expr {
    let Some((last, rest)) = values.split_last() else {
        return marker(0);
    };
    let set = || Expr::column(set_at, Type::Int4);
    let whens = rest.iter().enumerate().map(|(index, value)| {
        let number = marker(i32::try_from(index).unwrap_or(i32::MAX));
        let is = Expr::IsDistinct {
            left: Box::new(set()),
            right: Box::new(number),
            negated: true,
        };
        (is, marker(*value))
    });
    Expr::Case {
        whens: whens.collect(),
        otherwise: Some(Box::new(marker(*last))),
        ty: Type::Int4.into(),
    }
}

impl Binder<'_> {
    /// Binds GROUP BY; `None` without one.
    pub(super) fn group_by(
        &mut self,
        group_by: &GroupByExpr,
        targets: &[Target],
    ) -> Result<Option<Grouping>> {
        let GroupByExpr::Expressions(items, modifiers) = group_by else {
            return Err(SqlError::syntax("syntax error at or near \"all\""));
        };
        if !modifiers.is_empty() {
            return Err(SqlError::syntax("syntax error at or near \"with\""));
        }
        if items.is_empty() {
            return Ok(None);
        }
        let mut grouping = Grouping {
            exprs: Vec::new(),
            sets: vec![Vec::new()],
            markers: Vec::new(),
        };
        for item in items {
            let sets = self.group_item(item, targets, &mut grouping)?;
            if grouping.sets.len().saturating_mul(sets.len()) > SET_COUNT_MAX {
                return Err(SqlError::new(
                    "54001",
                    "too many grouping sets present (maximum 4096)",
                ));
            }
            let before = std::mem::take(&mut grouping.sets);
            for left in &before {
                for right in &sets {
                    let mut set = left.clone();
                    set.extend(right.iter().filter(|position| !left.contains(position)));
                    grouping.sets.push(set);
                }
            }
        }
        Ok(Some(grouping))
    }

    /// The grouping sets one item of GROUP BY stands for.
    fn group_item(
        &mut self,
        item: &ast::Expr,
        targets: &[Target],
        grouping: &mut Grouping,
    ) -> Result<Vec<Vec<usize>>> {
        match item {
            ast::Expr::Tuple(exprs) => {
                let keys: Result<Vec<usize>> = exprs
                    .iter()
                    .map(|expr| self.group_key(expr, targets, grouping))
                    .collect();
                Ok(vec![keys?])
            }
            ast::Expr::Rollup(parts) => {
                let parts = self.group_parts(parts, targets, grouping)?;
                Ok((0..=parts.len())
                    .rev()
                    .map(|count| parts.iter().take(count).flatten().copied().collect())
                    .collect())
            }
            ast::Expr::Cube(parts) => {
                let parts = self.group_parts(parts, targets, grouping)?;
                if parts.len() > 12 {
                    return Err(SqlError::new("54011", "CUBE is limited to 12 elements"));
                }
                let count = parts.len();
                let subset = |bits: usize| {
                    let chosen = parts.iter().enumerate();
                    // The first element is the most significant bit, so the full set comes first.
                    let chosen = chosen.filter(|(index, _)| bits >> (count - 1 - index) & 1 == 1);
                    chosen.flat_map(|(_, part)| part.iter().copied()).collect()
                };
                Ok((0..1_usize << count).rev().map(subset).collect())
            }
            ast::Expr::GroupingSets(sets) => self.group_parts(sets, targets, grouping),
            other => Ok(vec![vec![self.group_key(other, targets, grouping)?]]),
        }
    }

    fn group_parts(
        &mut self,
        parts: &[Vec<ast::Expr>],
        targets: &[Target],
        grouping: &mut Grouping,
    ) -> Result<Vec<Vec<usize>>> {
        let mut sets = Vec::with_capacity(parts.len());
        for part in parts {
            let mut set = Vec::with_capacity(part.len());
            for expr in part {
                match expr {
                    // GROUPING SETS ((a, b), ()) may arrive with its parentheses.
                    ast::Expr::Tuple(inner) => {
                        for expr in inner {
                            set.push(self.group_key(expr, targets, grouping)?);
                        }
                    }
                    other => set.push(self.group_key(other, targets, grouping)?),
                }
            }
            sets.push(set);
        }
        Ok(sets)
    }

    /// One key: an ordinal, a column, the name of an output, or an expression.
    fn group_key(
        &mut self,
        item: &ast::Expr,
        targets: &[Target],
        grouping: &mut Grouping,
    ) -> Result<usize> {
        let expr = self.group_expr(item, targets)?;
        let expr = self.settle(expr, None)?;
        if !expr.ty().is_orderable() && expr.ty() != Type::Record {
            let message = format!(
                "could not identify an equality operator for type {}",
                expr.ty()
            );
            return Err(SqlError::new("42883", message));
        }
        refuse_calls(&expr)?;
        Ok(
            match grouping.exprs.iter().position(|other| *other == expr) {
                Some(position) => position,
                None => {
                    grouping.exprs.push(expr);
                    grouping.exprs.len() - 1
                }
            },
        )
    }

    fn group_expr(&mut self, item: &ast::Expr, targets: &[Target]) -> Result<Expr> {
        let target = |position: usize| {
            let missing = || SqlError::internal("an output is missing");
            targets
                .get(position)
                .map(|target| target.expr.clone())
                .ok_or_else(missing)
        };
        match item {
            ast::Expr::Value(value) => target(super::order::ordinal(
                &value.value,
                targets.len(),
                "GROUP BY",
            )?),
            ast::Expr::Identifier(ident) => {
                let name = names::fold(ident);
                // A column of FROM wins over an output; the reverse of ORDER BY.
                if let Some(expr) = self.bare_column(&name)? {
                    return Ok(expr);
                }
                match super::order::named_output(targets, targets.len(), &name, "GROUP BY")? {
                    Some(position) => target(position),
                    None => self.expr_in(item, Clause::GroupBy),
                }
            }
            other => self.expr_in(other, Clause::GroupBy),
        }
    }
}

/// Outputs named in GROUP BY may not be what is computed from groups.
fn refuse_calls(expr: &Expr) -> Result<()> {
    let mut refused = None;
    expr.walk(&mut |part| {
        if let Expr::Column { index, .. } = part {
            if (AGGREGATE_AT..WINDOW_AT).contains(index) {
                refused = Some(("42803", "aggregate functions are not allowed in GROUP BY"));
            } else if (WINDOW_AT..super::scope::SET_AT).contains(index) {
                refused = Some(("42P20", "window functions are not allowed in GROUP BY"));
            } else if *index >= super::scope::SET_AT {
                refused = Some((
                    "0A000",
                    "set-returning functions are not supported in GROUP BY",
                ));
            }
        }
    });
    match refused {
        Some((code, message)) => Err(SqlError::new(code, message)),
        None => Ok(()),
    }
}
