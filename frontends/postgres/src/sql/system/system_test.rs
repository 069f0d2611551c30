//! The tables and functions over the recorded schema.

use stele_core::record::expr::{EvalContext, Pure};
use stele_core::record::value::{Result, Settings, Type, Value, print};

use super::testing::{
    CHILD, CHILD_PARENT, CHILD_V, PARENT, PARENT_CHECK, PARENT_SEQUENCE, catalog, with_context,
};
use super::{call, find, reg_in, reg_out, tables};
use crate::sql::virtual_table::SystemContext;

/// The named columns of the rows for which `keep` holds of those columns.
#[track_caller]
fn select(
    cx: &SystemContext<'_>,
    schema: &str,
    table: &str,
    columns: &[&str],
    keep: impl Fn(&[String]) -> bool,
) -> Vec<Vec<String>> {
    let table = find(schema, table).unwrap();
    let at = |name: &&str| {
        table
            .columns
            .iter()
            .position(|column| column.name == *name)
            .unwrap()
    };
    let positions: Vec<usize> = columns.iter().map(at).collect();
    let settings = Settings::default();
    let mut found: Vec<Vec<String>> = (table.rows)(cx)
        .iter()
        .map(|row| {
            positions
                .iter()
                .map(|at| print(&row[*at], &settings))
                .collect()
        })
        .filter(|row: &Vec<String>| keep(row))
        .collect();
    found.sort();
    found
}

#[track_caller]
fn ask(cx: &SystemContext<'_>, name: &str, args: &[Value]) -> Value {
    try_ask(cx, name, args).unwrap()
}

#[track_caller]
fn try_ask(cx: &SystemContext<'_>, name: &str, args: &[Value]) -> Result<Value> {
    let settings = Settings::default();
    call(cx, name, args, &EvalContext::new(&settings, &Pure, 0)).unwrap()
}

#[test]
fn every_row_has_a_value_of_its_columns_type_for_every_column() {
    with_context(&catalog(), |cx| {
        for table in tables() {
            for row in (table.rows)(cx) {
                assert_eq!(row.len(), table.columns.len(), "{}", table.name);
                for (value, column) in row.iter().zip(table.columns) {
                    let wanted = column.column_type().ty;
                    assert!(
                        fits(value, &wanted),
                        "{}.{}: {value:?} is no {wanted}",
                        table.name,
                        column.name
                    );
                }
            }
        }
    });
}

fn fits(value: &Value, wanted: &Type) -> bool {
    let natural = value.natural_type();
    value.is_null()
        || natural == *wanted
        || (natural == Type::Text && matches!(wanted, Type::Name | Type::Char | Type::Varchar))
        || (natural == Type::Oid && (wanted.is_reg() || *wanted == Type::Xid))
}

#[test]
fn every_virtual_table_has_known_types_and_an_oid_of_its_own() {
    let mut oids: Vec<u32> = tables().map(|table| table.oid).collect();
    oids.sort_unstable();
    let count = oids.len();
    oids.dedup();
    assert_eq!(oids.len(), count);
    assert!(oids.iter().all(|oid| *oid < 16384));
    for table in tables() {
        for column in table.columns {
            assert!(
                Type::from_name(column.ty).is_some(),
                "{}.{} {}",
                table.name,
                column.name,
                column.ty
            );
        }
    }
}

#[test]
fn pg_class_flags_steer_psql() {
    with_context(&catalog(), |cx| {
        let flags = [
            "relname",
            "relkind",
            "relhasindex",
            "relchecks",
            "relhastriggers",
            "relnatts",
        ];
        let rows = select(cx, "pg_catalog", "pg_class", &flags, |row| {
            row[0].starts_with("parent") || row[0].starts_with("child")
        });
        assert_eq!(
            rows,
            [
                ["child", "r", "t", "0", "t", "3"],
                ["child_id_seq", "S", "f", "0", "f", "3"],
                ["child_pkey", "i", "f", "0", "f", "1"],
                ["child_v_idx", "i", "f", "0", "f", "1"],
                ["parent", "r", "t", "1", "t", "8"],
                ["parent_email_key", "i", "f", "0", "f", "1"],
                ["parent_id_seq", "S", "f", "0", "f", "3"],
                ["parent_pkey", "i", "f", "0", "f", "1"],
            ]
        );
    });
}

#[test]
fn defaults_print_through_their_reference() {
    with_context(&catalog(), |cx| {
        let parent = PARENT.to_string();
        let stored = select(
            cx,
            "pg_catalog",
            "pg_attrdef",
            &["adrelid", "adnum", "adbin"],
            |row| row[0] == parent,
        );
        let shown: Vec<String> = stored
            .iter()
            .map(|row| {
                ask(
                    cx,
                    "pg_get_expr",
                    &[Value::text(row[2].as_str()), Value::Oid(PARENT)],
                )
            })
            .map(|value| print(&value, &Settings::default()))
            .collect();
        assert_eq!(shown, ["nextval('parent_id_seq'::regclass)", "0", "now()"]);
    });
}

