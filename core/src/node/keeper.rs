//! The keeper: reclaims what nobody can see any more. Records whose time has
//! come, elements of dead generations, versions no snapshot needs, outcomes of
//! settled transactions, old changes, storages of dropped tables.
//!
//! Expiry and clearing go through the log, because others must see them.
//! Garbage, history and the feed's tail are this replica's own affair.

use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use stele_placement::PartitionId;

use super::NodeOptions;
use super::follow;
use super::publication::HELD_FACTOR;
use crate::apply::{feed_prefix, feed_row, until};
use crate::error::Result;
use crate::op::{Command, CommandReply};
use crate::record::layout::{self, Tag};
use crate::record::{Fsync, Key, head};
use crate::store::{Family, StoreBatch};
use crate::txn::{Engine, LockMode, LockWait, RowRecord, RowResult, Txn, TxnOptions};

/// How often the keeper looks.
const PAUSE: Duration = Duration::from_millis(100);
/// Every how many looks it does the slower chores.
const SLOW_EVERY: u64 = 20;
/// How many rows it takes at a time.
const CHUNK: usize = 1000;
/// How many expired rows of tables are deleted at once.
const ROW_COUNT_MAX: usize = 64;
/// How long it waits for a lock: a client that sits on a table, or on a row that
/// refers to an expired one, must not stop expiry elsewhere.
const LOCK_WAIT_MS: u64 = 20;
/// How many old versions are looked at before something else has its turn.
const VERSION_COUNT_MAX: usize = 100_000;

/// What the keeper remembers from one look to the next.
#[derive(Default)]
struct Memory {
    /// The schema in which no storage was found that nobody names.
    tidy_schema: Option<u64>,
    /// Deadlines before this were looked at.
    expired_ms: u64,
    /// Where looking through old versions goes on.
    history_from: Vec<u8>,
}

/// Runs until the node stops (the task is aborted).
pub async fn run(engine: Arc<Engine>, options: NodeOptions) {
    let mut memory = Memory::default();
    for round in 1u64.. {
        engine.parts().env.sleep(PAUSE).await;
        if let Err(error) = look(&engine, &options, &mut memory, round).await {
            tracing::warn!(%error, "the keeper will try again");
        }
    }
}

async fn look(
    engine: &Arc<Engine>,
    options: &NodeOptions,
    memory: &mut Memory,
    round: u64,
) -> Result<()> {
    // What could not be removed is tried again now and then, not at every look,
    // nor are the gaps that removed rows have left walked each time.
    let is_slow = round.is_multiple_of(SLOW_EVERY);
    let now_ms = engine.parts().clock.now_ms();
    let from_ms = if is_slow { 0 } else { memory.expired_ms };
    for group in engine.parts().partitions.groups() {
        expire_from(engine, group, from_ms).await?;
    }
    memory.expired_ms = now_ms;
    if is_slow {
        engine.forget().await?;
        for group in engine.parts().partitions.groups() {
            while sweep_garbage(engine, group)? {
                tokio::task::yield_now().await;
            }
            trim_feed(engine, group, options.feed_entries_kept)?;
        }
        sweep_history(engine, &mut memory.history_from)?;
        clear_orphans(engine, memory).await?;
    }
    Ok(())
}

/// Removes records whose deadline has passed. How many.
#[cfg(test)]
pub async fn expire(engine: &Arc<Engine>, group: PartitionId) -> Result<u64> {
    expire_from(engine, group, 0).await
}

/// Removes records whose deadline has passed, at `from_ms` or later.
async fn expire_from(engine: &Arc<Engine>, group: PartitionId, from_ms: u64) -> Result<u64> {
    let mut from = layout::system(Tag::Expiry, group.0);
    let mut to = from.clone();
    from.extend_from_slice(&from_ms.to_be_bytes());
    to.extend_from_slice(&(engine.parts().clock.now_ms() + 1).to_be_bytes());
    let mut removed = 0;
    loop {
        let store = &engine.parts().store;
        let mut due = Vec::new();
        let mut last = None;
        for row in store.scan(Family::Index, &from, &to, false).take(CHUNK) {
            let (row, _) = row?;
            due.extend(layout::parse_expiry(&row).map(|(_, key)| key));
            last = Some(row);
        }
        let is_full = due.len() == CHUNK;
        removed += expire_some(engine, group, due).await?;
        match last {
            // What could not be removed now must not stand before the others.
            Some(last) if is_full => from = [&last[..], &[0]].concat(),
            _ => return Ok(removed),
        }
    }
}

