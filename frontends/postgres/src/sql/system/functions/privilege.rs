//! `has_*_privilege` and membership: everybody may do everything, but only to what exists.

use stele_core::record::value::{Result, Type, Value, ValueError};

use super::super::names::object_oid;
use super::super::owner::{role_name, role_oid};
use super::super::relation::find_oid;
use super::Args;
use crate::sql::virtual_table::SystemContext;

pub(super) fn call(cx: &SystemContext<'_>, name: &str, args: Args<'_>) -> Option<Result<Value>> {
    let object = match name {
        "has_table_privilege"
        | "has_column_privilege"
        | "has_any_column_privilege"
        | "has_sequence_privilege" => Some(Type::Regclass),
        "has_schema_privilege" => Some(Type::Regnamespace),
        "has_type_privilege" => Some(Type::Regtype),
        "has_database_privilege"
        | "has_function_privilege"
        | "has_language_privilege"
        | "has_server_privilege"
        | "has_tablespace_privilege"
        | "has_foreign_data_wrapper_privilege"
        | "has_parameter_privilege" => None,
        "pg_has_role" => return Some(member(cx, args)),
        "row_security_active" => return Some(Ok(Value::Bool(false))),
        _ => return None,
    };
    Some(object.map_or(Ok(Value::Bool(true)), |ty| privilege(cx, name, &ty, args)))
}

/// How many arguments name the object and the privilege, without the user.
fn own_arguments(name: &str) -> usize {
    if name == "has_column_privilege" { 3 } else { 2 }
}

/// NULL for an OID that names nothing; an error for a name that does not exist.
fn privilege(cx: &SystemContext<'_>, function: &str, ty: &Type, args: Args<'_>) -> Result<Value> {
    let at = args.count().saturating_sub(own_arguments(function));
    let object = match args.text(at) {
        Some(name) => object_oid(cx, ty, name)?,
        None => match args.oid(at) {
            Some(oid) => oid,
            None => return Ok(Value::Null),
        },
    };
    if *ty == Type::Regclass && find_oid(cx, object).is_none() {
        return Ok(Value::Null);
    }
    for wanted in args
        .text(args.count().saturating_sub(1))
        .unwrap_or_default()
        .split(',')
    {
        check_word(wanted.trim())?;
    }
    Ok(Value::Bool(true))
}

/// Errors: 22023 for a word that is no privilege.
fn check_word(word: &str) -> Result<()> {
    const WORDS: [&str; 12] = [
        "SELECT",
        "INSERT",
        "UPDATE",
        "DELETE",
        "TRUNCATE",
        "REFERENCES",
        "TRIGGER",
        "USAGE",
        "CREATE",
        "CONNECT",
        "TEMPORARY",
        "EXECUTE",
    ];
    let upper = word.to_ascii_uppercase();
    let bare = upper.strip_suffix(" WITH GRANT OPTION").unwrap_or(&upper);
    match WORDS.contains(&bare) {
        true => Ok(()),
        false => Err(ValueError::new(
            "22023",
            format!("unrecognized privilege type: \"{word}\""),
        )),
    }
}

/// Whether a role is another, by name or OID; a superuser is everyone.
fn member(cx: &SystemContext<'_>, args: Args<'_>) -> Result<Value> {
    let at = args.count().saturating_sub(2);
    let exists = match args.text(at) {
        Some(name) if role_oid(cx, name).is_none() => {
            return Err(ValueError::new(
                "42704",
                format!("role \"{name}\" does not exist"),
            ));
        }
        Some(_) => true,
        None => args.oid(at).is_some_and(|oid| role_name(cx, oid).is_some()),
    };
    Ok(Value::Bool(exists))
}
