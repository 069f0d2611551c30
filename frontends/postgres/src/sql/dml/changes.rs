//! Carrying out INSERT, UPDATE and DELETE over a transaction.

use std::collections::HashSet;
use std::sync::Arc;

use stele_core::Database;
use stele_core::record::expr::Expr;
use stele_core::record::rows::{NoRows, Rows};
use stele_core::record::table::{Column, Table};
use stele_core::record::value::{Type, Value};
use stele_core::record::{CollectionId, Key, Stamp, head};
use stele_core::txn::{Isolation, LockMode, LockWait, RowRecord, Txn};

use super::conflict::{Arbiter, Conflict, DoUpdate};
use super::insert::{Cell, Insert, Source};
use super::target::refused;
use super::update::Assignment;
use super::{Delete, Returning, Update};
use crate::error::SqlError;
use crate::session::Surroundings;
use crate::sql::bind::{BoundQuery, BoundRow};
use crate::sql::execute::{self, Evaluator, ExecContext, Row, address};
use crate::wire::stack::aside;

/// What a statement changed.
#[derive(Debug, Default)]
pub struct Changed {
    /// How many rows.
    pub count: usize,
    /// RETURNING's rows.
    pub returned: Vec<Row>,
}

/// One statement at work.
pub struct Changes<'a> {
    /// The transaction.
    pub txn: &'a mut Txn,
    /// For sequences.
    pub db: &'a Database,
    /// What expressions need.
    pub eval: Eval<'a>,
}

/// What expressions need: the surroundings and the parameters.
#[derive(Clone, Copy)]
pub struct Eval<'a> {
    /// The statement's surroundings.
    pub around: &'a Surroundings,
    /// Its parameters.
    pub params: &'a [Value],
}

/// A row that was found, and its version then.
struct Found {
    key: Key,
    stamp: Option<Stamp>,
    row: Row,
}

type Evaluate<'e> = &'e dyn Fn(&Expr, &[Value]) -> Result<Value, SqlError>;

impl Eval<'_> {
    /// Calls `work` with a way to evaluate expressions bound together with `query`.
    pub fn over<T>(
        &self,
        query: &BoundQuery,
        rows: &dyn Rows,
        now_ms: u64,
        work: impl FnOnce(Evaluate<'_>) -> Result<T, SqlError>,
    ) -> Result<T, SqlError> {
        if query.subplans.is_empty() {
            let cx = self.around.eval(self.params);
            return work(&|expr, row| Ok(expr.eval(row, &cx)?));
        }
        self.around.run(self.params, rows, now_ms, |cx| {
            let evaluator = Evaluator::new(query, cx);
            work(&|expr, row| evaluator.eval(expr, row))
        })
    }
}

