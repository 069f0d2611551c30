//! # Expressions: what may be computed from a record's values
//!
//! **What.** A bound expression tree (`Expr`), its evaluation over one row, the registry of
//! functions and operators it may call (`functions`), and the accumulators behind aggregates.
//!
//! **Why.** CHECK constraints, column defaults and index expressions are evaluated by the
//! core while statements are evaluated by a door. One tree with one meaning serves both, and
//! is stored in the catalogue as data, never as SQL text that would have to be bound again.
//!
//! **How.** A binder resolves names and types, then builds the tree through the constructors:
//!
//! ```text
//! call("+", [column 0: integer, const '1': unknown])   overloads, implicit casts
//!   -> Expr::Call { +(integer,integer), [column, cast], integer }
//!   -> expr.eval(row, context) -> Value or ValueError { SQLSTATE, message }
//! ```
//!
//! Everything impure (clock, chance, sequences, catalogue, subqueries) is asked of the
//! context's [`Host`]; [`Pure`] refuses it all, which is what a constraint wants.
//!
//! **Limits.** Set-returning functions, windows and the bookkeeping of DISTINCT and FILTER
//! belong to the executor. Recursion is as deep as the tree; the binder bounds the tree.
//!
//! **Further reading.** PostgreSQL manual, chapter 4.2; `functions/mod.rs`.

mod aggregate;
mod context;
mod eval;
#[allow(clippy::module_inception)]
mod expr;
mod functions;
mod moments;
mod truth;

pub use aggregate::{Accumulator, Aggregate, aggregates, resolve_aggregate};
pub use context::{EvalContext, Host, Pure, Rows, output};
pub use eval::cast_value;
pub use expr::{Expr, SubqueryForm};
pub use functions::{
    Call, Eval, EvalFn, Function, FunctionRef, Resolved, Volatility, call, common_type, equality,
    functions, json_text, like_matches, named, regex, regexp_matches, resolve,
};
pub use moments::Moments;
