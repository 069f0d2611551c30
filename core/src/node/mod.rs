//! The roof: what the doors see of all this.
//!
//! What: [`Database`] and its verbs, [`Node`] that opens and closes one, the
//! keeper that reclaims, the bus for messages that are not kept.
//!
//! Why: a door translates and has no opinion about data, order or time; so
//! everything it may ask for has one name here, in plain data.
//!
//! How:
//!
//! ```text
//! read, read_all   a view: one record's latest state, or a frozen cut
//! write            ops that stand alone, or all-or-none
//! begin            an interactive transaction
//! catalog          the schema
//! next_value       sequences
//! signal, listen   the bus; on `db.>` it tells of changes
//! follow           the feed, from a cursor
//! ```
//! Publications follow it too, into streams.
//!
//! Limits: one node; each read and write level gives at least what it says.
//!
//! Further reading: `docs/architecture.md`.

mod boot;
mod bus;
mod default;
mod events;
#[cfg(test)]
mod events_test;
mod follow;
#[cfg(test)]
mod follow_test;
mod keeper;
#[cfg(test)]
mod node_test;
mod publication;
#[cfg(test)]
mod publication_test;
mod sequence;
mod told;

use std::sync::Arc;
use std::time::Duration;

use stele_placement::PartitionId;

use crate::apply::SnapshotRows;
use crate::error::{Error, Result};
use crate::record::table::Catalog;
use crate::record::{CollectionId, Key, Level, Token};
use crate::store::StoreRows;
use crate::txn::{Batch, Engine, Txn, TxnOptions, View, Written};

pub use boot::{Node, NodeOptions};
pub use bus::{Audience, Bus, Ear, Listener, Matcher, Message, Pattern, Routes, Sent, Subscribed};
pub use follow::{Followed, Passage};

use sequence::Sequences;

/// How long a call waits for what its token has seen, unless it says otherwise.
const TOKEN_WAIT_MS: u64 = 10_000;

/// A door's handle on everything. Cheap to clone.
#[derive(Clone)]
pub struct Database {
    engine: Arc<Engine>,
    bus: Bus,
    sequences: Arc<Sequences>,
}

impl Database {
    pub(crate) fn new(engine: Arc<Engine>) -> Self {
        Self {
            engine,
            bus: Bus::default(),
            sequences: Arc::default(),
        }
    }

    /// The time by which deadlines are judged, milliseconds since the Unix epoch.
    pub fn now_ms(&self) -> u64 {
        self.engine.parts().clock.now_ms()
    }

    /// Wall clock, microseconds since the Unix epoch.
    pub fn now_us(&self) -> u64 {
        self.engine.parts().env.now_us()
    }

    /// Sixty-four random bits.
    pub fn random(&self) -> u64 {
        self.engine.parts().env.random()
    }

    /// Resolves after a while.
    pub async fn sleep(&self, duration: Duration) {
        self.engine.parts().env.sleep(duration).await;
    }

    /// A view of these records as they are committed: a frozen cut in which no
    /// transaction that touches one of them is half done. Without keys, of
    /// everything ([`Database::read_all`]).
    pub async fn read(&self, keys: &[Key], level: &Level) -> Result<View> {
        self.wait_for_token(level).await?;
        if keys.is_empty() {
            return self.engine.snapshot_view().await;
        }
        Ok(self.engine.frozen_view(keys).await)
    }

    /// A view of one record that is read by a single `get` (its head): the
    /// cheapest read there is.
    pub async fn read_head(&self, key: &Key, level: &Level) -> Result<View> {
        self.wait_for_token(level).await?;
        self.engine.settle_key(key).await;
        Ok(self.engine.direct_view())
    }

    /// A view of everything that is committed now, whatever was in flight
    /// waited out.
    pub async fn read_all(&self, level: &Level) -> Result<View> {
        self.wait_for_token(level).await?;
        self.engine.snapshot_view().await
    }

    /// Writes a batch; see [`Batch`]. Not cancel safe: run it to its end.
    pub async fn write(&self, batch: Batch, level: &Level) -> Result<Written> {
        self.wait_for_token(level).await?;
        self.engine.write(batch, level).await
    }

