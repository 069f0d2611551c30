//! Transactions: several records, one outcome.
//!
//! What: [`Engine`] is a node's machinery; [`Txn`] an interactive transaction;
//! `commit` the protocol; `rows` what a table row owes its schema.
//!
//! Why: one SQL statement, one MULTI and one bulk request may touch records
//! whose logs are different, and must not be seen half done.
//!
//! How: records are locked at their leaders until the end. What was written is
//! kept in an overlay, so that the transaction sees itself, and as ops. Commit:
//!
//! ```text
//! one partition:   All { expects, ops }                       one entry
//! several:         Prepare ---> every log   (durable: committed)
//!                  Resolve ---> every log   (visible: answered)
//!                  Forget  ---> every log   (later, many at once)
//! ```
//!
//! A transaction is committed when every participant's log has its prepare:
//! that is the decision, there is no other record of it. Whoever finds an
//! intent after a crash asks every participant; `Inquire` bars a prepare that
//! has not come, so all who ask are told the same.
//!
//! READ COMMITTED takes a snapshot per statement; REPEATABLE READ one for the
//! transaction, and refuses to overwrite what changed since; SERIALIZABLE adds
//! everything read to what commit validates.
//!
//! Limits: locks live in the leader's memory; if it stops, unprepared
//! transactions are gone. A range read at SERIALIZABLE is validated by its
//! whole collection, which refuses more than strictly needed.
//!
//! Further reading: Gray and Lamport, "Consensus on Transaction Commit" (2006);
//! Taft et al., "CockroachDB" (2020), section 3.1, for parallel commits; Adya,
//! "Weak Consistency" (1999), for what the levels forbid.

mod batch;
mod commit;
mod committing;
mod engine;
mod locks;
mod recover;
mod references;
mod row;
mod rows;
mod schema;
mod transaction;
mod view;

pub use batch::{Batch, Written};
pub use engine::{Engine, EngineParts, FeedWatch};
pub use locks::{LockMode, LockTable};
pub use recover::recover;
pub use row::{RowError, RowRecord, Violation};
pub use rows::{RowResult, claim_value, claimed_key};
pub use transaction::{Isolation, LockWait, Savepoint, Txn, TxnOptions};
pub use view::{TxnView, View};

#[cfg(test)]
pub(crate) mod check;
#[cfg(test)]
pub(crate) mod fixture;
#[cfg(test)]
mod isolation_test;
#[cfg(test)]
mod locks_test;
#[cfg(test)]
mod rows_test;
#[cfg(test)]
mod simulation_test;
#[cfg(test)]
mod tests;
