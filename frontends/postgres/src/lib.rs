//! # The postgres door
//!
//! **What.** PostgreSQL 15's protocol and SQL over stele's records: psql, drivers and pgbench
//! connect to it, and see tables whose rows are the same records that other doors see.
//!
//! **Why.** What clients switch on (result types, SQLSTATEs, command tags, what `\d` asks) is
//! the product; so parsing apart, everything that decides those is written here.
//!
//! **How.** A statement passes through three rooms:
//!
//! ```text
//!   wire      bytes <-> messages, cancel, notices, COPY streams
//!   session   transaction, settings, prepared statements, portals
//!   sql       parse -> bind -> plan -> execute; dml, ddl, copy; pg_catalog
//! ```
//!
//! **Limits.** `docs/compatibility/postgres.md` lists what is supported and what is refused.
//!
//! **Further reading.** PostgreSQL manual, part IV and chapter 55; each folder's essay.

pub mod door;
pub mod error;
pub mod session;
pub mod sql;
pub mod wire;

pub use door::Postgres;
