//! # Commands: one table, one row per command
//!
//! **What.** Every command is a row of a table: its name, its arity, its flags, which of its
//! words are keys, its family, one sentence about it, and how it is carried out. Dispatch, the
//! `COMMAND` family and `docs/compatibility/redis.md` are all made from these rows.
//!
//! **Why.** A command that exists in one place only cannot be dispatched but undocumented, or
//! documented with the wrong arity.
//!
//! **How.** A family's file ends, or begins, with its `COMMANDS`. A row's `Run` says what kind
//! of thing the command is, and the session does the rest:
//!
//! ```text
//!   Read    rows of a view       -> answer          GET, HGETALL, ZRANGE
//!   Survey  the same, everything -> answer          KEYS, SCAN, RANDOMKEY
//!   Write   words                -> ops + shape     SET, HSET, ZADD    batched with neighbours
//!   Decide  a transaction        -> answer          RENAME, SMOVE, SINTERSTORE
//!   Here    the connection       -> answer          PING, SELECT, CLIENT
//! ```
//! Inside EXEC all of them run in one transaction of the core.
//!
//! **Limits.** A command that is not in the table does not exist: the client gets Redis's own
//! `unknown command`, and nothing changed.
//!
//! **Further reading.** `docs/compatibility/redis.md`, which is generated from here.

pub mod command;
mod deciding;
pub mod plan;
mod reading;
pub mod registry;

mod client;
mod clients;
mod cluster;
mod config;
mod connection;
mod deadline;
mod debug;
mod describe;
pub(crate) mod hash;
mod info;
mod keys;
mod level;
mod list;
mod pubsub;
mod random;
mod scan;
mod server;
mod set;
mod stream;
mod string;
mod transaction;
mod zset;

use bytes::Bytes;

pub use command::{Boxed, Clear, Command, Flags, Group, Keys, Run};
pub use deciding::Deciding;
pub use reading::{Reading, type_name};

use crate::fault::{Fault, NOT_INTEGER, SYNTAX};
use crate::resp::number::parse_i64;

/// The word at a position.
///
/// # Errors
/// A syntax error where there is none, which the arity check excludes for the leading words.
pub fn word(args: &[Bytes], at: usize) -> Result<&Bytes, Fault> {
    args.get(at).ok_or(SYNTAX)
}

/// The whole number at a position.
///
/// # Errors
/// When it is none.
pub fn integer(args: &[Bytes], at: usize) -> Result<i64, Fault> {
    parse_i64(word(args, at)?).ok_or(NOT_INTEGER)
}

/// Whether a word is this option, in upper or lower case.
#[must_use]
pub fn is(word: &[u8], option: &str) -> bool {
    word.eq_ignore_ascii_case(option.as_bytes())
}

/// The words from a position on.
#[must_use]
pub fn rest(args: &[Bytes], from: usize) -> &[Bytes] {
    args.get(from..).unwrap_or(&[])
}
