//! Casts: hidden, shown as `(x)::type`, or melted into a literal.

use stele_core::record::expr::Expr;
use stele_core::record::value::{CastContext, ColumnType, Settings, Type, Value, parse};

use super::Writer;
use super::literal::{Label, type_name};

impl Writer<'_> {
    /// A cast; an implicit one prints only its operand unless `show_implicit`.
    pub(super) fn cast(&mut self, node: &Expr, show_implicit: bool) {
        let Expr::Cast {
            expr,
            from,
            to,
            context,
        } = node
        else {
            return;
        };
        if let Expr::Const { value, .. } = &**expr
            && (*from == Type::Unknown || value.is_null())
        {
            return self.typed_literal(value, to, *context);
        }
        if *context != CastContext::Explicit && !show_implicit {
            return self.operand(expr, node, false);
        }
        match &**expr {
            Expr::Const { value, ty } if ty.ty == to.ty && ty.typmod < 0 => {
                self.literal(value, ty, Label::Never);
            }
            _ => {
                self.plain("(");
                self.operand(expr, node, false);
                self.plain(")");
            }
        }
        self.push("::");
        self.push(&type_name(to));
    }

    /// A literal of unknown type that took this one: `'x'::text`, and its modifier only
    /// where the user wrote it.
    fn typed_literal(&mut self, value: &Value, to: &ColumnType, context: CastContext) {
        let bare = ColumnType::from(to.ty.clone());
        let known = match value {
            Value::Text(text) => {
                parse(text, &bare, &Settings::default()).unwrap_or_else(|_| value.clone())
            }
            other => other.clone(),
        };
        if context == CastContext::Explicit && to.typmod >= 0 {
            self.literal(&known, &bare, Label::Never);
            self.push("::");
            self.push(&type_name(to));
        } else {
            self.literal(&known, &bare, Label::Needed);
        }
    }
}

/// Whether PostgreSQL has operators across the two types, so that our cast between
/// them is not one the user would see: `bigint > integer`.
pub(super) fn crosses_operators(from: &Type, to: &Type) -> bool {
    let family = |ty: &Type| match ty {
        Type::Int2 | Type::Int4 | Type::Int8 => 1,
        Type::Float4 | Type::Float8 => 2,
        Type::Date | Type::Timestamp | Type::Timestamptz => 3,
        _ => 0,
    };
    family(from) != 0 && family(from) == family(to)
}

/// Whether PostgreSQL casts by calling a function, which reads as one word, rather than
/// by relabelling or through text.
pub(super) fn is_function_cast(from: &Type, to: &ColumnType) -> bool {
    let computes =
        |ty: &Type| matches!(ty.category(), 'N' | 'D' | 'T') && !ty.is_reg() && *ty != Type::Oid;
    to.typmod >= 0
        || (computes(from) && computes(&to.ty))
        || *from == Type::Bpchar
        || *from == Type::Name
}
