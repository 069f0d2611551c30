//! Scopes: which names can be seen from where, and how a name found outside gets inside.
//!
//! A *level* is the FROM clause of one query. A *frame* is a plan that is opened anew for
//! each row of another: a subquery in an expression, the right side of a lateral join. A name
//! found on a level of an outer frame becomes an argument of every frame on the way in.

use std::collections::BTreeSet;

use stele_core::record::expr::Expr;
use stele_core::record::table::Table;
use stele_core::record::value::{ColumnType, Type, Value};

use super::cte::CteBinding;
use super::search::ItemSearch;
use super::window::NamedWindow;
use super::{BindContext, BoundQuery, DEPTH_MAX, Locks, OutputColumn, ParamTypes, SubPlan, names};
use crate::error::{Result, SqlError};
use crate::sql::plan::{self, AggregateCall, Plan, SetCall};

/// Positions from here on stand for set-aside calls until the plan is built.
pub(super) const AGGREGATE_AT: usize = 1 << 40;
/// The same for window functions.
pub(super) const WINDOW_AT: usize = 1 << 41;
/// The same for set-returning functions.
pub(super) const SET_AT: usize = 1 << 42;

/// Where an expression stands; decides what may be called in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Clause {
    Select,
    Where,
    JoinOn,
    GroupBy,
    Having,
    OrderBy,
    Limit,
    Values,
    AggregateArgs,
    WindowArgs,
    WindowSpec,
    FunctionInFrom,
    Returning,
    UpdateSet,
    Check,
}

impl Clause {
    /// As PostgreSQL's messages call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Select => "SELECT",
            Self::Where => "WHERE",
            Self::JoinOn => "JOIN conditions",
            Self::GroupBy => "GROUP BY",
            Self::Having => "HAVING",
            Self::OrderBy => "ORDER BY",
            Self::Limit => "LIMIT",
            Self::Values => "VALUES",
            Self::AggregateArgs => "aggregate function calls",
            Self::WindowArgs => "window function calls",
            Self::WindowSpec => "window definitions",
            Self::FunctionInFrom => "functions in FROM",
            Self::Returning => "RETURNING",
            Self::UpdateSet => "UPDATE",
            Self::Check => "check constraints",
        }
    }
}

/// A named thing in FROM.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    /// What it is called; empty when only its columns can be named.
    pub name: String,
    /// The schema it may be qualified with.
    pub schema: Option<String>,
    /// Its columns.
    pub columns: Vec<ItemColumn>,
    /// Whether its columns can be named alone (not those hidden by a join's USING).
    pub bare: bool,
    /// The relation's number, when it is a scan.
    pub rel: Option<usize>,
    /// The table, for FOR UPDATE and functional dependency.
    pub table: Option<std::sync::Arc<Table>>,
    /// `tableoid`.
    pub oid: Option<u32>,
    /// Where the record's address stands in the level's row.
    pub address: Option<usize>,
    /// A function in FROM.
    pub is_function: bool,
    /// The table's full-text index.
    pub search: Option<ItemSearch>,
}

/// A column that can be named.
#[derive(Clone, Debug)]
pub(crate) struct ItemColumn {
    /// Its name.
    pub name: String,
    /// What it is over the level's row.
    pub expr: Expr,
    /// Where it comes from unchanged.
    pub origin: Option<(u32, i16)>,
    /// Can be named, but is not part of `*`.
    pub hidden: bool,
}

/// What expressions of a level called that is not an expression.
#[derive(Default)]
pub(crate) struct SetAside {
    pub aggregates: Vec<AggregateCall>,
    pub windows: Vec<super::window::BoundWindow>,
    pub sets: Vec<SetCall>,
    /// GROUPING(...) was called: positions in the aggregate list mark them.
    pub groupings: Vec<Vec<Expr>>,
}

/// One query's scope.
pub(crate) struct Level {
    pub frame: usize,
    /// Levels further out in the same frame cannot be seen from here.
    pub barrier: bool,
    pub items: Vec<Item>,
    /// Items before this one cannot be seen now (JOIN ... ON).
    pub visible_from: usize,
    /// Columns of the FROM clause so far.
    pub width: usize,
    pub clause: Clause,
    pub aside: SetAside,
    pub windows: Vec<NamedWindow>,
}

/// A plan opened for each row of another.
pub(crate) struct Frame {
    /// The level whose rows it is opened for.
    pub opener: usize,
    /// What it is given of each, over that level's row.
    pub args: Vec<Expr>,
}

/// The state of binding one statement.
pub(crate) struct Binder<'a> {
    pub cx: &'a BindContext<'a>,
    pub params: &'a mut ParamTypes,
    pub levels: Vec<Level>,
    pub frames: Vec<Frame>,
    pub ctes: Vec<CteBinding>,
    pub subplans: Vec<SubPlan>,
    pub rels: usize,
    pub slots: usize,
    pub volatile: bool,
    pub depth: usize,
    /// Relations whose score is asked for.
    pub scored: BTreeSet<usize>,
}

