//! The values of one window function over one partition.

use std::ops::Range;

use stele_core::record::expr::{self, Accumulator};
use stele_core::record::value::Value;

use super::frame::{Bounds, Peers};
use super::run::Outer;
use super::{Row, Run};
use crate::error::{Result, SqlError};
use crate::sql::plan::{Bound, WindowCall, WindowFunction};

/// A value for each row.
pub(super) fn values(
    run: &Run<'_>,
    call: &WindowCall,
    peers: &Peers<'_>,
    rows: &[Row],
    outer: &Outer,
) -> Result<Vec<Value>> {
    use WindowFunction as W;
    let each = |value: &dyn Fn(usize) -> Value| Ok((0..rows.len()).map(value).collect());
    match &call.function {
        W::RowNumber => each(&|row| count(row + 1)),
        W::Rank => each(&|row| count(peers.rows(peers.group(row)).start + 1)),
        W::DenseRank => each(&|row| count(peers.group(row) + 1)),
        W::PercentRank => each(&|row| {
            let before = peers.rows(peers.group(row)).start as f64;
            Value::Float8(if rows.len() > 1 {
                before / (rows.len() - 1) as f64
            } else {
                0.0
            })
        }),
        W::CumeDist => each(&|row| {
            let upto = peers.rows(peers.group(row)).end as f64;
            Value::Float8(upto / rows.len() as f64)
        }),
        W::Ntile => ntile(run, call, rows, outer),
        W::Lag => shifted(run, call, rows, outer, -1),
        W::Lead => shifted(run, call, rows, outer, 1),
        W::FirstValue | W::LastValue | W::NthValue => picked(run, call, peers, rows, outer),
        W::Aggregate(aggregate) => aggregated(run, call, aggregate, peers, rows, outer),
    }
}

fn count(number: usize) -> Value {
    Value::Int8(i64::try_from(number).unwrap_or(i64::MAX))
}

fn ntile(run: &Run<'_>, call: &WindowCall, rows: &[Row], outer: &Outer) -> Result<Vec<Value>> {
    let (Some(first), Some(arg)) = (rows.first(), call.args.first()) else {
        return Ok(Vec::new());
    };
    let Some(buckets) = run.eval(arg, first, outer)?.as_i64() else {
        return Ok(vec![Value::Null; rows.len()]);
    };
    let buckets = match usize::try_from(buckets) {
        Ok(buckets) if buckets > 0 => buckets,
        _ => {
            return Err(SqlError::new(
                "22014",
                "argument of ntile must be greater than zero",
            ));
        }
    };
    // The first `extra` buckets have one row more.
    let (size, extra) = (rows.len() / buckets, rows.len() % buckets);
    let bucket = |row: usize| match row.checked_sub(extra * (size + 1)) {
        None => row / (size + 1),
        Some(rest) => extra + rest.checked_div(size).unwrap_or(0),
    };
    let number = |row: usize| Value::Int4(i32::try_from(bucket(row) + 1).unwrap_or(i32::MAX));
    Ok((0..rows.len()).map(number).collect())
}

/// LAG and LEAD: the argument over another row of the partition.
fn shifted(
    run: &Run<'_>,
    call: &WindowCall,
    rows: &[Row],
    outer: &Outer,
    sign: i64,
) -> Result<Vec<Value>> {
    let Some(arg) = call.args.first() else {
        return Ok(Vec::new());
    };
    let mut values = Vec::with_capacity(rows.len());
    for (at, row) in rows.iter().enumerate() {
        let offset = match call.args.get(1) {
            Some(offset) => run.eval(offset, row, outer)?.as_i64(),
            None => Some(1),
        };
        let Some(offset) = offset else {
            values.push(Value::Null);
            continue;
        };
        let target = i64::try_from(at)
            .unwrap_or(i64::MAX)
            .saturating_add(offset.saturating_mul(sign));
        let other = usize::try_from(target)
            .ok()
            .and_then(|target| rows.get(target));
        values.push(match (other, call.args.get(2)) {
            (Some(other), _) => run.eval(arg, other, outer)?,
            (None, Some(default)) => run.eval(default, row, outer)?,
            (None, None) => Value::Null,
        });
    }
    Ok(values)
}

