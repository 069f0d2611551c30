//! What a read command is given: rows at one moment, and where a key's record lies in them.

use std::sync::atomic::Ordering;

use bytes::Bytes;
use stele_core::Database;
use stele_core::record::head::{self, Head};
use stele_core::record::rows::Rows;
use stele_core::record::{CollectionId, Key, Kind, layout};

use crate::fault::{Fault, WRONG_TYPE};
use crate::rows::{Place, Tables};
use crate::server::Server;

/// One moment of the data, as a read sees it.
pub struct Reading<'a> {
    /// The physical rows.
    pub rows: &'a dyn Rows,
    /// The moment, milliseconds since the Unix epoch; what expired before it is absent.
    pub now_ms: u64,
    /// The selected database.
    pub database: u8,
    /// The tables whose rows are keys too.
    pub tables: &'a Tables,
    /// Random bits, for reads that choose.
    pub seed: u64,
    /// What connections share: where element scans stand, counters.
    pub server: &'a Server,
    /// Exact counters, where they agree with the rows: not inside a transaction.
    pub counts: Option<&'a Database>,
}

impl Reading<'_> {
    /// Where a key's record lies; `None`: nowhere, for it cannot be a key of its table.
    #[must_use]
    pub fn place(&self, name: &Bytes) -> Option<Key> {
        match self.tables.place(self.database, name) {
            Place::Keyspace(key) | Place::Row { key, .. } => Some(key),
            Place::NoRow { .. } => None,
        }
    }

    /// The head of a key's record, whatever its type.
    ///
    /// # Errors
    /// When stored bytes do not decode.
    pub fn head(&self, name: &Bytes) -> Result<Option<(Key, Head)>, Fault> {
        let Some(key) = self.place(name) else {
            return Ok(None);
        };
        let found = head::live(self.rows, &key, self.now_ms)?;
        let stats = &self.server.stats;
        let counter = if found.is_some() {
            &stats.hits
        } else {
            &stats.misses
        };
        counter.fetch_add(1, Ordering::Relaxed);
        Ok(found.map(|head| (key, head)))
    }

    /// The head of a key's record if it is of the given type.
    ///
    /// # Errors
    /// `WRONGTYPE` if it is of another.
    pub fn typed(&self, name: &Bytes, kind: Kind) -> Result<Option<(Key, Head)>, Fault> {
        let found = self.head(name)?;
        match found {
            Some((_, head)) if head.kind != kind => Err(WRONG_TYPE),
            found => Ok(found),
        }
    }
}

impl Reading<'_> {
    /// How many keys the database has, those not yet reclaimed included.
    ///
    /// # Errors
    /// When stored bytes cannot be read.
    pub fn count(&self) -> Result<u64, Fault> {
        let mut total = 0;
        for collection in self.collections() {
            total += match self.counts {
                Some(db) => db.count(collection),
                None => count_heads(self.rows, collection)?,
            };
        }
        Ok(total)
    }

    /// The collections whose records are keys of this database.
    #[must_use]
    pub fn collections(&self) -> Vec<CollectionId> {
        let mut collections = vec![CollectionId(u32::from(self.database))];
        if self.database == 0 {
            collections.extend(self.tables.all().map(|table| table.storage));
        }
        collections
    }
}

fn count_heads(rows: &dyn Rows, collection: CollectionId) -> Result<u64, Fault> {
    let (from, to) = layout::heads(collection);
    let mut count = 0;
    for row in rows.scan(&from, &to, false) {
        row?;
        count += 1;
    }
    Ok(count)
}

/// The name TYPE gives a type; a row is a hash to this door.
#[must_use]
pub fn type_name(kind: Kind) -> &'static str {
    match kind {
        Kind::String => "string",
        Kind::Hash | Kind::Row => "hash",
        Kind::List => "list",
        Kind::Set => "set",
        Kind::Zset => "zset",
        Kind::Stream => "stream",
    }
}
