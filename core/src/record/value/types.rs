//! The types of values: PostgreSQL's names, numbers and lengths for each.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The type of a value, a column or an expression.
#[allow(missing_docs)] // each variant is the PostgreSQL type of that name
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Type {
    Bool,
    Int2,
    Int4,
    Int8,
    Float4,
    Float8,
    Numeric,
    Text,
    Varchar,
    /// `character(n)`: blank padded.
    Bpchar,
    /// The one-byte catalogue type `"char"`.
    Char,
    Name,
    Bytea,
    Date,
    Time,
    Timestamp,
    Timestamptz,
    Interval,
    Uuid,
    Json,
    Jsonb,
    Oid,
    Xid,
    Regclass,
    Regtype,
    Regnamespace,
    Regproc,
    Regprocedure,
    Regoper,
    Regoperator,
    Regrole,
    Int2vector,
    Oidvector,
    /// A quoted literal or NULL whose type is not settled yet.
    Unknown,
    Void,
    Record,
    /// Pseudo-types: only in function signatures.
    Any,
    AnyElement,
    AnyArray,
    AnyNonArray,
    Array(Box<Type>),
}

/// A type with its modifier: `varchar(10)`, `numeric(12,2)`, `timestamp(3)`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ColumnType {
    /// The type.
    pub ty: Type,
    /// PostgreSQL's modifier, -1 for none: `varchar(n)` and `char(n)` n + 4;
    /// `numeric(p,s)` ((p << 16) | (s & 0x7ff)) + 4; times, their fraction digits.
    pub typmod: i32,
}

/// What the catalogue knows of a scalar type.
pub struct TypeInfo {
    /// The type.
    pub ty: Type,
    /// `pg_type.typname`.
    pub name: &'static str,
    /// The name SQL prints: `format_type(oid, null)`.
    pub sql_name: &'static str,
    /// `pg_type.oid`.
    pub oid: u32,
    /// `pg_type.typarray`, 0 for none.
    pub array_oid: u32,
    /// `pg_type.typlen`: bytes, -1 for varying.
    pub length: i16,
    /// `pg_type.typcategory`.
    pub category: char,
    /// `pg_type.typispreferred`.
    pub preferred: bool,
}

macro_rules! info {
    ($ty:ident, $name:literal, $sql:literal, $oid:literal, $array:literal, $len:literal, $cat:literal, $pref:literal) => {
        TypeInfo {
            ty: Type::$ty,
            name: $name,
            sql_name: $sql,
            oid: $oid,
            array_oid: $array,
            length: $len,
            category: $cat,
            preferred: $pref,
        }
    };
}

