//! A node with its doors: what `serve` and `demo` open and close.

use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use stele_core::env::{Env, RealEnv};
use stele_core::{Database, NodeOptions};
use stele_http::{Facts, Http};
use stele_kit::{Door, Limits, Opened};
use stele_nats::Nats;
use stele_postgres::Postgres;
use stele_redis::Redis;
use stele_rocks::{Rocks, RocksOptions};
use stele_search::Search;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};

use super::Failure;
use super::folder::Folder;
use crate::config::Settings;

/// Room for the recursion of a deep but legal expression; only touched pages cost memory.
const STACK_BYTES: usize = 16 << 20;

/// The threads that serve keys and write the logs.
pub fn runtime(settings: &Settings) -> Result<Runtime, Failure> {
    let threads = match settings.worker_threads {
        0 => cores().div_ceil(2),
        chosen => chosen,
    };
    build(threads, "stele-keys")
}

/// The threads that serve SQL: a long statement keeps one of these busy, and
/// nobody's keys wait for it.
fn sql_runtime(settings: &Settings) -> Result<Runtime, Failure> {
    let threads = match settings.sql_threads {
        0 => cores(),
        chosen => chosen,
    };
    build(threads, "stele-sql")
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

fn build(threads: usize, name: &str) -> Result<Runtime, Failure> {
    Builder::new_multi_thread()
        .worker_threads(threads)
        .thread_name(name)
        .thread_stack_size(STACK_BYTES)
        .enable_all()
        .build()
        .map_err(Failure::running)
}

/// How long threads are waited for at exit.
pub const EXIT_MAX: std::time::Duration = std::time::Duration::from_secs(5);

/// A running node and its open doors.
pub struct Node {
    core: stele_core::Node,
    redis: Opened,
    postgres: Opened,
    http: Opened,
    nats: Opened,
    /// Tells what the nats door is doing, if it was asked to.
    monitor: Option<Opened>,
    search: Search,
    sql: Background,
}

/// A runtime that may be dropped anywhere: nothing waits for its tasks.
pub struct Background(Option<Runtime>);

impl Background {
    /// What is bound or started while the guard lives belongs to this runtime.
    fn enter(&self) -> Option<tokio::runtime::EnterGuard<'_>> {
        self.0.as_ref().map(Runtime::enter)
    }

    /// Waits for its threads to end: none may touch the store while the process exits.
    pub fn join(mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_timeout(EXIT_MAX);
        }
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

impl Node {
    /// Opens the store, recovers the logs, opens the doors. When this returns, every door
    /// answers.
    pub async fn open(settings: &Settings) -> Result<Self, Failure> {
        refuse_strangers(settings.bind)?;
        // Bound first: a port in use is known before the store is touched.
        let redis = listen(settings.bind, settings.redis_port)?;
        let nats = listen(settings.bind, settings.nats_port)?;
        let monitor = settings.nats_monitor_port;
        let monitor = monitor
            .map(|port| listen(settings.bind, port))
            .transpose()?;
        let sql = Background(Some(sql_runtime(settings)?));
        let (postgres, http) = {
            // What is bound here is woken by the runtime that serves it.
            let _entered = sql.enter();
            let postgres = listen(settings.bind, settings.postgres_port)?;
            (postgres, listen(settings.bind, settings.http_port)?)
        };
        let core = open_core(settings).await?;
        let database = core.database();
        let redis = open_redis(settings, redis, &database)?;
        let (nats, monitor) = open_nats(settings, nats, monitor, &database)?;
        let (postgres, search, http) = {
            // Searching is work for the threads of SQL too.
            let _entered = sql.enter();
            let search = open_search(settings, &database)?;
            let postgres = open_postgres(settings, postgres, &search)?;
            let doors = [&redis, &postgres, &nats];
            let http = open_http(settings, http, &search, &doors)?;
            (postgres, search, http)
        };
        Ok(Self {
            core,
            redis,
            postgres,
            http,
            search,
            nats,
            monitor,
            sql,
        })
    }

    pub fn redis(&self) -> SocketAddr {
        self.redis.address()
    }

    pub fn postgres(&self) -> SocketAddr {
        self.postgres.address()
    }

    pub fn nats(&self) -> SocketAddr {
        self.nats.address()
    }

    pub fn http(&self) -> SocketAddr {
        self.http.address()
    }

    /// Where each door answers, as the ready line tells it.
    pub fn addresses(&self) -> String {
        let mut addresses = serde_json::json!({
            "redis": self.redis().to_string(),
            "postgres": self.postgres().to_string(),
            "http": self.http().to_string(),
            "nats": self.nats().to_string(),
        });
        if let (Some(monitor), Some(members)) = (&self.monitor, addresses.as_object_mut()) {
            let address = monitor.address().to_string();
            members.insert("nats_monitor".to_owned(), address.into());
        }
        addresses.to_string()
    }

    /// Resolves when the node can no longer be trusted; the process must end at once.
    /// Cancel safe.
    pub async fn failed(&self) -> Failure {
        Failure::running(self.core.failure().await)
    }

    /// Lets clients finish, then the logs; what was answered is on disk.
    /// What is returned is to be joined outside any runtime.
    pub async fn close(self) -> Result<Background, Failure> {
        let (redis, postgres, http, nats) = tokio::join!(
            self.redis.close(),
            self.postgres.close(),
            self.http.close(),
            self.nats.close()
        );
        if redis + postgres + http + nats > 0 {
            tracing::warn!(
                redis,
                postgres,
                http,
                nats,
                "clients that did not finish were cut off"
            );
        }
        if let Some(monitor) = self.monitor {
            monitor.close().await;
        }
        self.search.close().await;
        self.core.close().await.map_err(Failure::running)?;
        Ok(self.sql)
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

fn listen(bind: IpAddr, port: u16) -> Result<TcpListener, Failure> {
    let failed = |error: std::io::Error| Failure::running(format!("{bind} port {port}: {error}"));
    let listener = std::net::TcpListener::bind((bind, port)).map_err(failed)?;
    listener.set_nonblocking(true).map_err(failed)?;
    TcpListener::from_std(listener).map_err(failed)
}

async fn open_core(settings: &Settings) -> Result<stele_core::Node, Failure> {
    let folder = Folder::open(&settings.data, settings.partition_count)?;
    let options = NodeOptions {
        partition_count: folder.partition_count,
        fsync: settings.fsync,
        log_entries_kept: settings.log_entries_kept,
        feed_entries_kept: settings.feed_entries_kept,
        head_cache_bytes: settings.head_cache_bytes,
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

fn open_postgres(settings: &Settings, at: TcpListener, search: &Search) -> Result<Opened, Failure> {
    let door = Postgres::with_search(search);
    open_door(door, at, search.database(), settings)
}

/// The nats door, and the one that tells what it is doing.
fn open_nats(
    settings: &Settings,
    at: TcpListener,
    monitor_at: Option<TcpListener>,
    database: &Database,
) -> Result<(Opened, Option<Opened>), Failure> {
    let options = stele_nats::Options {
        host: settings.bind.to_string(),
        port: port_of(&at)?,
        auth: auth(settings),
        payload_bytes_max: settings.nats_payload_bytes_max,
        pending_bytes_max: settings.nats_pending_bytes_max,
        pull_count_max: settings.nats_pull_count_max,
        ..stele_nats::Options::default()
    };
    let door = Nats::new(database, options).map_err(Failure::running)?;
    let monitor = monitor_at.map(|at| open_door(door.monitor(), at, database, settings));
    let monitor = monitor.transpose()?;
    Ok((open_door(door, at, database, settings)?, monitor))
}

/// A user's password counts for more than a token.
fn auth(settings: &Settings) -> stele_nats::Auth {
    if !settings.nats_user.is_empty() {
        return stele_nats::Auth::User {
            name: settings.nats_user.clone(),
            password: settings.nats_password.clone(),
        };
    }
    match settings.nats_token.as_str() {
        "" => stele_nats::Auth::Nobody,
        token => stele_nats::Auth::Token(token.to_string()),
    }
}

fn open_search(settings: &Settings, database: &Database) -> Result<Search, Failure> {
    let folder = settings.data.join("search");
    Search::open(database.clone(), &folder)
        .map_err(|error| Failure::running(format!("{}: {error}", folder.display())))
}

fn open_http(
    settings: &Settings,
    at: TcpListener,
    search: &Search,
    others: &[&Opened],
) -> Result<Opened, Failure> {
    let mut doors: Vec<(String, String)> = others
        .iter()
        .map(|door| (door.name().to_owned(), door.address().to_string()))
        .collect();
    let own = at.local_addr().map_err(Failure::running)?;
    doors.push(("http".to_owned(), own.to_string()));
    let facts = Facts {
        name: "stele".to_owned(),
        doors,
        fsync: match settings.fsync {
            stele_core::record::Fsync::Always => "always",
            stele_core::record::Fsync::EverySec => "everysec",
            stele_core::record::Fsync::Off => "off",
        },
        started_us: RealEnv.now_us(),
    };
    open_door(
        Http::new(search.clone(), facts),
        at,
        search.database(),
        settings,
    )
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
