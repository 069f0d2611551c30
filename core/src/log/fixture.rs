//! What the log's own tests stand on: a machine that appends to strings, and a
//! store that can be held, counted and broken.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use bytes::Bytes;
use parking_lot::{Condvar, Mutex};
use stele_placement::PartitionId;

use super::{Folded, Log, LogOptions, Machine, Proposed};
use crate::env::{RealEnv, SharedEnv};
use crate::error::{Error, Result};
use crate::op::{Command, CommandReply, Entry, EntryReply, Op, Reply};
use crate::record::{Clock, Fsync, Key, Stamp};
use crate::store::{Family, KvIter, Memory, Store, StoreBatch, StoreView};

/// Knows one op, `Append`, and keeps a log of the stamps it has folded.
pub(super) struct Appender {
    store: Arc<dyn StoreView>,
    pub published: Mutex<Vec<(PartitionId, u64)>>,
    /// Refuses to fold.
    pub broken: AtomicBool,
    /// Panics instead of folding.
    pub panicking: AtomicBool,
}

impl Appender {
    pub fn new(store: Arc<dyn StoreView>) -> Arc<Self> {
        Arc::new(Self {
            store,
            published: Mutex::default(),
            broken: AtomicBool::new(false),
            panicking: AtomicBool::new(false),
        })
    }
}

/// The row of a group's string.
pub(super) fn row(group: PartitionId, key: &Key) -> Vec<u8> {
    [&group.0.to_be_bytes()[..], &key.bytes].concat()
}

fn applied_row(group: PartitionId) -> Vec<u8> {
    [&group.0.to_be_bytes()[..], b"#applied"].concat()
}

impl Machine for Appender {
    fn fold(&self, group: PartitionId, index: u64, entry: &Entry) -> Result<Folded> {
        if self.broken.load(Ordering::SeqCst) {
            return Err(Error::corrupt("told to"));
        }
        assert!(!self.panicking.load(Ordering::SeqCst), "told to");
        let mut rows: BTreeMap<Vec<u8>, Vec<u8>> = BTreeMap::new();
        let (mut replies, mut stamp) = (Vec::new(), entry.stamp);
        for command in &entry.commands {
            let Command::Each(ops) = command else {
                return Err(Error::corrupt("only Each is known here"));
            };
            let mut answers = Vec::new();
            for (key, op) in ops {
                let Op::Append(text) = op else {
                    return Err(Error::corrupt("only Append is known here"));
                };
                let at = row(group, key);
                if !rows.contains_key(&at) {
                    let old = self.store.get(Family::Base, &at)?.unwrap_or_default();
                    rows.insert(at.clone(), old.to_vec());
                }
                let value = rows.entry(at).or_default();
                value.extend_from_slice(text);
                answers.push(Ok(Reply::Int(value.len() as i64)));
                stamp = stamp.nth(1);
            }
            replies.push(CommandReply::Each(answers));
        }
        let mut batch = StoreBatch::default();
        for (at, value) in rows {
            batch.put(Family::Base, at, value);
        }
        let at = applied_row(group);
        batch.put(Family::Base, at, index.to_be_bytes().to_vec());
        let last = stamp.0.to_be_bytes().to_vec();
        batch.put(
            Family::Feed,
            [&group.0.to_be_bytes()[..], &last].concat(),
            "",
        );
        let reply = EntryReply(replies);
        Ok(Folded { batch, reply })
    }

    fn published(&self, group: PartitionId, index: u64, _stamp: Stamp) {
        self.published.lock().push((group, index));
    }

    fn applied(&self, group: PartitionId) -> Result<u64> {
        let row = self.store.get(Family::Base, &applied_row(group))?;
        Ok(row.map_or(0, |row| {
            u64::from_be_bytes(row[..].try_into().unwrap_or_default())
        }))
    }
}

/// A log over a store, with what a test wants to look at.
pub(super) struct Bench {
    pub log: Log,
    pub machine: Arc<Appender>,
    pub clock: Arc<Clock>,
    pub store: Arc<dyn Store>,
}

impl Bench {
    pub async fn open(store: Arc<dyn Store>, options: LogOptions) -> Result<Self> {
        Self::open_at(store, options, Arc::new(RealEnv)).await
    }

    pub async fn open_at(
        store: Arc<dyn Store>,
        options: LogOptions,
        env: SharedEnv,
    ) -> Result<Self> {
        let machine = Appender::new(store.clone());
        let clock = Arc::new(Clock::new(env.clone(), 1, Stamp::ZERO));
        let groups = (0..3).map(PartitionId);
        let log = Log::open(
            store.clone(),
            machine.clone(),
            clock.clone(),
            env,
            groups,
            options,
        );
        Ok(Self {
            log: log.await?,
            machine,
            clock,
            store,
        })
    }

    /// Appends to the string `key` of a group.
    pub async fn add(&self, group: u16, key: &str, text: &str, fsync: Fsync) -> Result<Proposed> {
        let command = append(key, text);
        self.log.propose(PartitionId(group), command, fsync).await
    }

    /// The string `key` of a group.
    pub fn text(&self, group: u16, key: &str) -> String {
        text(&*self.store, group, key)
    }
}

pub(super) fn append(key: &str, text: &str) -> Command {
    let op = Op::Append(Bytes::copy_from_slice(text.as_bytes()));
    Command::Each(vec![(Key::keyspace(0, key.to_owned()), op)])
}

pub(super) fn text(store: &dyn Store, group: u16, key: &str) -> String {
    let at = row(PartitionId(group), &Key::keyspace(0, key.to_owned()));
    let value = store.get(Family::Base, &at).expect("readable");
    String::from_utf8(value.unwrap_or_default().to_vec()).expect("text")
}

/// A store in memory that counts its writes, can be made to wait inside one,
/// and can be broken.
#[derive(Default)]
pub(super) struct Held {
    pub memory: Memory,
    pub writes: AtomicUsize,
    pub broken: AtomicBool,
    closed: Mutex<bool>,
    opened: Condvar,
    /// Somebody waits inside a write.
    pub inside: AtomicBool,
}

impl Held {
    /// Writes wait from now on.
    pub fn close(&self) {
        *self.closed.lock() = true;
    }

    /// Writes go on.
    pub fn open(&self) {
        *self.closed.lock() = false;
        self.opened.notify_all();
    }
}

impl Store for Held {
    fn write(&self, batch: StoreBatch, sync: bool) -> Result<()> {
        let mut closed = self.closed.lock();
        while *closed {
            self.inside.store(true, Ordering::SeqCst);
            self.opened.wait(&mut closed);
        }
        self.inside.store(false, Ordering::SeqCst);
        drop(closed);
        if self.broken.load(Ordering::SeqCst) {
            return Err(Error::unavailable("the disk is gone"));
        }
        self.writes.fetch_add(1, Ordering::SeqCst);
        self.memory.write(batch, sync)
    }

    fn sync(&self) -> Result<()> {
        self.memory.sync()
    }

    fn snapshot(&self) -> Arc<dyn StoreView> {
        self.memory.snapshot()
    }

    fn size_bytes(&self) -> u64 {
        self.memory.size_bytes()
    }
}

impl StoreView for Held {
    fn get(&self, family: Family, key: &[u8]) -> Result<Option<Bytes>> {
        self.memory.get(family, key)
    }

    fn scan<'a>(&'a self, family: Family, from: &[u8], to: &[u8], reverse: bool) -> KvIter<'a> {
        self.memory.scan(family, from, to, reverse)
    }
}