/// Every scalar type, for the catalogue tables.
pub static TYPES: &[TypeInfo] = &[
    info!(Bool, "bool", "boolean", 16, 1000, 1, 'B', true),
    info!(Bytea, "bytea", "bytea", 17, 1001, -1, 'U', false),
    info!(Char, "char", "\"char\"", 18, 1002, 1, 'Z', false),
    info!(Name, "name", "name", 19, 1003, 64, 'S', false),
    info!(Int8, "int8", "bigint", 20, 1016, 8, 'N', false),
    info!(Int2, "int2", "smallint", 21, 1005, 2, 'N', false),
    info!(
        Int2vector,
        "int2vector", "int2vector", 22, 1006, -1, 'A', false
    ),
    info!(Int4, "int4", "integer", 23, 1007, 4, 'N', false),
    info!(Regproc, "regproc", "regproc", 24, 1008, 4, 'N', false),
    info!(Text, "text", "text", 25, 1009, -1, 'S', true),
    info!(Oid, "oid", "oid", 26, 1028, 4, 'N', true),
    info!(Xid, "xid", "xid", 28, 1011, 4, 'U', false),
    info!(
        Oidvector,
        "oidvector", "oidvector", 30, 1013, -1, 'A', false
    ),
    info!(Json, "json", "json", 114, 199, -1, 'U', false),
    info!(Float4, "float4", "real", 700, 1021, 4, 'N', false),
    info!(
        Float8,
        "float8", "double precision", 701, 1022, 8, 'N', true
    ),
    info!(Unknown, "unknown", "unknown", 705, 0, -2, 'X', false),
    info!(Bpchar, "bpchar", "character", 1042, 1014, -1, 'S', false),
    info!(
        Varchar,
        "varchar", "character varying", 1043, 1015, -1, 'S', false
    ),
    info!(Date, "date", "date", 1082, 1182, 4, 'D', false),
    info!(
        Time,
        "time", "time without time zone", 1083, 1183, 8, 'D', false
    ),
    info!(
        Timestamp,
        "timestamp", "timestamp without time zone", 1114, 1115, 8, 'D', false
    ),
    info!(
        Timestamptz,
        "timestamptz", "timestamp with time zone", 1184, 1185, 8, 'D', true
    ),
    info!(Interval, "interval", "interval", 1186, 1187, 16, 'T', true),
    info!(Numeric, "numeric", "numeric", 1700, 1231, -1, 'N', false),
    info!(
        Regprocedure,
        "regprocedure", "regprocedure", 2202, 2207, 4, 'N', false
    ),
    info!(Regoper, "regoper", "regoper", 2203, 2208, 4, 'N', false),
    info!(
        Regoperator,
        "regoperator", "regoperator", 2204, 2209, 4, 'N', false
    ),
    info!(Regclass, "regclass", "regclass", 2205, 2210, 4, 'N', false),
    info!(Regtype, "regtype", "regtype", 2206, 2211, 4, 'N', false),
    info!(Record, "record", "record", 2249, 2287, -1, 'P', false),
    info!(Any, "any", "\"any\"", 2276, 0, 4, 'P', false),
    info!(AnyArray, "anyarray", "anyarray", 2277, 0, -1, 'P', false),
    info!(Void, "void", "void", 2278, 0, 4, 'P', false),
    info!(
        AnyElement,
        "anyelement", "anyelement", 2283, 0, 4, 'P', false
    ),
    info!(
        AnyNonArray,
        "anynonarray", "anynonarray", 2776, 0, 4, 'P', false
    ),
    info!(Uuid, "uuid", "uuid", 2950, 2951, 16, 'U', false),
    info!(Jsonb, "jsonb", "jsonb", 3802, 3807, -1, 'U', false),
    info!(
        Regnamespace,
        "regnamespace", "regnamespace", 4089, 4090, 4, 'N', false
    ),
    info!(Regrole, "regrole", "regrole", 4096, 4097, 4, 'N', false),
];

impl Type {
    /// An array of this type; arrays of arrays are one array type in SQL.
    pub fn array_of(element: Type) -> Type {
        match element {
            Type::Array(_) => element,
            other => Type::Array(Box::new(other)),
        }
    }

    /// The element type, when this is an array (or a catalogue vector).
    pub fn element(&self) -> Option<&Type> {
        match self {
            Type::Array(element) => Some(element),
            Type::Int2vector => Some(&Type::Int2),
            Type::Oidvector => Some(&Type::Oid),
            _ => None,
        }
    }

