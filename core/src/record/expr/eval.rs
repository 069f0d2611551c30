//! Evaluation of an expression over one row.

use std::sync::Arc;

use super::context::EvalContext;
use super::expr::{Expr, SubqueryForm};
use super::functions::{Call, Function, FunctionRef, Volatility};
use super::truth::{and, distinct, not, or};
use crate::record::value::{
    Array, CastContext, ColumnType, Record, Result, Type, Value, ValueError, cast, compare,
    datetime,
};

/// How far a cast's result can be trusted: those through the session's zone, the clock
/// (`'now'`) or the catalogue are not immutable.
pub(super) fn cast_volatility(from: &Type, to: &Type) -> Volatility {
    let zoned = |ty: &Type| *ty == Type::Timestamptz;
    let timed = |ty: &Type| {
        matches!(
            ty,
            Type::Date | Type::Time | Type::Timestamp | Type::Timestamptz
        )
    };
    let through_zone = zoned(from) != zoned(to);
    let through_clock = (from.is_string() && timed(to)) || (timed(from) && to.is_string());
    match through_zone || through_clock || from.is_reg() || to.is_reg() {
        true => Volatility::Stable,
        false => Volatility::Immutable,
    }
}

impl Expr {
    /// The value of the expression for this row.
    ///
    /// Errors are the statement's: division by zero, overflow, a failed cast, ...
    pub fn eval(&self, row: &[Value], cx: &EvalContext<'_>) -> Result<Value> {
        match self {
            Expr::Const { value, .. } => Ok(value.clone()),
            Expr::Column { index, .. } => Ok(row.get(*index).cloned().unwrap_or(Value::Null)),
            Expr::Outer { depth, index, .. } => {
                let outer = cx.outer.get(*depth).and_then(|row| row.get(*index));
                Ok(outer.cloned().unwrap_or(Value::Null))
            }
            Expr::Param { index, .. } => match cx.params.get(*index) {
                Some(value) => Ok(value.clone()),
                None => Err(ValueError::new(
                    "42P02",
                    format!("there is no parameter ${}", index + 1),
                )),
            },
            Expr::Call { function, args, .. } => eval_call(function, args, row, cx),
            Expr::And(args) => fold_truth(args, row, cx, false, and),
            Expr::Or(args) => fold_truth(args, row, cx, true, or),
            Expr::Not(expr) => Ok(not(&expr.eval(row, cx)?)),
            Expr::IsNull { expr, negated } => eval_is_null(expr, *negated, row, cx),
            Expr::IsTruth {
                expr,
                truth,
                negated,
            } => {
                let holds = expr.eval(row, cx)?.as_bool() == *truth;
                Ok(Value::Bool(holds != *negated))
            }
            Expr::IsDistinct {
                left,
                right,
                negated,
            } => {
                let differ = distinct(&left.eval(row, cx)?, &right.eval(row, cx)?);
                Ok(Value::Bool(differ != *negated))
            }
            Expr::Case {
                whens, otherwise, ..
            } => eval_case(whens, otherwise.as_deref(), row, cx),
            Expr::Coalesce { args, .. } => eval_coalesce(args, row, cx),
            Expr::NullIf { left, equal } => match equal.eval(row, cx)?.as_bool() {
                Some(true) => Ok(Value::Null),
                _ => left.eval(row, cx),
            },
            Expr::Greatest { args, .. } => eval_extreme(args, row, cx, std::cmp::Ordering::Greater),
            Expr::Least { args, .. } => eval_extreme(args, row, cx, std::cmp::Ordering::Less),
            Expr::Cast {
                expr,
                from,
                to,
                context,
            } => cast_value(&expr.eval(row, cx)?, from, to, *context, cx),
            Expr::InList {
                expr,
                list,
                equal,
                negated,
            } => eval_in(expr, list, *equal, *negated, row, cx),
            Expr::AnyAll {
                left,
                operator,
                array,
                all,
            } => eval_any_all(left, *operator, array, *all, row, cx),
            Expr::Array { items, element } => eval_array(items, element, row, cx),
            Expr::Subscript { array, indexes, .. } => eval_subscript(array, indexes, row, cx),
            Expr::Slice {
                array,
                lower,
                upper,
                ..
            } => eval_slice(array, lower.as_deref(), upper.as_deref(), row, cx),
            Expr::Row { fields, names } => eval_row(fields, names, row, cx),
            Expr::Field { record, index, .. } => match record.eval(row, cx)? {
                Value::Record(record) => {
                    Ok(record.values.get(*index).cloned().unwrap_or(Value::Null))
                }
                _ => Ok(Value::Null),
            },
            Expr::Subquery {
                slot, args, form, ..
            } => eval_subquery(*slot, args, form, row, cx),
        }
    }

