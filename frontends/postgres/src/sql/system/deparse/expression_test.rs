//! The two forms of every kind of expression, as PostgreSQL 15 prints them.

use stele_core::record::expr::{Expr, call, equality};
use stele_core::record::value::{CastContext, ColumnType, Type, Value};

use super::{Names, expression};

struct Columns;

impl Names for Columns {
    fn column(&self, index: usize) -> String {
        ["a", "b", "v", "n", "t", "c", "arr"]
            .get(index)
            .copied()
            .unwrap_or("?")
            .to_string()
    }

    fn object(&self, _ty: &Type, oid: u32) -> String {
        format!("relation_{oid}")
    }
}

#[track_caller]
fn prints(expr: Expr, plain: &str, pretty: &str) {
    assert_eq!(expression(&expr, &Columns, false), plain);
    assert_eq!(expression(&expr, &Columns, true), pretty);
}

fn a() -> Expr {
    Expr::column(0, Type::Int4)
}

fn b() -> Expr {
    Expr::column(1, Type::Text)
}

fn v() -> Expr {
    Expr::column(2, ColumnType::new(Type::Varchar, 9)).cast_to(Type::Text, CastContext::Implicit)
}

fn int(value: i32) -> Expr {
    Expr::constant(Value::Int4(value), Type::Int4)
}

fn literal(text: &str) -> Expr {
    Expr::constant(Value::text(text), Type::Unknown)
}

fn text(value: &str) -> Expr {
    literal(value).cast_to(Type::Text, CastContext::Implicit)
}

#[track_caller]
fn op(name: &str, args: Vec<Expr>) -> Expr {
    call(name, args).unwrap()
}

#[test]
fn operators_keep_every_parenthesis_only_in_the_plain_form() {
    prints(op(">", vec![a(), int(0)]), "(a > 0)", "a > 0");
    let product = op("*", vec![int(1), int(2)]);
    let sum = op("-", vec![op("+", vec![a(), product]), int(3)]);
    prints(
        op(">", vec![sum, int(5)]),
        "(((a + (1 * 2)) - 3) > 5)",
        "(a + 1 * 2 - 3) > 5",
    );
    let scaled = op("*", vec![op("+", vec![a(), int(1)]), int(2)]);
    prints(
        op(">", vec![scaled, int(5)]),
        "(((a + 1) * 2) > 5)",
        "((a + 1) * 2) > 5",
    );
    prints(
        op("<", vec![op("-", vec![a()]), int(0)]),
        "((- a) < 0)",
        "(- a) < 0",
    );
    prints(
        op("<>", vec![a(), op("-", vec![int(1)])]),
        "(a <> '-1'::integer)",
        "a <> '-1'::integer",
    );
    prints(
        op("=", vec![op("||", vec![b(), text("x")]), text("y")]),
        "((b || 'x'::text) = 'y'::text)",
        "(b || 'x'::text) = 'y'::text",
    );
}

#[test]
fn logic_needs_parentheses_only_where_it_binds_looser() {
    let low = op(">", vec![a(), int(0)]);
    let high = op("<", vec![a(), int(10)]);
    let absent = Expr::IsNull {
        expr: Box::new(b()),
        negated: true,
    };
    let both = Expr::And(vec![low, high]);
    prints(
        Expr::Or(vec![both.clone(), absent.clone()]),
        "(((a > 0) AND (a < 10)) OR (b IS NOT NULL))",
        "a > 0 AND a < 10 OR b IS NOT NULL",
    );
    prints(
        Expr::And(vec![both.clone(), absent.clone()]),
        "((a > 0) AND (a < 10) AND (b IS NOT NULL))",
        "a > 0 AND a < 10 AND b IS NOT NULL",
    );
    prints(
        Expr::Not(Box::new(Expr::Or(vec![both, absent]))),
        "(NOT (((a > 0) AND (a < 10)) OR (b IS NOT NULL)))",
        "NOT (a > 0 AND a < 10 OR b IS NOT NULL)",
    );
    prints(
        Expr::Not(Box::new(op("=", vec![a(), int(3)]))),
        "(NOT (a = 3))",
        "NOT a = 3",
    );
}

