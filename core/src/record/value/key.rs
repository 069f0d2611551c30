//! The order-preserving form of values in keys: bytes compare as the values do.
//!
//! Every form begins with a byte below 0xff, which is NULL's. Integers of all widths share one
//! form, so do floats, so that widening a column keeps its indexes. Strings end in `00 00` with
//! zeros inside written `00 ff`.

use std::sync::Arc;

use super::array::{Array, Dimension};
use super::datetime::Interval;
use super::error::{Result, ValueError};
use super::json::Jsonb;
use super::numeric::Numeric;
use super::types::Type;
use super::value::Value;

const NULL: u8 = 0xff;
const PRESENT: u8 = 0x01;
/// The first byte of integer zero; longer magnitudes move away from it on either side.
const ZERO: u8 = 0x80;

const NUMERIC_NEG_INFINITY: u8 = 0x01;
const NUMERIC_NEGATIVE: u8 = 0x02;
const NUMERIC_ZERO: u8 = 0x03;
const NUMERIC_POSITIVE: u8 = 0x04;
const NUMERIC_INFINITY: u8 = 0x05;
const NUMERIC_NAN: u8 = 0x06;

const END: u8 = 0x01;
const MORE: u8 = 0x02;

/// Appends the form of a value; NULL sorts last. Forms are self-delimiting, so the
/// concatenation of several orders as a tuple does. Errors: 42883 for a type without order.
pub fn encode(value: &Value, out: &mut Vec<u8>) -> Result<()> {
    match value {
        Value::Null => out.push(NULL),
        Value::Bool(value) => out.extend_from_slice(&[PRESENT, u8::from(*value)]),
        Value::Int2(value) => put_integer(i64::from(*value), out),
        Value::Int4(value) => put_integer(i64::from(*value), out),
        Value::Int8(value) => put_integer(*value, out),
        Value::Oid(value) => put_integer(i64::from(*value), out),
        Value::Float4(value) => put_float(f64::from(*value), out),
        Value::Float8(value) => put_float(*value, out),
        Value::Numeric(value) => put_numeric(value, out),
        Value::Text(text) => put_string(text.as_bytes(), out),
        Value::Bpchar(text) => put_string(text.trim_end_matches(' ').as_bytes(), out),
        Value::Bytea(bytes) => put_string(bytes, out),
        Value::Date(days) => put_integer(i64::from(*days), out),
        Value::Time(us) | Value::Timestamp(us) | Value::Timestamptz(us) => put_integer(*us, out),
        Value::Interval(interval) => {
            out.push(PRESENT);
            let flipped = interval.span_us() as u128 ^ (1 << 127);
            out.extend_from_slice(&flipped.to_be_bytes());
        }
        Value::Uuid(uuid) => {
            out.push(PRESENT);
            out.extend_from_slice(uuid);
        }
        Value::Jsonb(jsonb) => put_json(jsonb, out),
        Value::Array(array) => put_array(array, out)?,
        Value::Json(_) | Value::Record(_) => {
            let name = value.natural_type().sql_name();
            let message = format!("could not identify a comparison function for type {name}");
            return Err(ValueError::new("42883", message));
        }
    }
    Ok(())
}

/// Appends the forms of several values: a composite key.
pub fn encode_all<'a>(
    values: impl IntoIterator<Item = &'a Value>,
    out: &mut Vec<u8>,
) -> Result<()> {
    values.into_iter().try_for_each(|value| encode(value, out))
}

/// A sign-and-length byte, then the magnitude's bytes (complemented below zero).
fn put_integer(value: i64, out: &mut Vec<u8>) {
    let magnitude = value.unsigned_abs();
    let length = 8 - (magnitude.leading_zeros() / 8) as usize;
    let negative = value < 0;
    let bytes = if negative { !magnitude } else { magnitude }.to_be_bytes();
    let first = if negative {
        ZERO - length as u8
    } else {
        ZERO + length as u8
    };
    out.push(first);
    out.extend_from_slice(bytes.get(8 - length..).unwrap_or_default());
}