impl Changes<'_> {
    /// INSERT.
    pub async fn insert(&mut self, insert: &Insert) -> Result<Changed, SqlError> {
        self.txn.use_table(&insert.table).await.map_err(refused)?;
        let rows = self.source(insert).await?;
        let mut changed = Changed::default();
        let mut touched = HashSet::new();
        for row in rows {
            let fields = self.complete(insert, row).await?;
            self.insert_one(insert, fields, &mut touched, &mut changed)
                .await?;
        }
        Ok(changed)
    }

    /// The rows an INSERT proposes; `None` stands for a default.
    async fn source(&mut self, insert: &Insert) -> Result<Vec<Vec<Option<Value>>>, SqlError> {
        match &insert.source {
            Source::Defaults => Ok(vec![Vec::new()]),
            Source::Values(rows, scope) if scope.query.subplans.is_empty() => {
                self.eval
                    .over(&scope.query, &NoRows, 0, |evaluate| cells(rows, evaluate))
            }
            Source::Values(rows, scope) => {
                let view = self.txn.view().await?;
                self.eval
                    .over(&scope.query, &view, view.now_ms(), |evaluate| {
                        cells(rows, evaluate)
                    })
            }
            Source::Query(query) => {
                let view = self.txn.view().await?;
                self.eval
                    .around
                    .run(self.eval.params, &view, view.now_ms(), |cx| {
                        let rows = execute::execute(query, cx)?;
                        rows.map(|row| Ok(row?.into_iter().map(Some).collect()))
                            .collect()
                    })
            }
        }
    }

    /// The whole row: given values in their places, defaults in the others.
    async fn complete(
        &mut self,
        insert: &Insert,
        mut row: Vec<Option<Value>>,
    ) -> Result<Row, SqlError> {
        let mut fields = Vec::with_capacity(insert.table.columns.len());
        for (column, given) in insert.table.columns.iter().zip(&insert.given) {
            let value = given.and_then(|at| row.get_mut(at)).and_then(Option::take);
            fields.push(match value {
                Some(value) => value,
                None => self.default(column).await?,
            });
        }
        Ok(fields)
    }

    /// A whole row from values for these positions, in order; the others get their defaults.
    pub async fn placed(
        &mut self,
        table: &Table,
        positions: &[usize],
        values: Row,
    ) -> Result<Row, SqlError> {
        let mut given: Vec<Option<Value>> = vec![None; table.columns.len()];
        for (position, value) in positions.iter().zip(values) {
            if let Some(slot) = given.get_mut(*position) {
                *slot = Some(value);
            }
        }
        let mut row = Vec::with_capacity(given.len());
        for (column, value) in table.columns.iter().zip(given) {
            row.push(match value {
                Some(value) => value,
                None => self.default(column).await?,
            });
        }
        Ok(row)
    }

    /// The value of a column that was not given one.
    pub async fn default(&mut self, column: &Column) -> Result<Value, SqlError> {
        if let Some(sequence) = column.sequence {
            let value = self.next_value(sequence).await?;
            return number(value, &column.ty.ty);
        }
        match &column.default {
            Some(default) => Ok(default.eval(&[], &self.eval.around.eval(self.eval.params))?),
            None => Ok(Value::Null),
        }
    }

    async fn next_value(&mut self, id: CollectionId) -> Result<i64, SqlError> {
        let value = match self.db.catalog().sequence_by_id(id) {
            Some(_) => self.db.next_value(id).await.map_err(end_of_sequence)?,
            // Created by this very transaction: nobody else can use it yet.
            None => super::super::ddl::next_of_new(self.txn, id).await?,
        };
        self.eval.around.currents.lock().took(id.0, value);
        Ok(value)
    }

    async fn insert_one(
        &mut self,
        insert: &Insert,
        fields: Row,
        touched: &mut HashSet<Key>,
        changed: &mut Changed,
    ) -> Result<(), SqlError> {
        if let Some(conflict) = &insert.conflict
            && let Some(old) = self.conflicting(&insert.table, conflict, &fields).await?
        {
            return match &conflict.update {
                None => Ok(()),
                Some(update) => {
                    self.update_conflicting(insert, update, old, fields, touched, changed)
                        .await
                }
            };
        }
        let kept = insert.returning.as_ref().map(|_| fields.clone());
        let key = self
            .txn
            .insert_row(&insert.table, fields)
            .await
            .map_err(refused)
            .map_err(|error| self.unseen(insert, error))?;
        if insert.conflict.is_some() {
            touched.insert(key.clone());
        }
        changed.count += 1;
        if let (Some(returning), Some(mut row)) = (&insert.returning, kept) {
            row.push(address::of(&key));
            self.give_back(returning, &insert.scope, row, changed)
                .await?;
        }
        Ok(())
    }

    /// A row that an ON CONFLICT must not see, because it came after the snapshot, is a race lost.
    fn unseen(&self, insert: &Insert, error: SqlError) -> SqlError {
        let has_snapshot = self.txn.options().isolation != Isolation::ReadCommitted;
        match insert.conflict.is_some() && has_snapshot && error.code == "23505" {
            true => SqlError::new(
                "40001",
                "could not serialize access due to concurrent update",
            ),
            false => error,
        }
    }

    /// The living row that has what these fields claim, locked.
    async fn conflicting(
        &mut self,
        table: &Arc<Table>,
        conflict: &Conflict,
        fields: &[Value],
    ) -> Result<Option<RowRecord>, SqlError> {
        let by_key = matches!(conflict.arbiter, Arbiter::Any | Arbiter::PrimaryKey);
        if by_key && let Some(key) = key_of(table, fields)? {
            let found = self.locked(table, &key).await?;
            if found.is_some() {
                return Ok(found);
            }
        }
        for index in &table.indexes {
            let arbitrates = match &conflict.arbiter {
                _ if !index.unique => false,
                Arbiter::Any => true,
                Arbiter::PrimaryKey => false,
                Arbiter::Index(name) => *name == index.name,
            };
            let claim = if arbitrates {
                table.claim(index, fields)?
            } else {
                None
            };
            let Some(claim) = claim else {
                continue;
            };
            self.lock(&claim).await?;
            let holder = {
                let view = self.txn.latest(std::slice::from_ref(&claim)).await?;
                let held = head::live(&view, &claim, view.now_ms())?;
                held.and_then(|head| stele_core::txn::claimed_key(table, &head.body))
            };
            if let Some(holder) = holder {
                let found = self.locked(table, &holder).await?;
                if found.is_some() {
                    return Ok(found);
                }
            }
        }
        Ok(None)
    }

    /// The row at a key as it is now, locked.
    async fn locked(&mut self, table: &Table, key: &Key) -> Result<Option<RowRecord>, SqlError> {
        self.lock(key).await?;
        let view = self.txn.latest(std::slice::from_ref(key)).await?;
        Ok(RowRecord::read(&view, table, key, view.now_ms())?)
    }

    async fn lock(&mut self, key: &Key) -> Result<(), SqlError> {
        let keys = std::slice::from_ref(key);
        self.txn
            .lock(keys, LockMode::Exclusive, LockWait::Block)
            .await?;
        Ok(())
    }

    async fn update_conflicting(
        &mut self,
        insert: &Insert,
        update: &DoUpdate,
        old: RowRecord,
        proposed: Row,
        touched: &mut HashSet<Key>,
        changed: &mut Changed,
    ) -> Result<(), SqlError> {
        if !touched.insert(old.key.clone()) {
            return Err(SqlError::new(
                "21000",
                "ON CONFLICT DO UPDATE command cannot affect row a second time",
            )
            .with_hint("Ensure that no rows proposed for insertion within the same command have duplicate constrained values."));
        }
        let mut row = old.fields.clone();
        row.push(address::of(&old.key));
        row.extend(proposed);
        let table = &insert.table;
        if let Some(condition) = &update.condition
            && self.one(&insert.scope, condition, &row).await?.as_bool() != Some(true)
        {
            return Ok(());
        }
        let fields = self
            .assigned(table, &insert.scope, &update.assignments, &old, &row)
            .await?;
        let width = fields.len();
        self.txn
            .update_row(table, &old, fields.clone())
            .await
            .map_err(refused)?;
        changed.count += 1;
        if let Some(returning) = &insert.returning {
            row.splice(..width, fields);
            self.give_back(returning, &insert.scope, row, changed)
                .await?;
        }
        Ok(())
    }

    /// UPDATE.
    pub async fn update(&mut self, update: &Update) -> Result<Changed, SqlError> {
        let table = &update.table;
        self.txn.use_table(table).await.map_err(refused)?;
        let mut changed = Changed::default();
        for found in self.find(table, &update.scope).await? {
            let Some((old, mut row)) = self.current(table, &update.scope, found).await? else {
                continue;
            };
            let fields = self
                .assigned(table, &update.scope, &update.assignments, &old, &row)
                .await?;
            changed.count += 1;
            match &update.returning {
                None => self
                    .txn
                    .update_row(table, &old, fields)
                    .await
                    .map_err(refused)?,
                Some(returning) => {
                    self.txn
                        .update_row(table, &old, fields.clone())
                        .await
                        .map_err(refused)?;
                    row.splice(..fields.len(), fields);
                    self.give_back(returning, &update.scope, row, &mut changed)
                        .await?;
                }
            }
        }
        Ok(changed)
    }

    /// DELETE. A table that refers to itself has its constraint checked at the end in SQL: rows
    /// that others of the statement still refer to wait until those are gone.
    pub async fn delete(&mut self, delete: &Delete) -> Result<Changed, SqlError> {
        let table = &delete.table;
        self.txn.use_table(table).await.map_err(refused)?;
        let refers_to_itself = table.foreign_keys.iter().any(|key| key.target == table.id);
        let mut changed = Changed::default();
        let mut doomed = self.find(table, &delete.scope).await?;
        loop {
            let before = changed.count;
            let mut waiting = Vec::new();
            let mut refusal = None;
            for found in doomed {
                let key = found.key.clone();
                let place = self.txn.savepoint();
                match self.delete_one(delete, found, &mut changed).await {
                    Err(error) if refers_to_itself && error.code == "23503" => {
                        self.txn.rollback_to(&place);
                        waiting.push(Found {
                            key,
                            stamp: None,
                            row: Vec::new(),
                        });
                        refusal = Some(error);
                    }
                    done => done?,
                }
            }
            match refusal {
                None => return Ok(changed),
                Some(error) if changed.count == before => return Err(error),
                Some(_) => doomed = waiting,
            }
        }
    }

    async fn delete_one(
        &mut self,
        delete: &Delete,
        found: Found,
        changed: &mut Changed,
    ) -> Result<(), SqlError> {
        let table = &delete.table;
        let Some((old, row)) = self.current(table, &delete.scope, found).await? else {
            return Ok(());
        };
        self.txn.delete_row(table, &old).await.map_err(refused)?;
        changed.count += 1;
        match &delete.returning {
            Some(returning) => self.give_back(returning, &delete.scope, row, changed).await,
            None => Ok(()),
        }
    }

    /// The rows a statement is about, each record once.
    async fn find(&mut self, table: &Arc<Table>, scope: &BoundRow) -> Result<Vec<Found>, SqlError> {
        if let Some(keys) = self.keys(table, scope)? {
            return Ok(keys);
        }
        let view = self.txn.view().await?;
        let eval = self.eval;
        let search = |cx: &ExecContext<'_>| {
            let mut seen = HashSet::new();
            let mut found = Vec::new();
            for row in execute::execute(&scope.query, cx)? {
                let row = row?;
                let key = match row.get(scope.address) {
                    // An outer join's missing side is not a row to change.
                    None | Some(Value::Null) => continue,
                    Some(value) => address::key(value)?,
                };
                if seen.insert(key.clone()) {
                    let stamp = head::live(&view, &key, view.now_ms())?.map(|head| head.stamp);
                    found.push(Found { key, stamp, row });
                }
            }
            Ok(found)
        };
        aside(|| eval.around.run(eval.params, &view, view.now_ms(), search))
    }

    /// The records a condition names by their whole primary key: no search, no snapshot.
    fn keys(&self, _table: &Table, scope: &BoundRow) -> Result<Option<Vec<Found>>, SqlError> {
        let Some(point) = &scope.query.point else {
            return Ok(None);
        };
        let keys = point.keys(&self.eval.around.eval(self.eval.params))?;
        let found = keys.into_iter().map(|key| Found {
            key,
            stamp: None,
            row: Vec::new(),
        });
        Ok(Some(found.collect()))
    }

    /// The row as it is now, locked, and the statement's row for it; `None` when it is gone or
    /// the condition no longer holds.
    async fn current(
        &mut self,
        table: &Arc<Table>,
        scope: &BoundRow,
        found: Found,
    ) -> Result<Option<(RowRecord, Row)>, SqlError> {
        self.lock(&found.key).await?;
        let eval = self.eval;
        let view = self.txn.latest(std::slice::from_ref(&found.key)).await?;
        let Some(old) = RowRecord::read(&view, table, &found.key, view.now_ms())? else {
            return Ok(None);
        };
        if found.stamp == Some(old.stamp) {
            let mut row = found.row;
            row.splice(..old.fields.len(), old.fields.iter().cloned());
            return Ok(Some((old, row)));
        }
        let row = eval.around.run(eval.params, &view, view.now_ms(), |cx| {
            execute::recheck(&scope.query, cx, &[(scope.rel, found.key.clone())])
        })?;
        Ok(row.map(|mut row| {
            row.splice(..old.fields.len(), old.fields.iter().cloned());
            (old, row)
        }))
    }

    /// The row's new fields.
    async fn assigned(
        &mut self,
        table: &Table,
        scope: &BoundRow,
        assignments: &[Assignment],
        old: &RowRecord,
        row: &[Value],
    ) -> Result<Row, SqlError> {
        let mut fields = old.fields.clone();
        let mut put = |position: usize, value: Value| {
            if let Some(field) = fields.get_mut(position) {
                *field = value;
            }
        };
        if scope.query.subplans.is_empty() {
            let cx = self.eval.around.eval(self.eval.params);
            for assignment in assignments {
                if let Some(expr) = &assignment.value {
                    put(assignment.position, expr.eval(row, &cx)?);
                }
            }
        } else {
            let view = self.txn.view().await?;
            let eval = self.eval;
            eval.over(&scope.query, &view, view.now_ms(), |evaluate| {
                for assignment in assignments {
                    if let Some(expr) = &assignment.value {
                        put(assignment.position, evaluate(expr, row)?);
                    }
                }
                Ok(())
            })?;
        }
        for assignment in assignments {
            if assignment.value.is_none()
                && let Some(column) = table.columns.get(assignment.position)
            {
                let value = self.default(column).await?;
                if let Some(field) = fields.get_mut(assignment.position) {
                    *field = value;
                }
            }
        }
        Ok(fields)
    }

    async fn one(
        &mut self,
        scope: &BoundRow,
        expr: &Expr,
        row: &[Value],
    ) -> Result<Value, SqlError> {
        let eval = self.eval;
        if scope.query.subplans.is_empty() {
            return Ok(expr.eval(row, &eval.around.eval(eval.params))?);
        }
        let view = self.txn.view().await?;
        eval.over(&scope.query, &view, view.now_ms(), |evaluate| {
            evaluate(expr, row)
        })
    }

    async fn give_back(
        &mut self,
        returning: &Returning,
        scope: &BoundRow,
        row: Row,
        changed: &mut Changed,
    ) -> Result<(), SqlError> {
        let eval = self.eval;
        let all = |evaluate: Evaluate<'_>| {
            let values = returning.exprs.iter().map(|expr| evaluate(expr, &row));
            values.collect::<Result<Row, SqlError>>()
        };
        let returned = if scope.query.subplans.is_empty() {
            eval.over(&scope.query, &NoRows, 0, all)?
        } else {
            let view = self.txn.view().await?;
            eval.over(&scope.query, &view, view.now_ms(), all)?
        };
        changed.returned.push(returned);
        Ok(())
    }
}

