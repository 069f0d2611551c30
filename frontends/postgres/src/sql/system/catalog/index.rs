//! `pg_index`, `pg_am`, `pg_opclass` and `pg_opfamily`: indexes and what orders them.

use stele_core::record::value::Type;

use super::super::owner::owner;
use super::super::relation::{IndexInfo, all_indexes, attnum};
use super::super::schema::PG_CATALOG;
use super::super::table::{NULL, vector, virtual_table};
use super::class::{BTREE_OID, HEAP_OID, SEARCH_OID};
use super::types::collation;
use crate::sql::ddl::search_index::METHOD;
use crate::sql::virtual_table::SystemContext;

virtual_table!(PG_INDEX = pg_catalog.pg_index, 2610, index in cx: all_indexes(cx) => {
    indexrelid "oid" = index.oid,
    indrelid "oid" = index.table.id.0,
    indnatts "int2" = i16::try_from(index.columns.len()).unwrap_or(i16::MAX),
    indnkeyatts "int2" = i16::try_from(index.columns.len()).unwrap_or(i16::MAX),
    indisunique "bool" = index.unique,
    indnullsnotdistinct "bool" = false,
    indisprimary "bool" = index.primary,
    indisexclusion "bool" = false,
    indimmediate "bool" = true,
    indisclustered "bool" = false,
    indisvalid "bool" = true,
    indcheckxmin "bool" = false,
    indisready "bool" = true,
    indislive "bool" = true,
    indisreplident "bool" = false,
    indkey "int2vector" = vector(Type::Int2, index.columns.iter().map(|id| attnum(index.table, *id))),
    indcollation "oidvector" = vector(Type::Oid, index.columns().map(|column| collation(&column.ty.ty))),
    indclass "oidvector" = vector(Type::Oid, index.columns().map(|column| class_of(&index, &column.ty.ty))),
    indoption "int2vector" = vector(Type::Int2, index.columns().map(|_| 0_i16)),
    indexprs "text" = NULL,
    indpred "text" = NULL,
});

virtual_table!(PG_AM = pg_catalog.pg_am, 2601, (oid, name, handler, kind) in _cx: ACCESS_METHODS => {
    oid "oid" = oid,
    amname "name" = name,
    amhandler "regproc" = handler,
    amtype "\"char\"" = kind,
});

virtual_table!(PG_OPCLASS = pg_catalog.pg_opclass, 2616, (class, owner) in cx: classes(cx) => {
    oid "oid" = class.0,
    opcmethod "oid" = BTREE_OID,
    opcname "name" = class.1,
    opcnamespace "oid" = PG_CATALOG.oid,
    opcowner "oid" = owner,
    opcfamily "oid" = class.2,
    opcintype "oid" = class.3,
    opcdefault "bool" = true,
    opckeytype "oid" = 0_u32,
});

virtual_table!(PG_OPFAMILY = pg_catalog.pg_opfamily, 2753, (family, owner) in cx: families(cx) => {
    oid "oid" = family.0,
    opfmethod "oid" = BTREE_OID,
    opfname "name" = family.1,
    opfnamespace "oid" = PG_CATALOG.oid,
    opfowner "oid" = owner,
});

/// OID, name, handler (PostgreSQL's), and whether tables or indexes use it.
const ACCESS_METHODS: [(u32, &str, u32, char); 3] = [
    (HEAP_OID, "heap", 3, 't'),
    (BTREE_OID, "btree", 330, 'i'),
    (SEARCH_OID, METHOD, 0, 'i'),
];

/// Operator classes of ordered types: OID, name, family, type.
const CLASSES: [(u32, &str, u32, u32); 23] = [
    (10000, "array_ops", 397, 2277),
    (10003, "bool_ops", 424, 16),
    (10004, "bpchar_ops", 426, 1042),
    (10006, "bytea_ops", 428, 17),
    (10007, "char_ops", 429, 18),
    (3122, "date_ops", 434, 1082),
    (10012, "float4_ops", 1970, 700),
    (3123, "float8_ops", 1970, 701),
    (1979, "int2_ops", 1976, 21),
    (1978, "int4_ops", 1976, 23),
    (3124, "int8_ops", 1976, 20),
    (10022, "interval_ops", 1982, 1186),
    (10088, "jsonb_ops", 4033, 3802),
    (10028, "name_ops", 1994, 19),
    (3125, "numeric_ops", 1988, 1700),
    (1981, "oid_ops", 1989, 26),
    (10032, "oidvector_ops", 1991, 30),
    (10034, "record_ops", 2994, 2249),
    (3126, "text_ops", 1994, 25),
    (10038, "time_ops", 1996, 1083),
    (3128, "timestamp_ops", 434, 1114),
    (3127, "timestamptz_ops", 434, 1184),
    (10065, "uuid_ops", 2968, 2950),
];

/// Families: OID and name.
const FAMILIES: [(u32, &str); 17] = [
    (397, "array_ops"),
    (424, "bool_ops"),
    (426, "bpchar_ops"),
    (428, "bytea_ops"),
    (429, "char_ops"),
    (434, "datetime_ops"),
    (1970, "float_ops"),
    (1976, "integer_ops"),
    (1982, "interval_ops"),
    (1988, "numeric_ops"),
    (1989, "oid_ops"),
    (1991, "oidvector_ops"),
    (1994, "text_ops"),
    (1996, "time_ops"),
    (2968, "uuid_ops"),
    (2994, "record_ops"),
    (4033, "jsonb_ops"),
];

/// Words have no order, and so no class of it.
fn class_of(index: &IndexInfo<'_>, ty: &Type) -> u32 {
    match index.search {
        Some(_) => 0,
        None => operator_class(ty),
    }
}

/// `pg_opclass.oid` of the type's default order.
fn operator_class(ty: &Type) -> u32 {
    let input = match ty {
        Type::Array(_) => Type::AnyArray.oid(),
        Type::Varchar => Type::Text.oid(),
        other => other.oid(),
    };
    CLASSES
        .iter()
        .find(|class| class.3 == input)
        .map_or(0, |class| class.0)
}

/// An operator class of [`CLASSES`], and its owner.
type OwnedClass = ((u32, &'static str, u32, u32), u32);

fn classes(cx: &SystemContext<'_>) -> Vec<OwnedClass> {
    CLASSES
        .into_iter()
        .map(|class| (class, owner(cx)))
        .collect()
}

fn families(cx: &SystemContext<'_>) -> Vec<((u32, &'static str), u32)> {
    FAMILIES
        .into_iter()
        .map(|family| (family, owner(cx)))
        .collect()
}
