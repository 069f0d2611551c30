//! Exact answers: which rows of a view match, whatever the index has seen.
//!
//! What: [`Ready`] is an index at hand for one statement; [`Ready::matches`] gives the
//! records of a view that match, best first, equally good ones by key.
//!
//! Why: a statement of SQL sees one moment of the data and its transaction's own writes,
//! and an index sees another. Neither a row that went nor one that came may be missed.
//!
//! How: the index and the view differ in what changed between them, and the feed says what
//! that is. Those rows are read from the view and asked by themselves, in an index of their
//! own in memory; what the index says of them is left out.
//!
//! ```text
//! feed    ......|---- tail ----------------|.....   changed since both, up to now
//!         index ^          ^ view         ^ now
//!
//! matches = (index's hits - tail) + (tail's rows, as the view has them, that match)
//! ```
//!
//! The transaction's own writes belong to the tail. All are scored by the statistics of the
//! index's last refresh. Nothing waits for a refresh unless the tail is long.
//!
//! Limits: [`TAIL_COUNT_MAX`] changed rows, [`OWN_COUNT_MAX`] of the transaction's own.
//! A snapshot from before the feed's end cannot be asked.

mod best;
mod matches;
mod ready;
mod tail;

pub use matches::{Match, Matches};
pub use ready::{Asked, Ready};
pub use tail::{OWN_COUNT_MAX, TAIL_COUNT_MAX};