fn cells(rows: &[Vec<Cell>], evaluate: Evaluate<'_>) -> Result<Vec<Vec<Option<Value>>>, SqlError> {
    let one = |cell: &Cell| match cell {
        Cell::Expr(expr) => evaluate(expr, &[]).map(Some),
        Cell::Default => Ok(None),
    };
    rows.iter()
        .map(|row| row.iter().map(one).collect())
        .collect()
}

/// The key these fields have; `None` when a part of it is NULL, which the row check refuses.
fn key_of(table: &Table, fields: &[Value]) -> Result<Option<Key>, SqlError> {
    let is_null = |at: usize| fields.get(at).is_none_or(Value::is_null);
    if table.key_positions().into_iter().any(is_null) {
        return Ok(None);
    }
    Ok(table.key_of(fields)?)
}

/// A sequence's value in its column's type.
fn number(value: i64, ty: &Type) -> Result<Value, SqlError> {
    let out_of_range = |name: &str| SqlError::new("22003", format!("{name} out of range"));
    match ty {
        Type::Int2 => i16::try_from(value)
            .map(Value::Int2)
            .map_err(|_| out_of_range("smallint")),
        Type::Int4 => i32::try_from(value)
            .map(Value::Int4)
            .map_err(|_| out_of_range("integer")),
        _ => Ok(Value::Int8(value)),
    }
}

fn end_of_sequence(error: stele_core::error::Error) -> SqlError {
    match error.kind {
        stele_core::error::ErrorKind::Invalid => SqlError::new("2200H", error.message),
        _ => error.into(),
    }
}