async fn expire_some(engine: &Arc<Engine>, group: PartitionId, due: Vec<Key>) -> Result<u64> {
    let catalog = engine.catalog();
    let (rows, keys): (Vec<Key>, Vec<Key>) = due
        .into_iter()
        .partition(|key| catalog.table_of_storage(key.collection).is_some());
    let mut removed = 0;
    for rows in rows.chunks(ROW_COUNT_MAX) {
        let calls = rows.iter().map(|key| expire_row(engine, key));
        for (outcome, key) in join_all(calls).await.into_iter().zip(rows) {
            match outcome {
                Ok(is_gone) => removed += u64::from(is_gone),
                // Another row refers to it, or somebody was faster.
                Err(error) => tracing::debug!(%error, %key, "an expired row stays for now"),
            }
        }
    }
    if !keys.is_empty() {
        let command = Command::Expire { keys };
        let log = &engine.parts().log;
        let proposed = log.propose(group, command, Fsync::Off).await?;
        if let CommandReply::Removed(count) = proposed.reply {
            removed += count;
        }
    }
    Ok(removed)
}

/// A table's row has index entries that only its schema knows: it is deleted by
/// a transaction. Is it gone? Not if somebody has it locked: later, then.
async fn expire_row(engine: &Arc<Engine>, key: &Key) -> RowResult<bool> {
    let catalog = engine.catalog();
    let Some(table) = catalog.table_of_storage(key.collection) else {
        return Ok(false);
    };
    let mut options = TxnOptions::default();
    options.level.fsync = Some(Fsync::Off); // found again if it gets lost
    options.lock_timeout_ms = LOCK_WAIT_MS;
    let mut txn = Txn::begin(engine.clone(), options);
    txn.use_table(table).await?;
    let keys = std::slice::from_ref(key);
    let locked = txn.lock(keys, LockMode::Exclusive, LockWait::SkipLocked);
    if locked.await? != [true] {
        return Ok(false);
    }
    let row = {
        let view = txn.latest(keys).await?;
        match head::stored(&view, key)? {
            Some(head) if head.is_expired(view.now_ms()) => {
                RowRecord::of_head(table, key.clone(), &head)?
            }
            _ => return Ok(false),
        }
    };
    txn.delete_row(table, &row).await?;
    txn.commit().await?;
    Ok(true)
}

/// Removes what dropped tables and indexes have left, when the schema has
/// changed since the last time.
async fn clear_orphans(engine: &Arc<Engine>, memory: &mut Memory) -> Result<()> {
    let schema = engine.catalog().version;
    if memory.tidy_schema == Some(schema) {
        return Ok(());
    }
    let Some(orphans) = engine.orphans().await? else {
        return Ok(());
    };
    for orphan in orphans {
        engine.clear(orphan, true).await?;
    }
    memory.tidy_schema = Some(schema);
    Ok(())
}

/// Deletes elements that no head names any more. May there be others?
fn sweep_garbage(engine: &Arc<Engine>, group: PartitionId) -> Result<bool> {
    let from = layout::system(Tag::Garbage, group.0);
    let to = layout::end_of(&from);
    let store = &engine.parts().store;
    let oldest = engine.parts().snapshots.oldest();
    let mut batch = StoreBatch::default();
    let mut swept = 0;
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
        swept += 1;
    }
    if !batch.is_empty() {
        store.write(batch, false)?;
    }
    Ok(swept == CHUNK)
}

/// Deletes versions that no open snapshot can need, from where it stopped the
/// last time.
fn sweep_history(engine: &Arc<Engine>, from: &mut Vec<u8>) -> Result<()> {
    let parts = engine.parts();
    let now = parts.clock.read();
    let oldest = parts.snapshots.oldest().unwrap_or(now).min(now);
    let mut batch = StoreBatch::default();
    let mut last = None;
    let versions = parts
        .store
        .scan(Family::History, from, &[u8::MAX; 16], false);
    for (seen, row) in versions.take(VERSION_COUNT_MAX).enumerate() {
        let (key, _) = row?;
        if until(&key).is_some_and(|until| until <= oldest) {
            batch.delete(Family::History, key.clone());
        }
        last = (seen + 1 == VERSION_COUNT_MAX).then_some(key);
    }
    *from = last.map(|key| key.to_vec()).unwrap_or_default();
    if batch.is_empty() {
        return Ok(());
    }
    parts.store.write(batch, false)
}

/// Keeps the newest entries of a partition's feed, and notes where it now begins,
/// so that a reader who comes too late is told.
pub(super) fn trim_feed(engine: &Arc<Engine>, group: PartitionId, kept: u64) -> Result<()> {
    let applied = engine.parts().apply.applied_of(group);
    let Some(mut first_kept) = applied.checked_sub(kept) else {
        return Ok(());
    };
    // A publication may be late, but writers are not stopped for it, nor the disk filled.
    if let Some(after) = engine.parts().feed.held(group) {
        let at_least = applied.saturating_sub(kept.saturating_mul(HELD_FACTOR));
        first_kept = first_kept.min(after + 1).max(at_least);
    }
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
    let (row, floor) = follow::floor(group, first_kept);
    batch.put(Family::Meta, row, floor);
    engine.parts().store.write(batch, false)
}
