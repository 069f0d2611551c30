//! Forms with a grammar of their own: tests, patterns, EXTRACT, SUBSTRING, TRIM, ...

use sqlparser::ast::{self, CeilFloorKind, DateTimeField, TrimWhereField};
use stele_core::record::expr::Expr;
use stele_core::record::value::{Type, Value};

use super::literal::unknown;
use super::names;
use super::operator::{and, negate, or};
use super::scope::Binder;
use crate::error::{Result, SqlError};

impl Binder<'_> {
    /// `x IS ...`, BETWEEN, LIKE, and what is left.
    pub(super) fn test(&mut self, expr: &ast::Expr) -> Result<Expr> {
        use ast::Expr as E;
        match expr {
            E::IsNull(operand) => self.is_null(operand, false),
            E::IsNotNull(operand) => self.is_null(operand, true),
            E::IsTrue(operand) => self.is_truth(operand, Some(true), false),
            E::IsNotTrue(operand) => self.is_truth(operand, Some(true), true),
            E::IsFalse(operand) => self.is_truth(operand, Some(false), false),
            E::IsNotFalse(operand) => self.is_truth(operand, Some(false), true),
            E::IsUnknown(operand) => self.is_truth(operand, None, false),
            E::IsNotUnknown(operand) => self.is_truth(operand, None, true),
            E::IsDistinctFrom(left, right) => self.is_distinct(left, right, false),
            E::IsNotDistinctFrom(left, right) => self.is_distinct(left, right, true),
            E::Between {
                expr,
                negated,
                low,
                high,
            } => self.between(expr, low, high, *negated),
            E::Like {
                negated,
                any,
                expr,
                pattern,
                escape_char,
            } => self.like(
                if *negated { "!~~" } else { "~~" },
                expr,
                pattern,
                escape_char.as_ref(),
                *any,
            ),
            E::ILike {
                negated,
                any,
                expr,
                pattern,
                escape_char,
            } => self.like(
                if *negated { "!~~*" } else { "~~*" },
                expr,
                pattern,
                escape_char.as_ref(),
                *any,
            ),
            E::SimilarTo {
                negated,
                expr,
                pattern,
                escape_char,
            } => self.similar_to(expr, pattern, escape_char.as_ref(), *negated),
            other => self.function_form(other),
        }
    }

    fn function_form(&mut self, expr: &ast::Expr) -> Result<Expr> {
        use ast::Expr as E;
        match expr {
            E::Extract { field, expr, .. } => {
                let field = unknown(&field_name(field));
                let source = self.expr(expr)?;
                let field = self.cast(field, &Type::Text.into())?;
                self.call_named("extract", vec![field, source])
            }
            E::AtTimeZone {
                timestamp,
                time_zone,
            } => {
                let timestamp = self.expr(timestamp)?;
                let zone = self.expr(time_zone)?;
                self.call_named("timezone", vec![zone, timestamp])
            }
            E::Ceil {
                expr,
                field: CeilFloorKind::DateTimeField(DateTimeField::NoDateTime),
            } => self.call_over("ceil", [expr.as_ref()]),
            E::Floor {
                expr,
                field: CeilFloorKind::DateTimeField(DateTimeField::NoDateTime),
            } => self.call_over("floor", [expr.as_ref()]),
            E::Position { expr, r#in } => {
                self.call_over("position", [r#in.as_ref(), expr.as_ref()])
            }
            E::Substring {
                expr,
                substring_from,
                substring_for,
                ..
            } => self.substring(expr, substring_from.as_deref(), substring_for.as_deref()),
            E::Trim {
                trim_where,
                trim_what,
                expr,
                trim_characters,
            } => self.trim(
                *trim_where,
                trim_what.as_deref(),
                expr,
                trim_characters.as_deref(),
            ),
            E::Overlay {
                expr,
                overlay_what,
                overlay_from,
                overlay_for,
            } => {
                let mut args = vec![expr.as_ref(), overlay_what.as_ref(), overlay_from.as_ref()];
                args.extend(overlay_for.as_deref());
                self.call_over("overlay", args)
            }
            E::IsNormalized { .. } => Err(SqlError::unsupported("IS NORMALIZED is not supported")),
            E::QualifiedWildcard(name, _) => {
                let name = names::qualified(name)?;
                let row = self.whole_row(name.schema.as_deref(), &name.name)?;
                let missing = || {
                    SqlError::new(
                        "42P01",
                        format!("missing FROM-clause entry for table \"{}\"", name.name),
                    )
                };
                row.ok_or_else(missing)
            }
            other => Err(SqlError::syntax(format!(
                "syntax error at or near \"{other}\""
            ))),
        }
    }

    fn call_over<'e>(
        &mut self,
        name: &str,
        args: impl IntoIterator<Item = &'e ast::Expr>,
    ) -> Result<Expr> {
        let args = self.exprs(args)?;
        self.call_named(name, args)
    }

    fn is_null(&mut self, operand: &ast::Expr, negated: bool) -> Result<Expr> {
        let bound = self.expr(operand)?;
        let bound = self.settle(bound, None)?;
        match bound {
            // Both tests ask it of every field.
            Expr::Row { fields, .. } => {
                let each = fields.into_iter().map(|field| Expr::IsNull {
                    expr: Box::new(field),
                    negated,
                });
                Ok(super::operator::all(each.collect()))
            }
            other => Ok(Expr::IsNull {
                expr: Box::new(other),
                negated,
            }),
        }
    }

    fn is_truth(
        &mut self,
        operand: &ast::Expr,
        truth: Option<bool>,
        negated: bool,
    ) -> Result<Expr> {
        let bound = self.expr(operand)?;
        let what = match truth {
            Some(true) => "IS TRUE",
            Some(false) => "IS FALSE",
            None => "IS UNKNOWN",
        };
        let expr = Box::new(self.boolean(bound, what)?);
        Ok(Expr::IsTruth {
            expr,
            truth,
            negated,
        })
    }

    fn is_distinct(&mut self, left: &ast::Expr, right: &ast::Expr, negated: bool) -> Result<Expr> {
        let left = self.expr(left)?;
        let right = self.expr(right)?;
        if let Expr::Const {
            value: Value::Null,
            ty,
        } = &right
            && ty.ty == Type::Unknown
        {
            return Ok(Expr::IsNull {
                expr: Box::new(left),
                negated: !negated,
            });
        }
        self.distinct_pair(left, right, negated)
    }

    /// `left IS [NOT] DISTINCT FROM right`, field by field for rows.
    fn distinct_pair(&mut self, left: Expr, right: Expr, negated: bool) -> Result<Expr> {
        if let (Expr::Row { fields: left, .. }, Expr::Row { fields: right, .. }) = (&left, &right) {
            if left.len() != right.len() {
                return Err(SqlError::syntax(
                    "unequal number of entries in row expressions",
                ));
            }
            let mut each = Vec::new();
            for (left, right) in left.iter().zip(right) {
                each.push(self.distinct_pair(left.clone(), right.clone(), negated)?);
            }
            return Ok(if negated {
                super::operator::all(each)
            } else {
                super::operator::any(each)
            });
        }
        // The equality decides which casts make the sides comparable.
        let Expr::Call { args, .. } = self.call_named("=", vec![left, right])? else {
            return Err(SqlError::internal("an equality is not a call"));
        };
        let mut args = args.into_iter();
        match (args.next(), args.next()) {
            (Some(left), Some(right)) => Ok(Expr::IsDistinct {
                left: Box::new(left),
                right: Box::new(right),
                negated,
            }),
            _ => Err(SqlError::internal("an equality has two arguments")),
        }
    }

    fn between(
        &mut self,
        operand: &ast::Expr,
        low: &ast::Expr,
        high: &ast::Expr,
        negated: bool,
    ) -> Result<Expr> {
        let operand = self.expr(operand)?;
        let low = self.expr(low)?;
        let high = self.expr(high)?;
        let (below, above) = if negated { ("<", ">") } else { (">=", "<=") };
        let left = self.operator(below, operand.clone(), low)?;
        let right = self.operator(above, operand, high)?;
        Ok(if negated {
            or(left, right)
        } else {
            and(left, right)
        })
    }

    fn like(
        &mut self,
        name: &str,
        operand: &ast::Expr,
        pattern: &ast::Expr,
        escape: Option<&ast::ValueWithSpan>,
        any: bool,
    ) -> Result<Expr> {
        let operand = self.expr(operand)?;
        let pattern = self.expr(pattern)?;
        if any {
            return self.any_all_array(operand, name, pattern, false);
        }
        let pattern = match escape {
            Some(escape) => {
                let escape = self.literal(&escape.value)?;
                self.call_named("like_escape", vec![pattern, escape])?
            }
            None => pattern,
        };
        self.call_named(name, vec![operand, pattern])
    }

    fn similar_to(
        &mut self,
        operand: &ast::Expr,
        pattern: &ast::Expr,
        escape: Option<&ast::ValueWithSpan>,
        negated: bool,
    ) -> Result<Expr> {
        let operand = self.expr(operand)?;
        let mut args = vec![self.expr(pattern)?];
        if let Some(escape) = escape {
            args.push(self.literal(&escape.value)?);
        }
        let regex = self.call_named("similar_to_escape", args)?;
        let matched = self.call_named("~", vec![operand, regex])?;
        Ok(negate(matched, negated))
    }

    fn substring(
        &mut self,
        expr: &ast::Expr,
        from: Option<&ast::Expr>,
        count: Option<&ast::Expr>,
    ) -> Result<Expr> {
        let mut args = vec![self.expr(expr)?];
        match from {
            Some(from) => args.push(self.expr(from)?),
            None => args.push(Expr::constant(Value::Int4(1), Type::Int4)),
        }
        if let Some(count) = count {
            args.push(self.expr(count)?);
        }
        self.call_named("substring", args)
    }

    fn trim(
        &mut self,
        side: Option<TrimWhereField>,
        what: Option<&ast::Expr>,
        expr: &ast::Expr,
        characters: Option<&[ast::Expr]>,
    ) -> Result<Expr> {
        let name = trim_name(side);
        let mut args = vec![self.expr(expr)?];
        if let Some(what) = what.or_else(|| characters.and_then(|list| list.first())) {
            args.push(self.expr(what)?);
        }
        self.call_named(name, args)
    }
}

/// The function behind TRIM.
pub(super) fn trim_name(side: Option<TrimWhereField>) -> &'static str {
    match side {
        Some(TrimWhereField::Leading) => "ltrim",
        Some(TrimWhereField::Trailing) => "rtrim",
        _ => "btrim",
    }
}

fn field_name(field: &DateTimeField) -> String {
    match field {
        DateTimeField::Custom(ident) => ident.value.to_lowercase(),
        DateTimeField::Millenium => "millennium".to_owned(),
        other => other.to_string().to_lowercase(),
    }
}
