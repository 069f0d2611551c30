//! Evaluation of an expression over one row.

use super::context::EvalContext;
use super::expr::Expr;
use super::functions::Volatility;
use crate::record::value::{Type, Value, ValueError};

pub(super) fn cast_volatility(_from: &Type, _to: &Type) -> Volatility {
    Volatility::Immutable
}

impl Expr {
    /// The value of the expression for this row.
    ///
    /// Errors are the statement's: division by zero, overflow, a failed cast, ...
    pub fn eval(&self, row: &[Value], cx: &EvalContext<'_>) -> Result<Value, ValueError> {
        let _ = (row, cx);
        Err(ValueError::unsupported("not yet"))
    }

    /// Whether the condition holds: NULL does not.
    pub fn holds(&self, row: &[Value], cx: &EvalContext<'_>) -> Result<bool, ValueError> {
        Ok(self.eval(row, cx)?.as_bool() == Some(true))
    }

    /// Whether the constraint admits the row: NULL does.
    pub fn admits(&self, row: &[Value], cx: &EvalContext<'_>) -> Result<bool, ValueError> {
        Ok(self.eval(row, cx)?.as_bool() != Some(false))
    }

    /// Replaces every immutable part that reads nothing by its value.
    pub fn fold(&mut self, cx: &EvalContext<'_>) -> Result<(), ValueError> {
        let _ = cx;
        Ok(())
    }
}
