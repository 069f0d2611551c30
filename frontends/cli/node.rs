//! A node with its doors: what `serve` and `demo` open and close.

use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use stele_core::env::RealEnv;
use stele_core::{Database, NodeOptions};
use stele_kit::{Door, Limits, Opened};
use stele_postgres::Postgres;
use stele_redis::Redis;
use stele_rocks::{Rocks, RocksOptions};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};

use super::Failure;
use super::folder::Folder;
use crate::config::Settings;

/// Room for the recursion of a deep but legal expression; only touched pages cost memory.
const STACK_BYTES: usize = 16 << 20;

/// The threads that serve clients.
pub fn runtime(settings: &Settings) -> Result<Runtime, Failure> {
    let mut builder = Builder::new_multi_thread();
    if settings.worker_threads > 0 {
        builder.worker_threads(settings.worker_threads);
    }
    builder
        .thread_stack_size(STACK_BYTES)
        .enable_all()
        .build()
        .map_err(Failure::running)
}

/// A running node and its open doors.
pub struct Node {
    core: stele_core::Node,
    redis: Opened,
    postgres: Opened,
}

impl Node {
    /// Opens the store, recovers the logs, opens the doors. When this returns, every door
    /// answers.
    pub async fn open(settings: &Settings) -> Result<Self, Failure> {
        refuse_strangers(settings.bind)?;
        // Bound first: a port in use is known before the store is touched.
        let redis = listen(settings.bind, settings.redis_port).await?;
        let postgres = listen(settings.bind, settings.postgres_port).await?;
        let core = open_core(settings).await?;
        let database = core.database();
        let redis = open_redis(settings, redis, &database)?;
        let postgres = open_postgres(settings, postgres, &database)?;
        Ok(Self {
            core,
            redis,
            postgres,
        })
    }

    pub fn redis(&self) -> SocketAddr {
        self.redis.address()
    }

    pub fn postgres(&self) -> SocketAddr {
        self.postgres.address()
    }

    /// Where each door answers, as the ready line tells it.
    pub fn addresses(&self) -> String {
        serde_json::json!({
            "redis": self.redis().to_string(),
            "postgres": self.postgres().to_string(),
        })
        .to_string()
    }

    /// Resolves when the node can no longer be trusted; the process must end at once.
    /// Cancel safe.
    pub async fn failed(&self) -> Failure {
        Failure::running(self.core.failure().await)
    }

    /// Lets clients finish, then the logs; what was answered is on disk.
    pub async fn close(self) -> Result<(), Failure> {
        let (redis, postgres) = tokio::join!(self.redis.close(), self.postgres.close());
        if redis + postgres > 0 {
            tracing::warn!(redis, postgres, "clients that did not finish were cut off");
        }
        self.core.close().await.map_err(Failure::running)
    }
}

/// Without users, whoever reaches a port may do anything: only this machine may.
fn refuse_strangers(bind: IpAddr) -> Result<(), Failure> {
    if bind.is_loopback() {
        return Ok(());
    }
    Err(Failure::config(format!(
        "bind = {bind} would let anybody in, because this node has no users. Bind 127.0.0.1 or ::1, \
         and put whatever checks passwords in front of it"
    )))
}

async fn listen(bind: IpAddr, port: u16) -> Result<TcpListener, Failure> {
    let listener = TcpListener::bind((bind, port)).await;
    listener.map_err(|error| Failure::running(format!("{bind} port {port}: {error}")))
}

async fn open_core(settings: &Settings) -> Result<stele_core::Node, Failure> {
    let folder = Folder::open(&settings.data, settings.partition_count)?;
    let options = NodeOptions {
        partition_count: folder.partition_count,
        fsync: settings.fsync,
        log_entries_kept: settings.log_entries_kept,
        feed_entries_kept: settings.feed_entries_kept,
        mark_path: Some(folder.mark()),
        ..NodeOptions::default()
    };
    let store = open_store(&folder.store(), settings)?;
    let node = stele_core::Node::open(Arc::new(store), Arc::new(RealEnv), options).await;
    node.map_err(Failure::running)
}

fn open_store(path: &Path, settings: &Settings) -> Result<Rocks, Failure> {
    let options = RocksOptions {
        block_cache_bytes: settings.block_cache_bytes,
        memtable_bytes: settings.memtable_bytes,
        ..RocksOptions::default()
    };
    Rocks::open(path, &options)
        .map_err(|error| Failure::running(format!("{}: {error}", path.display())))
}

fn open_redis(
    settings: &Settings,
    at: TcpListener,
    database: &Database,
) -> Result<Opened, Failure> {
    let door = Redis::new(stele_redis::Options {
        port: port_of(&at)?,
        fsync: settings.fsync,
        client_count_max: settings.client_count_max,
        ..stele_redis::Options::default()
    });
    open_door(door, at, database, settings)
}

fn open_postgres(
    settings: &Settings,
    at: TcpListener,
    database: &Database,
) -> Result<Opened, Failure> {
    open_door(Postgres::new(database), at, database, settings)
}

fn open_door<D: Door>(
    door: D,
    at: TcpListener,
    database: &Database,
    settings: &Settings,
) -> Result<Opened, Failure> {
    let limits = Limits {
        client_count_max: settings.client_count_max,
        drain_ms_max: settings.drain_ms_max,
    };
    stele_kit::open(door, at, database.clone(), limits).map_err(Failure::running)
}

fn port_of(listener: &TcpListener) -> Result<u16, Failure> {
    let address = listener.local_addr().map_err(Failure::running)?;
    Ok(address.port())
}
