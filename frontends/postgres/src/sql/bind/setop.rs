//! UNION, INTERSECT and EXCEPT: two operands with columns of common types.

use sqlparser::ast::{SetExpr, SetOperator, SetQuantifier};
use stele_core::record::expr::Expr;
use stele_core::record::value::{ColumnType, Type};

use super::OutputColumn;
use super::coerce::common_column_type;
use super::query::{Relation, Unknowns};
use super::scope::Binder;
use crate::error::{Result, SqlError};
use crate::sql::plan::{Plan, SetOp};

/// How many operands may follow each other; beyond is 54001.
const OPERAND_COUNT_MAX: usize = 1000;

impl Binder<'_> {
    /// Binds a chain of set operations, which the parser nests to the left.
    pub(super) fn set_operation(
        &mut self,
        body: &SetExpr,
        unknowns: Unknowns<'_>,
    ) -> Result<Relation> {
        let mut links = Vec::new();
        let mut first = body;
        while let SetExpr::SetOperation {
            left,
            op,
            set_quantifier,
            right,
        } = first
        {
            links.push((*op, *set_quantifier, right.as_ref()));
            first = left;
        }
        if links.len() > OPERAND_COUNT_MAX {
            return Err(SqlError::too_complex());
        }
        let mut relation = self.operand(first)?;
        for (op, quantifier, right) in links.into_iter().rev() {
            let right = self.operand(right)?;
            relation = self.combine(relation, op, quantifier, right)?;
        }
        self.settle_outputs(relation, unknowns)
    }

    fn combine(
        &mut self,
        left: Relation,
        op: SetOperator,
        quantifier: SetQuantifier,
        right: Relation,
    ) -> Result<Relation> {
        let (op, name) = match op {
            SetOperator::Union => (SetOp::Union, "UNION"),
            SetOperator::Intersect => (SetOp::Intersect, "INTERSECT"),
            SetOperator::Except | SetOperator::Minus => (SetOp::Except, "EXCEPT"),
        };
        let all = match quantifier {
            SetQuantifier::All => true,
            SetQuantifier::Distinct | SetQuantifier::None => false,
            _ => return Err(SqlError::syntax("syntax error at or near \"by\"")),
        };
        if left.columns.len() != right.columns.len() {
            let message = format!("each {name} query must have the same number of columns");
            return Err(SqlError::syntax(message));
        }
        let mut types = Vec::with_capacity(left.columns.len());
        for (left, right) in left.columns.iter().zip(&right.columns) {
            let pair = [left.ty.clone(), right.ty.clone()];
            let open = pair.iter().all(|ty| ty.ty == Type::Unknown);
            types.push(if open {
                Type::Text.into()
            } else {
                common_column_type(name, &pair)?
            });
        }
        let columns = left
            .columns
            .iter()
            .zip(&types)
            .map(|(column, ty)| OutputColumn {
                name: column.name.clone(),
                ty: ty.clone(),
                origin: None,
            });
        let columns = columns.collect();
        let left = self.cast_outputs(left, &types)?;
        let right = self.cast_outputs(right, &types)?;
        let plan = Plan::SetOp {
            op,
            all,
            left: Box::new(left),
            right: Box::new(right),
        };
        Ok(Relation {
            plan,
            columns,
            locks: None,
        })
    }

    /// The relation's plan with its columns cast, implicitly, to these types.
    pub(super) fn cast_outputs(
        &mut self,
        relation: Relation,
        types: &[ColumnType],
    ) -> Result<Plan> {
        let same = |(column, ty): (&OutputColumn, &ColumnType)| column.ty.ty == ty.ty;
        if relation.columns.iter().zip(types).all(same) {
            return Ok(relation.plan);
        }
        // Open literals are read in place, so that a bad one is an error even without rows.
        let (input, outputs) = match relation.plan {
            Plan::Project { input, exprs } => (*input, exprs),
            Plan::Values { mut rows, width } => {
                for row in &mut rows {
                    for (expr, ty) in row.iter_mut().zip(types) {
                        let value = std::mem::replace(expr, Expr::null());
                        *expr = self.implicit(value, &ty.ty)?;
                    }
                }
                return Ok(Plan::Values { rows, width });
            }
            other => {
                let columns = relation.columns.iter().enumerate();
                let exprs = columns.map(|(index, column)| Expr::column(index, column.ty.clone()));
                (other, exprs.collect())
            }
        };
        let mut exprs = Vec::with_capacity(outputs.len());
        for (expr, ty) in outputs.into_iter().zip(types) {
            exprs.push(self.implicit(expr, &ty.ty)?);
        }
        Ok(Plan::Project {
            input: Box::new(input),
            exprs,
        })
    }

    /// Ends the openness of columns that no operand settled.
    pub(super) fn settle_outputs(
        &mut self,
        mut relation: Relation,
        unknowns: Unknowns<'_>,
    ) -> Result<Relation> {
        if matches!(unknowns, Unknowns::Keep) {
            return Ok(relation);
        }
        let types = relation.columns.iter().enumerate().map(|(index, column)| {
            match (&column.ty.ty, unknowns) {
                (Type::Unknown, Unknowns::Want(types)) => types
                    .get(index)
                    .cloned()
                    .unwrap_or_else(|| Type::Text.into()),
                (Type::Unknown, _) => Type::Text.into(),
                _ => column.ty.clone(),
            }
        });
        let types: Vec<ColumnType> = types.collect();
        let mut columns = std::mem::take(&mut relation.columns);
        let open = Relation {
            columns: columns.clone(),
            ..relation
        };
        let plan = self.cast_outputs(open, &types)?;
        for (column, ty) in columns.iter_mut().zip(types) {
            column.ty = ty;
        }
        Ok(Relation {
            plan,
            columns,
            locks: None,
        })
    }
}