fn put_float(value: f64, out: &mut Vec<u8>) {
    // One zero and one NaN, as equality has it.
    let value = if value == 0.0 { 0.0 } else { value };
    let bits = if value.is_nan() {
        f64::NAN.to_bits() & !(1 << 63)
    } else {
        value.to_bits()
    };
    let ordered = if bits >> 63 == 1 {
        !bits
    } else {
        bits | 1 << 63
    };
    out.push(PRESENT);
    out.extend_from_slice(&ordered.to_be_bytes());
}

/// Kind, decimal exponent, then digits in pairs (1 to 100) ended by 0; complemented below zero.
fn put_numeric(value: &Numeric, out: &mut Vec<u8>) {
    let Some((negative, exponent, digits)) = value.scientific() else {
        out.push(match (value.is_zero(), value.is_nan(), value.signum()) {
            (true, _, _) => NUMERIC_ZERO,
            (_, true, _) => NUMERIC_NAN,
            (_, _, 1) => NUMERIC_INFINITY,
            _ => NUMERIC_NEG_INFINITY,
        });
        return;
    };
    out.push(if negative {
        NUMERIC_NEGATIVE
    } else {
        NUMERIC_POSITIVE
    });
    let start = out.len();
    out.extend_from_slice(&(exponent as u32 ^ (1 << 31)).to_be_bytes());
    for pair in digits.as_bytes().chunks(2) {
        let high = pair.first().map_or(0, |digit| digit - b'0');
        let low = pair.get(1).map_or(0, |digit| digit - b'0');
        out.push(high * 10 + low + 1);
    }
    out.push(0);
    if negative {
        for byte in out.iter_mut().skip(start) {
            *byte = !*byte;
        }
    }
}

fn put_string(bytes: &[u8], out: &mut Vec<u8>) {
    out.push(PRESENT);
    put_escaped(bytes, out);
}

fn put_escaped(bytes: &[u8], out: &mut Vec<u8>) {
    for byte in bytes {
        out.push(*byte);
        if *byte == 0 {
            out.push(0xff);
        }
    }
    out.extend_from_slice(&[0, 0]);
}

/// Kind by rank; containers by count before content, as their order has it.
fn put_json(value: &Jsonb, out: &mut Vec<u8>) {
    let count =
        |count: usize, out: &mut Vec<u8>| out.extend_from_slice(&(count as u32).to_be_bytes());
    match value {
        Jsonb::Null => out.push(1),
        Jsonb::String(text) => {
            out.push(2);
            put_escaped(text.as_bytes(), out);
        }
        Jsonb::Number(number) => {
            out.push(3);
            put_numeric(number, out);
        }
        Jsonb::Bool(value) => out.extend_from_slice(&[4, u8::from(*value)]),
        Jsonb::Array(elements) => {
            out.push(5);
            count(elements.len(), out);
            elements.iter().for_each(|element| put_json(element, out));
        }
        Jsonb::Object(members) => {
            out.push(6);
            count(members.len(), out);
            for (key, member) in members {
                count(key.len(), out);
                out.extend_from_slice(key.as_bytes());
                put_json(member, out);
            }
        }
    }
}

/// Elements, an end that sorts before any element, then the shape.
fn put_array(array: &Array, out: &mut Vec<u8>) -> Result<()> {
    out.push(PRESENT);
    for value in &array.values {
        out.push(MORE);
        encode(value, out)?;
    }
    out.push(END);
    out.push(array.dimensions.len() as u8);
    for dimension in &array.dimensions {
        put_integer(i64::from(dimension.length), out);
        put_integer(i64::from(dimension.lower), out);
    }
    Ok(())
}

