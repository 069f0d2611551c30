//! Common table expressions: computed when first read, kept for the next reader.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use super::budget::Held;
use super::run::{Outer, lock};
use super::{Row, RowStream, Run};
use crate::error::{Result, SqlError};
use crate::sql::plan::{CtePlan, Plan, Recursive};

/// One expression's rows so far.
pub(crate) struct Cell<'a> {
    state: Mutex<State<'a>>,
}

struct State<'a> {
    rows: Vec<Arc<Row>>,
    source: Source<'a>,
    held: Option<Held<'a>>,
}

enum Source<'a> {
    /// Not opened yet: the plan and its frame's arguments.
    Waiting(&'a Plan, Outer),
    /// Being read.
    Open(RowStream<'a>),
    /// All rows are here.
    Done,
}

/// Makes expressions readable.
pub(super) fn declare<'a>(run: &Arc<Run<'a>>, ctes: &'a [CtePlan], outer: &Outer) {
    let mut cells = lock(&run.ctes);
    for cte in ctes {
        let source = Source::Waiting(&cte.plan, outer.clone());
        cells.insert(cte.slot, Arc::new(Cell::new(Vec::new(), source)));
    }
}

impl<'a> Cell<'a> {
    fn new(rows: Vec<Arc<Row>>, source: Source<'a>) -> Self {
        Self {
            state: Mutex::new(State {
                rows,
                source,
                held: None,
            }),
        }
    }

    /// The row at a place, computed if need be.
    fn row(&self, run: &Arc<Run<'a>>, at: usize) -> Result<Option<Arc<Row>>> {
        let mut state = lock(&self.state);
        loop {
            if let Some(row) = state.rows.get(at) {
                return Ok(Some(row.clone()));
            }
            let next = match &mut state.source {
                Source::Done => return Ok(None),
                Source::Waiting(plan, outer) => {
                    let rows = run.open(plan, outer)?;
                    state.source = Source::Open(rows);
                    continue;
                }
                Source::Open(rows) => rows.next().transpose()?,
            };
            match next {
                None => state.source = Source::Done,
                Some(row) => {
                    state.held.get_or_insert_with(|| Held::new(run)).add(&row)?;
                    state.rows.push(Arc::new(row));
                }
            }
        }
    }
}

/// Opens a reader.
pub(super) fn scan<'a>(run: &Arc<Run<'a>>, slot: usize) -> Result<RowStream<'a>> {
    let cell = lock(&run.ctes).get(&slot).cloned();
    let missing = || SqlError::internal("a common table expression is read outside of its query");
    let cell = cell.ok_or_else(missing)?;
    let run = run.clone();
    let mut at = 0;
    Ok(Box::new(std::iter::from_fn(move || {
        at += 1;
        let row = run.tick().and_then(|()| cell.row(&run, at - 1));
        row.map(|row| row.map(|row| row.as_ref().clone()))
            .transpose()
    })))
}

/// Opens a recursive union.
pub(super) fn recursive<'a>(
    run: &Arc<Run<'a>>,
    node: &'a Recursive,
    outer: &Outer,
) -> Result<RowStream<'a>> {
    let rows = run.open(&node.base, outer)?;
    Ok(Box::new(Stepping {
        run: run.clone(),
        node,
        outer: outer.clone(),
        rows,
        last: Vec::new(),
        seen: HashSet::new(),
        held: Held::new(run),
    }))
}

struct Stepping<'a> {
    run: Arc<Run<'a>>,
    node: &'a Recursive,
    outer: Outer,
    rows: RowStream<'a>,
    /// What this round gave: the next round's working table.
    last: Vec<Arc<Row>>,
    seen: HashSet<Row>,
    held: Held<'a>,
}

impl Stepping<'_> {
    fn advance(&mut self) -> Result<Option<Row>> {
        loop {
            self.run.tick()?;
            match self.rows.next().transpose()? {
                Some(row) => {
                    if self.node.distinct {
                        if self.seen.contains(&row) {
                            continue;
                        }
                        self.held.add(&row)?;
                        self.seen.insert(row.clone());
                    }
                    self.last.push(Arc::new(row.clone()));
                    return Ok(Some(row));
                }
                None if self.last.is_empty() => return Ok(None),
                None => {
                    let working = std::mem::take(&mut self.last);
                    let cell = Arc::new(Cell::new(working, Source::Done));
                    lock(&self.run.ctes).insert(self.node.slot, cell);
                    self.rows = self.run.open(&self.node.step, &self.outer)?;
                }
            }
        }
    }
}

impl Iterator for Stepping<'_> {
    type Item = Result<Row>;

    fn next(&mut self) -> Option<Result<Row>> {
        self.advance().transpose()
    }
}
