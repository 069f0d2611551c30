//! # System: the database described to its clients
//!
//! **What.** The tables of `pg_catalog` and `information_schema`, computed from the live
//! catalogue when they are read; the functions that describe objects (`pg_get_indexdef`,
//! `format_type`); and object names as values (`'users'::regclass`).
//!
//! **Why.** psql's `\d`, every driver's type lookup and every migration tool ask here, in
//! PostgreSQL's own vocabulary. The whole catalogue is in memory on every node, so the answer
//! costs no round trip and can never lag behind the schema.
//!
//! **How.**
//!
//! ```text
//!   Catalog --relation, constraint, schema, owner--> catalog/, information/   rows
//!           \--define, deparse--------------------> functions/               text
//!            \--names-----------------------------> reg_in, reg_out          OIDs
//! ```
//!
//! A collection's number is its OID; built-in objects have PostgreSQL's, all below 16384.
//! Everything is a pure function of a [`SystemContext`].
//!
//! **Limits.** Every table is computed whole at each read. One database, four schemas.
//! Privileges always hold. Columns number from 1 in the order shown, without gaps.
//!
//! **Further reading.** PostgreSQL manual, chapters 37, 53 and 54; psql's `describe.c`.

mod catalog;
mod constraint;
mod define;
pub mod deparse;
mod functions;
mod information;
mod keyspace;
mod name;
mod names;
mod owner;
mod procedure;
mod relation;
mod schema;
mod stored;
#[cfg(test)]
mod system_test;
mod table;
#[cfg(test)]
pub mod testing;

use std::collections::HashMap;
use std::sync::LazyLock;

use stele_core::record::value::{Result, Type};

use crate::sql::virtual_table::{SystemContext, VirtualTable};

pub use functions::call;

/// Every virtual table.
pub fn tables() -> impl Iterator<Item = &'static VirtualTable> {
    catalog::TABLES.iter().chain(information::TABLES).copied()
}

/// The virtual table of this name. Every bare table name asks here first, so it is a hash away.
pub fn find(schema: &str, name: &str) -> Option<&'static VirtualTable> {
    let named = match schema {
        "pg_catalog" => &PG_CATALOG,
        "information_schema" => &INFORMATION_SCHEMA,
        _ => return None,
    };
    named.get(name).copied()
}

type ByName = HashMap<&'static str, &'static VirtualTable>;

static PG_CATALOG: LazyLock<ByName> = LazyLock::new(|| by_name(catalog::TABLES));
static INFORMATION_SCHEMA: LazyLock<ByName> = LazyLock::new(|| by_name(information::TABLES));

fn by_name(tables: &[&'static VirtualTable]) -> ByName {
    tables.iter().map(|table| (table.name, *table)).collect()
}

/// Whether there is a schema of this name.
pub fn schema_exists(name: &str) -> bool {
    schema::named(name).is_some()
}

/// Text to a value of an object-naming type: `'users'::regclass`.
///
/// Errors: 42P01, 42704, 42883, 3F000 for no such object; 42725 for several; 42602 for no name.
pub fn reg_in(cx: &SystemContext<'_>, ty: &Type, text: &str) -> Result<u32> {
    names::object_oid(cx, ty, text)
}

/// A value of an object-naming type as text; the number when it names nothing.
pub fn reg_out(cx: &SystemContext<'_>, ty: &Type, oid: u32) -> String {
    names::object_text(cx, ty, oid)
}
