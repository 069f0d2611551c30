//! No value a client can send stops a node: every function and cast over the ends of its types.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::registry::{Call, Eval, functions};
use crate::record::expr::{EvalContext, Host};
use crate::record::value::{
    CastContext, ColumnType, Interval, Record, Settings, TYPES, Type, Value, ValueError, cast,
    cast_exists, datetime, json, key, parse, print, row, send,
};

struct Fixed;

impl Host for Fixed {
    fn random(&self) -> Result<u64, ValueError> {
        Ok(u64::MAX)
    }
}

/// The ends of a type and some of its middle.
fn extremes(ty: &Type) -> Vec<Value> {
    let texts = |items: &[&str]| {
        items
            .iter()
            .map(|item| Value::from(*item))
            .collect::<Vec<Value>>()
    };
    let read = |items: &[&str]| -> Vec<Value> {
        items
            .iter()
            .filter_map(|item| {
                parse(item, &ColumnType::from(ty.clone()), &Settings::default()).ok()
            })
            .collect()
    };
    match ty {
        Type::Bool => vec![Value::Bool(false), Value::Bool(true)],
        Type::Int2 => vec![
            Value::Int2(i16::MIN),
            Value::Int2(0),
            Value::Int2(-1),
            Value::Int2(i16::MAX),
        ],
        Type::Int4 => [i32::MIN, -1, 0, 1, 7, i32::MAX].map(Value::Int4).to_vec(),
        Type::Int8 => [i64::MIN, -1, 0, 1, i64::MAX].map(Value::Int8).to_vec(),
        Type::Float4 => [f32::MIN, 0.0, f32::NAN, f32::INFINITY, 1e-45]
            .map(Value::Float4)
            .to_vec(),
        Type::Float8 => [
            f64::MIN,
            -1.5,
            0.0,
            f64::NAN,
            f64::INFINITY,
            f64::NEG_INFINITY,
            5e-324,
            1e18,
        ]
        .map(Value::Float8)
        .to_vec(),
        Type::Numeric => read(&[
            "0",
            "-1",
            "1e400",
            "-1e-400",
            "NaN",
            "Infinity",
            "-Infinity",
            "9223372036854775807",
            "-9223372036854775808",
            "0.5",
            "1e131000",
            "12345678901234567890.123456789",
        ]),
        Type::Date => read(&[
            "infinity",
            "-infinity",
            "4714-11-24 BC",
            "5874897-12-31",
            "2000-02-29",
            "294277-01-01",
        ]),
        Type::Time => read(&["00:00", "24:00", "23:59:59.999999"]),
        Type::Timestamp | Type::Timestamptz => read(&[
            "infinity",
            "-infinity",
            "4714-11-24 00:00:00 BC",
            "294276-12-31 23:59:59.999999",
            "2000-02-29 12:00",
            "0001-01-01 00:00:00 BC",
        ]),
        Type::Interval => [
            Interval::new(i32::MAX, i32::MAX, i64::MAX),
            Interval::new(i32::MIN, i32::MIN, i64::MIN),
            Interval::new(0, 0, 0),
            Interval::new(-1, 31, -1),
            Interval::new(0, 0, i64::MAX),
        ]
        .map(Value::Interval)
        .to_vec(),
        Type::Uuid => vec![Value::Uuid([0xff; 16])],
        Type::Bytea => vec![Value::bytea(vec![]), Value::bytea(vec![0, 255, 92])],
        Type::Json | Type::Jsonb => read(&[
            "null",
            "[]",
            "{}",
            "[1,[2,{\"a\":null}]]",
            "{\"a\":{\"b\":[1]}}",
            "1e400",
            "\"x\"",
        ]),
        Type::Bpchar => vec![Value::Bpchar("a ".into()), Value::Bpchar("".into())],
        Type::Array(element) => {
            let items = extremes(element);
            let mut nested = vec![Value::array((**element).clone(), vec![])];
            nested.push(Value::array((**element).clone(), vec![Value::Null]));
            nested.push(Value::array((**element).clone(), items));
            nested.extend(read(&[
                "[-2147483648:-2147483647]={1,2}",
                "{{1,2},{3,4}}",
                "{a,0,-1}",
                "[2147483646:2147483647]={1,2}",
            ]));
            nested
        }
        Type::AnyArray => extremes(&Type::array_of(Type::Int4)),
        Type::Any | Type::AnyElement | Type::AnyNonArray => extremes(&Type::Int4),
        Type::Record => vec![Value::Record(Arc::new(Record {
            names: vec![],
            types: vec![Type::Int4, Type::Text],
            values: vec![Value::Int4(1), Value::Null],
        }))],
        ty if ty.is_string() => texts(&[
            "",
            "%",
            "a",
            "é\u{10ffff}",
            "\\",
            "'\"",
            "{a,b}",
            "[1]",
            "(",
            "[",
            "a{2,1}",
            "YYYY-MM-DD HH24:MI:SS.US TZ",
            "999,999.99S",
            "EEEE99",
            "FM9V99",
            "year",
            "second",
            "epoch",
            "UTC",
            "+16",
            "America/New_York",
            "base64",
            "hex",
            "g",
            "%1$*2$s",
            "%99999999999s",
            "-99999",
            "99999999999999999999",
            "10:20",
            "P1Y",
            "2020-01-01",
            "infinity",
            "RN",
            "J",
            "SSSSS",
            "99999999 99999999",
        ]),
        Type::Int2vector => vec![],
        _ => vec![Value::Oid(0), Value::Oid(u32::MAX)],
    }
}

