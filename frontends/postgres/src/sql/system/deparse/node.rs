//! One function per shape of node, after PostgreSQL's `get_rule_expr`.

use stele_core::record::expr::{Expr, FunctionRef};
use stele_core::record::value::{CastContext, ColumnType, Value};

use super::Writer;
use super::cast::crosses_operators;
use super::ident::quote_ident;
use super::literal::Label;
use super::paren::is_simple;

/// Functions SQL calls by a bare word.
const BARE: [&str; 10] = [
    "current_date",
    "current_time",
    "current_timestamp",
    "localtime",
    "localtimestamp",
    "current_user",
    "current_role",
    "session_user",
    "current_catalog",
    "current_schema",
];

/// Spaces a CASE adds before its keywords.
const CASE_INDENT: usize = 4;

impl Writer<'_> {
    /// A node; implicit casts show only where `show_implicit`.
    pub(super) fn node(&mut self, expr: &Expr, show_implicit: bool) {
        match expr {
            Expr::Const { value, ty } => self.literal(value, ty, Label::Needed),
            Expr::Column { index, .. } => self.push(&quote_ident(&self.names.column(*index))),
            Expr::Outer { index, .. } => self.push(&format!("outer{}", index + 1)),
            Expr::Param { index, .. } => self.push(&format!("${}", index + 1)),
            Expr::Call { function, args, .. } => self.call(expr, function, args),
            Expr::And(_) => self.chain(expr, " AND "),
            Expr::Or(_) => self.chain(expr, " OR "),
            Expr::Not(inner) => self.not(expr, inner),
            Expr::IsNull {
                expr: inner,
                negated,
            } => {
                self.test(
                    expr,
                    inner,
                    if *negated { " IS NOT NULL" } else { " IS NULL" },
                );
            }
            Expr::IsTruth {
                expr: inner,
                truth,
                negated,
            } => {
                self.test(expr, inner, truth_test(*truth, *negated));
            }
            Expr::IsDistinct {
                left,
                right,
                negated,
            } => self.distinct(expr, left, right, *negated),
            Expr::Case {
                whens,
                otherwise,
                ty,
            } => self.case(whens, otherwise.as_deref(), ty),
            Expr::Coalesce { args, .. } => self.listed("COALESCE(", args, ")"),
            Expr::Greatest { args, .. } => self.listed("GREATEST(", args, ")"),
            Expr::Least { args, .. } => self.listed("LEAST(", args, ")"),
            Expr::Row { fields, .. } => self.listed("ROW(", fields, ")"),
            Expr::NullIf { left, equal } => self.null_if(left, equal),
            Expr::Cast { .. } => self.cast(expr, show_implicit),
            Expr::InList {
                expr: inner,
                list,
                equal,
                negated,
            } => self.in_list(expr, inner, list, equal, *negated),
            Expr::AnyAll {
                left,
                operator,
                array,
                all,
            } => self.any_all(expr, left, operator, array, *all),
            Expr::Array { items, element } => self.array(items, element),
            Expr::Subscript { array, indexes, .. } => self.subscript(array, indexes),
            Expr::Slice {
                array,
                lower,
                upper,
                ..
            } => {
                self.slice(array, lower.as_deref(), upper.as_deref());
            }
            Expr::Field { record, index, .. } => {
                self.plain("(");
                self.operand(record, expr, true);
                self.plain(")");
                self.push(&format!(".f{}", index + 1));
            }
            Expr::Subquery { .. } => self.push("(SubPlan)"),
        }
    }

    /// An operand: in the pretty form within parentheses where it needs them.
    pub(super) fn operand(&mut self, expr: &Expr, parent: &Expr, show_implicit: bool) {
        let needed = self.pretty && !is_simple(expr, parent);
        if needed {
            self.push("(");
        }
        self.node(expr, show_implicit);
        if needed {
            self.push(")");
        }
    }

    pub(super) fn listed(&mut self, open: &str, args: &[Expr], close: &str) {
        self.push(open);
        for (index, arg) in args.iter().enumerate() {
            if index > 0 {
                self.push(", ");
            }
            self.node(arg, true);
        }
        self.push(close);
    }

    fn call(&mut self, node: &Expr, function: &FunctionRef, args: &[Expr]) {
        let name = function.name.as_str();
        match (name, args) {
            ("-", [Expr::Const { value, ty }]) if negated(value).is_some() => {
                let value = negated(value).unwrap_or(Value::Null);
                self.literal(&value, ty, Label::Needed);
            }
            (_, [left, right]) if function.is_operator() => {
                self.infix(node, left, name, right);
            }
            (_, [only]) if function.is_operator() => {
                self.plain("(");
                self.push(name);
                self.push(" ");
                self.operand(only, node, true);
                self.plain(")");
            }
            ("extract", [Expr::Const { value, .. }, from]) => {
                self.push("EXTRACT(");
                self.push(value.as_str().unwrap_or_default());
                self.push(" FROM ");
                self.node(from, false);
                self.push(")");
            }
            ("timezone", [zone, time]) => self.infix(node, time, "AT TIME ZONE", zone),
            (_, []) if BARE.contains(&name) => self.push(&name.to_ascii_uppercase()),
            (_, args) if BARE.contains(&name) => {
                self.listed(&format!("{}(", name.to_ascii_uppercase()), args, ")");
            }
            _ => self.listed(&format!("{}(", quote_ident(name)), args, ")"),
        }
    }

    fn infix(&mut self, node: &Expr, left: &Expr, name: &str, right: &Expr) {
        self.plain("(");
        self.operand(across(left), node, true);
        self.push(" ");
        self.push(name);
        self.push(" ");
        self.operand(across(right), node, true);
        self.plain(")");
    }

    /// AND or OR; a chain the parser nested to the left is one list.
    fn chain(&mut self, node: &Expr, word: &str) {
        self.plain("(");
        for (index, part) in flattened(node).into_iter().enumerate() {
            if index > 0 {
                self.push(word);
            }
            self.operand(part, node, false);
        }
        self.plain(")");
    }

    fn not(&mut self, node: &Expr, inner: &Expr) {
        self.plain("(");
        self.push("NOT ");
        self.operand(inner, node, false);
        self.plain(")");
    }

    fn test(&mut self, node: &Expr, inner: &Expr, words: &str) {
        self.plain("(");
        self.operand(inner, node, true);
        self.push(words);
        self.plain(")");
    }

    fn distinct(&mut self, node: &Expr, left: &Expr, right: &Expr, negated: bool) {
        if negated {
            self.plain("(");
            self.push("NOT ");
        }
        self.infix(node, left, "IS DISTINCT FROM", right);
        if negated {
            self.plain(")");
        }
    }

    fn case(&mut self, whens: &[(Expr, Expr)], otherwise: Option<&Expr>, ty: &ColumnType) {
        self.line("CASE");
        self.indent += CASE_INDENT;
        for (when, then) in whens {
            self.line("WHEN ");
            self.node(when, false);
            self.push(" THEN ");
            self.node(then, true);
        }
        self.line("ELSE ");
        match otherwise {
            Some(otherwise) => self.node(otherwise, true),
            None => self.literal(&Value::Null, ty, Label::Needed),
        }
        self.indent -= CASE_INDENT;
        self.line("END");
    }

    fn null_if(&mut self, left: &Expr, equal: &Expr) {
        match equal {
            Expr::Call { args, .. } if args.len() == 2 => self.listed("NULLIF(", args, ")"),
            _ => self.listed("NULLIF(", std::slice::from_ref(left), ")"),
        }
    }
}

