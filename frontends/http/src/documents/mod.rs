//! Documents: one at a time and many at once.
//!
//! What: `_doc`, `_create`, `_update`, `_bulk`, `_mget`, and what a document looks like when
//! it is shown.
//!
//! Why: a document is a row. What psql inserts has to be a document, and what is put here a
//! row, checked against the same types and constraints.
//!
//! How: a write is a transaction over rows; [`write`] is what one document asks of it,
//! whether it came alone or in a bulk request. [`stored`] reads a document of an index made
//! here, which keeps its source; [`plain`] makes one of the columns of any other table.
//!
//! Limits: no scripts; `_seq_no` and `_primary_term` come from the row's version.

pub mod bulk;
pub mod one;
pub mod plain;
pub mod several;
pub mod shown;
pub mod stored;
pub mod write;
