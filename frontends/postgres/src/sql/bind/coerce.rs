//! Coercion: giving an expression the type its place wants.

use stele_core::record::expr::{self, Expr, Volatility};
use stele_core::record::value::{CastContext, ColumnType, Type, Value, cast_exists};

use super::scope::Binder;
use crate::error::{Result, SqlError};

impl Binder<'_> {
    /// `x::type`. Errors: 42846.
    pub(super) fn cast(&mut self, expr: Expr, to: &ColumnType) -> Result<Expr> {
        let from = expr.ty();
        match self.coerce(expr, to, CastContext::Explicit)? {
            Some(expr) => Ok(expr),
            None => Err(SqlError::new(
                "42846",
                format!("cannot cast type {from} to {}", to.ty),
            )),
        }
    }

    /// An implicit cast where one must exist, since overload resolution chose the type.
    pub(super) fn implicit(&mut self, expr: Expr, to: &Type) -> Result<Expr> {
        let from = expr.ty();
        match self.coerce(expr, &to.clone().into(), CastContext::Implicit)? {
            Some(expr) => Ok(expr),
            None => Err(SqlError::new(
                "42804",
                format!("cannot cast type {from} to {to}"),
            )),
        }
    }

    /// The expression in another type, or `None` when no cast allows it. Open parameters take
    /// the type, open literals are read as it.
    pub(super) fn coerce(
        &mut self,
        expr: Expr,
        to: &ColumnType,
        context: CastContext,
    ) -> Result<Option<Expr>> {
        let from = expr.column_type();
        if from.ty == to.ty && (to.typmod < 0 || from.typmod == to.typmod) {
            return Ok(Some(expr));
        }
        if matches!(to.ty, Type::Unknown) || to.ty.is_polymorphic() {
            return Ok(Some(expr));
        }
        if from.ty == Type::Unknown {
            return self.coerce_unknown(expr, to, context).map(Some);
        }
        if let (Expr::Row { .. }, Type::Record) = (&expr, &to.ty) {
            return Ok(Some(expr));
        }
        if from.ty != to.ty && !cast_exists(&from.ty, &to.ty, context) {
            return Ok(None);
        }
        Ok(Some(expr.cast_to(to.clone(), context)))
    }

    fn coerce_unknown(
        &mut self,
        expr: Expr,
        to: &ColumnType,
        context: CastContext,
    ) -> Result<Expr> {
        match expr {
            Expr::Param { index, .. } => {
                // Another use of the parameter may have settled it since.
                let known = self.params.mention(index)?;
                if known == Type::Unknown {
                    self.params.settle(index, &to.ty)?;
                }
                let ty = if known == Type::Unknown {
                    to.ty.clone()
                } else {
                    known
                };
                let param = Expr::Param {
                    index,
                    ty: ty.clone().into(),
                };
                if ty == to.ty && to.typmod < 0 {
                    return Ok(param);
                }
                Ok(param.cast_to(to.clone(), context))
            }
            Expr::Const {
                value: Value::Null, ..
            } => Ok(Expr::constant(Value::Null, to.clone())),
            Expr::Const { .. } => {
                let cast = Expr::Cast {
                    expr: Box::new(expr),
                    from: Type::Unknown,
                    to: to.clone(),
                    context,
                };
                // A literal is read now, as PostgreSQL reads it: errors do not wait for a row.
                let value = cast.eval(&[], &self.cx.eval)?;
                Ok(Expr::constant(value, to.clone()))
            }
            other => Ok(Expr::Cast {
                expr: Box::new(other),
                from: Type::Unknown,
                to: to.clone(),
                context,
            }),
        }
    }

    /// Ends openness: an expression of unknown type becomes `want`, or text.
    pub(super) fn settle(&mut self, expr: Expr, want: Option<&ColumnType>) -> Result<Expr> {
        if expr.ty() != Type::Unknown {
            return Ok(expr);
        }
        let text = ColumnType::from(Type::Text);
        let want = want.unwrap_or(&text);
        self.coerce_unknown(expr, want, CastContext::Implicit)
    }

    /// A function or operator of the registry over these arguments.
    pub(super) fn call_named(&mut self, name: &str, args: Vec<Expr>) -> Result<Expr> {
        let types: Vec<Type> = args.iter().map(Expr::ty).collect();
        let resolved = match expr::resolve(name, &types) {
            Ok(resolved) => resolved,
            Err(error) => return self.functional_cast(name, args, error.into()),
        };
        self.volatile |= resolved.function.volatility == Volatility::Volatile;
        let mut cast = Vec::with_capacity(args.len());
        for (arg, ty) in args.into_iter().zip(&resolved.args) {
            cast.push(self.implicit(arg, ty)?);
        }
        Ok(Expr::Call {
            function: resolved.function,
            args: cast,
            ty: resolved.result,
        })
    }

    /// `int4(x)`, `text(x)`: a type's name called like a function is a cast.
    fn functional_cast(
        &mut self,
        name: &str,
        mut args: Vec<Expr>,
        error: SqlError,
    ) -> Result<Expr> {
        let ty = Type::from_name(name).filter(|ty| !ty.is_polymorphic());
        match (ty, args.pop()) {
            (Some(ty), Some(arg)) if args.is_empty() && error.code == "42883" => {
                let cast = self.coerce(arg, &ty.into(), CastContext::Explicit)?;
                cast.ok_or(error)
            }
            _ => Err(error),
        }
    }

    /// Gives all expressions one type: CASE, COALESCE, VALUES, ARRAY, IN.
    pub(super) fn unify(
        &mut self,
        construct: &str,
        exprs: Vec<Expr>,
    ) -> Result<(Vec<Expr>, ColumnType)> {
        let types: Vec<ColumnType> = exprs.iter().map(Expr::column_type).collect();
        let ty = common_column_type(construct, &types)?;
        let mut cast = Vec::with_capacity(exprs.len());
        for expr in exprs {
            cast.push(self.implicit(expr, &ty.ty)?);
        }
        Ok((cast, ty))
    }

    /// A condition: boolean, or 42804 in PostgreSQL's words.
    pub(super) fn boolean(&mut self, expr: Expr, what: &str) -> Result<Expr> {
        let ty = expr.ty();
        match self.coerce(expr, &Type::Bool.into(), CastContext::Implicit)? {
            Some(expr) => Ok(expr),
            None => Err(SqlError::new(
                "42804",
                format!("argument of {what} must be type boolean, not type {ty}"),
            )),
        }
    }

    /// A `bigint`, for LIMIT and OFFSET.
    pub(super) fn bigint(&mut self, expr: Expr, what: &str) -> Result<Expr> {
        let ty = expr.ty();
        match self.coerce(expr, &Type::Int8.into(), CastContext::Assignment)? {
            Some(expr) if ty != Type::Bool => Ok(expr),
            _ => Err(SqlError::new(
                "42804",
                format!("argument of {what} must be type bigint, not type {ty}"),
            )),
        }
    }

    /// A new value for a column, by assignment.
    pub(super) fn assign_to(&mut self, expr: Expr, column: &str, ty: &ColumnType) -> Result<Expr> {
        let from = expr.ty();
        match self.coerce(expr, ty, CastContext::Assignment)? {
            Some(expr) => Ok(expr),
            None => Err(SqlError::new(
                "42804",
                format!(
                    "column \"{column}\" is of type {} but expression is of type {from}",
                    ty.ty
                ),
            )
            .with_hint("You will need to rewrite or cast the expression.")),
        }
    }
}

/// The common type, with the modifier when all have the same.
pub(super) fn common_column_type(construct: &str, types: &[ColumnType]) -> Result<ColumnType> {
    let plain: Vec<Type> = types.iter().map(|ty| ty.ty.clone()).collect();
    let ty = expr::common_type(construct, &plain)?;
    let mut known = types.iter().filter(|other| other.ty != Type::Unknown);
    let typmod = match known.next() {
        Some(first) if first.ty == ty && known.all(|other| other == first) => first.typmod,
        _ => -1,
    };
    Ok(ColumnType::new(ty, typmod))
}
