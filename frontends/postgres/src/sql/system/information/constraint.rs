//! `table_constraints` and the views of what each constraint uses.

use stele_core::record::table::{Column, ReferenceAction, Table};

use super::super::constraint::{Constraint, ConstraintKind, action_words, all};
use super::super::define::stored_text;
use super::super::schema::PUBLIC;
use super::super::stored::Stored;
use super::super::table::{virtual_table, yes_no};
use crate::sql::virtual_table::SystemContext;

virtual_table!(TABLE_CONSTRAINTS = information_schema.table_constraints, 13411, constraint in cx: constraints(cx) => {
    constraint_catalog "name" = constraint.database,
    constraint_schema "name" = PUBLIC.name,
    constraint_name "name" = constraint.name,
    table_catalog "name" = constraint.database,
    table_schema "name" = PUBLIC.name,
    table_name "name" = constraint.table,
    constraint_type "varchar" = constraint.words,
    is_deferrable "varchar" = "NO",
    initially_deferred "varchar" = "NO",
    enforced "varchar" = "YES",
    nulls_distinct "varchar" = constraint.unique.then(|| yes_no(true)),
});

virtual_table!(KEY_COLUMN_USAGE = information_schema.key_column_usage, 13329, used in cx: key_columns(cx) => {
    constraint_catalog "name" = used.database,
    constraint_schema "name" = PUBLIC.name,
    constraint_name "name" = used.name,
    table_catalog "name" = used.database,
    table_schema "name" = PUBLIC.name,
    table_name "name" = used.table,
    column_name "name" = used.column,
    ordinal_position "int4" = used.number,
    position_in_unique_constraint "int4" = used.unique_number,
});

virtual_table!(CONSTRAINT_COLUMN_USAGE = information_schema.constraint_column_usage, 13300, used in cx: used_columns(cx) => {
    table_catalog "name" = used.database,
    table_schema "name" = PUBLIC.name,
    table_name "name" = used.table,
    column_name "name" = used.column,
    constraint_catalog "name" = used.database,
    constraint_schema "name" = PUBLIC.name,
    constraint_name "name" = used.name,
});

virtual_table!(CONSTRAINT_TABLE_USAGE = information_schema.constraint_table_usage, 13305, used in cx: used_tables(cx) => {
    table_catalog "name" = used.database,
    table_schema "name" = PUBLIC.name,
    table_name "name" = used.table,
    constraint_catalog "name" = used.database,
    constraint_schema "name" = PUBLIC.name,
    constraint_name "name" = used.name,
});

virtual_table!(REFERENTIAL_CONSTRAINTS = information_schema.referential_constraints, 13339, reference in cx: references(cx) => {
    constraint_catalog "name" = reference.database,
    constraint_schema "name" = PUBLIC.name,
    constraint_name "name" = reference.name,
    unique_constraint_catalog "name" = reference.database,
    unique_constraint_schema "name" = PUBLIC.name,
    unique_constraint_name "name" = reference.target,
    match_option "varchar" = "NONE",
    update_rule "varchar" = action_words(reference.on_update),
    delete_rule "varchar" = action_words(reference.on_delete),
});

virtual_table!(CHECK_CONSTRAINTS = information_schema.check_constraints, 13260, (name, clause, database) in cx: checks(cx) => {
    constraint_catalog "name" = database,
    constraint_schema "name" = PUBLIC.name,
    constraint_name "name" = name,
    check_clause "varchar" = clause,
});

/// A constraint, by names.
struct Named<'a> {
    database: &'a str,
    name: String,
    table: &'a str,
    words: &'static str,
    unique: bool,
}

/// A column a constraint uses, by names.
struct Used<'a> {
    database: &'a str,
    name: &'a str,
    table: &'a str,
    column: &'a str,
    number: i32,
    unique_number: Option<i32>,
}

/// A foreign key, by names.
struct Reference<'a> {
    database: &'a str,
    name: &'a str,
    target: Option<&'a str>,
    on_update: ReferenceAction,
    on_delete: ReferenceAction,
}

/// The constraints, and a CHECK for every NOT NULL column as SQL sees it.
fn constraints<'a>(cx: &SystemContext<'a>) -> Vec<Named<'a>> {
    let declared = all(cx).into_iter().map(|constraint| Named {
        database: cx.database,
        name: constraint.name.to_string(),
        table: &constraint.table.name,
        words: words(&constraint),
        unique: constraint.contype() == 'u',
    });
    let not_null = not_null(cx).map(|(table, at, _)| Named {
        database: cx.database,
        name: not_null_name(table, at),
        table: &table.name,
        words: "CHECK",
        unique: false,
    });
    declared.chain(not_null).collect()
}

