//! Conversions between types.

use std::sync::Arc;

use super::array::Array;
use super::cast_matrix::CastContext::{self, Explicit};
use super::datetime::{self, arithmetic};
use super::error::{Result, ValueError};
use super::json::{self, Jsonb};
use super::numeric::Numeric;
use super::settings::Settings;
use super::text;
use super::types::{ColumnType, Type};
use super::value::Value;

/// Converts a value of type `from` to `to`, its modifier included.
///
/// Errors: 42846 when there is no such cast, else those of the conversion (22003, 22P02, 22001, ...).
pub fn cast(
    value: &Value,
    from: &Type,
    to: &ColumnType,
    context: CastContext,
    settings: &Settings,
) -> Result<Value> {
    if value.is_null() {
        return Ok(Value::Null);
    }
    let converted = convert(value, from, &to.ty, settings)?;
    apply_modifier(converted, to, context)
}

fn no_cast(from: &Type, to: &Type) -> ValueError {
    ValueError::new("42846", format!("cannot cast type {from} to {to}"))
}

fn convert(value: &Value, from: &Type, to: &Type, settings: &Settings) -> Result<Value> {
    if from == to {
        return Ok(value.clone());
    }
    if let (Value::Array(array), Type::Array(element)) = (value, to) {
        return convert_array(array, element, settings);
    }
    if let (Value::Text(text), Type::Char, Type::Int4) = (value, from, to) {
        return Ok(Value::Int4(text.chars().next().map_or(0, |c| c as i32)));
    }
    if let Some(number) = to_number(value, to)? {
        return Ok(number);
    }
    match to {
        Type::Text | Type::Varchar | Type::Unknown => {
            return Ok(Value::text(to_text(value, settings)));
        }
        Type::Bpchar => return Ok(Value::Bpchar(to_text(value, settings).into())),
        Type::Name => {
            let text = to_text(value, settings);
            return Ok(Value::text(text::cut_bytes(&text, text::NAME_BYTES_MAX)));
        }
        _ => {}
    }
    if let Some(time) = to_time(value, to, settings)? {
        return Ok(time);
    }
    match (value, to) {
        (Value::Int4(value), Type::Bool) => Ok(Value::Bool(*value != 0)),
        (Value::Jsonb(jsonb), Type::Bool) => match **jsonb {
            Jsonb::Bool(value) => Ok(Value::Bool(value)),
            _ => Err(json_mismatch(jsonb, "boolean")),
        },
        (Value::Jsonb(jsonb), Type::Json) => {
            let mut out = String::new();
            json::print(jsonb, &mut out);
            Ok(Value::Json(out.into()))
        }
        (Value::Json(text), Type::Jsonb) => json::parse(text).map(Value::from),
        (Value::Int4(code), Type::Char) => match u8::try_from(*code) {
            Ok(code) => Ok(Value::text(char::from(code).to_string())),
            Err(_) => Err(ValueError::out_of_range("\"char\"")),
        },
        (Value::Text(_) | Value::Bpchar(_), _) => {
            let text = value.as_str().unwrap_or_default();
            text::parse(text, &ColumnType::from(to.clone()), settings)
        }
        _ => Err(no_cast(from, to)),
    }
}

fn convert_array(array: &Array, element: &Type, settings: &Settings) -> Result<Value> {
    let target = ColumnType::from(element.clone());
    let values: Result<Vec<Value>> = array
        .values
        .iter()
        .map(|value| cast(value, &array.element, &target, Explicit, settings))
        .collect();
    Ok(Value::Array(Arc::new(Array {
        element: element.clone(),
        dimensions: array.dimensions.clone(),
        values: values?,
        vector: false,
    })))
}

/// The text a cast makes: unlike printing, `true` for true, and no padding.
fn to_text(value: &Value, settings: &Settings) -> String {
    match value {
        Value::Bool(value) => value.to_string(),
        Value::Bpchar(_) => value.as_str().unwrap_or_default().to_string(),
        other => text::print(other, settings),
    }
}

fn json_mismatch(jsonb: &Jsonb, type_name: &str) -> ValueError {
    let kind = match jsonb {
        Jsonb::Number(_) => "numeric",
        other => other.type_name(),
    };
    ValueError::new(
        "22023",
        format!("cannot cast jsonb {kind} to type {type_name}"),
    )
}

