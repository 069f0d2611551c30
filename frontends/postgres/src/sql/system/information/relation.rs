//! `tables`, `views` and `schemata`: what there is.

use super::super::owner::owner_name;
use super::super::relation::{Relation, relations};
use super::super::schema::SCHEMAS;
use super::super::table::{NULL, empty_table, virtual_table, yes_no};
use crate::sql::virtual_table::SystemContext;

virtual_table!(TABLES = information_schema.tables, 13425, (relation, database) in cx: with_columns(cx) => {
    table_catalog "name" = database,
    table_schema "name" = relation.schema.name,
    table_name "name" = relation.name,
    table_type "varchar" = if relation.relkind() == 'v' { "VIEW" } else { "BASE TABLE" },
    self_referencing_column_name "name" = NULL,
    reference_generation "varchar" = NULL,
    user_defined_type_catalog "name" = NULL,
    user_defined_type_schema "name" = NULL,
    user_defined_type_name "name" = NULL,
    is_insertable_into "varchar" = yes_no(relation.relkind() == 'r'),
    is_typed "varchar" = "NO",
    commit_action "varchar" = NULL,
});

virtual_table!(VIEWS = information_schema.views, 13483, (relation, database) in cx: with_columns(cx).into_iter().filter(|(relation, _)| relation.relkind() == 'v') => {
    table_catalog "name" = database,
    table_schema "name" = relation.schema.name,
    table_name "name" = relation.name,
    view_definition "varchar" = NULL,
    check_option "varchar" = "NONE",
    is_updatable "varchar" = "NO",
    is_insertable_into "varchar" = "NO",
    is_trigger_updatable "varchar" = "NO",
    is_trigger_deletable "varchar" = "NO",
    is_trigger_insertable_into "varchar" = "NO",
});

virtual_table!(SCHEMATA = information_schema.schemata, 13382, (schema, database) in cx: SCHEMAS.map(|schema| (schema, cx.database)) => {
    catalog_name "name" = database,
    schema_name "name" = schema.name,
    schema_owner "name" = owner_name(),
    default_character_set_catalog "name" = NULL,
    default_character_set_schema "name" = NULL,
    default_character_set_name "name" = NULL,
    sql_path "varchar" = NULL,
});

virtual_table!(INFORMATION_SCHEMA_CATALOG_NAME = information_schema.information_schema_catalog_name, 13227, database in cx: [cx.database] => {
    catalog_name "name" = database,
});

virtual_table!(CHARACTER_SETS = information_schema.character_sets, 13250, database in cx: [cx.database] => {
    character_set_catalog "name" = NULL,
    character_set_schema "name" = NULL,
    character_set_name "name" = "UTF8",
    character_repertoire "name" = "UCS",
    form_of_use "name" = "UTF8",
    default_collate_catalog "name" = database,
    default_collate_schema "name" = "pg_catalog",
    default_collate_name "name" = "C",
});

virtual_table!(COLLATIONS = information_schema.collations, 13265, (name, database) in cx: ["default", "C", "POSIX"].map(|name| (name, cx.database)) => {
    collation_catalog "name" = database,
    collation_schema "name" = "pg_catalog",
    collation_name "name" = name,
    pad_attribute "varchar" = "NO PAD",
});

empty_table!(VIEW_TABLE_USAGE = information_schema.view_table_usage, 13478 => {
    view_catalog "name", view_schema "name", view_name "name", table_catalog "name",
    table_schema "name", table_name "name",
});

/// Tables and views, which have columns of their own; with the database's name.
pub(super) fn with_columns<'a>(cx: &SystemContext<'a>) -> Vec<(Relation<'a>, &'a str)> {
    let all = relations(cx)
        .into_iter()
        .filter(|relation| matches!(relation.relkind(), 'r' | 'v'));
    all.map(|relation| (relation, cx.database)).collect()
}