/// Argument lists: every pair of extremes for two arguments, staggered picks beyond.
fn argument_lists(types: &[Type]) -> Vec<Vec<Value>> {
    let pools: Vec<Vec<Value>> = types
        .iter()
        .map(|ty| {
            let mut pool = extremes(ty);
            pool.push(Value::Null);
            pool
        })
        .collect();
    let total: usize = pools.iter().map(Vec::len).product();
    const LISTS_MAX: usize = 600;
    let step = (total / LISTS_MAX).max(1);
    // A step sharing no factor with the pools visits them all.
    let step = if step > 1 { step | 1 } else { step };
    (0..total.min(LISTS_MAX))
        .map(|index| {
            let mut rest = index * step % total;
            let pick = |pool: &Vec<Value>| {
                let value = pool[rest % pool.len()].clone();
                rest /= pool.len();
                value
            };
            pools.iter().map(pick).collect()
        })
        .collect()
}

#[test]
fn no_argument_stops_a_node() {
    let settings = Settings::default();
    let cx = EvalContext::new(&settings, &Fixed, 1_700_000_000_000_000);
    let mut panicked = Vec::new();
    for function in functions()
        .iter()
        .filter(|function| matches!(function.eval, Eval::Pure(_)))
    {
        let lists = match function.args.is_empty() {
            true => vec![vec![]],
            false => argument_lists(&function.args),
        };
        for args in lists {
            let call = Call { cx: &cx, args: &[] };
            let outcome = catch_unwind(AssertUnwindSafe(|| {
                if let Ok(value) = function.eval(&args, &call) {
                    let _ = print(&value, &settings);
                }
            }));
            if outcome.is_err() {
                panicked.push(format!("{} over {args:?}", function.signature()));
                break;
            }
        }
    }
    assert!(panicked.is_empty(), "{}", panicked.join("\n"));
}

#[test]
fn no_cast_stops_a_node() {
    let settings = Settings::default();
    let scalars: Vec<Type> = TYPES
        .iter()
        .map(|info| info.ty.clone())
        .filter(|ty| !ty.is_polymorphic())
        .collect();
    for from in &scalars {
        for value in extremes(from) {
            let _ = datetime::extract("epoch", &value, &settings.zone);
            let mut bytes = bytes::BytesMut::new();
            send(&value, &mut bytes);
            let _ = key::encode(&value, &mut Vec::new());
            let _ = row::encode(&[(1, value.clone())]);
            for to in scalars
                .iter()
                .filter(|to| cast_exists(from, to, CastContext::Explicit))
            {
                for typmod in [-1, 0, 4, 6, ColumnType::numeric_typmod(5, -2)] {
                    let to = ColumnType::new(to.clone(), typmod);
                    let _ = cast(&value, from, &to, CastContext::Explicit, &settings)
                        .map(|cast| print(&cast, &settings));
                }
            }
        }
    }
    assert!(json::validate("[]").is_ok());
}
