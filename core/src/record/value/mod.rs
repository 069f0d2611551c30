//! # Values: the types every door shares
//!
//! **What.** SQL values with PostgreSQL 15's types, text and binary forms, casts, order and
//! arithmetic; their storage form in a record, and their order-preserving form in a key.
//!
//! **Why.** A table row is written by one door, indexed by the core and read by another.
//! All must agree to the last digit, so the meaning of a value lives below all of them.
//!
//! **How.** One file per idea:
//!
//! ```text
//! types, value, error, settings      what there is
//! numeric, datetime/, json, array    the types with insides
//! text, binary                       forms on the wire: parse/print, receive/send
//! cast, cast_matrix                  conversions: implicit, assignment, explicit
//! compare                            order, equality, hash
//! row, key                           forms on disk: fields by column id; memcomparable
//! ```
//!
//! **Limits.** No enums, ranges, composite table types, timetz, bit or network types. Numeric
//! is exact up to 131072 digits before and 16383 after the point. Text order is byte order.
//!
//! **Further reading.** PostgreSQL manual, chapter 8 (data types).

pub mod array;
mod binary;
pub mod bytea;
mod cast;
mod cast_matrix;
pub mod compare;
pub mod datetime;
mod error;
pub mod json;
pub mod key;
pub mod numeric;
pub mod row;
mod settings;
pub mod text;
mod types;
#[allow(clippy::module_inception)]
mod value;

pub use array::Array;
pub use binary::{receive, send, send_format, send_item, utf8};
pub use cast::cast;
pub use cast_matrix::{CastContext, cast_exists, weakest_context};
pub use datetime::Interval;
pub use error::{Result, ValueError};
pub use json::Jsonb;
pub use numeric::Numeric;
pub use settings::{DateOrder, IntervalStyle, Settings, Zone};
pub use text::{parse, print};
pub use types::{ColumnType, TYPES, Type, TypeInfo};
pub use value::{Record, Value};

#[cfg(test)]
mod roundtrip_test;
