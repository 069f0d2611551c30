//! Changes of Redis databases through `redis.strings` and `redis.hashes`.
//!
//! A change is a query for the records it concerns and their new values; each row of it
//! becomes one op, the same that the redis door would write.

use bytes::Bytes;
use sqlparser::ast;
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::parser::Parser;
use stele_core::op::{Condition, Expiry, Op, Reply};
use stele_core::record::Key;
use stele_core::record::value::{ColumnType, Type, Value};
use stele_core::txn::{LockMode, LockWait};

use super::target::{column_ident, is_default};
use super::update::relation;
use super::{Changed, Changes};
use crate::error::SqlError;
use crate::sql::bind::{self, BindContext, BoundQuery, ParamTypes, names};
use crate::sql::execute::{self, Row};

/// How often rows are looked for again when others changed while they were locked.
const LOOKS_MAX: usize = 16;

/// A bound change of a keyspace.
#[derive(Debug)]
pub struct KeyspaceChange {
    view: View,
    action: Action,
    /// Rows of the view's columns.
    query: BoundQuery,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum View {
    Strings,
    Hashes,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    Insert(OnThere),
    Update,
    Delete,
}

/// What an INSERT does about a record that is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum OnThere {
    Refuse,
    Skip,
    Replace,
}

impl View {
    fn name(self) -> &'static str {
        match self {
            Self::Strings => "strings",
            Self::Hashes => "hashes",
        }
    }

    fn of(name: &ast::ObjectName) -> Result<Option<Self>, SqlError> {
        let qualified = names::qualified(name)?;
        if qualified.schema.as_deref() != Some("redis") {
            return Ok(None);
        }
        match qualified.name.as_str() {
            "strings" => Ok(Some(Self::Strings)),
            "hashes" => Ok(Some(Self::Hashes)),
            other => Err(SqlError::unsupported(format!(
                "cannot change view \"redis.{other}\""
            ))),
        }
    }

    /// The columns of a query row, in order.
    fn columns(self) -> &'static [&'static str] {
        match self {
            Self::Strings => &["key", "value"],
            Self::Hashes => &["key", "field", "value"],
        }
    }

    fn types(self) -> Vec<(String, ColumnType)> {
        self.columns()
            .iter()
            .map(|name| ((*name).to_owned(), Type::Text.into()))
            .collect()
    }
}

