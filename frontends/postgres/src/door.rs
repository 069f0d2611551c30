//! The door itself: what the kit opens, and what all its connections share.

use std::sync::Arc;

use parking_lot::Mutex;
use stele_core::Database;
use stele_kit::{Client, Door};
use stele_search::Search;

use crate::session::Activity;
use crate::wire::cancel::Registry;
use crate::wire::connection;

/// The user who may come in from this machine without a password, until it gets one.
pub const DEFAULT_USER: &str = "stele";
/// The one database there is.
pub const DEFAULT_DATABASE: &str = "stele";

/// What a client beyond the limit is told: FATAL 53300, encoded by hand because there is no
/// connection to encode it.
const REFUSAL: &[u8] =
    b"E\x00\x00\x00\x3bSFATAL\0VFATAL\0C53300\0Msorry, too many clients already\0\0";

/// The postgres door.
pub struct Postgres {
    shared: Arc<Shared>,
}

impl Postgres {
    /// A door onto this database, without full-text search.
    pub fn new(db: &Database) -> Self {
        Self::open(db, None)
    }

    /// A door whose statements may search.
    pub fn with_search(search: &Search) -> Self {
        Self::open(search.database(), Some(search.clone()))
    }

    fn open(db: &Database, search: Option<Search>) -> Self {
        Self {
            shared: Arc::new(Shared {
                search,
                registry: Arc::default(),
                activity: Mutex::default(),
                started_us: crate::session::since_2000_us(db.now_ms()),
            }),
        }
    }
}

/// What the connections of one door share.
pub struct Shared {
    /// The node's full-text indexes.
    pub search: Option<Search>,
    /// When the door was opened, microseconds since 2000-01-01 UTC.
    pub started_us: i64,
    /// Whom a cancel request may reach.
    pub registry: Arc<Registry>,
    /// What every session is doing, for `pg_stat_activity`.
    pub activity: Mutex<Vec<Arc<Activity>>>,
}

impl Door for Postgres {
    const NAME: &'static str = "postgres";

    async fn serve(&self, client: Client, db: Database) -> stele_kit::Result<()> {
        Ok(connection::serve(client, db, Arc::clone(&self.shared)).await?)
    }

    fn refusal(&self) -> &'static [u8] {
        REFUSAL
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_refusal_says_its_own_length() {
        let length = REFUSAL
            .get(1..5)
            .and_then(|bytes| bytes.try_into().ok())
            .map(u32::from_be_bytes);
        assert_eq!(
            length.map(|length| length as usize),
            Some(REFUSAL.len() - 1)
        );
    }
}
