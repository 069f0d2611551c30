//! Decides whether a key is a row's, and whose.

use std::sync::Arc;

use bytes::Bytes;
use stele_core::record::Key;
use stele_core::record::table::{Catalog, StreamDefinition, Table};

/// The tables as of one moment.
#[derive(Debug, Clone)]
pub struct Tables {
    catalog: Arc<Catalog>,
}

/// What a key of this door addresses.
#[derive(Debug, Clone)]
pub enum Place {
    /// An untyped record.
    Keyspace(Key),
    /// A row of a table, there or not.
    Row {
        /// The row's address.
        key: Key,
        /// Its table.
        table: Arc<Table>,
        /// The key as the client spelled it, without the table's name.
        spelling: String,
    },
    /// The name is a table's, but no row of it can have such a key.
    NoRow {
        /// The table.
        table: Arc<Table>,
    },
}

impl Tables {
    /// The tables of a catalogue.
    #[must_use]
    pub fn new(catalog: Arc<Catalog>) -> Self {
        Self { catalog }
    }

    /// Every table.
    pub fn all(&self) -> impl Iterator<Item = &Arc<Table>> {
        self.catalog.tables()
    }

    /// The stream of this name, which is a key of database 0 to the stream commands.
    #[must_use]
    pub fn stream(&self, database: u8, name: &[u8]) -> Option<&Arc<StreamDefinition>> {
        let name = std::str::from_utf8(name).ok().filter(|_| database == 0)?;
        self.catalog.stream(name)
    }

    /// Whether a stream is made of tables' changes.
    #[must_use]
    pub fn is_fed(&self, stream: &StreamDefinition) -> bool {
        self.catalog.publication_of(stream).is_some()
    }

    /// What a key of a database addresses.
    #[must_use]
    pub fn place(&self, database: u8, name: &Bytes) -> Place {
        let found = if database == 0 {
            self.catalog.table_of_spelling(name)
        } else {
            None
        };
        let Some((table, spelling)) = found else {
            return Place::Keyspace(Key::keyspace(database, name.clone()));
        };
        match table.key_of_spelling(spelling) {
            Some(key) => Place::Row {
                key,
                table: Arc::clone(table),
                spelling: spelling.to_owned(),
            },
            None => Place::NoRow {
                table: Arc::clone(table),
            },
        }
    }

    /// Whether a key's name is a table's.
    #[must_use]
    pub fn owns(&self, database: u8, name: &[u8]) -> bool {
        database == 0 && self.catalog.table_of_spelling(name).is_some()
    }
}