impl<'a> Binder<'a> {
    pub fn new(cx: &'a BindContext<'a>, params: &'a mut ParamTypes) -> Self {
        Self {
            cx,
            params,
            levels: Vec::new(),
            frames: vec![Frame {
                opener: 0,
                args: Vec::new(),
            }],
            ctes: Vec::new(),
            subplans: Vec::new(),
            rels: 0,
            slots: 0,
            volatile: false,
            depth: 0,
            scored: BTreeSet::new(),
        }
    }

    /// Does `work` one level deeper. Errors: 54001 past the limit.
    pub fn nested<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        if self.depth >= DEPTH_MAX {
            return Err(SqlError::too_complex());
        }
        self.depth += 1;
        let done = work(self);
        self.depth -= 1;
        done
    }

    pub fn push_level(&mut self, barrier: bool) {
        self.levels.push(Level {
            frame: self.frames.len() - 1,
            barrier,
            items: Vec::new(),
            visible_from: 0,
            width: 0,
            clause: Clause::Select,
            aside: SetAside::default(),
            windows: Vec::new(),
        });
    }

    pub fn pop_level(&mut self) -> Option<Level> {
        self.levels.pop()
    }

    /// The innermost level. Errors: XX000 when there is none, which is a bug.
    pub fn level(&mut self) -> Result<&mut Level> {
        let none = || SqlError::internal("an expression was bound outside of any query");
        self.levels.last_mut().ok_or_else(none)
    }

    pub fn push_frame(&mut self) {
        let opener = self.levels.len().saturating_sub(1);
        self.frames.push(Frame {
            opener,
            args: Vec::new(),
        });
    }

    /// Ends the innermost frame: what it must be given.
    pub fn pop_frame(&mut self) -> Vec<Expr> {
        self.frames
            .pop()
            .map(|frame| frame.args)
            .unwrap_or_default()
    }

    /// Does `work` with the innermost level in this clause.
    pub fn in_clause<T>(
        &mut self,
        clause: Clause,
        work: impl FnOnce(&mut Self) -> Result<T>,
    ) -> Result<T> {
        let before = std::mem::replace(&mut self.level()?.clause, clause);
        let done = work(self);
        self.level()?.clause = before;
        done
    }

    /// Adds an item with `width` columns to the innermost level.
    pub fn declare(&mut self, item: Item, width: usize) -> Result<()> {
        let level = self.level()?;
        level.width += width;
        if !item.name.is_empty() && level.items.iter().any(|other| other.name == item.name) {
            let message = format!("table name \"{}\" specified more than once", item.name);
            return Err(SqlError::new("42712", message));
        }
        level.items.push(item);
        Ok(())
    }

    pub fn scope_width(&self) -> usize {
        self.levels.last().map_or(0, |level| level.width)
    }

    pub fn first_item_width(&self) -> usize {
        let item = self.levels.last().and_then(|level| level.items.first());
        item.map_or(0, |item| item.columns.len() + 1)
    }

    pub fn rel_count(&self) -> usize {
        self.rels
    }

    /// A column by name alone, or a whole row by its item's name.
    pub fn bare_column(&mut self, name: &str) -> Result<Option<Expr>> {
        for at in self.visible_levels() {
            let Some(level) = self.levels.get(at) else {
                continue;
            };
            let items = level
                .items
                .iter()
                .skip(level.visible_from)
                .filter(|item| item.bare);
            let mut found = items
                .flat_map(|item| item.columns.iter())
                .filter(|column| column.name == name);
            if let Some(column) = found.next() {
                if found.next().is_some() {
                    let message = format!("column reference \"{name}\" is ambiguous");
                    return Err(SqlError::new("42702", message));
                }
                let (expr, frame) = (column.expr.clone(), level.frame);
                return Ok(Some(self.lift(expr, frame)));
            }
        }
        Ok(None)
    }

    /// The item a qualifier names, and its level's frame.
    pub fn item(&self, schema: Option<&str>, name: &str) -> Result<(&Item, usize)> {
        for at in self.visible_levels() {
            let Some(level) = self.levels.get(at) else {
                continue;
            };
            let items = level.items.iter().skip(level.visible_from);
            let mut found = items.filter(|item| {
                item.name == name && (schema.is_none() || item.schema.as_deref() == schema)
            });
            if let Some(item) = found.next() {
                return Ok((item, level.frame));
            }
        }
        let renamed = self
            .levels
            .iter()
            .flat_map(|level| &level.items)
            .find(|item| {
                item.table.as_ref().is_some_and(|table| table.name == name) && item.name != name
            });
        if let Some(item) = renamed {
            let message = format!("invalid reference to FROM-clause entry for table \"{name}\"");
            let hint = format!(
                "Perhaps you meant to reference the table alias \"{}\".",
                item.name
            );
            return Err(SqlError::new("42P01", message).with_hint(hint));
        }
        let exists = |level: &Level| level.items.iter().any(|item| item.name == name);
        if self.levels.iter().any(exists) {
            let message = format!("invalid reference to FROM-clause entry for table \"{name}\"");
            return Err(SqlError::new("42P01", message).with_hint(format!(
                "There is an entry for table \"{name}\", but it cannot be referenced from this part of the query."
            )));
        }
        let message = format!("missing FROM-clause entry for table \"{name}\"");
        Err(SqlError::new("42P01", message))
    }

    /// A column of a named item.
    pub fn qualified_column(
        &mut self,
        schema: Option<&str>,
        table: &str,
        name: &str,
    ) -> Result<Expr> {
        let (item, frame) = self.item(schema, table)?;
        let mut found = item.columns.iter().filter(|column| column.name == name);
        if let Some(column) = found.next() {
            if found.next().is_some() {
                let message = format!("column reference \"{name}\" is ambiguous");
                return Err(SqlError::new("42702", message));
            }
            let expr = column.expr.clone();
            return Ok(self.lift(expr, frame));
        }
        if let (Some(oid), "tableoid") = (item.oid, name) {
            return Ok(Expr::constant(Value::Oid(oid), Type::Oid));
        }
        Err(SqlError::new(
            "42703",
            format!("column {table}.{name} does not exist"),
        ))
    }

    /// Levels from the innermost outwards, as far as they can be seen.
    fn visible_levels(&self) -> Vec<usize> {
        let mut visible = Vec::new();
        let mut closed_frame = None;
        for (at, level) in self.levels.iter().enumerate().rev() {
            if closed_frame == Some(level.frame) {
                continue;
            }
            visible.push(at);
            if level.barrier {
                closed_frame = Some(level.frame);
            }
        }
        visible
    }

    /// Brings an expression of a frame into the innermost one.
    pub fn lift(&mut self, mut expr: Expr, frame: usize) -> Expr {
        for inner in self.frames.iter_mut().skip(frame + 1) {
            let ty = expr.column_type();
            let index = match inner.args.iter().position(|arg| *arg == expr) {
                Some(index) => index,
                None => {
                    inner.args.push(expr);
                    inner.args.len() - 1
                }
            };
            expr = Expr::Outer {
                depth: 0,
                index,
                ty,
            };
        }
        expr
    }

    /// Ends a statement that is a plan and visible columns.
    pub fn finish_plan(
        self,
        plan: Plan,
        columns: Vec<OutputColumn>,
        locks: Option<Locks>,
    ) -> Result<BoundQuery> {
        let mut query = BoundQuery {
            plan,
            subplans: self.subplans,
            columns,
            locks,
            point: None,
            rel_count: self.rels,
            volatile: self.volatile,
            searches: Vec::new(),
        };
        plan::optimize(&mut query);
        query.searches = plan::search::check(&mut query, &self.scored)?;
        query.point = plan::point_get(&query);
        Ok(query)
    }

    /// An error with its place in the statement.
    pub fn place(&self, error: SqlError, span: sqlparser::tokenizer::Span) -> SqlError {
        match names::position(self.cx.source, span) {
            Some(position) => error.at(position),
            None => error,
        }
    }
}

