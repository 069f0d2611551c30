//! # SQL: from a statement's syntax tree to rows
//!
//! **What.** `bind` gives every name and expression its meaning, `plan` decides how rows are
//! found and joined, `execute` produces them one at a time. Semantics are PostgreSQL 15's,
//! down to result types, output names and SQLSTATEs.
//!
//! **Why.** A generic query engine gets overflow, types and error codes wrong and takes a
//! millisecond to plan a point read. What clients switch on must be ours.
//!
//! **How.**
//! ```text
//!   sqlparser AST --bind--> BoundQuery { plan, subplans, columns } --execute--> rows
//!                             |  names, types, casts, $n                 over &dyn Rows:
//!                             plan: access paths, joins, push-down       a view of records
//! ```
//!
//! A bound query owns everything it needs (tables are shared by `Arc`), so a prepared
//! statement keeps it until the catalogue changes.
//!
//! **Limits.** Queries run on one node and one thread; what does not fit in memory is refused
//! (53200), not spilled. Collations other than byte order are refused.
//!
//! **Further reading.** PostgreSQL manual, chapter 52.5 (planner) and 10 (type conversion);
//! Graefe, "Volcano" (1994).

pub mod bind;
pub mod copy;
pub mod ddl;
pub mod dml;
pub mod execute;
pub mod parse;
pub mod plan;
pub mod statement;
pub mod system;
pub mod virtual_table;
