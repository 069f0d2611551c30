//! `pg_namespace`, `pg_database` and `pg_tablespace`: what contains everything else.

use super::super::owner::owner;
use super::super::schema::SCHEMAS;
use super::super::table::{NULL, virtual_table};

/// `pg_database.oid` of the one database a node serves.
pub(super) const DATABASE_OID: u32 = 5;
/// `pg_database.encoding` of UTF-8.
const UTF8: i32 = 6;

const DEFAULT_TABLESPACE: u32 = 1663;
const GLOBAL_TABLESPACE: u32 = 1664;

virtual_table!(PG_NAMESPACE = pg_catalog.pg_namespace, 2615, (schema, owner) in cx: SCHEMAS.map(|schema| (schema, owner(cx))) => {
    oid "oid" = schema.oid,
    nspname "name" = schema.name,
    nspowner "oid" = owner,
    nspacl "text[]" = NULL,
});

virtual_table!(PG_DATABASE = pg_catalog.pg_database, 1262, (name, owner) in cx: [(cx.database, owner(cx))] => {
    oid "oid" = DATABASE_OID,
    datname "name" = name,
    datdba "oid" = owner,
    encoding "int4" = UTF8,
    datlocprovider "\"char\"" = 'c',
    datistemplate "bool" = false,
    datallowconn "bool" = true,
    datconnlimit "int4" = -1_i32,
    datfrozenxid "xid" = 0_u32,
    datminmxid "xid" = 0_u32,
    dattablespace "oid" = DEFAULT_TABLESPACE,
    datcollate "text" = "C",
    datctype "text" = "C",
    daticulocale "text" = NULL,
    datcollversion "text" = NULL,
    datacl "text[]" = NULL,
});

virtual_table!(PG_TABLESPACE = pg_catalog.pg_tablespace, 1213, (oid, name, owner) in cx: [
    (DEFAULT_TABLESPACE, "pg_default", owner(cx)),
    (GLOBAL_TABLESPACE, "pg_global", owner(cx)),
] => {
    oid "oid" = oid,
    spcname "name" = name,
    spcowner "oid" = owner,
    spcacl "text[]" = NULL,
    spcoptions "text[]" = NULL,
});