impl KeyspaceChange {
    /// The word of its command tag.
    pub fn word(&self) -> &'static str {
        match self.action {
            Action::Insert(_) => "INSERT 0",
            Action::Update => "UPDATE",
            Action::Delete => "DELETE",
        }
    }

    /// The change an INSERT is, if it is one.
    pub fn of_insert(
        insert: &ast::Insert,
        cx: &BindContext<'_>,
        params: &mut ParamTypes,
    ) -> Result<Option<Self>, SqlError> {
        let ast::TableObject::TableName(name) = &insert.table else {
            return Ok(None);
        };
        let Some(view) = View::of(name)? else {
            return Ok(None);
        };
        refuse_returning(insert.returning.as_ref())?;
        let on_there = on_there(insert.on.as_ref(), view)?;
        let mut positions = Vec::new();
        let types = view.types();
        for name in &insert.columns {
            let name = names::fold(column_ident(name)?);
            let at = view.columns().iter().position(|column| *column == name);
            positions.push(at.ok_or_else(|| no_column(view, &name))?);
        }
        if insert.columns.is_empty() {
            positions = (0..types.len()).collect();
        }
        let Some(source) = &insert.source else {
            return Err(SqlError::new(
                "23502",
                "null value in column \"key\" violates not-null constraint",
            ));
        };
        let targets: Vec<(String, ColumnType)> = positions
            .iter()
            .filter_map(|at| types.get(*at).cloned())
            .collect();
        let bound = bind::bind_insert_source(source, &targets, cx, params)?;
        if bound.columns.len() > targets.len() {
            return Err(SqlError::syntax(
                "INSERT has more expressions than target columns",
            ));
        }
        positions.truncate(bound.columns.len());
        Ok(Some(Self {
            view,
            action: Action::Insert(on_there),
            query: reordered(bound, &positions, types.len()),
        }))
    }

    /// The change an UPDATE is, if it is one.
    pub fn of_update(
        update: &ast::Update,
        cx: &BindContext<'_>,
        params: &mut ParamTypes,
    ) -> Result<Option<Self>, SqlError> {
        let (name, alias) = match relation(&update.table) {
            Ok(found) => found,
            Err(_) => return Ok(None),
        };
        let Some(view) = View::of(name)? else {
            return Ok(None);
        };
        refuse_returning(update.returning.as_ref())?;
        if update.from.is_some() {
            return Err(SqlError::unsupported(
                "UPDATE ... FROM of a keyspace is not supported",
            ));
        }
        let mut items: Vec<String> = view
            .columns()
            .iter()
            .map(|column| format!("\"{column}\""))
            .collect();
        let mut values: Vec<Option<ast::Expr>> = vec![None; items.len()];
        for assignment in &update.assignments {
            let ast::AssignmentTarget::ColumnName(name) = &assignment.target else {
                return Err(SqlError::unsupported("this assignment is not supported"));
            };
            let name = names::fold(column_ident(name)?);
            let at = view
                .columns()
                .iter()
                .position(|column| *column == name)
                .ok_or_else(|| no_column(view, &name))?;
            if name != "value" || is_default(&assignment.value) {
                return Err(SqlError::unsupported(format!(
                    "column \"{name}\" of a keyspace cannot be changed"
                )));
            }
            if let Some(slot) = values.get_mut(at) {
                *slot = Some(assignment.value.clone());
            }
            if let Some(item) = items.get_mut(at) {
                *item = "NULL".to_owned();
            }
        }
        let mut select = template(view, alias.as_deref(), &items)?;
        put_values(&mut select, values);
        put_condition(&mut select, update.selection.clone());
        let query = bind::bind_insert_source(&select, &view.types(), cx, params)?;
        Ok(Some(Self {
            view,
            action: Action::Update,
            query,
        }))
    }

    /// The change a DELETE is, if it is one.
    pub fn of_delete(
        delete: &ast::Delete,
        cx: &BindContext<'_>,
        params: &mut ParamTypes,
    ) -> Result<Option<Self>, SqlError> {
        let Ok((name, alias)) = super::delete::target(delete).and_then(relation) else {
            return Ok(None);
        };
        let Some(view) = View::of(name)? else {
            return Ok(None);
        };
        refuse_returning(delete.returning.as_ref())?;
        if delete.using.is_some() {
            return Err(SqlError::unsupported(
                "DELETE ... USING of a keyspace is not supported",
            ));
        }
        let items: Vec<String> = view
            .columns()
            .iter()
            .map(|column| format!("\"{column}\""))
            .collect();
        let mut select = template(view, alias.as_deref(), &items)?;
        put_condition(&mut select, delete.selection.clone());
        let query = bind::bind_query(&select, cx, params)?;
        Ok(Some(Self {
            view,
            action: Action::Delete,
            query,
        }))
    }
}

