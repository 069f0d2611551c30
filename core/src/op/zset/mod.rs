//! Sorted sets: members in the order of their scores.
//!
//! What: for every member two rows, one to find its score by name, one to walk
//! the members by score and, among equal scores, by name.
//!
//! Why: ranges by score and by name are the same cheap walk over sorted rows.
//!
//! How: a score becomes eight bytes that sort as it does (`order`); `read`
//! walks, `fold` writes both rows or neither.
//!
//! Limits: a rank is counted, not looked up: its time grows with its distance
//! from the end it is counted from. Both zeros are one score. Ranges by name ignore scores;
//! Redis promises nothing for them when scores differ.
//!
//! Further reading: the IEEE 754 total order predicate (5.10) for the encoding.

mod fold;
mod order;
mod read;

/// The family of rows by name: member -> score.
const MEMBER: u8 = 0;
/// The family of rows by score: score, member -> nothing.
const SCORE: u8 = 1;

pub(in crate::op) use fold::{Rules, add, pop, remove, remove_range, write_all};
pub use read::{
    Scored, Window, Zset, count_by_lex, count_by_score, len, open, random, range_by_lex,
    range_by_rank, range_by_score, rank, scan_from, score,
};
