//! Queries: WITH, a body, and the tail of ORDER BY, LIMIT and FOR UPDATE.

use sqlparser::ast::{self, LimitClause, SetExpr};
use stele_core::record::expr::Expr;
use stele_core::record::value::{ColumnType, Type, Value};

use super::scope::{Binder, Clause};
use super::{BoundQuery, COLUMN_COUNT_MAX, Locks, OutputColumn};
use crate::error::{Result, SqlError};
use crate::sql::plan::{Limit, Plan, SortKey};

/// A bound query inside of a statement.
pub(crate) struct Relation {
    /// Its rows: the visible columns, then addresses when there are locks.
    pub plan: Plan,
    /// The visible columns.
    pub columns: Vec<OutputColumn>,
    /// FOR UPDATE and FOR SHARE.
    pub locks: Option<Locks>,
}

impl Relation {
    /// The relation as a part of another query. Errors: 0A000 when it locks rows, which only
    /// the outermost query does here.
    pub fn without_locks(self) -> Result<Self> {
        match self.locks {
            None => Ok(self),
            Some(_) => Err(SqlError::unsupported(
                "FOR UPDATE and FOR SHARE are not supported in subqueries",
            )),
        }
    }
}

/// What a column of unknown type becomes.
#[derive(Clone, Copy)]
pub(crate) enum Unknowns<'t> {
    /// Text, as in every finished result.
    Text,
    /// Still unknown: another operand of UNION may say more.
    Keep,
    /// The type at its place: the target columns of INSERT.
    Want(&'t [ColumnType]),
}

/// What follows a query's body.
#[derive(Default)]
pub(super) struct Tail<'e> {
    pub order: &'e [ast::OrderByExpr],
    pub limit: Option<&'e ast::Expr>,
    pub offset: Option<&'e ast::Expr>,
    pub fetch: Option<&'e ast::Fetch>,
    pub locks: &'e [ast::LockClause],
}

