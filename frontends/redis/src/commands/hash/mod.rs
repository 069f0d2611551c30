//! # Hashes, and rows of tables as hashes
//!
//! **What.** `read` and `write` are the everyday commands, `random` is HRANDFIELD; HSCAN is with
//! the other scans. Through this door a row of a table is a hash whose fields are its columns.
//!
//! **Why.** A hash keeps one physical row per field, so reading a field of a hash of millions is
//! one point read.
//!
//! **How.** Reads of keyspace hashes and of table rows meet in `source`; writes of rows go through
//! the table's constraints, in `crate::rows`.
//!
//! **Limits.** Fields have no deadlines of their own.
//!
//! **Further reading.** `core/src/op` for the ops, `crate::rows` for tables.

pub mod random;
pub mod read;
pub mod source;
pub mod write;
