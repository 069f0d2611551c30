//! # Binding: what the words of a query mean
//!
//! **What.** [`bind_query`] turns a parsed query into a [`BoundQuery`]: a plan in which every
//! name is a position, every operator a function and every type known. [`RowBinder`] does the
//! same for the expressions of INSERT, UPDATE, DELETE, CHECK and DEFAULT.
//!
//! **Why.** Types, casts, output names and most error codes are decided here, once, before a
//! row is read. A client sees them in Describe; a prepared statement keeps them.
//!
//! **How.** The order of work is PostgreSQL's, because it decides what a parameter's type is:
//!
//! ```text
//!   WITH, FROM, select list, WHERE, GROUP BY, HAVING, ORDER BY, DISTINCT, LIMIT
//! ```
//!
//! Scopes are levels (`scope.rs`): the innermost is asked first. A name found further out is
//! passed inwards as an argument of each subquery on the way. Aggregates, window functions and
//! set-returning functions are set aside while an expression is bound, and stand in it as
//! columns that get their places when the plan is built (`select.rs`).
//!
//! **Limits.** [`DEPTH_MAX`] levels of nesting, [`COLUMN_COUNT_MAX`] columns, 65535 parameters.
//!
//! **Further reading.** PostgreSQL manual, chapters 7 (queries) and 10 (type conversion).

mod aggregate;
mod assembly;
mod call;
mod coerce;
mod cte;
mod dml;
mod expr;
mod from;
mod group;
mod join;
mod literal;
pub mod names;
mod operator;
mod order;
mod ordered_set;
mod output;
mod params;
mod query;
mod scope;
mod search;
mod select;
mod setop;
mod special;
mod subquery;
mod table_function;
pub mod types;
mod values;
mod window;

use std::sync::Arc;

use sqlparser::ast;
use stele_core::record::expr::{EvalContext, Expr};
use stele_core::record::table::{Catalog, Table};
use stele_core::record::value::ColumnType;

use super::plan::search::Use;
use super::plan::{Limit, Plan, PointGet};
use crate::error::Result;

pub use dml::{BoundRow, RowBinder};
pub use params::ParamTypes;

pub(crate) use scope::Binder;

/// How deep expressions and queries may nest; beyond is 54001.
pub const DEPTH_MAX: usize = 400;
/// How many columns a result may have; beyond is 54011.
pub const COLUMN_COUNT_MAX: usize = 1664;

/// What binding looks at besides the query.
#[derive(Clone, Copy)]
pub struct BindContext<'a> {
    /// Tables as the statement sees them.
    pub catalog: &'a Catalog,
    /// Where names without a schema are looked for, after `pg_catalog`.
    pub search_path: &'a [String],
    /// Settings and host, for literals (`'t'::regclass`, `'1/2/2020'::date`).
    pub eval: EvalContext<'a>,
    /// The statement's text, for error positions; may be empty.
    pub source: &'a str,
}

/// A query that can be run, kept and described.
#[derive(Clone, Debug)]
pub struct BoundQuery {
    /// Its rows: the visible columns, then one address (`bytea`) for each lock target.
    pub plan: Plan,
    /// Subqueries inside expressions, by slot.
    pub subplans: Vec<SubPlan>,
    /// The visible columns.
    pub columns: Vec<OutputColumn>,
    /// FOR UPDATE and FOR SHARE.
    pub locks: Option<Locks>,
    /// Set when the whole query reads at most a few rows of one table by key.
    pub point: Option<PointGet>,
    /// How many relations the query scans (`Scan::rel` counts from 0).
    pub rel_count: usize,
    /// Whether a function with effects or chance is called (nextval, random, ...).
    pub volatile: bool,
    /// The full-text indexes it reads.
    pub searches: Vec<Use>,
}

/// A subquery inside an expression.
#[derive(Clone, Debug)]
pub struct SubPlan {
    /// Its rows; `Outer` counts in the arguments of `Expr::Subquery`.
    pub plan: Plan,
    /// Whether equal arguments may give other rows.
    pub volatile: bool,
}

/// A column of a result.
#[derive(Clone, Debug, PartialEq)]
pub struct OutputColumn {
    /// Its name.
    pub name: String,
    /// Its type.
    pub ty: ColumnType,
    /// The table and column number (from 1) it is taken from unchanged.
    pub origin: Option<(u32, i16)>,
}

/// What FOR UPDATE and FOR SHARE ask for.
///
/// The session pulls rows of the plan (which has no LIMIT then), locks the addresses at the
/// end of each, rechecks (`execute::recheck`), skips, and stops after `limit` rows.
#[derive(Clone, Debug)]
pub struct Locks {
    /// The locked relations, in the order of the addresses at the end of a row.
    pub targets: Vec<LockTarget>,
    /// The LIMIT and OFFSET taken out of the plan; its `input` is `Plan::OneRow`.
    pub limit: Option<Limit>,
}

/// A relation whose rows are locked.
#[derive(Clone, Debug)]
pub struct LockTarget {
    /// `Scan::rel`.
    pub rel: usize,
    /// The table.
    pub table: Arc<Table>,
    /// FOR UPDATE rather than FOR SHARE.
    pub exclusive: bool,
    /// What to do when somebody else has it.
    pub wait: LockPolicy,
}

/// NOWAIT and SKIP LOCKED.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum LockPolicy {
    Wait,
    NoWait,
    SkipLocked,
}

/// Binds a query. Parameters without a type get the one their first use wants.
pub fn bind_query(
    query: &ast::Query,
    cx: &BindContext<'_>,
    params: &mut ParamTypes,
) -> Result<BoundQuery> {
    let mut binder = Binder::new(cx, params);
    let relation = binder.query(query, None)?;
    binder.finish(relation)
}

/// Binds the rows of `INSERT INTO t (...) query`: each column is cast, by assignment, to the
/// type at its place. Rows may have fewer columns than there are types; more is 42601.
pub fn bind_insert_source(
    query: &ast::Query,
    targets: &[(String, ColumnType)],
    cx: &BindContext<'_>,
    params: &mut ParamTypes,
) -> Result<BoundQuery> {
    let mut binder = Binder::new(cx, params);
    let types: Vec<ColumnType> = targets.iter().map(|(_, ty)| ty.clone()).collect();
    let relation = binder.query(query, Some(&types))?;
    let relation = binder.assign(relation, targets)?;
    binder.finish(relation)
}

/// Binds an expression that reads no row: LIMIT of FETCH, EXECUTE arguments, COPY options.
pub fn bind_constant(
    expr: &ast::Expr,
    want: Option<&ColumnType>,
    cx: &BindContext<'_>,
    params: &mut ParamTypes,
) -> Result<Expr> {
    let mut binder = RowBinder::new(cx, params);
    binder.expr(expr, want)
}
