//! # The door that speaks Redis
//!
//! **What.** RESP2 and RESP3 over the sixteen keyspaces and, in database 0, over the rows of
//! tables. A client of Redis 7.2 finds its commands, its errors and its reply shapes.
//!
//! **Why.** A door translates. It has no opinion about data, durability or order: a command
//! becomes ops, a read, or a transaction of the core, and the answer is spelled as Redis would.
//!
//! **How.** One request, from the top:
//! ```text
//!   kit        accepts, hands over a Client
//!   session    reads a buffer, runs every request in it, sends the answers in order
//!     resp     bytes <-> requests and answers
//!     commands the table; what each command becomes
//!       rows   keys that are rows of tables
//!     server   what connections know of each other: CLIENT LIST, CONFIG, INFO
//! ```
//! Consecutive plain writes of one buffer become one batch, so a pipeline of a hundred SETs is
//! one log entry per partition and not a hundred.
//!
//! **Limits.** No scripts, streams, blocking pops, bitmaps, or geo commands yet: they are unknown
//! commands. One outcome Redis does not have: an error starting with `UNKNOWN` says that a write
//! was sent and nobody can say yet whether it happened.
//!
//! **Further reading.** `docs/compatibility/redis.md`, generated from the table of commands.

pub mod commands;
pub mod fault;
pub mod glob;
pub mod page;
pub mod resp;
pub mod rows;
pub mod server;
pub mod session;

use std::sync::Arc;

use stele_core::Database;
use stele_kit::{Client, Door, Result};

pub use server::{Options, REDIS_VERSION};

/// The door itself.
#[derive(Debug)]
pub struct Redis {
    server: Arc<server::Server>,
}

impl Redis {
    /// A door with these options, not open yet.
    #[must_use]
    pub fn new(options: Options) -> Self {
        Self {
            server: Arc::new(server::Server::new(options)),
        }
    }
}

impl Door for Redis {
    const NAME: &'static str = "redis";

    async fn serve(&self, client: Client, db: Database) -> Result<()> {
        session::serve(Arc::clone(&self.server), client, db).await
    }

    fn refusal(&self) -> &'static [u8] {
        b"-ERR max number of clients reached\r\n"
    }
}
