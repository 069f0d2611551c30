//! Defaults: what a column holds that was not given, for doors that write rows by key.

use super::Database;
use crate::record::expr::{EvalContext, Host};
use crate::record::table::Column;
use crate::record::value::{Settings, Value, ValueError, text};
use crate::txn::RowResult;

impl Database {
    /// A column's default as of now: its sequence's next value, or what its expression
    /// evaluates to.
    ///
    /// Errors: the sequence is at its end; the expression fails.
    pub async fn default_of(&self, column: &Column) -> RowResult<Value> {
        let settings = Settings::default();
        if let Some(sequence) = column.sequence {
            let number = self.next_value(sequence).await?.to_string();
            return Ok(text::parse(&number, &column.ty, &settings)?);
        }
        let Some(default) = &column.default else {
            return Ok(Value::Null);
        };
        let now_us = i64::try_from(self.now_us()).unwrap_or(i64::MAX);
        Ok(default.eval(&[], &EvalContext::new(&settings, &Dice(self), now_us))?)
    }
}

/// What a default may ask of the node: chance.
struct Dice<'a>(&'a Database);

impl Host for Dice<'_> {
    fn random(&self) -> Result<u64, ValueError> {
        Ok(self.0.random())
    }
}
