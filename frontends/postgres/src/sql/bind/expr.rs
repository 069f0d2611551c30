//! Expressions: one arm per form of the syntax.

use sqlparser::ast;
use stele_core::record::expr::Expr;
use stele_core::record::value::{ColumnType, Type};

use super::scope::{Binder, Clause};
use super::{names, types};
use crate::error::{Result, SqlError};

impl Binder<'_> {
    /// Binds an expression in a clause of the innermost level.
    pub(crate) fn expr_in(&mut self, expr: &ast::Expr, clause: Clause) -> Result<Expr> {
        self.in_clause(clause, |binder| binder.expr(expr))
    }

    /// Binds a condition. Errors: 42804 when it is not boolean.
    pub(crate) fn condition(&mut self, expr: &ast::Expr, clause: Clause) -> Result<Expr> {
        let bound = self.expr_in(expr, clause)?;
        let what = match clause {
            Clause::JoinOn => "JOIN/ON",
            Clause::Check => "CHECK",
            other => other.name(),
        };
        self.boolean(bound, what)
    }

    /// Binds an expression.
    pub(super) fn expr(&mut self, expr: &ast::Expr) -> Result<Expr> {
        self.nested(|binder| binder.expr_form(expr))
    }

    /// Binds several.
    pub(super) fn exprs<'e>(
        &mut self,
        exprs: impl IntoIterator<Item = &'e ast::Expr>,
    ) -> Result<Vec<Expr>> {
        exprs.into_iter().map(|expr| self.expr(expr)).collect()
    }

    fn expr_form(&mut self, expr: &ast::Expr) -> Result<Expr> {
        match expr {
            ast::Expr::Nested(inner) => self.expr(inner),
            ast::Expr::Identifier(ident) => self.identifier(ident),
            ast::Expr::CompoundIdentifier(parts) => self.compound(parts),
            ast::Expr::Value(value) => self.literal(&value.value),
            ast::Expr::TypedString(typed) => self.typed_string(typed),
            ast::Expr::Interval(interval) => self.interval(interval),
            ast::Expr::BinaryOp { .. } => self.binary_chain(expr),
            ast::Expr::UnaryOp { op, expr } => self.unary(op, expr),
            ast::Expr::Function(function) => self.function(function),
            ast::Expr::Cast {
                kind,
                expr,
                data_type,
                format: None,
                ..
            } => self.cast_form(kind, expr, data_type),
            ast::Expr::Case {
                operand,
                conditions,
                else_result,
                ..
            } => self.case(operand.as_deref(), conditions, else_result.as_deref()),
            ast::Expr::Array(array) => self.array(&array.elem, None),
            ast::Expr::Tuple(fields) => self.row(fields),
            ast::Expr::CompoundFieldAccess { root, access_chain } => {
                self.access(root, access_chain)
            }
            ast::Expr::Collate { expr, collation } => self.collate(expr, collation),
            ast::Expr::Subquery(query) => self.scalar_subquery(query),
            ast::Expr::Exists { subquery, negated } => self.exists(subquery, *negated),
            ast::Expr::InSubquery {
                expr,
                subquery,
                negated,
            } => self.in_subquery(expr, subquery, *negated),
            ast::Expr::AnyOp {
                left,
                compare_op,
                right,
                ..
            } => self.any_all(left, compare_op, right, false),
            ast::Expr::AllOp {
                left,
                compare_op,
                right,
            } => self.any_all(left, compare_op, right, true),
            ast::Expr::InList {
                expr,
                list,
                negated,
            } => self.in_list(expr, list, *negated),
            other => self.test(other),
        }
    }

    fn identifier(&mut self, ident: &ast::Ident) -> Result<Expr> {
        let name = names::fold(ident);
        match self.bare_column(&name) {
            Ok(Some(expr)) => Ok(expr),
            Ok(None) => match self.whole_row(None, &name)? {
                Some(row) => Ok(row),
                None => {
                    let error = SqlError::new("42703", format!("column \"{name}\" does not exist"));
                    Err(self.place(error, ident.span))
                }
            },
            Err(error) => Err(self.place(error, ident.span)),
        }
    }

    fn compound(&mut self, parts: &[ast::Ident]) -> Result<Expr> {
        let folded: Vec<String> = parts.iter().map(names::fold).collect();
        let bound = match folded.as_slice() {
            [table, column] => self.qualified_column(None, table, column),
            [schema, table, column] | [_, schema, table, column] => {
                self.qualified_column(Some(schema), table, column)
            }
            _ => Err(SqlError::syntax(
                "improper qualified name (too many dotted names)",
            )),
        };
        let span = parts
            .first()
            .map_or(sqlparser::tokenizer::Span::empty(), |part| part.span);
        bound.map_err(|error| self.place(error, span))
    }

    /// A relation's name where a value is wanted: its row.
    pub(super) fn whole_row(&mut self, schema: Option<&str>, name: &str) -> Result<Option<Expr>> {
        let Ok((item, frame)) = self.item(schema, name) else {
            return Ok(None);
        };
        let columns: Vec<(String, Expr)> = item
            .columns
            .iter()
            .filter(|column| !column.hidden)
            .map(|column| (column.name.clone(), column.expr.clone()))
            .collect();
        // A function's single column is the value itself.
        if let ([(_, expr)], true) = (columns.as_slice(), item.is_function) {
            let expr = expr.clone();
            return Ok(Some(self.lift(expr, frame)));
        }
        let (names, fields): (Vec<String>, Vec<Expr>) = columns.into_iter().unzip();
        let fields = fields
            .into_iter()
            .map(|field| self.lift(field, frame))
            .collect();
        Ok(Some(Expr::Row { fields, names }))
    }

    fn cast_form(
        &mut self,
        kind: &ast::CastKind,
        expr: &ast::Expr,
        data_type: &ast::DataType,
    ) -> Result<Expr> {
        if !matches!(kind, ast::CastKind::Cast | ast::CastKind::DoubleColon) {
            return Err(SqlError::syntax("syntax error at or near \"cast\""));
        }
        let ty = types::column_type(data_type)?;
        if let (ast::Expr::Array(array), Type::Array(element)) = (unnest_parens(expr), &ty.ty) {
            let element = ColumnType::new(element.as_ref().clone(), ty.typmod);
            return self.array(&array.elem, Some(&element));
        }
        let bound = self.expr(expr)?;
        self.cast(bound, &ty)
    }

    /// `ARRAY[...]`; with `want`, the items are cast to it.
    fn array(&mut self, items: &[ast::Expr], want: Option<&ColumnType>) -> Result<Expr> {
        if items.is_empty() && want.is_none() {
            return Err(
                SqlError::new("42P18", "cannot determine type of empty array").with_hint(
                    "Explicitly cast to the desired type, for example ARRAY[]::integer[].",
                ),
            );
        }
        let mut bound = Vec::with_capacity(items.len());
        for item in items {
            bound.push(match (unnest_parens(item), want) {
                (ast::Expr::Array(inner), Some(_)) => self.array(&inner.elem, want)?,
                _ => self.expr(item)?,
            });
        }
        if let Some(want) = want {
            let mut cast = Vec::with_capacity(bound.len());
            for item in bound {
                let is_array = matches!(item, Expr::Array { .. });
                cast.push(if is_array {
                    item
                } else {
                    self.cast(item, want)?
                });
            }
            return Ok(Expr::Array {
                items: cast,
                element: want.ty.clone(),
            });
        }
        let (items, ty) = self.unify("ARRAY", bound)?;
        let element = ty.ty.element().cloned().unwrap_or(ty.ty);
        Ok(Expr::Array { items, element })
    }

    pub(super) fn row(&mut self, fields: &[ast::Expr]) -> Result<Expr> {
        let fields = self.exprs(fields)?;
        let fields: Result<Vec<Expr>> = fields
            .into_iter()
            .map(|field| self.settle(field, None))
            .collect();
        Ok(Expr::Row {
            fields: fields?,
            names: Vec::new(),
        })
    }

    fn case(
        &mut self,
        operand: Option<&ast::Expr>,
        conditions: &[ast::CaseWhen],
        otherwise: Option<&ast::Expr>,
    ) -> Result<Expr> {
        let operand = operand.map(|operand| self.expr(operand)).transpose()?;
        let operand = operand
            .map(|operand| self.settle(operand, None))
            .transpose()?;
        let mut whens = Vec::with_capacity(conditions.len());
        let mut results = Vec::with_capacity(conditions.len() + 1);
        for arm in conditions {
            let condition = self.expr(&arm.condition)?;
            whens.push(match &operand {
                Some(operand) => self.call_named("=", vec![operand.clone(), condition])?,
                None => self.boolean(condition, "CASE/WHEN")?,
            });
            results.push(self.expr(&arm.result)?);
        }
        let has_otherwise = otherwise.is_some();
        if let Some(otherwise) = otherwise {
            // PostgreSQL looks at ELSE first when it chooses the type.
            results.insert(0, self.expr(otherwise)?);
        }
        let (mut results, ty) = self.unify("CASE", results)?;
        let otherwise = has_otherwise.then(|| Box::new(results.remove(0)));
        let whens = whens.into_iter().zip(results).collect();
        Ok(Expr::Case {
            whens,
            otherwise,
            ty,
        })
    }

    fn access(&mut self, root: &ast::Expr, chain: &[ast::AccessExpr]) -> Result<Expr> {
        let (mut bound, mut chain) = self.access_root(root, chain)?;
        while let Some((first, rest)) = chain.split_first() {
            match first {
                ast::AccessExpr::Dot(ast::Expr::Identifier(field)) => {
                    bound = self.field(bound, &names::fold(field))?;
                    chain = rest;
                }
                ast::AccessExpr::Subscript(ast::Subscript::Index { .. }) => {
                    (bound, chain) = self.subscripts(bound, chain)?;
                }
                ast::AccessExpr::Subscript(ast::Subscript::Slice {
                    lower_bound,
                    upper_bound,
                    stride: None,
                }) => {
                    bound = self.slice(bound, lower_bound.as_ref(), upper_bound.as_ref())?;
                    chain = rest;
                }
                other => {
                    return Err(SqlError::unsupported(format!(
                        "{other} is not supported here"
                    )));
                }
            }
        }
        Ok(bound)
    }

    /// `t.a[1]` may arrive as `t` followed by `.a` and `[1]`.
    fn access_root<'e>(
        &mut self,
        root: &ast::Expr,
        chain: &'e [ast::AccessExpr],
    ) -> Result<(Expr, &'e [ast::AccessExpr])> {
        if let (
            ast::Expr::Identifier(table),
            Some((ast::AccessExpr::Dot(ast::Expr::Identifier(column)), rest)),
        ) = (root, chain.split_first())
            && self.item(None, &names::fold(table)).is_ok()
        {
            return Ok((self.compound(&[table.clone(), column.clone()])?, rest));
        }
        Ok((self.expr(root)?, chain))
    }

    fn subscripts<'e>(
        &mut self,
        base: Expr,
        chain: &'e [ast::AccessExpr],
    ) -> Result<(Expr, &'e [ast::AccessExpr])> {
        let mut indexes = Vec::new();
        let mut rest = chain;
        while let Some((ast::AccessExpr::Subscript(ast::Subscript::Index { index }), after)) =
            rest.split_first()
        {
            indexes.push(self.expr(index)?);
            rest = after;
        }
        if base.ty() == Type::Jsonb {
            let mut bound = base;
            for index in indexes {
                bound = self.call_named("->", vec![bound, index])?;
            }
            return Ok((bound, rest));
        }
        let Some(element) = base.ty().element().cloned() else {
            let message = format!(
                "cannot subscript type {} because it does not support subscripting",
                base.ty()
            );
            return Err(SqlError::new("42804", message));
        };
        let mut cast = Vec::with_capacity(indexes.len());
        for index in indexes {
            cast.push(self.subscript_index(index)?);
        }
        let array = Box::new(base);
        Ok((
            Expr::Subscript {
                array,
                indexes: cast,
                ty: element,
            },
            rest,
        ))
    }

    fn subscript_index(&mut self, index: Expr) -> Result<Expr> {
        use stele_core::record::value::CastContext;
        let cast = self.coerce(index, &Type::Int4.into(), CastContext::Assignment)?;
        cast.ok_or_else(|| SqlError::new("42804", "array subscript must have type integer"))
    }

    fn slice(
        &mut self,
        base: Expr,
        lower: Option<&ast::Expr>,
        upper: Option<&ast::Expr>,
    ) -> Result<Expr> {
        let ty = base.ty();
        if ty.element().is_none() {
            let message =
                format!("cannot subscript type {ty} because it does not support subscripting");
            return Err(SqlError::new("42804", message));
        }
        let bound = |binder: &mut Self, expr: Option<&ast::Expr>| -> Result<Option<Box<Expr>>> {
            let Some(expr) = expr else { return Ok(None) };
            let index = binder.expr(expr)?;
            Ok(Some(Box::new(binder.subscript_index(index)?)))
        };
        let lower = bound(self, lower)?;
        let upper = bound(self, upper)?;
        Ok(Expr::Slice {
            array: Box::new(base),
            lower,
            upper,
            ty,
        })
    }

    fn field(&mut self, record: Expr, name: &str) -> Result<Expr> {
        if let Expr::Row { fields, names } = &record {
            let named = names.iter().position(|field| field == name);
            let numbered = name.strip_prefix('f').and_then(|n| n.parse::<usize>().ok());
            let index = match names.is_empty() {
                true => numbered.and_then(|n| n.checked_sub(1)),
                false => named,
            };
            if let Some(field) = index.and_then(|index| fields.get(index)) {
                return Ok(field.clone());
            }
        }
        let message = match record.ty() {
            Type::Record => format!("could not identify column \"{name}\" in record data type"),
            ty => format!(
                "column notation .{name} applied to type {ty}, which is not a composite type"
            ),
        };
        let code = if record.ty() == Type::Record {
            "42703"
        } else {
            "42809"
        };
        Err(SqlError::new(code, message))
    }

    /// Strings compare by bytes; collations that mean something else are refused.
    fn collate(&mut self, expr: &ast::Expr, collation: &ast::ObjectName) -> Result<Expr> {
        let name = names::qualified(collation)?.name;
        if !matches!(
            name.to_ascii_lowercase().as_str(),
            "c" | "posix" | "default" | "ucs_basic"
        ) {
            let message = format!("collation \"{name}\" for encoding \"UTF8\" does not exist");
            return Err(SqlError::new("42704", message));
        }
        let bound = self.expr(expr)?;
        let bound = self.settle(bound, None)?;
        if !bound.ty().is_string() {
            let message = format!("collations are not supported by type {}", bound.ty());
            return Err(SqlError::new("42804", message));
        }
        Ok(bound)
    }
}

/// The expression inside of parentheses.
pub(super) fn unnest_parens(mut expr: &ast::Expr) -> &ast::Expr {
    while let ast::Expr::Nested(inner) = expr {
        expr = inner;
    }
    expr
}
