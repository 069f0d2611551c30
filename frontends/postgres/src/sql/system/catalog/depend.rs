//! `pg_depend`, `pg_description` and their like: how objects hang together, and comments.
//!
//! Only the dependencies clients read are listed: an owned sequence on its column, an index
//! on its table or constraint, a default on its sequence's column.

use stele_core::record::table::Table;

use super::super::constraint::{ConstraintKind, all};
use super::super::relation::{all_indexes, attnum};
use super::super::schema::SCHEMAS;
use super::super::table::{empty_table, virtual_table};
use crate::sql::virtual_table::SystemContext;

/// `pg_class` and `pg_constraint`, as classes of objects.
const CLASS: u32 = 1259;
const CONSTRAINT: u32 = 2606;
const NAMESPACE: u32 = 2615;

virtual_table!(PG_DEPEND = pg_catalog.pg_depend, 2608, edge in cx: edges(cx) => {
    classid "oid" = edge.class,
    objid "oid" = edge.object,
    objsubid "int4" = 0_i32,
    refclassid "oid" = edge.on_class,
    refobjid "oid" = edge.on_object,
    refobjsubid "int4" = edge.on_column,
    deptype "\"char\"" = edge.kind,
});

virtual_table!(PG_DESCRIPTION = pg_catalog.pg_description, 2609, schema in _cx: SCHEMAS.into_iter().filter(|schema| !schema.description.is_empty()) => {
    objoid "oid" = schema.oid,
    classoid "oid" = NAMESPACE,
    objsubid "int4" = 0_i32,
    description "text" = schema.description,
});

empty_table!(PG_SHDESCRIPTION = pg_catalog.pg_shdescription, 2396 => {
    objoid "oid", classoid "oid", description "text",
});

empty_table!(PG_SHDEPEND = pg_catalog.pg_shdepend, 1214 => {
    dbid "oid", classid "oid", objid "oid", objsubid "int4", refclassid "oid", refobjid "oid",
    deptype "\"char\"",
});

/// One object that goes when another does: `a` automatically, `i` as a part of it, `n` not.
struct Edge {
    class: u32,
    object: u32,
    on_class: u32,
    on_object: u32,
    on_column: i32,
    kind: char,
}

fn edges(cx: &SystemContext<'_>) -> Vec<Edge> {
    let mut edges: Vec<Edge> = cx
        .catalog
        .sequences()
        .filter_map(|sequence| {
            let (owner, column) = sequence.owner?;
            let table = cx.catalog.table_by_id(owner)?;
            Some(on_column(
                CLASS,
                sequence.id.0,
                table,
                column,
                ownership(table, column),
            ))
        })
        .collect();
    for index in all_indexes(cx).iter().filter(|index| !index.constraint) {
        let columns = index.columns.iter();
        edges.extend(columns.map(|column| on_column(CLASS, index.oid, index.table, *column, 'a')));
    }
    for constraint in all(cx) {
        let table = constraint.table;
        let columns = constraint.columns().into_iter();
        edges.extend(
            columns.map(|column| on_column(CONSTRAINT, constraint.oid, table, column, 'a')),
        );
        match constraint.kind {
            ConstraintKind::Unique(index) => edges.push(Edge {
                class: CLASS,
                object: index.oid,
                on_class: CONSTRAINT,
                on_object: constraint.oid,
                on_column: 0,
                kind: 'i',
            }),
            ConstraintKind::Foreign(key, Some(target)) => {
                let columns = key.target_columns.iter();
                edges.extend(
                    columns
                        .map(|column| on_column(CONSTRAINT, constraint.oid, target, *column, 'n')),
                );
            }
            _ => {}
        }
    }
    edges
}

/// An identity column's sequence is a part of the column, a serial one only goes with it.
fn ownership(table: &Table, column: u32) -> char {
    let column = table.position(column).and_then(|at| table.columns.get(at));
    if column.is_some_and(|column| column.identity.is_some()) {
        'i'
    } else {
        'a'
    }
}

fn on_column(class: u32, object: u32, table: &Table, column: u32, kind: char) -> Edge {
    Edge {
        class,
        object,
        on_class: CLASS,
        on_object: table.id.0,
        on_column: i32::from(attnum(table, column)),
        kind,
    }
}
