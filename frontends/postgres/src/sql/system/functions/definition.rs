//! `pg_get_*`: objects as SQL text.

use stele_core::record::value::{Result, Type, Value, ValueError};

use super::super::define;
use super::super::deparse::quote_ident;
use super::super::names::{find_procedure, object_oid};
use super::super::owner::role_name;
use super::super::relation::{index_of, table_of};
use super::super::schema::PUBLIC;
use super::{Args, text};
use crate::sql::virtual_table::SystemContext;

pub(super) fn call(cx: &SystemContext<'_>, name: &str, args: Args<'_>) -> Option<Result<Value>> {
    Some(match name {
        "pg_get_expr" => text(expression(cx, args)),
        "pg_get_constraintdef" => text(
            args.oid(0)
                .and_then(|oid| define::constraint_of(cx, oid, args.flag(1))),
        ),
        "pg_get_indexdef" => text(index(cx, args)),
        "pg_get_userbyid" => text(args.oid(0).map(|oid| user_by_id(cx, oid))),
        "pg_get_function_result" => text(
            args.oid(0)
                .and_then(find_procedure)
                .map(|procedure| procedure.result.sql_name()),
        ),
        "pg_get_function_arguments" | "pg_get_function_identity_arguments" => text(
            args.oid(0)
                .and_then(find_procedure)
                .map(|procedure| procedure.arguments()),
        ),
        "pg_get_serial_sequence" => serial_sequence(cx, args),
        // There are no views, triggers, rules, partitions or statistics objects with a text.
        "pg_get_viewdef"
        | "pg_get_triggerdef"
        | "pg_get_ruledef"
        | "pg_get_functiondef"
        | "pg_get_partkeydef"
        | "pg_get_partition_constraintdef"
        | "pg_get_statisticsobjdef"
        | "pg_get_statisticsobjdef_columns"
        | "pg_get_statisticsobjdef_expressions"
        | "pg_get_function_sqlbody" => Ok(Value::Null),
        _ => return None,
    })
}

/// Text that is no reference of ours prints as itself.
fn expression(cx: &SystemContext<'_>, args: Args<'_>) -> Option<String> {
    let stored = args.text(0)?;
    match super::super::stored::Stored::parse(stored) {
        Some(_) => define::stored_text(cx, stored, args.flag(2)),
        None => Some(stored.to_string()),
    }
}

fn index(cx: &SystemContext<'_>, args: Args<'_>) -> Option<String> {
    let index = index_of(cx, args.oid(0)?)?;
    match args.int(1).unwrap_or(0) {
        0 => Some(define::index_definition(&index, !args.flag(2))),
        column => {
            Some(define::index_column(&index, i32::try_from(column).ok()?).unwrap_or_default())
        }
    }
}

fn user_by_id(cx: &SystemContext<'_>, oid: u32) -> String {
    role_name(cx, oid).unwrap_or_else(|| format!("unknown (OID={oid})"))
}

fn serial_sequence(cx: &SystemContext<'_>, args: Args<'_>) -> Result<Value> {
    let (Some(table), Some(column)) = (args.text(0), args.text(1)) else {
        return Ok(Value::Null);
    };
    let oid = object_oid(cx, &Type::Regclass, table)?;
    let Some(table) = table_of(cx, oid) else {
        return Ok(Value::Null);
    };
    let position = table.position_of(column).ok_or_else(|| {
        ValueError::new(
            "42703",
            format!(
                "column \"{column}\" of relation \"{}\" does not exist",
                table.name
            ),
        )
    })?;
    let sequence = table
        .columns
        .get(position)
        .and_then(|column| column.sequence);
    let sequence = sequence.and_then(|id| cx.catalog.sequence_by_id(id));
    text(sequence.map(|sequence| format!("{}.{}", PUBLIC.name, quote_ident(&sequence.name))))
}
