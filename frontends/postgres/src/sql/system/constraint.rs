//! The constraints of every table, under one type.

use std::sync::Arc;

use stele_core::record::table::{Check, ForeignKey, ReferenceAction, Table};

use super::relation::{IndexInfo, attnum, indexes};
use crate::sql::virtual_table::SystemContext;

/// Set in the OID of a constraint that shares its number with its index: PostgreSQL gives
/// the two objects one OID each, the catalogue here one for both.
const INDEX_CONSTRAINT_BIT: u32 = 0x8000_0000;

/// One constraint.
pub(super) struct Constraint<'a> {
    /// `pg_constraint.oid`.
    pub oid: u32,
    /// The name users see.
    pub name: &'a str,
    /// The table it is on.
    pub table: &'a Arc<Table>,
    /// What it demands.
    pub kind: ConstraintKind<'a>,
}

/// What a constraint demands.
#[derive(Clone)]
pub(super) enum ConstraintKind<'a> {
    /// PRIMARY KEY or UNIQUE, by this index.
    Unique(IndexInfo<'a>),
    /// CHECK.
    Check(&'a Check),
    /// REFERENCES, to this table when it exists.
    Foreign(&'a ForeignKey, Option<&'a Arc<Table>>),
}

impl<'a> Constraint<'a> {
    /// `pg_constraint.contype`.
    pub fn contype(&self) -> char {
        match &self.kind {
            ConstraintKind::Unique(index) if index.primary => 'p',
            ConstraintKind::Unique(_) => 'u',
            ConstraintKind::Check(_) => 'c',
            ConstraintKind::Foreign(..) => 'f',
        }
    }

    /// The ids of the constrained columns, in the constraint's order.
    pub fn columns(&self) -> Vec<u32> {
        match &self.kind {
            ConstraintKind::Unique(index) => index.columns.to_vec(),
            ConstraintKind::Foreign(key, _) => key.columns.clone(),
            ConstraintKind::Check(check) => checked_columns(check, self.table),
        }
    }

    /// `pg_constraint.conkey`.
    pub fn attnums(&self) -> Vec<i16> {
        self.columns()
            .into_iter()
            .map(|id| attnum(self.table, id))
            .collect()
    }

    /// The index that keeps it: its own, or for a foreign key the referenced columns'.
    pub fn index(&self) -> Option<IndexInfo<'a>> {
        match &self.kind {
            ConstraintKind::Unique(index) => Some(index.clone()),
            ConstraintKind::Check(_) => None,
            ConstraintKind::Foreign(key, target) => {
                target.and_then(|target| referenced_index(target, key))
            }
        }
    }
}

/// The unique index of the referenced columns, in whatever order they were named.
fn referenced_index<'a>(target: &'a Arc<Table>, key: &ForeignKey) -> Option<IndexInfo<'a>> {
    let covers = |index: &IndexInfo<'_>| {
        index.unique
            && index.columns.len() == key.target_columns.len()
            && key
                .target_columns
                .iter()
                .all(|id| index.columns.contains(id))
    };
    indexes(target).into_iter().find(covers)
}

/// The ids of the columns a condition reads, each once, in table order.
fn checked_columns(check: &Check, table: &Table) -> Vec<u32> {
    let mut positions = Vec::new();
    check.expr.walk(&mut |expr| {
        if let stele_core::record::expr::Expr::Column { index, .. } = expr {
            positions.push(*index);
        }
    });
    positions.sort_unstable();
    positions.dedup();
    positions
        .into_iter()
        .filter_map(|at| table.columns.get(at))
        .map(|column| column.id)
        .collect()
}

/// Every constraint of a table: keys, checks, references.
pub(super) fn of_table<'a>(cx: &SystemContext<'a>, table: &'a Arc<Table>) -> Vec<Constraint<'a>> {
    let unique = indexes(table)
        .into_iter()
        .filter(|index| index.constraint)
        .map(|index| Constraint {
            oid: index.oid | INDEX_CONSTRAINT_BIT,
            name: index.name,
            table,
            kind: ConstraintKind::Unique(index),
        });
    let checks = table.checks.iter().map(|check| Constraint {
        oid: check.id.0,
        name: &check.name,
        table,
        kind: ConstraintKind::Check(check),
    });
    let foreign = table.foreign_keys.iter().map(|key| Constraint {
        oid: key.id.0,
        name: &key.name,
        table,
        kind: ConstraintKind::Foreign(key, cx.catalog.table_by_id(key.target)),
    });
    unique.chain(checks).chain(foreign).collect()
}

/// Every constraint of every table.
pub(super) fn all<'a>(cx: &SystemContext<'a>) -> Vec<Constraint<'a>> {
    cx.catalog
        .tables()
        .flat_map(|table| of_table(cx, table))
        .collect()
}

/// The constraint of this OID.
pub(super) fn find<'a>(cx: &SystemContext<'a>, oid: u32) -> Option<Constraint<'a>> {
    all(cx).into_iter().find(|constraint| constraint.oid == oid)
}

/// `pg_constraint.confupdtype` and `confdeltype`.
pub(super) fn action_letter(action: ReferenceAction) -> char {
    match action {
        ReferenceAction::NoAction => 'a',
        ReferenceAction::Restrict => 'r',
        ReferenceAction::Cascade => 'c',
        ReferenceAction::SetNull => 'n',
    }
}

/// The action as SQL writes it.
pub(super) fn action_words(action: ReferenceAction) -> &'static str {
    match action {
        ReferenceAction::NoAction => "NO ACTION",
        ReferenceAction::Restrict => "RESTRICT",
        ReferenceAction::Cascade => "CASCADE",
        ReferenceAction::SetNull => "SET NULL",
    }
}
