//! Indexes: a table and its search index, under one name.
//!
//! What: creating, showing and removing indexes, their mappings, and the names that stand
//! for several of them.
//!
//! Why: an index that were a thing of its own would be a copy, and copies go stale.
//!
//! How: `PUT /products` makes a table with an id, the document as it came, and a column for
//! each mapped field; a field that turns up later gets a column ([`grow`]) before the
//! document that brings it is written. `DELETE /products` drops the table.
//!
//! Limits: an object's inner fields live in the document only; no aliases, no templates.

pub mod create;
pub mod grow;
pub mod mapping;
pub mod properties;
pub mod resolve;
pub mod show;