    /// The catalogue row of a scalar type; an array's is its element's.
    pub fn info(&self) -> Option<&'static TypeInfo> {
        let scalar = match self {
            Type::Array(element) => element.as_ref(),
            other => other,
        };
        TYPES.iter().find(|info| info.ty == *scalar)
    }

    /// `pg_type.oid`; 0 when there is none.
    pub fn oid(&self) -> u32 {
        match (self, self.info()) {
            (Type::Array(_), Some(info)) => info.array_oid,
            (_, Some(info)) => info.oid,
            _ => 0,
        }
    }

    /// `pg_type.typarray`; 0 when there is none.
    pub fn array_oid(&self) -> u32 {
        match (self, self.info()) {
            (Type::Array(_), _) | (_, None) => 0,
            (_, Some(info)) => info.array_oid,
        }
    }

    /// `pg_type.typlen`.
    pub fn length(&self) -> i16 {
        match (self, self.info()) {
            (Type::Array(_), _) | (_, None) => -1,
            (_, Some(info)) => info.length,
        }
    }

    /// `pg_type.typcategory`.
    pub fn category(&self) -> char {
        match (self, self.info()) {
            (Type::Array(_), _) => 'A',
            (_, Some(info)) => info.category,
            _ => 'U',
        }
    }

    /// Whether overload resolution prefers this type within its category.
    pub fn is_preferred(&self) -> bool {
        !matches!(self, Type::Array(_)) && self.info().is_some_and(|info| info.preferred)
    }

    /// `pg_type.typname`: `int4`, `_int4`.
    pub fn name(&self) -> String {
        match (self, self.info()) {
            (Type::Array(_), Some(info)) => format!("_{}", info.name),
            (_, Some(info)) => info.name.to_string(),
            _ => "???".to_string(),
        }
    }

    /// The name SQL prints, `integer[]`: `format_type` without a modifier.
    pub fn sql_name(&self) -> String {
        match (self, self.info()) {
            (Type::Array(_), Some(info)) => format!("{}[]", info.sql_name),
            (_, Some(info)) => info.sql_name.to_string(),
            _ => "???".to_string(),
        }
    }

    /// The type of this oid, arrays included.
    pub fn from_oid(oid: u32) -> Option<Type> {
        if oid == 0 {
            return None;
        }
        TYPES.iter().find_map(|info| {
            if info.oid == oid {
                Some(info.ty.clone())
            } else if info.array_oid == oid {
                Some(Type::array_of(info.ty.clone()))
            } else {
                None
            }
        })
    }

    /// The type SQL calls this: `int`, `timestamp with time zone`, `_text`, `text[]`.
    ///
    /// The name is matched in lower case and without a modifier; `"char"` keeps its quotes.
    pub fn from_name(name: &str) -> Option<Type> {
        let name = name.trim();
        if let Some(element) = name.strip_suffix("[]") {
            return Type::from_name(element).map(Type::array_of);
        }
        if let Some(element) = name.strip_prefix('_') {
            return Type::from_name(element).map(Type::array_of);
        }
        let lower = name.to_ascii_lowercase();
        let lower = lower.strip_prefix("pg_catalog.").unwrap_or(&lower);
        if let Some(ty) = Type::from_alias(lower) {
            return Some(ty);
        }
        TYPES
            .iter()
            .find(|info| info.sql_name == lower || (info.name == lower && info.ty != Type::Char))
            .map(|info| info.ty.clone())
    }

    fn from_alias(name: &str) -> Option<Type> {
        Some(match name {
            "int" => Type::Int4,
            "char" => Type::Bpchar,
            "float" => Type::Float8,
            "decimal" | "dec" => Type::Numeric,
            "time" => Type::Time,
            "timestamp" => Type::Timestamp,
            "serial" | "serial4" => Type::Int4,
            "bigserial" | "serial8" => Type::Int8,
            "smallserial" | "serial2" => Type::Int2,
            "any" => Type::Any,
            _ => return None,
        })
    }

    /// Whether values of the type are strings of characters.
    pub fn is_string(&self) -> bool {
        self.category() == 'S' || *self == Type::Unknown
    }

    /// Whether the type is one of the object-naming oid types.
    pub fn is_reg(&self) -> bool {
        matches!(
            self,
            Type::Regclass
                | Type::Regtype
                | Type::Regnamespace
                | Type::Regproc
                | Type::Regprocedure
                | Type::Regoper
                | Type::Regoperator
                | Type::Regrole
        )
    }

    /// Whether this stands for other types in a signature.
    pub fn is_polymorphic(&self) -> bool {
        matches!(
            self,
            Type::Any | Type::AnyElement | Type::AnyArray | Type::AnyNonArray
        )
    }

    /// Whether values of the type have a total order, so can be keys.
    pub fn is_orderable(&self) -> bool {
        match self {
            Type::Array(element) => element.is_orderable(),
            Type::Json | Type::Void | Type::Xid => false,
            other => !other.is_polymorphic(),
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sql_name())
    }
}

impl From<Type> for ColumnType {
    fn from(ty: Type) -> ColumnType {
        ColumnType { ty, typmod: -1 }
    }
}

impl ColumnType {
    /// The type with this modifier.
    pub fn new(ty: Type, typmod: i32) -> ColumnType {
        ColumnType { ty, typmod }
    }

    /// The type SQL spells so, modifier included: `numeric(12,2)`, `timestamp(3) with time zone`.
    ///
    /// A bare `character` has no limit here, where a column definition means `character(1)`.
    pub fn from_name(name: &str) -> Option<ColumnType> {
        let Some((before, rest)) = name.split_once('(') else {
            return Type::from_name(name).map(ColumnType::from);
        };
        let (inside, after) = rest.split_once(')')?;
        let ty = Type::from_name(&format!("{}{after}", before.trim_end()))?;
        let numbers: Option<Vec<i32>> = inside
            .split(',')
            .map(|number| number.trim().parse().ok())
            .collect();
        let base = ty.element().unwrap_or(&ty);
        let typmod = match (base, numbers?.as_slice()) {
            (Type::Varchar | Type::Bpchar, [count]) => {
                ColumnType::characters_typmod(u32::try_from(*count).ok()?)
            }
            (Type::Numeric, [precision]) => ColumnType::numeric_typmod(*precision, 0),
            (Type::Numeric, [precision, scale]) => ColumnType::numeric_typmod(*precision, *scale),
            (Type::Time | Type::Timestamp | Type::Timestamptz, [digits]) => *digits,
            // The upper half says which fields the interval has: all.
            (Type::Interval, [digits]) => 0x7fff_0000 | *digits,
            _ => return None,
        };
        Some(ColumnType { ty, typmod })
    }

