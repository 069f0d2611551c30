//! The keeper: reclaims what nobody can see any more. Records whose time has
//! come, elements of dead generations, versions no snapshot needs, outcomes of
//! settled transactions, old changes, storages of dropped tables.
//!
//! Expiry and clearing go through the log, because others must see them.
//! Garbage, history and the feed's tail are this replica's own affair.

use std::sync::Arc;
use std::time::Duration;

use stele_placement::PartitionId;

use super::NodeOptions;
use crate::apply::{feed_prefix, feed_row, until};
use crate::error::Result;
use crate::op::Command;
use crate::record::layout::{self, Tag};
use crate::record::{Fsync, Key};
use crate::store::{Family, StoreBatch};
use crate::txn::{Engine, LockMode, LockWait, RowRecord, Txn, TxnOptions};

/// How often the keeper looks.
const PAUSE: Duration = Duration::from_millis(100);
/// Every how many looks it does the slower chores.
const SLOW_EVERY: u64 = 20;
/// How many rows it takes at a time.
const CHUNK: usize = 1000;

/// Runs until the node stops (the task is aborted).
pub async fn run(engine: Arc<Engine>, options: NodeOptions) {
    for round in 1u64.. {
        engine.parts().env.sleep(PAUSE).await;
        if let Err(error) = look(&engine, &options, round).await {
            tracing::warn!(%error, "the keeper will try again");
        }
    }
}

async fn look(engine: &Arc<Engine>, options: &NodeOptions, round: u64) -> Result<()> {
    for group in engine.parts().partitions.groups() {
        expire(engine, group).await?;
    }
    if round.is_multiple_of(SLOW_EVERY) {
        engine.forget().await?;
        for group in engine.parts().partitions.groups() {
            sweep_garbage(engine, group)?;
            trim_feed(engine, group, options.feed_entries_kept)?;
        }
        sweep_history(engine)?;
        for orphan in engine.orphans() {
            engine.clear(orphan, true).await?;
        }
    }
    Ok(())
}

/// Removes records whose deadline has passed.
pub async fn expire(engine: &Arc<Engine>, group: PartitionId) -> Result<u64> {
    let from = layout::system(Tag::Expiry, group.0);
    let mut to = from.clone();
    to.extend_from_slice(&(engine.parts().clock.now_ms() + 1).to_be_bytes());
    let store = &engine.parts().store;
    let mut due = Vec::new();
    for row in store.scan(Family::Index, &from, &to, false).take(CHUNK) {
        due.extend(layout::parse_expiry(&row?.0).map(|(_, key)| key));
    }
    if due.is_empty() {
        return Ok(0);
    }
    let catalog = engine.catalog();
    let (rows, keys): (Vec<Key>, Vec<Key>) = due
        .into_iter()
        .partition(|key| catalog.table_of_storage(key.collection).is_some());
    for key in &rows {
        expire_row(engine, key).await?;
    }
    if !keys.is_empty() {
        let command = Command::Expire { keys };
        engine
            .parts()
            .log
            .propose(group, command, Fsync::Off)
            .await?;
    }
    Ok(0)
}

/// A table's row has index entries that only its schema knows: it is deleted by
/// a transaction.
async fn expire_row(engine: &Arc<Engine>, key: &Key) -> Result<()> {
    let catalog = engine.catalog();
    let Some(table) = catalog.table_of_storage(key.collection) else {
        return Ok(());
    };
    let mut txn = Txn::begin(engine.clone(), TxnOptions::default());
    let locked = txn
        .lock(
            std::slice::from_ref(key),
            LockMode::Exclusive,
            LockWait::SkipLocked,
        )
        .await?;
    if locked != [true] {
        return Ok(());
    }
    let row = {
        let view = txn.latest(std::slice::from_ref(key)).await?;
        match crate::record::head::stored(&view, key)? {
            Some(head) if head.is_expired(view.now_ms()) => {
                Some(RowRecord::of_head(table, key.clone(), &head)?)
            }
            _ => None,
        }
    };
    if let Some(row) = row {
        if let Err(error) = txn.delete_row(table, &row).await {
            tracing::warn!(%error, %key, "an expired row stays until it can be deleted");
            return Ok(());
        }
        txn.commit().await?;
    }
    Ok(())
}

/// Deletes elements that no head names any more.
fn sweep_garbage(engine: &Arc<Engine>, group: PartitionId) -> Result<()> {
    let from = layout::system(Tag::Garbage, group.0);
    let to = layout::end_of(&from);
    let store = &engine.parts().store;
    let oldest = engine.parts().snapshots.oldest();
    let mut batch = StoreBatch::default();
    for row in store.scan(Family::Base, &from, &to, false).take(CHUNK) {
        let (row, _) = row?;
        let Some((died, elements)) = layout::parse_garbage(&row) else {
            continue;
        };
        if oldest.is_some_and(|oldest| oldest <= died) {
            break;
        }
        let end = layout::end_of(&elements);
        let few: Vec<_> = store
            .scan(Family::Base, &elements, &end, false)
            .take(CHUNK)
            .map(|element| element.map(|(key, _)| key))
            .collect::<Result<_>>()?;
        if few.len() < CHUNK {
            for key in few {
                batch.delete(Family::Base, key);
            }
        } else {
            batch.delete_range(Family::Base, elements, end);
        }
        batch.delete(Family::Base, row);
    }
    if batch.is_empty() {
        return Ok(());
    }
    store.write(batch, false)
}

/// Deletes versions that no open snapshot can need.
fn sweep_history(engine: &Arc<Engine>) -> Result<()> {
    let parts = engine.parts();
    let now = parts.clock.read();
    let oldest = parts.snapshots.oldest().unwrap_or(now).min(now);
    let mut batch = StoreBatch::default();
    for row in parts
        .store
        .scan(Family::History, &[], &[u8::MAX; 16], false)
        .take(CHUNK * 10)
    {
        let (key, _) = row?;
        if until(&key).is_some_and(|until| until <= oldest) {
            batch.delete(Family::History, key);
        }
    }
    if batch.is_empty() {
        return Ok(());
    }
    parts.store.write(batch, false)
}

/// Keeps the newest entries of a partition's feed.
fn trim_feed(engine: &Arc<Engine>, group: PartitionId, kept: u64) -> Result<()> {
    let applied = engine.parts().apply.applied_of(group);
    let Some(first_kept) = applied.checked_sub(kept) else {
        return Ok(());
    };
    let (from, to) = (feed_prefix(group.0), feed_row(group.0, first_kept));
    if engine
        .parts()
        .store
        .scan(Family::Feed, &from, &to, false)
        .nth(CHUNK)
        .is_none()
    {
        return Ok(());
    }
    let mut batch = StoreBatch::default();
    batch.delete_range(Family::Feed, from, to);
    engine.parts().store.write(batch, false)
}
