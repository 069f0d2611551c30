//! What one execution of a statement shares: its budget, computed CTEs, cached subqueries.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use stele_core::record::expr::{self, EvalContext, Function, Host};
use stele_core::record::value::{Type, Value, ValueError};

use super::cte::Cell;
use super::{ExecContext, Row, RowStream, TICK_ROWS};
use crate::error::{Result, SqlError};
use crate::sql::bind::{BoundQuery, SubPlan};

/// Arguments of the enclosing query: what `Outer { depth: 0, index }` counts in.
pub(crate) type Outer = Arc<Vec<Value>>;

/// How many results of one correlated subquery are kept.
const CACHE_COUNT_MAX: usize = 4096;
/// Results with more rows than this are not kept.
const CACHE_ROWS_MAX: usize = 256;

/// One execution.
pub(crate) struct Run<'a> {
    pub cx: &'a ExecContext<'a>,
    subplans: &'a [SubPlan],
    me: Weak<Run<'a>>,
    ticks: AtomicU32,
    pub(super) used_bytes: AtomicUsize,
    pub(super) ctes: Mutex<HashMap<usize, Arc<Cell<'a>>>>,
    cache: Mutex<HashMap<usize, HashMap<Vec<Value>, expr::Rows>>>,
}

impl<'a> Run<'a> {
    pub fn new(query: &'a BoundQuery, cx: &'a ExecContext<'a>) -> Arc<Self> {
        Arc::new_cyclic(|me| Run {
            cx,
            subplans: &query.subplans,
            me: me.clone(),
            ticks: AtomicU32::new(0),
            used_bytes: AtomicUsize::new(0),
            ctes: Mutex::default(),
            cache: Mutex::default(),
        })
    }

    /// Calls `work` with the context in which expressions under these arguments are evaluated.
    pub fn with_cx<T>(&self, outer: &[Value], work: impl FnOnce(&EvalContext<'_>) -> T) -> T {
        let levels = [outer];
        let cx = EvalContext {
            outer: &levels,
            host: self,
            ..self.cx.eval
        };
        work(&cx)
    }

    /// To be called for every row produced by a loop: ends a cancelled statement.
    pub fn tick(&self) -> Result<()> {
        let count = self.ticks.fetch_add(1, Ordering::Relaxed);
        if count.is_multiple_of(TICK_ROWS) && self.cx.cancel.load(Ordering::Relaxed) {
            return Err(SqlError::canceled());
        }
        Ok(())
    }

    /// Forgets CTEs and cached subqueries, whose iterators hold this run.
    pub fn clear(&self) {
        let cells = std::mem::take(&mut *lock(&self.ctes));
        // Their iterators are dropped outside of the lock.
        drop(cells);
        lock(&self.cache).clear();
    }

    fn cached(&self, slot: usize, args: &[Value]) -> Option<expr::Rows> {
        lock(&self.cache).get(&slot)?.get(args).cloned()
    }

    fn keep(&self, slot: usize, args: &[Value], rows: &expr::Rows) {
        let mut cache = lock(&self.cache);
        let results = cache.entry(slot).or_default();
        let small = rows.len() <= CACHE_ROWS_MAX && results.len() < CACHE_COUNT_MAX;
        if args.is_empty() || small {
            results.insert(args.to_vec(), rows.clone());
        }
    }

    fn run_subplan(&self, slot: usize, args: &[Value]) -> Result<expr::Rows> {
        let missing = || SqlError::internal("a subquery is missing from its statement");
        let subplan = self.subplans.get(slot).ok_or_else(missing)?;
        // Without arguments a subquery is computed once, whatever it calls.
        let keep = args.is_empty() || !subplan.volatile;
        if keep && let Some(rows) = self.cached(slot, args) {
            return Ok(rows);
        }
        let run = self.me.upgrade().ok_or_else(missing)?;
        let mut held = super::budget::Held::new(&run);
        let mut rows: Vec<Row> = Vec::new();
        for row in run.open(&subplan.plan, &Arc::new(args.to_vec()))? {
            let row = row?;
            held.add(&row)?;
            rows.push(row);
        }
        let rows = Arc::new(rows);
        if keep {
            self.keep(slot, args, &rows);
        }
        Ok(rows)
    }
}

/// The run answers subqueries; all else is the session's.
impl Host for Run<'_> {
    fn subquery(
        &self,
        slot: usize,
        args: &[Value],
        _cx: &EvalContext<'_>,
    ) -> Result<expr::Rows, ValueError> {
        Ok(self.run_subplan(slot, args)?)
    }

    fn call(
        &self,
        function: &Function,
        args: &[Value],
        cx: &EvalContext<'_>,
    ) -> Result<Value, ValueError> {
        self.cx.eval.host.call(function, args, cx)
    }

    fn reg_in(&self, ty: &Type, text: &str) -> Result<u32, ValueError> {
        self.cx.eval.host.reg_in(ty, text)
    }

    fn reg_out(&self, ty: &Type, oid: u32) -> String {
        self.cx.eval.host.reg_out(ty, oid)
    }

    fn clock_us(&self, cx: &EvalContext<'_>) -> i64 {
        self.cx.eval.host.clock_us(cx)
    }

    fn random(&self) -> Result<u64, ValueError> {
        self.cx.eval.host.random()
    }
}

/// The outermost stream: ends at the first error and clears the run when dropped.
pub(super) struct Execution<'a> {
    run: Arc<Run<'a>>,
    rows: Option<RowStream<'a>>,
}

impl<'a> Execution<'a> {
    pub fn new(run: Arc<Run<'a>>, rows: RowStream<'a>) -> Self {
        Self {
            run,
            rows: Some(rows),
        }
    }
}

impl Iterator for Execution<'_> {
    type Item = Result<Row>;

    fn next(&mut self) -> Option<Result<Row>> {
        let row = self.rows.as_mut()?.next();
        if !matches!(row, Some(Ok(_))) {
            self.rows = None;
        }
        row
    }
}

impl Drop for Execution<'_> {
    fn drop(&mut self) {
        self.rows = None;
        self.run.clear();
    }
}

/// A poisoned lock means that a row's evaluation panicked; what it guards is still whole.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
