//! # Execution: from a plan to rows, one at a time
//!
//! **What.** [`execute`] opens a bound query over a view of records and returns an iterator.
//! [`Evaluator`] evaluates the bound expressions of INSERT, UPDATE and DELETE.
//!
//! **Why.** Pulling rows means that LIMIT stops the work, and that a result larger than
//! memory can be streamed to a client who reads slowly.
//!
//! **How.** Each node of the plan becomes an iterator over its input's iterator (Volcano):
//!
//! ```text
//!   open(plan, outer) -> Iterator<Item = Result<Row>>
//!     scan       view.scan(heads) -> live? -> decode needed columns -> filter
//!     search     an index's hits and what changed since -> the view's rows, best first
//!     join       build a hash table of the right side, or reopen it for each left row
//!     aggregate  one accumulator per call and group, groups in order of first sight
//!     cte        rows are pulled when first read and kept for the next reader
//! ```
//!
//! What a statement shares (the memory budget, computed CTEs, cached subqueries) is its
//! [`Run`]. `Run` is also the expressions' host: it answers subqueries itself and passes
//! everything else to the session's host.
//!
//! **Limits.** `memory_bytes_max` for all that a statement keeps at once (53200 beyond). The
//! cancel flag is looked at every [`TICK_ROWS`] rows.
//!
//! **Further reading.** Graefe, "Volcano: An Extensible and Parallel Query Evaluation System" (1994).

pub mod address;
mod aggregate;
mod budget;
mod cte;
mod frame;
mod function_scan;
mod hash_join;
mod join;
pub mod keyspace;
mod limit;
mod nested_loop;
mod open;
mod ordered_set;
mod row;
mod run;
mod scan;
mod scan_index;
pub mod search_scan;
pub mod set_function;
mod set_generate;
mod set_json;
mod set_text;
mod setop;
mod sort;
pub mod stream;
mod window;
mod window_call;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use stele_core::record::Key;
use stele_core::record::expr::{EvalContext, Expr};
use stele_core::record::rows::Rows;
use stele_core::record::value::Value;

use super::bind::BoundQuery;
use super::plan::Plan;
use super::virtual_table::SystemContext;
use crate::error::Result;

pub(crate) use run::Run;
pub use search_scan::Searches;

/// Between two looks at the cancel flag.
pub const TICK_ROWS: u32 = 256;
/// The default of `memory_bytes_max`.
pub const MEMORY_BYTES_MAX: usize = 256 << 20;

/// One row: a value per column.
pub type Row = Vec<Value>;

/// Rows as they are produced. Dropping it ends the work.
pub type RowStream<'a> = Box<dyn Iterator<Item = Result<Row>> + Send + 'a>;

/// What a statement runs over.
#[derive(Clone, Copy)]
pub struct ExecContext<'a> {
    /// The view of the store: a snapshot, or the latest rows of known keys.
    pub rows: &'a dyn Rows,
    /// Records whose time has come by then are absent.
    pub now_ms: u64,
    /// Settings, times, parameters and the session's host.
    pub eval: EvalContext<'a>,
    /// Set to end the statement with 57014.
    pub cancel: &'a AtomicBool,
    /// How much the statement may keep in memory at once.
    pub memory_bytes_max: usize,
    /// For `pg_catalog` and `information_schema`.
    pub system: &'a SystemContext<'a>,
    /// The full-text indexes it reads, ready for this very view.
    pub searches: &'a Searches,
    /// Relations that are to give this one record only, by `Scan::rel`; see [`recheck`].
    pub pinned: &'a [(usize, Key)],
}

/// Opens a query. Errors of single rows come from the stream, which then ends.
pub fn execute<'a>(query: &'a BoundQuery, cx: &'a ExecContext<'a>) -> Result<RowStream<'a>> {
    let run = Run::new(query, cx);
    let rows = run.open(&query.plan, &Arc::new(Vec::new()))?;
    Ok(Box::new(run::Execution::new(run, rows)))
}

/// The query's row for these very records as they are now, or `None` when they no longer
/// satisfy it. This is what FOR UPDATE, UPDATE and DELETE do with a row that was changed by
/// somebody else while they waited for its lock. `cx.rows` must show the latest rows.
pub fn recheck<'a>(
    query: &'a BoundQuery,
    cx: &ExecContext<'a>,
    pinned: &[(usize, Key)],
) -> Result<Option<Row>> {
    let cx = ExecContext { pinned, ..*cx };
    let mut rows = execute(query, &cx)?;
    rows.next().transpose()
}

/// Evaluates bound expressions over rows, subqueries included.
pub struct Evaluator<'a> {
    run: Arc<Run<'a>>,
}

impl<'a> Evaluator<'a> {
    /// For the expressions that were bound together with this query.
    pub fn new(query: &'a BoundQuery, cx: &'a ExecContext<'a>) -> Self {
        let run = Run::new(query, cx);
        // WITH in front of the statement may be read by its expressions as well.
        let mut plan = &query.plan;
        while let Plan::With { ctes, body } = plan {
            cte::declare(&run, ctes, &Arc::default());
            plan = body;
        }
        Self { run }
    }

    /// The value of an expression over a row.
    pub fn eval(&self, expr: &Expr, row: &[Value]) -> Result<Value> {
        self.run.with_cx(&[], |cx| Ok(expr.eval(row, cx)?))
    }

    /// Whether a condition holds for a row: NULL does not.
    pub fn holds(&self, expr: &Expr, row: &[Value]) -> Result<bool> {
        self.run.with_cx(&[], |cx| Ok(expr.holds(row, cx)?))
    }
}

impl Drop for Evaluator<'_> {
    fn drop(&mut self) {
        self.run.clear();
    }
}
