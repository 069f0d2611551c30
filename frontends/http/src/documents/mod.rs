//! Documents: one at a time and many at once.
//!
//! A write is a transaction over rows: [`write`] is what one document asks of it, whether
//! it came alone or in a bulk request.

pub mod bulk;
pub mod one;
pub mod plain;
pub mod several;
pub mod shown;
pub mod stored;
pub mod write;
