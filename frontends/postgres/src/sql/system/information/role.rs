//! Roles and what they may do: everything, to everybody's tables.

use super::super::owner::{owner_name, roles};
use super::super::relation::Relation;
use super::super::table::{empty_table, virtual_table};
use super::relation::with_columns;
use crate::sql::virtual_table::SystemContext;

/// What may be granted on a table.
const PRIVILEGES: [&str; 7] = [
    "INSERT",
    "SELECT",
    "UPDATE",
    "DELETE",
    "TRUNCATE",
    "REFERENCES",
    "TRIGGER",
];

virtual_table!(ENABLED_ROLES = information_schema.enabled_roles, 13325, role in cx: roles(cx) => {
    role_name "name" = role.name,
});

virtual_table!(TABLE_PRIVILEGES = information_schema.table_privileges, 13416, (privilege, relation, database) in cx: privileges(cx) => {
    grantor "name" = owner_name(),
    grantee "name" = owner_name(),
    table_catalog "name" = database,
    table_schema "name" = relation.schema.name,
    table_name "name" = relation.name,
    privilege_type "varchar" = privilege,
    is_grantable "varchar" = "YES",
    with_hierarchy "varchar" = if privilege == "SELECT" { "YES" } else { "NO" },
});

virtual_table!(ROLE_TABLE_GRANTS = information_schema.role_table_grants, 13421, (privilege, relation, database) in cx: privileges(cx) => {
    grantor "name" = owner_name(),
    grantee "name" = owner_name(),
    table_catalog "name" = database,
    table_schema "name" = relation.schema.name,
    table_name "name" = relation.name,
    privilege_type "varchar" = privilege,
    is_grantable "varchar" = "YES",
    with_hierarchy "varchar" = if privilege == "SELECT" { "YES" } else { "NO" },
});

empty_table!(APPLICABLE_ROLES = information_schema.applicable_roles, 13236 => {
    grantee "name", role_name "name", is_grantable "varchar",
});

empty_table!(COLUMN_PRIVILEGES = information_schema.column_privileges, 13285 => {
    grantor "name", grantee "name", table_catalog "name", table_schema "name", table_name "name",
    column_name "name", privilege_type "varchar", is_grantable "varchar",
});

empty_table!(USAGE_PRIVILEGES = information_schema.usage_privileges, 13454 => {
    grantor "name", grantee "name", object_catalog "name", object_schema "name",
    object_name "name", object_type "varchar", privilege_type "varchar", is_grantable "varchar",
});

fn privileges<'a>(cx: &SystemContext<'a>) -> Vec<(&'static str, Relation<'a>, &'a str)> {
    let each = |privilege| {
        with_columns(cx)
            .into_iter()
            .map(move |(relation, database)| (privilege, relation, database))
    };
    PRIVILEGES.into_iter().flat_map(each).collect()
}