impl Item {
    /// A table's item; `rel` scans have the record's address after the columns.
    pub fn of_table(table: &Table, alias: &str, at: usize, is_scan: bool) -> Self {
        let oid = table.id.0;
        let columns = table
            .columns
            .iter()
            .enumerate()
            .map(|(index, column)| ItemColumn {
                name: column.name.clone(),
                expr: Expr::column(at + index, column.ty.clone()),
                origin: is_scan.then(|| (oid, i16::try_from(index + 1).unwrap_or(0))),
                hidden: false,
            });
        Self {
            name: alias.to_owned(),
            schema: (alias == table.name).then(|| "public".to_owned()),
            columns: columns.collect(),
            bare: is_scan || alias != "excluded",
            rel: None,
            table: None,
            oid: is_scan.then_some(oid),
            address: None,
            is_function: false,
            search: None,
        }
    }

    /// An item of columns that stand side by side in the row.
    pub fn of_columns(alias: &str, columns: Vec<(String, ColumnType)>, at: usize) -> Self {
        let columns = columns
            .into_iter()
            .enumerate()
            .map(|(index, (name, ty))| ItemColumn {
                name,
                expr: Expr::column(at + index, ty),
                origin: None,
                hidden: false,
            });
        Self {
            name: alias.to_owned(),
            schema: None,
            columns: columns.collect(),
            bare: true,
            rel: None,
            table: None,
            oid: None,
            address: None,
            is_function: false,
            search: None,
        }
    }
}
