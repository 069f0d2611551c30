//! Every form of a value leads back to the value, and keys order as values do.

use std::sync::Arc;

use bytes::BytesMut;
use proptest::prelude::*;

use super::json::Jsonb;
use super::*;

fn numeric() -> impl Strategy<Value = Numeric> {
    prop_oneof![
        8 => (any::<i64>(), 0u16..12).prop_map(|(value, scale)| Numeric::from_i128(i128::from(value), scale)),
        4 => (-1000i64..1000, 0u16..4).prop_map(|(value, scale)| Numeric::from_i128(i128::from(value), scale)),
        2 => (any::<i128>(), 0u16..40).prop_map(|(value, scale)| Numeric::from_i128(value, scale)),
        1 => Just(Numeric::NAN),
        1 => Just(Numeric::INFINITY),
        1 => Just(Numeric::NEG_INFINITY),
    ]
}

fn json() -> impl Strategy<Value = Jsonb> {
    let leaf = prop_oneof![
        Just(Jsonb::Null),
        any::<bool>().prop_map(Jsonb::Bool),
        (-50i64..50, 0u16..3)
            .prop_map(|(value, scale)| Jsonb::Number(Numeric::from_i128(i128::from(value), scale))),
        "[a-c\"\\\\\n]{0,3}".prop_map(|text| Jsonb::string(&text)),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Jsonb::Array),
            prop::collection::vec(("[a-c]{0,2}", inner), 0..4).prop_map(|members| Jsonb::object(
                members
                    .into_iter()
                    .map(|(key, value)| (key.into(), value))
                    .collect()
            )),
        ]
    })
}

fn scalar(ty: Type) -> BoxedStrategy<Value> {
    match ty {
        Type::Bool => any::<bool>().prop_map(Value::Bool).boxed(),
        Type::Int2 => any::<i16>().prop_map(Value::Int2).boxed(),
        Type::Int4 => any::<i32>().prop_map(Value::Int4).boxed(),
        Type::Int8 => prop_oneof![any::<i64>(), -300i64..300]
            .prop_map(Value::Int8)
            .boxed(),
        Type::Float4 => any::<f32>().prop_map(Value::Float4).boxed(),
        Type::Float8 => prop_oneof![
            any::<f64>(),
            Just(f64::NAN),
            Just(-0.0),
            Just(f64::INFINITY)
        ]
        .prop_map(Value::Float8)
        .boxed(),
        Type::Numeric => numeric().prop_map(Value::Numeric).boxed(),
        Type::Bytea => {
            prop::collection::vec(prop_oneof![Just(0u8), Just(255u8), any::<u8>()], 0..6)
                .prop_map(Value::bytea)
                .boxed()
        }
        Type::Date => (-2_451_545i32..3_000_000).prop_map(Value::Date).boxed(),
        Type::Time => (0i64..datetime::DAY_US).prop_map(Value::Time).boxed(),
        Type::Timestamp => (datetime::TIMESTAMP_MIN..datetime::TIMESTAMP_END)
            .prop_map(Value::Timestamp)
            .boxed(),
        Type::Timestamptz => prop_oneof![
            datetime::TIMESTAMP_MIN..datetime::TIMESTAMP_END,
            Just(i64::MAX),
            Just(i64::MIN)
        ]
        .prop_map(Value::Timestamptz)
        .boxed(),
        Type::Interval => (
            -100i32..100,
            -100i32..100,
            -10_000_000_000i64..10_000_000_000,
        )
            .prop_map(|(months, days, us)| Value::Interval(Interval::new(months, days, us)))
            .boxed(),
        Type::Uuid => any::<[u8; 16]>().prop_map(Value::Uuid).boxed(),
        Type::Jsonb => json().prop_map(Value::from).boxed(),
        Type::Oid => any::<u32>().prop_map(Value::Oid).boxed(),
        _ => "[a-c{},\"\\\\ NULnul]{0,6}".prop_map(Value::from).boxed(),
    }
}

const SCALARS: [Type; 17] = [
    Type::Bool,
    Type::Int2,
    Type::Int4,
    Type::Int8,
    Type::Float4,
    Type::Float8,
    Type::Numeric,
    Type::Text,
    Type::Bytea,
    Type::Date,
    Type::Time,
    Type::Timestamp,
    Type::Timestamptz,
    Type::Interval,
    Type::Uuid,
    Type::Jsonb,
    Type::Oid,
];

fn typed() -> impl Strategy<Value = (Type, Value, Value)> {
    prop::sample::select(SCALARS.to_vec()).prop_flat_map(|ty| {
        let single = (Just(ty.clone()), scalar(ty.clone()), scalar(ty.clone()));
        let element = || prop_oneof![4 => scalar(ty.clone()), 1 => Just(Value::Null)];
        let list = move |ty: Type| move |values: Vec<Value>| Value::array(ty.clone(), values);
        let array = (
            Just(Type::array_of(ty.clone())),
            prop::collection::vec(element(), 0..4).prop_map(list(ty.clone())),
            prop::collection::vec(element(), 0..4).prop_map(list(ty.clone())),
        );
        prop_oneof![3 => single, 1 => array]
    })
}

/// Equal, and printing the same: tells 1.0 from 1.00.
fn same(a: &Value, b: &Value) -> bool {
    let settings = Settings::default();
    a == b && print(a, &settings) == print(b, &settings)
}