/// FIRST_VALUE, LAST_VALUE, NTH_VALUE: the argument over a row of the frame.
fn picked(
    run: &Run<'_>,
    call: &WindowCall,
    peers: &Peers<'_>,
    rows: &[Row],
    outer: &Outer,
) -> Result<Vec<Value>> {
    let Some(arg) = call.args.first() else {
        return Ok(Vec::new());
    };
    let bounds = Bounds::new(run, &call.frame, outer)?;
    let mut values = Vec::with_capacity(rows.len());
    for (at, row) in rows.iter().enumerate() {
        run.tick()?;
        let frame = bounds.of(run, peers, at)?;
        let chosen = match &call.function {
            WindowFunction::FirstValue => Some(frame.start),
            WindowFunction::LastValue => frame.end.checked_sub(1),
            _ => nth(run, call, row, &frame, outer)?,
        };
        let chosen = chosen
            .filter(|chosen| frame.contains(chosen))
            .and_then(|chosen| rows.get(chosen));
        values.push(match chosen {
            Some(chosen) => run.eval(arg, chosen, outer)?,
            None => Value::Null,
        });
    }
    Ok(values)
}

fn nth(
    run: &Run<'_>,
    call: &WindowCall,
    row: &[Value],
    frame: &Range<usize>,
    outer: &Outer,
) -> Result<Option<usize>> {
    let Some(arg) = call.args.get(1) else {
        return Ok(None);
    };
    match run.eval(arg, row, outer)?.as_i64() {
        None => Ok(None),
        Some(number) if number < 1 => Err(SqlError::new(
            "22016",
            "argument of nth_value must be greater than zero",
        )),
        Some(number) => {
            let offset = usize::try_from(number - 1).unwrap_or(usize::MAX);
            Ok(frame.start.checked_add(offset))
        }
    }
}

/// Aggregates over frames. A frame that only grows keeps its accumulator.
fn aggregated(
    run: &Run<'_>,
    call: &WindowCall,
    aggregate: &expr::Aggregate,
    peers: &Peers<'_>,
    rows: &[Row],
    outer: &Outer,
) -> Result<Vec<Value>> {
    let bounds = Bounds::new(run, &call.frame, outer)?;
    let grows = call.frame.start == Bound::First;
    let mut values: Vec<Value> = Vec::with_capacity(rows.len());
    let mut accumulator = aggregate.accumulator();
    let mut done = 0..0;
    for at in 0..rows.len() {
        run.tick()?;
        let frame = bounds.of(run, peers, at)?;
        if let (Some(last), true) = (values.last(), at > 0 && frame == done) {
            values.push(last.clone());
            continue;
        }
        if !(grows && frame.end >= done.end) {
            accumulator = aggregate.accumulator();
            done = frame.start..frame.start;
        }
        for row in rows
            .get(done.end.max(frame.start)..frame.end)
            .unwrap_or_default()
        {
            run.tick()?;
            add(run, call, &mut accumulator, row, outer)?;
        }
        values.push(accumulator.finish()?);
        done = frame;
    }
    Ok(values)
}

fn add(
    run: &Run<'_>,
    call: &WindowCall,
    accumulator: &mut Accumulator,
    row: &[Value],
    outer: &Outer,
) -> Result<()> {
    if let Some(filter) = &call.filter
        && !run.holds(std::slice::from_ref(filter), row, outer)?
    {
        return Ok(());
    }
    let args = run.eval_all(&call.args, row, outer)?;
    Ok(accumulator.update(&args, run.cx.eval.settings)?)
}
