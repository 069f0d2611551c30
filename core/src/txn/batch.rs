//! Plain writes: ops that each stand alone, or a small transaction by value.

use futures::future::join_all;
use stele_placement::PartitionId;

use super::engine::Engine;
use super::transaction::{Txn, TxnOptions};
use crate::env::spawn;
use crate::error::{Error, ErrorKind, Result};
use crate::op::{Command, CommandReply, Op, OpError, Reply};
use crate::record::{Fsync, Key, Level, Token};
use std::sync::Arc;

/// Ops for one call.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// What to do, in order.
    pub ops: Vec<(Key, Op)>,
    /// All or none? Otherwise each op stands alone.
    pub atomic: bool,
}

impl Batch {
    /// One op.
    pub fn one(key: Key, op: Op) -> Self {
        Self {
            ops: vec![(key, op)],
            atomic: false,
        }
    }
}

/// How a batch was answered.
#[derive(Clone, Debug)]
pub struct Written {
    /// One answer per op, in order.
    pub replies: Vec<Result<Reply, OpError>>,
    /// Where the ops stand in their logs.
    pub token: Token,
}

impl Engine {
    /// Writes a batch. An atomic batch that is refused changes nothing and
    /// answers the refusal for every op.
    pub async fn write(self: &Arc<Self>, batch: Batch, level: &Level) -> Result<Written> {
        if batch.atomic && batch.ops.len() > 1 {
            return self.write_atomic(batch, level).await;
        }
        let count = batch.ops.len();
        let mut shares: Vec<Share> = Vec::new();
        for (place, (key, op)) in batch.ops.into_iter().enumerate() {
            let partition = self.partition_of(&key);
            match shares.iter_mut().find(|share| share.partition == partition) {
                Some(share) => share.add(place, key, op),
                None => {
                    let mut share = Share::new(partition);
                    share.add(place, key, op);
                    shares.push(share);
                }
            }
        }
        let mut written = Written {
            replies: vec![Ok(Reply::None); count],
            token: Token::default(),
        };
        // All are waited for, also if one fails: what is on its way happens.
        let calls = shares
            .into_iter()
            .map(|share| self.write_share(share, level));
        for answer in join_all(calls).await {
            let (places, at, replies) = answer?;
            written.token.merge(&at);
            for (place, reply) in places.into_iter().zip(replies) {
                if let Some(slot) = written.replies.get_mut(place) {
                    *slot = reply;
                }
            }
        }
        Ok(written)
    }

    async fn write_share(self: &Arc<Self>, share: Share, level: &Level) -> Result<Answer> {
        let (partition, places) = (share.partition, share.places);
        let mut guard = self.lock_ops(partition, share.ops).await;
        let ops = guard.ops.clone();
        let (mut replies, index) = self.propose_each(partition, ops, level).await?;
        let mut token = Token::at(partition.0, index);
        loop {
            // Ops that met a promise made without a lock (on a record that was
            // only read) come again, in their order, until it is kept.
            let moved: Vec<usize> = (0..replies.len())
                .filter(|at| matches!(replies.get(*at), Some(Err(OpError::Moved))))
                .collect();
            if moved.is_empty() {
                guard.landed();
                return Ok((places, token, replies));
            }
            let ops = moved.iter().filter_map(|at| guard.ops.get(*at).cloned());
            let (answers, index) = self.propose_each(partition, ops.collect(), level).await?;
            token.see(partition.0, index);
            for (at, answer) in moved.into_iter().zip(answers) {
                if let Some(slot) = replies.get_mut(at) {
                    *slot = answer;
                }
            }
        }
    }

    async fn propose_each(
        &self,
        partition: PartitionId,
        ops: Vec<(Key, Op)>,
        level: &Level,
    ) -> Result<(Vec<Result<Reply, OpError>>, u64)> {
        let command = Command::Each(ops);
        let log = &self.parts.log;
        let proposed = log.propose(partition, command, self.fsync(level)).await?;
        match proposed.reply {
            CommandReply::Each(replies) => Ok((replies, proposed.index)),
            other => Err(Error::corrupt(format!("ops were answered with {other:?}"))),
        }
    }

    /// Op locks on every key; nothing is held while waiting for another.
    async fn lock_ops(self: &Arc<Self>, partition: PartitionId, ops: Vec<(Key, Op)>) -> OpGuard {
        let keys: Vec<&Key> = ops.iter().map(|(key, _)| key).collect();
        while let Err(blocked) = self.locks.try_ops(&keys) {
            let Some(turn) = self.locks.wait_op(&blocked) else {
                continue;
            };
            if turn.came().await {
                if keys.len() == 1 {
                    break;
                }
                self.locks.release_ops([&blocked]);
            }
        }
        OpGuard {
            engine: self.clone(),
            partition,
            ops,
            in_flight: true,
        }
    }

