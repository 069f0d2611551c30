//! Operators: chains of them, comparisons of rows, lists and arrays.

use sqlparser::ast::{self, BinaryOperator, UnaryOperator};
use stele_core::record::expr::{self, Expr};
use stele_core::record::value::{Type, Value};

use super::expr::unnest_parens;
use super::scope::Binder;
use crate::error::{Result, SqlError};
use crate::sql::parse::SEARCH;

/// How many operators may follow each other without parentheses; beyond is 54001.
const CHAIN_COUNT_MAX: usize = 600;

impl Binder<'_> {
    /// Binds `a op b op c ...`, which the parser nests to the left, without recursing for it.
    pub(super) fn binary_chain(&mut self, expr: &ast::Expr) -> Result<Expr> {
        let mut links = Vec::new();
        let mut first = expr;
        while let ast::Expr::BinaryOp { left, op, right } = first {
            links.push((op, right.as_ref()));
            first = left;
        }
        // AND and OR become one flat node; everything else nests.
        let logical = |op: &BinaryOperator| matches!(op, BinaryOperator::And | BinaryOperator::Or);
        if links.iter().filter(|(op, _)| !logical(op)).count() > CHAIN_COUNT_MAX {
            return Err(SqlError::too_complex());
        }
        let mut links = links.into_iter().rev().peekable();
        // Rows only compare with rows, so a chain that starts with one is short.
        let mut left = match links.next_if(|(op, _)| is_search(op)) {
            // What stands before it is a relation or a column, not a value.
            Some((_, right)) => Operand::Bound(self.search(first, right)?),
            None => Operand::new(self, first)?,
        };
        for (op, right) in links {
            left = Operand::Bound(self.binary(left, op, right)?);
        }
        left.bound(self)
    }

    fn binary(
        &mut self,
        left: Operand<'_>,
        op: &BinaryOperator,
        right: &ast::Expr,
    ) -> Result<Expr> {
        match op {
            BinaryOperator::And => {
                let left = left.bound(self)?;
                let left = self.boolean(left, "AND")?;
                let right = self.expr(right)?;
                Ok(and(left, self.boolean(right, "AND")?))
            }
            BinaryOperator::Or => {
                let left = left.bound(self)?;
                let left = self.boolean(left, "OR")?;
                let right = self.expr(right)?;
                Ok(or(left, self.boolean(right, "OR")?))
            }
            _ => {
                let name = operator_name(op)?;
                if let (Operand::Row(fields), Some(others)) = (&left, row_fields(right)) {
                    let left = self.exprs(fields.iter())?;
                    let right = self.exprs(others.iter())?;
                    return self.compare_rows(&name, left, right);
                }
                if let (Operand::Row(fields), ast::Expr::Subquery(query)) =
                    (&left, unnest_parens(right))
                {
                    return self.compare_row_subquery(&name, fields, query);
                }
                let left = left.bound(self)?;
                let right = self.expr(right)?;
                self.operator(&name, left, right)
            }
        }
    }

    /// A binary operator of the registry.
    pub(super) fn operator(&mut self, name: &str, left: Expr, right: Expr) -> Result<Expr> {
        if let (Expr::Row { fields: left, .. }, Expr::Row { fields: right, .. }) = (&left, &right) {
            return self.compare_rows(name, left.clone(), right.clone());
        }
        Ok(match self.call_named(name, vec![left, right])? {
            // Its other side is never evaluated, and cannot fail.
            Expr::Call { function, args, ty } if function.strict && args.iter().any(is_null) => {
                Expr::constant(Value::Null, ty)
            }
            call => call,
        })
    }

    /// `(a, b) < (c, d)`: the first pair that differs decides.
    pub(super) fn compare_rows(
        &mut self,
        name: &str,
        left: Vec<Expr>,
        right: Vec<Expr>,
    ) -> Result<Expr> {
        if left.len() != right.len() {
            return Err(SqlError::syntax(
                "unequal number of entries in row expressions",
            ));
        }
        if left.is_empty() {
            return Err(SqlError::unsupported("cannot compare rows of zero length"));
        }
        let pairs: Vec<(Expr, Expr)> = left.into_iter().zip(right).collect();
        match name {
            "=" => self.each_pair("=", pairs).map(all),
            "<>" => self.each_pair("<>", pairs).map(any),
            "<" | "<=" | ">" | ">=" => self.compare_lexically(name, pairs),
            _ => Err(SqlError::unsupported(format!(
                "could not determine interpretation of row comparison operator {name}"
            ))),
        }
    }

    fn each_pair(&mut self, name: &str, pairs: Vec<(Expr, Expr)>) -> Result<Vec<Expr>> {
        pairs
            .into_iter()
            .map(|(left, right)| self.call_named(name, vec![left, right]))
            .collect()
    }

    fn compare_lexically(&mut self, name: &str, mut pairs: Vec<(Expr, Expr)>) -> Result<Expr> {
        let strict = if name.starts_with('<') { "<" } else { ">" };
        let Some((left, right)) = pairs.pop() else {
            return Err(SqlError::internal("a row without fields was compared"));
        };
        let mut bound = self.call_named(name, vec![left, right])?;
        for (left, right) in pairs.into_iter().rev() {
            let before = self.call_named(strict, vec![left.clone(), right.clone()])?;
            let same = self.call_named("=", vec![left, right])?;
            bound = or(before, and(same, bound));
        }
        Ok(bound)
    }

    pub(super) fn unary(&mut self, op: &UnaryOperator, operand: &ast::Expr) -> Result<Expr> {
        let name = match op {
            UnaryOperator::Not => {
                let bound = self.expr(operand)?;
                return Ok(Expr::Not(Box::new(self.boolean(bound, "NOT")?)));
            }
            UnaryOperator::Minus => {
                if let ast::Expr::Value(value) = operand
                    && let ast::Value::Number(digits, _) = &value.value
                {
                    return self.number(&format!("-{digits}"));
                }
                // The parser lets `^` bind tighter than a sign; PostgreSQL the reverse.
                if let Some(signed) = sign_first_operand(operand) {
                    return self.expr(&signed);
                }
                "-"
            }
            UnaryOperator::Plus => "+",
            UnaryOperator::BitwiseNot => "~",
            UnaryOperator::PGAbs => "@",
            UnaryOperator::PGSquareRoot => "|/",
            UnaryOperator::PGCubeRoot => "||/",
            other => {
                return Err(SqlError::new(
                    "42883",
                    format!("operator does not exist: {other}"),
                ));
            }
        };
        let bound = self.expr(operand)?;
        self.call_named(name, vec![bound])
    }

    pub(super) fn in_list(
        &mut self,
        operand: &ast::Expr,
        list: &[ast::Expr],
        negated: bool,
    ) -> Result<Expr> {
        if let Some(fields) = row_fields(operand) {
            return self.in_row_list(fields, list, negated);
        }
        let operand = self.expr(operand)?;
        let items = self.exprs(list)?;
        let mut types = vec![operand.ty()];
        types.extend(items.iter().map(Expr::ty));
        let Ok(ty) = expr::common_type("IN", &types) else {
            return self.in_list_by_or(operand, items, negated);
        };
        let equal = expr::equality(&ty)?;
        let operand = self.implicit(operand, &ty)?;
        let mut cast = Vec::with_capacity(items.len());
        for item in items {
            cast.push(self.implicit(item, &ty)?);
        }
        let expr = Box::new(operand);
        Ok(Expr::InList {
            expr,
            list: cast,
            equal,
            negated,
        })
    }

    /// Types that only pairwise have an equality.
    fn in_list_by_or(&mut self, operand: Expr, items: Vec<Expr>, negated: bool) -> Result<Expr> {
        let mut tests = Vec::with_capacity(items.len());
        for item in items {
            tests.push(self.call_named("=", vec![operand.clone(), item])?);
        }
        Ok(negate(any(tests), negated))
    }

    fn in_row_list(
        &mut self,
        fields: &[ast::Expr],
        list: &[ast::Expr],
        negated: bool,
    ) -> Result<Expr> {
        let left = self.exprs(fields)?;
        let mut tests = Vec::with_capacity(list.len());
        for item in list {
            let Some(others) = row_fields(item) else {
                return Err(SqlError::new(
                    "42883",
                    "operator does not exist: record = value",
                ));
            };
            let right = self.exprs(others)?;
            tests.push(self.compare_rows("=", left.clone(), right)?);
        }
        Ok(negate(any(tests), negated))
    }

    /// `x op ANY (array or subquery)`, and ALL.
    pub(super) fn any_all(
        &mut self,
        left: &ast::Expr,
        op: &BinaryOperator,
        right: &ast::Expr,
        all: bool,
    ) -> Result<Expr> {
        let name = operator_name(op)?;
        if let ast::Expr::Subquery(query) = unnest_parens(right) {
            return self.quantified_subquery(left, &name, query, all);
        }
        let left = self.expr(left)?;
        let array = self.expr(right)?;
        self.any_all_array(left, &name, array, all)
    }

    pub(super) fn any_all_array(
        &mut self,
        left: Expr,
        name: &str,
        array: Expr,
        all: bool,
    ) -> Result<Expr> {
        // The catalogue's vectors are arrays where an array is wanted.
        let array = match array.ty() {
            Type::Unknown => {
                let element = if left.ty() == Type::Unknown {
                    Type::Text
                } else {
                    left.ty()
                };
                self.implicit(array, &Type::array_of(element))?
            }
            _ => array,
        };
        let Some(element) = array.ty().element().cloned() else {
            return Err(SqlError::new(
                "42809",
                "op ANY/ALL (array) requires array on right side",
            ));
        };
        let resolved = expr::resolve(name, &[left.ty(), element.clone()])?;
        if resolved.result != Type::Bool {
            return Err(SqlError::new(
                "42809",
                "op ANY/ALL (array) requires operator to yield boolean",
            ));
        }
        let left_ty = resolved.args.first().cloned().unwrap_or(Type::Text);
        let right_ty = resolved.args.get(1).cloned().unwrap_or(element.clone());
        let left = self.implicit(left, &left_ty)?;
        let array = match right_ty == element {
            true => array,
            false => self.implicit(array, &Type::array_of(right_ty))?,
        };
        Ok(Expr::AnyAll {
            left: Box::new(left),
            operator: resolved.function,
            array: Box::new(array),
            all,
        })
    }
}

