//! INSERT: where each column's value comes from.

use std::sync::Arc;

use sqlparser::ast;
use sqlparser::tokenizer::Span;
use stele_core::record::expr::Expr;
use stele_core::record::table::{Identity, Table};
use stele_core::record::value::ColumnType;

use super::conflict::Conflict;
use super::returning::Returning;
use super::target::{column_ident, is_default, no_column, table};
use crate::error::SqlError;
use crate::sql::bind::{self, BindContext, BoundQuery, BoundRow, ParamTypes, RowBinder, names};

/// A bound INSERT.
#[derive(Debug)]
pub struct Insert {
    /// The table.
    pub table: Arc<Table>,
    /// For each of the table's columns, which of a source row's values it takes; `None` = its default.
    pub given: Vec<Option<usize>>,
    /// The rows.
    pub source: Source,
    /// What to do when a row is there already.
    pub conflict: Option<Conflict>,
    /// RETURNING.
    pub returning: Option<Returning>,
    /// What the expressions of `conflict` and `returning` need.
    pub scope: BoundRow,
}

/// Where rows come from.
#[derive(Debug)]
#[allow(clippy::large_enum_variant)] // one per statement
pub enum Source {
    /// VALUES: cells, and what they need.
    Values(Vec<Vec<Cell>>, BoundRow),
    /// A query, its columns cast to the target's.
    Query(Box<BoundQuery>),
    /// DEFAULT VALUES.
    Defaults,
}

/// A value in VALUES.
#[derive(Debug)]
pub enum Cell {
    /// An expression of the column's type.
    Expr(Expr),
    /// The word DEFAULT.
    Default,
}

impl Insert {
    /// Binds an INSERT.
    pub fn bind(
        with: Option<&ast::With>,
        insert: &ast::Insert,
        cx: &BindContext<'_>,
        params: &mut ParamTypes,
    ) -> Result<Self, SqlError> {
        refuse_dialects(insert)?;
        let ast::TableObject::TableName(name) = &insert.table else {
            return Err(SqlError::unsupported("INSERT into this is not supported"));
        };
        let table = table(name, cx)?;
        let positions = positions(&table, &insert.columns, cx)?;
        let overriding = false;
        let source = Self::source(with, insert, &table, &positions, cx, params)?;
        check_identity(&table, &positions, &source, overriding)?;
        let mut given = vec![None; table.columns.len()];
        for (at, position) in positions
            .iter()
            .enumerate()
            .take(source.width(positions.len()))
        {
            if let Some(slot) = given.get_mut(*position) {
                *slot = Some(at);
            }
        }
        let alias = insert
            .table_alias
            .as_ref()
            .map(|alias| names::fold(&alias.alias));
        let mut binder = RowBinder::new(cx, params);
        binder.target(&table, alias.as_deref())?;
        let conflict = Conflict::bind(insert.on.as_ref(), &table, &mut binder, cx)?;
        let returning = Returning::bind(insert.returning.as_ref(), &mut binder)?;
        Ok(Self {
            scope: binder.finish()?,
            table,
            given,
            source,
            conflict,
            returning,
        })
    }

    fn source(
        with: Option<&ast::With>,
        insert: &ast::Insert,
        table: &Table,
        positions: &[usize],
        cx: &BindContext<'_>,
        params: &mut ParamTypes,
    ) -> Result<Source, SqlError> {
        let Some(query) = insert.source.as_deref() else {
            return Ok(Source::Defaults);
        };
        let targets: Vec<(String, ColumnType)> = positions
            .iter()
            .filter_map(|at| table.columns.get(*at))
            .map(|column| (column.name.clone(), column.ty.clone()))
            .collect();
        let explicit = !insert.columns.is_empty();
        match &*query.body {
            ast::SetExpr::Values(values) if is_bare(query) => {
                let mut binder = RowBinder::new(cx, params);
                if let Some(with) = with {
                    binder.with(with)?;
                }
                let mut rows = Vec::with_capacity(values.rows.len());
                for row in &values.rows {
                    let extra = row.content.get(targets.len());
                    let missing = insert.columns.get(row.content.len());
                    let place = extra.map(ast::Spanned::span).or(missing.map(names::span));
                    check_width(row.content.len(), targets.len(), explicit)
                        .map_err(|error| at(error, place, cx))?;
                    rows.push(cells(&row.content, &targets, &mut binder)?);
                }
                check_rectangular(&rows)?;
                Ok(Source::Values(rows, binder.finish()?))
            }
            _ => {
                let mut query = query.clone();
                if let (Some(with), None) = (with, &query.with) {
                    query.with = Some(with.clone());
                }
                let bound = bind::bind_insert_source(&query, &targets, cx, params)?;
                check_width(bound.columns.len(), targets.len(), explicit)?;
                Ok(Source::Query(Box::new(bound)))
            }
        }
    }
}

