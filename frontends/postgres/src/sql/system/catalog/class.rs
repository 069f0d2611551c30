//! `pg_class`: one row per relation.

use stele_core::record::table::Table;

use super::super::owner::owner;
use super::super::relation::{Relation, RelationKind, relations};
use super::super::table::{NULL, virtual_table};
use crate::sql::execute::stream;
use crate::sql::virtual_table::SystemContext;

/// `pg_am.oid` of tables.
pub(in super::super) const HEAP_OID: u32 = 2;
/// `pg_am.oid` of indexes.
pub(in super::super) const BTREE_OID: u32 = 403;
/// `pg_am.oid` of full-text indexes; PostgreSQL has none.
pub(in super::super) const SEARCH_OID: u32 = 9_900;

virtual_table!(PG_CLASS = pg_catalog.pg_class, 1259, (class, relation, owner) in cx: rows(cx) => {
    oid "oid" = relation.oid,
    relname "name" = relation.name,
    relnamespace "oid" = relation.schema.oid,
    reltype "oid" = 0_u32,
    reloftype "oid" = 0_u32,
    relowner "oid" = owner,
    relam "oid" = class.access_method,
    relfilenode "oid" = class.storage,
    reltablespace "oid" = 0_u32,
    relpages "int4" = 0_i32,
    reltuples "float4" = class.tuples,
    relallvisible "int4" = 0_i32,
    reltoastrelid "oid" = 0_u32,
    relhasindex "bool" = class.has_index,
    relisshared "bool" = false,
    relpersistence "\"char\"" = 'p',
    relkind "\"char\"" = relation.relkind(),
    relnatts "int2" = class.attributes,
    relchecks "int2" = class.checks,
    relhasrules "bool" = relation.relkind() == 'v',
    relhastriggers "bool" = class.has_triggers,
    relhassubclass "bool" = false,
    relrowsecurity "bool" = false,
    relforcerowsecurity "bool" = false,
    relispopulated "bool" = true,
    relreplident "\"char\"" = class.replica_identity,
    relispartition "bool" = false,
    relrewrite "oid" = 0_u32,
    relfrozenxid "xid" = 0_u32,
    relminmxid "xid" = 0_u32,
    relacl "text[]" = NULL,
    reloptions "text[]" = NULL,
    relpartbound "text" = NULL,
});

/// What differs between the kinds of relations.
struct Class {
    access_method: u32,
    storage: u32,
    tuples: f32,
    has_index: bool,
    attributes: i16,
    checks: i16,
    has_triggers: bool,
    replica_identity: char,
}

fn rows<'a>(cx: &SystemContext<'a>) -> Vec<(Class, Relation<'a>, u32)> {
    let owner = owner(cx);
    let all = relations(cx).into_iter();
    all.map(|relation| (class(cx, &relation), relation, owner))
        .collect()
}

fn class(cx: &SystemContext<'_>, relation: &Relation<'_>) -> Class {
    let class = Class {
        access_method: 0,
        storage: 0,
        tuples: -1.0,
        has_index: false,
        attributes: 0,
        checks: 0,
        has_triggers: false,
        replica_identity: 'n',
    };
    match &relation.kind {
        RelationKind::Table(table) => Class {
            access_method: HEAP_OID,
            storage: table.storage.0,
            tuples: (cx.count)(table.storage) as f32,
            has_index: table.primary_key.is_some()
                || !table.indexes.is_empty()
                || cx.catalog.search_of(table.id).is_some(),
            attributes: short(table.columns.len()),
            checks: short(table.checks.len()),
            has_triggers: has_triggers(cx, table),
            replica_identity: 'd',
        },
        RelationKind::Index(index) => Class {
            access_method: match index.search {
                Some(_) => SEARCH_OID,
                None => BTREE_OID,
            },
            storage: index.oid,
            tuples: (cx.count)(index.table.storage) as f32,
            attributes: short(index.columns.len()),
            ..class
        },
        RelationKind::Sequence(sequence) => Class {
            storage: sequence.id.0,
            tuples: 1.0,
            attributes: 3,
            ..class
        },
        RelationKind::Stream => Class {
            attributes: short(stream::COLUMNS.len()),
            ..class
        },
        RelationKind::Keyspace(view) => Class {
            attributes: short(view.view.columns().len()),
            ..class
        },
        RelationKind::Virtual(table) => Class {
            access_method: if relation.relkind() == 'r' {
                HEAP_OID
            } else {
                0
            },
            attributes: short(table.columns.len()),
            ..class
        },
    }
}

/// Foreign keys are triggers to PostgreSQL, on both tables; psql asks for them only then.
fn has_triggers(cx: &SystemContext<'_>, table: &Table) -> bool {
    !table.foreign_keys.is_empty() || cx.catalog.references_to(table.id).next().is_some()
}

fn short(count: usize) -> i16 {
    i16::try_from(count).unwrap_or(i16::MAX)
}