fn is_search(op: &BinaryOperator) -> bool {
    matches!(op, BinaryOperator::Custom(name) if name == SEARCH)
}

/// A left operand: a row is kept as it is written, because it compares field by field.
enum Operand<'e> {
    Bound(Expr),
    Row(&'e [ast::Expr]),
}

impl<'e> Operand<'e> {
    fn new(binder: &mut Binder<'_>, expr: &'e ast::Expr) -> Result<Self> {
        match row_fields(expr) {
            Some(fields) => Ok(Self::Row(fields)),
            None => Ok(Self::Bound(binder.expr(expr)?)),
        }
    }

    fn bound(self, binder: &mut Binder<'_>) -> Result<Expr> {
        match self {
            Self::Bound(expr) => Ok(expr),
            Self::Row(fields) => binder.row(fields),
        }
    }
}

/// The fields of `(a, b)`.
fn row_fields(expr: &ast::Expr) -> Option<&[ast::Expr]> {
    match expr {
        ast::Expr::Tuple(fields) => Some(fields),
        ast::Expr::Nested(inner) => row_fields(inner),
        _ => None,
    }
}

/// Both, flattened.
pub(crate) fn and(left: Expr, right: Expr) -> Expr {
    let mut parts = match left {
        Expr::And(parts) => parts,
        other => vec![other],
    };
    match right {
        Expr::And(more) => parts.extend(more),
        other => parts.push(other),
    }
    Expr::And(parts)
}

