//! Documents: a table's row as JSON, and the fields of it that are indexed.
//!
//! What: [`Mapping`] names the fields; [`source`] turns rows into documents and
//! documents into rows; [`values`] reads a field's values out of a document.
//!
//! Why: an index made over HTTP is a table that SQL and Redis write to as well.
//! A document must come back exactly as it was sent, and a column changed
//! through another door must show in it.
//!
//! How: a collection of documents has a column `_source` with the text as sent,
//! and one column for each field that a column can hold. Columns win:
//!
//! ```text
//! _source {"name": "Ada", "tags": ["a", "b"], "age": 36}
//! columns   name = Ada     tags = NULL         age = 37   <- UPDATE ... SET age = 37
//! document {"name": "Ada", "tags": ["a", "b"], "age": 37}
//! ```
//!
//! A column says nothing about a value it cannot hold (an array, an object):
//! such values live in `_source` alone. A row without a `_source` is its columns, and the
//! fields of a table made in SQL are implied by its columns ([`columns`]).
//!
//! Limits: a column set to NULL takes its field away only where the field had a
//! plain value. Fields inside objects have no columns.

pub mod columns;
pub mod date;
pub mod mapping;
pub mod source;
pub mod values;

pub use columns::Columns;
pub use mapping::{Dynamic, Field, Kind, Mapping};
pub use source::Document;
