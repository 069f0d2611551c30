//! SELECT: from the clauses to a plan.
//!
//! ```text
//!   FROM -> WHERE -> groups and aggregates -> HAVING -> windows -> set-returning functions
//!        -> outputs (and what else ORDER BY needs) -> DISTINCT -> ORDER BY -> LIMIT
//! ```

use sqlparser::ast::{self, Distinct};
use stele_core::record::expr::Expr;

use super::assembly::{Assembly, Distinctness};
use super::order::Ordering;
use super::output::Target;
use super::query::{Relation, Tail, Unknowns, limited};
use super::scope::{Binder, Clause};
use super::window::NamedWindow;
use super::{Locks, names};
use crate::error::{Result, SqlError};
use crate::sql::plan::{Plan, SortKey};

impl Binder<'_> {
    pub(super) fn select(
        &mut self,
        select: &ast::Select,
        tail: &Tail<'_>,
        unknowns: Unknowns<'_>,
    ) -> Result<Relation> {
        refuse_foreign(select)?;
        self.push_level(false);
        let bound = self.select_clauses(select, tail, unknowns);
        self.pop_level();
        bound
    }

    /// `TABLE t`: every column.
    pub(super) fn select_all(
        &mut self,
        name: &ast::ObjectName,
        tail: &Tail<'_>,
        unknowns: Unknowns<'_>,
    ) -> Result<Relation> {
        let sql = format!("SELECT * FROM {name}");
        let dialect = sqlparser::dialect::PostgreSqlDialect {};
        let parsed = sqlparser::parser::Parser::new(&dialect)
            .try_with_sql(&sql)
            .and_then(|mut parser| parser.parse_query());
        match parsed.map(|query| *query.body) {
            Ok(ast::SetExpr::Select(select)) => self.select(&select, tail, unknowns),
            _ => Err(SqlError::syntax("syntax error at or near \"table\"")),
        }
    }

    fn select_clauses(
        &mut self,
        select: &ast::Select,
        tail: &Tail<'_>,
        unknowns: Unknowns<'_>,
    ) -> Result<Relation> {
        let mut plan = self.from_after(Plan::OneRow, &select.from)?;
        self.declare_windows(&select.named_window)?;
        let mut targets = self.targets(&select.projection, unknowns)?;
        if let Some(condition) = &select.selection {
            let predicate = self.condition(condition, Clause::Where)?;
            plan = Plan::Filter {
                input: Box::new(plan),
                predicate,
            };
        }
        let mut grouping = self.group_by(&select.group_by, &targets)?;
        let having = match &select.having {
            Some(having) => Some(self.condition(having, Clause::Having)?),
            None => None,
        };
        let visible = targets.len();
        let mut ordering = self.order_by(tail.order, &mut targets, visible)?;
        let distinct = self.distinct(
            select.distinct.as_ref(),
            &mut targets,
            visible,
            &mut ordering,
        )?;
        let (limit, offset) = self.limits(tail)?;
        let locks = self.locks(select, tail, &grouping, &mut targets)?;
        let ties = match tail.fetch {
            Some(fetch) if fetch.with_ties && ordering.keys.is_empty() => {
                return Err(SqlError::syntax(
                    "WITH TIES cannot be specified without ORDER BY clause",
                ));
            }
            Some(fetch) => fetch.with_ties,
            None => false,
        };
        let level = self.level()?;
        let aside = std::mem::take(&mut level.aside);
        let mut assembly = Assembly {
            plan,
            aside,
            windows_at: Vec::new(),
            sets_at: Vec::new(),
        };
        assembly.group(self, &mut grouping, &mut targets, having)?;
        assembly.windows(&mut targets);
        assembly.sets(&mut targets)?;
        let plan = assembly.outputs(&targets, distinct, &ordering);
        let (plan, locks) = cut(plan, (limit, offset), ties.then_some(ordering.keys), locks);
        let addresses = locks.as_ref().map_or(0, |locks| locks.targets.len());
        let plan = narrowed(plan, &targets, visible, addresses);
        targets.truncate(visible);
        let columns = targets.into_iter().map(Target::output).collect();
        Ok(Relation {
            plan,
            columns,
            locks,
        })
    }

    fn declare_windows(&mut self, windows: &[ast::NamedWindowDefinition]) -> Result<()> {
        for ast::NamedWindowDefinition(name, definition) in windows {
            let name = names::fold(name);
            let spec = match definition {
                ast::NamedWindowExpr::WindowSpec(spec) => spec.clone(),
                ast::NamedWindowExpr::NamedWindow(_) => {
                    return Err(SqlError::syntax("syntax error in WINDOW clause"));
                }
            };
            let level = self.level()?;
            if level.windows.iter().any(|other| other.name == name) {
                return Err(SqlError::new(
                    "42P20",
                    format!("window \"{name}\" is already defined"),
                ));
            }
            level.windows.push(NamedWindow { name, spec });
        }
        Ok(())
    }
}