#[test]
fn implicit_casts_show_under_an_operator_and_hide_at_the_top() {
    let n = ColumnType::new(Type::Numeric, ColumnType::numeric_typmod(10, 2));
    let zero = int(0).cast_to(Type::Numeric, CastContext::Implicit);
    prints(
        op(">=", vec![Expr::column(3, n.clone()), zero]),
        "(n >= (0)::numeric)",
        "n >= 0::numeric",
    );
    prints(int(0).cast_to(n, CastContext::Assignment), "0", "0");
    prints(
        op("=", vec![v(), text("x")]),
        "((v)::text = 'x'::text)",
        "v::text = 'x'::text",
    );
    let shown = a().cast_to(Type::Text, CastContext::Explicit);
    prints(
        op("=", vec![shown, text("1")]),
        "((a)::text = '1'::text)",
        "a::text = '1'::text",
    );
    let sum = op("+", vec![a(), int(1)]).cast_to(Type::Text, CastContext::Explicit);
    prints(
        op("=", vec![sum, text("1")]),
        "(((a + 1))::text = '1'::text)",
        "((a + 1)::text) = '1'::text",
    );
}

#[test]
fn casts_between_integers_hide_because_postgres_compares_them_as_they_are() {
    let wide = Expr::column(0, Type::Int8);
    let narrow = int(5).cast_to(Type::Int8, CastContext::Implicit);
    prints(op(">", vec![wide, narrow]), "(a > 5)", "a > 5");
}

#[test]
fn literals_say_their_type_where_they_would_read_back_as_another() {
    let one = |value: Value, ty: Type| Expr::constant(value, ty);
    prints(text("it's"), "'it''s'::text", "'it''s'::text");
    prints(
        literal("abc").cast_to(ColumnType::new(Type::Varchar, 6), CastContext::Explicit),
        "'abc'::character varying(2)",
        "'abc'::character varying(2)",
    );
    prints(
        literal("y").cast_to(ColumnType::new(Type::Varchar, 9), CastContext::Assignment),
        "'y'::character varying",
        "'y'::character varying",
    );
    prints(one(Value::Bool(true), Type::Bool), "true", "true");
    prints(
        one(Value::Int8(5), Type::Int8),
        "'5'::bigint",
        "'5'::bigint",
    );
    prints(
        one(Value::Null, Type::Int4),
        "NULL::integer",
        "NULL::integer",
    );
    prints(
        one(Value::Oid(7), Type::Regclass),
        "'relation_7'::regclass",
        "'relation_7'::regclass",
    );
}

#[test]
fn a_default_prints_as_it_was_written() {
    let bpchar = ColumnType::new(Type::Bpchar, ColumnType::characters_typmod(3));
    let padded = Expr::constant(Value::Bpchar("z  ".into()), bpchar);
    prints(padded, "'z'::bpchar", "'z'::bpchar");
    let varchar = ColumnType::new(Type::Varchar, ColumnType::characters_typmod(5));
    let limited = Expr::constant(Value::text("y"), varchar);
    prints(limited, "'y'::character varying", "'y'::character varying");
    for (name, printed) in [
        ("current_date", "CURRENT_DATE"),
        ("current_timestamp", "CURRENT_TIMESTAMP"),
        ("localtimestamp", "LOCALTIMESTAMP"),
        ("current_user", "CURRENT_USER"),
    ] {
        prints(op(name, vec![]), printed, printed);
    }
    let rounded = op("current_timestamp", vec![int(3)]);
    prints(rounded, "CURRENT_TIMESTAMP(3)", "CURRENT_TIMESTAMP(3)");
}

