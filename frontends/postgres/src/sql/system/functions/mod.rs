//! # System functions: questions about the catalogue and the session
//!
//! **What.** `call` answers the functions the registry declares for the host and that need no
//! more than a [`SystemContext`]: `pg_get_indexdef`, `format_type`, `current_schema`, ...
//!
//! **Why.** They are where psql and drivers get their text from; the registry in the core
//! knows their types but not the catalogue.
//!
//! **How.** One file per family; each `call` matches on the name and answers `None` for a
//! name that is not its own, so that the next is asked:
//!
//! ```text
//! Host::call -> functions::call -> definition | visibility | size | session | privilege | lookup
//! ```
//!
//! Argument types were checked by the binder; [`Args`] reads them by position.
//!
//! **Limits.** What changes the session or asks for a number (`set_config`, `nextval`) is the
//! session's own and is answered `None` here.
//!
//! **Further reading.** PostgreSQL manual, section 9.26 (system information functions).

mod definition;
mod lookup;
mod privilege;
mod session;
mod size;
mod visibility;

use stele_core::record::expr::EvalContext;
use stele_core::record::value::{Result, Value};

use crate::sql::virtual_table::SystemContext;

/// The value of a system function; `None` when the name is not one of these.
pub fn call(
    cx: &SystemContext<'_>,
    name: &str,
    args: &[Value],
    eval: &EvalContext<'_>,
) -> Option<Result<Value>> {
    match name {
        "txid_current" => return Some(Ok(transaction_number(eval))),
        "txid_current_if_assigned" => return Some(Ok(Value::Null)),
        _ => {}
    }
    let args = Args(args);
    definition::call(cx, name, args)
        .or_else(|| visibility::call(cx, name, args))
        .or_else(|| size::call(cx, name, args))
        .or_else(|| session::call(cx, name, args))
        .or_else(|| privilege::call(cx, name, args))
        .or_else(|| lookup::call(cx, name, args))
}

/// A number that stays within a transaction and grows from one to the next: when it began.
fn transaction_number(eval: &EvalContext<'_>) -> Value {
    Value::Int8(eval.transaction_us)
}

/// Arguments by position.
#[derive(Clone, Copy)]
struct Args<'a>(&'a [Value]);

impl<'a> Args<'a> {
    fn get(self, index: usize) -> &'a Value {
        self.0.get(index).unwrap_or(&Value::Null)
    }

    fn count(self) -> usize {
        self.0.len()
    }

    /// An OID, also one given as an integer.
    fn oid(self, index: usize) -> Option<u32> {
        self.get(index)
            .as_i64()
            .and_then(|oid| u32::try_from(oid).ok())
    }

    fn int(self, index: usize) -> Option<i64> {
        self.get(index).as_i64()
    }

    fn text(self, index: usize) -> Option<&'a str> {
        self.get(index).as_str()
    }

    /// A flag; missing is false.
    fn flag(self, index: usize) -> bool {
        self.get(index).as_bool() == Some(true)
    }
}

/// Text, or NULL for none.
fn text(found: Option<String>) -> Result<Value> {
    Ok(found.map_or(Value::Null, Value::text))
}
