//! The storage form of a row: a version, then the fields by column id.
//!
//! ```text
//! version u8 | count | (id, length, kind u8, body)*     numbers as LEB128; length 0 is NULL
//! ```
//!
//! A field says its own kind, so that a column may be widened without rewriting rows, and its
//! length, so that the field of a dropped column is stepped over.

use std::sync::Arc;

use super::array::{Array, Dimension};
use super::cast::cast;
use super::cast_matrix::CastContext;
use super::datetime::Interval;
use super::error::{Result, ValueError};
use super::numeric::Numeric;
use super::settings::Settings;
use super::types::{ColumnType, Type};
use super::value::Value;

const VERSION: u8 = 1;

/// Encodes fields, each with the id of its column. NULLs are kept, so an absent field
/// (a column added later) differs from a NULL one.
pub fn encode(fields: &[(u32, Value)]) -> Vec<u8> {
    encode_ref(fields.iter().map(|(id, value)| (*id, value)))
}

/// The same over borrowed values.
pub fn encode_ref<'a>(fields: impl ExactSizeIterator<Item = (u32, &'a Value)>) -> Vec<u8> {
    let mut out = vec![VERSION];
    put_number(fields.len() as u64, &mut out);
    let mut body = Vec::new();
    for (id, value) in fields {
        put_number(u64::from(id), &mut out);
        body.clear();
        put_value(value, &mut body);
        put_number(body.len() as u64, &mut out);
        out.extend_from_slice(&body);
    }
    out
}

/// Reads the wanted columns, each with its type, in the order asked for: `None` where the
/// row has no such field. Fields of other columns are skipped. Errors: XX001.
pub fn decode(bytes: &[u8], columns: &[(u32, Type)]) -> Result<Vec<Option<Value>>> {
    let mut found = vec![None; columns.len()];
    let mut hint = 0;
    for field in fields(bytes)? {
        let (id, body) = field?;
        // Fields are mostly stored in the order they are asked for.
        let at = match columns.get(hint) {
            Some((wanted, _)) if *wanted == id => Some(hint),
            _ => columns.iter().position(|(wanted, _)| *wanted == id),
        };
        let Some(at) = at else {
            continue;
        };
        hint = at + 1;
        if let (Some(place), Some((_, ty))) = (found.get_mut(at), columns.get(at)) {
            *place = Some(widen(get_value(body)?, ty)?);
        }
    }
    Ok(found)
}

/// The fields of a row as stored: column id and undecoded body.
fn fields(bytes: &[u8]) -> Result<impl Iterator<Item = Result<(u32, &[u8])>>> {
    let Some((&VERSION, mut rest)) = bytes.split_first() else {
        return Err(ValueError::corrupt("row version"));
    };
    let count = get_number(&mut rest)?;
    Ok((0..count).map(move |_| {
        let id =
            u32::try_from(get_number(&mut rest)?).map_err(|_| ValueError::corrupt("column id"))?;
        let length = get_number(&mut rest)?;
        Ok((id, take(&mut rest, length)?))
    }))
}

/// A value stored under a narrower type than the column has now.
fn widen(value: Value, ty: &Type) -> Result<Value> {
    let stored = value.natural_type();
    let same = value.is_null()
        || stored == *ty
        || (matches!(value, Value::Text(_)) && ty.is_string() && *ty != Type::Bpchar)
        || (matches!(value, Value::Text(_)) && *ty == Type::Char)
        || (matches!(value, Value::Oid(_)) && (ty.is_reg() || *ty == Type::Xid))
        || matches!(value, Value::Array(_) | Value::Record(_));
    if same {
        return Ok(value);
    }
    let column = ColumnType::from(ty.clone());
    cast(
        &value,
        &stored,
        &column,
        CastContext::Explicit,
        &Settings::default(),
    )
}

