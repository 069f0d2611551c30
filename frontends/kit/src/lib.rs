//! # The kit: what every door shares
//!
//! **What.** A *door* is a dialect spoken on one port. The kit listens, limits, counts and
//! stops; a door only talks. This is a whole door:
//!
//! ```no_run
//! use stele_core::Database;
//! use stele_kit::{Client, Door, Result};
//! use tokio::io::{AsyncReadExt, AsyncWriteExt};
//!
//! struct Echo;
//!
//! impl Door for Echo {
//!     const NAME: &'static str = "echo";
//!
//!     async fn serve(&self, mut client: Client, _db: Database) -> Result<()> {
//!         let mut chunk = [0; 1024];
//!         loop {
//!             let read = tokio::select! {
//!                 read = client.stream.read(&mut chunk) => read?,
//!                 () = client.shutdown.asked() => return Ok(()),
//!             };
//!             match chunk.get(..read) {
//!                 Some(heard) if read > 0 => client.stream.write_all(heard).await?,
//!                 _ => return Ok(()),
//!             }
//!         }
//!     }
//! }
//! ```
//!
//! **Why.** Accepting, refusing past a limit, surviving a panic in one client's task and
//! draining at the end are the same in every protocol, and each is easy to get subtly wrong.
//! Here they are written once.
//!
//! **How.**
//! ```text
//!   TcpListener --accept--> count < client_count_max ? --yes--> task: door.serve(client, db)
//!                                |                                    |
//!                                no: door.refusal(), close            returns, fails or panics:
//!                                                                     counted, logged, forgotten
//!   Opened::close() --> stop accepting --> tell every client --> wait until idle or deadline
//! ```
//!
//! **Limits.** `client_count_max` clients at once; `drain_ms_max` for the goodbye. The kit
//! does not read or write the stream, so it knows nothing of message sizes: those limits are
//! the door's.
//!
//! **Further reading.** `door` is the loop, `client` what a door is handed, `transcript` how
//! doors are tested.

#![deny(missing_docs)]

mod client;
mod door;
pub mod transcript;

pub use client::{Client, Shutdown};
pub use door::{Counts, Door, Error, Limits, Opened, Result, open};
