//! Objects by name: `'parent'::regclass` and back.
//!
//! Input reads a possibly qualified, possibly quoted name and looks it up along the search
//! path; output prints the shortest name that input would find again.

use stele_core::record::value::{Result, Type, ValueError};

use super::deparse::quote_ident;
use super::name::{invalid_name, split_name};
use super::owner::{role_name, role_oid};
use super::procedure::{Operator, Procedure, operators, procedures};
use super::relation;
use super::schema::{self, SCHEMAS, Schema};
use crate::sql::virtual_table::SystemContext;

/// The OID that a text names as a value of this object-naming type.
///
/// Errors: 42P01, 42704, 42883, 3F000 when there is no such object, 42725 when there are
/// several, 42602 when the text is not a name.
pub(super) fn object_oid(cx: &SystemContext<'_>, ty: &Type, text: &str) -> Result<u32> {
    if text == "-" {
        return Ok(0);
    }
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text
            .parse()
            .map_err(|_| ValueError::text_out_of_range("oid", text));
    }
    match ty {
        Type::Regclass => relation_oid(cx, text),
        Type::Regtype => type_oid(text),
        Type::Regnamespace => schema_oid(&single(text)?),
        Type::Regrole => {
            let name = single(text)?;
            role_oid(cx, &name).ok_or_else(|| undefined("42704", "role", &name))
        }
        Type::Regproc => procedure_oid(text),
        Type::Regprocedure => procedure_signature_oid(text),
        Type::Regoper => operator_oid(text),
        Type::Regoperator => operator_signature_oid(text),
        other => Err(ValueError::syntax(&other.sql_name(), text)),
    }
}

/// The text of a value of an object-naming type; the number when it names nothing.
pub(super) fn object_text(cx: &SystemContext<'_>, ty: &Type, oid: u32) -> String {
    if oid == 0 {
        return "-".to_string();
    }
    let found = match ty {
        Type::Regclass => relation::find_oid(cx, oid).map(|relation| {
            let visible = relation.is_visible(cx);
            qualified(relation.schema, relation.name, visible)
        }),
        Type::Regtype => Type::from_oid(oid).map(|ty| ty.sql_name()),
        Type::Regnamespace => SCHEMAS
            .into_iter()
            .find(|schema| schema.oid == oid)
            .map(|schema| quote_ident(schema.name)),
        Type::Regrole => role_name(cx, oid).map(|name| quote_ident(&name)),
        Type::Regproc => find_procedure(oid).map(procedure_text),
        Type::Regprocedure => find_procedure(oid).map(Procedure::signature),
        Type::Regoper => find_operator(oid).map(|operator| operator.name.to_string()),
        Type::Regoperator => find_operator(oid).map(Operator::signature),
        _ => None,
    };
    found.unwrap_or_else(|| oid.to_string())
}

fn qualified(schema: &Schema, name: &str, visible: bool) -> String {
    match visible {
        true => quote_ident(name),
        false => format!("{}.{}", quote_ident(schema.name), quote_ident(name)),
    }
}

/// An overloaded function's bare name would be ambiguous as input, but is what prints.
fn procedure_text(procedure: &Procedure) -> String {
    quote_ident(procedure.name)
}

pub(super) fn find_procedure(oid: u32) -> Option<&'static Procedure> {
    procedures().iter().find(|procedure| procedure.oid == oid)
}

fn find_operator(oid: u32) -> Option<&'static Operator> {
    operators().iter().find(|operator| operator.oid == oid)
}

fn undefined(code: &'static str, kind: &str, name: &str) -> ValueError {
    ValueError::new(code, format!("{kind} \"{name}\" does not exist"))
}

fn relation_oid(cx: &SystemContext<'_>, text: &str) -> Result<u32> {
    let parts = split_name(text)?;
    match parts.as_slice() {
        [name] => {
            let found =
                schema::search_path(cx).find_map(|schema| relation::find_in(cx, schema, name));
            found.ok_or_else(|| undefined("42P01", "relation", name))
        }
        [schema, name] => in_schema(cx, schema, name),
        [database, schema, name] if database == cx.database => in_schema(cx, schema, name),
        [_, _, _] => Err(ValueError::unsupported(format!(
            "cross-database references are not implemented: \"{}\"",
            parts.join(".")
        ))),
        _ => Err(ValueError::new(
            "42601",
            format!(
                "improper relation name (too many dotted names): {}",
                parts.join(".")
            ),
        )),
    }
}

