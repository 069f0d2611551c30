//! Every function and cast in `answers.txt`, against what PostgreSQL 15 answers.

use super::call;
use crate::record::expr::{EvalContext, Expr, Pure, output};
use crate::record::value::{CastContext, ColumnType, Result, Settings, Type, Value};

const ANSWERS: &str = include_str!("answers.txt");
/// 2023-11-14 22:13:20 UTC.
const NOW_UNIX_US: i64 = 1_700_000_000_000_000;

fn unescape(text: &str) -> String {
    let mut out = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (c, c == '\\') {
            (_, false) => out.push(c),
            (_, true) => out.push(match chars.next() {
                Some('n') => '\n',
                Some('t') => '\t',
                Some(other) => other,
                None => '\\',
            }),
        }
    }
    out
}

/// `type=text` as a constant.
fn argument(field: &str, cx: &EvalContext<'_>) -> Expr {
    let (ty, text) = field.split_once('=').unwrap();
    let ty = Type::from_name(ty).unwrap();
    if text == "\\N" {
        return Expr::constant(Value::Null, ty);
    }
    let literal = Expr::constant(Value::from(unescape(text)), Type::Unknown);
    let value = literal
        .cast_to(ty.clone(), CastContext::Explicit)
        .eval(&[], cx)
        .unwrap();
    Expr::constant(value, ty)
}

fn answer(name: &str, args: Vec<Expr>, cx: &EvalContext<'_>) -> Result<(Type, Value)> {
    let mut expr = match name.strip_prefix("::") {
        Some(to) => args
            .into_iter()
            .next()
            .unwrap()
            .cast_to(ColumnType::from_name(to).unwrap(), CastContext::Explicit),
        None => call(name, args)?,
    };
    let stored = postcard::to_allocvec(&expr).unwrap();
    assert_eq!(
        postcard::from_bytes::<Expr>(&stored).unwrap(),
        expr,
        "stored and read back"
    );
    expr.fold(cx)?;
    Ok((expr.ty(), expr.eval(&[], cx)?))
}

#[test]
fn answers_are_those_of_postgres() {
    let settings = Settings::default();
    let cx = EvalContext::new(&settings, &Pure, NOW_UNIX_US);
    let mut wrong = Vec::new();
    for line in ANSWERS.lines().filter(|line| !line.starts_with("# ")) {
        let fields: Vec<&str> = line.split('\t').collect();
        let arrow = fields.iter().position(|field| *field == "=>").unwrap();
        let args = fields[1..arrow]
            .iter()
            .map(|field| argument(field, &cx))
            .collect();
        let got = match answer(fields[0], args, &cx) {
            Ok((ty, Value::Null)) => format!("{ty}=\\N"),
            Ok((ty, value)) => format!("{ty}={}", output(&value, &ty, &cx)),
            Err(error) => format!("ERROR {}: {}", error.code, error.message),
        };
        let expected = fields[arrow + 1];
        if got != unescape(expected) && got != expected {
            wrong.push(format!("{line}\n    got {got}"));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} answers differ:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}
