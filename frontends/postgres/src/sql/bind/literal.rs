//! Literals: numbers, strings, intervals, typed constants and parameters.

use sqlparser::ast;
use stele_core::record::expr::Expr;
use stele_core::record::value::{ColumnType, Type, Value, parse};

use super::scope::Binder;
use super::types;
use crate::error::{Result, SqlError};

impl Binder<'_> {
    /// A literal. Quoted strings and NULL have no type until something wants one.
    pub(super) fn literal(&mut self, value: &ast::Value) -> Result<Expr> {
        match value {
            ast::Value::Number(digits, _) => self.number(digits),
            ast::Value::SingleQuotedString(text)
            | ast::Value::EscapedStringLiteral(text)
            | ast::Value::UnicodeStringLiteral(text)
            | ast::Value::NationalStringLiteral(text) => Ok(unknown(text)),
            ast::Value::DollarQuotedString(quoted) => Ok(unknown(&quoted.value)),
            ast::Value::Boolean(value) => Ok(Expr::constant(Value::Bool(*value), Type::Bool)),
            ast::Value::Null => Ok(Expr::null()),
            ast::Value::Placeholder(name) => self.parameter(name),
            ast::Value::HexStringLiteral(_) | ast::Value::SingleQuotedByteStringLiteral(_) => {
                Err(SqlError::unsupported("bit strings are not supported"))
            }
            other => Err(SqlError::syntax(format!(
                "syntax error at or near \"{other}\""
            ))),
        }
    }

    /// A number: integer, bigint, else numeric. The sign belongs to it, so that
    /// `-2147483648` is an integer.
    pub(super) fn number(&self, digits: &str) -> Result<Expr> {
        let digits = digits.replace('_', "");
        if let Ok(value) = digits.parse::<i32>() {
            return Ok(Expr::constant(Value::Int4(value), Type::Int4));
        }
        if let Ok(value) = digits.parse::<i64>() {
            return Ok(Expr::constant(Value::Int8(value), Type::Int8));
        }
        let value = parse(&digits, &Type::Numeric.into(), self.cx.eval.settings)?;
        Ok(Expr::constant(value, Type::Numeric))
    }

    fn parameter(&mut self, name: &str) -> Result<Expr> {
        let number = name
            .strip_prefix('$')
            .and_then(|number| number.parse::<usize>().ok());
        let Some(index) = number.and_then(|number| number.checked_sub(1)) else {
            return Err(SqlError::syntax(format!(
                "syntax error at or near \"{name}\""
            )));
        };
        let ty = self.params.mention(index)?;
        Ok(Expr::Param {
            index,
            ty: ty.into(),
        })
    }

    /// `date '2020-01-01'`.
    pub(super) fn typed_string(&mut self, typed: &ast::TypedString) -> Result<Expr> {
        let ty = types::column_type(&typed.data_type)?;
        let literal = self.literal(&typed.value.value)?;
        self.cast(literal, &ty)
    }

    /// `interval '1' day`, `interval '1 day'`.
    pub(super) fn interval(&mut self, interval: &ast::Interval) -> Result<Expr> {
        let ast::Expr::Value(value) = interval.value.as_ref() else {
            return Err(SqlError::syntax("syntax error at or near \"interval\""));
        };
        let Some(text) = value.value.clone().into_string() else {
            return Err(SqlError::syntax(format!(
                "syntax error at or near \"{value}\""
            )));
        };
        let bare = text.trim().parse::<f64>().is_ok();
        let text = match (&interval.leading_field, &interval.last_field) {
            // A bare number counts the last field named.
            (Some(field), None) | (Some(_), Some(field)) if bare => format!("{text} {field}"),
            _ => text,
        };
        let ty = match interval
            .fractional_seconds_precision
            .or(interval.leading_precision)
        {
            Some(digits) => ColumnType::new(Type::Interval, (0x7fff << 16) | digits.min(6) as i32),
            None => Type::Interval.into(),
        };
        self.cast(unknown(&text), &ty)
    }
}

/// A quoted string whose type is open.
pub(super) fn unknown(text: &str) -> Expr {
    Expr::constant(Value::text(text), Type::Unknown)
}
