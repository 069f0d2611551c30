//! Words: what a record is, in memory and in rows. Pure; nothing here waits,
//! reads a clock or touches a disk.
//!
//! What: keys and stamps, heads and rows, typed values and expressions, tables.
//!
//! Why: every floor above and every door speaks in these, so each has one
//! meaning and one encoding.
//!
//! How: a record is a [`Head`] row and, for collection types, one row per
//! element; [`layout`] says where each row lies. Whoever reads a record reads
//! [`rows::Rows`]; whoever changes one writes into an [`overlay::Overlay`].
//!
//! Limits: a key's slot is fixed by its Redis spelling, so a table cannot be
//! renamed without moving its rows.
//!
//! Further reading: `docs/glossary.md`; Kulkarni et al., "Logical Physical
//! Clocks" (2014).

mod catalog;
mod change;
pub mod expr;
pub mod head;
mod json;
mod key;
pub mod layout;
mod level;
pub mod overlay;
pub mod rows;
mod stamp;
pub mod subject;
pub mod table;
mod token;
pub mod value;

pub use change::{Change, ChangeKind};
pub use head::{Head, Kind};
pub use key::{CollectionId, Key, join_spelling, split_spelling};
pub use level::{Fsync, Level, ReadLevel, WriteLevel};
pub use stamp::{Clock, Stamp};
pub use token::Token;
