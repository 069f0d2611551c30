//! Queries: what can be asked of a search index, and how it is answered.
//!
//! What: [`Query`] and [`Request`] are plain data, in no door's dialect;
//! [`run`](Request) turns them into terms, asks the index, and reads the hits.
//!
//! Why: two doors ask (JSON over HTTP, `@@@` in SQL); relevance, order and
//! freshness must not depend on which.
//!
//! How:
//!
//! ```text
//! Query -- words.rs, automata.rs, string.rs --> compile.rs --> terms
//! Request -- best.rs, sort.rs: order   run.rs: hits   judge.rs: rows that changed since
//!            highlight.rs: fragments   aggregate.rs: buckets   deadline.rs: its end
//! ```
//!
//! BM25 with Lucene's constants; a word that a query repeats counts twice, as
//! it does there. Hits that are equal in all that is sorted by, relevance too, are in the
//! order of their primary keys: the same on every node, whatever was indexed when.
//!
//! Limits: relevance is a sum in single precision, whose last digit may depend on how an
//! index lies on the disk; a pattern or a fuzzy word matches a bounded number of terms
//! ([`EXPANSIONS_MAX`]); words of patterns are not highlighted.

mod aggregate;
mod ast;
mod automata;
mod best;
mod compile;
mod deadline;
mod highlight;
mod judge;
mod request;
mod run;
mod sort;
mod string;
mod words;

pub use ast::{Edge, Fuzziness, Minimum, Operator, Query};
pub use automata::EXPANSIONS_MAX;
pub(crate) use best::{Scored, best};
pub(crate) use compile::Compile;
pub(crate) use deadline::Deadline;
pub use highlight::{Fragments, Highlight};
pub use request::{Answer, Hit, Request, Sort, SortBy, TIME_US, Track};
pub use string::Syntax;
