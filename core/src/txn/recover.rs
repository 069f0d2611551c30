//! Recovery: transactions that a crash left between prepare and resolve.
//!
//! Runs before the doors open. For each intent, every participant is asked how
//! things stand; the question itself bars a prepare that never came.

use std::collections::BTreeMap;
use std::sync::Arc;

use stele_placement::PartitionId;

use super::engine::Engine;
use crate::error::{Error, Result};
use crate::op::{Command, CommandReply, TxnId};
use crate::record::layout::{self, Tag};
use crate::record::{Fsync, Stamp};
use crate::store::Family;

/// Settles every transaction in doubt. Returns how many there were.
pub async fn recover(engine: &Arc<Engine>) -> Result<usize> {
    let mut in_doubt: BTreeMap<TxnId, (Vec<u16>, u64)> = BTreeMap::new();
    for group in engine.parts.partitions.groups() {
        for intent in engine.parts.apply.intents(group)? {
            let found = in_doubt.entry(intent.txn).or_default();
            found.0 = intent.participants;
            found.1 = found.1.max(intent.ops.len() as u64);
        }
    }
    for (txn, (participants, op_count)) in &in_doubt {
        let commit = decide(engine, *txn, participants, *op_count).await?;
        tracing::info!(%txn, committed = commit.is_some(), "settled a transaction in doubt");
        for partition in participants {
            let command = Command::Resolve { txn: *txn, commit };
            propose(engine, *partition, command).await?;
        }
    }
    forget_all(engine).await?;
    Ok(in_doubt.len())
}

/// All prepared, or one has committed: commit. Otherwise abort.
async fn decide(
    engine: &Arc<Engine>,
    txn: TxnId,
    participants: &[u16],
    op_count: u64,
) -> Result<Option<Stamp>> {
    for partition in participants {
        match propose(engine, *partition, Command::Inquire { txn }).await? {
            CommandReply::Prepared(_) => {}
            CommandReply::Ended(outcome) => return Ok(outcome),
            other => {
                return Err(Error::corrupt(format!(
                    "{txn} inquired and heard {other:?}"
                )));
            }
        }
    }
    loop {
        if let Some(stamp) = engine.parts.clock.take(op_count) {
            return Ok(Some(stamp));
        }
        engine.raise_clock().await?;
    }
}

/// Every transaction is settled now, so no outcome is needed any more.
async fn forget_all(engine: &Arc<Engine>) -> Result<()> {
    for group in engine.parts.partitions.groups() {
        let from = layout::system(Tag::Outcome, group.0);
        let to = layout::end_of(&from);
        let mut txns = Vec::new();
        for row in engine.parts.store.scan(Family::Base, &from, &to, false) {
            let (key, _) = row?;
            let name = key.get(from.len()..).and_then(|name| name.try_into().ok());
            txns.extend(name.map(|name| TxnId(u64::from_be_bytes(name))));
        }
        if !txns.is_empty() {
            propose(engine, group.0, Command::Forget { txns }).await?;
        }
    }
    Ok(())
}

async fn propose(engine: &Arc<Engine>, partition: u16, command: Command) -> Result<CommandReply> {
    let log = &engine.parts.log;
    let proposed = log
        .propose(PartitionId(partition), command, Fsync::Always)
        .await?;
    Ok(proposed.reply)
}
