//! Everything `pg_class` has a row for, under one type, and how a name finds it.

use std::borrow::Cow;
use std::sync::Arc;

use stele_core::record::CollectionId;
use stele_core::record::table::{Column, SearchIndex, Sequence, StreamDefinition, Table};
use stele_search::document::{Kind, Mapping};

use super::deparse::quote_literal;
use super::keyspace::{KEYSPACE_VIEWS, KeyspaceView};
use super::schema::{self, Schema};
use crate::sql::virtual_table::{SystemContext, VirtualTable};

/// One relation.
pub(super) struct Relation<'a> {
    /// `pg_class.oid`.
    pub oid: u32,
    /// The schema it is in.
    pub schema: &'static Schema,
    /// The name users see.
    pub name: &'a str,
    /// What it is.
    pub kind: RelationKind<'a>,
}

/// What a relation is.
#[derive(Clone)]
pub(super) enum RelationKind<'a> {
    /// A user's table.
    Table(&'a Arc<Table>),
    /// An index of one.
    Index(IndexInfo<'a>),
    /// A sequence.
    Sequence(&'a Arc<Sequence>),
    /// A stream.
    Stream,
    /// A view of the Redis databases.
    Keyspace(&'static KeyspaceView),
    /// A table or view computed when read.
    Virtual(&'static VirtualTable),
}

/// An index with its table: the primary key's, a secondary one, or one of full text.
#[derive(Clone)]
pub(super) struct IndexInfo<'a> {
    /// The table.
    pub table: &'a Arc<Table>,
    /// `pg_class.oid`.
    pub oid: u32,
    /// The name users see.
    pub name: &'a str,
    /// Column ids, in order.
    pub columns: Cow<'a, [u32]>,
    /// Whether no two rows may agree.
    pub unique: bool,
    /// Whether it is the primary key's.
    pub primary: bool,
    /// Whether a constraint made it.
    pub constraint: bool,
    /// Of full text: its options, `name='value'` each.
    pub search: Option<Vec<String>>,
}

impl<'a> IndexInfo<'a> {
    /// The indexed columns that still exist.
    pub fn columns(&self) -> impl Iterator<Item = &'a Column> + '_ {
        let table = self.table;
        self.columns
            .iter()
            .filter_map(move |id| table.columns.get(table.position(*id)?))
    }
}

/// The indexes of every table, those of full text included.
pub(super) fn all_indexes<'a>(cx: &SystemContext<'a>) -> Vec<IndexInfo<'a>> {
    let tables = cx.catalog.tables();
    tables
        .flat_map(|table| indexes(table).into_iter().chain(search_index(cx, table)))
        .collect()
}

/// The full-text index of a table. One that came with an index of documents lists the text
/// fields that have columns.
pub(super) fn search_index<'a>(
    cx: &SystemContext<'a>,
    table: &'a Arc<Table>,
) -> Option<IndexInfo<'a>> {
    let search: &'a SearchIndex = cx.catalog.search_of(table.id)?;
    let mapping = Mapping::of(search, table).unwrap_or_default();
    let columns = match &mapping.columns {
        Some(columns) => columns.text.clone(),
        None => {
            let fields = mapping.fields.values();
            let texts = fields.filter(|field| field.kind == Kind::Text);
            texts.filter_map(|field| field.column).collect()
        }
    };
    let analyzer = mapping.columns.and_then(|columns| columns.analyzer);
    let option = analyzer.map(|analyzer| format!("analyzer={}", quote_literal(&analyzer)));
    Some(IndexInfo {
        table,
        oid: search.id.0,
        name: &search.name,
        columns: Cow::Owned(columns),
        unique: false,
        primary: false,
        constraint: false,
        search: Some(option.into_iter().collect()),
    })
}

/// The indexes of a table that order rows, the primary key's first.
pub(super) fn indexes(table: &Arc<Table>) -> Vec<IndexInfo<'_>> {
    let primary = table.primary_key.iter().map(|key| IndexInfo {
        table,
        oid: key.id.0,
        name: &key.name,
        columns: Cow::Borrowed(&key.columns),
        unique: true,
        primary: true,
        constraint: true,
        search: None,
    });
    let secondary = table.indexes.iter().map(|index| IndexInfo {
        table,
        oid: index.id.0,
        name: &index.name,
        columns: Cow::Borrowed(&index.columns),
        unique: index.unique,
        primary: false,
        constraint: index.constraint,
        search: None,
    });
    primary.chain(secondary).collect()
}

/// `pg_attribute.attnum` of the column with this id; 0 when it is gone.
pub(super) fn attnum(table: &Table, column: u32) -> i16 {
    let position = table
        .position(column)
        .and_then(|at| i16::try_from(at + 1).ok());
    position.unwrap_or(0)
}

