//! Calls: which kind of function a name is, and what that kind may have.

use sqlparser::ast::{
    self, FunctionArg, FunctionArgExpr, FunctionArgumentClause, FunctionArguments,
};
use stele_core::record::expr::{Expr, resolve_aggregate};
use stele_core::record::value::{ColumnType, Type};

use super::names::{self, Qualified};
use super::scope::{Binder, Clause, SET_AT};
use crate::error::{Result, SqlError};
use crate::sql::execute::set_function::SetFunction;
use crate::sql::plan::SetCall;

/// A call's parts, taken out of the syntax tree.
pub(super) struct CallParts<'e> {
    pub name: String,
    pub star: bool,
    pub args: Vec<&'e ast::Expr>,
    pub distinct: bool,
    pub order: &'e [ast::OrderByExpr],
    pub within: &'e [ast::OrderByExpr],
    pub filter: Option<&'e ast::Expr>,
    pub over: Option<&'e ast::WindowType>,
    pub ignore_nulls: bool,
}

impl Binder<'_> {
    /// Binds a call in an expression.
    pub(super) fn function(&mut self, function: &ast::Function) -> Result<Expr> {
        let span = names::span(&function.name);
        if let FunctionArguments::Subquery(query) = &function.args {
            return match names::qualified(&function.name)?.name.as_str() {
                "array" => self.array_subquery(query),
                _ => Err(SqlError::syntax("syntax error at or near \"select\"")),
            };
        }
        let parts = call_parts(function)?;
        self.call(&parts).map_err(|error| match error.code {
            "42883" | "42725" | "42803" | "42P20" => self.place(error, span),
            _ => error,
        })
    }

    fn call(&mut self, parts: &CallParts<'_>) -> Result<Expr> {
        if parts.over.is_some() {
            return self.window_call(parts);
        }
        if !parts.star
            && !parts.distinct
            && parts.order.is_empty()
            && parts.filter.is_none()
            && let Some(bound) = self.keyword_call(&parts.name, &parts.args)?
        {
            return Ok(bound);
        }
        if let Some(bound) = self.score_call(parts)? {
            return Ok(bound);
        }
        if let Some(bound) = self.aggregate_call(parts)? {
            return Ok(bound);
        }
        if super::window::is_window_only(&parts.name) {
            let message = format!("window function {} requires an OVER clause", parts.name);
            return Err(SqlError::new("42809", message));
        }
        self.refuse_aggregate_parts(parts)?;
        let args = self.exprs(parts.args.iter().copied())?;
        if let Some(bound) = self.set_call(&parts.name, &args)? {
            return Ok(bound);
        }
        self.call_named(&parts.name, args)
    }

    fn refuse_aggregate_parts(&self, parts: &CallParts<'_>) -> Result<()> {
        let name = &parts.name;
        let extra = if parts.star {
            Some(format!(
                "{name}(*) specified, but {name} is not an aggregate function"
            ))
        } else if parts.distinct {
            Some(format!(
                "DISTINCT specified, but {name} is not an aggregate function"
            ))
        } else if !parts.order.is_empty() {
            Some(format!(
                "ORDER BY specified, but {name} is not an aggregate function"
            ))
        } else if !parts.within.is_empty() {
            Some(format!(
                "WITHIN GROUP specified, but {name} is not an ordered-set aggregate function"
            ))
        } else if parts.filter.is_some() {
            Some(format!(
                "FILTER specified, but {name} is not an aggregate function"
            ))
        } else {
            None
        };
        match extra {
            Some(message) => Err(SqlError::new("42809", message)),
            None => Ok(()),
        }
    }

    /// What looks like a call but has rules of its own.
    pub(super) fn keyword_call(&mut self, name: &str, args: &[&ast::Expr]) -> Result<Option<Expr>> {
        let bound = match (name, args) {
            ("coalesce", [_, ..]) => {
                let args = self.exprs(args.iter().copied())?;
                let (args, ty) = self.unify("COALESCE", args)?;
                Expr::Coalesce { args, ty: ty.ty }
            }
            ("greatest", [_, ..]) => {
                let args = self.exprs(args.iter().copied())?;
                let (args, ty) = self.unify("GREATEST", args)?;
                Expr::Greatest { args, ty: ty.ty }
            }
            ("least", [_, ..]) => {
                let args = self.exprs(args.iter().copied())?;
                let (args, ty) = self.unify("LEAST", args)?;
                Expr::Least { args, ty: ty.ty }
            }
            ("nullif", [left, right]) => {
                let left = self.expr(left)?;
                let right = self.expr(right)?;
                let equal = self.call_named("=", vec![left, right])?;
                // The result has the type the comparison gave the left side.
                let left = match &equal {
                    Expr::Call { args, .. } => args.first().cloned(),
                    _ => None,
                };
                let left = left.unwrap_or_else(Expr::null);
                Expr::NullIf {
                    left: Box::new(left),
                    equal: Box::new(equal),
                }
            }
            ("row", _) => {
                let fields: Vec<ast::Expr> = args.iter().map(|arg| (*arg).clone()).collect();
                self.row(&fields)?
            }
            ("grouping", [_, ..]) => self.grouping(args)?,
            _ => return self.current_call(name, args),
        };
        Ok(Some(bound))
    }

    /// `current_timestamp` and its like, with or without a precision.
    fn current_call(&mut self, name: &str, args: &[&ast::Expr]) -> Result<Option<Expr>> {
        let ty = match name {
            "current_timestamp" => Type::Timestamptz,
            "localtimestamp" => Type::Timestamp,
            "localtime" => Type::Time,
            "current_date" if args.is_empty() => Type::Date,
            "current_time" => {
                return Err(SqlError::unsupported(
                    "type time with time zone is not supported",
                ));
            }
            _ => return Ok(None),
        };
        if args.is_empty() {
            // By its own name, so that a default of it prints as it was written.
            return self.call_named(name, Vec::new()).map(Some);
        }
        let typmod = match args {
            [ast::Expr::Value(value)] => value
                .value
                .to_string()
                .parse::<i32>()
                .unwrap_or(6)
                .clamp(0, 6),
            _ => -1,
        };
        let now = self.call_named("now", Vec::new())?;
        self.cast(now, &ColumnType::new(ty, typmod)).map(Some)
    }

    /// A set-returning function in an expression: set aside.
    fn set_call(&mut self, name: &str, args: &[Expr]) -> Result<Option<Expr>> {
        let types: Vec<Type> = args.iter().map(Expr::ty).collect();
        let Some(function) = SetFunction::resolve(name, &types) else {
            return Ok(None);
        };
        let function = function?;
        let clause = self.level()?.clause;
        if !matches!(clause, Clause::Select | Clause::OrderBy | Clause::GroupBy) {
            let message = format!(
                "set-returning functions are not allowed in {}",
                clause.name()
            );
            return Err(SqlError::unsupported(message));
        }
        if function.columns().len() != 1 {
            return Err(SqlError::unsupported(format!(
                "function {name} returns several columns and can only stand in FROM"
            )));
        }
        let ty = function.columns().first().map(|(_, ty)| ty.clone());
        let args = self.set_args(&function, args.to_vec())?;
        let sets = &mut self.level()?.aside.sets;
        sets.push(SetCall { function, args });
        let index = SET_AT + sets.len() - 1;
        let ty = ty.unwrap_or_else(|| Type::Text.into());
        Ok(Some(Expr::column(index, ty)))
    }

    /// Casts a set-returning function's arguments to its signature.
    pub(super) fn set_args(
        &mut self,
        function: &SetFunction,
        args: Vec<Expr>,
    ) -> Result<Vec<Expr>> {
        let mut cast = Vec::with_capacity(args.len());
        for (arg, ty) in args.into_iter().zip(function.args()) {
            cast.push(self.implicit(arg, ty)?);
        }
        Ok(cast)
    }
}

