//! Every catalogue query psql sends, bound and run over the recorded schema.

use std::sync::atomic::AtomicBool;

use stele_core::record::expr::{EvalContext, Function, Host};
use stele_core::record::rows::NoRows;
use stele_core::record::value::{Settings, Type, Value, ValueError, print};

use super::testing::{CHILD, CHILD_V, PARENT, PARENT_SEQUENCE, catalog, with_context};
use super::{call, reg_in, reg_out};
use crate::error::{Result, SqlError};
use crate::sql::bind::{BindContext, ParamTypes, bind_query};
use crate::sql::execute::{ExecContext, MEMORY_BYTES_MAX, execute};
use crate::sql::virtual_table::SystemContext;

const QUERIES: &str = include_str!("psql_meta.sql");

/// Answers as a session does, without one.
struct Answers<'a>(&'a SystemContext<'a>);

impl Host for Answers<'_> {
    fn call(
        &self,
        function: &Function,
        args: &[Value],
        cx: &EvalContext<'_>,
    ) -> Result<Value, ValueError> {
        call(self.0, &function.name, args, cx)
            .unwrap_or_else(|| Err(ValueError::unsupported(function.signature())))
    }

    fn reg_in(&self, ty: &Type, text: &str) -> Result<u32, ValueError> {
        reg_in(self.0, ty, text)
    }

    fn reg_out(&self, ty: &Type, oid: u32) -> String {
        reg_out(self.0, ty, oid)
    }
}

/// The statement of this number, with psql's variables filled in.
fn statement(number: u32, pattern: &str, oid: u32) -> String {
    let heading = format!("-- Q{number:02} ");
    let (_, rest) = QUERIES.split_once(&heading).unwrap();
    let (_, body) = rest.split_once('\n').unwrap();
    let end = body.find("\n-- Q").unwrap_or(body.len());
    let body = body[..end].trim().trim_end_matches(';');
    body.replace(":'re'", &format!("'{pattern}'"))
        .replace(":'oid'", &format!("'{oid}'"))
        .replace(":oid", &oid.to_string())
        .replace(":'rel'", "'redis.keys'")
}

/// The rows of a query as text.
fn run(system: &SystemContext<'_>, sql: &str) -> Result<Vec<Vec<String>>> {
    let settings = Settings::default();
    let host = Answers(system);
    let eval = EvalContext::new(&settings, &host, 0);
    let bind = BindContext {
        catalog: system.catalog,
        search_path: system.search_path,
        eval,
        source: sql,
    };
    let query = query(sql)?;
    let bound = bind_query(&query, &bind, &mut ParamTypes::default())?;
    let cx = ExecContext {
        rows: &NoRows,
        now_ms: 0,
        eval,
        cancel: &AtomicBool::new(false),
        memory_bytes_max: MEMORY_BYTES_MAX,
        system,
        pinned: &[],
    };
    let shown = |row: Vec<Value>| {
        let values = row.iter().zip(&bound.columns);
        let values = values.map(|(value, column)| match value {
            Value::Oid(oid) if column.ty.ty.is_reg() => reg_out(system, &column.ty.ty, *oid),
            value => print(value, &settings),
        });
        values.collect()
    };
    execute(&bound, &cx)?.map(|row| row.map(shown)).collect()
}

fn query(sql: &str) -> Result<sqlparser::ast::Query> {
    let dialect = sqlparser::dialect::PostgreSqlDialect {};
    let parsed = sqlparser::parser::Parser::parse_sql(&dialect, sql)
        .map_err(|error| SqlError::syntax(error.to_string()))?;
    match parsed.into_iter().next() {
        Some(sqlparser::ast::Statement::Query(query)) => Ok(*query),
        other => Err(SqlError::syntax(format!("{other:?}"))),
    }
}

/// The rows of a numbered query about one relation.
#[track_caller]
fn ask(number: u32, oid: u32) -> Vec<Vec<String>> {
    with_context(&catalog(), |cx| {
        run(cx, &statement(number, "^(parent)$", oid)).unwrap()
    })
}

const COUNT: u32 = 39;

#[test]
fn every_query_of_psql_runs_for_every_kind_of_relation() {
    let mut failed = Vec::new();
    with_context(&catalog(), |cx| {
        for number in 1..=COUNT {
            for oid in [PARENT, CHILD, CHILD_V, PARENT_SEQUENCE, 1259, 13001] {
                if let Err(error) = run(cx, &statement(number, "^(parent)$", oid)) {
                    failed.push(format!("Q{number:02} for {oid}: {error}"));
                }
            }
        }
    });
    assert_eq!(failed, Vec::<String>::new());
}

#[test]
fn d_lists_tables_and_sequences() {
    assert_eq!(
        ask(2, 0),
        [
            ["public", "child", "table", "stele"],
            ["public", "child_id_seq", "sequence", "stele"],
            ["public", "parent", "table", "stele"],
            ["public", "parent_id_seq", "sequence", "stele"],
        ]
    );
    assert_eq!(ask(15, 0), [["16384", "public", "parent"]]);
}

#[test]
fn d_table_shows_columns_with_types_and_defaults() {
    let rows = ask(17, PARENT);
    let shown: Vec<[&str; 4]> = rows
        .iter()
        .map(|row| [&*row[0], &*row[1], &*row[2], &*row[3]])
        .collect();
    assert_eq!(
        shown,
        [
            ["id", "integer", "nextval('parent_id_seq'::regclass)", "t"],
            ["email", "text", "", "t"],
            ["n", "numeric(10,2)", "0", "f"],
            ["ts", "timestamp with time zone", "now()", "f"],
            ["j", "jsonb", "", "f"],
            ["u", "uuid", "", "f"],
            ["arr", "integer[]", "", "f"],
            ["b", "bytea", "", "f"],
        ]
    );
}