#[test]
fn constraints_print_as_postgres_prints_them() {
    with_context(&catalog(), |cx| {
        let definition = |oid: u32, pretty: bool| {
            let value = ask(
                cx,
                "pg_get_constraintdef",
                &[Value::Oid(oid), Value::Bool(pretty)],
            );
            print(&value, &Settings::default())
        };
        assert_eq!(definition(PARENT_CHECK, true), "CHECK (n >= 0::numeric)");
        assert_eq!(
            definition(PARENT_CHECK, false),
            "CHECK ((n >= (0)::numeric))"
        );
        assert_eq!(
            definition(CHILD_PARENT, true),
            "FOREIGN KEY (pid) REFERENCES parent(id) ON DELETE CASCADE"
        );
        let index = ask(cx, "pg_get_indexdef", &[Value::Oid(CHILD_V)]);
        assert_eq!(
            index.as_str(),
            Some("CREATE INDEX child_v_idx ON public.child USING btree (v)")
        );
    });
}

#[test]
fn an_owned_sequence_depends_on_its_column() {
    with_context(&catalog(), |cx| {
        let sequence = PARENT_SEQUENCE.to_string();
        let columns = ["objid", "refobjid", "refobjsubid", "deptype"];
        let rows = select(cx, "pg_catalog", "pg_depend", &columns, |row| {
            row[0] == sequence
        });
        assert_eq!(rows, [[sequence.as_str(), "16384", "1", "a"]]);
    });
}

#[test]
fn names_find_relations_along_the_search_path() {
    with_context(&catalog(), |cx| {
        let class = Type::Regclass;
        assert_eq!(reg_in(cx, &class, "parent"), Ok(PARENT));
        assert_eq!(reg_in(cx, &class, "public.Child"), Ok(CHILD));
        assert_eq!(reg_in(cx, &class, "pg_catalog.pg_class"), Ok(1259));
        assert_eq!(reg_in(cx, &class, "pg_class"), Ok(1259));
        assert_eq!(
            reg_in(cx, &class, "nope").map_err(|error| error.message),
            Err("relation \"nope\" does not exist".into())
        );
        assert_eq!(
            reg_in(cx, &class, "nope.t").map_err(|error| error.code),
            Err("3F000")
        );
        assert_eq!(reg_out(cx, &class, PARENT), "parent");
        assert_eq!(reg_out(cx, &class, 1259), "pg_class");
        let redis = reg_in(cx, &class, "redis.keys").unwrap();
        assert_eq!(reg_out(cx, &class, redis), "redis.keys");
        assert_eq!(reg_out(cx, &class, 999_999), "999999");
        assert_eq!(reg_out(cx, &Type::Regtype, 1043), "character varying");
    });
}

#[test]
fn the_information_schema_knows_columns_and_keys() {
    with_context(&catalog(), |cx| {
        let columns = [
            "table_name",
            "column_name",
            "data_type",
            "is_nullable",
            "column_default",
            "numeric_precision",
        ];
        let rows = select(cx, "information_schema", "columns", &columns, |row| {
            row[0] == "parent" && row[1].as_str() <= "id"
        });
        assert_eq!(
            rows,
            [
                ["parent", "arr", "ARRAY", "YES", "", ""],
                ["parent", "b", "bytea", "YES", "", ""],
                ["parent", "email", "text", "NO", "", ""],
                [
                    "parent",
                    "id",
                    "integer",
                    "NO",
                    "nextval('parent_id_seq'::regclass)",
                    "32"
                ],
            ]
        );
        let key = [
            "constraint_name",
            "column_name",
            "ordinal_position",
            "position_in_unique_constraint",
        ];
        let rows = select(cx, "information_schema", "key_column_usage", &key, |row| {
            row[0].starts_with("child")
        });
        assert_eq!(
            rows,
            [
                ["child_pid_fkey", "pid", "1", "1"],
                ["child_pkey", "id", "1", ""]
            ]
        );
    });
}

#[test]
fn what_does_not_exist_has_no_privileges() {
    with_context(&catalog(), |cx| {
        let ask_text = |args: &[&str]| {
            let args: Vec<Value> = args.iter().map(|text| Value::text(*text)).collect();
            try_ask(cx, "has_table_privilege", &args)
        };
        assert_eq!(ask_text(&["parent", "select"]), Ok(Value::Bool(true)));
        assert_eq!(
            ask_text(&["stele", "parent", "SELECT, INSERT"]),
            Ok(Value::Bool(true))
        );
        assert_eq!(
            ask_text(&["nope", "select"]).map_err(|error| error.code),
            Err("42P01")
        );
        assert_eq!(
            ask_text(&["parent", "nope"]).map_err(|error| error.code),
            Err("22023")
        );
    });
}