fn words(constraint: &Constraint<'_>) -> &'static str {
    match constraint.contype() {
        'p' => "PRIMARY KEY",
        'u' => "UNIQUE",
        'f' => "FOREIGN KEY",
        _ => "CHECK",
    }
}

fn not_null<'a>(
    cx: &SystemContext<'a>,
) -> impl Iterator<Item = (&'a Table, usize, &'a Column)> + use<'a> {
    cx.catalog.tables().flat_map(|table| {
        let columns = table.columns.iter().enumerate();
        columns
            .filter(|(_, column)| column.not_null)
            .map(|(at, column)| (&**table, at + 1, column))
    })
}

/// The name PostgreSQL makes up for it.
fn not_null_name(table: &Table, number: usize) -> String {
    format!("{}_{}_{number}_not_null", PUBLIC.oid, table.id.0)
}

fn key_columns<'a>(cx: &SystemContext<'a>) -> Vec<Used<'a>> {
    let mut used = Vec::new();
    for constraint in all(cx)
        .into_iter()
        .filter(|constraint| constraint.contype() != 'c')
    {
        for (at, id) in constraint.columns().into_iter().enumerate() {
            used.extend(column_of(constraint.table, id).map(|column| Used {
                number: position(at),
                unique_number: unique_position(&constraint, at),
                ..used_by(cx, &constraint, constraint.table, column)
            }));
        }
    }
    used
}

/// Where a foreign key's column stands in the key it references.
fn unique_position(constraint: &Constraint<'_>, at: usize) -> Option<i32> {
    let ConstraintKind::Foreign(key, _) = constraint.kind else {
        return None;
    };
    let target = key.target_columns.get(at)?;
    constraint
        .index()?
        .columns
        .iter()
        .position(|id| id == target)
        .map(position)
}

fn position(at: usize) -> i32 {
    i32::try_from(at + 1).unwrap_or(i32::MAX)
}

fn column_of(table: &Table, id: u32) -> Option<&Column> {
    table.columns.get(table.position(id)?)
}

fn used_by<'a>(
    cx: &SystemContext<'a>,
    constraint: &Constraint<'a>,
    table: &'a Table,
    column: &'a Column,
) -> Used<'a> {
    Used {
        database: cx.database,
        name: constraint.name,
        table: &table.name,
        column: &column.name,
        number: 0,
        unique_number: None,
    }
}

/// A foreign key uses the columns it references, every other constraint its own.
fn used_columns<'a>(cx: &SystemContext<'a>) -> Vec<Used<'a>> {
    let mut used = Vec::new();
    for constraint in all(cx) {
        let (table, ids): (&'a Table, Vec<u32>) = match constraint.kind {
            ConstraintKind::Foreign(key, Some(target)) => (target, key.target_columns.clone()),
            _ => (constraint.table, constraint.columns()),
        };
        let columns = ids.into_iter().filter_map(|id| column_of(table, id));
        used.extend(columns.map(|column| used_by(cx, &constraint, table, column)));
    }
    used
}

/// The tables foreign keys and unique keys use, each once per constraint.
fn used_tables<'a>(cx: &SystemContext<'a>) -> Vec<Used<'a>> {
    let mut used = used_columns(cx);
    used.dedup_by(|later, earlier| later.name == earlier.name && later.table == earlier.table);
    used
}

fn references<'a>(cx: &SystemContext<'a>) -> Vec<Reference<'a>> {
    let reference = |constraint: Constraint<'a>| match constraint.kind {
        ConstraintKind::Foreign(key, _) => Some(Reference {
            database: cx.database,
            name: constraint.name,
            target: constraint.index().map(|index| index.name),
            on_update: key.on_update,
            on_delete: key.on_delete,
        }),
        _ => None,
    };
    all(cx).into_iter().filter_map(reference).collect()
}

fn checks<'a>(cx: &SystemContext<'a>) -> Vec<(String, Option<String>, &'a str)> {
    let mut checks = Vec::new();
    for constraint in all(cx) {
        if let ConstraintKind::Check(check) = constraint.kind {
            let stored = Stored::Check {
                table: constraint.table.id.0,
                constraint: check.id.0,
            };
            let clause = stored_text(cx, &stored.to_string(), false);
            checks.push((
                constraint.name.to_string(),
                clause.map(|clause| format!("({clause})")),
                cx.database,
            ));
        }
    }
    for (table, number, column) in not_null(cx) {
        let clause = format!("{} IS NOT NULL", column.name);
        checks.push((not_null_name(table, number), Some(clause), cx.database));
    }
    checks
}
