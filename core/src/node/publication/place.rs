//! How far a feeder has come.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::node::Database;
use crate::record::{Key, head};

const FORMAT: u8 = 1;

/// A feeder's place in the feed, and in the rows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The changes of the log's entries up to this index are done with.
    pub after: u64,
    /// So many changes of the entries after it are, too.
    pub told: u64,
    /// Which rows were told.
    pub rows: Told,
}

/// Which rows were told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Told {
    /// Those of the tables before this one, and of this one up to a row key.
    UpTo {
        /// The table's position in the publication.
        table: usize,
        /// The last head row that was told; empty = none.
        row: Vec<u8>,
    },
    /// All.
    All,
}

impl Place {
    /// Nothing was told yet, and changes up to here do not matter.
    pub fn start(after: u64) -> Self {
        Self {
            after,
            told: 0,
            rows: Told::UpTo {
                table: 0,
                row: Vec::new(),
            },
        }
    }

    /// Has a table's row been told, as it once was?
    pub fn has_told(&self, table: usize, row: &[u8]) -> bool {
        match &self.rows {
            Told::All => true,
            Told::UpTo {
                table: reached,
                row: last,
            } => table < *reached || (table == *reached && row <= last.as_slice()),
        }
    }

    /// The place that is on record.
    pub fn read(db: &Database, key: &Key) -> Result<Option<Self>> {
        let stored = head::stored(&db.engine().latest(), key)?;
        stored.map(|head| Self::decode(&head.body)).transpose()
    }

    pub fn encode(&self) -> Result<Vec<u8>> {
        postcard::to_extend(self, vec![FORMAT])
            .map_err(|error| Error::invalid(format!("a publication's place: {error}")))
    }

    fn decode(stored: &[u8]) -> Result<Self> {
        match stored.split_first() {
            Some((&FORMAT, body)) => postcard::from_bytes(body)
                .map_err(|error| Error::corrupt(format!("a publication's place: {error}"))),
            _ => Err(Error::corrupt(
                "a publication's place has an unknown format",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_told_in_the_order_of_tables_and_keys() {
        let mut place = Place::start(7);
        assert!(!place.has_told(0, b"a"));
        place.rows = Told::UpTo {
            table: 1,
            row: b"m".to_vec(),
        };
        assert!(place.has_told(0, b"z"));
        assert!(place.has_told(1, b"m"));
        assert!(!place.has_told(1, b"n"));
        assert!(!place.has_told(2, b"a"));
        let stored = place.encode().expect("encodes");
        assert_eq!(Place::decode(&stored).expect("decodes"), place);
    }
}