proptest! {
    #[test]
    fn keys_order_as_values_do((_, a, b) in typed()) {
        let (mut key_a, mut key_b) = (vec![], vec![]);
        key::encode(&a, &mut key_a).unwrap();
        key::encode(&b, &mut key_b).unwrap();
        prop_assert_eq!(key_a.cmp(&key_b), compare::compare(&a, &b));
        let (mut null, mut padded) = (vec![], key_a.clone());
        key::encode(&Value::Null, &mut null).unwrap();
        prop_assert!(key_a < null);
        padded.extend_from_slice(&[0xff; 4]);
        prop_assert_eq!(padded.cmp(&key_b).is_lt(), key_a.cmp(&key_b).is_lt() || (key_b.starts_with(&key_a) && key_a != key_b && padded < key_b));
    }

    #[test]
    fn keys_lead_back_to_the_value((ty, a, b) in typed()) {
        let mut bytes = vec![];
        key::encode_all([&a, &b], &mut bytes).unwrap();
        let rest = &mut bytes.as_slice();
        prop_assert_eq!(key::decode(rest, &ty).unwrap(), a);
        prop_assert_eq!(key::decode(rest, &ty).unwrap(), b);
        prop_assert!(rest.is_empty());
    }

    #[test]
    fn rows_lead_back_to_the_fields((ty, a, b) in typed()) {
        let bytes = row::encode(&[(1, a.clone()), (2, Value::Null), (9, b.clone())]);
        let columns = [(9, ty.clone()), (2, ty.clone()), (1, ty.clone()), (3, ty)];
        let fields = row::decode(&bytes, &columns).unwrap();
        prop_assert!(same(fields[0].as_ref().unwrap(), &b));
        prop_assert!(fields[1].as_ref().unwrap().is_null());
        prop_assert!(same(fields[2].as_ref().unwrap(), &a));
        prop_assert!(fields[3].is_none());
    }

    #[test]
    fn text_leads_back_to_the_value((ty, a, _) in typed()) {
        let settings = Settings::default();
        let printed = print(&a, &settings);
        prop_assert!(same(&parse(&printed, &ty.into(), &settings).unwrap(), &a), "{}", printed);
    }

    #[test]
    fn the_wire_leads_back_to_the_value((ty, a, _) in typed()) {
        let mut bytes = BytesMut::new();
        send(&a, &mut bytes);
        prop_assert!(same(&receive(&bytes, &ty.into()).unwrap(), &a));
    }

    #[test]
    fn malformed_bytes_never_stop_a_node(bytes in prop::collection::vec(any::<u8>(), 0..40), (ty, _, _) in typed()) {
        let _ = receive(&bytes, &ty.clone().into());
        let _ = row::decode(&bytes, &[(0, ty.clone())]);
        let _ = key::decode(&mut bytes.as_slice(), &ty);
    }

    #[test]
    fn malformed_text_never_stops_a_node(text in "[-+0-9a-zA-Z:./ {},\"\\\\\\[\\]=]{0,20}", (ty, _, _) in typed()) {
        let _ = parse(&text, &ty.into(), &Settings::default());
    }

    #[test]
    fn equal_values_hash_alike((_, a, b) in typed()) {
        use std::hash::{BuildHasher, RandomState};
        let state = RandomState::new();
        if a == b {
            prop_assert_eq!(state.hash_one(&a), state.hash_one(&b));
        }
        prop_assert_eq!(state.hash_one(&a), state.hash_one(a.clone()));
    }

    #[test]
    fn sums_and_products_agree_with_integers(a in -1_000_000_000_000i64..1_000_000_000_000, b in -1_000_000_000_000i64..1_000_000_000_000, s in 0u16..6, t in 0u16..6) {
        let numeric = |value: i64, scale: u16| Numeric::from_i128(i128::from(value), scale);
        let (x, y) = (numeric(a, s), numeric(b, t));
        let scale = s.max(t);
        let widen = |value: i64, from: u16| i128::from(value) * 10i128.pow(u32::from(scale - from));
        prop_assert_eq!(x.add(&y).unwrap(), Numeric::from_i128(widen(a, s) + widen(b, t), scale));
        prop_assert_eq!(x.sub(&y).unwrap(), Numeric::from_i128(widen(a, s) - widen(b, t), scale));
        prop_assert_eq!(x.mul(&y).unwrap(), Numeric::from_i128(i128::from(a) * i128::from(b), s + t));
        prop_assert_eq!(x.cmp(&y), widen(a, s).cmp(&widen(b, t)));
        if b != 0 {
            prop_assert_eq!(x.rem(&y).unwrap(), Numeric::from_i128(widen(a, s) % widen(b, t), scale));
            prop_assert_eq!(x.div_trunc(&y).unwrap(), Numeric::from_i128(widen(a, s) / widen(b, t), 0));
        }
        prop_assert_eq!(x.to_string().parse::<Numeric>().unwrap().to_string(), x.to_string());
    }
}

#[test]
fn a_widened_column_reads_old_rows() {
    let bytes = row::encode(&[(1, Value::Int4(7))]);
    let fields = row::decode(&bytes, &[(1, Type::Int8)]).unwrap();
    assert!(matches!(fields.first(), Some(Some(Value::Int8(7)))));
}

#[test]
fn blanks_at_the_end_of_a_char_do_not_count() {
    let (mut a, mut b) = (vec![], vec![]);
    key::encode(&Value::Bpchar(Arc::from("a  ")), &mut a).unwrap();
    key::encode(&Value::Bpchar(Arc::from("a")), &mut b).unwrap();
    assert_eq!(a, b);
}
