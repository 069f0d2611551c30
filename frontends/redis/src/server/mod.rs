//! # The node as this door shows it
//!
//! **What.** What all connections of the door share: who is connected (`clients`), the settings
//! (`settings`), the counters INFO prints (`stats`), and
//! where element scans stand (`cursors`).
//!
//! **Why.** CLIENT LIST, CONFIG and INFO ask about other connections than their own. All
//! of it concerns this door on this node; nothing here is data, and nothing here is replicated.
//!
//! **How.** Small locks held for a few instructions, and atomics where a counter will do. No lock
//! is held across an await.
//!
//! **Limits.** CONFIG SET lasts until the node stops. Settings that mean nothing here are accepted
//! where clients and test suites set them, and are echoed; `settings` lists which do anything.
//!
//! **Further reading.** `crate::commands::info` for what is printed.

pub mod clients;
pub mod cursors;
pub mod settings;
pub mod stats;

use std::sync::atomic::AtomicU64;

use clients::Clients;
use cursors::Cursors;
use settings::Settings;
use stats::Stats;

/// How the door is opened.
#[derive(Debug, Clone)]
pub struct Options {
    /// The port it listens on, for INFO and CLIENT.
    pub port: u16,
    /// How often the log is forced to disk, as CONFIG GET appendfsync shows it.
    pub fsync: stele_core::record::Fsync,
    /// What AUTH asks for; none: everybody may come in.
    pub password: Option<String>,
    /// Clients served at once, as CONFIG GET maxclients shows it.
    pub client_count_max: usize,
    /// The release INFO shows beside the Redis version it is compatible with.
    pub version: &'static str,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            port: 6379,
            fsync: stele_core::record::Fsync::Always,
            password: None,
            client_count_max: 10_000,
            version: env!("CARGO_PKG_VERSION"),
        }
    }
}

/// The version whose commands and errors this door speaks. Clients decide by it what they may
/// send, so it never exceeds 7.2.
pub const REDIS_VERSION: &str = "7.2.4";

/// What all connections share.
#[derive(Debug)]
pub struct Server {
    /// How the door was opened.
    pub options: Options,
    /// When, milliseconds since the epoch; 0 until the first client came.
    pub started_ms: AtomicU64,
    /// Who is connected.
    pub clients: Clients,
    /// CONFIG.
    pub settings: Settings,
    /// What INFO counts.
    pub stats: Stats,
    /// Where element scans stand.
    pub cursors: Cursors,
}

impl Server {
    /// What a freshly opened door shares.
    #[must_use]
    pub fn new(options: Options) -> Self {
        Self {
            settings: Settings::new(&options),
            options,
            started_ms: AtomicU64::new(0),
            clients: Clients::default(),
            stats: Stats::default(),
            cursors: Cursors::default(),
        }
    }
}
