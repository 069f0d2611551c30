//! `columns`: every column of every table and view.

use std::sync::Arc;

use stele_core::record::table::{Column, Identity, Sequence};
use stele_core::record::value::ColumnType;

use super::super::define::default_text;
use super::super::relation::{Relation, RelationKind};
use super::super::table::{NULL, empty_table, virtual_table, yes_no};
use super::facts::{data_type, facts};
use super::relation::with_columns;
use crate::sql::execute::stream;
use crate::sql::virtual_table::SystemContext;

virtual_table!(COLUMNS = information_schema.columns, 13295, (column, facts) in cx: columns(cx) => {
    table_catalog "name" = column.database,
    table_schema "name" = column.schema,
    table_name "name" = column.table,
    column_name "name" = column.name,
    ordinal_position "int4" = column.number,
    column_default "varchar" = column.default,
    is_nullable "varchar" = yes_no(!column.not_null),
    data_type "varchar" = data_type(&column.ty.ty),
    character_maximum_length "int4" = facts.characters,
    character_octet_length "int4" = facts.octets,
    numeric_precision "int4" = facts.precision,
    numeric_precision_radix "int4" = facts.radix,
    numeric_scale "int4" = facts.scale,
    datetime_precision "int4" = facts.fraction,
    interval_type "varchar" = NULL,
    interval_precision "int4" = NULL,
    character_set_catalog "name" = NULL,
    character_set_schema "name" = NULL,
    character_set_name "name" = NULL,
    collation_catalog "name" = NULL,
    collation_schema "name" = NULL,
    collation_name "name" = NULL,
    domain_catalog "name" = NULL,
    domain_schema "name" = NULL,
    domain_name "name" = NULL,
    udt_catalog "name" = column.database,
    udt_schema "name" = "pg_catalog",
    udt_name "name" = column.ty.ty.name(),
    scope_catalog "name" = NULL,
    scope_schema "name" = NULL,
    scope_name "name" = NULL,
    maximum_cardinality "int4" = NULL,
    dtd_identifier "name" = column.number.to_string(),
    is_self_referencing "varchar" = "NO",
    is_identity "varchar" = yes_no(column.identity.is_some()),
    identity_generation "varchar" = column.identity.map(generation),
    identity_start "varchar" = column.sequence.map(|sequence| sequence.start.to_string()),
    identity_increment "varchar" = column.sequence.map(|sequence| sequence.increment.to_string()),
    identity_maximum "varchar" = column.sequence.map(|sequence| sequence.max.to_string()),
    identity_minimum "varchar" = column.sequence.map(|sequence| sequence.min.to_string()),
    identity_cycle "varchar" = "NO",
    is_generated "varchar" = "NEVER",
    generation_expression "varchar" = NULL,
    is_updatable "varchar" = yes_no(column.updatable),
});

empty_table!(ELEMENT_TYPES = information_schema.element_types, 13493 => {
    object_catalog "name", object_schema "name", object_name "name", object_type "varchar",
    collection_type_identifier "name", data_type "varchar", character_maximum_length "int4",
    character_octet_length "int4", character_set_catalog "name", character_set_schema "name",
    character_set_name "name", collation_catalog "name", collation_schema "name",
    collation_name "name", numeric_precision "int4", numeric_precision_radix "int4",
    numeric_scale "int4", datetime_precision "int4", interval_type "varchar",
    interval_precision "int4", domain_default "varchar", udt_catalog "name", udt_schema "name",
    udt_name "name", scope_catalog "name", scope_schema "name", scope_name "name",
    maximum_cardinality "int4", dtd_identifier "name",
});

/// One column.
struct Described<'a> {
    database: &'a str,
    schema: &'static str,
    table: &'a str,
    name: &'a str,
    number: i32,
    ty: ColumnType,
    default: Option<String>,
    not_null: bool,
    identity: Option<Identity>,
    sequence: Option<&'a Arc<Sequence>>,
    updatable: bool,
}

fn generation(identity: Identity) -> &'static str {
    match identity {
        Identity::Always => "ALWAYS",
        Identity::ByDefault => "BY DEFAULT",
    }
}

fn columns<'a>(cx: &SystemContext<'a>) -> Vec<(Described<'a>, super::facts::Facts)> {
    let mut all = Vec::new();
    for (relation, database) in with_columns(cx) {
        let described = of_relation(cx, &relation, database).into_iter();
        all.extend(described.map(|column| {
            let facts = facts(&column.ty);
            (column, facts)
        }));
    }
    all
}

fn of_relation<'a>(
    cx: &SystemContext<'a>,
    relation: &Relation<'a>,
    database: &'a str,
) -> Vec<Described<'a>> {
    let plain = |at: usize, name: &'a str, ty: ColumnType| Described {
        database,
        schema: relation.schema.name,
        table: relation.name,
        name,
        number: i32::try_from(at + 1).unwrap_or(i32::MAX),
        ty,
        default: None,
        not_null: false,
        identity: None,
        sequence: None,
        updatable: false,
    };
    match relation.kind {
        RelationKind::Table(table) => {
            let columns = table.columns.iter().enumerate();
            let described = |(at, column): (usize, &'a Column)| Described {
                default: default_text(cx, table, column, false),
                not_null: column.not_null,
                identity: column.identity,
                sequence: identity_sequence(cx, column),
                updatable: true,
                ..plain(at, &column.name, column.ty.clone())
            };
            columns.map(described).collect()
        }
        RelationKind::Stream => {
            let columns = stream::COLUMNS.iter().enumerate();
            columns
                .map(|(at, column)| plain(at, column.name, column.ty.clone().into()))
                .collect()
        }
        RelationKind::Keyspace(view) => {
            let columns = view.view.columns().iter().enumerate();
            columns
                .map(|(at, column)| plain(at, column.name, column.ty.clone().into()))
                .collect()
        }
        RelationKind::Virtual(table) => {
            let columns = table.columns.iter().enumerate();
            columns
                .map(|(at, column)| plain(at, column.name, column.column_type()))
                .collect()
        }
        RelationKind::Index(_) | RelationKind::Sequence(_) => Vec::new(),
    }
}

fn identity_sequence<'a>(cx: &SystemContext<'a>, column: &Column) -> Option<&'a Arc<Sequence>> {
    let sequence = column.sequence.filter(|_| column.identity.is_some())?;
    cx.catalog.sequence_by_id(sequence)
}