/// Conversions whose target is a number; `None` when source or target is something else.
fn to_number(value: &Value, to: &Type) -> Result<Option<Value>> {
    let is_number = matches!(
        to,
        Type::Int2
            | Type::Int4
            | Type::Int8
            | Type::Float4
            | Type::Float8
            | Type::Numeric
            | Type::Oid
            | Type::Xid
    ) || to.is_reg();
    if !is_number {
        return Ok(None);
    }
    let number = match value {
        Value::Bool(value) => Number::Integer(i64::from(*value)),
        Value::Float4(value) => Number::Real(*value),
        Value::Float8(value) => Number::Double(*value),
        Value::Numeric(value) => Number::Numeric(value.clone()),
        Value::Jsonb(jsonb) => match &**jsonb {
            Jsonb::Number(number) => Number::Numeric(number.clone()),
            other => return Err(json_mismatch(other, &to.sql_name())),
        },
        other => match other.as_i64() {
            Some(value) => Number::Integer(value),
            None => return Ok(None),
        },
    };
    number.to(to).map(Some)
}

enum Number {
    Integer(i64),
    Real(f32),
    Double(f64),
    Numeric(Numeric),
}

impl Number {
    fn to(&self, to: &Type) -> Result<Value> {
        let range = || ValueError::out_of_range(&to.sql_name());
        Ok(match to {
            Type::Int2 => Value::Int2(self.to_i64("smallint")?.try_into().map_err(|_| range())?),
            Type::Int4 => Value::Int4(self.to_i64("integer")?.try_into().map_err(|_| range())?),
            Type::Int8 => Value::Int8(self.to_i64("bigint")?),
            Type::Float4 => Value::Float4(self.to_f32()?),
            Type::Float8 => Value::Float8(self.to_f64()?),
            Type::Numeric => Value::Numeric(self.to_numeric()),
            _ => Value::Oid(self.to_oid()?),
        })
    }

    fn to_i64(&self, type_name: &str) -> Result<i64> {
        match self {
            Number::Integer(value) => Ok(*value),
            Number::Real(value) => float_to_i64(f64::from(*value), type_name),
            Number::Double(value) => float_to_i64(*value, type_name),
            Number::Numeric(value) if value.is_nan() => Err(ValueError::unsupported(format!(
                "cannot convert NaN to {type_name}"
            ))),
            Number::Numeric(value) if !value.is_finite() => Err(ValueError::unsupported(format!(
                "cannot convert infinity to {type_name}"
            ))),
            Number::Numeric(value) => value
                .to_i64()
                .ok_or_else(|| ValueError::out_of_range(type_name)),
        }
    }

    fn to_f64(&self) -> Result<f64> {
        match self {
            Number::Integer(value) => Ok(*value as f64),
            Number::Real(value) => Ok(f64::from(*value)),
            Number::Double(value) => Ok(*value),
            Number::Numeric(value) => {
                let float = value.to_f64();
                match float.is_infinite() && value.is_finite() {
                    true => {
                        let message =
                            format!("\"{value}\" is out of range for type double precision");
                        Err(ValueError::new("22003", message))
                    }
                    false => Ok(float),
                }
            }
        }
    }

    fn to_f32(&self) -> Result<f32> {
        let wide = match self {
            Number::Integer(value) => return Ok(*value as f32),
            Number::Real(value) => return Ok(*value),
            Number::Double(value) => *value,
            Number::Numeric(value) => {
                let float = value.to_f32();
                if float.is_infinite() && value.is_finite() {
                    let message = format!("\"{value}\" is out of range for type real");
                    return Err(ValueError::new("22003", message));
                }
                return Ok(float);
            }
        };
        let narrow = wide as f32;
        if narrow.is_infinite() && wide.is_finite() {
            return Err(ValueError::new("22003", "value out of range: overflow"));
        }
        if narrow == 0.0 && wide != 0.0 {
            return Err(ValueError::new("22003", "value out of range: underflow"));
        }
        Ok(narrow)
    }

    fn to_numeric(&self) -> Numeric {
        match self {
            Number::Integer(value) => Numeric::from(*value),
            Number::Real(value) => Numeric::from_f32(*value),
            Number::Double(value) => Numeric::from_f64(*value),
            Number::Numeric(value) => value.clone(),
        }
    }

    fn to_oid(&self) -> Result<u32> {
        let value = self.to_i64("oid")?;
        // A 32-bit integer becomes the oid of the same bits.
        u32::try_from(value)
            .or_else(|_| i32::try_from(value).map(|value| value as u32))
            .map_err(|_| ValueError::new("22003", "OID out of range"))
    }
}

fn float_to_i64(value: f64, type_name: &str) -> Result<i64> {
    let rounded = value.round_ties_even();
    // -2^63 is exact as a float; 2^63 is the first value too large.
    match (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&rounded) {
        true => Ok(rounded as i64),
        false => Err(ValueError::out_of_range(type_name)),
    }
}

