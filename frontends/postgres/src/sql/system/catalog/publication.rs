//! `pg_publication` and its relatives: which tables feed which stream.

use std::sync::Arc;

use stele_core::record::table::{Publication, Table};
use stele_core::record::value::{Type, Value};

use super::super::owner::owner;
use super::super::schema::PUBLIC;
use super::super::table::{NULL, array, virtual_table};
use crate::sql::virtual_table::SystemContext;

/// A publication and one of its tables.
type Published<'a> = (&'a Publication, &'a Arc<Table>);

fn published<'a>(cx: &SystemContext<'a>) -> Vec<Published<'a>> {
    let mut found = Vec::new();
    for publication in cx.catalog.publications() {
        for id in &publication.tables {
            found.extend(
                cx.catalog
                    .table_by_id(*id)
                    .map(|table| (&**publication, table)),
            );
        }
    }
    found
}

fn column_names((_, table): &Published<'_>) -> Value {
    let names = table.columns.iter().map(|column| column.name.as_str());
    array(Type::Name, names)
}

virtual_table!(PG_PUBLICATION = pg_catalog.pg_publication, 6104, publication in cx: cx.catalog.publications() => {
    oid "oid" = publication.id.0,
    pubname "name" = &publication.name,
    pubowner "oid" = owner(cx),
    puballtables "bool" = false,
    pubinsert "bool" = true,
    pubupdate "bool" = true,
    pubdelete "bool" = true,
    pubtruncate "bool" = false,
    pubviaroot "bool" = false,
});

virtual_table!(PG_PUBLICATION_REL = pg_catalog.pg_publication_rel, 6106, one in cx: published(cx) => {
    oid "oid" = one.0.id.0,
    prpubid "oid" = one.0.id.0,
    prrelid "oid" = one.1.id.0,
    prqual "text" = NULL,
    prattrs "int2vector" = NULL,
});

virtual_table!(PG_PUBLICATION_TABLES = pg_catalog.pg_publication_tables, 12068, one in cx: published(cx) => {
    pubname "name" = &one.0.name,
    schemaname "name" = PUBLIC.name,
    tablename "name" = &one.1.name,
    attnames "name[]" = column_names(&one),
    rowfilter "text" = NULL,
});
