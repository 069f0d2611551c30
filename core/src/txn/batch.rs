//! Plain writes: ops that each stand alone, or a small transaction by value.

use futures::future::try_join_all;
use stele_placement::PartitionId;

use super::engine::Engine;
use super::transaction::{Txn, TxnOptions};
use crate::error::{Error, ErrorKind, Result};
use crate::op::{Command, CommandReply, Op, OpError, Reply};
use crate::record::{Key, Level, Token};
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
        let answers = try_join_all(
            shares
                .into_iter()
                .map(|share| self.write_share(share, level)),
        )
        .await?;
        for (places, index, partition, replies) in answers {
            written.token.see(partition.0, index);
            for (place, reply) in places.into_iter().zip(replies) {
                if let Some(slot) = written.replies.get_mut(place) {
                    *slot = reply;
                }
            }
        }
        Ok(written)
    }

    async fn write_share(self: &Arc<Self>, share: Share, level: &Level) -> Result<Answer> {
        let guard = self.lock_ops(&share.ops).await;
        let command = Command::Each(share.ops);
        let fsync = self.fsync(level);
        let proposed = self
            .parts
            .log
            .propose(share.partition, command, fsync)
            .await;
        drop(guard);
        let proposed = proposed?;
        match proposed.reply {
            CommandReply::Each(replies) => {
                Ok((share.places, proposed.index, share.partition, replies))
            }
            other => Err(Error::corrupt(format!("ops were answered with {other:?}"))),
        }
    }

    /// Op locks on every key of a share; nothing is held while waiting.
    async fn lock_ops(self: &Arc<Self>, ops: &[(Key, Op)]) -> OpGuard {
        let keys: Vec<&Key> = ops.iter().map(|(key, _)| key).collect();
        while let Err(blocked) = self.locks.try_ops(&keys) {
            if let Some(granted) = self.locks.wait_op(&blocked) {
                if granted.await.unwrap_or(false) {
                    self.locks.release_ops([&blocked]);
                }
            }
        }
        OpGuard {
            engine: self.clone(),
            keys: keys.into_iter().cloned().collect(),
        }
    }

    async fn write_atomic(self: &Arc<Self>, batch: Batch, level: &Level) -> Result<Written> {
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

type Answer = (Vec<usize>, u64, PartitionId, Vec<Result<Reply, OpError>>);

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

/// Gives op locks back, also when the caller goes away.
struct OpGuard {
    engine: Arc<Engine>,
    keys: Vec<Key>,
}

impl Drop for OpGuard {
    fn drop(&mut self) {
        self.engine.locks.release_ops(&self.keys);
    }
}
