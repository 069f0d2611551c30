//! Running one statement: where its rows come from, when it commits, when it is tried again.

use std::sync::Arc;

use stele_core::record::rows::{NoRows, Rows as RowSource};
use stele_core::record::value::Value;
use stele_core::record::{Key, Level};

use super::host::Surroundings;
use super::{
    CONFLICT_TRIES_MAX, IsolationLevel, Mode, Outcome, Prepared, RESULT_BYTES_MAX, RowTag, Rows,
    Session, Status,
};
use crate::error::SqlError;
use crate::sql::bind::BoundQuery;
use crate::sql::dml::{Changed, Changes, Eval};
use crate::sql::execute::{self, ExecContext, Row};
use crate::sql::parse::{Statement, Utility};
use crate::sql::plan::Plan;
use crate::sql::statement::Body;
use crate::wire::spill::{GATHERED_BYTES_MAX, Spill};
use crate::wire::stack::{Roomy, aside};

/// The core says more about a lock that was not to be had; clients compare this.
const LOCK_TIMEOUT: &str = "canceling statement due to lock timeout";

impl Session {
    /// Runs a prepared statement.
    ///
    /// # Errors
    /// Whatever it comes to; the caller then lets the session [`Session::fail`].
    pub async fn execute(
        &mut self,
        prepared: &Arc<Prepared>,
        params: &[Value],
        mode: Mode,
    ) -> Result<Outcome, SqlError> {
        self.check_admitted(prepared)?;
        let ends = matches!(
            &prepared.parsed.statement,
            Statement::Utility(Utility::Begin(..) | Utility::Commit(_) | Utility::Rollback(_))
        );
        if mode == Mode::Among && self.transaction.status() == Status::Idle && !ends {
            self.open_implicit();
        }
        match &prepared.parsed.statement {
            Statement::Empty => Ok(Outcome::Empty),
            Statement::Sql(_) if prepared.parsed.is_deep => {
                Roomy::new(self.run(prepared, params, mode)).await
            }
            Statement::Sql(_) => self.run(prepared, params, mode).await,
            _ => self.control(prepared, params, mode).await,
        }
    }

    /// Runs a statement of SQL, again and again while it loses races nobody has seen it in.
    async fn run(
        &mut self,
        prepared: &Arc<Prepared>,
        params: &[Value],
        mode: Mode,
    ) -> Result<Outcome, SqlError> {
        let may_retry = self.transaction.status() == Status::Idle && !self.has_implicit();
        let mut tries = 0;
        loop {
            let current = self.current(prepared)?;
            let outcome = self.run_once(&current, params, mode).await;
            let mut error = match outcome {
                Ok(outcome) => return Ok(outcome),
                Err(error) => error,
            };
            if error.message.starts_with(LOCK_TIMEOUT) {
                error.message = LOCK_TIMEOUT.to_owned();
            }
            tries += 1;
            let lost_race = matches!(error.code, "40001" | "40P01");
            if !(may_retry && lost_race && tries < CONFLICT_TRIES_MAX) {
                return Err(error);
            }
            self.rollback();
            tokio::task::yield_now().await;
        }
    }

    async fn run_once(
        &mut self,
        prepared: &Arc<Prepared>,
        params: &[Value],
        mode: Mode,
    ) -> Result<Outcome, SqlError> {
        let Some(body) = &prepared.body else {
            return Err(SqlError::internal("a statement was not bound"));
        };
        if body.is_write() && self.is_read_only() {
            return Err(SqlError::new(
                "25006",
                format!(
                    "cannot execute {} in a read-only transaction",
                    verb(body, prepared)
                ),
            ));
        }
        let outcome = match body {
            Body::Query(query) => {
                let tag = RowTag::Counted("SELECT");
                match self.query(query, prepared, params).await? {
                    Gathered::Rows(rows) => Outcome::Rows(Rows {
                        fields: prepared.shared_fields(),
                        rows,
                        tag,
                    }),
                    Gathered::Sent(count) => Outcome::Sent { count, tag },
                }
            }
            Body::Insert(_)
            | Body::Update(_)
            | Body::Delete(_)
            | Body::Keyspace(_)
            | Body::Publish(_) => self.change(body, prepared, params).await?,
            Body::Ddl => self.ddl(prepared).await?,
        };
        self.mark_run();
        if mode == Mode::Alone {
            self.close_implicit().await?;
        }
        Ok(outcome)
    }

