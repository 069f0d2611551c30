//! The postgres door: SQL over PostgreSQL's wire protocol.

pub mod error;
pub mod sql;
