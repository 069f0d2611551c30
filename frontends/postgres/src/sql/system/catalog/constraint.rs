//! `pg_constraint`: keys, checks and references.

use stele_core::record::table::ForeignKey;
use stele_core::record::value::{Type, Value};

use super::super::constraint::{Constraint, ConstraintKind, action_letter, all};
use super::super::relation::attnum;
use super::super::schema::PUBLIC;
use super::super::stored::Stored;
use super::super::table::{NULL, array, virtual_table};

virtual_table!(PG_CONSTRAINT = pg_catalog.pg_constraint, 2606, constraint in cx: all(cx) => {
    oid "oid" = constraint.oid,
    conname "name" = constraint.name,
    connamespace "oid" = PUBLIC.oid,
    contype "\"char\"" = constraint.contype(),
    condeferrable "bool" = false,
    condeferred "bool" = false,
    convalidated "bool" = true,
    conrelid "oid" = constraint.table.id.0,
    contypid "oid" = 0_u32,
    conindid "oid" = constraint.index().map_or(0, |index| index.oid),
    conparentid "oid" = 0_u32,
    confrelid "oid" = foreign(&constraint).map_or(0, |key| key.target.0),
    confupdtype "\"char\"" = foreign(&constraint).map_or(' ', |key| action_letter(key.on_update)),
    confdeltype "\"char\"" = foreign(&constraint).map_or(' ', |key| action_letter(key.on_delete)),
    confmatchtype "\"char\"" = foreign(&constraint).map_or(' ', |_| 's'),
    conislocal "bool" = true,
    coninhcount "int4" = 0_i32,
    connoinherit "bool" = constraint.contype() != 'c',
    conkey "int2[]" = array(Type::Int2, constraint.attnums()),
    confkey "int2[]" = referenced(&constraint),
    conpfeqop "oid[]" = NULL,
    conppeqop "oid[]" = NULL,
    conffeqop "oid[]" = NULL,
    confdelsetcols "int2[]" = NULL,
    conexclop "oid[]" = NULL,
    conbin "text" = condition(&constraint),
});

fn foreign<'a>(constraint: &Constraint<'a>) -> Option<&'a ForeignKey> {
    match constraint.kind {
        ConstraintKind::Foreign(key, _) => Some(key),
        _ => None,
    }
}

fn referenced(constraint: &Constraint<'_>) -> Value {
    match constraint.kind {
        ConstraintKind::Foreign(key, Some(target)) => array(
            Type::Int2,
            key.target_columns.iter().map(|id| attnum(target, *id)),
        ),
        _ => NULL,
    }
}

fn condition(constraint: &Constraint<'_>) -> Option<String> {
    match constraint.kind {
        ConstraintKind::Check(check) => Some(
            Stored::Check {
                table: constraint.table.id.0,
                constraint: check.id.0,
            }
            .to_string(),
        ),
        _ => None,
    }
}
