//! Lists, arrays and what takes them apart.

use stele_core::record::expr::{Expr, FunctionRef};
use stele_core::record::value::{CastContext, Type, Value};

use super::Writer;
use super::literal::Label;

impl Writer<'_> {
    /// `x IN (...)` reads `x = ANY (ARRAY[...])`.
    pub(super) fn in_list(
        &mut self,
        node: &Expr,
        inner: &Expr,
        list: &[Expr],
        equal: &FunctionRef,
        negated: bool,
    ) {
        let of_text = equal.args.first() == Some(&Type::Text);
        let relabelled = of_text && inner.ty() == Type::Varchar;
        let shown = match relabelled {
            true => &inner.clone().cast_to(Type::Text, CastContext::Implicit),
            false => inner,
        };
        self.plain("(");
        self.operand(shown, node, true);
        self.push(if negated { " <> ALL (" } else { " = ANY (" });
        match shown {
            Expr::Cast {
                from: Type::Varchar,
                context: CastContext::Implicit,
                ..
            } => self.varchar_list(list),
            _ => self.listed("ARRAY[", list, "]"),
        }
        self.push(")");
        self.plain(")");
    }

    /// Literals beside a varchar column are varchars first, their array text after.
    fn varchar_list(&mut self, list: &[Expr]) {
        self.plain("(");
        self.push("ARRAY[");
        for (index, item) in list.iter().enumerate() {
            if index > 0 {
                self.push(", ");
            }
            match bare_constant(item) {
                Some(value) => self.literal(value, &Type::Varchar.into(), Label::Needed),
                None => self.node(item, true),
            }
        }
        self.push("]");
        self.plain(")");
        self.push("::text[]");
    }

    pub(super) fn any_all(
        &mut self,
        node: &Expr,
        left: &Expr,
        operator: &FunctionRef,
        array: &Expr,
        all: bool,
    ) {
        self.plain("(");
        self.operand(left, node, true);
        self.push(&format!(
            " {} {} (",
            operator.name,
            if all { "ALL" } else { "ANY" }
        ));
        self.operand(array, node, true);
        self.push(")");
        self.plain(")");
    }

    pub(super) fn array(&mut self, items: &[Expr], element: &Type) {
        self.listed("ARRAY[", items, "]");
        if items.is_empty() {
            self.push("::");
            self.push(&Type::array_of(element.clone()).sql_name());
        }
    }

    fn subscripted(&mut self, array: &Expr) {
        let bare = matches!(array, Expr::Column { .. } | Expr::Param { .. });
        if !bare {
            self.push("(");
        }
        self.node(array, true);
        if !bare {
            self.push(")");
        }
    }

    pub(super) fn subscript(&mut self, array: &Expr, indexes: &[Expr]) {
        self.subscripted(array);
        for index in indexes {
            self.push("[");
            self.node(index, false);
            self.push("]");
        }
    }

    pub(super) fn slice(&mut self, array: &Expr, lower: Option<&Expr>, upper: Option<&Expr>) {
        self.subscripted(array);
        self.push("[");
        if let Some(lower) = lower {
            self.node(lower, false);
        }
        self.push(":");
        if let Some(upper) = upper {
            self.node(upper, false);
        }
        self.push("]");
    }
}

/// A constant under implicit casts.
fn bare_constant(expr: &Expr) -> Option<&Value> {
    match expr {
        Expr::Const { value, .. } => Some(value),
        Expr::Cast {
            expr,
            context: CastContext::Implicit,
            ..
        } => bare_constant(expr),
        _ => None,
    }
}
