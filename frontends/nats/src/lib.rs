//! # The door that speaks NATS
//!
//! **What.** The core protocol (subjects, wildcards, queue groups, headers, request and reply)
//! over the node's bus, and JetStream over streams: collections whose messages are records.
//!
//! **Why.** A subscriber hears what a redis client publishes and what SQL notifies, and a
//! message that must not be lost is a record in the same log as rows and keys.
//!
//! **How.**
//! ```text
//!   kit         accepts, hands over a Client
//!   session     reads bytes, carries out operations, writes what waits
//!     wire      bytes <-> operations, frames, headers, subjects
//!   the bus     finds who hears a subject (in the core, shared with every door)
//!   jetstream   ears on `$JS.API.>` and on every stream's subjects
//!   records     an ear on `$DB.>`: rows of tables by request
//! ```
//! A message goes from the publisher's buffer into the buffer of each subscriber, on the
//! publisher's task; whoever reads too slowly is cut off and nobody waits for it.
//!
//! **Limits.** No accounts, no nkeys or JWT, no TLS, no websocket, no leaf nodes; the list is
//! `docs/compatibility/nats.md`.
//!
//! **Further reading.** The protocol's own pages at docs.nats.io, "Client Protocol".

mod clients;
pub mod jetstream;
mod monitor;
mod records;
mod server;
mod session;
pub mod wire;

use std::sync::Arc;

use stele_core::Database;
use stele_kit::{Client, Door, Result};

use records::Records;

pub use monitor::Monitor;
pub use server::{Auth, Options, Server};

/// The door itself.
pub struct Nats {
    server: Arc<Server>,
    _records: Records,
}

impl Nats {
    /// A door with these options, not open yet. Streams that the database holds are served
    /// from here on.
    ///
    /// # Errors
    /// When a stream or a consumer does not read.
    pub fn new(db: &Database, options: Options) -> stele_core::Result<Self> {
        let server = Arc::new(Server::new(db, options));
        server.jetstream().open()?;
        Ok(Self {
            server,
            _records: Records::open(db),
        })
    }

    /// A door that tells what this one is doing.
    #[must_use]
    pub fn monitor(&self) -> Monitor {
        Monitor::new(self.server.clone())
    }
}

impl Door for Nats {
    const NAME: &'static str = "nats";

    async fn serve(&self, client: Client, _db: Database) -> Result<()> {
        session::serve(Arc::clone(&self.server), client).await
    }

    fn refusal(&self) -> &'static [u8] {
        b"-ERR 'maximum connections exceeded'\r\n"
    }
}
