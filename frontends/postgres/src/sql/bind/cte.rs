//! WITH: common table expressions, recursive ones included.

use sqlparser::ast::{self, SetExpr, SetOperator, SetQuantifier};
use stele_core::record::value::ColumnType;

use super::OutputColumn;
use super::names;
use super::query::{Relation, Unknowns};
use super::scope::Binder;
use crate::error::{Result, SqlError};
use crate::sql::plan::{CtePlan, Plan, Recursive, SetOp};

/// A name that WITH declared.
pub(crate) struct CteBinding {
    /// The name.
    pub name: String,
    /// What a scan of it reads.
    pub slot: usize,
    /// Its columns.
    pub columns: Vec<(String, ColumnType)>,
    /// Its rows; `None` inside of its own recursive definition.
    plan: Option<CtePlan>,
    /// The first of its WITH clause.
    first: bool,
    /// Whether anything reads it.
    pub used: bool,
}

impl Binder<'_> {
    /// Declares the expressions of a WITH clause.
    pub(crate) fn push_ctes(&mut self, with: &ast::With) -> Result<()> {
        let before = self.ctes.len();
        for (index, cte) in with.cte_tables.iter().enumerate() {
            match self.cte(cte, with.recursive, before) {
                Ok(mut binding) => {
                    binding.first = index == 0;
                    self.ctes.push(binding);
                }
                Err(error) => {
                    self.ctes.truncate(before);
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    /// Ends the innermost `count` WITH clauses around a plan.
    pub(crate) fn pop_ctes(&mut self, count: usize, mut plan: Plan) -> Plan {
        for _ in 0..count {
            let at = self
                .ctes
                .iter()
                .rposition(|binding| binding.first)
                .unwrap_or(0);
            let ctes: Vec<CtePlan> = self
                .ctes
                .split_off(at)
                .into_iter()
                .filter_map(|binding| binding.plan)
                .collect();
            plan = Plan::With {
                ctes,
                body: Box::new(plan),
            };
        }
        plan
    }

    /// The expression a bare relation name means, if any; notes that it is read.
    pub(super) fn use_cte(&mut self, name: &str) -> Option<&CteBinding> {
        let binding = self
            .ctes
            .iter_mut()
            .rev()
            .find(|binding| binding.name == name)?;
        binding.used = true;
        Some(binding)
    }

    fn new_slot(&mut self) -> usize {
        self.slots += 1;
        self.slots - 1
    }

    fn cte(&mut self, cte: &ast::Cte, recursive: bool, scope: usize) -> Result<CteBinding> {
        let name = names::fold(&cte.alias.name);
        if self.ctes.iter().skip(scope).any(|other| other.name == name) {
            let message = format!("WITH query name \"{name}\" specified more than once");
            return Err(SqlError::new("42712", message));
        }
        if recursive && mentions(&cte.query, &name) {
            return match recursive_parts(&cte.query, &name) {
                Ok(parts) => self.recursive_cte(cte, name, parts),
                // The name may only be a column's; if it is the query's, the form is wrong.
                Err(form) => self.plain_cte(cte, name).map_err(|error| match error.code {
                    "42P01" => form,
                    _ => error,
                }),
            };
        }
        self.plain_cte(cte, name)
    }

    fn plain_cte(&mut self, cte: &ast::Cte, name: String) -> Result<CteBinding> {
        let before = std::mem::replace(&mut self.volatile, false);
        let relation = self.query(&cte.query, None);
        let volatile = std::mem::replace(&mut self.volatile, before);
        self.volatile |= volatile;
        let relation = relation?.without_locks()?;
        let columns = renamed(&name, &relation.columns, &cte.alias)?;
        let slot = self.new_slot();
        let keep =
            volatile || matches!(cte.materialized, Some(ast::CteAsMaterialized::Materialized));
        let plan = Some(CtePlan {
            slot,
            name: name.clone(),
            plan: relation.plan,
            keep,
        });
        Ok(CteBinding {
            name,
            slot,
            columns,
            plan,
            first: false,
            used: false,
        })
    }

    fn recursive_cte(
        &mut self,
        cte: &ast::Cte,
        name: String,
        (left, right, all): (&SetExpr, &SetExpr, bool),
    ) -> Result<CteBinding> {
        let with = usize::from(cte.query.with.is_some());
        if let Some(with) = &cte.query.with {
            self.push_ctes(with)?;
        }
        let base = self.operand(left)?;
        let base = self.settle_outputs(base, Unknowns::Text)?;
        let columns = renamed(&name, &base.columns, &cte.alias)?;
        let work = self.new_slot();
        let binding = CteBinding {
            name: name.clone(),
            slot: work,
            columns: columns.clone(),
            plan: None,
            first: false,
            used: false,
        };
        self.ctes.push(binding);
        let step = self.operand(right);
        let used = self.ctes.pop().is_some_and(|binding| binding.used);
        let step = step?;
        if step.columns.len() != base.columns.len() {
            return Err(SqlError::syntax(
                "each UNION query must have the same number of columns",
            ));
        }
        let step = self.recursive_step(&name, &base.columns, step)?;
        let width = columns.len();
        let plan = match used {
            true => Plan::Recursive(Box::new(Recursive {
                slot: work,
                base: base.plan,
                step,
                distinct: !all,
                width,
            })),
            false => Plan::SetOp {
                op: SetOp::Union,
                all,
                left: Box::new(base.plan),
                right: Box::new(step),
            },
        };
        let plan = self.pop_ctes(with, plan);
        let slot = self.new_slot();
        let plan = Some(CtePlan {
            slot,
            name: name.clone(),
            plan,
            keep: true,
        });
        Ok(CteBinding {
            name,
            slot,
            columns,
            plan,
            first: false,
            used: false,
        })
    }

    /// The recursive term must give the types of the first one.
    fn recursive_step(
        &mut self,
        name: &str,
        base: &[OutputColumn],
        step: Relation,
    ) -> Result<Plan> {
        for (index, (base, step)) in base.iter().zip(&step.columns).enumerate() {
            let pair = [base.ty.clone(), step.ty.clone()];
            let common = super::coerce::common_column_type("UNION", &pair)?;
            if common.ty != base.ty.ty {
                return Err(SqlError::new(
                    "42804",
                    format!(
                        "recursive query \"{name}\" column {} has type {} in non-recursive term but type {} overall",
                        index + 1,
                        base.ty,
                        common.ty
                    ),
                )
                .with_hint("Cast the output of the non-recursive term to the correct type."));
            }
        }
        let types: Vec<ColumnType> = base.iter().map(|column| column.ty.clone()).collect();
        self.cast_outputs(step, &types)
    }
}

/// The two terms of a recursive query.
fn recursive_parts<'e>(
    query: &'e ast::Query,
    name: &str,
) -> Result<(&'e SetExpr, &'e SetExpr, bool)> {
    let mut body = query.body.as_ref();
    while let SetExpr::Query(inner) = body {
        body = inner.body.as_ref();
    }
    if query.order_by.is_some() {
        return Err(SqlError::unsupported(
            "ORDER BY in a recursive query is not implemented",
        ));
    }
    if query.limit_clause.is_some() || query.fetch.is_some() {
        return Err(SqlError::unsupported(
            "LIMIT in a recursive query is not implemented",
        ));
    }
    let SetExpr::SetOperation {
        left,
        op: SetOperator::Union,
        set_quantifier,
        right,
    } = body
    else {
        let message = format!(
            "recursive query \"{name}\" does not have the form non-recursive-term UNION [ALL] recursive-term"
        );
        return Err(SqlError::new("42P19", message));
    };
    if body_mentions(left, name) {
        let message = format!(
            "recursive reference to query \"{name}\" must not appear within its non-recursive term"
        );
        return Err(SqlError::new("42P19", message));
    }
    Ok((left, right, matches!(set_quantifier, SetQuantifier::All)))
}

/// The columns under the names of the alias, where it has some.
pub(super) fn renamed(
    name: &str,
    columns: &[OutputColumn],
    alias: &ast::TableAlias,
) -> Result<Vec<(String, ColumnType)>> {
    if alias.columns.len() > columns.len() {
        return Err(SqlError::new(
            "42P10",
            format!(
                "table \"{name}\" has {} columns available but {} columns specified",
                columns.len(),
                alias.columns.len()
            ),
        ));
    }
    let given = alias
        .columns
        .iter()
        .map(|column| Some(names::fold(&column.name)));
    let given = given.chain(std::iter::repeat(None));
    let pairs = columns.iter().zip(given);
    Ok(pairs
        .map(|(column, given)| {
            (
                given.unwrap_or_else(|| column.name.clone()),
                column.ty.clone(),
            )
        })
        .collect())
}

/// Whether a query reads a relation of this name anywhere.
fn mentions(query: &ast::Query, name: &str) -> bool {
    names_read(query).any(|read| read == name)
}

fn body_mentions(body: &SetExpr, name: &str) -> bool {
    words(&body.to_string()).any(|word| word == name)
}

fn names_read(query: &ast::Query) -> impl Iterator<Item = String> {
    words(&query.to_string())
}

/// The identifiers of a statement's text: more than the relations it reads, never fewer.
fn words(text: &str) -> std::vec::IntoIter<String> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(|c: char| c.is_alphabetic() || c == '_' || c == '"' || c == '\'')
    {
        rest = rest.get(at..).unwrap_or_default();
        let quote = rest.chars().next().filter(|c| *c == '"' || *c == '\'');
        let (word, after) = match quote {
            Some(quote) => {
                let inner = rest.get(1..).unwrap_or_default();
                let end = inner.find(quote).unwrap_or(inner.len());
                (inner.get(..end), inner.get(end + 1..))
            }
            None => {
                let end = rest
                    .find(|c: char| !c.is_alphanumeric() && c != '_' && c != '$')
                    .unwrap_or(rest.len());
                (rest.get(..end), rest.get(end..))
            }
        };
        match (quote, word) {
            (Some('"'), Some(word)) => found.push(word.to_owned()),
            (None, Some(word)) => found.push(word.to_lowercase()),
            _ => {}
        }
        rest = after.unwrap_or_default();
    }
    found.into_iter()
}