    /// The levels of the statement at hand.
    pub(super) fn level(&self) -> Level {
        self.settings.level().clone()
    }

    fn level_of(&self, prepared: &Prepared) -> Level {
        let mut level = self.level();
        if let Some(hint) = &prepared.parsed.hint {
            hint.apply(&mut level);
        }
        level
    }

    /// Every row of a query.
    pub(super) async fn query(
        &mut self,
        query: &BoundQuery,
        prepared: &Prepared,
        params: &[Value],
    ) -> Result<Gathered, SqlError> {
        let mut around = self.surroundings(prepared.text())?;
        self.make_ready(&mut around, &query.searches).await?;
        if query.locks.is_some() {
            return self
                .locking_query(query, &around, params)
                .await
                .map(Gathered::Rows);
        }
        let keys = match &query.point {
            Some(point) => Some(point.keys(&around.eval(params))?),
            None => None,
        };
        let rows = self.read(query, keys, &around, prepared, params).await?;
        self.carry_out(&around)?;
        Ok(rows)
    }

    async fn read(
        &mut self,
        query: &BoundQuery,
        keys: Option<Vec<Key>>,
        around: &Surroundings,
        prepared: &Prepared,
        params: &[Value],
    ) -> Result<Gathered, SqlError> {
        let in_block =
            self.transaction.status() == Status::Open || self.transaction.txn().is_some();
        let is_committed_read = matches!(
            self.isolation(),
            IsolationLevel::ReadCommitted | IsolationLevel::ReadUncommitted
        );
        // Nothing is written to it before the last wait below, so an early end loses nothing.
        let mut spill = self.spill.take();
        let way_out = spill.as_mut();
        let gathered = if in_block && !(is_committed_read && self.transaction.txn().is_none()) {
            let txn = self.txn();
            txn.statement();
            let view = match &keys {
                Some(keys) => txn.latest(keys).await?,
                None => txn.view().await?,
            };
            gather(query, around, params, &view, view.now_ms(), way_out)
        } else if keys.is_none() && query.rel_count == 0 {
            // Nothing stored is read: no snapshot is needed.
            gather(query, around, params, &NoRows, self.db.now_ms(), way_out)
        } else {
            let level = self.level_of(prepared);
            let view = match keys.as_deref() {
                Some([key]) => self.db.read_head(key, &level).await?,
                Some(keys) => self.db.read(keys, &level).await?,
                None => self.db.read_all(&level).await?,
            };
            gather(query, around, params, &view, view.now_ms(), way_out)
        };
        self.spill = spill;
        gathered
    }

    async fn change(
        &mut self,
        body: &Body,
        prepared: &Prepared,
        params: &[Value],
    ) -> Result<Outcome, SqlError> {
        self.open_implicit();
        let mut around = self.surroundings(prepared.text())?;
        self.make_ready(&mut around, &body.searches()).await?;
        let level = self.level_of(prepared);
        let db = self.db.clone();
        let txn = self.txn_at(level);
        txn.statement();
        let mut changes = Changes {
            txn,
            db: &db,
            eval: Eval {
                around: &around,
                params,
            },
        };
        let (changed, word) = match body {
            Body::Insert(insert) => (changes.insert(insert).await?, "INSERT 0"),
            Body::Update(update) => (changes.update(update).await?, "UPDATE"),
            Body::Delete(delete) => (changes.delete(delete).await?, "DELETE"),
            Body::Keyspace(change) => (changes.keyspace(change).await?, change.word()),
            Body::Publish(insert) => (changes.publish(insert).await?, "INSERT 0"),
            Body::Query(_) | Body::Ddl => return Err(SqlError::internal("not a change of rows")),
        };
        self.carry_out(&around)?;
        Ok(outcome(changed, word, prepared))
    }
}