impl Binder<'_> {
    /// Binds a query on the innermost frame.
    pub(crate) fn query(
        &mut self,
        query: &ast::Query,
        want: Option<&[ColumnType]>,
    ) -> Result<Relation> {
        let unknowns = match want {
            Some(types) => Unknowns::Want(types),
            None => Unknowns::Text,
        };
        self.query_keeping(query, unknowns)
    }

    pub(super) fn query_keeping(
        &mut self,
        query: &ast::Query,
        unknowns: Unknowns<'_>,
    ) -> Result<Relation> {
        self.nested(|binder| {
            let tail = tail(query)?;
            let with = usize::from(query.with.is_some());
            let before = binder.ctes.len();
            if let Some(with) = &query.with {
                binder.push_ctes(with)?;
            }
            let bound = binder.body(&query.body, &tail, unknowns);
            match bound {
                Ok(mut relation) => {
                    relation.plan = binder.pop_ctes(with, relation.plan);
                    check_width(&relation)?;
                    Ok(relation)
                }
                Err(error) => {
                    binder.ctes.truncate(before);
                    Err(error)
                }
            }
        })
    }

    fn body(
        &mut self,
        body: &SetExpr,
        tail: &Tail<'_>,
        unknowns: Unknowns<'_>,
    ) -> Result<Relation> {
        let relation = match body {
            SetExpr::Select(select) => return self.select(select, tail, unknowns),
            SetExpr::Values(values) => self.values(values, unknowns)?,
            SetExpr::SetOperation { .. } => self.set_operation(body, unknowns)?,
            SetExpr::Query(inner) => {
                if tail.is_empty() {
                    return self.query_keeping(inner, unknowns);
                }
                self.query_keeping(inner, unknowns)?.without_locks()?
            }
            SetExpr::Table(table) => return self.table_command(table, tail, unknowns),
            SetExpr::Insert(_) | SetExpr::Update(_) | SetExpr::Delete(_) | SetExpr::Merge(_) => {
                return Err(SqlError::unsupported(
                    "statements that change rows are not supported inside of queries",
                ));
            }
        };
        self.order_outputs(relation, tail)
    }

    /// One operand of a set operation.
    pub(super) fn operand(&mut self, body: &SetExpr) -> Result<Relation> {
        self.nested(|binder| {
            binder
                .body(body, &Tail::default(), Unknowns::Keep)?
                .without_locks()
        })
    }

    /// ORDER BY and LIMIT over the outputs of what is not a plain SELECT.
    fn order_outputs(&mut self, relation: Relation, tail: &Tail<'_>) -> Result<Relation> {
        if !tail.locks.is_empty() {
            return Err(SqlError::unsupported(format!(
                "{} is not allowed with UNION/INTERSECT/EXCEPT",
                lock_name(tail.locks)
            )));
        }
        let Relation {
            mut plan, columns, ..
        } = relation;
        if !tail.order.is_empty() {
            let mut keys = Vec::with_capacity(tail.order.len());
            for item in tail.order {
                let index = self.output_position(&item.expr, &columns)?;
                let ty = columns.get(index).map(|column| column.ty.clone());
                let expr = Expr::column(index, ty.unwrap_or_else(|| Type::Text.into()));
                keys.push(super::aggregate::sort_key(expr, &item.options)?);
            }
            plan = Plan::Sort {
                input: Box::new(plan),
                keys,
                top: None,
            };
        }
        self.push_level(true);
        let limits = self.limits(tail);
        self.pop_level();
        let (limit, offset) = limits?;
        let plan = limited(plan, limit, offset, None);
        Ok(Relation {
            plan,
            columns,
            locks: None,
        })
    }

    fn output_position(&mut self, expr: &ast::Expr, columns: &[OutputColumn]) -> Result<usize> {
        if let ast::Expr::Value(value) = expr {
            return super::order::ordinal(&value.value, columns.len(), "ORDER BY");
        }
        if let ast::Expr::Identifier(ident) = expr {
            let name = super::names::fold(ident);
            let mut found = columns
                .iter()
                .enumerate()
                .filter(|(_, column)| column.name == name);
            return match (found.next(), found.next()) {
                (Some((index, _)), None) => Ok(index),
                (Some(_), Some(_)) => Err(SqlError::new(
                    "42702",
                    format!("ORDER BY \"{name}\" is ambiguous"),
                )),
                (None, _) => {
                    let error = SqlError::new("42703", format!("column \"{name}\" does not exist"));
                    Err(self.place(error, ident.span))
                }
            };
        }
        Err(SqlError::unsupported("invalid UNION/INTERSECT/EXCEPT ORDER BY clause")
            .with_detail("Only result column names can be used, not expressions or functions.")
            .with_hint("Add the expression/function to every SELECT, or move the UNION into a FROM clause."))
    }

    /// LIMIT and OFFSET, on the innermost level.
    pub(super) fn limits(&mut self, tail: &Tail<'_>) -> Result<(Option<Expr>, Option<Expr>)> {
        let limit = match (tail.limit, tail.fetch) {
            (Some(limit), _) => Some(self.limit(limit, "LIMIT")?),
            (None, Some(fetch)) => {
                if fetch.percent {
                    return Err(SqlError::syntax("syntax error at or near \"percent\""));
                }
                match &fetch.quantity {
                    Some(quantity) => Some(self.limit(quantity, "LIMIT")?),
                    None => Some(Expr::constant(Value::Int8(1), Type::Int8)),
                }
            }
            (None, None) => None,
        };
        let offset = tail
            .offset
            .map(|offset| self.limit(offset, "OFFSET"))
            .transpose()?;
        Ok((limit, offset))
    }

    fn limit(&mut self, expr: &ast::Expr, what: &str) -> Result<Expr> {
        let bound = self.expr_in(expr, Clause::Limit)?;
        let bound = self.bigint(bound, what)?;
        let mut reads = false;
        bound.walk(&mut |part| reads |= matches!(part, Expr::Column { .. }));
        if reads {
            return Err(SqlError::new(
                "42P10",
                format!("argument of {what} must not contain variables"),
            ));
        }
        Ok(bound)
    }

    /// `TABLE t`.
    fn table_command(
        &mut self,
        table: &ast::Table,
        tail: &Tail<'_>,
        unknowns: Unknowns<'_>,
    ) -> Result<Relation> {
        let Some(name) = &table.table_name else {
            return Err(SqlError::syntax("syntax error at or near \"table\""));
        };
        let schema = table.schema_name.iter();
        let parts = schema
            .chain([name])
            .map(|part| ast::Ident::new(part.clone()));
        let name = ast::ObjectName::from(parts.collect::<Vec<_>>());
        self.select_all(&name, tail, unknowns)
    }

    /// Ends a statement that is a query.
    pub(super) fn finish(self, relation: Relation) -> Result<BoundQuery> {
        self.finish_plan(relation.plan, relation.columns, relation.locks)
    }

    /// Casts a query's columns, by assignment, to the columns of INSERT.
    pub(super) fn assign(
        &mut self,
        relation: Relation,
        targets: &[(String, ColumnType)],
    ) -> Result<Relation> {
        let relation = relation.without_locks()?;
        if relation.columns.len() > targets.len() {
            return Err(SqlError::syntax(
                "INSERT has more expressions than target columns",
            ));
        }
        let mut exprs = Vec::with_capacity(relation.columns.len());
        for (index, (column, (name, ty))) in relation.columns.iter().zip(targets).enumerate() {
            let expr = Expr::column(index, column.ty.clone());
            exprs.push(self.assign_to(expr, name, ty)?);
        }
        let columns = relation
            .columns
            .into_iter()
            .zip(targets)
            .map(|(mut column, (_, ty))| {
                column.ty = ty.clone();
                column
            });
        Ok(Relation {
            columns: columns.collect(),
            plan: Plan::Project {
                input: Box::new(relation.plan),
                exprs,
            },
            locks: None,
        })
    }
}

