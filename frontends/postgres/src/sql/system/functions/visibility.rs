//! `pg_*_is_visible`, comments, and what there is to know about partitions and publishing.

use stele_core::record::value::{Result, Type, Value};

use super::super::names::find_procedure;
use super::super::procedure::operators;
use super::super::relation::{find_oid, table_of};
use super::super::schema::SCHEMAS;
use super::{Args, text};
use crate::sql::virtual_table::SystemContext;

pub(super) fn call(cx: &SystemContext<'_>, name: &str, args: Args<'_>) -> Option<Result<Value>> {
    let oid = args.oid(0);
    Some(match name {
        "pg_table_is_visible" => {
            let relation = oid.and_then(|oid| find_oid(cx, oid));
            known(relation.map(|relation| relation.is_visible(cx)))
        }
        "pg_type_is_visible" => known(oid.and_then(Type::from_oid).map(|_| true)),
        "pg_function_is_visible" => known(oid.and_then(find_procedure).map(|_| true)),
        "pg_operator_is_visible" => {
            let found = operators()
                .iter()
                .find(|operator| Some(operator.oid) == oid);
            known(found.map(|_| true))
        }
        "pg_collation_is_visible" => known(
            oid.filter(|oid| matches!(oid, 100 | 950 | 951))
                .map(|_| true),
        ),
        "pg_opclass_is_visible" | "pg_opfamily_is_visible" => known(oid.map(|_| true)),
        "pg_conversion_is_visible"
        | "pg_statistics_obj_is_visible"
        | "pg_ts_config_is_visible"
        | "pg_ts_dict_is_visible"
        | "pg_ts_parser_is_visible"
        | "pg_ts_template_is_visible" => known(None),
        "obj_description" => text(schema_description(args)),
        "col_description" | "shobj_description" => Ok(Value::Null),
        "pg_relation_is_publishable" => known(oid.map(|oid| table_of(cx, oid).is_some())),
        "pg_relation_is_updatable" => {
            Ok(Value::Int4(match oid.and_then(|oid| table_of(cx, oid)) {
                Some(_) => UPDATABLE,
                None => 0,
            }))
        }
        "pg_relation_filenode" => {
            let table = oid.and_then(|oid| table_of(cx, oid));
            Ok(table.map_or(Value::Null, |table| Value::Oid(table.storage.0)))
        }
        "pg_index_column_has_property" => known(index_property(args)),
        "pg_column_is_updatable" => known(oid.map(|oid| table_of(cx, oid).is_some())),
        _ => return None,
    })
}

/// INSERT, UPDATE and DELETE, as bits of PostgreSQL's command numbers.
const UPDATABLE: i32 = (1 << 2) | (1 << 3) | (1 << 4);

/// What an ascending btree column can do; NULL for a property there is not.
fn index_property(args: Args<'_>) -> Option<bool> {
    Some(match args.text(2)?.to_ascii_lowercase().as_str() {
        "asc" | "nulls_last" | "orderable" | "search_nulls" | "search_array" => true,
        "desc" | "nulls_first" | "distance_orderable" | "returnable" => false,
        _ => return None,
    })
}

/// NULL for an object that does not exist.
fn known(answer: Option<bool>) -> Result<Value> {
    Ok(answer.map_or(Value::Null, Value::Bool))
}

fn schema_description(args: Args<'_>) -> Option<String> {
    let oid = args.oid(0)?;
    let wanted = args.count() < 2 || args.text(1) == Some("pg_namespace");
    let schema = SCHEMAS
        .into_iter()
        .find(|schema| schema.oid == oid && wanted)?;
    (!schema.description.is_empty()).then(|| schema.description.to_string())
}