/// Either, flattened.
pub(crate) fn or(left: Expr, right: Expr) -> Expr {
    let mut parts = match left {
        Expr::Or(parts) => parts,
        other => vec![other],
    };
    match right {
        Expr::Or(more) => parts.extend(more),
        other => parts.push(other),
    }
    Expr::Or(parts)
}

/// All of them; true when there are none.
pub(crate) fn all(mut parts: Vec<Expr>) -> Expr {
    match parts.len() {
        1 => parts.remove(0),
        _ => Expr::And(parts),
    }
}

/// Any of them; false when there are none.
pub(crate) fn any(mut parts: Vec<Expr>) -> Expr {
    match parts.len() {
        1 => parts.remove(0),
        _ => Expr::Or(parts),
    }
}

pub(super) fn negate(expr: Expr, negated: bool) -> Expr {
    if negated {
        Expr::Not(Box::new(expr))
    } else {
        expr
    }
}

/// The registry's name of an operator.
pub(super) fn operator_name(op: &BinaryOperator) -> Result<String> {
    let name = match op {
        BinaryOperator::NotEq => "<>",
        BinaryOperator::PGLikeMatch => "~~",
        BinaryOperator::PGILikeMatch => "~~*",
        BinaryOperator::PGNotLikeMatch => "!~~",
        BinaryOperator::PGNotILikeMatch => "!~~*",
        BinaryOperator::PGBitwiseXor | BinaryOperator::BitwiseXor => "#",
        BinaryOperator::Xor => return Err(SqlError::syntax("syntax error at or near \"xor\"")),
        BinaryOperator::PGCustomBinaryOperator(parts) => {
            let (Some(name), true) = (parts.last(), parts.len() <= 2) else {
                return Err(SqlError::syntax("improper qualified operator name"));
            };
            if parts.len() == 2
                && parts.first().map(|schema| schema.to_lowercase()) != Some("pg_catalog".into())
            {
                return Err(SqlError::new(
                    "42883",
                    format!("operator does not exist: {}", parts.join(".")),
                ));
            }
            return Ok(name.clone());
        }
        BinaryOperator::Custom(name) => return Ok(name.clone()),
        BinaryOperator::Overlaps => return Err(SqlError::unsupported("OVERLAPS is not supported")),
        other => return Ok(other.to_string()),
    };
    Ok(name.to_owned())
}

fn is_null(expr: &Expr) -> bool {
    matches!(expr, Expr::Const { value, .. } if value.is_null())
}

/// `-(a ^ b)` as the parser reads `- a ^ b`, turned into `(- a) ^ b`.
fn sign_first_operand(operand: &ast::Expr) -> Option<ast::Expr> {
    let ast::Expr::BinaryOp {
        left,
        op: BinaryOperator::PGExp,
        right,
    } = operand
    else {
        return None;
    };
    let left = sign_first_operand(left).unwrap_or_else(|| ast::Expr::UnaryOp {
        op: UnaryOperator::Minus,
        expr: left.clone(),
    });
    Some(ast::Expr::BinaryOp {
        left: Box::new(left),
        op: BinaryOperator::PGExp,
        right: right.clone(),
    })
}