/// Conversions between dates and times; `None` when source or target is something else.
fn to_time(value: &Value, to: &Type, settings: &Settings) -> Result<Option<Value>> {
    let zone = &settings.zone;
    Ok(Some(match (value, to) {
        (Value::Date(date), Type::Timestamp) => {
            Value::Timestamp(arithmetic::date_to_timestamp(*date)?)
        }
        (Value::Date(date), Type::Timestamptz) => {
            Value::Timestamptz(zone.to_utc(arithmetic::date_to_timestamp(*date)?)?)
        }
        (Value::Timestamp(us), Type::Timestamptz) => Value::Timestamptz(zone.to_utc(*us)?),
        (Value::Timestamptz(us), Type::Timestamp) => Value::Timestamp(zone.to_local(*us)?),
        (Value::Timestamp(us), Type::Date) => Value::Date(arithmetic::timestamp_to_date(*us)),
        (Value::Timestamptz(us), Type::Date) => {
            Value::Date(arithmetic::timestamp_to_date(zone.to_local(*us)?))
        }
        (Value::Timestamp(us), Type::Time) => time_of(*us),
        (Value::Timestamptz(us), Type::Time) => time_of(zone.to_local(*us)?),
        (Value::Time(us), Type::Interval) => Value::Interval(datetime::Interval::new(0, 0, *us)),
        (Value::Interval(interval), Type::Time) => {
            Value::Time(interval.us.rem_euclid(datetime::DAY_US))
        }
        _ => return Ok(None),
    }))
}

fn time_of(us: i64) -> Value {
    match datetime::is_infinite(us) {
        true => Value::Null,
        false => Value::Time(us.rem_euclid(datetime::DAY_US)),
    }
}

/// Fits a value to its type's modifier. Errors: 22001 a string too long (unless the cast is
/// explicit), 22003 a numeric too large.
pub(super) fn apply_modifier(value: Value, to: &ColumnType, context: CastContext) -> Result<Value> {
    if to.typmod < 0 {
        return Ok(value);
    }
    match value {
        Value::Text(text) if to.ty == Type::Varchar => fit_varchar(text, to, context),
        Value::Bpchar(text) => fit_bpchar(text, to, context),
        Value::Numeric(numeric) => match to.precision_scale() {
            Some((precision, scale)) => numeric.fit(precision, scale).map(Value::Numeric),
            None => Ok(Value::Numeric(numeric)),
        },
        Value::Array(array) if matches!(to.ty, Type::Array(_)) => fit_elements(&array, to, context),
        other => Ok(match (other, to.fraction_digits()) {
            (Value::Time(us), Some(digits)) => Value::Time(datetime::round_us(us, digits)),
            (Value::Timestamp(us), Some(digits)) => {
                Value::Timestamp(datetime::round_us(us, digits))
            }
            (Value::Timestamptz(us), Some(digits)) => {
                Value::Timestamptz(datetime::round_us(us, digits))
            }
            (Value::Interval(interval), Some(digits)) => {
                let us = datetime::round_us(interval.us, digits);
                Value::Interval(datetime::Interval { us, ..interval })
            }
            (other, _) => other,
        }),
    }
}

fn fit_elements(array: &Array, to: &ColumnType, context: CastContext) -> Result<Value> {
    let element = ColumnType::new(array.element.clone(), to.typmod);
    let values = array
        .values
        .iter()
        .map(|value| apply_modifier(value.clone(), &element, context));
    let values: Result<Vec<Value>> = values.collect();
    Ok(Value::Array(Arc::new(Array {
        values: values?,
        ..array.clone()
    })))
}

/// The text cut to so many characters: silently when explicit, else only blanks.
fn cut<'a>(text: &'a str, count: usize, to: &ColumnType, context: CastContext) -> Result<&'a str> {
    let Some((end, _)) = text.char_indices().nth(count) else {
        return Ok(text);
    };
    let (kept, rest) = text.split_at(end);
    match context == Explicit || rest.bytes().all(|b| b == b' ') {
        true => Ok(kept),
        false => Err(ValueError::new(
            "22001",
            format!("value too long for type {}", to.sql_name()),
        )),
    }
}

fn fit_varchar(text: Arc<str>, to: &ColumnType, context: CastContext) -> Result<Value> {
    match to.characters_max() {
        Some(count) if text.len() > count => Ok(Value::text(cut(&text, count, to, context)?)),
        _ => Ok(Value::Text(text)),
    }
}

fn fit_bpchar(text: Arc<str>, to: &ColumnType, context: CastContext) -> Result<Value> {
    let Some(count) = to.characters_max() else {
        return Ok(Value::Bpchar(text));
    };
    let kept = cut(&text, count, to, context)?;
    let padding = count.saturating_sub(kept.chars().count());
    Ok(Value::Bpchar(
        format!("{kept}{}", " ".repeat(padding)).into(),
    ))
}

#[cfg(test)]
#[path = "cast_test.rs"]
mod tests;
