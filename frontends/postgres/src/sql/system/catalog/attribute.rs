//! `pg_attribute` and `pg_attrdef`: columns, and the defaults of those that have one.

use stele_core::record::table::{Column, Identity, Table};
use stele_core::record::value::{ColumnType, Type};

use super::super::relation::{Relation, RelationKind, relations};
use super::super::stored::Stored;
use super::super::table::{NULL, virtual_table};
use super::types::{align, by_value, collation, storage};
use crate::sql::execute::stream;
use crate::sql::virtual_table::{SystemContext, VirtualColumn};

/// Added to a table's OID and column id for the OID of the column's default.
const DEFAULT_OID_BASE: u32 = 0x4000_0000;

virtual_table!(PG_ATTRIBUTE = pg_catalog.pg_attribute, 1249, column in cx: attributes(cx) => {
    attrelid "oid" = column.relation,
    attname "name" = column.name,
    atttypid "oid" = column.ty.ty.oid(),
    attstattarget "int4" = -1_i32,
    attlen "int2" = column.ty.ty.length(),
    attnum "int2" = column.number,
    attndims "int4" = i32::from(matches!(column.ty.ty, Type::Array(_))),
    attcacheoff "int4" = -1_i32,
    atttypmod "int4" = column.ty.typmod,
    attbyval "bool" = by_value(&column.ty.ty),
    attalign "\"char\"" = align(&column.ty.ty),
    attstorage "\"char\"" = storage(&column.ty.ty),
    attcompression "\"char\"" = "",
    attnotnull "bool" = column.not_null,
    atthasdef "bool" = column.has_default,
    atthasmissing "bool" = false,
    attidentity "\"char\"" = column.identity,
    attgenerated "\"char\"" = "",
    attisdropped "bool" = false,
    attislocal "bool" = true,
    attinhcount "int4" = 0_i32,
    attcollation "oid" = collation(&column.ty.ty),
    attacl "text[]" = NULL,
    attoptions "text[]" = NULL,
    attfdwoptions "text[]" = NULL,
    attmissingval "text[]" = NULL,
});

virtual_table!(PG_ATTRDEF = pg_catalog.pg_attrdef, 2604, (table, number, column) in cx: defaults(cx) => {
    oid "oid" = DEFAULT_OID_BASE | (table.id.0 << 11) | column.id,
    adrelid "oid" = table.id.0,
    adnum "int2" = number,
    adbin "text" = Stored::Default { table: table.id.0, column: column.id }.to_string(),
});

/// One column of one relation.
struct Attribute<'a> {
    relation: u32,
    name: &'a str,
    ty: ColumnType,
    number: i16,
    not_null: bool,
    has_default: bool,
    identity: &'static str,
}

impl<'a> Attribute<'a> {
    fn plain(relation: u32, at: usize, name: &'a str, ty: ColumnType) -> Attribute<'a> {
        let number = i16::try_from(at + 1).unwrap_or(i16::MAX);
        Attribute {
            relation,
            name,
            ty,
            number,
            not_null: false,
            has_default: false,
            identity: "",
        }
    }

    fn of_table(table: &'a Table, at: usize, column: &'a Column) -> Attribute<'a> {
        Attribute {
            not_null: column.not_null,
            has_default: has_default(column),
            identity: identity(column),
            ..Attribute::plain(table.id.0, at, &column.name, column.ty.clone())
        }
    }
}

fn attributes<'a>(cx: &SystemContext<'a>) -> Vec<Attribute<'a>> {
    relations(cx).iter().flat_map(columns).collect()
}

fn columns<'a>(relation: &Relation<'a>) -> Vec<Attribute<'a>> {
    let oid = relation.oid;
    match &relation.kind {
        RelationKind::Table(table) => {
            let columns = table.columns.iter().enumerate();
            columns
                .map(|(at, column)| Attribute::of_table(table, at, column))
                .collect()
        }
        RelationKind::Index(index) => {
            let columns = index.columns().enumerate();
            columns
                .map(|(at, column)| Attribute::plain(oid, at, &column.name, column.ty.clone()))
                .collect()
        }
        RelationKind::Sequence(_) => {
            let columns = [
                ("last_value", Type::Int8),
                ("log_cnt", Type::Int8),
                ("is_called", Type::Bool),
            ];
            let columns = columns.into_iter().enumerate();
            let columns =
                columns.map(|(at, (name, ty))| Attribute::plain(oid, at, name, ty.into()));
            columns
                .map(|column| Attribute {
                    not_null: true,
                    ..column
                })
                .collect()
        }
        RelationKind::Stream => {
            let columns = stream::COLUMNS.iter().enumerate();
            columns
                .map(|(at, column)| {
                    Attribute::plain(oid, at, column.name, column.ty.clone().into())
                })
                .collect()
        }
        RelationKind::Keyspace(view) => {
            let columns = view.view.columns().iter().enumerate();
            columns
                .map(|(at, column)| {
                    Attribute::plain(oid, at, column.name, column.ty.clone().into())
                })
                .collect()
        }
        RelationKind::Virtual(table) => virtual_columns(oid, table.columns),
    }
}

fn virtual_columns<'a>(oid: u32, columns: &'static [VirtualColumn]) -> Vec<Attribute<'a>> {
    let columns = columns.iter().enumerate();
    columns
        .map(|(at, column)| Attribute::plain(oid, at, column.name, column.column_type()))
        .collect()
}

/// `pg_attribute.attidentity`: `a` always, `d` by default, empty for every other column.
fn identity(column: &Column) -> &'static str {
    match column.identity {
        Some(Identity::Always) => "a",
        Some(Identity::ByDefault) => "d",
        None => "",
    }
}

/// Whether the column shows a default: an identity column's sequence is not one.
fn has_default(column: &Column) -> bool {
    column.identity.is_none() && (column.default.is_some() || column.sequence.is_some())
}

fn defaults<'a>(cx: &SystemContext<'a>) -> Vec<(&'a Table, i16, &'a Column)> {
    let mut found = Vec::new();
    for table in cx.catalog.tables() {
        for (at, column) in table.columns.iter().enumerate() {
            if has_default(column) {
                found.push((&**table, i16::try_from(at + 1).unwrap_or(i16::MAX), column));
            }
        }
    }
    found
}
