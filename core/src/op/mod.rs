//! Ops: what can be done to a record, as plain data and pure functions.
//!
//! What: [`Op`] is what a log entry carries. [`fold`] evaluates one against the
//! rows below it: old record and stamp in; new rows, change and reply out.
//!
//! Why: whoever evaluates an op, a leader now or a follower later, must get the
//! same bytes. So an op reads nothing but rows and its stamp: no clock, no
//! dice, no configuration, no unordered map.
//!
//! How: one file per type of record, with its folds and its readers. Whatever
//! the type, the head is read once, elements follow, the head is written last:
//!
//! ```text
//! fold -> held (head) -> string | hash | list | set | zset | row | stream | whole -> head::store
//!                                  elements, number, pick
//! ```
//! A refused op ([`OpError`]) has written nothing. Random choices (which members
//! SPOP takes) are resolved before the log: the op carries a seed. An op's stamp
//! is its own and names the elements of what it creates. When the last element
//! goes, so does the record: the change is a removal under the op's own name.
//!
//! Limits: an op touches one record. What reads one record and writes another
//! is a transaction that logs several ops with the versions it relied on.
//!
//! Further reading: Shapiro et al., "Conflict-free Replicated Data Types"
//! (2011), for ops as the unit of replication.

mod command;
mod elements;
mod error;
mod fold;
pub mod hash;
mod held;
mod kinds;
pub mod list;
mod number;
mod pick;
mod reply;
mod row;
pub mod set;
pub mod stream;
pub mod string;
mod whole;
pub mod zset;

#[cfg(test)]
mod bench;
#[cfg(test)]
mod fold_test;
#[cfg(test)]
mod laws;
#[cfg(test)]
mod model;

pub use command::{Command, CommandReply, Entry, EntryReply, Expect, SEMANTICS, TxnId};
pub use elements::Page;
pub use error::OpError;
pub use fold::fold;
pub use held::Answer;
pub use kinds::{Condition, Content, ExpireCondition, Expiry, LexBound, Op, ScoreBound, ZsetRange};
pub use reply::Reply;
pub use whole::{Whole, content};
