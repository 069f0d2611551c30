//! FROM: relations, subqueries, functions and joins.

use std::sync::Arc;

use sqlparser::ast::{self, TableFactor, TableWithJoins};
use stele_core::record::expr::Expr;
use stele_core::record::table::Table;

use super::cte::renamed;
use super::join::join_kind;
use super::names;
use super::scope::{Binder, Item, ItemColumn};
use super::search::ItemSearch;
use crate::error::{Result, SqlError};
use crate::sql::execute::keyspace::View;
use crate::sql::execute::stream;
use crate::sql::plan::{Access, Join, JoinKind, Plan, Scan, Searched, Source};
use crate::sql::system;

/// One thing in FROM: its plan, and what it must be given of the rows before it.
pub(super) struct Factor {
    pub plan: Plan,
    pub args: Option<Vec<Expr>>,
}

impl Factor {
    fn plain(plan: Plan) -> Self {
        Self { plan, args: None }
    }
}

impl Binder<'_> {
    /// Binds FROM on the innermost level, after what the level has already.
    #[allow(clippy::wrong_self_convention)] // FROM, the clause
    pub(crate) fn from_after(&mut self, mut plan: Plan, from: &[TableWithJoins]) -> Result<Plan> {
        for item in from {
            plan = self.from_item(plan, item)?;
        }
        Ok(plan)
    }

    /// `a, b JOIN c`: what is before a comma may be used by what is after it, so inner and left
    /// joins continue the tree so far; right and full joins need a tree of their own.
    #[allow(clippy::wrong_self_convention)] // FROM, the clause
    fn from_item(&mut self, before: Plan, item: &TableWithJoins) -> Result<Plan> {
        let start = self.level()?.items.len();
        let continues = item.joins.iter().all(|join| {
            matches!(
                join_kind(&join.join_operator),
                Ok((JoinKind::Inner | JoinKind::Left, _))
            )
        });
        if continues {
            let factor = self.factor(&item.relation)?;
            let plan = self.combine_factor(before, factor, 0)?;
            return self.joins(plan, &item.joins, start, 0);
        }
        let base = before.width();
        let factor = self.factor(&item.relation)?;
        let tree = self.combine_factor(Plan::OneRow, factor, base)?;
        let tree = self.joins(tree, &item.joins, start, base)?;
        Ok(cross(before, tree))
    }

    fn joins(
        &mut self,
        mut plan: Plan,
        joins: &[ast::Join],
        start: usize,
        base: usize,
    ) -> Result<Plan> {
        for join in joins {
            plan = self.join(plan, join, start, base)?;
        }
        Ok(plan)
    }

    fn combine_factor(&mut self, before: Plan, factor: Factor, base: usize) -> Result<Plan> {
        match factor.args {
            None => Ok(cross(before, factor.plan)),
            Some(args) => Ok(Plan::Join(Box::new(Join {
                kind: JoinKind::Inner,
                left: before,
                right: factor.plan,
                args: Some(shifted(args, base)?),
                keys: Vec::new(),
                filter: Vec::new(),
                probe: None,
            }))),
        }
    }

    /// Binds one thing in FROM and declares it.
    pub(super) fn factor(&mut self, factor: &TableFactor) -> Result<Factor> {
        self.nested(|binder| binder.factor_form(factor))
    }

    fn factor_form(&mut self, factor: &TableFactor) -> Result<Factor> {
        match factor {
            TableFactor::Table {
                name,
                alias,
                args: None,
                sample: None,
                with_ordinality: false,
                ..
            } => self.named_relation(name, alias.as_ref()),
            TableFactor::Table {
                name,
                alias,
                args: Some(args),
                with_ordinality,
                ..
            } => self.function_factor(name, &args.args, *with_ordinality, alias.as_ref()),
            TableFactor::Function {
                name,
                args,
                with_ordinality,
                alias,
                ..
            } => self.function_factor(name, args, *with_ordinality, alias.as_ref()),
            TableFactor::UNNEST {
                alias,
                array_exprs,
                with_ordinality,
                with_offset: false,
                ..
            } => self.unnest_factor(array_exprs, *with_ordinality, alias.as_ref()),
            TableFactor::Derived {
                lateral,
                subquery,
                alias,
                sample: None,
            } => self.derived(*lateral, subquery, alias.as_ref()),
            TableFactor::NestedJoin {
                table_with_joins,
                alias,
            } => self.nested_join(table_with_joins, alias.as_ref()),
            TableFactor::Table {
                sample: Some(_), ..
            } => Err(SqlError::unsupported("TABLESAMPLE is not supported")),
            other => Err(SqlError::syntax(format!(
                "syntax error at or near \"{other}\""
            ))),
        }
    }

    fn nested_join(
        &mut self,
        tree: &TableWithJoins,
        alias: Option<&ast::TableAlias>,
    ) -> Result<Factor> {
        let start = self.level()?.items.len();
        let base = self.level()?.width;
        let factor = self.factor(&tree.relation)?;
        let plan = self.combine_factor(Plan::OneRow, factor, base)?;
        let plan = self.joins(plan, &tree.joins, start, base)?;
        if let Some(alias) = alias {
            let items = self.level()?.items.split_off(start);
            let columns = items
                .into_iter()
                .filter(|item| item.bare)
                .flat_map(|item| item.columns);
            let mut columns: Vec<ItemColumn> = columns.collect();
            for (column, given) in columns.iter_mut().zip(&alias.columns) {
                column.name = names::fold(&given.name);
            }
            let mut item = Item::of_columns(&names::fold(&alias.name), Vec::new(), 0);
            item.columns = columns;
            self.declare(item, 0)?;
        }
        Ok(Factor::plain(plan))
    }

    fn derived(
        &mut self,
        lateral: bool,
        query: &ast::Query,
        alias: Option<&ast::TableAlias>,
    ) -> Result<Factor> {
        let Some(alias) = alias else {
            return Err(SqlError::syntax("subquery in FROM must have an alias")
                .with_hint("For example, FROM (SELECT ...) [AS] foo."));
        };
        if lateral {
            self.push_frame();
        }
        // Without LATERAL, what stands before it cannot be seen.
        self.push_level(!lateral);
        let bound = self.query(query, None);
        self.pop_level();
        let args = if lateral {
            self.pop_frame()
        } else {
            Vec::new()
        };
        let relation = bound?.without_locks()?;
        let name = names::fold(&alias.name);
        let columns = renamed(&name, &relation.columns, alias)?;
        let width = relation.plan.width();
        let at = self.level()?.width;
        let mut item = Item::of_columns(&name, columns, at);
        for (column, output) in item.columns.iter_mut().zip(&relation.columns) {
            column.origin = output.origin;
        }
        self.declare(item, width)?;
        let args = (lateral && !args.is_empty()).then_some(args);
        Ok(Factor {
            plan: relation.plan,
            args,
        })
    }

    fn named_relation(
        &mut self,
        name: &ast::ObjectName,
        alias: Option<&ast::TableAlias>,
    ) -> Result<Factor> {
        let qualified = names::qualified(name)?;
        let at = self.level()?.width;
        let shown = alias.map_or_else(|| qualified.name.clone(), |alias| names::fold(&alias.name));
        let (plan, mut item) = match self.cte_scan(&qualified, &shown, at) {
            Some(found) => found,
            None => match self.source(&qualified) {
                Some(Source::Table(table)) => self.table_with_score(&table, &shown),
                Some(source) => self.computed(source, &shown, at),
                None => {
                    let message = format!(
                        "relation \"{}\" does not exist",
                        name.to_string().replace('"', "")
                    );
                    return Err(self.place(SqlError::new("42P01", message), names::span(name)));
                }
            },
        };
        if let Some(alias) = alias {
            rename_columns(&mut item, alias)?;
            item.schema = None;
        }
        let width = plan.width();
        self.declare(item, width)?;
        Ok(Factor::plain(plan))
    }

    fn cte_scan(
        &mut self,
        name: &names::Qualified,
        shown: &str,
        at: usize,
    ) -> Option<(Plan, Item)> {
        if name.schema.is_some() {
            return None;
        }
        let binding = self.use_cte(&name.name)?;
        let plan = Plan::CteScan {
            slot: binding.slot,
            width: binding.columns.len(),
            name: name.name.clone(),
        };
        Some((plan, Item::of_columns(shown, binding.columns.clone(), at)))
    }

    /// The relation a name means; the catalogue comes first, as in PostgreSQL's search path.
    pub(super) fn source(&self, name: &names::Qualified) -> Option<Source> {
        let in_schema = |schema: &str| match schema {
            "public" => self
                .cx
                .catalog
                .table(&name.name)
                .cloned()
                .map(Source::Table)
                .or_else(|| {
                    let stream = self.cx.catalog.stream(&name.name).cloned();
                    stream.map(Source::Stream)
                }),
            "redis" => View::lookup(&name.name).map(Source::Keyspace),
            _ => system::find(schema, &name.name).map(Source::Virtual),
        };
        match &name.schema {
            Some(schema) => in_schema(schema),
            None => {
                let path = self.cx.search_path.iter().map(String::as_str);
                std::iter::once("pg_catalog")
                    .chain(path)
                    .find_map(in_schema)
            }
        }
    }

    /// A scan of a table and its item, not declared yet. Its row is the columns and the address.
    pub(crate) fn table(&mut self, table: &Arc<Table>, alias: &str) -> (Plan, Item) {
        self.table_scan(table, alias, false)
    }

    /// The same, with the score of a search behind the address where there is an index.
    fn table_with_score(&mut self, table: &Arc<Table>, alias: &str) -> (Plan, Item) {
        self.table_scan(table, alias, true)
    }

    fn table_scan(&mut self, table: &Arc<Table>, alias: &str, has_score: bool) -> (Plan, Item) {
        let at = self.scope_width();
        let index = self.cx.catalog.search_of(table.id).cloned();
        let source = match &index {
            None => Source::Table(table.clone()),
            Some(index) => Source::Searched(Searched {
                table: table.clone(),
                index: index.clone(),
                has_score,
            }),
        };
        let (plan, rel) = self.scan(source, alias);
        let mut item = Item::of_table(table, alias, at, true);
        item.search = index.map(|index| ItemSearch {
            index,
            score: has_score.then_some(at + table.columns.len() + 1),
        });
        item.rel = Some(rel);
        item.table = Some(table.clone());
        item.address = Some(at + table.columns.len());
        (plan, item)
    }

    fn computed(&mut self, source: Source, alias: &str, at: usize) -> (Plan, Item) {
        let names: Vec<(String, bool)> = match &source {
            Source::Keyspace(view) => view
                .columns()
                .iter()
                .map(|column| (column.name.to_owned(), column.hidden))
                .collect(),
            Source::Stream(_) => stream::COLUMNS
                .iter()
                .map(|column| (column.name.to_owned(), column.hidden))
                .collect(),
            Source::Virtual(table) => table
                .columns
                .iter()
                .map(|column| (column.name.to_owned(), false))
                .collect(),
            Source::Table(_) | Source::Searched(_) => Vec::new(),
        };
        let oid = match &source {
            Source::Virtual(table) => Some(table.oid),
            Source::Stream(stream) => Some(stream.id.0),
            _ => None,
        };
        let columns = names
            .iter()
            .enumerate()
            .map(|(index, (name, _))| (name.clone(), source.column_type(index)));
        let mut item = Item::of_columns(alias, columns.collect(), at);
        for (index, (column, (_, hidden))) in item.columns.iter_mut().zip(&names).enumerate() {
            column.hidden = *hidden;
            column.origin = oid.map(|oid| (oid, i16::try_from(index + 1).unwrap_or(0)));
        }
        item.oid = oid;
        item.schema = match &source {
            Source::Virtual(table) => Some(table.schema.to_owned()),
            Source::Stream(_) => Some("public".to_owned()),
            _ => Some("redis".to_owned()),
        };
        let (plan, rel) = self.scan(source, alias);
        item.rel = Some(rel);
        (plan, item)
    }

    fn scan(&mut self, source: Source, alias: &str) -> (Plan, usize) {
        let rel = self.rels;
        self.rels += 1;
        let needed = vec![true; source.width()];
        let scan = Scan {
            source,
            rel,
            alias: alias.to_owned(),
            access: Access::Full,
            filter: Vec::new(),
            needed,
        };
        (Plan::Scan(Box::new(scan)), rel)
    }
}