/// Whether the name is an aggregate's, whatever its arguments.
pub(super) fn is_aggregate(name: &str) -> bool {
    resolve_aggregate(name, &[]).is_some() || super::ordered_set::is_ordered_set(name)
}

/// Takes a call apart. Errors: 42601 and 0A000 for what PostgreSQL or this door has not.
pub(super) fn call_parts(function: &ast::Function) -> Result<CallParts<'_>> {
    let Qualified { schema, name } = names::qualified(&function.name)?;
    if !matches!(
        schema.as_deref(),
        None | Some("pg_catalog" | "public" | "information_schema")
    ) {
        let schema = schema.unwrap_or_default();
        return Err(SqlError::new(
            "3F000",
            format!("schema \"{schema}\" does not exist"),
        ));
    }
    let mut parts = CallParts {
        name,
        star: false,
        args: Vec::new(),
        distinct: false,
        order: &[],
        within: &function.within_group,
        filter: function.filter.as_deref(),
        over: function.over.as_ref(),
        ignore_nulls: matches!(
            function.null_treatment,
            Some(ast::NullTreatment::IgnoreNulls)
        ),
    };
    let FunctionArguments::List(list) = &function.args else {
        return Ok(parts);
    };
    parts.distinct = matches!(
        list.duplicate_treatment,
        Some(ast::DuplicateTreatment::Distinct)
    );
    for arg in &list.args {
        match arg {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => parts.args.push(expr),
            FunctionArg::Unnamed(FunctionArgExpr::Wildcard) => parts.star = true,
            FunctionArg::Named { .. } | FunctionArg::ExprNamed { .. } => {
                return Err(SqlError::unsupported("named arguments are not supported"));
            }
            other => {
                return Err(SqlError::syntax(format!(
                    "syntax error at or near \"{other}\""
                )));
            }
        }
    }
    for clause in &list.clauses {
        match clause {
            FunctionArgumentClause::OrderBy(order) => parts.order = order,
            other => {
                return Err(SqlError::syntax(format!(
                    "syntax error at or near \"{other}\""
                )));
            }
        }
    }
    Ok(parts)
}
