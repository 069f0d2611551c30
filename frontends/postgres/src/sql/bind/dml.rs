//! Binding for statements that change rows: expressions over a target row.

use std::sync::Arc;

use sqlparser::ast;
use stele_core::record::expr::Expr;
use stele_core::record::table::Table;
use stele_core::record::value::ColumnType;

use super::scope::{Binder, Clause, Item};
use super::{BindContext, BoundQuery, OutputColumn, ParamTypes};
use crate::error::Result;
use crate::sql::plan::Plan;

/// Binds the expressions of one INSERT, UPDATE or DELETE, or of a CHECK or DEFAULT.
///
/// The row they read is what was declared, in this order: the target's columns and its
/// address ([`RowBinder::target`]); `excluded`'s columns or the FROM items' columns.
pub struct RowBinder<'a> {
    binder: Binder<'a>,
    plan: Plan,
    target: Option<usize>,
    ctes: usize,
}

/// What a [`RowBinder`] made: the rows to change and what its expressions need.
#[derive(Clone, Debug)]
pub struct BoundRow {
    /// The target joined to the FROM items, filtered. Its subplans serve the expressions,
    /// evaluated by an `execute::Evaluator` over this query.
    pub query: BoundQuery,
    /// The target's `Scan::rel`.
    pub rel: usize,
    /// Where the target's address stands in a row; its columns stand before it.
    pub address: usize,
}

impl<'a> RowBinder<'a> {
    /// Nothing declared: expressions without columns.
    pub fn new(cx: &'a BindContext<'a>, params: &'a mut ParamTypes) -> Self {
        let mut binder = Binder::new(cx, params);
        binder.push_level(false);
        Self {
            binder,
            plan: Plan::OneRow,
            target: None,
            ctes: 0,
        }
    }

    /// Declares the WITH clause in front of the statement.
    pub fn with(&mut self, with: &ast::With) -> Result<()> {
        self.ctes += 1;
        self.binder.push_ctes(with)
    }

    /// Declares the table whose rows are changed.
    pub fn target(&mut self, table: &Arc<Table>, alias: Option<&str>) -> Result<()> {
        let (plan, item) = self.binder.table(table, alias.unwrap_or(&table.name));
        self.target = Some(self.binder.rel_count() - 1);
        self.append(plan, item)
    }

    /// Declares `excluded`: the row an INSERT proposed, without an address.
    pub fn excluded(&mut self, table: &Table) -> Result<()> {
        let at = self.binder.scope_width();
        let item = Item::of_table(table, "excluded", at, false);
        self.binder.declare(item, table.columns.len())
    }

    /// Declares what stands after FROM (UPDATE) or USING (DELETE).
    pub fn from(&mut self, from: &[ast::TableWithJoins]) -> Result<()> {
        let before = std::mem::replace(&mut self.plan, Plan::OneRow);
        self.plan = self.binder.from_after(before, from)?;
        Ok(())
    }

    /// Keeps only rows for which the condition holds.
    pub fn filter(&mut self, condition: &ast::Expr) -> Result<()> {
        let predicate = self.binder.condition(condition, Clause::Where)?;
        let input = Box::new(std::mem::replace(&mut self.plan, Plan::OneRow));
        self.plan = Plan::Filter { input, predicate };
        Ok(())
    }

    /// Binds a boolean expression (CHECK, ON CONFLICT ... WHERE). Errors: 42804.
    pub fn condition(&mut self, condition: &ast::Expr) -> Result<Expr> {
        self.binder.condition(condition, Clause::Check)
    }

    /// Binds an expression; one of unknown type becomes `want`, or text.
    pub fn expr(&mut self, expr: &ast::Expr, want: Option<&ColumnType>) -> Result<Expr> {
        let bound = self.binder.expr_in(expr, Clause::Values)?;
        self.binder.settle(bound, want)
    }

    /// Binds a new value for a column, with the cast an assignment makes. Errors: 42804 in
    /// PostgreSQL's words when the types do not fit.
    pub fn assignment(&mut self, expr: &ast::Expr, column: &str, ty: &ColumnType) -> Result<Expr> {
        let bound = self.binder.expr_in(expr, Clause::UpdateSet)?;
        self.binder.assign_to(bound, column, ty)
    }

    /// Binds `(a, b) = (SELECT ...)`: one expression per column.
    pub fn assignment_from_query(
        &mut self,
        query: &ast::Query,
        targets: &[(String, ColumnType)],
    ) -> Result<Vec<Expr>> {
        self.binder.assign_from_query(query, targets)
    }

    /// Binds RETURNING over the declared row.
    pub fn returning(
        &mut self,
        items: &[ast::SelectItem],
    ) -> Result<(Vec<Expr>, Vec<OutputColumn>)> {
        self.binder.returning(items)
    }

    /// Ends the work. Without a target the query has one row without columns.
    pub fn finish(mut self) -> Result<BoundRow> {
        let address = self.target_width().saturating_sub(1);
        let plan = std::mem::replace(&mut self.plan, Plan::OneRow);
        let plan = self.binder.pop_ctes(self.ctes, plan);
        Ok(BoundRow {
            rel: self.target.unwrap_or(0),
            address,
            query: self.binder.finish_plan(plan, Vec::new(), None)?,
        })
    }

    fn target_width(&self) -> usize {
        match self.target {
            Some(_) => self.binder.first_item_width(),
            None => 0,
        }
    }

    fn append(&mut self, plan: Plan, item: Item) -> Result<()> {
        let width = plan.width();
        self.plan = match std::mem::replace(&mut self.plan, Plan::OneRow) {
            Plan::OneRow => plan,
            before => super::from::cross(before, plan),
        };
        self.binder.declare(item, width)
    }
}
