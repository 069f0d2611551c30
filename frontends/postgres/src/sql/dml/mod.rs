//! # DML: changing rows
//!
//! **What.** INSERT, UPDATE and DELETE, bound ([`Insert`], [`Update`], [`Delete`]) and carried
//! out over a transaction ([`Changes`]); and the same for the views of Redis databases.
//!
//! **Why.** A planner made for reading loses conditions when it is told to write. Here the
//! rows to change are found by an ordinary query, and then each is locked, looked at again
//! and changed through the core, which keeps every constraint and index for all doors.
//!
//! **How.**
//! ```text
//!   find    rows of the statement's snapshot, with their records' addresses
//!   lock    the record, exclusively; wait for whoever has it
//!   look    has it changed since? then the condition must still hold of what it is now
//!   change  new fields -> insert_row / update_row / delete_row: NOT NULL, CHECK, unique, FK
//!   return  RETURNING over the new (or, for DELETE, the old) row
//! ```
//! At READ COMMITTED a changed row is looked at again; above it the transaction fails with
//! 40001, because its snapshot no longer holds. A statement whose condition is the whole
//! primary key skips the search.
//!
//! **Limits.** A statement's changed rows are gathered in memory until it commits.
//!
//! **Further reading.** PostgreSQL manual, chapter 13.2.1 (read committed).

mod changes;
mod conflict;
mod delete;
mod insert;
mod keyspace;
mod returning;
mod stream;
mod target;
mod update;

pub use changes::{Changed, Changes, Eval};
pub use delete::Delete;
pub use insert::{Insert, Source};
pub use keyspace::KeyspaceChange;
pub use returning::Returning;
pub use stream::StreamInsert;
pub use target::{refused, table};
pub use update::Update;