fn outcome(changed: Changed, word: &'static str, prepared: &Prepared) -> Outcome {
    match prepared.fields() {
        None => Outcome::Done(format!("{word} {}", changed.count)),
        Some(_) => Outcome::Rows(Rows {
            fields: prepared.shared_fields(),
            rows: changed.returned,
            tag: RowTag::Counted(word),
        }),
    }
}

/// What became of a query's rows.
pub(super) enum Gathered {
    /// Here they are.
    Rows(Vec<Row>),
    /// So many were sent while they were produced.
    Sent(usize),
}

/// Every row of a query over a view; sent on their way when they become many.
pub(super) fn gather(
    query: &BoundQuery,
    around: &Surroundings,
    params: &[Value],
    view: &dyn RowSource,
    now_ms: u64,
    spill: Option<&mut Spill>,
) -> Result<Gathered, SqlError> {
    let work = || around.run(params, view, now_ms, |cx| pull(query, cx, spill));
    match is_short(query) {
        true => work(),
        false => aside(work),
    }
}

fn pull(
    query: &BoundQuery,
    cx: &ExecContext<'_>,
    mut spill: Option<&mut Spill>,
) -> Result<Gathered, SqlError> {
    let mut rows = Vec::new();
    let mut bytes = 0;
    let mut sent = 0;
    for row in execute::execute(query, cx)? {
        let row = row?;
        if let (Some(spill), true) = (spill.as_deref_mut(), sent > 0) {
            spill.row(&row)?;
            sent += 1;
            continue;
        }
        bytes += size(&row);
        rows.push(row);
        match spill.as_deref_mut() {
            Some(spill) if bytes > GATHERED_BYTES_MAX => {
                spill.begin();
                sent = rows.len();
                for row in rows.drain(..) {
                    spill.row(&row)?;
                }
            }
            None if bytes > RESULT_BYTES_MAX => {
                return Err(SqlError::new("53200", "out of memory")
                    .with_detail("The result is larger than this node gathers at once.")
                    .with_hint("Ask for fewer rows, or for all without a row limit."));
            }
            _ => {}
        }
    }
    match sent {
        0 => Ok(Gathered::Rows(rows)),
        sent => Ok(Gathered::Sent(sent)),
    }
}

/// Whether a query looks at a few records at most.
pub(super) fn is_short(query: &BoundQuery) -> bool {
    let is_constant = match &query.plan {
        Plan::Project { input, .. } => matches!(**input, Plan::OneRow),
        plan => matches!(plan, Plan::OneRow | Plan::Values { .. }),
    };
    query.point.is_some() || (is_constant && query.subplans.is_empty())
}

/// About how much a row occupies.
fn size(row: &[Value]) -> usize {
    let inside = row.iter().map(|value| match value {
        Value::Text(text) | Value::Bpchar(text) | Value::Json(text) => text.len(),
        Value::Bytea(bytes) => bytes.len(),
        _ => 0,
    });
    size_of_val(row) + 24 + inside.sum::<usize>()
}

/// The statement's first words, for messages.
fn verb(body: &Body, prepared: &Prepared) -> String {
    match body {
        Body::Query(_) => "SELECT".to_owned(),
        Body::Insert(_) | Body::Publish(_) => "INSERT".to_owned(),
        Body::Update(_) => "UPDATE".to_owned(),
        Body::Delete(_) => "DELETE".to_owned(),
        Body::Keyspace(change) => change.word().trim_end_matches(" 0").to_owned(),
        Body::Ddl => {
            let words = prepared
                .text()
                .split_whitespace()
                .take(2)
                .map(str::to_uppercase);
            words.collect::<Vec<_>>().join(" ")
        }
    }
}