impl Changes<'_> {
    /// Carries a change of a keyspace out.
    pub async fn keyspace(&mut self, change: &KeyspaceChange) -> Result<Changed, SqlError> {
        let rows = match change.action {
            Action::Insert(_) => self.keyspace_rows(change).await?,
            Action::Update | Action::Delete => self.locked_rows(change).await?,
        };
        let mut changed = Changed::default();
        for row in rows {
            let record = record(&row, change.view)?;
            self.refuse_table(&record.key)?;
            if self.keyspace_one(change, &record).await? {
                changed.count += 1;
            }
        }
        Ok(changed)
    }

    async fn keyspace_rows(&mut self, change: &KeyspaceChange) -> Result<Vec<Row>, SqlError> {
        let eval = self.eval;
        let view = self.txn.view().await?;
        eval.around.run(eval.params, &view, view.now_ms(), |cx| {
            execute::execute(&change.query, cx)?.collect()
        })
    }

    /// Rows whose records are locked, as they are now: looked for again until nobody else
    /// changes them in between.
    async fn locked_rows(&mut self, change: &KeyspaceChange) -> Result<Vec<Row>, SqlError> {
        let mut held: Vec<Key> = Vec::new();
        for _ in 0..LOOKS_MAX {
            let rows = self.keyspace_rows(change).await?;
            let mut missing = Vec::new();
            for row in &rows {
                let key = record(row, change.view)?.key;
                if !held.contains(&key) && !missing.contains(&key) {
                    missing.push(key);
                }
            }
            if missing.is_empty() {
                return Ok(rows);
            }
            self.txn
                .lock(&missing, LockMode::Exclusive, LockWait::Block)
                .await?;
            held.append(&mut missing);
            self.txn.statement();
        }
        Err(SqlError::new(
            "40001",
            "could not serialize access due to concurrent update",
        ))
    }

    async fn keyspace_one(
        &mut self,
        change: &KeyspaceChange,
        record: &Record,
    ) -> Result<bool, SqlError> {
        let op = match (change.view, change.action) {
            (View::Strings, Action::Delete) => Op::Delete,
            (View::Hashes, Action::Delete) => Op::HashDelete {
                fields: vec![record.field()?],
            },
            (View::Strings, Action::Insert(on_there)) => Op::Set {
                value: record.value()?,
                expiry: Expiry::Clear,
                condition: match on_there {
                    OnThere::Replace => Condition::Always,
                    OnThere::Refuse | OnThere::Skip => Condition::IfAbsent,
                },
                get: false,
            },
            (View::Strings, Action::Update) => Op::Set {
                value: record.value()?,
                expiry: Expiry::Keep,
                condition: Condition::Always,
                get: false,
            },
            (View::Hashes, Action::Insert(OnThere::Refuse | OnThere::Skip)) => {
                Op::HashSetIfAbsent {
                    field: record.field()?,
                    value: record.value()?,
                }
            }
            (View::Hashes, Action::Insert(OnThere::Replace) | Action::Update) => Op::HashSet {
                fields: vec![(record.field()?, record.value()?)],
            },
        };
        let reply = self.txn.write(&record.key, op).await?;
        let reply = reply.map_err(|refusal| SqlError::new("42809", refusal.to_string()))?;
        let is_there = matches!(
            (change.view, &reply),
            (View::Strings, Reply::None) | (View::Hashes, Reply::Int(0))
        );
        match (change.action, is_there) {
            (Action::Insert(OnThere::Refuse), true) => Err(duplicate(change.view, record)),
            (Action::Insert(OnThere::Skip), true) => Ok(false),
            _ => Ok(true),
        }
    }

    /// A key that spells a table's row is changed through the table.
    fn refuse_table(&self, key: &Key) -> Result<(), SqlError> {
        match self.eval.around.catalog.table_of_spelling(&key.bytes) {
            Some((table, _)) => Err(SqlError::new(
                "42809",
                format!(
                    "key \"{}\" is a row of table \"{}\"",
                    String::from_utf8_lossy(&key.bytes),
                    table.name
                ),
            )),
            None => Ok(()),
        }
    }
}

/// What one row of the query says.
struct Record {
    key: Key,
    field: Value,
    value: Value,
}

impl Record {
    fn field(&self) -> Result<Bytes, SqlError> {
        bytes_of(&self.field, "field")
    }

    fn value(&self) -> Result<Bytes, SqlError> {
        bytes_of(&self.value, "value")
    }
}

fn record(row: &[Value], view: View) -> Result<Record, SqlError> {
    let at = |name: &str| {
        let place = view.columns().iter().position(|column| *column == name);
        place
            .and_then(|place| row.get(place))
            .cloned()
            .unwrap_or(Value::Null)
    };
    Ok(Record {
        key: Key::keyspace(0, bytes_of(&at("key"), "key")?),
        field: at("field"),
        value: at("value"),
    })
}

fn bytes_of(value: &Value, column: &str) -> Result<Bytes, SqlError> {
    match value {
        Value::Text(text) => Ok(execute::keyspace::bytes_of(text).into()),
        _ => Err(SqlError::new(
            "23502",
            format!("null value in column \"{column}\" violates not-null constraint"),
        )),
    }
}

