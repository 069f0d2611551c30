//! The comparison operators, for every type that has an order.

use std::cmp::Ordering;

use super::registry::{Call, Register};
use crate::record::value::{Result, Value, compare};

/// The types compared with themselves. `varchar` compares as `text`.
const TYPES: [&str; 24] = [
    "boolean",
    "smallint",
    "integer",
    "bigint",
    "real",
    "double precision",
    "numeric",
    "text",
    "character",
    "name",
    "\"char\"",
    "bytea",
    "date",
    "time",
    "timestamp",
    "timestamptz",
    "interval",
    "uuid",
    "jsonb",
    "oid",
    "record",
    "anyarray",
    "oidvector",
    "xid",
];

/// Pairs of different types with operators of their own, so that an index on one side serves.
const PAIRS: [(&str, &str); 9] = [
    ("smallint", "integer"),
    ("smallint", "bigint"),
    ("integer", "bigint"),
    ("real", "double precision"),
    ("date", "timestamp"),
    ("date", "timestamptz"),
    ("timestamp", "timestamptz"),
    ("name", "text"),
    ("int2vector", "int2vector"),
];

type Test = fn(&[Value], &Call<'_>) -> Result<Value>;

const OPERATORS: [(&str, Test); 6] = [
    ("=", |args, call| test(args, call, Ordering::is_eq)),
    ("<>", |args, call| test(args, call, Ordering::is_ne)),
    ("<", |args, call| test(args, call, Ordering::is_lt)),
    ("<=", |args, call| test(args, call, Ordering::is_le)),
    (">", |args, call| test(args, call, Ordering::is_gt)),
    (">=", |args, call| test(args, call, Ordering::is_ge)),
];

pub(super) fn register(register: &mut Register) {
    for (operator, test) in OPERATORS {
        for ty in TYPES {
            if ty == "xid" && !matches!(operator, "=" | "<>") {
                continue;
            }
            register.strict(&format!("{operator}({ty}, {ty}) boolean"), test);
        }
        for (a, b) in PAIRS {
            if a == b {
                register.strict(&format!("{operator}({a}, {b}) boolean"), test);
                continue;
            }
            let zoned = b == "timestamptz";
            for (left, right) in [(a, b), (b, a)] {
                let signature = format!("{operator}({left}, {right}) boolean");
                match zoned {
                    true => register.stable(&signature, test),
                    false => register.strict(&signature, test),
                }
            }
        }
    }
    register.strict("=(xid, integer) boolean", |args, call| {
        test(args, call, Ordering::is_eq)
    });
}

fn test(args: &[Value], call: &Call<'_>, holds: fn(Ordering) -> bool) -> Result<Value> {
    let [left, right] = args else {
        return Ok(Value::Null);
    };
    if let (Value::Record(a), Value::Record(b)) = (left, right) {
        return Ok(test_records(&a.values, &b.values, holds));
    }
    let (left, right) = super::datetime::align(left, right, &call.cx.settings.zone)?;
    Ok(Value::Bool(holds(compare::compare(&left, &right))))
}

/// Rows compare field by field; a NULL that decides makes the result NULL.
fn test_records(a: &[Value], b: &[Value], holds: fn(Ordering) -> bool) -> Value {
    // Only equality looks past a NULL for a field that differs.
    let equality = holds(Ordering::Less) == holds(Ordering::Greater);
    let mut unknown = false;
    for (a, b) in a.iter().zip(b) {
        if a.is_null() || b.is_null() {
            unknown = true;
            if equality {
                continue;
            }
            return Value::Null;
        }
        let order = compare::compare(a, b);
        if order.is_ne() {
            return Value::Bool(holds(order));
        }
    }
    match unknown {
        true => Value::Null,
        false => Value::Bool(holds(a.len().cmp(&b.len()))),
    }
}
