//! The binary form of every type on PostgreSQL's wire: receive and send.

use std::sync::Arc;

use bytes::{BufMut, BytesMut};

use super::array::{Array, DIMENSIONS_MAX, Dimension, too_many_dimensions};
use super::cast::apply_modifier;
use super::cast_matrix::CastContext;
use super::datetime::{self, Interval};
use super::error::{Result, ValueError};
use super::json;
use super::numeric::Numeric;
use super::settings::Settings;
use super::types::{ColumnType, Type};
use super::value::{Record, Value};

/// The version byte before a `jsonb`.
const JSONB_VERSION: u8 = 1;

/// Reads the binary form of a value of this type. Errors: 22P03, 22021 and the type's own.
pub fn receive(bytes: &[u8], ty: &ColumnType) -> Result<Value> {
    let value = receive_plain(bytes, &ty.ty)?;
    apply_modifier(value, ty, CastContext::Assignment)
}

fn receive_plain(bytes: &[u8], ty: &Type) -> Result<Value> {
    let bad = || ValueError::binary(&ty.sql_name());
    Ok(match ty {
        Type::Bool => match bytes {
            [byte] => Value::Bool(*byte != 0),
            _ => return Err(bad()),
        },
        Type::Int2 => Value::Int2(i16::from_be_bytes(fixed(bytes, ty)?)),
        Type::Int4 => Value::Int4(i32::from_be_bytes(fixed(bytes, ty)?)),
        Type::Int8 => Value::Int8(i64::from_be_bytes(fixed(bytes, ty)?)),
        Type::Float4 => Value::Float4(f32::from_be_bytes(fixed(bytes, ty)?)),
        Type::Float8 => Value::Float8(f64::from_be_bytes(fixed(bytes, ty)?)),
        Type::Numeric => Value::Numeric(Numeric::receive(bytes)?),
        Type::Text | Type::Varchar | Type::Name | Type::Unknown => Value::text(utf8(bytes)?),
        Type::Char => match bytes {
            [0] => Value::text(""),
            [byte] => Value::text(char::from(*byte).to_string()),
            _ => return Err(bad()),
        },
        Type::Bpchar => Value::Bpchar(utf8(bytes)?.into()),
        Type::Bytea => Value::bytea(bytes),
        Type::Date => match i32::from_be_bytes(fixed(bytes, ty)?) {
            days @ (i32::MAX | i32::MIN) => Value::Date(days),
            days => Value::Date(datetime::checked_date(i64::from(days))?),
        },
        Type::Time => match i64::from_be_bytes(fixed(bytes, ty)?) {
            us @ 0..=datetime::DAY_US => Value::Time(us),
            _ => return Err(ValueError::new("22008", "time out of range")),
        },
        Type::Timestamp => Value::Timestamp(timestamp(bytes, ty)?),
        Type::Timestamptz => Value::Timestamptz(timestamp(bytes, ty)?),
        Type::Interval => Value::Interval(interval(bytes)?),
        Type::Uuid => Value::Uuid(fixed(bytes, ty)?),
        Type::Json => {
            let text = utf8(bytes)?;
            json::validate(text)?;
            Value::Json(text.into())
        }
        Type::Jsonb => match bytes.split_first() {
            Some((&JSONB_VERSION, text)) => Value::from(json::parse(utf8(text)?)?),
            Some((version, _)) => {
                let message = format!("unsupported jsonb version number {version}");
                return Err(ValueError::new("XX000", message));
            }
            None => return Err(bad()),
        },
        Type::Oid | Type::Xid => Value::Oid(u32::from_be_bytes(fixed(bytes, ty)?)),
        reg if reg.is_reg() => Value::Oid(u32::from_be_bytes(fixed(bytes, ty)?)),
        Type::Array(element) => receive_array(bytes, element, false)?,
        Type::Int2vector => receive_array(bytes, &Type::Int2, true)?,
        Type::Oidvector => receive_array(bytes, &Type::Oid, true)?,
        Type::Void if bytes.is_empty() => Value::text(""),
        _ => {
            let message = format!("no binary input function available for type {ty}");
            return Err(ValueError::new("42883", message));
        }
    })
}