/// Every relation of every schema.
pub(super) fn relations<'a>(cx: &SystemContext<'a>) -> Vec<Relation<'a>> {
    let mut all: Vec<Relation<'a>> = Vec::new();
    for table in cx.catalog.tables() {
        all.push(Relation::public(
            table.id,
            &table.name,
            RelationKind::Table(table),
        ));
    }
    for index in all_indexes(cx) {
        all.push(Relation::public(
            CollectionId(index.oid),
            index.name,
            RelationKind::Index(index),
        ));
    }
    for sequence in cx.catalog.sequences() {
        all.push(Relation::public(
            sequence.id,
            &sequence.name,
            RelationKind::Sequence(sequence),
        ));
    }
    for stream in cx.catalog.streams() {
        all.push(Relation::of_stream(stream));
    }
    all.extend(KEYSPACE_VIEWS.iter().map(Relation::keyspace));
    all.extend(super::tables().map(Relation::of_virtual));
    all
}

impl<'a> Relation<'a> {
    fn public(id: CollectionId, name: &'a str, kind: RelationKind<'a>) -> Relation<'a> {
        Relation {
            oid: id.0,
            schema: &schema::PUBLIC,
            name,
            kind,
        }
    }

    fn of_stream(stream: &'a Arc<StreamDefinition>) -> Relation<'a> {
        Relation::public(stream.id, &stream.name, RelationKind::Stream)
    }

    fn keyspace(view: &'static KeyspaceView) -> Relation<'a> {
        Relation {
            oid: view.oid,
            schema: &schema::REDIS,
            name: view.view.name(),
            kind: RelationKind::Keyspace(view),
        }
    }

    fn of_virtual(table: &'static VirtualTable) -> Relation<'a> {
        let schema = schema::named(table.schema).unwrap_or(&schema::PG_CATALOG);
        Relation {
            oid: table.oid,
            schema,
            name: table.name,
            kind: RelationKind::Virtual(table),
        }
    }

    /// `pg_class.relkind`.
    pub fn relkind(&self) -> char {
        match self.kind {
            RelationKind::Table(_) => 'r',
            RelationKind::Index(_) => 'i',
            RelationKind::Sequence(_) => 'S',
            RelationKind::Stream | RelationKind::Keyspace(_) => 'v',
            RelationKind::Virtual(table) if is_view(table) => 'v',
            RelationKind::Virtual(_) => 'r',
        }
    }

    /// Whether its bare name means it: no schema earlier in the search path has the name.
    pub fn is_visible(&self, cx: &SystemContext<'_>) -> bool {
        let first = schema::search_path(cx).find(|schema| find_in(cx, schema, self.name).is_some());
        first.is_some_and(|schema| schema.oid == self.schema.oid)
    }
}

/// The views among the virtual tables: all of the information schema, and PostgreSQL's own.
fn is_view(table: &VirtualTable) -> bool {
    const VIEW_OID_MIN: u32 = 12000;
    table.oid >= VIEW_OID_MIN
}

/// The relation of this OID; asked for every row of a catalogue query, so nothing is built.
pub(super) fn find_oid<'a>(cx: &SystemContext<'a>, oid: u32) -> Option<Relation<'a>> {
    if oid < CollectionId::FIRST_USER.0 {
        let view = KEYSPACE_VIEWS.iter().find(|view| view.oid == oid);
        let table = || {
            super::tables()
                .find(|table| table.oid == oid)
                .map(Relation::of_virtual)
        };
        return view.map(Relation::keyspace).or_else(table);
    }
    let id = CollectionId(oid);
    if let Some(table) = cx.catalog.table_by_id(id) {
        return Some(Relation::public(
            id,
            &table.name,
            RelationKind::Table(table),
        ));
    }
    if let Some(sequence) = cx.catalog.sequence_by_id(id) {
        return Some(Relation::public(
            id,
            &sequence.name,
            RelationKind::Sequence(sequence),
        ));
    }
    if let Some(stream) = cx.catalog.streams().find(|stream| stream.id == id) {
        return Some(Relation::of_stream(stream));
    }
    let index = index_of(cx, oid)?;
    Some(Relation::public(id, index.name, RelationKind::Index(index)))
}

/// The user's table of this OID.
pub(super) fn table_of<'a>(cx: &SystemContext<'a>, oid: u32) -> Option<&'a Arc<Table>> {
    cx.catalog.table_by_id(CollectionId(oid))
}

/// The index of this OID.
pub(super) fn index_of<'a>(cx: &SystemContext<'a>, oid: u32) -> Option<IndexInfo<'a>> {
    all_indexes(cx).into_iter().find(|index| index.oid == oid)
}

/// The OID of the relation of this name in a schema.
pub(super) fn find_in(cx: &SystemContext<'_>, schema: &Schema, name: &str) -> Option<u32> {
    if schema.oid == schema::PUBLIC.oid {
        return find_public(cx, name);
    }
    if schema.oid == schema::REDIS.oid {
        return KEYSPACE_VIEWS
            .iter()
            .find(|view| view.view.name() == name)
            .map(|view| view.oid);
    }
    super::find(schema.name, name).map(|table| table.oid)
}

fn find_public(cx: &SystemContext<'_>, name: &str) -> Option<u32> {
    if let Some(table) = cx.catalog.table(name) {
        return Some(table.id.0);
    }
    if let Some(sequence) = cx.catalog.sequence(name) {
        return Some(sequence.id.0);
    }
    if let Some(stream) = cx.catalog.stream(name) {
        return Some(stream.id.0);
    }
    all_indexes(cx)
        .into_iter()
        .find(|index| index.name == name)
        .map(|index| index.oid)
}
