//! The views of the Redis databases, as the catalogue lists them.

use crate::sql::virtual_table::VirtualColumn;

/// A view over every Redis database.
pub(super) struct KeyspaceView {
    /// `pg_class.oid`.
    pub oid: u32,
    /// The name in the schema `redis`.
    pub name: &'static str,
    /// Its columns.
    pub columns: &'static [VirtualColumn],
}

const fn column(name: &'static str, ty: &'static str) -> VirtualColumn {
    VirtualColumn { name, ty }
}

/// Every view, with the columns a record of its kind has.
pub(super) static KEYSPACE_VIEWS: [KeyspaceView; 6] = [
    KeyspaceView {
        oid: 13001,
        name: "keys",
        columns: &[
            column("db", "int4"),
            column("key", "text"),
            column("type", "text"),
            column("ttl_ms", "int8"),
        ],
    },
    KeyspaceView {
        oid: 13002,
        name: "strings",
        columns: &[
            column("db", "int4"),
            column("key", "text"),
            column("value", "text"),
            column("ttl_ms", "int8"),
        ],
    },
    KeyspaceView {
        oid: 13003,
        name: "hashes",
        columns: &[
            column("db", "int4"),
            column("key", "text"),
            column("field", "text"),
            column("value", "text"),
        ],
    },
    KeyspaceView {
        oid: 13004,
        name: "lists",
        columns: &[
            column("db", "int4"),
            column("key", "text"),
            column("index", "int8"),
            column("value", "text"),
        ],
    },
    KeyspaceView {
        oid: 13005,
        name: "sets",
        columns: &[
            column("db", "int4"),
            column("key", "text"),
            column("member", "text"),
        ],
    },
    KeyspaceView {
        oid: 13006,
        name: "zsets",
        columns: &[
            column("db", "int4"),
            column("key", "text"),
            column("member", "text"),
            column("score", "float8"),
        ],
    },
];
