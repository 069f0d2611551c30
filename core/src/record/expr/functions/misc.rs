//! What belongs to no family: types, nulls, uuids, sizes.

use super::args::{int, numeric};
use super::registry::{Call, Eval, Register, Volatility};
use crate::record::value::{ColumnType, Numeric, Result, Type, Value};

pub(super) fn register(register: &mut Register) {
    register.add(
        "pg_typeof(any) regtype",
        Volatility::Stable,
        false,
        Eval::Pure(|a, call| Ok(Value::Oid(call.arg_type(0, a).oid()))),
    );
    register.lenient("num_nulls(variadic any) integer", |a, _| {
        Ok(Value::Int4(
            a.iter().filter(|value| value.is_null()).count() as i32,
        ))
    });
    register.lenient("num_nonnulls(variadic any) integer", |a, _| {
        Ok(Value::Int4(
            a.iter().filter(|value| !value.is_null()).count() as i32,
        ))
    });
    register.volatile("gen_random_uuid() uuid", |_, call| random_uuid(call));
    register.lenient("format_type(oid, integer) text", |a, _| Ok(format_type(a)));
    register.strict("pg_size_pretty(bigint) text", |a, _| {
        Ok(Value::from(size_pretty(i128::from(int(a, 0)?))))
    });
    register.strict("pg_size_pretty(numeric) text", |a, _| {
        let bytes = numeric(a, 0)?.round(0).to_i64().unwrap_or(i64::MAX);
        Ok(Value::from(size_pretty(i128::from(bytes))))
    });
}

/// A version 4 uuid.
fn random_uuid(call: &Call<'_>) -> Result<Value> {
    let (high, low) = (call.cx.host.random()?, call.cx.host.random()?);
    let mut uuid = [0u8; 16];
    let bytes = high.to_be_bytes().into_iter().chain(low.to_be_bytes());
    for (place, byte) in uuid.iter_mut().zip(bytes) {
        *place = byte;
    }
    uuid[6] = (uuid[6] & 0x0f) | 0x40;
    uuid[8] = (uuid[8] & 0x3f) | 0x80;
    Ok(Value::Uuid(uuid))
}

fn format_type(args: &[Value]) -> Value {
    let oid = match args.first() {
        Some(Value::Oid(oid)) => *oid,
        _ => return Value::Null,
    };
    if oid == 0 {
        return Value::from("-");
    }
    Value::from(
        match (Type::from_oid(oid), args.get(1).and_then(Value::as_i64)) {
            (None, _) => "???".to_string(),
            (Some(ty), None) => ty.sql_name(),
            (Some(ty), Some(typmod)) => {
                ColumnType::new(ty, i32::try_from(typmod).unwrap_or(-1)).sql_name()
            }
        },
    )
}

/// Bytes in the largest unit below 10240 of them.
fn size_pretty(bytes: i128) -> String {
    const UNITS: [&str; 6] = ["bytes", "kB", "MB", "GB", "TB", "PB"];
    let mut size = Numeric::from_i128(bytes, 0);
    let limit = Numeric::from(10 * 1024 - 1);
    let mut unit = 0;
    while size.abs().round(0) > limit && unit + 1 < UNITS.len() {
        size = size.div(&Numeric::from(1024)).unwrap_or(Numeric::ZERO);
        unit += 1;
    }
    format!(
        "{} {}",
        size.round(0),
        UNITS.get(unit).copied().unwrap_or_default()
    )
}
