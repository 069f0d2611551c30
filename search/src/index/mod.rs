//! The index on disk: what a search index of one table is made of.
//!
//! What: [`Shape`] turns a mapping into a schema and a row into an entry;
//! [`Generation`] is one index of one shape in a folder; `directory`
//! writes its files; [`Columns`] are what entries say of their rows.
//!
//! Why: the index is derived and disposable. It keeps no documents: an entry has
//! the row's key, its stamp and what is searched, sorted or counted, so that a
//! hit is read from base and a changed row is recognised.
//!
//! How: a changed row is deleted by key and added as it is now, which does not
//! mind being done twice; each commit carries the positions of the feed it has
//! reached. After a crash the feed is followed from there.
//!
//! ```text
//! refresh     commit + reload, no fsync: what a search sees        often
//! checkpoint  fsync, then a copy of the commit's list of files     every 30 s or 64 MB
//! ```
//!
//! A killed process loses nothing: the kernel has the files. After a restart of
//! the machine the files' checksums are looked at; if the newest commit is torn
//! the last checkpoint is taken, and if that is torn too, the index is built anew.
//!
//! Limits: a changed mapping is another shape, whose index is built anew beside
//! the old one, which answers until then as it was.

mod columns;
mod directory;
mod generation;
mod shape;

pub use columns::{Columns, OpenColumns};
pub use generation::Generation;
pub use shape::{KEY, PRESENT, Shape, in_range, key_bytes, key_of};
