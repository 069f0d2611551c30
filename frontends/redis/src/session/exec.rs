//! Transactions: MULTI, EXEC, WATCH, and commands that need one of their own.

use std::collections::BTreeSet;

use bytes::Bytes;
use stele_core::op::{Op, Reply};
use stele_core::record::rows::Rows;
use stele_core::record::{CollectionId, Key, Stamp, head, layout};
use stele_core::{LockMode, LockWait, Txn, TxnOptions};

use super::Session;
use super::writes::{is_score, refused};
use crate::commands::command::Run;
use crate::commands::plan::{Plan, Writing};
use crate::commands::registry::Found;
use crate::commands::{Command, Deciding, Flags, Reading, integer, word};
use crate::fault::{Fault, said};
use crate::resp::Out;
use crate::rows;

/// How often a transaction that had to give way is begun again.
const ATTEMPT_COUNT_MAX: usize = 50;

/// Commands a client may queue, and their words.
const QUEUED_BYTES_MAX: usize = 1024 * 1024 * 1024;

const EXEC_ABORTED: Fault = said("EXECABORT Transaction discarded because of previous errors.");

/// A key under WATCH.
#[derive(Debug, Clone)]
pub struct Watched {
    /// Its address.
    pub key: Key,
    /// The version it had; `None`: it was not there.
    pub stamp: Option<Stamp>,
}

/// What was sent since MULTI.
#[derive(Default)]
pub struct Queue {
    requests: Vec<(Found, Vec<Bytes>)>,
    bytes: usize,
    is_spoiled: bool,
}

impl Queue {
    /// Adds a request.
    pub(super) fn push(&mut self, found: Found, args: &[Bytes]) {
        self.bytes = args
            .iter()
            .fold(self.bytes, |sum, arg| sum.saturating_add(arg.len()));
        if self.bytes > QUEUED_BYTES_MAX {
            self.spoil();
            self.requests.clear();
        } else if !self.is_spoiled {
            self.requests.push((found, args.to_vec()));
        }
    }

    /// Something was wrong: EXEC will refuse.
    pub(super) fn spoil(&mut self) {
        self.is_spoiled = true;
    }

    /// How many requests there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.requests.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.requests.is_empty()
    }
}

/// A message to send after the commit, and where in the answer its count belongs.
struct Deferred {
    at: usize,
    channel: Bytes,
    payload: Bytes,
}

