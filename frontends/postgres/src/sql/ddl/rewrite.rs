//! Rewriting a table: every row gets a new address in a new storage.
//!
//! The new storage is filled before anything names it, so no lock is held on single rows and
//! a crash leaves only a storage that the keeper clears.

use std::collections::HashSet;

use bytes::Bytes;
use stele_core::op::{Condition, Expiry, Op};
use stele_core::record::Key;
use stele_core::record::table::{Definition, Index, Table};
use stele_core::record::value::{Settings, Value, text};
use stele_core::txn::RowRecord;

use super::Ddl;
use super::column::names_of;
use crate::error::SqlError;

/// How many rows are written at once.
const CHUNK: usize = 1_000;

impl Ddl<'_> {
    /// Defines `table` in the place of `old`, with every row rewritten for it. Both have the
    /// same columns; what changes is the key, the name, or what must hold.
    pub(super) async fn rewrite(&mut self, old: &Table, mut table: Table) -> Result<(), SqlError> {
        table.storage = self.new_id().await?;
        for index in &mut table.indexes {
            index.storage = self.new_storage().await?;
        }
        let rows = self.txn.rows_of(old).await?;
        let mut claims = HashSet::new();
        let mut ops = Vec::new();
        for (key, head) in rows {
            let row = RowRecord::of_head(old, key, &head)?;
            self.rewrite_row(&table, row, &mut claims, &mut ops)?;
            if ops.len() >= CHUNK {
                self.db
                    .engine()
                    .write_unseen(std::mem::take(&mut ops))
                    .await?;
            }
        }
        self.db.engine().write_unseen(ops).await?;
        self.define(Definition::Table(table)).await
    }

    async fn new_storage(&self) -> Result<stele_core::record::CollectionId, SqlError> {
        self.new_id().await
    }

    fn rewrite_row(
        &self,
        table: &Table,
        row: RowRecord,
        claims: &mut HashSet<Key>,
        ops: &mut Vec<(Key, Op)>,
    ) -> Result<(), SqlError> {
        check_not_null(table, &row.fields)?;
        let key = match table.key_of(&row.fields)? {
            Some(key) => key,
            None => table.hidden_key(self.db.engine().unique()),
        };
        if !claims.insert(key.clone()) {
            return Err(duplicated(table, &row.fields));
        }
        let mut index_add = Vec::with_capacity(table.indexes.len());
        for index in &table.indexes {
            index_add.push((
                index.storage,
                Bytes::from(table.entry_values(index, &row.fields)?),
            ));
            if let Some(claim) = table.claim(index, &row.fields)? {
                ops.push((claim, claim_op(&key)));
            }
        }
        let expire = match row.expire_ms {
            Some(at_ms) => Expiry::At(at_ms),
            None => Expiry::Clear,
        };
        let op = Op::RowPut {
            fields: table.encode_row(&row.fields).into(),
            index_add,
            index_remove: Vec::new(),
            expire,
        };
        ops.push((key, op));
        Ok(())
    }

    /// Refuses NULLs in columns that may not hold them, in the rows there are.
    pub(super) async fn check_rows(&mut self, table: &Table) -> Result<(), SqlError> {
        for (key, head) in self.txn.rows_of(table).await? {
            let row = RowRecord::of_head(table, key, &head)?;
            check_not_null(table, &row.fields)?;
        }
        Ok(())
    }

    /// Refuses rows for which the newest CHECK does not hold.
    pub(super) async fn check_newest(&mut self, table: &Table) -> Result<(), SqlError> {
        let Some(check) = table.checks.last() else {
            return Ok(());
        };
        let rows = self.txn.rows_of(table).await?;
        let cx = self.around.eval(&[]);
        for (key, head) in rows {
            let row = RowRecord::of_head(table, key, &head)?;
            if check.expr.eval(&row.fields, &cx)?.as_bool() == Some(false) {
                return Err(SqlError::new(
                    "23514",
                    format!(
                        "check constraint \"{}\" of relation \"{}\" is violated by some row",
                        check.name, table.name
                    ),
                )
                .with_table(table.name.clone())
                .with_constraint(check.name.clone()));
            }
        }
        Ok(())
    }
}

fn check_not_null(table: &Table, fields: &[Value]) -> Result<(), SqlError> {
    for (column, value) in table.columns.iter().zip(fields) {
        if column.not_null && value.is_null() {
            return Err(SqlError::new(
                "23502",
                format!(
                    "column \"{}\" of relation \"{}\" contains null values",
                    column.name, table.name
                ),
            )
            .with_table(table.name.clone())
            .with_column(column.name.clone()));
        }
    }
    Ok(())
}

fn duplicated(table: &Table, fields: &[Value]) -> SqlError {
    let (name, ids) = match &table.primary_key {
        Some(key) => (key.name.clone(), key.columns.clone()),
        None => (table.name.clone(), Vec::new()),
    };
    let shown: Vec<String> = ids
        .iter()
        .filter_map(|id| table.position(*id).and_then(|at| fields.get(at)))
        .map(|value| text::print(value, &Settings::default()))
        .collect();
    SqlError::new("23505", format!("could not create unique index \"{name}\""))
        .with_detail(format!(
            "Key ({})=({}) is duplicated.",
            names_of(table, &ids).join(", "),
            shown.join(", ")
        ))
        .with_table(table.name.clone())
        .with_constraint(name)
}

/// What a unique index's claim says: whose it is.
fn claim_op(key: &Key) -> Op {
    Op::Set {
        value: stele_core::txn::claim_value(key).into(),
        expiry: Expiry::Clear,
        condition: Condition::Always,
        get: false,
    }
}

/// The position of an index by name.
pub(super) fn index_position(indexes: &[Index], name: &str) -> Option<usize> {
    indexes.iter().position(|index| index.name == name)
}
