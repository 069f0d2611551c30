//! Aggregate calls: which query they belong to, and what they are given.

use sqlparser::ast;
use stele_core::record::expr::{Expr, resolve_aggregate};
use stele_core::record::value::Type;

use super::call::CallParts;
use super::scope::{AGGREGATE_AT, Binder, Clause};
use crate::error::{Result, SqlError};
use crate::sql::plan::{AggregateCall, SortKey};

/// `GROUPING(...)` stands among the aggregates from here on.
pub(super) const GROUPING_AT: usize = 1 << 43;

impl Binder<'_> {
    /// Binds an aggregate; `None` when the name is not one's.
    pub(super) fn aggregate_call(&mut self, parts: &CallParts<'_>) -> Result<Option<Expr>> {
        if !super::call::is_aggregate(&parts.name) {
            return Ok(None);
        }
        let call = self.aggregate_parts(parts)?;
        let frame = self.owner_frame(&call);
        let mut call = call;
        for inner in (frame + 1..self.frames.len()).rev() {
            self.outward(inner, &mut call);
        }
        let owner = match self.frames.get(frame + 1) {
            Some(inner) => inner.opener,
            None => self.levels.len().saturating_sub(1),
        };
        self.check_aggregate_place(owner)?;
        let ty = call.aggregate.result.clone();
        let internal = || SqlError::internal("an aggregate belongs to no query");
        let level = self.levels.get_mut(owner).ok_or_else(internal)?;
        let aggregates = &mut level.aside.aggregates;
        let index = match aggregates.iter().position(|other| *other == call) {
            Some(index) if !self.volatile => index,
            _ => {
                aggregates.push(call);
                aggregates.len() - 1
            }
        };
        let placeholder = Expr::column(AGGREGATE_AT + index, ty);
        Ok(Some(self.lift(placeholder, frame)))
    }

    /// The call with its arguments bound on the innermost level.
    pub(super) fn aggregate_parts(&mut self, parts: &CallParts<'_>) -> Result<AggregateCall> {
        if super::ordered_set::is_ordered_set(&parts.name) {
            return self.ordered_set_parts(parts);
        }
        if !parts.within.is_empty() {
            let message = format!(
                "{} is not an ordered-set aggregate, so it cannot have WITHIN GROUP",
                parts.name
            );
            return Err(SqlError::new("42809", message));
        }
        let clause = match parts.over {
            Some(_) => Clause::WindowArgs,
            None => Clause::AggregateArgs,
        };
        let (args, order, filter) = self.in_clause(clause, |binder| {
            let args = binder.exprs(parts.args.iter().copied())?;
            let order = binder.sort_keys(parts.order)?;
            let filter = match parts.filter {
                Some(filter) => {
                    let bound = binder.expr(filter)?;
                    Some(binder.boolean(bound, "FILTER")?)
                }
                None => None,
            };
            Ok((args, order, filter))
        })?;
        if args.is_empty() && !parts.star {
            return Err(SqlError::new(
                "42809",
                format!(
                    "{0}(*) must be used to call a parameterless aggregate function",
                    parts.name
                ),
            ));
        }
        let types: Vec<Type> = args.iter().map(Expr::ty).collect();
        let undefined =
            || SqlError::new("42883", format!("function {}() does not exist", parts.name));
        let aggregate = resolve_aggregate(&parts.name, &types).ok_or_else(undefined)??;
        let mut cast = Vec::with_capacity(args.len());
        for (arg, ty) in args.into_iter().zip(&aggregate.args) {
            let arg = self.implicit(arg, ty)?;
            cast.push(self.settle(arg, None)?);
        }
        if parts.distinct && order.iter().any(|key| !is_argument(&key.expr, &cast)) {
            return Err(SqlError::new(
                "42P10",
                "in an aggregate with DISTINCT, ORDER BY expressions must appear in argument list",
            ));
        }
        Ok(AggregateCall {
            aggregate,
            args: cast,
            distinct: parts.distinct,
            filter,
            order,
        })
    }

    /// An aggregate belongs to the innermost query whose columns it reads; to its own when
    /// it reads none.
    fn owner_frame(&self, call: &AggregateCall) -> usize {
        let mut frame = self.frames.len() - 1;
        let mut call = call.clone();
        loop {
            let (mut local, mut outer) = (false, false);
            for expr in exprs_of(&mut call) {
                expr.walk(&mut |part| match part {
                    Expr::Column { .. } => local = true,
                    Expr::Outer { .. } => outer = true,
                    _ => {}
                });
            }
            if local || !outer || frame == 0 {
                return frame;
            }
            self.outward(frame, &mut call);
            frame -= 1;
        }
    }

    /// Rewrites what a frame is given into what gives it.
    fn outward(&self, frame: usize, call: &mut AggregateCall) {
        let args = self
            .frames
            .get(frame)
            .map(|frame| frame.args.as_slice())
            .unwrap_or_default();
        for expr in exprs_of(call) {
            expr.rewrite(&mut |part| {
                if let Expr::Outer { index, .. } = part
                    && let Some(arg) = args.get(*index)
                {
                    *part = arg.clone();
                }
            });
        }
    }

    fn check_aggregate_place(&self, owner: usize) -> Result<()> {
        let clause = self
            .levels
            .get(owner)
            .map_or(Clause::Select, |level| level.clause);
        match clause {
            Clause::Select
            | Clause::Having
            | Clause::OrderBy
            | Clause::WindowArgs
            | Clause::WindowSpec => Ok(()),
            Clause::AggregateArgs => Err(SqlError::new(
                "42803",
                "aggregate function calls cannot be nested",
            )),
            other => Err(SqlError::new(
                "42803",
                format!("aggregate functions are not allowed in {}", other.name()),
            )),
        }
    }

    /// ORDER BY inside of a call or a window: expressions only, no names of outputs.
    pub(super) fn sort_keys(&mut self, order: &[ast::OrderByExpr]) -> Result<Vec<SortKey>> {
        let mut keys = Vec::with_capacity(order.len());
        for item in order {
            let bound = self.expr(&item.expr)?;
            let bound = self.settle(bound, None)?;
            keys.push(sort_key(bound, &item.options)?);
        }
        Ok(keys)
    }

    pub(super) fn grouping(&mut self, args: &[&ast::Expr]) -> Result<Expr> {
        let args = self.in_clause(Clause::AggregateArgs, |binder| {
            binder.exprs(args.iter().copied())
        })?;
        let groupings = &mut self.level()?.aside.groupings;
        groupings.push(args);
        Ok(Expr::column(GROUPING_AT + groupings.len() - 1, Type::Int4))
    }
}

/// A key of ORDER BY. NULLs come last, or first when descending, unless said otherwise.
pub(super) fn sort_key(expr: Expr, options: &ast::OrderByOptions) -> Result<SortKey> {
    if !expr.ty().is_orderable() && expr.ty() != Type::Record {
        let message = format!(
            "could not identify an ordering operator for type {}",
            expr.ty()
        );
        return Err(SqlError::new("42883", message)
            .with_hint("Use an explicit ordering operator or modify the query."));
    }
    let descending = options.asc == Some(false);
    Ok(SortKey {
        expr,
        descending,
        nulls_first: options.nulls_first.unwrap_or(descending),
    })
}

fn exprs_of(call: &mut AggregateCall) -> impl Iterator<Item = &mut Expr> {
    let order = call.order.iter_mut().map(|key| &mut key.expr);
    call.args
        .iter_mut()
        .chain(call.filter.iter_mut())
        .chain(order)
}

/// Whether a sort key is one of the arguments, before the cast its signature asked for.
fn is_argument(key: &Expr, args: &[Expr]) -> bool {
    args.iter().any(|arg| match arg {
        Expr::Cast { expr, .. } => arg == key || expr.as_ref() == key,
        other => other == key,
    })
}
