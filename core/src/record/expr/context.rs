//! What evaluation needs from outside: the time, the session, and the host's answers.

use std::sync::Arc;

use super::functions::Function;
use crate::record::value::{Settings, Type, Value, ValueError, print};

/// The surroundings of one evaluation.
#[derive(Clone, Copy)]
pub struct EvalContext<'a> {
    /// Session settings.
    pub settings: &'a Settings,
    /// `now()`: start of the transaction, microseconds since 2000-01-01 UTC.
    pub transaction_us: i64,
    /// `statement_timestamp()`, in the same unit.
    pub statement_us: i64,
    /// The statement's parameters.
    pub params: &'a [Value],
    /// Rows of the enclosing queries, nearest first.
    pub outer: &'a [&'a [Value]],
    /// Everything impure.
    pub host: &'a dyn Host,
}

impl<'a> EvalContext<'a> {
    /// A context at this Unix time, without parameters or enclosing rows.
    pub fn new(settings: &'a Settings, host: &'a dyn Host, unix_us: i64) -> EvalContext<'a> {
        let now_us = unix_us.saturating_sub(crate::record::value::datetime::UNIX_EPOCH_OFFSET_US);
        EvalContext {
            settings,
            transaction_us: now_us,
            statement_us: now_us,
            params: &[],
            outer: &[],
            host,
        }
    }

    /// The same with these parameters.
    pub fn with_params(mut self, params: &'a [Value]) -> EvalContext<'a> {
        self.params = params;
        self
    }
}

/// The text a client sees for a value of this type: object-naming types by their names.
pub fn output(value: &Value, ty: &Type, cx: &EvalContext<'_>) -> String {
    match value {
        Value::Oid(oid) if ty.is_reg() => cx.host.reg_out(ty, *oid),
        value => print(value, cx.settings),
    }
}

/// Rows of a subquery, in order.
pub type Rows = Arc<Vec<Vec<Value>>>;

/// What a door supplies to evaluation: subqueries, sequences, the catalogue, chance and time.
///
/// Every method has an answer that refuses, so a door supplies what it has.
pub trait Host: Sync {
    /// The rows of the statement's subquery `slot` for these values of its arguments
    /// ([`super::Expr::Subquery`]'s `args`, evaluated over the row at hand).
    fn subquery(
        &self,
        slot: usize,
        args: &[Value],
        cx: &EvalContext<'_>,
    ) -> Result<Rows, ValueError> {
        let _ = (slot, args, cx);
        Err(ValueError::unsupported("subqueries are not supported here"))
    }

    /// A system function (`nextval`, `current_user`, `pg_get_expr`, ...): those the
    /// registry declares with [`super::functions::Eval::Host`].
    fn call(
        &self,
        function: &Function,
        args: &[Value],
        cx: &EvalContext<'_>,
    ) -> Result<Value, ValueError> {
        let _ = (args, cx);
        Err(ValueError::unsupported(format!(
            "function {} is not supported here",
            function.signature()
        )))
    }

    /// Text to an object-naming type: `'t'::regclass`. By default only types have names.
    fn reg_in(&self, ty: &Type, text: &str) -> Result<u32, ValueError> {
        if *ty != Type::Regtype {
            let message = format!("input of type {ty} is not supported here");
            return Err(ValueError::unsupported(message));
        }
        match Type::from_name(text) {
            Some(named) => Ok(named.oid()),
            None => Err(ValueError::new(
                "42704",
                format!("type \"{text}\" does not exist"),
            )),
        }
    }

    /// An object-naming type to text. By default only types have names, others their number.
    fn reg_out(&self, ty: &Type, oid: u32) -> String {
        match (ty, Type::from_oid(oid)) {
            (_, _) if oid == 0 => "-".to_string(),
            (Type::Regtype, Some(named)) => named.sql_name(),
            _ => oid.to_string(),
        }
    }

    /// `clock_timestamp()`, microseconds since 2000-01-01 UTC; by default the statement's time.
    fn clock_us(&self, cx: &EvalContext<'_>) -> i64 {
        cx.statement_us
    }

    /// 64 random bits; refuses by default, because a constant is not chance.
    fn random(&self) -> Result<u64, ValueError> {
        Err(ValueError::unsupported(
            "random values are not supported here",
        ))
    }
}

/// A host that refuses everything impure: for constraints and index expressions.
pub struct Pure;

impl Host for Pure {}
