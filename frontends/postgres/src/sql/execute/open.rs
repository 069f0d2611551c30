//! From plan nodes to iterators.

use std::sync::Arc;

use stele_core::record::value::Value;

use super::run::Outer;
use super::{
    Row, RowStream, Run, aggregate, cte, function_scan, join, limit, scan, setop, sort, window,
};
use crate::error::Result;
use crate::sql::plan::Plan;

impl<'a> Run<'a> {
    /// Opens a plan under the arguments of its frame.
    pub fn open(self: &Arc<Self>, plan: &'a Plan, outer: &Outer) -> Result<RowStream<'a>> {
        match plan {
            Plan::OneRow => Ok(Box::new(std::iter::once(Ok(Row::new())))),
            Plan::NoRows(_) => Ok(Box::new(std::iter::empty())),
            Plan::Scan(scan) => scan::open(self, scan, outer),
            Plan::Filter { input, predicate } => {
                let input = self.open(input, outer)?;
                let (run, outer) = (self.clone(), outer.clone());
                Ok(Box::new(input.filter_map(move |row| {
                    let row = match row {
                        Ok(row) => row,
                        Err(error) => return Some(Err(error)),
                    };
                    match run.with_cx(&outer, |cx| predicate.holds(&row, cx)) {
                        Ok(true) => Some(Ok(row)),
                        Ok(false) => None,
                        Err(error) => Some(Err(error.into())),
                    }
                })))
            }
            Plan::Project { input, exprs } => {
                let input = self.open(input, outer)?;
                let (run, outer) = (self.clone(), outer.clone());
                Ok(Box::new(input.map(move |row| {
                    let row = row?;
                    run.eval_all(exprs, &row, &outer)
                })))
            }
            Plan::ProjectSet { input, calls } => {
                let input = self.open(input, outer)?;
                function_scan::project_set(self, input, calls, outer)
            }
            Plan::Join(node) => join::open(self, node, outer),
            Plan::Aggregate(node) => aggregate::open(self, node, outer),
            Plan::Window(node) => window::open(self, node, outer),
            Plan::Sort { input, keys, top } => sort::open(self, input, keys, top.as_deref(), outer),
            Plan::Limit(node) => limit::open(self, node, outer),
            Plan::Distinct { input, on } => setop::distinct(self, input, on.as_deref(), outer),
            Plan::SetOp {
                op,
                all,
                left,
                right,
            } => setop::open(self, *op, *all, (left, right), outer),
            Plan::Values { rows, .. } => {
                let (run, outer) = (self.clone(), outer.clone());
                Ok(Box::new(
                    rows.iter().map(move |row| run.eval_all(row, &[], &outer)),
                ))
            }
            Plan::Function(node) => function_scan::open(self, node, outer),
            Plan::With { ctes, body } => {
                cte::declare(self, ctes, outer);
                self.open(body, outer)
            }
            Plan::CteScan { slot, .. } => cte::scan(self, *slot),
            Plan::Recursive(node) => cte::recursive(self, node, outer),
        }
    }

    /// The values of expressions over a row.
    pub fn eval_all(
        &self,
        exprs: &[stele_core::record::expr::Expr],
        row: &[Value],
        outer: &Outer,
    ) -> Result<Vec<Value>> {
        self.with_cx(outer, |cx| {
            let values: Result<Vec<Value>, _> =
                exprs.iter().map(|expr| expr.eval(row, cx)).collect();
            Ok(values?)
        })
    }

    /// The value of one expression over a row.
    pub fn eval(
        &self,
        expr: &stele_core::record::expr::Expr,
        row: &[Value],
        outer: &Outer,
    ) -> Result<Value> {
        self.with_cx(outer, |cx| Ok(expr.eval(row, cx)?))
    }

    /// Whether all conditions hold for a row.
    pub fn holds(
        &self,
        conditions: &[stele_core::record::expr::Expr],
        row: &[Value],
        outer: &Outer,
    ) -> Result<bool> {
        if conditions.is_empty() {
            return Ok(true);
        }
        self.with_cx(outer, |cx| {
            for condition in conditions {
                if !condition.holds(row, cx)? {
                    return Ok(false);
                }
            }
            Ok(true)
        })
    }
}
