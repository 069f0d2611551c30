//! The functions `pg_type` names: input, output and their like, with PostgreSQL's OIDs.

use std::sync::LazyLock;

use stele_core::record::value::Type;

/// OID and name of every function that makes, prints, sends or analyses a type.
const FUNCTIONS: &str = "\
31 byteaout 33 charout 34 namein 35 nameout 38 int2in 39 int2out 40 int2vectorin 41 \
int2vectorout 42 int4in 43 int4out 44 regprocin 45 regprocout 46 textin 47 textout 50 xidin 51 \
xidout 54 oidvectorin 55 oidvectorout 109 unknownin 110 unknownout 200 float4in 201 float4out \
214 float8in 215 float8out 321 json_in 322 json_out 323 json_recv 324 json_send 460 int8in 461 \
int8out 750 array_in 751 array_out 1044 bpcharin 1045 bpcharout 1046 varcharin 1047 varcharout \
1084 date_in 1085 date_out 1143 time_in 1144 time_out 1150 timestamptz_in 1151 timestamptz_out \
1160 interval_in 1161 interval_out 1242 boolin 1243 boolout 1244 byteain 1245 charin 1312 \
timestamp_in 1313 timestamp_out 1701 numeric_in 1702 numeric_out 1798 oidin 1799 oidout 2212 \
regprocedurein 2213 regprocedureout 2214 regoperin 2215 regoperout 2216 regoperatorin 2217 \
regoperatorout 2218 regclassin 2219 regclassout 2220 regtypein 2221 regtypeout 2290 record_in \
2291 record_out 2294 any_in 2295 any_out 2296 anyarray_in 2297 anyarray_out 2298 void_in 2299 \
void_out 2312 anyelement_in 2313 anyelement_out 2400 array_recv 2401 array_send 2402 \
record_recv 2403 record_send 2404 int2recv 2405 int2send 2406 int4recv 2407 int4send 2408 \
int8recv 2409 int8send 2410 int2vectorrecv 2411 int2vectorsend 2412 bytearecv 2413 byteasend \
2414 textrecv 2415 textsend 2416 unknownrecv 2417 unknownsend 2418 oidrecv 2419 oidsend 2420 \
oidvectorrecv 2421 oidvectorsend 2422 namerecv 2423 namesend 2424 float4recv 2425 float4send \
2426 float8recv 2427 float8send 2430 bpcharrecv 2431 bpcharsend 2432 varcharrecv 2433 \
varcharsend 2434 charrecv 2435 charsend 2436 boolrecv 2437 boolsend 2440 xidrecv 2441 xidsend \
2444 regprocrecv 2445 regprocsend 2446 regprocedurerecv 2447 regproceduresend 2448 regoperrecv \
2449 regopersend 2450 regoperatorrecv 2451 regoperatorsend 2452 regclassrecv 2453 regclasssend \
2454 regtyperecv 2455 regtypesend 2460 numeric_recv 2461 numeric_send 2468 date_recv 2469 \
date_send 2470 time_recv 2471 time_send 2474 timestamp_recv 2475 timestamp_send 2476 \
timestamptz_recv 2477 timestamptz_send 2478 interval_recv 2479 interval_send 2502 anyarray_recv \
2503 anyarray_send 2777 anynonarray_in 2778 anynonarray_out 2903 intervaltypmodin 2904 \
intervaltypmodout 2905 timestamptypmodin 2906 timestamptypmodout 2907 timestamptztypmodin 2908 \
timestamptztypmodout 2909 timetypmodin 2910 timetypmodout 2913 bpchartypmodin 2914 \
bpchartypmodout 2915 varchartypmodin 2916 varchartypmodout 2917 numerictypmodin 2918 \
numerictypmodout 2952 uuid_in 2953 uuid_out 2961 uuid_recv 2962 uuid_send 3120 void_recv 3121 \
void_send 3803 jsonb_send 3804 jsonb_out 3805 jsonb_recv 3806 jsonb_in 3816 array_typanalyze \
4084 regnamespacein 4085 regnamespaceout 4087 regnamespacerecv 4088 regnamespacesend 4092 \
regroleout 4094 regrolerecv 4095 regrolesend 4098 regrolein 6098 jsonb_subscript_handler 6179 \
array_subscript_handler 6180 raw_array_subscript_handler";

static PARSED: LazyLock<Vec<(u32, &str)>> = LazyLock::new(|| {
    let words: Vec<&str> = FUNCTIONS.split(' ').collect();
    let pairs = words.chunks_exact(2);
    pairs
        .filter_map(|pair| Some((pair.first()?.parse().ok()?, *pair.get(1)?)))
        .collect()
});

/// Every such function, by OID.
pub(in super::super) fn type_functions() -> &'static [(u32, &'static str)] {
    &PARSED
}

fn oid(name: &str) -> Option<u32> {
    PARSED
        .iter()
        .find(|(_, known)| *known == name)
        .map(|(oid, _)| *oid)
}

/// The OID of the function that does this for the type, 0 for none.
///
/// `purpose` is a column of `pg_type` without `typ`: `in`, `out`, `recv`, `send`,
/// `typmodin`, `typmodout`, `subscript`, `analyze`.
pub(in super::super) fn type_function(ty: &Type, purpose: &str) -> u32 {
    let found = match (ty, purpose) {
        (Type::Array(_), "analyze") => oid("array_typanalyze"),
        (_, "analyze") => None,
        (Type::Array(_) | Type::Int2vector | Type::Oidvector, "subscript") => {
            oid("array_subscript_handler")
        }
        (Type::Name, "subscript") => oid("raw_array_subscript_handler"),
        (Type::Array(element), "typmodin" | "typmodout") => return type_function(element, purpose),
        (Type::Array(_), purpose) => oid(&format!("array_{purpose}")),
        (ty, "subscript") => oid(&format!("{}_subscript_handler", ty.name())),
        (ty, purpose) => oid(&format!("{}{purpose}", ty.name()))
            .or_else(|| oid(&format!("{}_{purpose}", ty.name()))),
    };
    found.unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_finds_its_functions_under_either_spelling() {
        assert_eq!(type_function(&Type::Bool, "in"), 1242);
        assert_eq!(type_function(&Type::Numeric, "typmodout"), 2918);
        assert_eq!(type_function(&Type::array_of(Type::Int4), "send"), 2401);
        assert_eq!(type_function(&Type::Jsonb, "subscript"), 6098);
        assert_eq!(type_function(&Type::Int4, "typmodin"), 0);
    }
}