#[test]
fn d_table_shows_indexes_and_constraints() {
    let rows = ask(18, PARENT);
    let shown: Vec<[&str; 3]> = rows
        .iter()
        .map(|row| [&*row[0], &*row[5], &*row[6]])
        .collect();
    assert_eq!(
        shown,
        [
            [
                "parent_pkey",
                "CREATE UNIQUE INDEX parent_pkey ON parent USING btree (id)",
                "PRIMARY KEY (id)"
            ],
            [
                "parent_email_key",
                "CREATE UNIQUE INDEX parent_email_key ON parent USING btree (email)",
                "UNIQUE (email)"
            ],
        ]
    );
    assert_eq!(
        ask(19, PARENT),
        [["parent_n_check", "CHECK (n >= 0::numeric)"]]
    );
    let key = "FOREIGN KEY (pid) REFERENCES parent(id) ON DELETE CASCADE";
    assert_eq!(ask(20, CHILD), [["t", "child_pid_fkey", key, "child"]]);
    assert_eq!(ask(21, PARENT), [["child_pid_fkey", "child", key]]);
    assert_eq!(ask(21, CHILD), Vec::<Vec<String>>::new());
}

#[test]
fn d_index_and_d_sequence_show_what_they_belong_to() {
    assert_eq!(
        ask(30, CHILD_V),
        [["v", "character varying(20)", "yes", "v"]]
    );
    let rows = ask(31, CHILD_V);
    assert_eq!(rows[0][8..], ["btree", "child", ""]);
    assert_eq!(
        ask(32, PARENT_SEQUENCE),
        [["integer", "1", "1", "2147483647", "1", "no", "1"]]
    );
    assert_eq!(ask(33, PARENT_SEQUENCE), [["public.parent.id", "a"]]);
}

/// What drivers and mappers ask, in shapes psql does not use.
const LOOKUPS: [&str; 8] = [
    // pgbench, before it runs: where its table is and whether it is partitioned.
    "select o.n, p.partstrat, pg_catalog.count(i.inhparent) from pg_catalog.pg_class as c \
     join pg_catalog.pg_namespace as n on (n.oid = c.relnamespace) cross join lateral \
     (select pg_catalog.array_position(pg_catalog.current_schemas(true), n.nspname)) as o(n) \
     left join pg_catalog.pg_partitioned_table as p on (p.partrelid = c.oid) \
     left join pg_catalog.pg_inherits as i on (c.oid = i.inhparent) \
     where c.relname = 'parent' and o.n is not null group by 1, 2 order by 1 asc limit 1",
    // A type by its OID.
    "select t.typname, t.typtype, t.typelem, r.rngsubtype, t.typbasetype, n.nspname, t.typrelid \
     from pg_catalog.pg_type t left outer join pg_catalog.pg_range r on r.rngtypid = t.oid \
     inner join pg_catalog.pg_namespace n on t.typnamespace = n.oid where t.oid = 1007",
    // A type by its name.
    "select typname as name, oid, typarray as array_oid, oid::regtype::text as regtype, typdelim \
     as delimiter from pg_type t where t.oid = to_regtype('int4') order by t.oid",
    // The columns of a primary key, by expanding the index's vector.
    "select a.attname from pg_index i join pg_attribute a on a.attrelid = i.indrelid and \
     a.attnum = any(i.indkey) where i.indrelid = 'parent'::regclass and i.indisprimary",
    // A constraint's columns in their order.
    "select con.conname, array(select a.attname from unnest(con.conkey) with ordinality as k(n, o) \
     join pg_attribute a on a.attnum = k.n and a.attrelid = con.conrelid order by k.o) \
     from pg_constraint con where con.conrelid = 'child'::regclass order by 1",
    // The tables a user may read.
    "select table_schema || '.' || table_name from information_schema.tables where table_type = \
     'BASE TABLE' and has_table_privilege('public.parent', 'select') and table_schema not in \
     ('pg_catalog', 'information_schema') order by 1",
    // A foreign key, as SQL's own catalogue tells it.
    "select tc.constraint_name, kcu.column_name, ccu.table_name, ccu.column_name from \
     information_schema.table_constraints tc join information_schema.key_column_usage kcu on \
     tc.constraint_name = kcu.constraint_name join information_schema.constraint_column_usage ccu \
     on ccu.constraint_name = tc.constraint_name where tc.constraint_type = 'FOREIGN KEY'",
    // What a session is.
    "select current_database(), current_schema(), current_user, session_user, \
     current_setting('timezone'), pg_backend_pid()",
];

#[test]
fn drivers_find_what_they_look_for() {
    let answers: Vec<Vec<Vec<String>>> = with_context(&catalog(), |cx| {
        LOOKUPS.iter().map(|sql| run(cx, sql).unwrap()).collect()
    });
    let expected: [&[&[&str]]; 8] = [
        &[&["2", "", "0"]],
        &[&["_int4", "b", "23", "", "0", "pg_catalog", "0"]],
        &[&["int4", "23", "1007", "integer", ","]],
        &[&["id"]],
        &[&["child_pid_fkey", "{pid}"], &["child_pkey", "{id}"]],
        &[&["public.child"], &["public.parent"]],
        &[&["child_pid_fkey", "pid", "parent", "id"]],
        &[&["stele", "public", "stele", "stele", "UTC", "7"]],
    ];
    assert_eq!(answers, expected);
}
