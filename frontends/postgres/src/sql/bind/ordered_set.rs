//! Ordered-set aggregates: `percentile_cont(0.5) WITHIN GROUP (ORDER BY x)`, `mode()`.

use stele_core::record::expr::{self, Expr};
use stele_core::record::value::Type;

use super::call::CallParts;
use super::scope::{Binder, Clause};
use crate::error::{Result, SqlError};
use crate::sql::plan::AggregateCall;

/// Whether a name is an ordered-set aggregate's.
pub(super) fn is_ordered_set(name: &str) -> bool {
    matches!(name, "percentile_cont" | "percentile_disc" | "mode")
}

impl Binder<'_> {
    /// The call: its direct argument, if any, then the key it orders by.
    pub(super) fn ordered_set_parts(&mut self, parts: &CallParts<'_>) -> Result<AggregateCall> {
        let name = &parts.name;
        if parts.within.is_empty() {
            let message = format!("WITHIN GROUP is required for ordered-set aggregate {name}");
            return Err(SqlError::new("42809", message));
        }
        if parts.over.is_some() {
            let message = format!("OVER is not supported for ordered-set aggregate {name}");
            return Err(SqlError::unsupported(message));
        }
        let (direct, mut order, filter) = self.in_clause(Clause::AggregateArgs, |binder| {
            let direct = binder.exprs(parts.args.iter().copied())?;
            let order = binder.sort_keys(parts.within)?;
            let filter = match parts.filter {
                Some(filter) => {
                    let bound = binder.expr(filter)?;
                    Some(binder.boolean(bound, "FILTER")?)
                }
                None => None,
            };
            Ok((direct, order, filter))
        })?;
        let count = usize::from(name != "mode");
        let (true, [key]) = (direct.len() == count, order.as_mut_slice()) else {
            let mut types: Vec<String> = direct.iter().map(|arg| arg.ty().to_string()).collect();
            types.extend(order.iter().map(|key| key.expr.ty().to_string()));
            let message = format!("function {name}({}) does not exist", types.join(", "));
            return Err(SqlError::new("42883", message));
        };
        if name == "percentile_cont" {
            let value = std::mem::replace(&mut key.expr, Expr::null());
            key.expr = self.implicit(value, &Type::Float8)?;
        }
        let result = key.expr.ty();
        let mut args = Vec::with_capacity(2);
        for arg in direct {
            args.push(self.implicit(arg, &Type::Float8)?);
        }
        args.push(key.expr.clone());
        Ok(AggregateCall {
            aggregate: expr::Aggregate {
                name: name.clone(),
                args: args.iter().map(Expr::ty).collect(),
                result,
            },
            args,
            distinct: false,
            filter,
            order,
        })
    }
}