    /// Whether the condition holds: NULL does not.
    pub fn holds(&self, row: &[Value], cx: &EvalContext<'_>) -> Result<bool> {
        Ok(self.eval(row, cx)?.as_bool() == Some(true))
    }

    /// Whether the constraint admits the row: NULL does.
    pub fn admits(&self, row: &[Value], cx: &EvalContext<'_>) -> Result<bool> {
        Ok(self.eval(row, cx)?.as_bool() != Some(false))
    }

    /// Replaces every part that reads nothing and never changes by its value. A literal of
    /// unknown type takes its type's value here, for good: `'now'::timestamp` in a default
    /// is the time it was declared.
    ///
    /// Errors: those of reading literals; others are left for evaluation to meet, since the
    /// part may never be evaluated.
    pub fn fold(&mut self, cx: &EvalContext<'_>) -> Result<()> {
        for child in self.children_mut() {
            child.fold(cx)?;
        }
        let literal =
            matches!(self, Expr::Cast { expr, from: Type::Unknown, .. } if expr.is_const());
        let foldable = literal
            || (!self.is_const()
                && self.volatility() == Volatility::Immutable
                && self.children().into_iter().all(Expr::is_const)
                && !matches!(self, Expr::Column { .. }));
        if !foldable {
            return Ok(());
        }
        match self.eval(&[], cx) {
            Ok(value) => {
                *self = Expr::Const {
                    value,
                    ty: self.column_type(),
                };
                Ok(())
            }
            Err(error) if literal => Err(error),
            Err(_) => Ok(()),
        }
    }

    fn is_const(&self) -> bool {
        matches!(self, Expr::Const { .. })
    }
}

/// A cast with the host's help for names of objects and the clock's for `'now'`.
pub fn cast_value(
    value: &Value,
    from: &Type,
    to: &ColumnType,
    context: CastContext,
    cx: &EvalContext<'_>,
) -> Result<Value> {
    match value {
        Value::Null => return Ok(Value::Null),
        Value::Oid(oid) if from.is_reg() && to.ty.is_string() => {
            let name = Value::from(cx.host.reg_out(from, *oid));
            return cast(&name, &Type::Text, to, context, cx.settings);
        }
        Value::Text(text) => {
            let number = text.trim().parse::<u32>().is_ok() || text.trim() == "-";
            if to.ty.is_reg() && !number {
                return cx.host.reg_in(&to.ty, text).map(Value::Oid);
            }
            let special = datetime::special(text, &to.ty, cx.transaction_us, &cx.settings.zone);
            if let Some(value) = special {
                return Ok(value);
            }
        }
        _ => {}
    }
    cast(value, from, to, context, cx.settings)
}

fn eval_call(
    function: &Function,
    args: &[Expr],
    row: &[Value],
    cx: &EvalContext<'_>,
) -> Result<Value> {
    let call = Call { cx, args };
    match args {
        [] => function.eval(&[], &call),
        [only] => function.eval(&[only.eval(row, cx)?], &call),
        [left, right] => function.eval(&[left.eval(row, cx)?, right.eval(row, cx)?], &call),
        args => function.eval(&eval_all(args, row, cx)?, &call),
    }
}

fn eval_all(args: &[Expr], row: &[Value], cx: &EvalContext<'_>) -> Result<Vec<Value>> {
    args.iter().map(|arg| arg.eval(row, cx)).collect()
}

/// AND and OR: stops at the value that decides.
fn fold_truth(
    args: &[Expr],
    row: &[Value],
    cx: &EvalContext<'_>,
    decides: bool,
    combine: fn(&Value, &Value) -> Value,
) -> Result<Value> {
    let mut result = Value::Bool(!decides);
    for arg in args {
        result = combine(&result, &arg.eval(row, cx)?);
        if result.as_bool() == Some(decides) {
            break;
        }
    }
    Ok(result)
}