impl Tail<'_> {
    fn is_empty(&self) -> bool {
        self.order.is_empty()
            && self.limit.is_none()
            && self.offset.is_none()
            && self.fetch.is_none()
            && self.locks.is_empty()
    }
}

/// Takes a query's tail apart. Errors: 42601 for what is another database's syntax.
fn tail(query: &ast::Query) -> Result<Tail<'_>> {
    let foreign = query.for_clause.is_some()
        || query.settings.is_some()
        || query.format_clause.is_some()
        || !query.pipe_operators.is_empty();
    if foreign {
        return Err(SqlError::syntax("syntax error at end of query"));
    }
    let order = match &query.order_by {
        None => &[][..],
        Some(ast::OrderBy {
            kind: ast::OrderByKind::Expressions(order),
            interpolate: None,
        }) => order,
        Some(_) => return Err(SqlError::syntax("syntax error at or near \"order\"")),
    };
    let (limit, offset) = match &query.limit_clause {
        None => (None, None),
        Some(LimitClause::LimitOffset {
            limit,
            offset,
            limit_by,
        }) if limit_by.is_empty() => (limit.as_ref(), offset.as_ref().map(|offset| &offset.value)),
        Some(LimitClause::LimitOffset { .. }) => {
            return Err(SqlError::syntax("syntax error at or near \"by\""));
        }
        Some(LimitClause::OffsetCommaLimit { .. }) => {
            return Err(SqlError::syntax("LIMIT #,# syntax is not supported")
                .with_hint("Use separate LIMIT and OFFSET clauses."));
        }
    };
    Ok(Tail {
        order,
        limit,
        offset,
        fetch: query.fetch.as_ref(),
        locks: &query.locks,
    })
}

fn check_width(relation: &Relation) -> Result<()> {
    if relation.columns.len() > COLUMN_COUNT_MAX {
        let message = format!("target lists can have at most {COLUMN_COUNT_MAX} entries");
        return Err(SqlError::new("54011", message));
    }
    Ok(())
}

/// The plan cut to some of its rows.
pub(super) fn limited(
    input: Plan,
    limit: Option<Expr>,
    offset: Option<Expr>,
    ties: Option<Vec<SortKey>>,
) -> Plan {
    if limit.is_none() && offset.is_none() {
        return input;
    }
    Plan::Limit(Box::new(Limit {
        input,
        limit,
        offset,
        ties,
    }))
}

/// `FOR UPDATE` or `FOR SHARE`, for messages.
pub(super) fn lock_name(locks: &[ast::LockClause]) -> &'static str {
    match locks.first().map(|lock| &lock.lock_type) {
        Some(ast::LockType::Share) => "FOR SHARE",
        _ => "FOR UPDATE",
    }
}
