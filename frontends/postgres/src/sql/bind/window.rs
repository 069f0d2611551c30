//! Window functions: OVER, named windows and frames.

use sqlparser::ast::{self, WindowFrameBound, WindowFrameUnits, WindowType};
use stele_core::record::expr::Expr;
use stele_core::record::value::{CastContext, Type};

use super::call::CallParts;
use super::names;
use super::scope::{Binder, Clause, WINDOW_AT};
use crate::error::{Result, SqlError};
use crate::sql::plan::{
    Bound, Frame, FrameUnits, RangeArithmetic, SortKey, WindowCall, WindowFunction,
};

/// A window function with the window it runs over.
#[derive(Clone, Debug)]
pub(crate) struct BoundWindow {
    pub partition: Vec<Expr>,
    pub order: Vec<SortKey>,
    pub call: WindowCall,
}

/// `WINDOW w AS (...)`.
#[derive(Clone, Debug)]
pub(crate) struct NamedWindow {
    pub name: String,
    pub spec: ast::WindowSpec,
}

struct BoundSpec {
    partition: Vec<Expr>,
    order: Vec<SortKey>,
    frame: Frame,
}

/// Whether a name is a window function's and nothing else's.
pub(super) fn is_window_only(name: &str) -> bool {
    function_of(name).is_some()
}

fn function_of(name: &str) -> Option<WindowFunction> {
    Some(match name {
        "row_number" => WindowFunction::RowNumber,
        "rank" => WindowFunction::Rank,
        "dense_rank" => WindowFunction::DenseRank,
        "percent_rank" => WindowFunction::PercentRank,
        "cume_dist" => WindowFunction::CumeDist,
        "ntile" => WindowFunction::Ntile,
        "lag" => WindowFunction::Lag,
        "lead" => WindowFunction::Lead,
        "first_value" => WindowFunction::FirstValue,
        "last_value" => WindowFunction::LastValue,
        "nth_value" => WindowFunction::NthValue,
        _ => return None,
    })
}