impl Session {
    /// WATCH: notes the versions of keys.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn watch(&mut self, keys: Vec<Key>) -> Result<(), Fault> {
        let view = self.db.read(&keys, &self.level).await?;
        for key in keys {
            let stamp = head::live(&view, &key, view.now_ms())?.map(|head| head.stamp);
            if !self.watched.iter().any(|watched| watched.key == key) {
                // A slice of the request would keep the whole request alive.
                let bytes = Bytes::copy_from_slice(&key.bytes);
                self.watched.push(Watched {
                    key: Key { bytes, ..key },
                    stamp,
                });
            }
        }
        Ok(())
    }

    /// EXEC: carries out the queue in one transaction.
    ///
    /// # Errors
    /// When it was spoiled, or the core could not do it.
    pub async fn exec(&mut self) -> Result<(), Fault> {
        let queue = self.queue.take().ok_or(said("ERR EXEC without MULTI"))?;
        let watched = std::mem::take(&mut self.watched);
        self.show();
        if queue.is_spoiled {
            return Err(EXEC_ABORTED);
        }
        let (mark, database) = (self.out.len(), self.database);
        for attempt in 1.. {
            match self.attempt(&queue, &watched).await {
                Ok(true) => break,
                Ok(false) => {
                    self.out.cut(mark);
                    self.out.null_array();
                    break;
                }
                Err(fault) if fault.is_passing() && attempt < ATTEMPT_COUNT_MAX => {
                    self.out.cut(mark);
                    self.database = database;
                }
                Err(fault) => return Err(fault),
            }
        }
        Ok(())
    }

    /// Carries out the queue once; false: a watched key has changed.
    async fn attempt(&mut self, queue: &Queue, watched: &[Watched]) -> Result<bool, Fault> {
        let mut txn = self.begin();
        let mode = if queue
            .requests
            .iter()
            .any(|(found, _)| found.leaf.flags.has(Flags::WRITE))
        {
            LockMode::Exclusive
        } else {
            LockMode::Shared
        };
        let mut keys = self.keys_of(queue);
        keys.extend(watched.iter().map(|watched| watched.key.clone()));
        let keys: Vec<Key> = keys.into_iter().collect();
        txn.lock(&keys, mode, LockWait::Block).await?;
        if !unchanged(&mut txn, watched).await? {
            return Ok(false);
        }
        let mut deferred = Vec::new();
        self.out.array(queue.requests.len());
        for (found, args) in &queue.requests {
            self.note(found);
            let mark = self.out.len();
            let savepoint = txn.savepoint();
            match self.within(&mut txn, found.leaf, args, &mut deferred).await {
                Ok(()) => {}
                Err(Fault::Core(error)) => return Err(error.into()),
                Err(fault) => {
                    txn.rollback_to(&savepoint);
                    self.out.cut(mark);
                    self.fail(found, &fault);
                }
            }
        }
        let token = txn.commit().await?;
        self.seen.merge(&token);
        self.deliver(deferred);
        Ok(true)
    }

    /// Messages are sent after the commit, so that whoever hears one can read what it is about.
    fn deliver(&mut self, deferred: Vec<Deferred>) {
        for Deferred {
            at,
            channel,
            payload,
        } in deferred.into_iter().rev()
        {
            let heard = self.db.signal(&channel, &payload);
            let mut count = Out::default();
            count.count(heard);
            self.out.insert(at, count.bytes());
        }
    }

    /// The addresses of all keys of a queue, in one order for everybody: fewer deadlocks.
    fn keys_of(&self, queue: &Queue) -> BTreeSet<Key> {
        let mut database = self.database;
        let mut keys = BTreeSet::new();
        for (found, args) in &queue.requests {
            if found.leaf.name == "select" {
                let selected = integer(args, 1)
                    .ok()
                    .and_then(|number| u8::try_from(number).ok());
                database = selected.filter(|number| *number < 16).unwrap_or(database);
            }
            keys.extend(self.places_in(database, found.leaf, args));
        }
        keys
    }

    fn begin(&self) -> Txn {
        self.db.begin(TxnOptions {
            level: self.level.clone(),
            ..TxnOptions::default()
        })
    }

    /// Carries out one command in a transaction.
    async fn within(
        &mut self,
        txn: &mut Txn,
        leaf: &Command,
        args: &[Bytes],
        deferred: &mut Vec<Deferred>,
    ) -> Result<(), Fault> {
        let is_row = self.touches_rows(leaf, args);
        match leaf.run {
            Run::Here(run) => run(self, args),
            Run::Wait(run) => run(self, args).await,
            Run::Read(run) | Run::Survey(run) => {
                let view = if matches!(leaf.run, Run::Survey(_)) {
                    txn.statement();
                    txn.view().await?
                } else {
                    txn.latest(&self.places(leaf, args)).await?
                };
                let reading = Reading {
                    rows: &view,
                    now_ms: view.now_ms(),
                    database: self.database,
                    tables: &self.tables,
                    seed: self.db.random(),
                    server: &self.server,
                    counts: None,
                };
                run(&reading, args, &mut self.out)
            }
            Run::Write(plan) if !is_row => {
                let plan = plan(&self.writing(), args)?;
                self.plan_within(txn, plan).await
            }
            Run::Write(_) | Run::Decide(_) => self.decide_within(txn, leaf, args, is_row).await,
            Run::Clear(which) => {
                let which = which(args)?;
                for collection in self.cleared(which) {
                    empty(txn, collection).await?;
                }
                self.out.ok();
                Ok(())
            }
            Run::Signal => {
                let (channel, payload) = (word(args, 1)?.clone(), word(args, 2)?.clone());
                deferred.push(Deferred {
                    at: self.out.len(),
                    channel,
                    payload,
                });
                Ok(())
            }
            Run::Parent(_) => Err(crate::fault::SYNTAX),
        }
    }

    async fn plan_within(&mut self, txn: &mut Txn, plan: Plan) -> Result<(), Fault> {
        match plan {
            Plan::One(key, op, shape) => {
                let reply = write_op(txn, &key, op).await?;
                shape(reply, &mut self.out);
            }
            Plan::Together(ops, shape) => {
                let mut replies = Vec::with_capacity(ops.len());
                for (key, op) in ops {
                    replies.push(write_op(txn, &key, op).await?);
                }
                shape(replies, &mut self.out);
            }
        }
        Ok(())
    }

    /// Carries out a command that reads first and then decides, in a transaction of its own.
    ///
    /// # Errors
    /// When the command refuses, or the core could not do it.
    pub(super) async fn decide(&mut self, leaf: &Command, args: &[Bytes]) -> Result<(), Fault> {
        let is_row = self.touches_rows(leaf, args);
        let mark = self.out.len();
        for attempt in 1.. {
            match self.decide_once(leaf, args, is_row).await {
                Err(fault) if fault.is_passing() && attempt < ATTEMPT_COUNT_MAX => {
                    self.out.cut(mark)
                }
                outcome => return outcome,
            }
        }
        Ok(())
    }

    async fn decide_once(
        &mut self,
        leaf: &Command,
        args: &[Bytes],
        is_row: bool,
    ) -> Result<(), Fault> {
        let mut txn = self.begin();
        let keys: BTreeSet<Key> = self.places(leaf, args).into_iter().collect();
        let keys: Vec<Key> = keys.into_iter().collect();
        txn.lock(&keys, LockMode::Exclusive, LockWait::Block)
            .await?;
        self.decide_within(&mut txn, leaf, args, is_row).await?;
        let token = txn.commit().await?;
        self.seen.merge(&token);
        Ok(())
    }

    async fn decide_within(
        &mut self,
        txn: &mut Txn,
        leaf: &Command,
        args: &[Bytes],
        is_row: bool,
    ) -> Result<(), Fault> {
        let Writing {
            database,
            now_ms,
            seed,
        } = self.writing();
        let mut deciding = Deciding {
            txn,
            db: &self.db,
            database,
            now_ms,
            tables: &self.tables,
            seed,
        };
        match leaf.run {
            _ if is_row => rows::write(&mut deciding, leaf, args, &mut self.out).await,
            Run::Decide(run) => run(&mut deciding, args, &mut self.out).await,
            _ => Err(crate::fault::SYNTAX),
        }
    }
}

