//! Publications: streams that are made of tables' changes.
//!
//! What: a publication's stream holds every row that its tables had, then every
//! change, once each, and per key in the order in which they happened.
//!
//! Why: events on the bus are not kept, and a follower that keeps a cursor of
//! its own has to get two things right, which are got right here: where the
//! rows end and the changes begin, and that a crash repeats nothing.
//!
//! How: a feeder for each partition and publication. Its [`Place`] is a record
//! in the slot of the stream, written in the same entry as the messages that
//! took it there: both are in the log, or neither.
//!
//! ```text
//!          snapshot of the store: rows, and the index up to which they are folded
//!             |
//!   ... rows told so far | a chunk | rows not told yet ...            by key
//!   changes up to index:   of told rows: told, one by one
//!                          of others: passed over, a chunk brings them as they are
//!   then the chunk, with the index as the new place
//! ```
//! So each row is in a chunk exactly once, and exactly those changes are told that
//! its chunk has not seen. Once every chunk is told only changes are left.
//!
//! Limits: the changes of one log entry may become several entries of the stream:
//! a transaction is not told as one. The feed is kept for a feeder that is late,
//! but not without end ([`HELD_FACTOR`]); when its place is gone the stream gets
//! a message on `db.gap` and all rows again.
//!
//! Further reading: Andreakis and Papapanagiotou, "DBLog: A Watermark Based
//! Change-Data-Capture Framework" (2020), whose watermarks are log indexes here.

mod feeder;
mod place;
mod teller;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use stele_placement::PartitionId;

use super::Database;
use crate::error::Result;
use crate::record::table::{Catalog, Publication, StreamDefinition};
use crate::record::{CollectionId, Key};

use feeder::Feeder;
use place::Place;

/// How long a feeder rests that was refused.
const PAUSE: Duration = Duration::from_secs(1);
/// The feed is kept for a feeder this many times as long as for anybody else.
pub const HELD_FACTOR: u64 = 10;

/// One publication's share of one partition.
#[derive(Clone)]
struct Share {
    publication: Arc<Publication>,
    stream: Arc<StreamDefinition>,
    group: PartitionId,
}

impl Share {
    fn id(&self) -> (CollectionId, PartitionId) {
        (self.publication.id, self.group)
    }

    /// The record of how far it has come.
    fn place_key(&self) -> Key {
        self.stream
            .beside(format!("feed/{}", self.group.0).as_bytes())
    }
}

fn shares(db: &Database, catalog: &Catalog) -> Vec<Share> {
    let mut shares = Vec::new();
    for publication in catalog.publications() {
        let Some(stream) = catalog.stream(&publication.name) else {
            continue;
        };
        for group in db.engine().parts().partitions.groups() {
            if stream.id == publication.stream && group != PartitionId::META {
                shares.push(Share {
                    publication: publication.clone(),
                    stream: stream.clone(),
                    group,
                });
            }
        }
    }
    shares
}

/// Keeps the feed from being trimmed before the feeders have looked at it.
pub fn hold(db: &Database) -> Result<()> {
    for share in shares(db, &db.catalog()) {
        if let Some(place) = Place::read(db, &share.place_key())? {
            let feed = &db.engine().parts().feed;
            feed.hold(share.publication.id, share.group, place.after);
        }
    }
    Ok(())
}

/// Feeds every publication's stream (the task is aborted).
pub async fn run(db: Database) {
    let mut feeders: BTreeMap<(CollectionId, PartitionId), Feeder> = BTreeMap::new();
    loop {
        let (seen, catalog) = (db.positions(), db.catalog());
        let shares = shares(&db, &catalog);
        feeders.retain(|id, _| {
            let is_there = shares.iter().any(|share| share.id() == *id);
            if !is_there {
                db.engine().parts().feed.release(id.0);
            }
            is_there
        });
        let (mut has_more, mut is_stuck) = (false, false);
        for share in &shares {
            let feeder = feeders.entry(share.id()).or_default();
            match feeder.step(&db, &catalog, share).await {
                Ok(more) => has_more |= more,
                Err(error) => {
                    tracing::warn!(%error, publication = share.publication.name, "a publication waits");
                    // What is in the log says where it stands.
                    *feeder = Feeder::default();
                    is_stuck = true;
                }
            }
        }
        match (has_more, is_stuck) {
            (_, true) => db.sleep(PAUSE).await,
            (true, false) => tokio::task::yield_now().await,
            (false, false) if shares.is_empty() => db.schema_after(catalog.version).await,
            (false, false) => db.published_after(&seen).await,
        }
    }
}
