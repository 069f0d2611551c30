//! Commit: one entry where one partition suffices, else prepare, resolve, and
//! later forget (see the essay of this folder).

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use futures::future::join_all;
use stele_placement::PartitionId;

use super::engine::Engine;
use super::transaction::{Isolation, Txn};
use crate::apply::SnapshotGuard;
use crate::env::spawn;
use crate::error::{Error, Result};
use crate::op::{Command, CommandReply, Expect, Op, OpError, TxnId};
use crate::record::{CollectionId, Fsync, Key, Stamp, Token};

/// One partition's part of a transaction.
#[derive(Debug, Default)]
struct Part {
    expects: Vec<Expect>,
    ops: Vec<(Key, Op)>,
}

/// A transaction ready to commit, free of the session it came from.
struct Commit {
    engine: Arc<Engine>,
    txn: TxnId,
    parts: BTreeMap<PartitionId, Part>,
    fsync: Fsync,
}

impl Engine {
    /// Opens a snapshot of everything that is committed now.
    pub async fn open_snapshot(self: &Arc<Self>) -> Result<SnapshotGuard> {
        let clock = &self.parts.clock;
        let guard = self.parts.snapshots.open(|| clock.read());
        self.settle(guard.stamp()).await?;
        Ok(guard)
    }
}

impl Txn {
    /// Makes it happen: all of it, durably, visible when this returns.
    ///
    /// Errors: `Conflict` and nothing happened; `Unknown` and it may have.
    /// Cancel safe: once begun, commit runs to its end whoever waits for it.
    pub async fn commit(mut self) -> Result<Token> {
        if self.ops.is_empty() && !self.must_validate() {
            return Ok(Token::default());
        }
        let commit = Commit {
            parts: self.parts(),
            txn: TxnId(self.engine.parts.clock.read().0),
            fsync: self.engine.fsync(&self.options.level),
            engine: self.engine.clone(),
        };
        let task = spawn(async move {
            // The locks go when `self` does: after the outcome is visible.
            let outcome = commit.run().await;
            drop(self);
            outcome
        });
        task.await.unwrap_or_else(|_| {
            Err(Error::unknown(
                "the commit was interrupted; it may have happened",
            ))
        })
    }

    fn must_validate(&self) -> bool {
        !self.expects.is_empty()
    }

    /// Ops and expectations by partition.
    fn parts(&mut self) -> BTreeMap<PartitionId, Part> {
        let mut parts: BTreeMap<PartitionId, Part> = BTreeMap::new();
        let mut expects = std::mem::take(&mut self.expects);
        if self.options.isolation == Isolation::Serializable && !self.ops.is_empty() {
            expects.append(&mut self.reads.keys.lock());
            if let Some(seen) = self.snapshot_stamp() {
                self.add_scans(seen, &mut parts);
            }
        }
        for (key, version) in expects {
            let part = parts.entry(self.partition_of(&key)).or_default();
            part.expects.push(Expect::Version(key, version));
        }
        for (key, op) in std::mem::take(&mut self.ops) {
            parts
                .entry(self.partition_of(&key))
                .or_default()
                .ops
                .push((key, op));
        }
        parts
    }

    fn add_scans(&self, seen: Stamp, parts: &mut BTreeMap<PartitionId, Part>) {
        let catalog = self.engine.catalog();
        let mut scanned: HashSet<CollectionId> = HashSet::new();
        for collection in self.reads.scans.lock().iter() {
            scanned.insert(catalog.storage_of(*collection));
        }
        for group in self.engine.parts.partitions.groups() {
            for collection in &scanned {
                let is_meta = *collection == CollectionId::META;
                if is_meta == (group == PartitionId::META) {
                    let expect = Expect::Unwritten(*collection, seen);
                    parts.entry(group).or_default().expects.push(expect);
                }
            }
        }
    }
}

impl Commit {
    async fn run(mut self) -> Result<Token> {
        if self.parts.len() == 1 {
            if let Some((partition, part)) = self.parts.pop_first() {
                return self.in_one(partition, part).await;
            }
        }
        self.in_several().await
    }

    async fn in_one(&self, partition: PartitionId, part: Part) -> Result<Token> {
        let command = Command::All {
            expects: part.expects,
            ops: part.ops,
        };
        let proposed = self
            .engine
            .parts
            .log
            .propose(partition, command, self.fsync)
            .await?;
        match proposed.reply {
            CommandReply::All(_) => Ok(Token::at(partition.0, proposed.index)),
            CommandReply::Refused(why) => Err(refused(&why)),
            other => Err(unexpected(self.txn, &other)),
        }
    }

