//! How fast is the log alone? Closed-loop clients, 64-byte values, 100,000
//! random keys; a machine that sets strings. Prints operations per second.
//!
//! `cargo run --release -p stele-rocks --example log_bench -- [groups] [workers] [seconds] [only]`,
//! where `only` is a part of a configuration's name, such as `c=50 EverySec`.
#![allow(clippy::disallowed_methods, clippy::unwrap_used)]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use stele_core::env::RealEnv;
use stele_core::error::Result;
use stele_core::log::{Folded, Log, LogOptions, Machine};
use stele_core::op::{Command, CommandReply, Condition, Entry, EntryReply, Expiry, Op, Reply};
use stele_core::record::{Clock, Fsync, Key, Stamp};
use stele_core::store::{Family, Store, StoreBatch};
use stele_placement::PartitionId;
use stele_rocks::{Rocks, RocksOptions};

/// Sets strings, answers `Done`.
struct Setter {
    store: Arc<dyn Store>,
    entries: AtomicU64,
}

impl Machine for Setter {
    fn fold(&self, group: PartitionId, index: u64, entry: &Entry) -> Result<Folded> {
        let mut batch = StoreBatch::default();
        let mut replies = Vec::with_capacity(entry.commands.len());
        for command in &entry.commands {
            let Command::Each(ops) = command else {
                continue;
            };
            for (key, op) in ops {
                if let Op::Set { value, .. } = op {
                    batch.put(Family::Base, key.bytes.clone(), value.clone());
                }
            }
            replies.push(CommandReply::Each(vec![Ok(Reply::Done); ops.len()]));
        }
        let at = group.0.to_be_bytes().to_vec();
        batch.put(Family::Meta, at, index.to_be_bytes().to_vec());
        self.entries.fetch_add(1, Ordering::Relaxed);
        let reply = EntryReply(replies);
        Ok(Folded { batch, reply })
    }

    fn published(&self, _: PartitionId, _: u64, _: Stamp) {}

    fn applied(&self, group: PartitionId) -> Result<u64> {
        let row = self.store.get(Family::Meta, &group.0.to_be_bytes())?;
        Ok(row.map_or(0, |row| u64::from_be_bytes(row[..].try_into().unwrap())))
    }
}

fn argument(at: usize, otherwise: u64) -> u64 {
    let given = std::env::args().nth(at);
    given
        .and_then(|text| text.parse().ok())
        .unwrap_or(otherwise)
}

fn main() {
    let (groups, workers) = (argument(1, 4) as u16, argument(2, 2) as usize);
    let seconds = argument(3, 5);
    let mut runtime = if workers == 0 {
        tokio::runtime::Builder::new_current_thread()
    } else {
        tokio::runtime::Builder::new_multi_thread()
    };
    let runtime = runtime
        .worker_threads(workers.max(1))
        .enable_all()
        .build()
        .unwrap();
    let only = std::env::args().nth(4).unwrap_or_default();
    for fused in [true, false] {
        for fsync in [Fsync::Off, Fsync::EverySec, Fsync::Always] {
            for clients in [50, 800] {
                let name = format!("groups {groups} c={clients} {fsync:?} fused={fused}");
                if name.contains(&only) {
                    runtime.block_on(run(name, groups, clients, fsync, fused, seconds));
                }
            }
        }
    }
}

async fn run(name: String, groups: u16, clients: u64, fsync: Fsync, fused: bool, seconds: u64) {
    let folder = tempfile::tempdir_in(std::env::current_dir().unwrap()).unwrap();
    let store: Arc<dyn Store> =
        Arc::new(Rocks::open(folder.path(), &RocksOptions::default()).unwrap());
    let machine = Arc::new(Setter {
        store: store.clone(),
        entries: AtomicU64::new(0),
    });
    let env = Arc::new(RealEnv);
    let clock = Arc::new(Clock::new(env.clone(), 1, Stamp::ZERO));
    let options = LogOptions {
        fused,
        mark: Some(folder.path().with_extension("mark")),
        ..LogOptions::default()
    };
    let mark = options.mark.clone().unwrap();
    let ids = (0..=groups).map(PartitionId);
    let begun = Instant::now();
    let log = Log::open(store.clone(), machine.clone(), clock, env, ids, options);
    let log = log.await.unwrap();
    let ready = begun.elapsed();
    let stop = Arc::new(AtomicBool::new(false));
    let begun = Instant::now();
    let cpu = cpu_us();
    let tasks: Vec<_> = (0..clients)
        .map(|seed| tokio::spawn(client(log.clone(), groups, seed, fsync, stop.clone())))
        .collect();
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    stop.store(true, Ordering::Relaxed);
    let mut waits = Vec::new();
    for task in tasks {
        waits.extend(task.await.unwrap());
    }
    let (count, took) = (waits.len() as f64, begun.elapsed().as_secs_f64());
    let cpu = (cpu_us() - cpu) as f64 / count;
    waits.sort_unstable();
    let at = |part: f64| f64::from(waits[((count - 1.0) * part) as usize]) / 1000.0;
    let per_entry = count / machine.entries.load(Ordering::Relaxed) as f64;
    println!(
        "{name:<38} {:>7.0} ops/s  p50 {:.2} p99 {:.2} ms  cpu {cpu:.1} us/op  {per_entry:.1} ops/entry  ready {:.0} ms",
        count / took,
        at(0.5),
        at(0.99),
        ready.as_secs_f64() * 1000.0,
    );
    log.close().await.unwrap();
    drop(log);
    let _ = std::fs::remove_file(mark);
}

async fn client(log: Log, groups: u16, seed: u64, fsync: Fsync, stop: Arc<AtomicBool>) -> Vec<u32> {
    let mut waits = Vec::new();
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    while !stop.load(Ordering::Relaxed) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let key = Key::keyspace(0, format!("key:{:012}", state % 100_000));
        let group = PartitionId(1 + key.slot % groups);
        let op = Op::Set {
            value: Bytes::from_static(&[b'x'; 64]),
            expiry: Expiry::Clear,
            condition: Condition::Always,
            get: false,
        };
        let begun = Instant::now();
        let command = Command::Each(vec![(key, op)]);
        log.propose(group, command, fsync).await.unwrap();
        waits.push(begun.elapsed().as_micros() as u32);
    }
    waits
}

/// Processor time of this process, microseconds.
fn cpu_us() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or("").split(' ').collect();
    let ticks = |at: usize| fields.get(at).and_then(|text| text.parse::<u64>().ok());
    (ticks(12).unwrap_or(0) + ticks(13).unwrap_or(0)) * 10_000
}