#[test]
fn a_varchar_in_a_list_of_texts_reads_as_text() {
    let varchar = Expr::column(2, ColumnType::new(Type::Varchar, 9));
    let item = Expr::constant(Value::text("x"), Type::Varchar);
    let list = Expr::InList {
        expr: Box::new(varchar),
        list: vec![item],
        equal: equality(&Type::Text).unwrap(),
        negated: false,
    };
    prints(
        list,
        "((v)::text = ANY ((ARRAY['x'::character varying])::text[]))",
        "v::text = ANY (ARRAY['x'::character varying]::text[])",
    );
}

#[test]
fn lists_are_arrays() {
    let list = |expr: Expr, list: Vec<Expr>, negated| {
        let equal = equality(&expr.ty()).unwrap();
        Expr::InList {
            expr: Box::new(expr),
            list,
            equal,
            negated,
        }
    };
    prints(
        list(a(), vec![int(1), int(2)], false),
        "(a = ANY (ARRAY[1, 2]))",
        "a = ANY (ARRAY[1, 2])",
    );
    prints(
        list(v(), vec![text("x"), text("y")], true),
        "((v)::text <> ALL ((ARRAY['x'::character varying, 'y'::character varying])::text[]))",
        "v::text <> ALL (ARRAY['x'::character varying, 'y'::character varying]::text[])",
    );
    let arr = Expr::column(6, Type::array_of(Type::Int4));
    let any = Expr::AnyAll {
        left: Box::new(a()),
        operator: equality(&Type::Int4).unwrap(),
        array: Box::new(arr.clone()),
        all: false,
    };
    prints(any, "(a = ANY (arr))", "a = ANY (arr)");
    let first = Expr::Subscript {
        array: Box::new(arr),
        indexes: vec![int(1)],
        ty: Type::Int4,
    };
    prints(op("=", vec![first, int(1)]), "(arr[1] = 1)", "arr[1] = 1");
    let empty = Expr::Array {
        items: vec![],
        element: Type::Int4,
    };
    prints(empty, "ARRAY[]::integer[]", "ARRAY[]::integer[]");
}

#[test]
fn case_takes_lines_of_its_own() {
    let when = op(">", vec![a(), int(1)]);
    let yes = Expr::constant(Value::Bool(true), Type::Bool);
    let case = Expr::Case {
        whens: vec![(when, yes)],
        otherwise: None,
        ty: Type::Bool.into(),
    };
    prints(
        case,
        "\nCASE\n    WHEN (a > 1) THEN true\n    ELSE NULL::boolean\nEND",
        "\nCASE\n    WHEN a > 1 THEN true\n    ELSE NULL::boolean\nEND",
    );
}

#[test]
fn calls_and_their_like_close_over_their_arguments() {
    prints(op("now", vec![]), "now()", "now()");
    prints(
        op("upper", vec![text("x")]),
        "upper('x'::text)",
        "upper('x'::text)",
    );
    let coalesce = Expr::Coalesce {
        args: vec![a(), int(1)],
        ty: Type::Int4,
    };
    prints(
        op(">", vec![coalesce, int(0)]),
        "(COALESCE(a, 1) > 0)",
        "COALESCE(a, 1) > 0",
    );
    let distinct = |negated| Expr::IsDistinct {
        left: Box::new(a()),
        right: Box::new(int(5)),
        negated,
    };
    prints(
        distinct(false),
        "(a IS DISTINCT FROM 5)",
        "a IS DISTINCT FROM 5",
    );
    prints(
        distinct(true),
        "(NOT (a IS DISTINCT FROM 5))",
        "NOT a IS DISTINCT FROM 5",
    );
    let truth = Expr::IsTruth {
        expr: Box::new(op(">", vec![a(), int(1)])),
        truth: Some(true),
        negated: false,
    };
    prints(truth, "((a > 1) IS TRUE)", "(a > 1) IS TRUE");
}