/// Whether all watched keys still have the versions they had.
async fn unchanged(txn: &mut Txn, watched: &[Watched]) -> Result<bool, Fault> {
    let keys: Vec<Key> = watched.iter().map(|watched| watched.key.clone()).collect();
    let view = txn.latest(&keys).await?;
    for watched in watched {
        let head = head::live(&view, &watched.key, view.now_ms())?;
        if head.map(|head| head.stamp) != watched.stamp {
            return Ok(false);
        }
    }
    drop(view);
    for watched in watched {
        txn.expect(&watched.key, watched.stamp);
    }
    Ok(true)
}

async fn write_op(txn: &mut Txn, key: &Key, op: Op) -> Result<Reply, Fault> {
    let is_score = is_score(&op);
    let reply = txn.write(key, op).await?;
    reply.map_err(|refusal| refused(refusal, is_score))
}

/// Deletes every record of a collection, one by one, as part of a transaction.
async fn empty(txn: &mut Txn, collection: CollectionId) -> Result<(), Fault> {
    txn.statement();
    let (from, to) = layout::heads(collection);
    let mut keys = Vec::new();
    let view = txn.view().await?;
    for row in view.scan(&from, &to, false) {
        keys.extend(layout::parse_head(&row?.0));
    }
    drop(view);
    for key in keys {
        write_op(txn, &key, Op::Delete).await?;
    }
    Ok(())
}