/// Reads one value of this type back, advancing `bytes` past it. Errors: XX001.
///
/// Equal values share one form, so what equality ignores comes back normalised:
/// `1.00` as `1`, a `char(n)` unpadded, an interval of a month as 30 days.
pub fn decode(bytes: &mut &[u8], ty: &Type) -> Result<Value> {
    if bytes.first() == Some(&NULL) {
        take(bytes, 1)?;
        return Ok(Value::Null);
    }
    let bad = || ValueError::corrupt("key");
    Ok(match ty {
        Type::Bool => Value::Bool(present(bytes).and_then(|()| byte(bytes))? != 0),
        Type::Int2 => Value::Int2(get_integer(bytes)?.try_into().map_err(|_| bad())?),
        Type::Int4 => Value::Int4(get_integer(bytes)?.try_into().map_err(|_| bad())?),
        Type::Int8 => Value::Int8(get_integer(bytes)?),
        Type::Oid => Value::Oid(get_integer(bytes)?.try_into().map_err(|_| bad())?),
        reg if reg.is_reg() => Value::Oid(get_integer(bytes)?.try_into().map_err(|_| bad())?),
        Type::Float4 => Value::Float4(get_float(bytes)? as f32),
        Type::Float8 => Value::Float8(get_float(bytes)?),
        Type::Numeric => Value::Numeric(get_numeric(bytes)?),
        Type::Text | Type::Varchar | Type::Name | Type::Char => Value::Text(get_text(bytes)?),
        Type::Bpchar => Value::Bpchar(get_text(bytes)?),
        Type::Bytea => {
            present(bytes)?;
            Value::bytea(get_escaped(bytes)?)
        }
        Type::Date => Value::Date(get_integer(bytes)?.try_into().map_err(|_| bad())?),
        Type::Time => Value::Time(get_integer(bytes)?),
        Type::Timestamp => Value::Timestamp(get_integer(bytes)?),
        Type::Timestamptz => Value::Timestamptz(get_integer(bytes)?),
        Type::Interval => Value::Interval(get_interval(bytes)?),
        Type::Uuid => {
            present(bytes)?;
            Value::Uuid(chunk(bytes)?)
        }
        Type::Jsonb => Value::from(get_json(bytes)?),
        Type::Array(element) => get_array(bytes, element, false)?,
        Type::Int2vector => get_array(bytes, &Type::Int2, true)?,
        Type::Oidvector => get_array(bytes, &Type::Oid, true)?,
        _ => return Err(bad()),
    })
}

fn take<'a>(bytes: &mut &'a [u8], count: usize) -> Result<&'a [u8]> {
    let Some((head, tail)) = bytes.split_at_checked(count) else {
        return Err(ValueError::corrupt("key"));
    };
    *bytes = tail;
    Ok(head)
}

fn chunk<const N: usize>(bytes: &mut &[u8]) -> Result<[u8; N]> {
    take(bytes, N)?
        .try_into()
        .map_err(|_| ValueError::corrupt("key"))
}

fn byte(bytes: &mut &[u8]) -> Result<u8> {
    chunk::<1>(bytes).map(|[byte]| byte)
}

fn present(bytes: &mut &[u8]) -> Result<()> {
    match byte(bytes)? {
        PRESENT => Ok(()),
        _ => Err(ValueError::corrupt("key")),
    }
}

fn get_integer(bytes: &mut &[u8]) -> Result<i64> {
    let bad = || ValueError::corrupt("key integer");
    let first = byte(bytes)?;
    let negative = first < ZERO;
    let length = usize::from(first.abs_diff(ZERO));
    if length > 8 {
        return Err(bad());
    }
    let fill = if negative { 0xff } else { 0 };
    let mut wide = [fill; 8];
    if let Some(place) = wide.get_mut(8 - length..) {
        place.copy_from_slice(take(bytes, length)?);
    }
    let bits = u64::from_be_bytes(wide);
    let value = if negative {
        -i128::from(!bits)
    } else {
        i128::from(bits)
    };
    i64::try_from(value).map_err(|_| bad())
}

fn get_float(bytes: &mut &[u8]) -> Result<f64> {
    present(bytes)?;
    let ordered = u64::from_be_bytes(chunk(bytes)?);
    let bits = if ordered >> 63 == 1 {
        ordered & !(1 << 63)
    } else {
        !ordered
    };
    Ok(f64::from_bits(bits))
}

