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
use crate::error::{Error, ErrorKind, Result};
use crate::op::{Command, CommandReply, Expect, Op, OpError, TxnId};
use crate::record::{CollectionId, Fsync, Key, Stamp, Token};

/// One partition's part of a transaction.
#[derive(Debug, Default)]
struct Part {
    expects: Vec<Expect>,
    ops: Vec<(Key, Op)>,
}

/// Committed, or the refusal that kept it from happening.
type Outcome = std::result::Result<Token, OpError>;

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
            for (key, version) in std::mem::take(&mut *self.reads.keys.lock()) {
                // What was expected first, by name, is the stricter.
                expects.entry(key).or_insert(version);
            }
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
        // Without expectations the locks vouch for everything, so that a
        // refusal comes from another's promise, which is soon kept or dropped.
        let relies = self.parts.values().any(|part| !part.expects.is_empty());
        loop {
            let outcome = match self.parts.iter().next() {
                Some((partition, part)) if self.parts.len() == 1 => {
                    self.in_one(*partition, part).await
                }
                _ => self.in_several().await,
            }?;
            match outcome {
                Ok(token) => return Ok(token),
                Err(OpError::Moved) if !relies => {
                    self.txn = TxnId(self.engine.parts.clock.read().0);
                }
                Err(why) => return Err(refused(&why)),
            }
        }
    }

    async fn in_one(&self, partition: PartitionId, part: &Part) -> Result<Outcome> {
        let command = Command::All {
            expects: part.expects.clone(),
            ops: part.ops.clone(),
        };
        let log = &self.engine.parts.log;
        let proposed = log.propose(partition, command, self.fsync).await?;
        match proposed.reply {
            CommandReply::All(_) => Ok(Ok(Token::at(partition.0, proposed.index))),
            CommandReply::Refused(why) => Ok(Err(why)),
            other => Err(unexpected(self.txn, &other)),
        }
    }

    async fn in_several(&self) -> Result<Outcome> {
        let participants: Vec<u16> = self.parts.keys().map(|partition| partition.0).collect();
        let calls = self.parts.iter().map(|(partition, part)| {
            let command = Command::Prepare {
                txn: self.txn,
                participants: participants.clone(),
                expects: part.expects.clone(),
                ops: part.ops.clone(),
            };
            let log = &self.engine.parts.log;
            log.propose(*partition, command, self.fsync)
        });
        let mut refusal = None;
        let mut failure = None;
        let mut unknown = None;
        for answer in join_all(calls).await {
            match answer.map(|proposed| proposed.reply) {
                Ok(CommandReply::Prepared(_)) => {}
                Ok(CommandReply::Refused(why)) => refusal = Some(why),
                Ok(other) => failure = Some(unexpected(self.txn, &other)),
                Err(error) if error.kind == ErrorKind::Unknown => unknown = Some(error),
                // It did not get that far: a command too large, a log that closes.
                Err(error) => failure = Some(error),
            }
        }
        if refusal.is_some() || failure.is_some() {
            // One that did not promise decides, whatever became of the others.
            // Where this does not arrive, the next start finds the same.
            let undone = self.resolve(&participants, None).await;
            if let Err(error) = undone {
                tracing::warn!(%error, "an aborted transaction is cleared up later");
            }
        }
        if let Some(error) = failure {
            return Err(error);
        }
        if let Some(why) = refusal {
            return Ok(Err(why));
        }
        if let Some(error) = unknown {
            return Err(Error::unknown(format!(
                "{}: {error}; its outcome is settled at the next start",
                self.txn
            )));
        }
        self.make_visible(&participants).await.map(Ok)
    }

    /// Every log has the prepare: it is committed. Now show it.
    async fn make_visible(&self, participants: &[u16]) -> Result<Token> {
        let ops = || self.parts.values().map(|part| &part.ops);
        let keys = ops().flatten().map(|(key, _)| key.clone()).collect();
        let count = ops().map(|ops| ops.len() as u64).max().unwrap_or(1);
        let clock = &self.engine.parts.clock;
        loop {
            let begun = self.engine.committing.begin(&keys, || clock.take(count));
            if let Some(begun) = begun {
                return self.resolve(participants, Some(begun.stamp)).await;
            }
            self.engine.raise_clock().await.map_err(|error| {
                Error::unknown(format!(
                    "{}: {error}; it is committed and shows at the next start",
                    self.txn
                ))
            })?;
        }
    }

    /// Tells every participant how it ended. Need not be durable: the prepares
    /// are, and whoever finds them after a crash comes to the same end.
    async fn resolve(&self, participants: &[u16], commit: Option<Stamp>) -> Result<Token> {
        let calls = participants.iter().map(|partition| {
            let command = Command::Resolve {
                txn: self.txn,
                commit,
            };
            self.engine
                .parts
                .log
                .propose(PartitionId(*partition), command, Fsync::Off)
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