fn fixed<const N: usize>(bytes: &[u8], ty: &Type) -> Result<[u8; N]> {
    bytes
        .try_into()
        .map_err(|_| ValueError::binary(&ty.sql_name()))
}

/// The bytes as text. Errors: 22021.
pub fn utf8(bytes: &[u8]) -> Result<&str> {
    let refuse = |at: usize| {
        let bad: Vec<String> = bytes
            .iter()
            .skip(at)
            .take(1)
            .map(|b| format!("0x{b:02x}"))
            .collect();
        ValueError::new(
            "22021",
            format!(
                "invalid byte sequence for encoding \"UTF8\": {}",
                bad.join(" ")
            ),
        )
    };
    let text = std::str::from_utf8(bytes).map_err(|error| refuse(error.valid_up_to()))?;
    match text.find('\0') {
        Some(at) => Err(refuse(at)),
        None => Ok(text),
    }
}

fn timestamp(bytes: &[u8], ty: &Type) -> Result<i64> {
    match i64::from_be_bytes(fixed(bytes, ty)?) {
        us if datetime::is_infinite(us) => Ok(us),
        us => datetime::checked_timestamp(i128::from(us)),
    }
}

fn interval(bytes: &[u8]) -> Result<Interval> {
    let mut cursor = Cursor {
        rest: bytes,
        type_name: "interval",
    };
    let us = i64::from_be_bytes(cursor.take()?);
    let (days, months) = (cursor.i32()?, cursor.i32()?);
    cursor.end()?;
    Ok(Interval::new(months, days, us))
}

struct Cursor<'a> {
    rest: &'a [u8],
    type_name: &'static str,
}

impl<'a> Cursor<'a> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N]> {
        let Some((head, rest)) = self.rest.split_first_chunk::<N>() else {
            return Err(ValueError::binary(self.type_name));
        };
        self.rest = rest;
        Ok(*head)
    }

    fn i32(&mut self) -> Result<i32> {
        self.take().map(i32::from_be_bytes)
    }

    /// A length and so many bytes; `None` for NULL's length of -1.
    fn item(&mut self) -> Result<Option<&'a [u8]>> {
        let length = self.i32()?;
        if length == -1 {
            return Ok(None);
        }
        let bad = || ValueError::binary(self.type_name);
        let length = usize::try_from(length).map_err(|_| bad())?;
        let (item, rest) = self.rest.split_at_checked(length).ok_or_else(bad)?;
        self.rest = rest;
        Ok(Some(item))
    }

    fn end(&self) -> Result<()> {
        match self.rest.is_empty() {
            true => Ok(()),
            false => Err(ValueError::binary(self.type_name)),
        }
    }
}

fn receive_array(bytes: &[u8], element: &Type, vector: bool) -> Result<Value> {
    let mut cursor = Cursor {
        rest: bytes,
        type_name: "array",
    };
    let (count, _flags) = (cursor.i32()?, cursor.i32()?);
    let oid = u32::from_be_bytes(cursor.take()?);
    if oid != element.oid() {
        let given = Type::from_oid(oid).map_or(oid.to_string(), |ty| ty.sql_name());
        let message = format!("wrong element type: expected {element}, got {given}");
        return Err(ValueError::new("42804", message));
    }
    match usize::try_from(count) {
        Ok(0..=DIMENSIONS_MAX) => {}
        Ok(count) => return Err(too_many_dimensions(count)),
        Err(_) => return Err(ValueError::binary("array")),
    }
    let mut dimensions = Vec::new();
    let mut total: i64 = if count == 0 { 0 } else { 1 };
    for _ in 0..count {
        let dimension = Dimension {
            length: cursor.i32()?,
            lower: cursor.i32()?,
        };
        if dimension.length < 0 || dimension.lower.checked_add(dimension.length).is_none() {
            return Err(ValueError::binary("array"));
        }
        total = total.saturating_mul(i64::from(dimension.length));
        dimensions.push(dimension);
    }
    // Every element takes at least its length's four bytes.
    if total.saturating_mul(4) > cursor.rest.len() as i64 {
        return Err(ValueError::binary("array"));
    }
    let mut values = Vec::new();
    for _ in 0..total {
        values.push(match cursor.item()? {
            Some(item) => receive_plain(item, element)?,
            None => Value::Null,
        });
    }
    cursor.end()?;
    if values.is_empty() {
        dimensions.clear();
    }
    Ok(Value::Array(Arc::new(Array {
        element: element.clone(),
        dimensions,
        values,
        vector,
    })))
}

