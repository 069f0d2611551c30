//! `pg_tables`, `pg_views` and `pg_indexes`: the readable lists.

use super::super::define::index_definition;
use super::super::owner::owner_name;
use super::super::relation::{
    Relation, RelationKind, all_indexes, indexes, relations, search_index,
};
use super::super::schema::PUBLIC;
use super::super::table::{NULL, empty_table, virtual_table};
use crate::sql::virtual_table::SystemContext;

virtual_table!(PG_TABLES = pg_catalog.pg_tables, 12033, relation in cx: of_kind(cx, 'r') => {
    schemaname "name" = relation.schema.name,
    tablename "name" = relation.name,
    tableowner "name" = owner_name(),
    tablespace "name" = NULL,
    hasindexes "bool" = has_indexes(cx, &relation),
    hasrules "bool" = false,
    hastriggers "bool" = has_triggers(&relation),
    rowsecurity "bool" = false,
});

virtual_table!(PG_VIEWS = pg_catalog.pg_views, 12028, relation in cx: of_kind(cx, 'v') => {
    schemaname "name" = relation.schema.name,
    viewname "name" = relation.name,
    viewowner "name" = owner_name(),
    definition "text" = NULL,
});

virtual_table!(PG_INDEXES = pg_catalog.pg_indexes, 12043, index in cx: all_indexes(cx) => {
    schemaname "name" = PUBLIC.name,
    tablename "name" = &index.table.name,
    indexname "name" = index.name,
    tablespace "name" = NULL,
    indexdef "text" = index_definition(&index, true),
});

empty_table!(PG_MATVIEWS = pg_catalog.pg_matviews, 12038 => {
    schemaname "name", matviewname "name", matviewowner "name", tablespace "name",
    hasindexes "bool", ispopulated "bool", definition "text",
});

/// The relations of this kind, by schema and name.
pub(in super::super) fn of_kind<'a>(cx: &SystemContext<'a>, kind: char) -> Vec<Relation<'a>> {
    relations(cx)
        .into_iter()
        .filter(|relation| relation.relkind() == kind)
        .collect()
}

fn has_indexes(cx: &SystemContext<'_>, relation: &Relation<'_>) -> bool {
    match relation.kind {
        RelationKind::Table(table) => {
            !indexes(table).is_empty() || search_index(cx, table).is_some()
        }
        _ => false,
    }
}

fn has_triggers(relation: &Relation<'_>) -> bool {
    match relation.kind {
        RelationKind::Table(table) => !table.foreign_keys.is_empty(),
        _ => false,
    }
}