    /// Begins a transaction.
    pub fn begin(&self, options: TxnOptions) -> Txn {
        Txn::begin(self.engine.clone(), options)
    }

    /// The schema as this node has folded it.
    pub fn catalog(&self) -> Arc<Catalog> {
        self.engine.catalog()
    }

    /// How many records a collection has.
    pub fn count(&self, collection: CollectionId) -> u64 {
        self.engine.parts().apply.count(collection)
    }

    /// Removes every record of a collection.
    pub async fn clear(&self, collection: CollectionId) -> Result<u64> {
        self.engine.clear(collection, false).await
    }

    /// The next value of a sequence. Never given twice; not taken back by a
    /// rollback.
    ///
    /// Errors: `Invalid` at the end of the sequence or for an unknown one.
    pub async fn next_value(&self, sequence: CollectionId) -> Result<i64> {
        self.sequences.next(&self.engine, sequence).await
    }

    /// Sets a sequence: `called` = the next value is the one after `value`.
    pub async fn set_value(&self, sequence: CollectionId, value: i64, called: bool) -> Result<()> {
        self.sequences
            .set(&self.engine, sequence, value, called)
            .await
    }

    /// Sends a message to whoever listens; it is not kept. How many heard it.
    pub fn signal(&self, subject: &[u8], payload: &[u8]) -> usize {
        self.bus.send(&Sent::new(subject, payload))
    }

    /// A listener that has subscribed to nothing yet.
    pub fn listen(&self) -> Listener {
        self.bus.listen()
    }

    /// The bus, for those who count subscribers.
    pub fn bus(&self) -> &Bus {
        &self.bus
    }

    /// The engine, for operators' questions and schema changes.
    pub fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }

    /// Waits until this node has folded what the token has seen.
    async fn wait_for_token(&self, level: &Level) -> Result<()> {
        match &level.token {
            Some(token) => self.engine.wait_for(token, level.deadline_ms).await,
            None => Ok(()),
        }
    }
}

impl Engine {
    async fn settle_key(&self, key: &Key) {
        self.committing().settle_key(key).await;
    }

    fn direct_view(&self) -> View {
        View::store(self.latest(), self.parts().clock.now_ms())
    }

    async fn frozen_view(&self, keys: &[Key]) -> View {
        let store = &self.parts().store;
        let cut = self.committing().cut(keys, || store.snapshot()).await;
        View::store(StoreRows(cut), self.parts().clock.now_ms())
    }

    async fn snapshot_view(self: &Arc<Self>) -> Result<View> {
        let guard = self.open_snapshot().await?;
        let rows = SnapshotRows {
            store: self.parts().store.clone(),
            stamp: guard.stamp(),
        };
        Ok(View::at(rows, guard))
    }

    /// Waits until this node has folded what the token has seen; not for ever,
    /// because a token may come from a log that is gone.
    async fn wait_for(&self, token: &Token, limit_ms: Option<u64>) -> Result<()> {
        for (partition, index) in token.positions() {
            let group = PartitionId(partition);
            if self.parts().partitions.groups().all(|known| known != group) {
                return Err(Error::invalid(format!(
                    "the token names {group}, which does not exist"
                )));
            }
            if self.parts().apply.applied_of(group) >= index {
                continue;
            }
            let limit = Duration::from_millis(limit_ms.unwrap_or(TOKEN_WAIT_MS));
            tokio::select! {
                () = self.applied(group, index) => {}
                () = self.parts().env.sleep(limit) => {
                    let message = format!("{group} has not come to entry {index} of the token");
                    return Err(Error::unavailable(message));
                }
            }
        }
        Ok(())
    }

    async fn applied(&self, group: PartitionId, index: u64) {
        loop {
            let next = self.parts().feed.next();
            tokio::pin!(next);
            next.as_mut().enable();
            if self.parts().apply.applied_of(group) >= index {
                return;
            }
            next.await;
        }
    }
}
