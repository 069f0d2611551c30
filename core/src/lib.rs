//! Stele's core: what a write means, where it lands, how it survives.
//!
//! What: records and the ops that change them, one log per partition that gives
//! the order, `apply` that folds the log into rows, transactions across
//! partitions, and [`Database`], the six verbs the doors speak.
//!
//! Why: a table row, a Redis hash, a document and an event are one record only
//! if there is one place where a write becomes true. That place is `apply`, and
//! the log is the only way to it.
//!
//! How: floors, each importing only those before it:
//!
//! ```text
//! env, error < record < op < store < log < apply < txn < node
//! ```
//!
//! Limits: one node holds every partition today. Tentative writes, followers
//! and moves arrive with the second node; the API already names them.
//!
//! Further reading: `docs/architecture.md`; Bayou (Terry et al., 1995) for
//! tentative and committed writes; Burckhardt et al., "Global Sequence
//! Protocol" (2015), for one order and many views.

pub mod apply;
pub mod env;
pub mod error;
pub mod log;
pub mod node;
pub mod op;
pub mod record;
pub mod store;
pub mod txn;

pub use error::{Error, ErrorKind, Result};
pub use node::{Database, Followed, Listener, Message, Node, NodeOptions, Passage};
pub use txn::{Batch, Isolation, LockMode, LockWait, Txn, TxnOptions, View, Written};