    /// All or none in one partition: one entry, and no transaction.
    async fn write_together(
        self: &Arc<Self>,
        partition: PartitionId,
        batch: Batch,
        level: &Level,
    ) -> Result<Written> {
        let mut guard = self.lock_ops(partition, batch.ops).await;
        loop {
            let command = Command::All {
                expects: Vec::new(),
                ops: guard.ops.clone(),
            };
            let log = &self.parts.log;
            let proposed = log.propose(partition, command, self.fsync(level)).await?;
            let replies = match proposed.reply {
                CommandReply::All(replies) => replies.into_iter().map(Ok).collect(),
                // Another's promise, soon kept.
                CommandReply::Refused(OpError::Moved) => continue,
                CommandReply::Refused(why) => vec![Err(why); guard.ops.len()],
                other => return Err(Error::corrupt(format!("ops were answered with {other:?}"))),
            };
            guard.landed();
            let token = Token::at(partition.0, proposed.index);
            return Ok(Written { replies, token });
        }
    }

    async fn write_atomic(self: &Arc<Self>, batch: Batch, level: &Level) -> Result<Written> {
        let mut partitions = batch.ops.iter().map(|(key, _)| self.partition_of(key));
        if let Some(first) = partitions.next()
            && partitions.all(|other| other == first)
        {
            return self.write_together(first, batch, level).await;
        }
        let options = TxnOptions {
            level: level.clone(),
            ..TxnOptions::default()
        };
        loop {
            let mut txn = Txn::begin(self.clone(), options.clone());
            match try_all(&mut txn, &batch).await {
                Ok(Ok(replies)) => match txn.commit().await {
                    Ok(token) => return Ok(Written { replies, token }),
                    Err(error) if is_retryable(&error) => {}
                    Err(error) => return Err(error),
                },
                Ok(Err(refusal)) => {
                    let replies = vec![Err(refusal); batch.ops.len()];
                    let token = Token::default();
                    return Ok(Written { replies, token });
                }
                Err(error) if is_retryable(&error) => {}
                Err(error) => return Err(error),
            }
        }
    }
}

/// Would the same batch, begun again, have a chance?
fn is_retryable(error: &Error) -> bool {
    matches!(
        error.kind,
        ErrorKind::Conflict | ErrorKind::Deadlock | ErrorKind::Retry
    )
}

async fn try_all(
    txn: &mut Txn,
    batch: &Batch,
) -> Result<Result<Vec<Result<Reply, OpError>>, OpError>> {
    let mut keys: Vec<Key> = batch.ops.iter().map(|(key, _)| key.clone()).collect();
    keys.sort();
    keys.dedup();
    txn.lock(&keys, super::LockMode::Exclusive, super::LockWait::Block)
        .await?;
    let mut replies = Vec::with_capacity(batch.ops.len());
    for (key, op) in &batch.ops {
        match txn.write(key, op.clone()).await? {
            Ok(reply) => replies.push(Ok(reply)),
            Err(refusal) => return Ok(Err(refusal)),
        }
    }
    Ok(Ok(replies))
}

type Answer = (Vec<usize>, Token, Vec<Result<Reply, OpError>>);

/// One partition's ops of a batch, and where in the batch they stood.
struct Share {
    partition: PartitionId,
    places: Vec<usize>,
    ops: Vec<(Key, Op)>,
}

impl Share {
    fn new(partition: PartitionId) -> Self {
        Self {
            partition,
            places: Vec::new(),
            ops: Vec::new(),
        }
    }

    fn add(&mut self, place: usize, key: Key, op: Op) {
        self.places.push(place);
        self.ops.push((key, op));
    }
}

/// Ops whose keys are locked. Gives the locks back when dropped; if the caller
/// goes away before its answer, then when the ops have been folded: until then
/// no transaction may believe that it is alone.
struct OpGuard {
    engine: Arc<Engine>,
    partition: PartitionId,
    ops: Vec<(Key, Op)>,
    in_flight: bool,
}

impl OpGuard {
    /// The ops are folded, or never will be.
    fn landed(&mut self) {
        self.in_flight = false;
    }

    fn release(&self) {
        let keys = self.ops.iter().map(|(key, _)| key);
        self.engine.locks.release_ops(keys);
    }
}

impl Drop for OpGuard {
    fn drop(&mut self) {
        if !self.in_flight || tokio::runtime::Handle::try_current().is_err() {
            return self.release();
        }
        let left = Self {
            engine: self.engine.clone(),
            partition: self.partition,
            ops: std::mem::take(&mut self.ops),
            in_flight: false,
        };
        drop(spawn(async move {
            // Whatever was on its way stands before this in the log.
            let nothing = Command::Forget { txns: Vec::new() };
            let log = &left.engine.parts.log;
            if let Err(error) = log.propose(left.partition, nothing, Fsync::Off).await {
                tracing::debug!(%error, "nothing more will be folded");
            }
            drop(left);
        }));
    }
}
