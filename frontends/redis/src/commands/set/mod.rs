//! # Sets
//!
//! **What.** `member` concerns one set, `algebra` several (intersection, union, difference).
//!
//! **Why.** A set keeps one physical row per member, so membership is one point read.
//!
//! **How.** Reading several sets takes one view of all of them. Storing a result, or moving a
//! member, is a transaction.
//!
//! **Limits.** The algebra reads whole sets into memory, except where a point read per member of
//! the smallest set will do.
//!
//! **Further reading.** `core/src/op`.

pub mod algebra;
pub mod member;
pub mod store;
