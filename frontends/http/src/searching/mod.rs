//! Searching: Elasticsearch's query language in, its answers out.
//!
//! What: `_search`, `_count`, `_refresh` and `_analyze`.
//!
//! Why: the crate that searches knows queries as plain data; how Elasticsearch spells them,
//! and how it wants its answers, is this door's business.
//!
//! How: [`dsl`] reads a clause into a query and refuses every argument it does not know;
//! [`body`] reads what stands around it; [`visible`] waits until a write can be found;
//! [`merge`] puts the hits of several indexes in one order; [`timeout`] reads how long;
//! [`shape`] is an answer.
//!
//! Limits: aggregations over one index at a time; no scripts, no scrolling.

pub mod analyze;
pub mod body;
pub mod clauses;
pub mod dsl;
pub mod merge;
pub mod search;
pub mod shape;
pub mod timeout;
pub mod visible;