fn in_schema(cx: &SystemContext<'_>, schema: &str, name: &str) -> Result<u32> {
    let found = schema::named(schema).ok_or_else(|| undefined("3F000", "schema", schema))?;
    let oid = relation::find_in(cx, found, name);
    oid.ok_or_else(|| undefined("42P01", "relation", &format!("{schema}.{name}")))
}

/// A type's name without its modifier: `varchar(10)` names varchar.
fn type_oid(text: &str) -> Result<u32> {
    let bare = match (text.find('('), text.rfind(')')) {
        (Some(open), Some(close)) if open < close => {
            format!(
                "{}{}",
                text.get(..open).unwrap_or_default(),
                text.get(close + 1..).unwrap_or_default()
            )
        }
        _ => text.to_string(),
    };
    match Type::from_name(&bare) {
        Some(ty) if ty.oid() != 0 => Ok(ty.oid()),
        _ => Err(undefined("42704", "type", text)),
    }
}

fn schema_oid(name: &str) -> Result<u32> {
    schema::named(name)
        .map(|schema| schema.oid)
        .ok_or_else(|| undefined("3F000", "schema", name))
}

fn procedure_oid(text: &str) -> Result<u32> {
    let name = in_pg_catalog(text)?;
    let mut named = procedures()
        .iter()
        .filter(|procedure| procedure.name == name);
    match (named.next(), named.next()) {
        (Some(only), None) => Ok(only.oid),
        (None, _) => Err(undefined("42883", "function", text)),
        _ => Err(ValueError::new(
            "42725",
            format!("more than one function named \"{text}\""),
        )),
    }
}

fn procedure_signature_oid(text: &str) -> Result<u32> {
    let (name, args) = split_signature(text).ok_or_else(|| undefined("42883", "function", text))?;
    let name = in_pg_catalog(name)?;
    let found = procedures()
        .iter()
        .find(|procedure| procedure.name == name && procedure.args == args);
    found
        .map(|procedure| procedure.oid)
        .ok_or_else(|| undefined("42883", "function", text))
}

fn operator_oid(text: &str) -> Result<u32> {
    let name = text.strip_prefix("pg_catalog.").unwrap_or(text);
    let mut named = operators().iter().filter(|operator| operator.name == name);
    match (named.next(), named.next()) {
        (Some(only), None) => Ok(only.oid),
        (None, _) => Err(ValueError::new(
            "42883",
            format!("operator does not exist: {text}"),
        )),
        _ => Err(ValueError::new(
            "42725",
            format!("more than one operator named {text}"),
        )),
    }
}

fn operator_signature_oid(text: &str) -> Result<u32> {
    let error = || ValueError::new("42883", format!("operator does not exist: {text}"));
    let (name, args) = split_signature(text).ok_or_else(error)?;
    let name = name.strip_prefix("pg_catalog.").unwrap_or(name);
    let fits = |operator: &&Operator| {
        let types: Vec<Type> = operator
            .left
            .iter()
            .cloned()
            .chain([operator.right.clone()])
            .collect();
        operator.name == name && types == args
    };
    operators()
        .iter()
        .find(fits)
        .map(|operator| operator.oid)
        .ok_or_else(error)
}

/// `name(type, type)`; NONE stands for a missing operand.
fn split_signature(text: &str) -> Option<(&str, Vec<Type>)> {
    let (name, rest) = text.trim().split_once('(')?;
    let args = rest.strip_suffix(')')?.split(',').map(str::trim);
    let args = args.filter(|arg| !arg.is_empty() && !arg.eq_ignore_ascii_case("none"));
    let types: Option<Vec<Type>> = args.map(Type::from_name).collect();
    Some((name.trim(), types?))
}

fn in_pg_catalog(text: &str) -> Result<String> {
    let mut parts = split_name(text)?;
    if parts.len() == 2
        && parts
            .first()
            .is_some_and(|schema| schema == schema::PG_CATALOG.name)
    {
        parts.remove(0);
    }
    match parts.as_slice() {
        [name] => Ok(name.clone()),
        _ => Err(undefined("42883", "function", text)),
    }
}

fn single(text: &str) -> Result<String> {
    match split_name(text)?.as_slice() {
        [name] => Ok(name.clone()),
        _ => Err(invalid_name()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_named_in_any_of_its_spellings() {
        assert_eq!(type_oid("varchar(10)"), Ok(1043));
        assert_eq!(type_oid("int[]"), Ok(1007));
        assert_eq!(type_oid("timestamp(3) with time zone"), Ok(1184));
        assert_eq!(type_oid("nope").map_err(|error| error.code), Err("42704"));
    }
}