/// A record is NULL when all its fields are, and NOT NULL when none is.
fn eval_is_null(expr: &Expr, negated: bool, row: &[Value], cx: &EvalContext<'_>) -> Result<Value> {
    let value = expr.eval(row, cx)?;
    let result = match (&value, negated) {
        (Value::Record(record), false) => record.values.iter().all(Value::is_null),
        (Value::Record(record), true) => !record.values.iter().any(Value::is_null),
        (value, negated) => value.is_null() != negated,
    };
    Ok(Value::Bool(result))
}

fn eval_case(
    whens: &[(Expr, Expr)],
    otherwise: Option<&Expr>,
    row: &[Value],
    cx: &EvalContext<'_>,
) -> Result<Value> {
    for (condition, result) in whens {
        if condition.holds(row, cx)? {
            return result.eval(row, cx);
        }
    }
    otherwise.map_or(Ok(Value::Null), |expr| expr.eval(row, cx))
}

fn eval_coalesce(args: &[Expr], row: &[Value], cx: &EvalContext<'_>) -> Result<Value> {
    for arg in args {
        let value = arg.eval(row, cx)?;
        if !value.is_null() {
            return Ok(value);
        }
    }
    Ok(Value::Null)
}

fn eval_extreme(
    args: &[Expr],
    row: &[Value],
    cx: &EvalContext<'_>,
    wanted: std::cmp::Ordering,
) -> Result<Value> {
    let mut best = Value::Null;
    for arg in args {
        let value = arg.eval(row, cx)?;
        if !value.is_null() && (best.is_null() || compare::compare(&value, &best) == wanted) {
            best = value;
        }
    }
    Ok(best)
}

/// Applies a boolean operator to two values.
fn apply(
    operator: FunctionRef,
    left: &Value,
    right: &Value,
    cx: &EvalContext<'_>,
) -> Result<Value> {
    operator.eval(&[left.clone(), right.clone()], &Call { cx, args: &[] })
}

fn eval_in(
    expr: &Expr,
    list: &[Expr],
    equal: FunctionRef,
    negated: bool,
    row: &[Value],
    cx: &EvalContext<'_>,
) -> Result<Value> {
    let left = expr.eval(row, cx)?;
    let mut found = Value::Bool(false);
    for item in list {
        found = or(&found, &apply(equal, &left, &item.eval(row, cx)?, cx)?);
        if found.as_bool() == Some(true) {
            break;
        }
    }
    Ok(if negated { not(&found) } else { found })
}

fn eval_any_all(
    left: &Expr,
    operator: FunctionRef,
    array: &Expr,
    all: bool,
    row: &[Value],
    cx: &EvalContext<'_>,
) -> Result<Value> {
    let left = left.eval(row, cx)?;
    let array = match array.eval(row, cx)? {
        Value::Array(array) => array,
        Value::Null => return Ok(Value::Null),
        _ => return Err(ValueError::mismatch("array")),
    };
    let mut result = Value::Bool(all);
    for item in &array.values {
        let holds = apply(operator, &left, item, cx)?;
        result = if all {
            and(&result, &holds)
        } else {
            or(&result, &holds)
        };
        if result.as_bool() == Some(!all) {
            break;
        }
    }
    Ok(result)
}

fn eval_array(
    items: &[Expr],
    element: &Type,
    row: &[Value],
    cx: &EvalContext<'_>,
) -> Result<Value> {
    let values = eval_all(items, row, cx)?;
    let nested = items.iter().any(|item| item.ty().element().is_some());
    let array = match nested {
        true => Array::stack(element.clone(), &values)?,
        false => Array::one_dimensional(element.clone(), values),
    };
    Ok(Value::Array(Arc::new(array)))
}

fn eval_subscript(
    array: &Expr,
    indexes: &[Expr],
    row: &[Value],
    cx: &EvalContext<'_>,
) -> Result<Value> {
    let array = array.eval(row, cx)?;
    let indexes = eval_all(indexes, row, cx)?;
    if let (Value::Jsonb(jsonb), [index]) = (&array, indexes.as_slice()) {
        let found = match index {
            Value::Text(key) => jsonb.get(key),
            other => other.as_i64().and_then(|index| jsonb.element(index)),
        };
        return Ok(found.cloned().map_or(Value::Null, Value::from));
    }
    let positions: Option<Vec<i64>> = indexes.iter().map(Value::as_i64).collect();
    match (array, positions) {
        (Value::Array(array), Some(positions)) => {
            Ok(array.at(&positions).cloned().unwrap_or(Value::Null))
        }
        _ => Ok(Value::Null),
    }
}

