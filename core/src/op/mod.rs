//! Ops: what can be done to a record, as plain data and pure functions.
//!
//! What: [`Op`] is what a log entry carries. [`fold`] evaluates one against the
//! rows below it: old record and stamp in; new rows, change and reply out.
//!
//! Why: whoever evaluates an op, a leader now or a follower later, must get the
//! same bytes. So an op reads nothing but rows and its stamp: no clock, no
//! dice, no configuration, no unordered map.
//!
//! How: one file per type of record. A refused op ([`OpError`]) has written
//! nothing. Random choices (which members SPOP takes) are resolved before the
//! log: the op carries a seed.
//!
//! Limits: an op touches one record. What reads one record and writes another
//! is a transaction that logs several ops with the versions it relied on.
//!
//! Further reading: Shapiro et al., "Conflict-free Replicated Data Types"
//! (2011), for ops as the unit of replication.

mod command;
mod error;
mod kinds;
mod reply;

pub use command::{Command, CommandReply, Entry, EntryReply, Expect, TxnId};
pub use error::OpError;
pub use kinds::{
    Condition, Content, ExpireCondition, Expiry, LexBound, Op, ScoreBound, ZsetRange,
};
pub use reply::Reply;