fn truth_test(truth: Option<bool>, negated: bool) -> &'static str {
    match (truth, negated) {
        (Some(true), false) => " IS TRUE",
        (Some(true), true) => " IS NOT TRUE",
        (Some(false), false) => " IS FALSE",
        (Some(false), true) => " IS NOT FALSE",
        (None, false) => " IS UNKNOWN",
        (None, true) => " IS NOT UNKNOWN",
    }
}

/// The parts of a chain, with chains of the same kind in first place opened.
fn flattened(node: &Expr) -> Vec<&Expr> {
    let parts = match node {
        Expr::And(parts) | Expr::Or(parts) => parts,
        _ => return vec![node],
    };
    let mut flat = Vec::with_capacity(parts.len());
    let same = |part: &Expr| {
        matches!(
            (node, part),
            (Expr::And(_), Expr::And(_)) | (Expr::Or(_), Expr::Or(_))
        )
    };
    for (index, part) in parts.iter().enumerate() {
        match index == 0 && same(part) {
            true => flat.extend(flattened(part)),
            false => flat.push(part),
        }
    }
    flat
}

/// The operand of a cast that PostgreSQL's cross-type operators make needless.
fn across(expr: &Expr) -> &Expr {
    match expr {
        Expr::Cast {
            expr: inner,
            from,
            to,
            context: CastContext::Implicit,
        } if crosses_operators(from, &to.ty) => inner,
        other => other,
    }
}

/// PostgreSQL reads `-1` as one constant.
fn negated(value: &Value) -> Option<Value> {
    match value {
        Value::Int4(value) => value.checked_neg().map(Value::Int4),
        Value::Int8(value) => value.checked_neg().map(Value::Int8),
        Value::Numeric(value) => Some(Value::Numeric(value.neg())),
        _ => None,
    }
}
