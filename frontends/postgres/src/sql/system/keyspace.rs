//! The views of the Redis databases, as the catalogue lists them.

use crate::sql::execute::keyspace::View;

/// A view over a Redis database, with its number in the catalogue.
pub(super) struct KeyspaceView {
    /// `pg_class.oid`.
    pub oid: u32,
    /// What it shows.
    pub view: View,
}

/// Every view.
pub(super) static KEYSPACE_VIEWS: [KeyspaceView; 6] = [
    KeyspaceView {
        oid: 13001,
        view: View::Keys,
    },
    KeyspaceView {
        oid: 13002,
        view: View::Strings,
    },
    KeyspaceView {
        oid: 13003,
        view: View::Hashes,
    },
    KeyspaceView {
        oid: 13004,
        view: View::Lists,
    },
    KeyspaceView {
        oid: 13005,
        view: View::Sets,
    },
    KeyspaceView {
        oid: 13006,
        view: View::Zsets,
    },
];
