//! Ordered-set aggregates over the rows of a group, in order.

use stele_core::record::value::Value;

use super::Row;
use crate::error::{Result, SqlError};

/// The value of the aggregate of this name, or `None` when it is not one of these.
///
/// Each row is the direct argument, if the aggregate has one, and the value.
pub(super) fn finish(name: &str, rows: &[Row]) -> Option<Result<Value>> {
    let values = rows.iter().filter_map(|row| row.last());
    let values: Vec<&Value> = values.filter(|value| !value.is_null()).collect();
    match name {
        "mode" => Some(Ok(mode(&values))),
        "percentile_cont" => Some(fraction(rows).map(|fraction| between(&values, fraction))),
        "percentile_disc" => Some(fraction(rows).map(|fraction| at(&values, fraction))),
        _ => None,
    }
}

/// The direct argument; the same for every row. `None` when it is NULL or there are no rows.
fn fraction(rows: &[Row]) -> Result<Option<f64>> {
    match rows.first().and_then(|row| row.first()) {
        Some(Value::Float8(fraction)) if !(0.0..=1.0).contains(fraction) => {
            let message = format!("percentile value {fraction} is not between 0 and 1");
            Err(SqlError::new("22003", message))
        }
        Some(Value::Float8(fraction)) => Ok(Some(*fraction)),
        _ => Ok(None),
    }
}

/// The most frequent value, the first of several.
fn mode(values: &[&Value]) -> Value {
    let mut best: Option<(usize, &Value)> = None;
    for run in values.chunk_by(|a, b| a == b) {
        if let Some(value) = run.first()
            && best.is_none_or(|(count, _)| run.len() > count)
        {
            best = Some((run.len(), value));
        }
    }
    best.map_or(Value::Null, |(_, value)| value.clone())
}

/// The value at a fraction of the way, between its neighbours in proportion.
fn between(values: &[&Value], fraction: Option<f64>) -> Value {
    let (Some(fraction), Some(last)) = (fraction, values.len().checked_sub(1)) else {
        return Value::Null;
    };
    let place = fraction * last as f64;
    let number = |at: f64| match values.get(at as usize) {
        Some(Value::Float8(number)) => Some(*number),
        _ => None,
    };
    match (number(place.floor()), number(place.ceil())) {
        (Some(low), Some(high)) => Value::Float8(low + (place - place.floor()) * (high - low)),
        _ => Value::Null,
    }
}

/// The first value that at least this fraction of the values does not exceed.
fn at(values: &[&Value], fraction: Option<f64>) -> Value {
    let Some(fraction) = fraction else {
        return Value::Null;
    };
    let place = (fraction * values.len() as f64).ceil() as usize;
    let value = values.get(place.saturating_sub(1));
    value.map_or(Value::Null, |value| (*value).clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(fraction: f64, values: &[f64]) -> Vec<Row> {
        let row = |value: &f64| vec![Value::Float8(fraction), Value::Float8(*value)];
        values.iter().map(row).collect()
    }

    #[test]
    fn a_median_lies_between_its_neighbours() {
        let even = rows(0.5, &[1.0, 2.0, 4.0, 9.0]);
        assert_eq!(
            finish("percentile_cont", &even),
            Some(Ok(Value::Float8(3.0)))
        );
        assert_eq!(
            finish("percentile_disc", &even),
            Some(Ok(Value::Float8(2.0)))
        );
        assert_eq!(finish("percentile_cont", &[]), Some(Ok(Value::Null)));
    }

    #[test]
    fn the_first_of_equally_frequent_values_is_the_mode() {
        assert_eq!(
            finish("mode", &rows(0.0, &[1.0, 2.0, 2.0, 3.0, 3.0])),
            Some(Ok(Value::Float8(2.0)))
        );
    }
}