fn get_numeric(bytes: &mut &[u8]) -> Result<Numeric> {
    let kind = byte(bytes)?;
    let negative = match kind {
        NUMERIC_NEG_INFINITY => return Ok(Numeric::NEG_INFINITY),
        NUMERIC_ZERO => return Ok(Numeric::ZERO),
        NUMERIC_INFINITY => return Ok(Numeric::INFINITY),
        NUMERIC_NAN => return Ok(Numeric::NAN),
        NUMERIC_NEGATIVE => true,
        NUMERIC_POSITIVE => false,
        _ => return Err(ValueError::corrupt("key numeric")),
    };
    let flip = if negative { 0xff } else { 0 };
    let exponent = chunk::<4>(bytes)?.map(|byte| byte ^ flip);
    let exponent = (u32::from_be_bytes(exponent) ^ (1 << 31)) as i32;
    let mut digits = String::new();
    loop {
        match byte(bytes)? ^ flip {
            0 => break,
            pair @ 1..=100 => digits.push_str(&format!("{:02}", pair - 1)),
            _ => return Err(ValueError::corrupt("key numeric")),
        }
    }
    // Digits never end in a zero, except the padding of the last pair.
    let digits = digits.strip_suffix('0').unwrap_or(&digits);
    Numeric::from_scientific(negative, exponent, digits)
        .ok_or_else(|| ValueError::corrupt("key numeric"))
}

fn get_escaped(bytes: &mut &[u8]) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    loop {
        match byte(bytes)? {
            0 => match byte(bytes)? {
                0 => return Ok(out),
                0xff => out.push(0),
                _ => return Err(ValueError::corrupt("key string")),
            },
            byte => out.push(byte),
        }
    }
}

fn utf8(bytes: Vec<u8>) -> Result<Arc<str>> {
    match String::from_utf8(bytes) {
        Ok(text) => Ok(text.into()),
        Err(_) => Err(ValueError::corrupt("key string")),
    }
}

fn get_text(bytes: &mut &[u8]) -> Result<Arc<str>> {
    present(bytes)?;
    utf8(get_escaped(bytes)?)
}

fn get_interval(bytes: &mut &[u8]) -> Result<Interval> {
    present(bytes)?;
    let span = (u128::from_be_bytes(chunk(bytes)?) ^ (1 << 127)) as i128;
    let day = i128::from(super::datetime::DAY_US);
    let bad = |_| ValueError::corrupt("key interval");
    match i32::try_from(span / day) {
        Ok(days) => Ok(Interval::new(
            0,
            days,
            i64::try_from(span % day).map_err(bad)?,
        )),
        Err(_) => {
            let months = i32::try_from(span / day / 30).map_err(bad)?;
            let rest = span - i128::from(months) * 30 * day;
            Ok(Interval::new(
                months,
                i32::try_from(rest / day).map_err(bad)?,
                i64::try_from(rest % day).map_err(bad)?,
            ))
        }
    }
}

fn get_json(bytes: &mut &[u8]) -> Result<Jsonb> {
    let count =
        |bytes: &mut &[u8]| chunk::<4>(bytes).map(|count| u32::from_be_bytes(count) as usize);
    Ok(match byte(bytes)? {
        1 => Jsonb::Null,
        2 => Jsonb::String(utf8(get_escaped(bytes)?)?),
        3 => Jsonb::Number(get_numeric(bytes)?),
        4 => Jsonb::Bool(byte(bytes)? != 0),
        5 => {
            let mut elements = Vec::new();
            for _ in 0..count(bytes)? {
                elements.push(get_json(bytes)?);
            }
            Jsonb::Array(elements)
        }
        6 => {
            let mut members = Vec::new();
            for _ in 0..count(bytes)? {
                let length = count(bytes)?;
                let key = utf8(take(bytes, length)?.to_vec())?;
                members.push((key, get_json(bytes)?));
            }
            Jsonb::Object(members)
        }
        _ => return Err(ValueError::corrupt("key json")),
    })
}

fn get_array(bytes: &mut &[u8], element: &Type, vector: bool) -> Result<Value> {
    present(bytes)?;
    let mut values = Vec::new();
    while byte(bytes)? == MORE {
        values.push(decode(bytes, element)?);
    }
    let mut dimensions = Vec::new();
    for _ in 0..byte(bytes)? {
        let (length, lower) = (get_integer(bytes)?, get_integer(bytes)?);
        dimensions.push(Dimension {
            length: length as i32,
            lower: lower as i32,
        });
    }
    Ok(Value::Array(Arc::new(Array {
        element: element.clone(),
        dimensions,
        values,
        vector,
    })))
}
