//! Subqueries in expressions: scalar, EXISTS, IN, ANY, ALL, ARRAY.

use sqlparser::ast;
use stele_core::record::expr::{self, Expr, FunctionRef, SubqueryForm};
use stele_core::record::value::{ColumnType, Type, Value};

use super::operator::negate;
use super::query::Relation;
use super::scope::Binder;
use super::{SubPlan, expr::unnest_parens};
use crate::error::{Result, SqlError};
use crate::sql::plan::{Limit, Plan};

impl Binder<'_> {
    pub(super) fn scalar_subquery(&mut self, query: &ast::Query) -> Result<Expr> {
        let (relation, args, volatile) = self.subquery(query)?;
        let ty = one_column(&relation)?;
        // A second row is enough to know that there are too many.
        let plan = limited(relation.plan, 2);
        Ok(self.subplan(plan, args, volatile, SubqueryForm::Scalar, ty))
    }

    pub(super) fn exists(&mut self, query: &ast::Query, negated: bool) -> Result<Expr> {
        let (relation, args, volatile) = self.subquery(query)?;
        let plan = limited(relation.plan, 1);
        let exists = self.subplan(
            plan,
            args,
            volatile,
            SubqueryForm::Exists,
            Type::Bool.into(),
        );
        Ok(negate(exists, negated))
    }

    pub(super) fn array_subquery(&mut self, query: &ast::Query) -> Result<Expr> {
        let (relation, args, volatile) = self.subquery(query)?;
        let ty = one_column(&relation)?;
        let element = ty.ty.element().cloned().unwrap_or(ty.ty);
        let array = Type::array_of(element.clone());
        let form = SubqueryForm::Array(element);
        Ok(self.subplan(relation.plan, args, volatile, form, array.into()))
    }

    pub(super) fn in_subquery(
        &mut self,
        left: &ast::Expr,
        query: &ast::Query,
        negated: bool,
    ) -> Result<Expr> {
        let name = if negated { "<>" } else { "=" };
        self.quantified_subquery(left, name, query, negated)
    }

    /// `left op ANY (query)` and ALL; IN is `= ANY`, NOT IN is `<> ALL`.
    pub(super) fn quantified_subquery(
        &mut self,
        left: &ast::Expr,
        name: &str,
        query: &ast::Query,
        all: bool,
    ) -> Result<Expr> {
        let left = match unnest_parens(left) {
            ast::Expr::Tuple(fields) => self.exprs(fields)?,
            other => vec![self.expr(other)?],
        };
        let (relation, args, volatile) = self.subquery(query)?;
        if relation.columns.len() != left.len() {
            let many = relation.columns.len() > left.len();
            let message = if many {
                "subquery has too many columns"
            } else {
                "subquery has too few columns"
            };
            return Err(SqlError::syntax(message));
        }
        if left.len() > 1 && all && name == "<>" {
            // Rows differ when any field does: the negation of equality says it exactly.
            let (left, operators, plan) = self.compare_columns("=", left, relation)?;
            let form = SubqueryForm::Any { left, operators };
            let any = self.subplan(plan, args, volatile, form, Type::Bool.into());
            return Ok(Expr::Not(Box::new(any)));
        }
        if left.len() > 1 && name != "=" {
            return Err(SqlError::unsupported(format!(
                "row comparison operator {name} is not supported with a subquery"
            )));
        }
        let (left, operators, plan) = self.compare_columns(name, left, relation)?;
        let form = match all {
            true => SubqueryForm::All { left, operators },
            false => SubqueryForm::Any { left, operators },
        };
        Ok(self.subplan(plan, args, volatile, form, Type::Bool.into()))
    }

    /// `(a, b) = (SELECT c, d ...)`: the one row, compared.
    pub(super) fn compare_row_subquery(
        &mut self,
        name: &str,
        fields: &[ast::Expr],
        query: &ast::Query,
    ) -> Result<Expr> {
        if name != "=" {
            return Err(SqlError::unsupported(format!(
                "row comparison operator {name} is not supported with a subquery"
            )));
        }
        let left = self.exprs(fields)?;
        let (relation, args, volatile) = self.subquery(query)?;
        if relation.columns.len() != left.len() {
            return Err(SqlError::syntax("subquery has too many columns"));
        }
        let (left, operators, plan) = self.compare_columns(name, left, relation)?;
        let form = SubqueryForm::Any { left, operators };
        Ok(self.subplan(plan, args, volatile, form, Type::Bool.into()))
    }

    /// Casts both sides to what the operators compare.
    fn compare_columns(
        &mut self,
        name: &str,
        left: Vec<Expr>,
        relation: Relation,
    ) -> Result<(Vec<Expr>, Vec<FunctionRef>, Plan)> {
        let mut cast_left = Vec::with_capacity(left.len());
        let mut operators = Vec::with_capacity(left.len());
        let mut columns = Vec::with_capacity(left.len());
        for (index, (left, column)) in left.into_iter().zip(&relation.columns).enumerate() {
            let resolved = expr::resolve(name, &[left.ty(), column.ty.ty.clone()])?;
            if resolved.result != Type::Bool {
                return Err(SqlError::new(
                    "42804",
                    "row comparison operator must yield type boolean",
                ));
            }
            let mut types = resolved.args.into_iter();
            let (left_ty, right_ty) = (
                types.next().unwrap_or(Type::Text),
                types.next().unwrap_or(Type::Text),
            );
            cast_left.push(self.implicit(left, &left_ty)?);
            columns.push(self.implicit(Expr::column(index, column.ty.clone()), &right_ty)?);
            operators.push(resolved.function);
        }
        let unchanged = columns
            .iter()
            .all(|column| matches!(column, Expr::Column { .. }));
        let plan = match unchanged {
            true => relation.plan,
            false => Plan::Project {
                input: Box::new(relation.plan),
                exprs: columns,
            },
        };
        Ok((cast_left, operators, plan))
    }

    /// Binds a query in a frame of its own: what it is, what it must be given, its volatility.
    pub(super) fn subquery(&mut self, query: &ast::Query) -> Result<(Relation, Vec<Expr>, bool)> {
        let before = std::mem::replace(&mut self.volatile, false);
        self.push_frame();
        let bound = self.query(query, None);
        let mut args = self.pop_frame();
        let volatile = self.volatile;
        self.volatile |= before;
        let mut relation = bound?.without_locks()?;
        // An aggregate that belongs to the enclosing query took its arguments along.
        let mut used = vec![false; args.len()];
        relation.plan.mark_outer(&mut used);
        for (arg, _) in args.iter_mut().zip(used).filter(|(_, used)| !used) {
            *arg = Expr::null();
        }
        Ok((relation, args, volatile))
    }

    /// Registers a subplan and makes the expression that runs it.
    pub(super) fn subplan(
        &mut self,
        plan: Plan,
        args: Vec<Expr>,
        volatile: bool,
        form: SubqueryForm,
        ty: ColumnType,
    ) -> Expr {
        self.subplans.push(SubPlan { plan, volatile });
        Expr::Subquery {
            slot: self.subplans.len() - 1,
            args,
            form,
            ty,
        }
    }

    /// `(a, b) = (SELECT ...)` in UPDATE SET: one expression per column, sharing one subquery
    /// by its cache.
    pub(crate) fn assign_from_query(
        &mut self,
        query: &ast::Query,
        targets: &[(String, ColumnType)],
    ) -> Result<Vec<Expr>> {
        let (relation, args, volatile) = self.subquery(query)?;
        if relation.columns.len() != targets.len() {
            return Err(SqlError::syntax(
                "number of columns does not match number of values",
            ));
        }
        let mut exprs = Vec::with_capacity(targets.len());
        for (index, (name, ty)) in targets.iter().enumerate() {
            let column = relation.columns.get(index).map(|column| column.ty.clone());
            let column_ty = column.unwrap_or_else(|| Type::Text.into());
            let value = self.assign_to(Expr::column(index, column_ty), name, ty)?;
            let input = Box::new(limited(relation.plan.clone(), 2));
            let plan = Plan::Project {
                input,
                exprs: vec![value],
            };
            exprs.push(self.subplan(
                plan,
                args.clone(),
                volatile,
                SubqueryForm::Scalar,
                ty.clone(),
            ));
        }
        Ok(exprs)
    }
}

fn one_column(relation: &Relation) -> Result<ColumnType> {
    match relation.columns.as_slice() {
        [column] => Ok(column.ty.clone()),
        _ => Err(SqlError::syntax("subquery must return only one column")),
    }
}

fn limited(input: Plan, count: i64) -> Plan {
    let limit = Some(Expr::constant(Value::Int8(count), Type::Int8));
    Plan::Limit(Box::new(Limit {
        input,
        limit,
        offset: None,
        ties: None,
    }))
}