/// Appends the binary form of a value that is not NULL, without its length.
pub fn send(value: &Value, out: &mut BytesMut) {
    match value {
        Value::Null => {}
        Value::Bool(value) => out.put_u8(u8::from(*value)),
        Value::Int2(value) => out.put_i16(*value),
        Value::Int4(value) => out.put_i32(*value),
        Value::Int8(value) => out.put_i64(*value),
        Value::Float4(value) => out.put_f32(*value),
        Value::Float8(value) => out.put_f64(*value),
        Value::Numeric(value) => {
            let mut bytes = Vec::new();
            value.send(&mut bytes);
            out.put_slice(&bytes);
        }
        Value::Text(text) | Value::Bpchar(text) | Value::Json(text) => {
            out.put_slice(text.as_bytes())
        }
        Value::Bytea(bytes) => out.put_slice(bytes),
        Value::Date(days) => out.put_i32(*days),
        Value::Time(us) | Value::Timestamp(us) | Value::Timestamptz(us) => out.put_i64(*us),
        Value::Interval(interval) => {
            out.put_i64(interval.us);
            out.put_i32(interval.days);
            out.put_i32(interval.months);
        }
        Value::Uuid(uuid) => out.put_slice(uuid),
        Value::Jsonb(jsonb) => {
            let mut text = String::new();
            json::print(jsonb, &mut text);
            out.put_u8(JSONB_VERSION);
            out.put_slice(text.as_bytes());
        }
        Value::Oid(oid) => out.put_u32(*oid),
        Value::Array(array) => send_array(array, out),
        Value::Record(record) => send_record(record, out),
    }
}

/// Appends a value after its length; NULL is the length -1.
pub fn send_item(value: &Value, out: &mut BytesMut) {
    if value.is_null() {
        return out.put_i32(-1);
    }
    let start = out.len();
    out.put_i32(0);
    send(value, out);
    let length = (out.len() - start - 4) as i32;
    if let Some(place) = out.get_mut(start..start + 4) {
        place.copy_from_slice(&length.to_be_bytes());
    }
}

fn send_array(array: &Array, out: &mut BytesMut) {
    out.put_i32(array.dimensions.len() as i32);
    out.put_i32(i32::from(array.values.iter().any(Value::is_null)));
    out.put_u32(array.element.oid());
    for dimension in &array.dimensions {
        out.put_i32(dimension.length);
        out.put_i32(dimension.lower);
    }
    for value in &array.values {
        send_item(value, out);
    }
}

fn send_record(record: &Record, out: &mut BytesMut) {
    out.put_i32(record.values.len() as i32);
    for (value, ty) in record.values.iter().zip(&record.types) {
        out.put_u32(ty.oid());
        send_item(value, out);
    }
}

/// A value printed in the format a client asked for: text 0, binary 1.
pub fn send_format(value: &Value, binary: bool, settings: &Settings, out: &mut BytesMut) {
    match binary {
        true => send(value, out),
        false => out.put_slice(super::text::print(value, settings).as_bytes()),
    }
}
