//! One SQL value: small, and cheap to clone because everything long is shared.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::array::Array;
use super::datetime::Interval;
use super::json::Jsonb;
use super::numeric::Numeric;
use super::types::Type;

/// One value of any type.
///
/// `varchar`, `name`, `"char"` and unknown literals are `Text`; every object-naming
/// type (`regclass`, ...) and `xid` is `Oid`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Value {
    /// SQL NULL, of every type.
    Null,
    /// `boolean`.
    Bool(bool),
    /// `smallint`.
    Int2(i16),
    /// `integer`.
    Int4(i32),
    /// `bigint`.
    Int8(i64),
    /// `real`.
    Float4(f32),
    /// `double precision`.
    Float8(f64),
    /// `numeric`.
    Numeric(Numeric),
    /// `text`, `varchar`, `name`, `"char"`, unknown.
    Text(Arc<str>),
    /// `character(n)`: kept padded; trailing blanks never count in comparisons.
    Bpchar(Arc<str>),
    /// `bytea`.
    Bytea(Arc<[u8]>),
    /// `date`: days since 2000-01-01; `i32::MAX`/`MIN` are the infinities.
    Date(i32),
    /// `time`: microseconds since midnight.
    Time(i64),
    /// `timestamp`: microseconds since 2000-01-01 00:00; `i64::MAX`/`MIN` are the infinities.
    Timestamp(i64),
    /// `timestamptz`: the same, in UTC.
    Timestamptz(i64),
    /// `interval`.
    Interval(Interval),
    /// `uuid`.
    Uuid([u8; 16]),
    /// `json`: the text as given.
    Json(Arc<str>),
    /// `jsonb`: normalised.
    Jsonb(Arc<Jsonb>),
    /// `oid` and the types that name objects.
    Oid(u32),
    /// An array, or a catalogue vector.
    Array(Arc<Array>),
    /// A record `(a, b)`.
    Record(Arc<Record>),
}

/// A composite value with the types and, when it has any, the names of its fields.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Record {
    /// Field names; empty for a bare `ROW(...)`, whose fields are f1, f2, ...
    pub names: Vec<String>,
    /// Field types, one per value.
    pub types: Vec<Type>,
    /// Field values.
    pub values: Vec<Value>,
}

impl Record {
    /// The name of the field at this position.
    pub fn name(&self, index: usize) -> String {
        match self.names.get(index) {
            Some(name) => name.clone(),
            None => format!("f{}", index + 1),
        }
    }
}

impl Value {
    /// A `text` value.
    pub fn text(text: impl Into<Arc<str>>) -> Value {
        Value::Text(text.into())
    }

    /// A `bytea` value.
    pub fn bytea(bytes: impl Into<Arc<[u8]>>) -> Value {
        Value::Bytea(bytes.into())
    }

    /// A one-dimensional array value.
    pub fn array(element: Type, values: Vec<Value>) -> Value {
        Value::Array(Arc::new(Array::one_dimensional(element, values)))
    }

    /// Whether this is NULL.
    pub fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }

    /// The value's own type; `Unknown` for NULL, `Text` for every plain string.
    pub fn natural_type(&self) -> Type {
        match self {
            Value::Null => Type::Unknown,
            Value::Bool(_) => Type::Bool,
            Value::Int2(_) => Type::Int2,
            Value::Int4(_) => Type::Int4,
            Value::Int8(_) => Type::Int8,
            Value::Float4(_) => Type::Float4,
            Value::Float8(_) => Type::Float8,
            Value::Numeric(_) => Type::Numeric,
            Value::Text(_) => Type::Text,
            Value::Bpchar(_) => Type::Bpchar,
            Value::Bytea(_) => Type::Bytea,
            Value::Date(_) => Type::Date,
            Value::Time(_) => Type::Time,
            Value::Timestamp(_) => Type::Timestamp,
            Value::Timestamptz(_) => Type::Timestamptz,
            Value::Interval(_) => Type::Interval,
            Value::Uuid(_) => Type::Uuid,
            Value::Json(_) => Type::Json,
            Value::Jsonb(_) => Type::Jsonb,
            Value::Oid(_) => Type::Oid,
            Value::Array(array) => array.array_type(),
            Value::Record(_) => Type::Record,
        }
    }

    /// The characters of a string value, without a `char(n)`'s padding.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::Text(text) | Value::Json(text) => Some(text),
            Value::Bpchar(text) => Some(text.trim_end_matches(' ')),
            _ => None,
        }
    }

    /// Any integer value, widened.
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Value::Int2(value) => Some(i64::from(*value)),
            Value::Int4(value) => Some(i64::from(*value)),
            Value::Int8(value) => Some(*value),
            Value::Oid(value) => Some(i64::from(*value)),
            _ => None,
        }
    }

    /// The boolean; `None` for NULL and every other kind.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Value::Bool(value) => Some(*value),
            _ => None,
        }
    }
}

/// Equality as grouping, DISTINCT and hash joins see it: NULL equals NULL, NaN equals NaN,
/// `1.0` equals `1.00`. SQL's `=` is in the function registry.
impl PartialEq for Value {
    fn eq(&self, other: &Value) -> bool {
        super::compare::compare(self, other).is_eq()
    }
}

impl Eq for Value {}

impl PartialOrd for Value {
    fn partial_cmp(&self, other: &Value) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// The order of `ORDER BY ... NULLS LAST`; see [`super::compare`].
impl Ord for Value {
    fn cmp(&self, other: &Value) -> std::cmp::Ordering {
        super::compare::compare(self, other)
    }
}

impl std::hash::Hash for Value {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        super::compare::hash(self, state);
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Value {
        Value::Bool(value)
    }
}

impl From<i32> for Value {
    fn from(value: i32) -> Value {
        Value::Int4(value)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Value {
        Value::Int8(value)
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Value {
        Value::Float8(value)
    }
}

impl From<Numeric> for Value {
    fn from(value: Numeric) -> Value {
        Value::Numeric(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Value {
        Value::Text(value.into())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Value {
        Value::Text(value.into())
    }
}

impl From<Jsonb> for Value {
    fn from(value: Jsonb) -> Value {
        Value::Jsonb(Arc::new(value))
    }
}
