//! Functions in FROM: set-returning ones, several in step, and plain ones.

use sqlparser::ast::{self, FunctionArg, FunctionArgExpr};
use stele_core::record::expr::Expr;
use stele_core::record::value::{ColumnType, Type};

use super::from::Factor;
use super::names;
use super::scope::{Binder, Clause, Item};
use crate::error::{Result, SqlError};
use crate::sql::execute::set_function::SetFunction;
use crate::sql::plan::{FunctionCall, FunctionScan, Plan, SetCall};

impl Binder<'_> {
    /// `f(args) [WITH ORDINALITY] [alias (columns)]`; always lateral.
    pub(super) fn function_factor(
        &mut self,
        name: &ast::ObjectName,
        args: &[FunctionArg],
        ordinality: bool,
        alias: Option<&ast::TableAlias>,
    ) -> Result<Factor> {
        let name = names::qualified(name)?.name;
        let mut plain = Vec::with_capacity(args.len());
        for arg in args {
            match arg {
                FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => plain.push(expr),
                other => {
                    return Err(SqlError::syntax(format!(
                        "syntax error at or near \"{other}\""
                    )));
                }
            }
        }
        let (calls, args) = self.in_frame(|binder| Ok(vec![binder.from_call(&name, &plain)?]))?;
        self.declare_function(&name, calls, args, ordinality, alias)
    }

    /// `unnest(a, b, ...)`.
    pub(super) fn unnest_factor(
        &mut self,
        arrays: &[ast::Expr],
        ordinality: bool,
        alias: Option<&ast::TableAlias>,
    ) -> Result<Factor> {
        let (calls, args) = self.in_frame(|binder| {
            arrays
                .iter()
                .map(|array| binder.from_call("unnest", &[array]))
                .collect()
        })?;
        self.declare_function("unnest", calls, args, ordinality, alias)
    }

    /// Binds in a frame of its own, over no row; what stands before in FROM is outside.
    fn in_frame(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<Vec<FunctionCall>>,
    ) -> Result<(Vec<FunctionCall>, Vec<Expr>)> {
        self.push_frame();
        self.push_level(false);
        let bound = self.in_clause(Clause::FunctionInFrom, work);
        self.pop_level();
        let args = self.pop_frame();
        Ok((bound?, args))
    }

    #[allow(clippy::wrong_self_convention)] // FROM, the clause
    fn from_call(&mut self, name: &str, args: &[&ast::Expr]) -> Result<FunctionCall> {
        let bound = self.exprs(args.iter().copied())?;
        let types: Vec<Type> = bound.iter().map(Expr::ty).collect();
        if let Some(function) = SetFunction::resolve(name, &types) {
            let function = function?;
            let args = self.set_args(&function, bound)?;
            return Ok(FunctionCall::Set(SetCall { function, args }));
        }
        let call = self.keyword_or_scalar(name, args, bound)?;
        Ok(FunctionCall::Scalar(call))
    }

    fn keyword_or_scalar(
        &mut self,
        name: &str,
        args: &[&ast::Expr],
        bound: Vec<Expr>,
    ) -> Result<Expr> {
        if super::call::is_aggregate(name) {
            let message = "aggregate functions are not allowed in functions in FROM";
            return Err(SqlError::new("42803", message));
        }
        match self.keyword_call(name, args)? {
            Some(call) => Ok(call),
            None => self.call_named(name, bound),
        }
    }

    fn declare_function(
        &mut self,
        name: &str,
        calls: Vec<FunctionCall>,
        args: Vec<Expr>,
        ordinality: bool,
        alias: Option<&ast::TableAlias>,
    ) -> Result<Factor> {
        let shown = alias.map_or_else(|| name.to_owned(), |alias| names::fold(&alias.name));
        let alone = calls.len() == 1;
        let mut columns: Vec<(String, ColumnType)> = Vec::new();
        for call in &calls {
            // A column without a name of its own has the alias's, when it is alone.
            let unnamed = if alone {
                shown.clone()
            } else {
                name.to_owned()
            };
            match call {
                FunctionCall::Set(call) => {
                    columns.extend(call.function.columns().iter().map(|(own, ty)| {
                        let own = if own.is_empty() {
                            unnamed.clone()
                        } else {
                            own.clone()
                        };
                        (own, ty.clone())
                    }))
                }
                FunctionCall::Scalar(expr) => columns.push((unnamed, expr.column_type())),
            }
        }
        if ordinality {
            columns.push(("ordinality".to_owned(), Type::Int8.into()));
        }
        if let Some(alias) = alias {
            if alias
                .columns
                .iter()
                .any(|column| column.data_type.is_some())
            {
                return Err(SqlError::unsupported(
                    "column definition lists are not supported",
                ));
            }
            if alias.columns.len() > columns.len() {
                let message = format!(
                    "table \"{shown}\" has {} columns available but {} columns specified",
                    columns.len(),
                    alias.columns.len()
                );
                return Err(SqlError::new("42P10", message));
            }
            for (column, given) in columns.iter_mut().zip(&alias.columns) {
                column.0 = names::fold(&given.name);
            }
        }
        let at = self.level()?.width;
        let width = columns.len();
        let mut item = Item::of_columns(&shown, columns, at);
        item.is_function = true;
        self.declare(item, width)?;
        let plan = Plan::Function(Box::new(FunctionScan {
            calls,
            ordinality,
            alias: shown,
        }));
        Ok(Factor {
            plan,
            args: (!args.is_empty()).then_some(args),
        })
    }
}
