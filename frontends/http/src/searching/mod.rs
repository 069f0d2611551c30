//! Searching: Elasticsearch's query language in, its answers out.

pub mod analyze;
pub mod body;
pub mod clauses;
pub mod dsl;
pub mod merge;
pub mod search;
pub mod visible;
