//! Sizes. How many bytes one table takes on disk is not known, and so NULL.

use stele_core::record::value::{Result, Value};

use super::{Args, text};
use crate::sql::virtual_table::SystemContext;

pub(super) fn call(_cx: &SystemContext<'_>, name: &str, args: Args<'_>) -> Option<Result<Value>> {
    Some(match name {
        "pg_table_size"
        | "pg_relation_size"
        | "pg_total_relation_size"
        | "pg_indexes_size"
        | "pg_database_size"
        | "pg_tablespace_size" => Ok(Value::Null),
        "pg_size_pretty" => text(args.int(0).map(pretty)),
        _ => return None,
    })
}

/// One unit of size.
struct Unit {
    name: &'static str,
    /// The next unit is used from here on, in this unit (twice it, where `half`).
    limit: i64,
    /// The number counts halves of the unit and is rounded.
    half: bool,
    bits: u32,
}

const fn unit(name: &'static str, limit: i64, half: bool, bits: u32) -> Unit {
    Unit {
        name,
        limit,
        half,
        bits,
    }
}

const UNITS: [Unit; 6] = [
    unit("bytes", 10 * 1024, false, 0),
    unit("kB", 20 * 1024 - 1, true, 10),
    unit("MB", 20 * 1024 - 1, true, 20),
    unit("GB", 20 * 1024 - 1, true, 30),
    unit("TB", 20 * 1024 - 1, true, 40),
    unit("PB", 20 * 1024 - 1, true, 50),
];

/// `10240` is `10 kB`: the number in the largest unit that leaves it at least 10.
fn pretty(bytes: i64) -> String {
    let mut size = bytes;
    let mut units = UNITS.iter().peekable();
    while let Some(unit) = units.next() {
        let next = units.peek();
        let Some(next) = next.filter(|_| size.unsigned_abs() >= unit.limit.unsigned_abs()) else {
            let shown = if unit.half { half_rounded(size) } else { size };
            return format!("{shown} {}", unit.name);
        };
        let shift = next.bits - unit.bits - u32::from(next.half) + u32::from(unit.half);
        size /= 1_i64 << shift;
    }
    format!("{size} bytes")
}

fn half_rounded(size: i64) -> i64 {
    (size + if size < 0 { -1 } else { 1 }) / 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_print_as_postgres_prints_them() {
        assert_eq!(pretty(10239), "10239 bytes");
        assert_eq!(pretty(10240), "10 kB");
        assert_eq!(pretty(1_234_567_890), "1177 MB");
        assert_eq!(pretty(-12_345_678), "-12 MB");
        assert_eq!(pretty(i64::MAX), "8192 PB");
        assert_eq!(pretty(i64::MIN), "-8192 PB");
    }
}
