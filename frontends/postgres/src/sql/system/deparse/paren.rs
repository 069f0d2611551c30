//! Which operands stand without parentheses in the pretty form.

use stele_core::record::expr::{Expr, SubqueryForm};

use super::cast::is_function_cast;

/// How a node delimits itself.
#[derive(PartialEq)]
enum Shape<'a> {
    /// One word, or its own brackets.
    Closed,
    /// `NOT`, and operators of one argument.
    Prefix,
    /// A binary operator.
    Binary(&'a str),
    /// `IS NULL` and its like.
    Test,
    /// `x = ANY (...)`.
    AnyAll,
    And,
    Or,
    Not,
    /// A cast that is not a function: as closed as its operand.
    Relabel(&'a Expr),
    /// A cast that calls a function.
    FunctionCast,
    Field,
}

fn shape(expr: &Expr) -> Shape<'_> {
    match expr {
        Expr::And(_) => Shape::And,
        Expr::Or(_) => Shape::Or,
        Expr::Not(_) => Shape::Not,
        Expr::IsDistinct { negated: true, .. } => Shape::Not,
        Expr::IsNull { .. } | Expr::IsTruth { .. } | Expr::IsDistinct { .. } => Shape::Test,
        Expr::Subquery {
            form: SubqueryForm::Any { .. } | SubqueryForm::All { .. },
            ..
        } => Shape::Test,
        Expr::InList { .. } | Expr::AnyAll { .. } => Shape::AnyAll,
        Expr::Field { .. } => Shape::Field,
        Expr::Cast { expr, .. } if matches!(**expr, Expr::Const { .. }) => Shape::Closed,
        Expr::Cast { from, to, .. } if is_function_cast(from, to) => Shape::FunctionCast,
        Expr::Cast { expr, .. } => Shape::Relabel(expr),
        Expr::Call { function, args, .. } if function.is_operator() => match args.as_slice() {
            [_, _] => Shape::Binary(&function.name),
            [Expr::Const { .. }] if function.name == "-" => Shape::Closed,
            _ => Shape::Prefix,
        },
        _ => Shape::Closed,
    }
}

/// Whether `node` needs no parentheses as an operand of `parent`.
pub(super) fn is_simple(node: &Expr, parent: &Expr) -> bool {
    let above = shape(parent);
    match shape(node) {
        Shape::Closed | Shape::FunctionCast => true,
        Shape::Field => above != Shape::Field,
        Shape::Relabel(inner) => is_simple(inner, node),
        Shape::Binary(name) => match above {
            Shape::Binary(parent_name) => binds_tighter(name, parent_name, is_first(node, parent)),
            Shape::Prefix => false,
            above => separates(&above) || is_bool(&above),
        },
        Shape::Prefix | Shape::Test => separates(&above) || is_bool(&above),
        Shape::AnyAll => false,
        Shape::And | Shape::Not => separates(&above) || matches!(above, Shape::And | Shape::Or),
        Shape::Or => separates(&above) || above == Shape::Or,
    }
}

fn is_bool(above: &Shape<'_>) -> bool {
    matches!(above, Shape::And | Shape::Or | Shape::Not)
}

/// Brackets, commas or keywords of the parent that keep its operands apart.
fn separates(above: &Shape<'_>) -> bool {
    *above == Shape::Closed
}

fn is_first(node: &Expr, parent: &Expr) -> bool {
    parent
        .children()
        .first()
        .is_some_and(|first| std::ptr::eq(*first, node))
}

/// Only the arithmetic operators are known to bind: `a - b - c`, but `a - (b - c)`.
fn binds_tighter(name: &str, parent: &str, first: bool) -> bool {
    let level = |name: &str| match name {
        "+" | "-" => Some(1),
        "*" | "/" | "%" => Some(2),
        _ => None,
    };
    match (level(name), level(parent)) {
        (Some(own), Some(above)) => own > above || (own == above && first),
        _ => false,
    }
}
