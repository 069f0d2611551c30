//! Which casts there are, and which happen by themselves.

use serde::{Deserialize, Serialize};

use self::CastContext::{Assignment, Explicit, Implicit};
use super::types::Type;

/// Which casts are allowed, from fewest to most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum CastContext {
    /// An argument of a function: only casts that lose nothing.
    Implicit,
    /// A value stored in a column: also lossy ones, but never cutting a string.
    Assignment,
    /// `x::type`: everything there is; strings are cut silently.
    Explicit,
}

/// Whether a value of type `from` may become `to` in this context.
pub fn cast_exists(from: &Type, to: &Type, context: CastContext) -> bool {
    weakest_context(from, to).is_some_and(|weakest| weakest <= context)
}

/// The least permissive context that has the cast.
pub fn weakest_context(from: &Type, to: &Type) -> Option<CastContext> {
    if from == to || *from == Type::Unknown {
        return Some(Implicit);
    }
    if let (Type::Array(from), Type::Array(to)) = (from, to) {
        return weakest_context(from, to);
    }
    match (from, to) {
        (Type::Int2vector | Type::Oidvector, Type::Array(to)) if from.element() == Some(to) => {
            return Some(Implicit);
        }
        _ => {}
    }
    between_numbers(from, to)
        .or_else(|| between_oids(from, to))
        .or_else(|| between_times(from, to))
        .or_else(|| between_strings(from, to))
        .or_else(|| others(from, to))
        .or_else(|| through_text(from, to))
}

/// Numbers widen by themselves and narrow on assignment.
fn between_numbers(from: &Type, to: &Type) -> Option<CastContext> {
    const WIDTHS: [Type; 6] = [
        Type::Int2,
        Type::Int4,
        Type::Int8,
        Type::Numeric,
        Type::Float4,
        Type::Float8,
    ];
    let width = |ty: &Type| WIDTHS.iter().position(|other| other == ty);
    let (from, to) = (width(from)?, width(to)?);
    Some(if from < to { Implicit } else { Assignment })
}

fn between_oids(from: &Type, to: &Type) -> Option<CastContext> {
    let is_oid = |ty: &Type| *ty == Type::Oid || ty.is_reg();
    match (from, to) {
        (Type::Oid, to) if to.is_reg() => Some(Implicit),
        (from, Type::Oid) if from.is_reg() => Some(Implicit),
        (Type::Regproc, Type::Regprocedure) | (Type::Regprocedure, Type::Regproc) => Some(Implicit),
        (Type::Regoper, Type::Regoperator) | (Type::Regoperator, Type::Regoper) => Some(Implicit),
        (Type::Int2 | Type::Int4 | Type::Int8, to) if is_oid(to) => Some(Implicit),
        (from, Type::Int4 | Type::Int8) if is_oid(from) => Some(Assignment),
        (Type::Text | Type::Varchar, Type::Regclass) => Some(Implicit),
        _ => None,
    }
}

fn between_times(from: &Type, to: &Type) -> Option<CastContext> {
    Some(match (from, to) {
        (Type::Date, Type::Timestamp | Type::Timestamptz) => Implicit,
        (Type::Timestamp, Type::Timestamptz) => Implicit,
        (Type::Time, Type::Interval) => Implicit,
        (Type::Timestamp | Type::Timestamptz, Type::Date | Type::Time) => Assignment,
        (Type::Timestamptz, Type::Timestamp) => Assignment,
        (Type::Interval, Type::Time) => Assignment,
        _ => return None,
    })
}

fn between_strings(from: &Type, to: &Type) -> Option<CastContext> {
    Some(match (from, to) {
        (Type::Text | Type::Varchar | Type::Bpchar, Type::Text | Type::Varchar | Type::Bpchar) => {
            Implicit
        }
        (Type::Text | Type::Varchar | Type::Bpchar, Type::Name) => Implicit,
        (Type::Name, Type::Text) | (Type::Char, Type::Text) => Implicit,
        (Type::Name | Type::Char, Type::Varchar | Type::Bpchar) => Assignment,
        (Type::Text | Type::Varchar | Type::Bpchar, Type::Char) => Assignment,
        _ => return None,
    })
}

fn others(from: &Type, to: &Type) -> Option<CastContext> {
    Some(match (from, to) {
        (Type::Bool, Type::Int4) | (Type::Int4, Type::Bool) => Explicit,
        (Type::Char, Type::Int4) | (Type::Int4, Type::Char) => Explicit,
        (Type::Json, Type::Jsonb) | (Type::Jsonb, Type::Json) => Assignment,
        (Type::Jsonb, Type::Bool | Type::Numeric | Type::Int2 | Type::Int4 | Type::Int8) => {
            Explicit
        }
        (Type::Jsonb, Type::Float4 | Type::Float8) => Explicit,
        (Type::Bool, Type::Text | Type::Varchar | Type::Bpchar) => Assignment,
        _ => return None,
    })
}

/// Any type prints on assignment to a string; any string is read on an explicit cast.
fn through_text(from: &Type, to: &Type) -> Option<CastContext> {
    let pseudo = |ty: &Type| ty.is_polymorphic() || *ty == Type::Void;
    if pseudo(from) || pseudo(to) || *to == Type::Record {
        return None;
    }
    if to.is_string() && *to != Type::Unknown {
        Some(Assignment)
    } else if from.is_string() {
        Some(Explicit)
    } else {
        None
    }
}
