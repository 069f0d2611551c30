//! Functions in FROM and in the select list.

use std::sync::Arc;

use stele_core::record::value::Value;

use super::run::Outer;
use super::set_function::SetRows;
use super::{Row, RowStream, Run};
use crate::error::Result;
use crate::sql::plan::{FunctionCall, FunctionScan, SetCall};

/// Opens functions in FROM: they run in step, and those that end early are NULL.
pub(super) fn open<'a>(
    run: &Arc<Run<'a>>,
    node: &'a FunctionScan,
    outer: &Outer,
) -> Result<RowStream<'a>> {
    let mut calls = Vec::with_capacity(node.calls.len());
    for call in &node.calls {
        calls.push(match call {
            FunctionCall::Set(call) => (
                set_rows(run, call, &[], outer)?,
                call.function.columns().len(),
            ),
            FunctionCall::Scalar(expr) => {
                let value = run.eval(expr, &[], outer)?;
                let rows: SetRows = Box::new(std::iter::once(Ok(vec![value])));
                (rows, 1)
            }
        });
    }
    let run = run.clone();
    let mut number = 0;
    Ok(Box::new(std::iter::from_fn(move || {
        let stepped = run.tick().and_then(|()| step(&mut calls));
        match stepped {
            Ok(Some(mut row)) => {
                number += 1;
                if node.ordinality {
                    row.push(Value::Int8(number));
                }
                Some(Ok(row))
            }
            Ok(None) => None,
            Err(error) => Some(Err(error)),
        }
    })))
}

fn set_rows(run: &Run<'_>, call: &SetCall, row: &[Value], outer: &Outer) -> Result<SetRows> {
    let args = run.eval_all(&call.args, row, outer)?;
    run.with_cx(outer, |cx| call.function.rows(&args, cx))
}

/// One row of each; `None` when all have ended.
fn step(calls: &mut [(SetRows, usize)]) -> Result<Option<Row>> {
    let mut row = Row::new();
    let mut any = false;
    for (rows, width) in calls {
        match rows.next().transpose()? {
            Some(values) => {
                any = true;
                row.extend(values);
            }
            None => row.extend(std::iter::repeat_n(Value::Null, *width)),
        }
    }
    Ok(any.then_some(row))
}

/// Opens functions in the select list: each input row, once per step.
pub(super) fn project_set<'a>(
    run: &Arc<Run<'a>>,
    input: RowStream<'a>,
    calls: &'a [SetCall],
    outer: &Outer,
) -> Result<RowStream<'a>> {
    Ok(Box::new(ProjectSet {
        run: run.clone(),
        input,
        calls,
        outer: outer.clone(),
        current: None,
    }))
}

struct ProjectSet<'a> {
    run: Arc<Run<'a>>,
    input: RowStream<'a>,
    calls: &'a [SetCall],
    outer: Outer,
    current: Option<(Row, Vec<(SetRows, usize)>)>,
}

impl ProjectSet<'_> {
    fn advance(&mut self) -> Result<Option<Row>> {
        loop {
            self.run.tick()?;
            if let Some((row, calls)) = &mut self.current {
                if let Some(values) = step(calls)? {
                    let mut row = row.clone();
                    row.extend(values);
                    return Ok(Some(row));
                }
                self.current = None;
            }
            let Some(row) = self.input.next().transpose()? else {
                return Ok(None);
            };
            let mut calls = Vec::with_capacity(self.calls.len());
            for call in self.calls {
                calls.push((set_rows(&self.run, call, &row, &self.outer)?, 1));
            }
            self.current = Some((row, calls));
        }
    }
}

impl Iterator for ProjectSet<'_> {
    type Item = Result<Row>;

    fn next(&mut self) -> Option<Result<Row>> {
        self.advance().transpose()
    }
}
