//! `generate_series` and `generate_subscripts`: rows made one at a time.

use stele_core::record::expr::EvalContext;
use stele_core::record::value::datetime::arithmetic::{timestamp_plus, timestamptz_plus};
use stele_core::record::value::{Interval, Numeric, Value};

use super::set_function::SetRows;
use crate::error::{Result, SqlError};

/// From, to, and a step that is 1 unless given.
pub(super) fn series(values: &[Value], cx: &EvalContext<'_>) -> Result<SetRows> {
    match values {
        [Value::Int4(from), Value::Int4(to), rest @ ..] => {
            let step = rest.first().and_then(Value::as_i64).unwrap_or(1);
            let rows = integers(i64::from(*from), i64::from(*to), step)?;
            Ok(Box::new(rows.map(|value| {
                Ok(vec![i32::try_from(value).map_or(Value::Null, Value::Int4)])
            })))
        }
        [Value::Int8(from), Value::Int8(to), rest @ ..] => {
            let step = rest.first().and_then(Value::as_i64).unwrap_or(1);
            Ok(Box::new(
                integers(*from, *to, step)?.map(|value| Ok(vec![Value::Int8(value)])),
            ))
        }
        [Value::Numeric(from), Value::Numeric(to), rest @ ..] => {
            let step = match rest.first() {
                Some(Value::Numeric(step)) => step.clone(),
                _ => Numeric::from(1_i64),
            };
            numerics(from.clone(), to.clone(), step)
        }
        [
            Value::Timestamp(from),
            Value::Timestamp(to),
            Value::Interval(step),
        ] => times(*from, *to, *step, Value::Timestamp, |at, step| {
            Ok(timestamp_plus(at, step)?)
        }),
        [
            Value::Timestamptz(from),
            Value::Timestamptz(to),
            Value::Interval(step),
        ] => {
            let zone = cx.settings.zone;
            times(*from, *to, *step, Value::Timestamptz, move |at, step| {
                Ok(timestamptz_plus(at, step, &zone)?)
            })
        }
        _ => Err(SqlError::internal("generate_series over unexpected values")),
    }
}

fn zero_step() -> SqlError {
    SqlError::new("22023", "step size cannot equal zero")
}

fn integers(from: i64, to: i64, step: i64) -> Result<impl Iterator<Item = i64> + Send> {
    if step == 0 {
        return Err(zero_step());
    }
    let mut next = Some(from);
    Ok(std::iter::from_fn(move || {
        let value = next.filter(|value| if step > 0 { *value <= to } else { *value >= to })?;
        next = value.checked_add(step);
        Some(value)
    }))
}

fn numerics(from: Numeric, to: Numeric, step: Numeric) -> Result<SetRows> {
    let whole = [(&from, "start"), (&to, "stop"), (&step, "step")];
    for (value, what) in whole {
        if !value.is_finite() {
            let what = if what == "step" {
                "step size".to_owned()
            } else {
                format!("{what} value")
            };
            return Err(SqlError::new(
                "22023",
                format!("{what} cannot be NaN or infinity"),
            ));
        }
    }
    if step.is_zero() {
        return Err(zero_step());
    }
    let up = step.signum() > 0;
    let mut next = Some(from);
    Ok(Box::new(std::iter::from_fn(move || {
        let value = next
            .take()
            .filter(|value| if up { *value <= to } else { *value >= to })?;
        match value.add(&step) {
            Ok(after) => next = Some(after),
            Err(error) => return Some(Err(error.into())),
        }
        Some(Ok(vec![Value::Numeric(value)]))
    })))
}

fn times(
    from: i64,
    to: i64,
    step: Interval,
    wrap: fn(i64) -> Value,
    plus: impl Fn(i64, &Interval) -> Result<i64> + Send + 'static,
) -> Result<SetRows> {
    let span = step.span_us();
    if span == 0 {
        return Err(zero_step());
    }
    let mut next = Some(from);
    Ok(Box::new(std::iter::from_fn(move || {
        let value = next
            .take()
            .filter(|value| if span > 0 { *value <= to } else { *value >= to })?;
        match plus(value, &step) {
            Ok(after) => next = Some(after),
            Err(error) => return Some(Err(error)),
        }
        Some(Ok(vec![wrap(value)]))
    })))
}

/// The indexes of a dimension, in reverse when asked.
pub(super) fn subscripts(values: &[Value]) -> Result<SetRows> {
    let (Some(Value::Array(array)), Some(dimension)) =
        (values.first(), values.get(1).and_then(Value::as_i64))
    else {
        return Ok(Box::new(std::iter::empty()));
    };
    let at = usize::try_from(dimension)
        .ok()
        .and_then(|dimension| dimension.checked_sub(1));
    let Some(dimension) = at.and_then(|at| array.dimensions.get(at)) else {
        return Ok(Box::new(std::iter::empty()));
    };
    let reverse = values.get(2).and_then(Value::as_bool) == Some(true);
    let (low, high) = (
        i64::from(dimension.lower),
        i64::from(dimension.lower) + i64::from(dimension.length) - 1,
    );
    let rows = if reverse {
        integers(high, low, -1)?
    } else {
        integers(low, high, 1)?
    };
    Ok(Box::new(rows.map(|value| {
        Ok(vec![i32::try_from(value).map_or(Value::Null, Value::Int4)])
    })))
}
