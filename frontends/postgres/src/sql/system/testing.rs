//! The catalogue the tests read: a parent, its child, their sequences and indexes.

use stele_core::record::CollectionId;
use stele_core::record::expr::{Expr, call};
use stele_core::record::table::{
    Catalog, Check, Column, Definition, ForeignKey, Identity, Index, PrimaryKey, ReferenceAction,
    Sequence, Table,
};
use stele_core::record::value::{CastContext, ColumnType, Type, Value};

use crate::sql::virtual_table::{SessionRow, SettingRow, SystemContext};

pub const PARENT: u32 = 16384;
pub const PARENT_SEQUENCE: u32 = 16385;
pub const PARENT_KEY: u32 = 16386;
pub const PARENT_EMAIL: u32 = 16387;
pub const PARENT_CHECK: u32 = 16388;
pub const CHILD: u32 = 16389;
pub const CHILD_SEQUENCE: u32 = 16390;
pub const CHILD_KEY: u32 = 16391;
pub const CHILD_PARENT: u32 = 16392;
pub const CHILD_V: u32 = 16393;

/// `CREATE TABLE parent (...)`, `child (...)` and an index, as in the recorded psql session.
pub fn catalog() -> Catalog {
    Catalog::new(
        1,
        [
            Definition::Table(parent()),
            Definition::Table(child()),
            Definition::Sequence(sequence(
                PARENT_SEQUENCE,
                "parent_id_seq",
                Type::Int4,
                (PARENT, 1),
            )),
            Definition::Sequence(sequence(
                CHILD_SEQUENCE,
                "child_id_seq",
                Type::Int8,
                (CHILD, 1),
            )),
        ],
    )
}

/// Runs a test over a context of this catalogue.
pub fn with_context<T>(catalog: &Catalog, test: impl FnOnce(&SystemContext<'_>) -> T) -> T {
    let path = ["public".to_string()];
    let settings = [SettingRow {
        name: "TimeZone".to_string(),
        value: "UTC".to_string(),
        reset: "UTC".to_string(),
        description: "Sets the time zone.".to_string(),
    }];
    let sessions = [SessionRow {
        pid: 7,
        user: "stele".to_string(),
        database: "stele".to_string(),
        application: "psql".to_string(),
        client_addr: "127.0.0.1".to_string(),
        client_port: 5000,
        started_us: 0,
        state: "active".to_string(),
        query: "select 1".to_string(),
    }];
    test(&SystemContext {
        catalog,
        session_user: "stele",
        user: "stele",
        database: "stele",
        search_path: &path,
        backend_pid: 7,
        settings: &settings,
        sessions: &sessions,
        started_us: 0,
        count: &|_| 3,
    })
}

pub fn column(id: u32, name: &str, ty: impl Into<ColumnType>) -> Column {
    Column {
        id,
        name: name.to_string(),
        ty: ty.into(),
        not_null: false,
        default: None,
        sequence: None,
        identity: None,
        missing: None,
    }
}

fn parent() -> Table {
    let n = ColumnType::new(Type::Numeric, ColumnType::numeric_typmod(10, 2));
    let zero = || Expr::constant(Value::Int4(0), Type::Int4);
    let check = call(
        ">=",
        vec![
            Expr::column(2, n.clone()),
            zero().cast_to(Type::Numeric, CastContext::Implicit),
        ],
    );
    Table {
        columns: vec![
            Column {
                not_null: true,
                sequence: Some(CollectionId(PARENT_SEQUENCE)),
                ..column(1, "id", Type::Int4)
            },
            Column {
                not_null: true,
                ..column(2, "email", Type::Text)
            },
            Column {
                default: Some(zero().cast_to(n.clone(), CastContext::Assignment)),
                ..column(3, "n", n)
            },
            Column {
                default: call("now", vec![]).ok(),
                ..column(4, "ts", Type::Timestamptz)
            },
            column(5, "j", Type::Jsonb),
            column(6, "u", Type::Uuid),
            column(7, "arr", Type::array_of(Type::Int4)),
            column(8, "b", Type::Bytea),
        ],
        primary_key: Some(PrimaryKey {
            id: CollectionId(PARENT_KEY),
            name: "parent_pkey".into(),
            columns: vec![1],
        }),
        indexes: vec![index(PARENT_EMAIL, "parent_email_key", 2, true)],
        checks: vec![Check {
            id: CollectionId(PARENT_CHECK),
            name: "parent_n_check".into(),
            expr: check.unwrap(),
            source: "n >= 0".into(),
        }],
        ..table(PARENT, "parent")
    }
}

fn child() -> Table {
    let v = ColumnType::new(Type::Varchar, ColumnType::characters_typmod(20));
    Table {
        columns: vec![
            Column {
                not_null: true,
                sequence: Some(CollectionId(CHILD_SEQUENCE)),
                identity: Some(Identity::Always),
                ..column(1, "id", Type::Int8)
            },
            Column {
                not_null: true,
                ..column(2, "pid", Type::Int4)
            },
            column(3, "v", v),
        ],
        primary_key: Some(PrimaryKey {
            id: CollectionId(CHILD_KEY),
            name: "child_pkey".into(),
            columns: vec![1],
        }),
        indexes: vec![index(CHILD_V, "child_v_idx", 3, false)],
        foreign_keys: vec![ForeignKey {
            id: CollectionId(CHILD_PARENT),
            name: "child_pid_fkey".into(),
            columns: vec![2],
            target: CollectionId(PARENT),
            target_columns: vec![1],
            on_delete: ReferenceAction::Cascade,
            on_update: ReferenceAction::NoAction,
        }],
        ..table(CHILD, "child")
    }
}

/// A table without anything.
pub fn table(id: u32, name: &str) -> Table {
    Table {
        id: CollectionId(id),
        storage: CollectionId(id),
        name: name.to_string(),
        columns: Vec::new(),
        next_column: 100,
        primary_key: None,
        indexes: Vec::new(),
        checks: Vec::new(),
        foreign_keys: Vec::new(),
    }
}

fn index(id: u32, name: &str, column: u32, constraint: bool) -> Index {
    Index {
        id: CollectionId(id),
        storage: CollectionId(id),
        name: name.to_string(),
        columns: vec![column],
        unique: constraint,
        constraint,
    }
}

fn sequence(id: u32, name: &str, ty: Type, owner: (u32, u32)) -> Sequence {
    let max = if ty == Type::Int4 {
        i64::from(i32::MAX)
    } else {
        i64::MAX
    };
    Sequence {
        id: CollectionId(id),
        name: name.to_string(),
        ty,
        start: 1,
        increment: 1,
        min: 1,
        max,
        owner: Some((CollectionId(owner.0), owner.1)),
    }
}
