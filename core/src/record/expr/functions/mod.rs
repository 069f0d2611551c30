//! # Functions: every function and operator an expression may call
//!
//! **What.** The registry: one entry per PostgreSQL signature, `abs(integer) integer` or
//! `+(integer, integer) integer`, with its volatility and the Rust function that computes it.
//!
//! **Why.** Constraints, defaults, index expressions and SQL statements must agree on what
//! `lower(name)` means, on every node and for ever; one table of functions is the only way.
//!
//! **How.** A file per family registers its entries with a signature written as SQL writes it:
//!
//! ```text
//! register.strict("left(text, integer) text", left)
//! resolve("left", [unknown, smallint])  ->  left(text, integer), casts [text, integer]
//! ```
//!
//! `resolve` (resolve.rs) follows PostgreSQL's overload rules, including unknown literals
//! and polymorphic types. A stored expression names a function by its signature, so entries
//! may be added and reordered freely, but never removed or redefined.
//!
//! **Limits.** No user-defined functions, no named arguments, no `VARIADIC array` calls.
//! Set-returning functions and aggregates are not entries; see `aggregate.rs` for the latter.
//!
//! **Further reading.** PostgreSQL manual, chapters 9 (functions) and 10 (type conversion).

mod args;
mod array;
mod bits;
mod compare;
mod datetime;
mod datetime_functions;
mod encoding;
mod format_datetime;
mod format_number;
mod json;
mod json_build;
mod like;
mod math;
mod math_functions;
mod misc;
mod parse_datetime;
mod pattern;
mod registry;
mod resolve;
mod system;
mod template;
mod text;
mod text_format;

pub use json_build::to_json as json_text;
pub(super) use json_build::{
    aggregate_key as object_key, member as object_member, to_jsonb as json_tree,
};
pub use like::like_matches;
pub use pattern::{regex, regexp_matches};
pub(super) use registry::Register;
pub use registry::{Call, Eval, EvalFn, Function, FunctionRef, Volatility, functions, named};
pub(super) use resolve::resolve_among;
pub use resolve::{Resolved, call, common_type, equality, resolve};

#[cfg(test)]
mod answers_test;
#[cfg(test)]
mod extremes_test;