    async fn in_several(mut self) -> Result<Token> {
        let participants: Vec<u16> = self.parts.keys().map(|partition| partition.0).collect();
        let op_count = self.parts.values().map(|part| part.ops.len() as u64).max();
        let mut keys = HashSet::new();
        let mut calls = Vec::with_capacity(self.parts.len());
        for (partition, part) in std::mem::take(&mut self.parts) {
            keys.extend(part.ops.iter().map(|(key, _)| key.clone()));
            let command = Command::Prepare {
                txn: self.txn,
                participants: participants.clone(),
                expects: part.expects,
                ops: part.ops,
            };
            calls.push(
                self.engine
                    .parts
                    .log
                    .propose(partition, command, self.fsync),
            );
        }
        let answers = join_all(calls).await;
        let mut refusal = None;
        let mut unknown = None;
        for answer in answers {
            match answer.map(|proposed| proposed.reply) {
                Ok(CommandReply::Prepared(_)) => {}
                Ok(CommandReply::Refused(why)) => refusal = Some(refused(&why)),
                Ok(other) => refusal = Some(unexpected(self.txn, &other)),
                Err(error) => unknown = Some(error),
            }
        }
        if let Some(error) = refusal {
            // One refusal decides, whatever became of the others.
            self.resolve(&participants, None, Fsync::Off).await?;
            return Err(error);
        }
        if let Some(error) = unknown {
            return Err(Error::unknown(format!(
                "{}: {error}; its outcome is settled at the next start",
                self.txn
            )));
        }
        self.make_visible(&participants, keys, op_count.unwrap_or(1))
            .await
    }

    /// Every log has the prepare: it is committed. Now show it.
    async fn make_visible(
        &self,
        participants: &[u16],
        keys: HashSet<Key>,
        op_count: u64,
    ) -> Result<Token> {
        let clock = &self.engine.parts.clock;
        let stamp = self.engine.committing.begin(keys, || clock.take(op_count));
        let Some(stamp) = stamp else {
            return Err(Error::unknown(
                "the clock has run past its durable bound; restart settles the transaction",
            ));
        };
        let token = self.resolve(participants, Some(stamp), Fsync::Off).await;
        self.engine.committing.end(stamp);
        token
    }

    async fn resolve(
        &self,
        participants: &[u16],
        commit: Option<Stamp>,
        fsync: Fsync,
    ) -> Result<Token> {
        let calls = participants.iter().map(|partition| {
            let command = Command::Resolve {
                txn: self.txn,
                commit,
            };
            self.engine
                .parts
                .log
                .propose(PartitionId(*partition), command, fsync)
        });
        let mut token = Token::default();
        for (partition, answer) in participants.iter().zip(join_all(calls).await) {
            let proposed = answer.map_err(|error| {
                Error::unknown(format!(
                    "{} in p{partition}: {error}; its outcome is settled at the next start",
                    self.txn
                ))
            })?;
            token.see(*partition, proposed.index);
        }
        self.engine.remember_to_forget(self.txn, participants);
        Ok(token)
    }
}

impl Engine {
    fn remember_to_forget(&self, txn: TxnId, participants: &[u16]) {
        let mut forgotten = self.forgotten.lock();
        for partition in participants {
            forgotten.entry(*partition).or_default().push(txn);
        }
    }

    /// Drops the outcomes of transactions that everybody has resolved. Called
    /// now and then; an outcome kept longer does no harm.
    pub async fn forget(&self) -> Result<()> {
        let forgotten = std::mem::take(&mut *self.forgotten.lock());
        for (partition, txns) in forgotten {
            let command = Command::Forget { txns };
            self.parts
                .log
                .propose(PartitionId(partition), command, Fsync::Off)
                .await?;
        }
        Ok(())
    }
}

fn refused(why: &OpError) -> Error {
    match why {
        OpError::Moved => Error::conflict("could not serialize access due to concurrent update"),
        other => Error::conflict(format!("an op that was possible is refused now: {other}")),
    }
}

fn unexpected(txn: TxnId, reply: &CommandReply) -> Error {
    Error::conflict(format!("{txn} was answered with {reply:?}"))
}
