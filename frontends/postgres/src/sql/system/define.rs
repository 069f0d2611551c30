//! Definitions as SQL text: defaults, constraints and indexes as `pg_get_*def` print them.

use stele_core::record::table::{Column, ForeignKey, ReferenceAction, Table};
use stele_core::record::value::Type;

use super::constraint::{self, Constraint, ConstraintKind, action_words};
use super::deparse::{self, Names, quote_ident, quote_literal};
use super::names;
use super::relation::{self, IndexInfo};
use super::schema;
use super::stored::Stored;
use crate::sql::ddl::search_index::METHOD;
use crate::sql::virtual_table::SystemContext;

/// The names of one table's expressions.
struct TableNames<'a> {
    cx: &'a SystemContext<'a>,
    table: &'a Table,
}

impl Names for TableNames<'_> {
    fn column(&self, index: usize) -> String {
        match self.table.columns.get(index) {
            Some(column) => column.name.clone(),
            None => format!("?column{}?", index + 1),
        }
    }

    fn object(&self, ty: &Type, oid: u32) -> String {
        names::object_text(self.cx, ty, oid)
    }
}

/// A column's default as `pg_get_expr` prints it; a serial column's is its sequence.
pub(super) fn default_text(
    cx: &SystemContext<'_>,
    table: &Table,
    column: &Column,
    pretty: bool,
) -> Option<String> {
    if let Some(expr) = &column.default {
        return Some(deparse::expression(expr, &TableNames { cx, table }, pretty));
    }
    let sequence = column.sequence.filter(|_| column.identity.is_none())?;
    let name = names::object_text(cx, &Type::Regclass, sequence.0);
    Some(format!("nextval({}::regclass)", quote_literal(&name)))
}

/// The text of what stands in `adbin` or `conbin`; `None` when its object is gone.
pub(super) fn stored_text(cx: &SystemContext<'_>, stored: &str, pretty: bool) -> Option<String> {
    let by_oid = |oid| relation::table_of(cx, oid);
    match Stored::parse(stored)? {
        Stored::Default { table, column } => {
            let table = by_oid(table)?;
            let column = table.columns.get(table.position(column)?)?;
            default_text(cx, table, column, pretty)
        }
        Stored::Check { table, constraint } => {
            let table = by_oid(table)?;
            let check = table.checks.iter().find(|check| check.id.0 == constraint)?;
            Some(deparse::expression(
                &check.expr,
                &TableNames { cx, table },
                pretty,
            ))
        }
    }
}

/// `pg_get_constraintdef`: `CHECK ((n >= (0)::numeric))`, `FOREIGN KEY (pid) REFERENCES parent(id)`.
pub(super) fn constraint_definition(
    cx: &SystemContext<'_>,
    constraint: &Constraint<'_>,
    pretty: bool,
) -> String {
    let own = column_list(constraint.table, &constraint.columns());
    match &constraint.kind {
        ConstraintKind::Unique(index) if index.primary => format!("PRIMARY KEY ({own})"),
        ConstraintKind::Unique(_) => format!("UNIQUE ({own})"),
        ConstraintKind::Check(check) => {
            let names = TableNames {
                cx,
                table: constraint.table,
            };
            format!(
                "CHECK ({})",
                deparse::expression(&check.expr, &names, pretty)
            )
        }
        ConstraintKind::Foreign(key, target) => {
            let target_columns = target.map(|target| column_list(target, &key.target_columns));
            let target = names::object_text(cx, &Type::Regclass, key.target.0);
            let target_columns = target_columns.unwrap_or_default();
            format!(
                "FOREIGN KEY ({own}) REFERENCES {target}({target_columns}){}",
                actions(key)
            )
        }
    }
}

fn actions(key: &ForeignKey) -> String {
    let mut text = String::new();
    for (event, action) in [("UPDATE", key.on_update), ("DELETE", key.on_delete)] {
        if action != ReferenceAction::NoAction {
            text.push_str(&format!(" ON {event} {}", action_words(action)));
        }
    }
    text
}

fn column_list(table: &Table, ids: &[u32]) -> String {
    let names = ids
        .iter()
        .filter_map(|id| table.columns.get(table.position(*id)?));
    names
        .map(|column| quote_ident(&column.name))
        .collect::<Vec<_>>()
        .join(", ")
}

/// `pg_get_indexdef`: the whole CREATE INDEX; its table's schema only where `qualified`.
pub(super) fn index_definition(index: &IndexInfo<'_>, qualified: bool) -> String {
    let unique = if index.unique { "UNIQUE " } else { "" };
    let schema = if qualified {
        format!("{}.", schema::PUBLIC.name)
    } else {
        String::new()
    };
    let method = match index.search {
        Some(_) => METHOD,
        None => "btree",
    };
    let options = match index.search.as_deref() {
        None | Some([]) => String::new(),
        Some(options) => format!(" WITH ({})", options.join(", ")),
    };
    format!(
        "CREATE {unique}INDEX {} ON {schema}{} USING {method} ({}){options}",
        quote_ident(index.name),
        quote_ident(&index.table.name),
        column_list(index.table, &index.columns),
    )
}

/// `pg_get_indexdef` of one column, counted from 1.
pub(super) fn index_column(index: &IndexInfo<'_>, number: i32) -> Option<String> {
    let at = usize::try_from(number).ok()?.checked_sub(1)?;
    index
        .columns()
        .nth(at)
        .map(|column| quote_ident(&column.name))
}

/// The definition of the constraint of this OID.
pub(super) fn constraint_of(cx: &SystemContext<'_>, oid: u32, pretty: bool) -> Option<String> {
    constraint::find(cx, oid).map(|constraint| constraint_definition(cx, &constraint, pretty))
}
