//! Casts, against what PostgreSQL 15 answers.

use super::*;
use crate::record::value::cast_matrix::CastContext::{Assignment, Implicit};
use crate::record::value::weakest_context;

fn explicit(value: Value, from: Type, to: impl Into<ColumnType>) -> Result<Value> {
    cast(&value, &from, &to.into(), Explicit, &Settings::default())
}

fn shown(value: Value, from: Type, to: impl Into<ColumnType>) -> String {
    text::print(&explicit(value, from, to).unwrap(), &Settings::default())
}

#[test]
fn floats_round_to_even_and_numerics_away_from_zero() {
    for (float, integer) in [(0.5, "0"), (1.5, "2"), (2.5, "2"), (-2.5, "-2")] {
        assert_eq!(
            shown(Value::Float8(float), Type::Float8, Type::Int4),
            integer
        );
    }
    for (numeric, integer) in [("0.5", "1"), ("1.5", "2"), ("2.5", "3"), ("-2.5", "-3")] {
        assert_eq!(
            shown(
                Value::Numeric(numeric.parse().unwrap()),
                Type::Numeric,
                Type::Int4
            ),
            integer
        );
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    let error = explicit(Value::Int8(1 << 40), Type::Int8, Type::Int4).unwrap_err();
    assert_eq!(
        (error.code, error.message.as_str()),
        ("22003", "integer out of range")
    );
    let error = explicit(Value::Float8(1e300), Type::Float8, Type::Int8).unwrap_err();
    assert_eq!(error.message, "bigint out of range");
    let error = explicit(Value::Float8(1e300), Type::Float8, Type::Float4).unwrap_err();
    assert_eq!(error.message, "value out of range: overflow");
    let narrow = ColumnType::new(Type::Numeric, ColumnType::numeric_typmod(5, 2));
    let error = explicit(Value::Int4(1000), Type::Int4, narrow).unwrap_err();
    assert_eq!(
        error.detail.unwrap(),
        "A field with precision 5, scale 2 must round to an absolute value less than 10^3."
    );
}

#[test]
fn strings_are_cut_only_when_asked() {
    let varchar = ColumnType::new(Type::Varchar, ColumnType::characters_typmod(2));
    assert_eq!(shown("abc".into(), Type::Text, varchar.clone()), "ab");
    let store = |text: &str| {
        cast(
            &text.into(),
            &Type::Text,
            &varchar,
            Assignment,
            &Settings::default(),
        )
    };
    assert_eq!(store("ab  ").unwrap(), "ab".into());
    let error = store("abc").unwrap_err();
    assert_eq!(
        (error.code, error.message.as_str()),
        ("22001", "value too long for type character varying(2)")
    );
    let char3 = ColumnType::new(Type::Bpchar, ColumnType::characters_typmod(3));
    assert_eq!(shown("a".into(), Type::Text, char3.clone()), "a  ");
    assert_eq!(explicit("a".into(), Type::Text, char3).unwrap(), "a".into());
}

#[test]
fn contexts_are_those_of_the_catalogue() {
    for (from, to, weakest) in [
        (Type::Int4, Type::Int8, Some(Implicit)),
        (Type::Int8, Type::Int4, Some(Assignment)),
        (Type::Numeric, Type::Float8, Some(Implicit)),
        (Type::Float8, Type::Numeric, Some(Assignment)),
        (Type::Int4, Type::Text, Some(Assignment)),
        (Type::Text, Type::Int4, Some(Explicit)),
        (Type::Bool, Type::Int4, Some(Explicit)),
        (Type::Bool, Type::Int8, None),
        (Type::Date, Type::Int4, None),
        (Type::Varchar, Type::Text, Some(Implicit)),
        (Type::Timestamp, Type::Date, Some(Assignment)),
        (Type::Jsonb, Type::Int4, Some(Explicit)),
        (Type::Uuid, Type::Int4, None),
    ] {
        assert_eq!(weakest_context(&from, &to), weakest, "{from} to {to}");
    }
}

#[test]
fn booleans_become_words() {
    assert_eq!(shown(Value::Bool(true), Type::Bool, Type::Text), "true");
    assert_eq!(shown(Value::Bool(true), Type::Bool, Type::Int4), "1");
}
