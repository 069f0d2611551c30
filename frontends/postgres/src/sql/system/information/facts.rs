//! What SQL says of a type: its name, lengths and digits.

use stele_core::record::value::{ColumnType, Type};

/// Lengths and digits, where the type has them.
#[derive(Default)]
pub(super) struct Facts {
    /// Characters at most.
    pub characters: Option<i32>,
    /// Bytes at most.
    pub octets: Option<i32>,
    /// Digits, in the radix.
    pub precision: Option<i32>,
    /// 2 or 10.
    pub radix: Option<i32>,
    /// Digits after the point.
    pub scale: Option<i32>,
    /// Digits of a second.
    pub fraction: Option<i32>,
}

/// Bytes of a string without a limit.
const OCTETS_MAX: i32 = 1 << 30;
/// Bytes of a character at most.
const CHARACTER_BYTES: i32 = 4;

/// The facts of a column's type.
pub(super) fn facts(ty: &ColumnType) -> Facts {
    let number = |precision, radix, scale| Facts {
        precision: Some(precision),
        radix: Some(radix),
        scale,
        ..Facts::default()
    };
    match ty.ty {
        Type::Int2 => number(16, 2, Some(0)),
        Type::Int4 => number(32, 2, Some(0)),
        Type::Int8 => number(64, 2, Some(0)),
        Type::Float4 => number(24, 2, None),
        Type::Float8 => number(53, 2, None),
        Type::Numeric => match ty.precision_scale() {
            Some((precision, scale)) => number(precision, 10, Some(scale)),
            None => Facts {
                radix: Some(10),
                ..Facts::default()
            },
        },
        Type::Text => Facts {
            octets: Some(OCTETS_MAX),
            ..Facts::default()
        },
        Type::Varchar | Type::Bpchar => characters(ty),
        Type::Date => Facts {
            fraction: Some(0),
            ..Facts::default()
        },
        Type::Time | Type::Timestamp | Type::Timestamptz | Type::Interval => {
            let digits = ty
                .fraction_digits()
                .and_then(|digits| i32::try_from(digits).ok());
            Facts {
                fraction: Some(digits.unwrap_or(6)),
                ..Facts::default()
            }
        }
        _ => Facts::default(),
    }
}

fn characters(ty: &ColumnType) -> Facts {
    let limit = ty
        .characters_max()
        .and_then(|count| i32::try_from(count).ok());
    let octets = limit.map_or(OCTETS_MAX, |count| count.saturating_mul(CHARACTER_BYTES));
    Facts {
        characters: limit,
        octets: Some(octets),
        ..Facts::default()
    }
}

/// `data_type`: ARRAY for every array.
pub(super) fn data_type(ty: &Type) -> String {
    match ty {
        Type::Array(_) | Type::Int2vector | Type::Oidvector => "ARRAY".to_string(),
        other => other.sql_name(),
    }
}