    /// `varchar(n)` or `char(n)`: at most this many characters, when limited.
    pub fn characters_max(&self) -> Option<usize> {
        match self.base() {
            Type::Varchar | Type::Bpchar if self.typmod >= 4 => {
                usize::try_from(self.typmod - 4).ok()
            }
            _ => None,
        }
    }

    /// `numeric(p,s)`: precision and scale, when limited. The scale may be negative.
    pub fn precision_scale(&self) -> Option<(i32, i32)> {
        if *self.base() != Type::Numeric || self.typmod < 4 {
            return None;
        }
        let bits = self.typmod - 4;
        let scale = ((bits & 0x7ff) ^ 1024) - 1024;
        Some(((bits >> 16) & 0xffff, scale))
    }

    /// `timestamp(p)`, `time(p)`, `interval(p)`: fraction digits, when limited.
    pub fn fraction_digits(&self) -> Option<u32> {
        match self.base() {
            Type::Time | Type::Timestamp | Type::Timestamptz if self.typmod >= 0 => {
                Some((self.typmod as u32).min(6))
            }
            Type::Interval if self.typmod >= 0 => match self.typmod & 0xffff {
                digits @ 0..=6 => Some(digits as u32),
                _ => None,
            },
            _ => None,
        }
    }

    /// The modifier of `varchar(n)`/`char(n)`.
    pub fn characters_typmod(count: u32) -> i32 {
        i32::try_from(count).unwrap_or(i32::MAX - 4) + 4
    }

    /// The modifier of `numeric(precision, scale)`.
    pub fn numeric_typmod(precision: i32, scale: i32) -> i32 {
        ((precision << 16) | (scale & 0x7ff)) + 4
    }

    fn base(&self) -> &Type {
        match &self.ty {
            Type::Array(element) => element,
            other => other,
        }
    }

    /// `format_type(oid, typmod)`: `character varying(3)`, `timestamp(3) without time zone`.
    pub fn sql_name(&self) -> String {
        let base = self.base();
        let mut name = base.sql_name();
        if let Some(count) = self.characters_max() {
            name = format!("{name}({count})");
        } else if let Some((precision, scale)) = self.precision_scale() {
            name = format!("{name}({precision},{scale})");
        } else if let Some(digits) = self.fraction_digits() {
            name = match name.split_once(' ') {
                Some((head, tail)) => format!("{head}({digits}) {tail}"),
                None => format!("{name}({digits})"),
            };
        } else if *base == Type::Bpchar && self.typmod == -1 {
            name = "bpchar".to_string();
        }
        match self.ty {
            Type::Array(_) => format!("{name}[]"),
            _ => name,
        }
    }
}

impl fmt::Display for ColumnType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sql_name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_oids_lead_back_to_the_type() {
        for info in TYPES {
            assert_eq!(Type::from_oid(info.oid), Some(info.ty.clone()));
            assert_eq!(Type::from_name(info.sql_name), Some(info.ty.clone()));
            if info.array_oid != 0 {
                let array = Type::array_of(info.ty.clone());
                assert_eq!(Type::from_oid(info.array_oid), Some(array.clone()));
                assert!(Type::from_name(&array.name()).is_some(), "{}", array.name());
            }
        }
        assert_eq!(Type::from_name("INT"), Some(Type::Int4));
        assert_eq!(Type::from_name("nonsense"), None);
    }

    #[test]
    fn modifiers_print_as_postgres_prints_them() {
        let named = |ty: Type, typmod| ColumnType::new(ty, typmod).sql_name();
        assert_eq!(
            named(Type::Varchar, ColumnType::characters_typmod(3)),
            "character varying(3)"
        );
        assert_eq!(
            named(Type::Numeric, ColumnType::numeric_typmod(12, 2)),
            "numeric(12,2)"
        );
        assert_eq!(
            named(Type::Numeric, ColumnType::numeric_typmod(2, -3)),
            "numeric(2,-3)"
        );
        assert_eq!(named(Type::Timestamp, 3), "timestamp(3) without time zone");
        assert_eq!(named(Type::array_of(Type::Bpchar), 9), "character(5)[]");
        assert_eq!(named(Type::Text, -1), "text");
    }
}
