//! The server: what all connections of the door share.

use std::sync::Arc;

use stele_core::Database;

use crate::clients::Clients;
use crate::jetstream::JetStream;
use crate::wire::info::{API_LEVEL, Info, VERSION};

/// The letters of identities, as nats-server draws them.
const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// Who may come in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Auth {
    /// Anybody.
    #[default]
    Nobody,
    /// Who knows the token.
    Token(String),
    /// Who knows the user's password.
    User {
        /// The name.
        name: String,
        /// The password.
        password: String,
    },
}

/// How the door is to behave.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where it listens, as it tells clients.
    pub host: String,
    /// Where it listens, as it tells clients.
    pub port: u16,
    /// Who may come in.
    pub auth: Auth,
    /// The largest payload, headers included, in bytes.
    pub payload_bytes_max: usize,
    /// How much may wait for one client before it is cut off, in bytes.
    pub pending_bytes_max: usize,
    /// Messages one request to a consumer may ask for; 0 = no limit.
    pub pull_count_max: u64,
    /// Subscriptions one client may have.
    pub subscription_count_max: usize,
    /// How often a client is asked whether it is there, in milliseconds.
    pub ping_interval_ms: u64,
    /// How long a client may take to say who it is, in milliseconds.
    pub auth_timeout_ms: u64,
    /// How long a client may take no byte of what waits, in milliseconds.
    pub write_deadline_ms: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            host: "127.0.0.1".to_owned(),
            port: 4222,
            auth: Auth::Nobody,
            payload_bytes_max: 1 << 20,
            pending_bytes_max: 64 << 20,
            pull_count_max: 0,
            subscription_count_max: 1_000_000,
            ping_interval_ms: 120_000,
            auth_timeout_ms: 2_000,
            write_deadline_ms: 10_000,
        }
    }
}

/// What all connections share.
pub struct Server {
    /// The options.
    pub options: Options,
    /// The database behind the door.
    pub db: Database,
    /// This start's identity.
    pub id: String,
    /// When it started, nanoseconds since the Unix epoch.
    pub started_ns: u64,
    /// Who is connected.
    pub clients: Clients,
    jetstream: Arc<JetStream>,
}

impl Server {
    /// A server over a database.
    #[must_use]
    pub fn new(db: &Database, options: Options) -> Self {
        let id = identity(db, 'N', 55);
        Self {
            jetstream: JetStream::new(db, id.clone(), options.pull_count_max),
            options,
            db: db.clone(),
            started_ns: db.now_us() * 1000,
            clients: Clients::default(),
            id,
        }
    }

    /// Its streams.
    #[must_use]
    pub fn jetstream(&self) -> &Arc<JetStream> {
        &self.jetstream
    }

    /// What INFO says to one client.
    #[must_use]
    pub fn info<'a>(&'a self, client_id: u64, client_ip: &'a str) -> Info<'a> {
        Info {
            server_id: &self.id,
            server_name: &self.id,
            version: VERSION,
            proto: 1,
            go: "go1.25",
            host: &self.options.host,
            port: self.options.port,
            headers: true,
            auth_required: self.options.auth != Auth::Nobody,
            max_payload: self.options.payload_bytes_max,
            jetstream: true,
            client_id,
            client_ip,
            connect_info: false,
            remote_account: None,
            api_lvl: API_LEVEL,
        }
    }
}

/// A name that nobody else has drawn.
#[must_use]
pub fn identity(db: &Database, first: char, length: usize) -> String {
    let mut name = String::with_capacity(length + 1);
    name.push(first);
    let mut bits = 0;
    for at in 0..length {
        if at % 12 == 0 {
            bits = db.random();
        }
        let letter = usize::try_from(bits % 32).unwrap_or(0);
        name.push(LETTERS.get(letter).copied().map_or('A', char::from));
        bits >>= 5;
    }
    name
}
