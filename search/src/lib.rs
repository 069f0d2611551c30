//! Search: full text over tables, by an index that follows the feed.
//!
//! What: [`Search`] keeps one index for each search index of the schema and
//! answers [`Request`]s; [`document`] is how rows are documents; [`query`] what
//! can be asked.
//!
//! Why: full text may be late but must not be wrong. An index is derived from
//! the log like everything else, can be thrown away, and is never what a client
//! gets: hits are read back from base.
//!
//! How:
//!
//! ```text
//! feed --> follow: rows as they are now --> index: entries --> refresh
//!                                                                 |
//! query --> terms --> index: keys, scores, order  <---------------'
//!                       |
//!                     base: rows by key --> hits
//! ```
//!
//! A hit whose row has changed since it was indexed is judged anew as the row
//! is now; one whose row is gone is left out. So nothing deleted or out of date
//! is ever returned, however far behind the index is. SQL asks for the matches of one
//! view, which [`exact`] gives.
//!
//! Limits: one node; totals, aggregations and the order of hits are as of the
//! last refresh.
//!
//! Further reading: Robertson and Zaragoza, "The Probabilistic Relevance
//! Framework: BM25 and Beyond" (2009); tantivy's `ARCHITECTURE.md`.

pub mod analysis;
mod aside;
pub mod document;
pub mod error;
pub mod exact;
mod follow;
mod index;
pub mod pattern;
pub mod query;
mod search;

pub use document::Document;
pub use error::{Error, Result};
pub use search::{Search, Status};