/// LIMIT above the plan, or beside it when rows are locked one by one.
fn cut(
    plan: Plan,
    (limit, offset): (Option<Expr>, Option<Expr>),
    ties: Option<Vec<SortKey>>,
    locks: Option<Locks>,
) -> (Plan, Option<Locks>) {
    let Some(mut locks) = locks else {
        return (limited(plan, limit, offset, ties), None);
    };
    if let Plan::Limit(limit) = limited(Plan::OneRow, limit, offset, ties) {
        locks.limit = Some(*limit);
    }
    (plan, Some(locks))
}

/// The visible columns and the addresses at the end, without what only ORDER BY needed.
fn narrowed(plan: Plan, targets: &[Target], visible: usize, addresses: usize) -> Plan {
    if targets.len() <= visible + addresses {
        return plan;
    }
    let last = targets.len() - addresses;
    let columns = targets
        .iter()
        .enumerate()
        .filter(|(index, _)| *index < visible || *index >= last);
    let exprs = columns.map(|(index, target)| Expr::column(index, target.expr.column_type()));
    Plan::Project {
        exprs: exprs.collect(),
        input: Box::new(plan),
    }
}

impl Binder<'_> {
    fn distinct(
        &mut self,
        distinct: Option<&Distinct>,
        targets: &mut Vec<Target>,
        visible: usize,
        ordering: &mut Ordering,
    ) -> Result<Distinctness> {
        match distinct {
            None | Some(Distinct::All) => Ok(Distinctness::All),
            Some(Distinct::Distinct) => {
                if ordering
                    .positions
                    .iter()
                    .any(|position| *position >= visible)
                {
                    return Err(SqlError::new(
                        "42P10",
                        "for SELECT DISTINCT, ORDER BY expressions must appear in select list",
                    ));
                }
                Ok(Distinctness::Rows)
            }
            Some(Distinct::On(exprs)) => self.distinct_on(exprs, targets, visible, ordering),
        }
    }

    fn distinct_on(
        &mut self,
        exprs: &[ast::Expr],
        targets: &mut Vec<Target>,
        visible: usize,
        ordering: &mut Ordering,
    ) -> Result<Distinctness> {
        let mut positions = Vec::with_capacity(exprs.len());
        for expr in exprs {
            let position = self.sort_position(expr, targets, visible, "SELECT DISTINCT ON")?;
            if !positions.contains(&position) {
                positions.push(position);
            }
        }
        let leading = ordering.positions.iter().take(positions.len());
        if leading
            .clone()
            .any(|position| !positions.contains(position))
        {
            return Err(SqlError::new(
                "42P10",
                "SELECT DISTINCT ON expressions must match initial ORDER BY expressions",
            ));
        }
        let missing: Vec<usize> = positions
            .iter()
            .copied()
            .filter(|position| !ordering.positions.contains(position))
            .collect();
        for position in missing {
            ordering.push(
                position,
                targets,
                &ast::OrderByOptions {
                    asc: None,
                    nulls_first: None,
                },
            )?;
        }
        let on = positions.into_iter().filter_map(|position| {
            targets
                .get(position)
                .map(|target| Expr::column(position, target.expr.column_type()))
        });
        Ok(Distinctness::On(on.collect()))
    }
}

fn refuse_foreign(select: &ast::Select) -> Result<()> {
    let foreign = [
        (select.top.is_some(), "top"),
        (select.into.is_some(), "into"),
        (select.prewhere.is_some(), "prewhere"),
        (select.qualify.is_some(), "qualify"),
        (!select.lateral_views.is_empty(), "lateral"),
        (!select.connect_by.is_empty(), "connect"),
        (!select.cluster_by.is_empty(), "cluster"),
        (!select.distribute_by.is_empty(), "distribute"),
        (!select.sort_by.is_empty(), "sort"),
        (select.value_table_mode.is_some(), "as"),
        (select.exclude.is_some(), "exclude"),
    ];
    match foreign.iter().find(|(is, _)| *is) {
        Some((_, "into")) => Err(SqlError::unsupported("SELECT INTO is not supported")),
        Some((_, word)) => Err(SqlError::syntax(format!(
            "syntax error at or near \"{word}\""
        ))),
        None => Ok(()),
    }
}
