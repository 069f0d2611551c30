//! JOIN: kinds, conditions, USING and NATURAL.

use sqlparser::ast::{self, JoinConstraint, JoinOperator};
use stele_core::record::expr::Expr;

use super::from::shifted;
use super::names;
use super::operator::all;
use super::scope::{Binder, Clause, Item, ItemColumn};
use crate::error::{Result, SqlError};
use crate::sql::plan::{Join, JoinKind, Plan};

impl Binder<'_> {
    /// Joins what stands to the left with the next relation.
    pub(super) fn join(
        &mut self,
        left: Plan,
        join: &ast::Join,
        start: usize,
        base: usize,
    ) -> Result<Plan> {
        let (kind, constraint) = join_kind(&join.join_operator)?;
        let middle = self.level()?.items.len();
        let factor = self.factor(&join.relation)?;
        if factor.args.is_some() && matches!(kind, JoinKind::Right | JoinKind::Full) {
            return Err(
                SqlError::new("42P10", "invalid reference to FROM-clause entry").with_detail(
                    "The combining JOIN type must be INNER or LEFT for a LATERAL reference.",
                ),
            );
        }
        let args = factor.args.map(|args| shifted(args, base)).transpose()?;
        let filter = match constraint {
            JoinConstraint::None => Vec::new(),
            JoinConstraint::On(condition) => vec![self.join_condition(condition, start)?],
            JoinConstraint::Using(columns) => {
                let mut names = Vec::with_capacity(columns.len());
                for column in columns {
                    names.push(names::qualified(column)?.name);
                }
                self.join_using(kind, &names, start, middle)?
            }
            JoinConstraint::Natural => {
                let names = self.common_names(start, middle)?;
                self.join_using(kind, &names, start, middle)?
            }
        };
        Ok(Plan::Join(Box::new(Join {
            kind,
            left,
            right: factor.plan,
            args,
            keys: Vec::new(),
            filter: shifted(filter, base)?,
            probe: None,
        })))
    }

    fn join_condition(&mut self, condition: &ast::Expr, start: usize) -> Result<Expr> {
        let before = std::mem::replace(&mut self.level()?.visible_from, start);
        let bound = self.condition(condition, Clause::JoinOn);
        self.level()?.visible_from = before;
        bound
    }

    /// Names that are columns of both sides.
    fn common_names(&mut self, start: usize, middle: usize) -> Result<Vec<String>> {
        let items = &self.level()?.items;
        let bare = |items: &[Item]| -> Vec<String> {
            let columns = items
                .iter()
                .filter(|item| item.bare)
                .flat_map(|item| &item.columns);
            columns
                .filter(|column| !column.hidden)
                .map(|column| column.name.clone())
                .collect()
        };
        let left = bare(items.get(start..middle).unwrap_or_default());
        let right = bare(items.get(middle..).unwrap_or_default());
        Ok(left
            .into_iter()
            .filter(|name| right.contains(name))
            .collect())
    }

    /// USING: the condition, and one item whose columns hide both sides'.
    fn join_using(
        &mut self,
        kind: JoinKind,
        using: &[String],
        start: usize,
        middle: usize,
    ) -> Result<Vec<Expr>> {
        let mut conditions = Vec::with_capacity(using.len());
        let mut merged = Vec::new();
        for name in using {
            let items = &self.level()?.items;
            let left = using_column(items.get(start..middle).unwrap_or_default(), name, "left")?;
            let right = using_column(items.get(middle..).unwrap_or_default(), name, "right")?;
            conditions.push(self.call_named("=", vec![left.expr.clone(), right.expr.clone()])?);
            merged.push(self.merged_column(kind, left, right)?);
        }
        let items = &mut self.level()?.items;
        for item in items.iter_mut().skip(start).filter(|item| item.bare) {
            let rest = item
                .columns
                .iter()
                .filter(|column| !column.hidden && !using.contains(&column.name));
            merged.extend(rest.cloned());
            item.bare = false;
        }
        items.push(Item {
            name: String::new(),
            schema: None,
            columns: merged,
            bare: true,
            rel: None,
            table: None,
            oid: None,
            address: None,
            is_function: false,
            search: None,
        });
        Ok(if conditions.is_empty() {
            conditions
        } else {
            vec![all(conditions)]
        })
    }

    fn merged_column(
        &mut self,
        kind: JoinKind,
        left: ItemColumn,
        right: ItemColumn,
    ) -> Result<ItemColumn> {
        let name = left.name.clone();
        let same = left.expr.ty() == right.expr.ty();
        Ok(match kind {
            JoinKind::Right if same => right,
            JoinKind::Full | JoinKind::Right => {
                let pair = if kind == JoinKind::Full {
                    vec![left.expr, right.expr]
                } else {
                    vec![right.expr, left.expr]
                };
                let (args, ty) = self.unify("JOIN/USING", pair)?;
                ItemColumn {
                    name,
                    expr: Expr::Coalesce { args, ty: ty.ty },
                    origin: None,
                    hidden: false,
                }
            }
            _ if same => left,
            _ => {
                let (mut pair, _) = self.unify("JOIN/USING", vec![left.expr, right.expr])?;
                ItemColumn {
                    name,
                    expr: pair.remove(0),
                    origin: None,
                    hidden: false,
                }
            }
        })
    }
}

/// The kind of a join and what it joins on. Errors: 42601 for other databases' joins.
pub(super) fn join_kind(operator: &JoinOperator) -> Result<(JoinKind, &JoinConstraint)> {
    Ok(match operator {
        JoinOperator::Join(constraint) | JoinOperator::Inner(constraint) => {
            (JoinKind::Inner, constraint)
        }
        JoinOperator::CrossJoin(constraint) => (JoinKind::Inner, constraint),
        JoinOperator::Left(constraint) | JoinOperator::LeftOuter(constraint) => {
            (JoinKind::Left, constraint)
        }
        JoinOperator::Right(constraint) | JoinOperator::RightOuter(constraint) => {
            (JoinKind::Right, constraint)
        }
        JoinOperator::FullOuter(constraint) => (JoinKind::Full, constraint),
        _ => return Err(SqlError::syntax("syntax error at or near \"join\"")),
    })
}

fn using_column(items: &[Item], name: &str, side: &str) -> Result<ItemColumn> {
    let columns = items
        .iter()
        .filter(|item| item.bare)
        .flat_map(|item| &item.columns);
    let mut found = columns.filter(|column| column.name == name);
    match (found.next(), found.next()) {
        (Some(column), None) => Ok(column.clone()),
        (Some(_), Some(_)) => {
            let message =
                format!("common column name \"{name}\" appears more than once in {side} table");
            Err(SqlError::new("42702", message))
        }
        (None, _) => {
            let message = format!(
                "column \"{name}\" specified in USING clause does not exist in {side} table"
            );
            Err(SqlError::new("42703", message))
        }
    }
}