impl Binder<'_> {
    /// Binds a call with OVER: set aside until the plan is built.
    pub(super) fn window_call(&mut self, parts: &CallParts<'_>) -> Result<Expr> {
        let clause = self.level()?.clause;
        match clause {
            Clause::Select | Clause::OrderBy => {}
            Clause::AggregateArgs => {
                return Err(SqlError::new(
                    "42803",
                    "aggregate function calls cannot contain window function calls",
                ));
            }
            Clause::WindowArgs | Clause::WindowSpec => {
                return Err(SqlError::new(
                    "42P20",
                    "window function calls cannot be nested",
                ));
            }
            other => {
                let message = format!("window functions are not allowed in {}", other.name());
                return Err(SqlError::new("42P20", message));
            }
        }
        if parts.distinct {
            return Err(SqlError::unsupported(
                "DISTINCT is not implemented for window functions",
            ));
        }
        if !parts.order.is_empty() {
            return Err(SqlError::unsupported(
                "aggregate ORDER BY is not implemented for window functions",
            ));
        }
        if parts.ignore_nulls {
            return Err(SqlError::unsupported("IGNORE NULLS is not supported"));
        }
        let (function, args, filter, ty) = self.window_function(parts)?;
        let spec = match parts.over {
            Some(WindowType::WindowSpec(spec)) => self.window_spec(spec)?,
            Some(WindowType::NamedWindow(name)) => {
                let named = self.named_window(&names::fold(name))?;
                self.window_spec(&named)?
            }
            None => return Err(SqlError::internal("a window function has no window")),
        };
        let call = WindowCall {
            function,
            args,
            filter,
            frame: spec.frame,
            ty: ty.clone(),
        };
        let windows = &mut self.level()?.aside.windows;
        windows.push(BoundWindow {
            partition: spec.partition,
            order: spec.order,
            call,
        });
        Ok(Expr::column(WINDOW_AT + windows.len() - 1, ty))
    }

    fn window_function(
        &mut self,
        parts: &CallParts<'_>,
    ) -> Result<(WindowFunction, Vec<Expr>, Option<Expr>, Type)> {
        if super::call::is_aggregate(&parts.name) {
            let call = self.aggregate_parts(parts)?;
            let ty = call.aggregate.result.clone();
            return Ok((
                WindowFunction::Aggregate(call.aggregate),
                call.args,
                call.filter,
                ty,
            ));
        }
        let Some(function) = function_of(&parts.name) else {
            let message = format!(
                "OVER specified, but {} is not a window function nor an aggregate function",
                parts.name
            );
            return Err(SqlError::new("42809", message));
        };
        if parts.filter.is_some() {
            return Err(SqlError::unsupported(
                "FILTER is not implemented for non-aggregate window functions",
            ));
        }
        let args = self.in_clause(Clause::WindowArgs, |binder| {
            binder.exprs(parts.args.iter().copied())
        })?;
        let (args, ty) = self.window_args(&function, args, &parts.name)?;
        Ok((function, args, None, ty))
    }

    fn window_args(
        &mut self,
        function: &WindowFunction,
        args: Vec<Expr>,
        name: &str,
    ) -> Result<(Vec<Expr>, Type)> {
        use WindowFunction as W;
        let types: Vec<String> = args.iter().map(|arg| arg.ty().to_string()).collect();
        let undefined = || {
            SqlError::new(
                "42883",
                format!("function {name}({}) does not exist", types.join(", ")),
            )
        };
        let mut args = args.into_iter();
        let first = args.next();
        let (first, second, third) = (first, args.next(), args.next());
        let excess = args.next().is_some();
        let bound = match (function, first, second, third) {
            _ if excess => None,
            (W::RowNumber | W::Rank | W::DenseRank, None, None, None) => {
                Some((Vec::new(), Type::Int8))
            }
            (W::PercentRank | W::CumeDist, None, None, None) => Some((Vec::new(), Type::Float8)),
            (W::Ntile, Some(count), None, None) => {
                Some((vec![self.implicit(count, &Type::Int4)?], Type::Int4))
            }
            (W::FirstValue | W::LastValue, Some(value), None, None) => {
                let value = self.settle(value, None)?;
                let ty = value.ty();
                Some((vec![value], ty))
            }
            (W::NthValue, Some(value), Some(at), None) => {
                let value = self.settle(value, None)?;
                let ty = value.ty();
                Some((vec![value, self.implicit(at, &Type::Int4)?], ty))
            }
            (W::Lag | W::Lead, Some(value), offset, default) => {
                let mut bound = vec![value];
                bound.extend(default);
                let (mut unified, ty) = self.unify(name, bound)?;
                if let Some(offset) = offset {
                    unified.insert(1, self.implicit(offset, &Type::Int4)?);
                }
                Some((unified, ty.ty))
            }
            _ => None,
        };
        bound.ok_or_else(undefined)
    }

    fn named_window(&mut self, name: &str) -> Result<ast::WindowSpec> {
        let level = self.level()?;
        let found = level.windows.iter().find(|window| window.name == name);
        let missing = || SqlError::new("42704", format!("window \"{name}\" does not exist"));
        found.map(|window| window.spec.clone()).ok_or_else(missing)
    }

    fn window_spec(&mut self, spec: &ast::WindowSpec) -> Result<BoundSpec> {
        let base = match &spec.window_name {
            Some(name) => {
                let named = self.named_window(&names::fold(name))?;
                Some(self.nested(|binder| binder.window_spec(&named))?)
            }
            None => None,
        };
        let mut partition = self.in_clause(Clause::WindowSpec, |binder| {
            let bound = binder.exprs(&spec.partition_by)?;
            bound
                .into_iter()
                .map(|expr| binder.settle(expr, None))
                .collect::<Result<Vec<_>>>()
        })?;
        let mut order = self.in_clause(Clause::WindowSpec, |binder| {
            binder.sort_keys(&spec.order_by)
        })?;
        if let Some(base) = base {
            if !partition.is_empty() {
                return Err(SqlError::new(
                    "42P20",
                    "cannot override PARTITION BY clause of window",
                ));
            }
            if !base.order.is_empty() && !order.is_empty() {
                return Err(SqlError::new(
                    "42P20",
                    "cannot override ORDER BY clause of window",
                ));
            }
            partition = base.partition;
            if order.is_empty() {
                order = base.order;
            }
        }
        let frame = self.frame(spec.window_frame.as_ref(), &order)?;
        Ok(BoundSpec {
            partition,
            order,
            frame,
        })
    }

    fn frame(&mut self, frame: Option<&ast::WindowFrame>, order: &[SortKey]) -> Result<Frame> {
        let Some(frame) = frame else {
            return Ok(Frame {
                units: FrameUnits::Range,
                start: Bound::First,
                end: Bound::Current,
                range: None,
            });
        };
        let units = match frame.units {
            WindowFrameUnits::Rows => FrameUnits::Rows,
            WindowFrameUnits::Range => FrameUnits::Range,
            WindowFrameUnits::Groups => FrameUnits::Groups,
        };
        if units == FrameUnits::Groups && order.is_empty() {
            return Err(SqlError::new(
                "42P20",
                "GROUPS mode requires an ORDER BY clause",
            ));
        }
        let start = self.bound(&frame.start_bound, true, units, order)?;
        let end = match &frame.end_bound {
            Some(end) => self.bound(end, false, units, order)?,
            None => Bound::Current,
        };
        check_bounds(&start, &end)?;
        let offset = [&start, &end].into_iter().find_map(|bound| match bound {
            Bound::Preceding(offset) | Bound::Following(offset) => Some(offset.ty()),
            _ => None,
        });
        let range = match (units, offset, order) {
            (FrameUnits::Range, Some(offset), [key]) => {
                Some(Box::new(self.range(key.expr.ty(), offset)?))
            }
            (FrameUnits::Range, Some(_), _) => {
                return Err(SqlError::new(
                    "42P20",
                    "RANGE with offset PRECEDING/FOLLOWING requires exactly one ORDER BY column",
                ));
            }
            _ => None,
        };
        Ok(Frame {
            units,
            start,
            end,
            range,
        })
    }

    fn bound(
        &mut self,
        bound: &WindowFrameBound,
        start: bool,
        units: FrameUnits,
        order: &[SortKey],
    ) -> Result<Bound> {
        Ok(match bound {
            WindowFrameBound::CurrentRow => Bound::Current,
            WindowFrameBound::Preceding(None) if start => Bound::First,
            WindowFrameBound::Following(None) if !start => Bound::Last,
            WindowFrameBound::Preceding(None) => {
                return Err(SqlError::new(
                    "42P20",
                    "frame end cannot be UNBOUNDED PRECEDING",
                ));
            }
            WindowFrameBound::Following(None) => {
                return Err(SqlError::new(
                    "42P20",
                    "frame start cannot be UNBOUNDED FOLLOWING",
                ));
            }
            WindowFrameBound::Preceding(Some(offset)) => {
                Bound::Preceding(self.offset(offset, units, order)?)
            }
            WindowFrameBound::Following(Some(offset)) => {
                Bound::Following(self.offset(offset, units, order)?)
            }
        })
    }

    fn offset(&mut self, offset: &ast::Expr, units: FrameUnits, order: &[SortKey]) -> Result<Expr> {
        let bound = self.expr_in(offset, Clause::WindowSpec)?;
        if units != FrameUnits::Range {
            return self.bigint(
                bound,
                if units == FrameUnits::Rows {
                    "ROWS"
                } else {
                    "GROUPS"
                },
            );
        }
        // An open literal is an interval for times, else of the key's type.
        let key = order.first().map_or(Type::Int4, |key| key.expr.ty());
        let want = match key {
            Type::Date | Type::Time | Type::Timestamp | Type::Timestamptz | Type::Interval => {
                Type::Interval
            }
            other => other,
        };
        self.settle(bound, Some(&want.into()))
    }

    fn range(&mut self, key: Type, offset: Type) -> Result<RangeArithmetic> {
        let refuse = |error: SqlError| match error.code {
            "42883" => SqlError::unsupported(format!(
                "RANGE with offset PRECEDING/FOLLOWING is not supported for column type {key} and offset type {offset}"
            )),
            _ => error,
        };
        let operands = || {
            vec![
                Expr::column(0, key.clone()),
                Expr::column(1, offset.clone()),
            ]
        };
        let plus = self.call_named("+", operands()).map_err(refuse)?;
        let minus = self.call_named("-", operands()).map_err(refuse)?;
        let ty = plus.ty();
        let minus = minus.cast_to(ty.clone(), CastContext::Explicit);
        let widen = Expr::column(0, key.clone()).cast_to(ty, CastContext::Explicit);
        Ok(RangeArithmetic { plus, minus, widen })
    }
}

fn check_bounds(start: &Bound, end: &Bound) -> Result<()> {
    let refused = match (start, end) {
        (Bound::Current, Bound::Preceding(_)) => {
            "frame starting from current row cannot have preceding rows"
        }
        (Bound::Following(_), Bound::Preceding(_)) => {
            "frame starting from following row cannot have preceding rows"
        }
        (Bound::Following(_), Bound::Current) => {
            "frame starting from following row cannot end with current row"
        }
        _ => return Ok(()),
    };
    Err(SqlError::new("42P20", refused))
}
