//! # Strings
//!
//! **What.** Reading and writing whole strings (`basic`), SET and its relatives (`set`), numbers
//! kept as strings (`counter`), parts of strings (`range`), single bits (`bits`), several at once (`several`).
//!
//! **Why.** A string's payload stands in the head of its record, so every one of these reads or
//! writes a single row.
//!
//! **How.** Writes become one op each and say nothing about the old value; the log decides.
//!
//! **Limits.** A string is at most 512 MB (`proto-max-bulk-len`). Of the bit commands only GETBIT and SETBIT are here.
//!
//! **Further reading.** `core/src/op`, where the ops mean what they mean.

pub mod basic;
pub mod bits;
pub mod counter;
pub mod lcs;
pub mod range;
pub mod set;
pub mod several;
