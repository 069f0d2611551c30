//! UPDATE: which columns get which values.

use std::sync::Arc;

use sqlparser::ast;
use stele_core::record::expr::Expr;
use stele_core::record::table::{Identity, Table};
use stele_core::record::value::ColumnType;

use super::returning::Returning;
use super::target::{column_ident, is_default, no_column, table};
use crate::error::SqlError;
use crate::sql::bind::{BindContext, BoundRow, ParamTypes, RowBinder, names};

/// A bound UPDATE.
#[derive(Debug)]
pub struct Update {
    /// The table.
    pub table: Arc<Table>,
    /// SET.
    pub assignments: Vec<Assignment>,
    /// RETURNING.
    pub returning: Option<Returning>,
    /// The rows to change.
    pub scope: BoundRow,
}

/// A column and what it becomes.
#[derive(Debug)]
pub struct Assignment {
    /// The column's position.
    pub position: usize,
    /// Its new value; `None` = its default.
    pub value: Option<Expr>,
}

impl Update {
    /// Binds an UPDATE.
    pub fn bind(
        with: Option<&ast::With>,
        update: &ast::Update,
        cx: &BindContext<'_>,
        params: &mut ParamTypes,
    ) -> Result<Self, SqlError> {
        if !update.order_by.is_empty()
            || update.limit.is_some()
            || update.or.is_some()
            || update.output.is_some()
        {
            return Err(SqlError::syntax("syntax error in UPDATE"));
        }
        let (name, alias) = relation(&update.table)?;
        let table = table(name, cx)?;
        let mut binder = RowBinder::new(cx, params);
        if let Some(with) = with {
            binder.with(with)?;
        }
        binder.target(&table, alias.as_deref())?;
        match &update.from {
            None => {}
            Some(ast::UpdateTableFromKind::AfterSet(from)) => binder.from(from)?,
            Some(ast::UpdateTableFromKind::BeforeSet(_)) => {
                return Err(SqlError::syntax("syntax error at or near \"FROM\""));
            }
        }
        let assignments = bind_assignments(&update.assignments, &table, &mut binder, cx)?;
        if let Some(condition) = &update.selection {
            binder.filter(condition)?;
        }
        let returning = Returning::bind(update.returning.as_ref(), &mut binder)?;
        Ok(Self {
            scope: binder.finish()?,
            table,
            assignments,
            returning,
        })
    }
}

/// The relation a statement changes, and its alias.
pub fn relation(
    table: &ast::TableWithJoins,
) -> Result<(&ast::ObjectName, Option<String>), SqlError> {
    match &table.relation {
        ast::TableFactor::Table {
            name,
            alias,
            args: None,
            ..
        } if table.joins.is_empty() => {
            Ok((name, alias.as_ref().map(|alias| names::fold(&alias.name))))
        }
        _ => Err(SqlError::syntax("syntax error: a table name was expected")),
    }
}

/// Binds a SET list.
pub fn bind_assignments(
    given: &[ast::Assignment],
    table: &Table,
    binder: &mut RowBinder<'_>,
    cx: &BindContext<'_>,
) -> Result<Vec<Assignment>, SqlError> {
    let mut assignments: Vec<Assignment> = Vec::with_capacity(given.len());
    for one in given {
        let bound = match &one.target {
            ast::AssignmentTarget::ColumnName(name) => {
                vec![single(name, &one.value, table, binder, cx)?]
            }
            ast::AssignmentTarget::Tuple(columns) => {
                several(columns, &one.value, table, binder, cx)?
            }
        };
        for assignment in bound {
            if assignments
                .iter()
                .any(|before| before.position == assignment.position)
            {
                let column = table
                    .columns
                    .get(assignment.position)
                    .map_or("", |column| &column.name);
                return Err(SqlError::syntax(format!(
                    "multiple assignments to same column \"{column}\""
                )));
            }
            assignments.push(assignment);
        }
    }
    Ok(assignments)
}

fn single(
    name: &ast::ObjectName,
    value: &ast::Expr,
    table: &Table,
    binder: &mut RowBinder<'_>,
    cx: &BindContext<'_>,
) -> Result<Assignment, SqlError> {
    let (position, column, ty) = target(name, table, cx)?;
    if is_default(value) {
        return Ok(Assignment {
            position,
            value: None,
        });
    }
    refuse_identity(table, position)?;
    let value = binder.assignment(value, &column, &ty)?;
    Ok(Assignment {
        position,
        value: Some(value),
    })
}

/// `(a, b) = (1, 2)`, `(a, b) = ROW (1, 2)`, `(a, b) = (SELECT ...)`.
fn several(
    columns: &[ast::ObjectName],
    value: &ast::Expr,
    table: &Table,
    binder: &mut RowBinder<'_>,
    cx: &BindContext<'_>,
) -> Result<Vec<Assignment>, SqlError> {
    let values: Vec<&ast::Expr> = match value {
        ast::Expr::Subquery(query) => {
            let mut targets = Vec::new();
            let mut positions = Vec::new();
            for name in columns {
                let (position, column, ty) = target(name, table, cx)?;
                refuse_identity(table, position)?;
                positions.push(position);
                targets.push((column, ty));
            }
            let values = binder.assignment_from_query(query, &targets)?;
            let pairs = positions.into_iter().zip(values);
            return Ok(pairs
                .map(|(position, value)| Assignment {
                    position,
                    value: Some(value),
                })
                .collect());
        }
        ast::Expr::Tuple(values) => values.iter().collect(),
        ast::Expr::Nested(one) => vec![one],
        ast::Expr::Function(call) if call.name.to_string().eq_ignore_ascii_case("row") => {
            row_arguments(call)?
        }
        _ => {
            return Err(SqlError::unsupported(
                "source for a multiple-column UPDATE item must be a sub-SELECT or ROW() expression",
            ));
        }
    };
    if values.len() != columns.len() {
        return Err(SqlError::syntax(
            "number of columns does not match number of values",
        ));
    }
    let pairs = columns.iter().zip(values);
    pairs
        .map(|(name, value)| single(name, value, table, binder, cx))
        .collect()
}

fn row_arguments(call: &ast::Function) -> Result<Vec<&ast::Expr>, SqlError> {
    let ast::FunctionArguments::List(list) = &call.args else {
        return Err(SqlError::syntax("syntax error in ROW"));
    };
    let argument = |argument| match argument {
        &ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Expr(ref expr)) => Ok(expr),
        _ => Err(SqlError::syntax("syntax error in ROW")),
    };
    list.args.iter().map(argument).collect()
}

fn target(
    name: &ast::ObjectName,
    table: &Table,
    cx: &BindContext<'_>,
) -> Result<(usize, String, ColumnType), SqlError> {
    let ident = column_ident(name)?;
    let position = table
        .position_of(&names::fold(ident))
        .ok_or_else(|| no_column(table, ident, cx))?;
    let column = table
        .columns
        .get(position)
        .ok_or_else(|| no_column(table, ident, cx))?;
    Ok((position, column.name.clone(), column.ty.clone()))
}

fn refuse_identity(table: &Table, position: usize) -> Result<(), SqlError> {
    match table.columns.get(position) {
        Some(column) if column.identity == Some(Identity::Always) => Err(SqlError::new(
            "428C9",
            format!("column \"{}\" can only be updated to DEFAULT", column.name),
        )
        .with_detail(format!(
            "Column \"{}\" is an identity column defined as GENERATED ALWAYS.",
            column.name
        ))),
        _ => Ok(()),
    }
}
