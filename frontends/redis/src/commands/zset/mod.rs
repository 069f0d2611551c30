//! # Sorted sets
//!
//! **What.** `read` and `write` concern members, `range` is ZRANGE in all its forms, `bound` reads
//! the ends of ranges, `random` chooses.
//!
//! **Why.** A sorted set keeps each member twice, by name and by score, so both a score by member
//! and members by score are found without reading the rest.
//!
//! **How.** Each way of naming a range (rank, score, member) becomes one `ZsetRange`, whether it is
//! to be read, counted or removed.
//!
//! **Limits.** A rank is found by counting. Ranges by member are in the order of names, which is
//! Redis's order only where all scores are the same.
//!
//! **Further reading.** `core/src/op`.

pub mod bound;
pub mod random;
pub mod range;
pub mod read;
pub mod write;
