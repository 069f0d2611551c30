//! SELECT ... FOR UPDATE and FOR SHARE: each row is locked, looked at again, and kept only if
//! the query still wants it.

use stele_core::record::value::Value;
use stele_core::record::{Key, head};
use stele_core::txn::{Isolation, LockMode, LockWait};

use super::Session;
use super::host::Surroundings;
use crate::error::SqlError;
use crate::sql::bind::{BoundQuery, LockPolicy, Locks};
use crate::sql::execute::{self, Row, address};

impl Session {
    /// The rows of a query with row locks.
    pub(super) async fn locking_query(
        &mut self,
        query: &BoundQuery,
        around: &Surroundings,
        params: &[Value],
    ) -> Result<Vec<Row>, SqlError> {
        let Some(locks) = &query.locks else {
            return Err(SqlError::internal("a query has no locks"));
        };
        if self.is_read_only() {
            return Err(SqlError::new(
                "25006",
                "cannot execute SELECT FOR UPDATE in a read-only transaction",
            ));
        }
        self.open_implicit();
        let (limit, mut skip) = bounds(locks, around, params)?;
        let txn = self.txn();
        txn.statement();
        let candidates = {
            let view = txn.view().await?;
            match super::execute::gather(query, around, params, &view, view.now_ms(), None)? {
                super::execute::Gathered::Rows(rows) => rows,
                super::execute::Gathered::Sent(_) => Vec::new(),
            }
        };
        let mut rows = Vec::new();
        for candidate in candidates {
            if rows.len() as u64 >= limit {
                break;
            }
            let Some(row) = self
                .lock_row(query, locks, around, params, candidate)
                .await?
            else {
                continue;
            };
            if skip > 0 {
                skip -= 1;
                continue;
            }
            rows.push(row);
        }
        Ok(rows)
    }

    /// The row, locked and as it is now; `None` when it is skipped or no longer wanted.
    async fn lock_row(
        &mut self,
        query: &BoundQuery,
        locks: &Locks,
        around: &Surroundings,
        params: &[Value],
        candidate: Row,
    ) -> Result<Option<Row>, SqlError> {
        let width = query.columns.len();
        let mut pinned: Vec<(usize, Key)> = Vec::new();
        for (at, target) in locks.targets.iter().enumerate() {
            let key = match candidate.get(width + at) {
                // The missing side of an outer join has no record to lock.
                None | Some(Value::Null) => continue,
                Some(value) => address::key(value)?,
            };
            let mode = if target.exclusive {
                LockMode::Exclusive
            } else {
                LockMode::Shared
            };
            let wait = match target.wait {
                LockPolicy::Wait => LockWait::Block,
                LockPolicy::NoWait => LockWait::NoWait,
                LockPolicy::SkipLocked => LockWait::SkipLocked,
            };
            let held = self
                .txn()
                .lock(std::slice::from_ref(&key), mode, wait)
                .await;
            let held =
                held.map_err(|error| named(error.into(), &target.table.name, target.wait))?;
            if held.first() != Some(&true) {
                return Ok(None);
            }
            pinned.push((target.rel, key));
        }
        let row = self
            .look_again(query, around, params, candidate, &pinned)
            .await?;
        Ok(row.map(|mut row| {
            row.truncate(width);
            row
        }))
    }

    async fn look_again(
        &mut self,
        query: &BoundQuery,
        around: &Surroundings,
        params: &[Value],
        candidate: Row,
        pinned: &[(usize, Key)],
    ) -> Result<Option<Row>, SqlError> {
        let txn = self.txn();
        let mut before = Vec::with_capacity(pinned.len());
        {
            let view = txn.view().await?;
            for (_, key) in pinned {
                before.push(head::live(&view, key, view.now_ms())?.map(|head| head.stamp));
            }
        }
        if txn.options().isolation != Isolation::ReadCommitted && !txn.has_written() {
            // The snapshot goes on showing what it showed; what lies in the store must be that.
            let latest = txn.engine().latest();
            for ((_, key), before) in pinned.iter().zip(&before) {
                if head::stored(&latest, key)?.map(|head| head.stamp) != *before {
                    return Err(SqlError::new(
                        "40001",
                        "could not serialize access due to concurrent update",
                    ));
                }
            }
        }
        let keys: Vec<Key> = pinned.iter().map(|(_, key)| key.clone()).collect();
        let view = txn.latest(&keys).await?;
        let mut is_same = true;
        for (key, before) in keys.iter().zip(before) {
            let now = head::live(&view, key, view.now_ms())?.map(|head| head.stamp);
            is_same &= now == before;
        }
        if is_same {
            return Ok(Some(candidate));
        }
        around.run(params, &view, view.now_ms(), |cx| {
            execute::recheck(query, cx, pinned)
        })
    }
}

/// How many rows, after how many.
fn bounds(locks: &Locks, around: &Surroundings, params: &[Value]) -> Result<(u64, u64), SqlError> {
    let cx = around.eval(params);
    let Some(bounds) = &locks.limit else {
        return Ok((u64::MAX, 0));
    };
    let limit = match &bounds.limit {
        Some(expr) => expr.eval(&[], &cx)?.as_i64(),
        None => None,
    };
    let offset = match &bounds.offset {
        Some(expr) => expr.eval(&[], &cx)?.as_i64().unwrap_or(0),
        None => 0,
    };
    let negative = |code, what: &str| SqlError::new(code, format!("{what} must not be negative"));
    let limit = match limit {
        Some(limit) => u64::try_from(limit).map_err(|_| negative("2201W", "LIMIT"))?,
        None => u64::MAX,
    };
    let offset = u64::try_from(offset).map_err(|_| negative("2201X", "OFFSET"))?;
    Ok((limit, offset))
}

/// NOWAIT's refusal in PostgreSQL's words.
fn named(error: SqlError, table: &str, wait: LockPolicy) -> SqlError {
    match (error.code, wait) {
        ("55P03", LockPolicy::NoWait) => SqlError::new(
            "55P03",
            format!("could not obtain lock on row in relation \"{table}\""),
        ),
        _ => error,
    }
}
