//! `pg_cast`: which type becomes which, and when by itself.

use std::sync::LazyLock;

use super::super::table::virtual_table;

/// Added to a cast's place in the list for its OID; PostgreSQL numbers them here too.
const CAST_OID_BASE: u32 = 10_100;

virtual_table!(PG_CAST = pg_catalog.pg_cast, 2605, (number, cast) in _cx: (CAST_OID_BASE..).zip(casts()) => {
    oid "oid" = number,
    castsource "oid" = cast.source,
    casttarget "oid" = cast.target,
    castfunc "oid" = cast.function,
    castcontext "\"char\"" = cast.context,
    castmethod "\"char\"" = cast.method,
});

/// One cast.
pub(in super::super) struct Cast {
    /// From this type.
    pub source: u32,
    /// To this type.
    pub target: u32,
    /// The function that does it, 0 for none.
    pub function: u32,
    /// Its name.
    pub name: &'static str,
    /// `i` implicit, `a` in assignment, `e` explicit.
    pub context: char,
    /// `f` by function, `b` the same bytes, `i` through text.
    pub method: char,
}

/// Every cast between the types there are.
pub(in super::super) fn casts() -> &'static [Cast] {
    &PARSED
}

static PARSED: LazyLock<Vec<Cast>> = LazyLock::new(|| CASTS.lines().filter_map(parse).collect());

fn parse(line: &'static str) -> Option<Cast> {
    let mut words = line.split(' ');
    let mut number = || words.next()?.parse().ok();
    let (source, target, function) = (number()?, number()?, number()?);
    let name = words.next()?;
    let mut letters = words.next()?.chars();
    Some(Cast {
        source,
        target,
        function,
        name,
        context: letters.next()?,
        method: letters.next()?,
    })
}

/// Source, target and function by OID, the function's name, context and method.
const CASTS: &str = "\
16 23 2558 int4 ef\n\
16 25 2971 text af\n\
16 1042 2971 text af\n\
16 1043 2971 text af\n\
18 23 77 int4 ef\n\
18 25 946 text if\n\
18 1042 860 bpchar af\n\
18 1043 946 text af\n\
19 25 406 text if\n\
19 1042 408 bpchar af\n\
19 1043 1401 varchar af\n\
20 21 714 int2 af\n\
20 23 480 int4 af\n\
20 24 1287 oid if\n\
20 26 1287 oid if\n\
20 700 652 float4 if\n\
20 701 482 float8 if\n\
20 1700 1781 numeric if\n\
20 2202 1287 oid if\n\
20 2203 1287 oid if\n\
20 2204 1287 oid if\n\
20 2205 1287 oid if\n\
20 2206 1287 oid if\n\
20 4089 1287 oid if\n\
20 4096 1287 oid if\n\
21 20 754 int8 if\n\
21 23 313 int4 if\n\
21 24 313 int4 if\n\
21 26 313 int4 if\n\
21 700 236 float4 if\n\
21 701 235 float8 if\n\
21 1700 1782 numeric if\n\
21 2202 313 int4 if\n\
21 2203 313 int4 if\n\
21 2204 313 int4 if\n\
21 2205 313 int4 if\n\
21 2206 313 int4 if\n\
21 4089 313 int4 if\n\
21 4096 313 int4 if\n\
23 16 2557 bool ef\n\
23 18 78 char ef\n\
23 20 481 int8 if\n\
23 21 314 int2 af\n\
23 24 0 - ib\n\
23 26 0 - ib\n\
23 700 318 float4 if\n\
23 701 316 float8 if\n\
23 1700 1740 numeric if\n\
23 2202 0 - ib\n\
23 2203 0 - ib\n\
23 2204 0 - ib\n\
23 2205 0 - ib\n\
23 2206 0 - ib\n\
23 4089 0 - ib\n\
23 4096 0 - ib\n\
24 20 1288 int8 af\n\
24 23 0 - ab\n\
24 26 0 - ib\n\
24 2202 0 - ib\n\
25 18 944 char af\n\
25 19 407 name if\n\
25 1042 0 - ib\n\
25 1043 0 - ib\n\
25 2205 1079 regclass if\n\
26 20 1288 int8 af\n\
26 23 0 - ab\n\
26 24 0 - ib\n\
26 2202 0 - ib\n\
26 2203 0 - ib\n\
26 2204 0 - ib\n\
26 2205 0 - ib\n\
26 2206 0 - ib\n\
26 4089 0 - ib\n\
26 4096 0 - ib\n\
114 3802 0 - ai\n\
700 20 653 int8 af\n\
700 21 238 int2 af\n\
700 23 319 int4 af\n\
700 701 311 float8 if\n\
700 1700 1742 numeric af\n\
701 20 483 int8 af\n\
701 21 237 int2 af\n\
701 23 317 int4 af\n\
701 700 312 float4 af\n\
701 1700 1743 numeric af\n\
1042 18 944 char af\n\
1042 19 409 name if\n\
1042 25 401 text if\n\
1042 1042 668 bpchar if\n\
1042 1043 401 text if\n\
1043 18 944 char af\n\
1043 19 1400 name if\n\
1043 25 0 - ib\n\
1043 1042 0 - ib\n\
1043 1043 669 varchar if\n\
1043 2205 1079 regclass if\n\
1082 1114 2024 timestamp if\n\
1082 1184 1174 timestamptz if\n\
1083 1083 1968 time if\n\
1083 1186 1370 interval if\n\
1114 1082 2029 date af\n\
1114 1083 1316 time af\n\
1114 1114 1961 timestamp if\n\
1114 1184 2028 timestamptz if\n\
1184 1082 1178 date af\n\
1184 1083 2019 time af\n\
1184 1114 2027 timestamp af\n\
1184 1184 1967 timestamptz if\n\
1186 1083 1419 time af\n\
1186 1186 1200 interval if\n\
1700 20 1779 int8 af\n\
1700 21 1783 int2 af\n\
1700 23 1744 int4 af\n\
1700 700 1745 float4 if\n\
1700 701 1746 float8 if\n\
1700 1700 1703 numeric if\n\
2202 20 1288 int8 af\n\
2202 23 0 - ab\n\
2202 24 0 - ib\n\
2202 26 0 - ib\n\
2203 20 1288 int8 af\n\
2203 23 0 - ab\n\
2203 26 0 - ib\n\
2203 2204 0 - ib\n\
2204 20 1288 int8 af\n\
2204 23 0 - ab\n\
2204 26 0 - ib\n\
2204 2203 0 - ib\n\
2205 20 1288 int8 af\n\
2205 23 0 - ab\n\
2205 26 0 - ib\n\
2206 20 1288 int8 af\n\
2206 23 0 - ab\n\
2206 26 0 - ib\n\
3802 16 3556 bool ef\n\
3802 20 3452 int8 ef\n\
3802 21 3450 int2 ef\n\
3802 23 3451 int4 ef\n\
3802 114 0 - ai\n\
3802 700 3453 float4 ef\n\
3802 701 2580 float8 ef\n\
3802 1700 3449 numeric ef\n\
4089 20 1288 int8 af\n\
4089 23 0 - ab\n\
4089 26 0 - ib\n\
4096 20 1288 int8 af\n\
4096 23 0 - ab\n\
4096 26 0 - ib";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_a_cast() {
        assert_eq!(casts().len(), CASTS.lines().count());
        let widening = casts()
            .iter()
            .find(|cast| cast.source == 23 && cast.target == 20);
        assert_eq!(
            widening.map(|cast| (cast.name, cast.context)),
            Some(("int8", 'i'))
        );
    }
}