mod kind {
    pub const BOOL: u8 = 1;
    pub const INT2: u8 = 2;
    pub const INT4: u8 = 3;
    pub const INT8: u8 = 4;
    pub const FLOAT4: u8 = 5;
    pub const FLOAT8: u8 = 6;
    pub const NUMERIC: u8 = 7;
    pub const TEXT: u8 = 8;
    pub const BPCHAR: u8 = 9;
    pub const BYTEA: u8 = 10;
    pub const DATE: u8 = 11;
    pub const TIME: u8 = 12;
    pub const TIMESTAMP: u8 = 13;
    pub const TIMESTAMPTZ: u8 = 14;
    pub const INTERVAL: u8 = 15;
    pub const UUID: u8 = 16;
    pub const JSON: u8 = 17;
    pub const JSONB: u8 = 18;
    pub const OID: u8 = 19;
    pub const ARRAY: u8 = 20;
    pub const VECTOR: u8 = 21;
    pub const RECORD: u8 = 22;
}

/// Appends a value's kind and body; nothing for NULL.
fn put_value(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Null => {}
        Value::Bool(value) => out.extend_from_slice(&[kind::BOOL, u8::from(*value)]),
        Value::Int2(value) => put_signed(kind::INT2, i64::from(*value), out),
        Value::Int4(value) => put_signed(kind::INT4, i64::from(*value), out),
        Value::Int8(value) => put_signed(kind::INT8, *value, out),
        Value::Float4(value) => put_bytes(kind::FLOAT4, &value.to_be_bytes(), out),
        Value::Float8(value) => put_bytes(kind::FLOAT8, &value.to_be_bytes(), out),
        Value::Numeric(value) => put_bytes(kind::NUMERIC, &value.to_bytes(), out),
        Value::Text(text) => put_bytes(kind::TEXT, text.as_bytes(), out),
        Value::Bpchar(text) => put_bytes(kind::BPCHAR, text.as_bytes(), out),
        Value::Bytea(bytes) => put_bytes(kind::BYTEA, bytes, out),
        Value::Date(days) => put_signed(kind::DATE, i64::from(*days), out),
        Value::Time(us) => put_signed(kind::TIME, *us, out),
        Value::Timestamp(us) => put_signed(kind::TIMESTAMP, *us, out),
        Value::Timestamptz(us) => put_signed(kind::TIMESTAMPTZ, *us, out),
        Value::Interval(interval) => {
            put_signed(kind::INTERVAL, i64::from(interval.months), out);
            put_number(zigzag(i64::from(interval.days)), out);
            put_number(zigzag(interval.us), out);
        }
        Value::Uuid(uuid) => put_bytes(kind::UUID, uuid, out),
        Value::Json(text) => put_bytes(kind::JSON, text.as_bytes(), out),
        // A tree of plain data cannot fail to serialise into memory.
        Value::Jsonb(jsonb) => put_bytes(
            kind::JSONB,
            &postcard::to_allocvec(&**jsonb).unwrap_or_default(),
            out,
        ),
        Value::Oid(oid) => put_signed(kind::OID, i64::from(*oid), out),
        Value::Array(array) => put_array(array, out),
        Value::Record(record) => put_bytes(
            kind::RECORD,
            &postcard::to_allocvec(&**record).unwrap_or_default(),
            out,
        ),
    }
}

fn put_bytes(kind: u8, bytes: &[u8], out: &mut Vec<u8>) {
    out.push(kind);
    out.extend_from_slice(bytes);
}

fn put_signed(kind: u8, value: i64, out: &mut Vec<u8>) {
    out.push(kind);
    put_number(zigzag(value), out);
}

fn put_array(array: &Array, out: &mut Vec<u8>) {
    out.push(if array.vector {
        kind::VECTOR
    } else {
        kind::ARRAY
    });
    put_number(u64::from(array.element.oid()), out);
    put_number(array.dimensions.len() as u64, out);
    for dimension in &array.dimensions {
        put_number(zigzag(i64::from(dimension.length)), out);
        put_number(zigzag(i64::from(dimension.lower)), out);
    }
    let mut body = Vec::new();
    for value in &array.values {
        body.clear();
        put_value(value, &mut body);
        put_number(body.len() as u64, out);
        out.extend_from_slice(&body);
    }
}