fn rename_columns(item: &mut Item, alias: &ast::TableAlias) -> Result<()> {
    if alias.columns.len() > item.columns.len() {
        return Err(SqlError::new(
            "42P10",
            format!(
                "table \"{}\" has {} columns available but {} columns specified",
                item.name,
                item.columns.len(),
                alias.columns.len()
            ),
        ));
    }
    for (column, given) in item.columns.iter_mut().zip(&alias.columns) {
        column.name = names::fold(&given.name);
    }
    Ok(())
}

/// Both, every row with every row.
pub(super) fn cross(left: Plan, right: Plan) -> Plan {
    if matches!(left, Plan::OneRow) {
        return right;
    }
    Plan::Join(Box::new(Join {
        kind: JoinKind::Inner,
        left,
        right,
        args: None,
        keys: Vec::new(),
        filter: Vec::new(),
        probe: None,
    }))
}

/// Expressions over the level's row, over a tree that starts at column `base` of it.
pub(super) fn shifted(mut exprs: Vec<Expr>, base: usize) -> Result<Vec<Expr>> {
    let mut outside = false;
    for expr in exprs.iter_mut().filter(|_| base > 0) {
        expr.rewrite(&mut |part| {
            if let Expr::Column { index, .. } = part {
                match index.checked_sub(base) {
                    Some(inside) => *index = inside,
                    None => outside = true,
                }
            }
        });
    }
    match outside {
        false => Ok(exprs),
        true => Err(SqlError::unsupported(
            "a LATERAL reference out of a RIGHT or FULL join is not supported",
        )),
    }
}