fn eval_slice(
    array: &Expr,
    lower: Option<&Expr>,
    upper: Option<&Expr>,
    row: &[Value],
    cx: &EvalContext<'_>,
) -> Result<Value> {
    let Value::Array(array) = array.eval(row, cx)? else {
        return Ok(Value::Null);
    };
    let empty = Array::one_dimensional(array.element.clone(), vec![]);
    let [dimension] = array.dimensions.as_slice() else {
        return Ok(Value::Array(Arc::new(empty)));
    };
    let mut bounds = [i64::from(dimension.lower), i64::from(dimension.upper())];
    for (bound, expr) in bounds.iter_mut().zip([lower, upper]) {
        if let Some(expr) = expr {
            match expr.eval(row, cx)?.as_i64() {
                Some(value) => *bound = value,
                None => return Ok(Value::Null),
            }
        }
    }
    let first = i64::from(dimension.lower);
    let kept = array
        .values
        .iter()
        .zip(first..)
        .filter(|(_, at)| (bounds[0]..=bounds[1]).contains(at));
    let values = kept.map(|(value, _)| value.clone()).collect();
    Ok(Value::Array(Arc::new(Array::one_dimensional(
        array.element.clone(),
        values,
    ))))
}

fn eval_row(
    fields: &[Expr],
    names: &[String],
    row: &[Value],
    cx: &EvalContext<'_>,
) -> Result<Value> {
    Ok(Value::Record(Arc::new(Record {
        names: names.to_vec(),
        types: fields.iter().map(Expr::ty).collect(),
        values: eval_all(fields, row, cx)?,
    })))
}

fn eval_subquery(
    slot: usize,
    args: &[Expr],
    form: &SubqueryForm,
    row: &[Value],
    cx: &EvalContext<'_>,
) -> Result<Value> {
    let args = eval_all(args, row, cx)?;
    let rows = cx.host.subquery(slot, &args, cx)?;
    match form {
        SubqueryForm::Exists => Ok(Value::Bool(!rows.is_empty())),
        SubqueryForm::Scalar => match rows.as_slice() {
            [] => Ok(Value::Null),
            [only] => Ok(only.first().cloned().unwrap_or(Value::Null)),
            _ => {
                let message = "more than one row returned by a subquery used as an expression";
                Err(ValueError::new("21000", message))
            }
        },
        SubqueryForm::Array(element) => {
            let values = rows
                .iter()
                .map(|row| row.first().cloned().unwrap_or(Value::Null));
            Ok(Value::array(element.clone(), values.collect()))
        }
        SubqueryForm::Any { left, operators } => {
            let left = eval_all(left, row, cx)?;
            let mut result = Value::Bool(false);
            for other in rows.iter() {
                result = or(&result, &compare_rows(&left, operators, other, cx)?);
                if result.as_bool() == Some(true) {
                    break;
                }
            }
            Ok(result)
        }
        SubqueryForm::All { left, operators } => {
            let left = eval_all(left, row, cx)?;
            let mut result = Value::Bool(true);
            for other in rows.iter() {
                result = and(&result, &compare_all(&left, operators, other, cx)?);
                if result.as_bool() == Some(false) {
                    break;
                }
            }
            Ok(result)
        }
    }
}

/// Whether every column satisfies its operator: row-wise `=`.
fn compare_rows(
    left: &[Value],
    operators: &[FunctionRef],
    other: &[Value],
    cx: &EvalContext<'_>,
) -> Result<Value> {
    let mut result = Value::Bool(true);
    for ((left, operator), right) in left.iter().zip(operators).zip(other) {
        result = and(&result, &apply(*operator, left, right, cx)?);
    }
    Ok(result)
}

/// For ALL: rows differ (`<>`, NOT IN) when any column does; one column is just its operator.
fn compare_all(
    left: &[Value],
    operators: &[FunctionRef],
    other: &[Value],
    cx: &EvalContext<'_>,
) -> Result<Value> {
    if left.len() == 1 {
        return compare_rows(left, operators, other, cx);
    }
    let mut result = Value::Bool(false);
    for ((left, operator), right) in left.iter().zip(operators).zip(other) {
        result = or(&result, &apply(*operator, left, right, cx)?);
    }
    Ok(result)
}