/// Reads a kind and body.
fn get_value(bytes: &[u8]) -> Result<Value> {
    let Some((&first, mut rest)) = bytes.split_first() else {
        return Ok(Value::Null);
    };
    let bad = || ValueError::corrupt("field");
    let rest = &mut rest;
    Ok(match first {
        kind::BOOL => Value::Bool(rest.first().is_some_and(|byte| *byte != 0)),
        kind::INT2 => Value::Int2(get_signed(rest)?.try_into().map_err(|_| bad())?),
        kind::INT4 => Value::Int4(get_signed(rest)?.try_into().map_err(|_| bad())?),
        kind::INT8 => Value::Int8(get_signed(rest)?),
        kind::FLOAT4 => Value::Float4(f32::from_be_bytes((*rest).try_into().map_err(|_| bad())?)),
        kind::FLOAT8 => Value::Float8(f64::from_be_bytes((*rest).try_into().map_err(|_| bad())?)),
        kind::NUMERIC => Value::Numeric(Numeric::from_bytes(rest)?),
        kind::TEXT => Value::Text(get_text(rest)?),
        kind::BPCHAR => Value::Bpchar(get_text(rest)?),
        kind::BYTEA => Value::bytea(*rest),
        kind::DATE => Value::Date(get_signed(rest)?.try_into().map_err(|_| bad())?),
        kind::TIME => Value::Time(get_signed(rest)?),
        kind::TIMESTAMP => Value::Timestamp(get_signed(rest)?),
        kind::TIMESTAMPTZ => Value::Timestamptz(get_signed(rest)?),
        kind::INTERVAL => {
            let months = get_signed(rest)?.try_into().map_err(|_| bad())?;
            let days = get_signed(rest)?.try_into().map_err(|_| bad())?;
            Value::Interval(Interval::new(months, days, get_signed(rest)?))
        }
        kind::UUID => Value::Uuid((*rest).try_into().map_err(|_| bad())?),
        kind::JSON => Value::Json(get_text(rest)?),
        kind::JSONB => Value::Jsonb(Arc::new(postcard::from_bytes(rest).map_err(|_| bad())?)),
        kind::OID => Value::Oid(get_signed(rest)?.try_into().map_err(|_| bad())?),
        kind::ARRAY => get_array(rest, false)?,
        kind::VECTOR => get_array(rest, true)?,
        kind::RECORD => Value::Record(Arc::new(postcard::from_bytes(rest).map_err(|_| bad())?)),
        _ => return Err(bad()),
    })
}

fn get_text(bytes: &[u8]) -> Result<Arc<str>> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.into()),
        Err(_) => Err(ValueError::corrupt("text")),
    }
}

fn get_array(rest: &mut &[u8], vector: bool) -> Result<Value> {
    let bad = || ValueError::corrupt("array");
    let oid = u32::try_from(get_number(rest)?).map_err(|_| bad())?;
    let element = Type::from_oid(oid).ok_or_else(bad)?;
    let mut dimensions = Vec::new();
    for _ in 0..get_number(rest)? {
        let length = get_signed(rest)?.try_into().map_err(|_| bad())?;
        let lower = get_signed(rest)?.try_into().map_err(|_| bad())?;
        dimensions.push(Dimension { length, lower });
    }
    let mut values = Vec::new();
    while !rest.is_empty() {
        let length = get_number(rest)?;
        values.push(get_value(take(rest, length)?)?);
    }
    Ok(Value::Array(Arc::new(Array {
        element,
        dimensions,
        values,
        vector,
    })))
}

fn take<'a>(rest: &mut &'a [u8], length: u64) -> Result<&'a [u8]> {
    let split = usize::try_from(length)
        .ok()
        .and_then(|length| rest.split_at_checked(length));
    let (head, tail) = split.ok_or_else(|| ValueError::corrupt("field length"))?;
    *rest = tail;
    Ok(head)
}

fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

fn put_number(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push((value as u8) | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn get_number(rest: &mut &[u8]) -> Result<u64> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let Some((byte, tail)) = rest.split_first() else {
            break;
        };
        *rest = tail;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err(ValueError::corrupt("number"))
}

fn get_signed(rest: &mut &[u8]) -> Result<i64> {
    let value = get_number(rest)?;
    Ok(((value >> 1) as i64) ^ -((value & 1) as i64))
}