impl Source {
    /// How many values each row has.
    fn width(&self, column_count: usize) -> usize {
        match self {
            Self::Values(rows, _) => rows.first().map_or(column_count, Vec::len),
            Self::Query(query) => query.columns.len(),
            Self::Defaults => 0,
        }
    }
}

fn cells(
    row: &[ast::Expr],
    targets: &[(String, ColumnType)],
    binder: &mut RowBinder<'_>,
) -> Result<Vec<Cell>, SqlError> {
    let pairs = row.iter().zip(targets);
    pairs
        .map(|(expr, (column, ty))| match is_default(expr) {
            true => Ok(Cell::Default),
            false => Ok(Cell::Expr(binder.assignment(expr, column, ty)?)),
        })
        .collect()
}

/// The error at this place, if it is known.
fn at(error: SqlError, span: Option<Span>, cx: &BindContext<'_>) -> SqlError {
    match span.and_then(|span| names::position(cx.source, span)) {
        Some(position) => error.at(position),
        None => error,
    }
}

/// No ORDER BY, LIMIT or WITH around VALUES.
fn is_bare(query: &ast::Query) -> bool {
    query.with.is_none()
        && query.order_by.is_none()
        && query.limit_clause.is_none()
        && query.fetch.is_none()
}

fn check_width(values: usize, columns: usize, explicit: bool) -> Result<(), SqlError> {
    if values > columns {
        return Err(SqlError::syntax(
            "INSERT has more expressions than target columns",
        ));
    }
    if explicit && values < columns {
        return Err(SqlError::syntax(
            "INSERT has more target columns than expressions",
        ));
    }
    Ok(())
}

fn check_rectangular(rows: &[Vec<Cell>]) -> Result<(), SqlError> {
    let width = rows.first().map_or(0, Vec::len);
    match rows.iter().all(|row| row.len() == width) {
        true => Ok(()),
        false => Err(SqlError::syntax("VALUES lists must all be the same length")),
    }
}

/// The positions of the named columns, or of all.
fn positions(
    table: &Table,
    columns: &[ast::ObjectName],
    cx: &BindContext<'_>,
) -> Result<Vec<usize>, SqlError> {
    if columns.is_empty() {
        return Ok((0..table.columns.len()).collect());
    }
    let mut positions = Vec::with_capacity(columns.len());
    for name in columns {
        let ident = column_ident(name)?;
        let position = table
            .position_of(&names::fold(ident))
            .ok_or_else(|| no_column(table, ident, cx))?;
        if positions.contains(&position) {
            let error = SqlError::new(
                "42701",
                format!("column \"{}\" specified more than once", names::fold(ident)),
            );
            return Err(at(error, Some(ident.span), cx));
        }
        positions.push(position);
    }
    Ok(positions)
}

/// GENERATED ALWAYS columns take no value but DEFAULT.
fn check_identity(
    table: &Table,
    positions: &[usize],
    source: &Source,
    overriding: bool,
) -> Result<(), SqlError> {
    if overriding {
        return Ok(());
    }
    for (at, position) in positions.iter().enumerate() {
        let Some(column) = table.columns.get(*position) else {
            continue;
        };
        if column.identity != Some(Identity::Always) {
            continue;
        }
        let is_given = match source {
            Source::Values(rows, _) => rows
                .iter()
                .any(|row| matches!(row.get(at), Some(Cell::Expr(_)))),
            Source::Query(query) => at < query.columns.len(),
            Source::Defaults => false,
        };
        if is_given {
            return Err(SqlError::new(
                "428C9",
                format!(
                    "cannot insert a non-DEFAULT value into column \"{}\"",
                    column.name
                ),
            )
            .with_detail(format!(
                "Column \"{}\" is an identity column defined as GENERATED ALWAYS.",
                column.name
            ))
            .with_hint("Use OVERRIDING SYSTEM VALUE to override."));
        }
    }
    Ok(())
}

/// What other databases' INSERT has.
fn refuse_dialects(insert: &ast::Insert) -> Result<(), SqlError> {
    let foreign = insert.or.is_some()
        || insert.ignore
        || insert.overwrite
        || insert.replace_into
        || insert.partitioned.is_some()
        || !insert.assignments.is_empty()
        || insert.output.is_some()
        || insert.multi_table_insert_type.is_some();
    match foreign {
        true => Err(SqlError::syntax("syntax error in INSERT")),
        false => Ok(()),
    }
}
