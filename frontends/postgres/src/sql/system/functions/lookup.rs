//! `to_regclass` and its like: an object by name, or NULL.

use stele_core::record::value::{Result, Type, Value};

use super::super::names::object_oid;
use super::Args;
use crate::sql::virtual_table::SystemContext;

pub(super) fn call(cx: &SystemContext<'_>, name: &str, args: Args<'_>) -> Option<Result<Value>> {
    let ty = match name {
        "to_regclass" => Type::Regclass,
        "to_regtype" => Type::Regtype,
        "to_regnamespace" => Type::Regnamespace,
        "to_regproc" => Type::Regproc,
        "to_regprocedure" => Type::Regprocedure,
        "to_regoper" => Type::Regoper,
        "to_regoperator" => Type::Regoperator,
        "to_regrole" => Type::Regrole,
        _ => return None,
    };
    let Some(text) = args.text(0) else {
        return Some(Ok(Value::Null));
    };
    Some(match object_oid(cx, &ty, text) {
        Ok(oid) => Ok(Value::Oid(oid)),
        // Only a text that is not a name at all is an error.
        Err(error) if matches!(error.code, "42601" | "42602") => Err(error),
        Err(_) => Ok(Value::Null),
    })
}