fn duplicate(view: View, record: &Record) -> SqlError {
    let key = String::from_utf8_lossy(&record.key.bytes).into_owned();
    let detail = match view {
        View::Strings => format!("Key (key)=({key}) already exists."),
        View::Hashes => format!(
            "Key (key, field)=({key}, {}) already exists.",
            record.field.as_str().unwrap_or_default()
        ),
    };
    let name = view.name();
    SqlError::new(
        "23505",
        format!("duplicate key value violates unique constraint \"{name}_pkey\""),
    )
    .with_detail(detail)
}

fn no_column(view: View, name: &str) -> SqlError {
    SqlError::new(
        "42703",
        format!(
            "column \"{name}\" of relation \"{}\" does not exist",
            view.name()
        ),
    )
}

fn refuse_returning(returning: Option<&Vec<ast::SelectItem>>) -> Result<(), SqlError> {
    match returning {
        Some(_) => Err(SqlError::unsupported(
            "RETURNING from a keyspace is not supported",
        )),
        None => Ok(()),
    }
}

/// ON CONFLICT DO NOTHING, or DO UPDATE SET value = excluded.value.
fn on_there(on: Option<&ast::OnInsert>, view: View) -> Result<OnThere, SqlError> {
    let on = match on {
        None => return Ok(OnThere::Refuse),
        Some(ast::OnInsert::OnConflict(on)) => on,
        Some(_) => return Err(SqlError::syntax("syntax error at or near \"DUPLICATE\"")),
    };
    match &on.action {
        ast::OnConflictAction::DoNothing => Ok(OnThere::Skip),
        ast::OnConflictAction::DoUpdate(update) => {
            let is_plain = update.selection.is_none()
                && update.assignments.len() == 1
                && update.assignments.iter().all(|assignment| {
                    assignment
                        .to_string()
                        .replace(' ', "")
                        .eq_ignore_ascii_case("value=excluded.value")
                });
            match is_plain {
                true => Ok(OnThere::Replace),
                false => Err(SqlError::unsupported(format!(
                    "ON CONFLICT of redis.{} can only be DO NOTHING or DO UPDATE SET value = excluded.value",
                    view.name()
                ))),
            }
        }
    }
}

/// The query's columns in the view's order; columns that were not given are NULL.
pub(super) fn reordered(mut query: BoundQuery, positions: &[usize], width: usize) -> BoundQuery {
    use crate::sql::plan::Plan;
    use stele_core::record::expr::Expr;
    let exprs = (0..width).map(|place| match positions.iter().position(|at| *at == place) {
        Some(from) => {
            let ty = query.columns.get(from).map(|column| column.ty.clone());
            Expr::column(from, ty.unwrap_or_else(|| Type::Text.into()))
        }
        None => Expr::null(),
    });
    let exprs = exprs.collect();
    let input = Box::new(std::mem::replace(&mut query.plan, Plan::OneRow));
    query.plan = Plan::Project { input, exprs };
    query
}

/// `SELECT items FROM redis.view AS alias`, as a syntax tree.
fn template(view: View, alias: Option<&str>, items: &[String]) -> Result<ast::Query, SqlError> {
    let alias = alias.unwrap_or(view.name()).replace('"', "\"\"");
    let text = format!(
        "SELECT {} FROM redis.{} AS \"{alias}\"",
        items.join(", "),
        view.name()
    );
    let dialect = PostgreSqlDialect {};
    let parsed = Parser::new(&dialect)
        .try_with_sql(&text)
        .and_then(|mut parser| parser.parse_query());
    parsed
        .map(|query| *query)
        .map_err(|error| SqlError::internal(error.to_string()))
}

fn put_values(query: &mut ast::Query, values: Vec<Option<ast::Expr>>) {
    if let ast::SetExpr::Select(select) = &mut *query.body {
        for (item, value) in select.projection.iter_mut().zip(values) {
            if let Some(value) = value {
                *item = ast::SelectItem::UnnamedExpr(value);
            }
        }
    }
}

fn put_condition(query: &mut ast::Query, condition: Option<ast::Expr>) {
    if let ast::SetExpr::Select(select) = &mut *query.body {
        select.selection = condition;
    }
}
