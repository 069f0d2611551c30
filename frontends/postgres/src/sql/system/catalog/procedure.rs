//! `pg_proc`, `pg_operator`, `pg_aggregate` and `pg_language`: what may be called.

use stele_core::record::value::Type;

use super::super::owner::owner;
use super::super::procedure::{Operator, Procedure, operators, procedures};
use super::super::schema::PG_CATALOG;
use super::super::table::{NULL, empty_table, vector, virtual_table};
use crate::sql::virtual_table::SystemContext;

/// `pg_language.oid` of built-in functions.
const INTERNAL: u32 = 12;

virtual_table!(PG_PROC = pg_catalog.pg_proc, 1255, (procedure, owner) in cx: owned_procedures(cx) => {
    oid "oid" = procedure.oid,
    proname "name" = procedure.name,
    pronamespace "oid" = PG_CATALOG.oid,
    proowner "oid" = owner,
    prolang "oid" = INTERNAL,
    procost "float4" = 1.0_f32,
    prorows "float4" = 0.0_f32,
    provariadic "oid" = variadic(procedure),
    prosupport "regproc" = 0_u32,
    prokind "\"char\"" = 'f',
    prosecdef "bool" = false,
    proleakproof "bool" = false,
    proisstrict "bool" = procedure.strict,
    proretset "bool" = false,
    provolatile "\"char\"" = procedure.volatility,
    proparallel "\"char\"" = 's',
    pronargs "int2" = i16::try_from(procedure.args.len()).unwrap_or(i16::MAX),
    pronargdefaults "int2" = 0_i16,
    prorettype "oid" = procedure.result.oid(),
    proargtypes "oidvector" = vector(Type::Oid, procedure.args.iter().map(Type::oid)),
    proallargtypes "oid[]" = NULL,
    proargmodes "text[]" = NULL,
    proargnames "text[]" = NULL,
    proargdefaults "text" = NULL,
    protrftypes "oid[]" = NULL,
    prosrc "text" = procedure.name,
    probin "text" = NULL,
    prosqlbody "text" = NULL,
    proconfig "text[]" = NULL,
    proacl "text[]" = NULL,
});

virtual_table!(PG_OPERATOR = pg_catalog.pg_operator, 2617, (operator, owner) in cx: owned_operators(cx) => {
    oid "oid" = operator.oid,
    oprname "name" = operator.name,
    oprnamespace "oid" = PG_CATALOG.oid,
    oprowner "oid" = owner,
    oprkind "\"char\"" = if operator.left.is_some() { 'b' } else { 'l' },
    oprcanmerge "bool" = operator.name == "=",
    oprcanhash "bool" = operator.name == "=",
    oprleft "oid" = operator.left.as_ref().map_or(0, Type::oid),
    oprright "oid" = operator.right.oid(),
    oprresult "oid" = operator.result.oid(),
    oprcom "oid" = 0_u32,
    oprnegate "oid" = 0_u32,
    oprcode "regproc" = 0_u32,
    oprrest "regproc" = 0_u32,
    oprjoin "regproc" = 0_u32,
});

virtual_table!(PG_LANGUAGE = pg_catalog.pg_language, 2612, (oid, name, owner) in cx: [(INTERNAL, "internal", owner(cx)), (14, "sql", owner(cx))] => {
    oid "oid" = oid,
    lanname "name" = name,
    lanowner "oid" = owner,
    lanispl "bool" = false,
    lanpltrusted "bool" = name == "sql",
    lanplcallfoid "oid" = 0_u32,
    laninline "oid" = 0_u32,
    lanvalidator "oid" = 0_u32,
    lanacl "text[]" = NULL,
});

virtual_table!(PG_COLLATION = pg_catalog.pg_collation, 3456, (oid, name, provider, locale, owner) in cx: [
    (100_u32, "default", 'd', None, owner(cx)),
    (950, "C", 'c', Some("C"), owner(cx)),
    (951, "POSIX", 'c', Some("POSIX"), owner(cx)),
] => {
    oid "oid" = oid,
    collname "name" = name,
    collnamespace "oid" = PG_CATALOG.oid,
    collowner "oid" = owner,
    collprovider "\"char\"" = provider,
    collisdeterministic "bool" = true,
    collencoding "int4" = -1_i32,
    collcollate "text" = locale,
    collctype "text" = locale,
    colliculocale "text" = NULL,
    collversion "text" = NULL,
});

empty_table!(PG_AGGREGATE = pg_catalog.pg_aggregate, 2600 => {
    aggfnoid "regproc", aggkind "\"char\"", aggnumdirectargs "int2", aggtransfn "regproc",
    aggfinalfn "regproc", aggcombinefn "regproc", aggserialfn "regproc", aggdeserialfn "regproc",
    aggmtransfn "regproc", aggminvtransfn "regproc", aggmfinalfn "regproc", aggfinalextra "bool",
    aggmfinalextra "bool", aggfinalmodify "\"char\"", aggmfinalmodify "\"char\"", aggsortop "oid",
    aggtranstype "oid", aggtransspace "int4", aggmtranstype "oid", aggmtransspace "int4",
    agginitval "text", aggminitval "text",
});

fn variadic(procedure: &Procedure) -> u32 {
    let last = procedure.args.last().filter(|_| procedure.variadic);
    last.map_or(0, |ty| {
        if *ty == Type::Any {
            ty.oid()
        } else {
            ty.array_oid()
        }
    })
}

fn owned_procedures(cx: &SystemContext<'_>) -> Vec<(&'static Procedure, u32)> {
    let owner = owner(cx);
    procedures()
        .iter()
        .map(|procedure| (procedure, owner))
        .collect()
}

fn owned_operators(cx: &SystemContext<'_>) -> Vec<(&'static Operator, u32)> {
    let owner = owner(cx);
    operators()
        .iter()
        .map(|operator| (operator, owner))
        .collect()
}
