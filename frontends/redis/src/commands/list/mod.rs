//! # Lists
//!
//! **What.** `read` and `write` are the everyday commands, `position` is LPOS, `between` moves
//! elements from one list to another.
//!
//! **Why.** Who pops an element is decided where the log puts the pop, so two clients never get
//! the same one.
//!
//! **How.** A list keeps one physical row per element. What concerns one list is one op; what
//! concerns two is a transaction.
//!
//! **Limits.** Blocking pops are not here yet.
//!
//! **Further reading.** `core/src/op`.

pub mod between;
pub mod position;
pub mod read;
pub mod write;
