//! Rows and what they owe their schema: whichever door changes a row, the same
//! constraints hold and the same index entries follow.

use std::sync::Arc;

use super::locks::LockMode;
use super::row::{RowError, RowRecord, Violation};
use super::transaction::Txn;
use crate::error::{Error, Result};
use crate::op::{Condition, Expiry, Op};
use crate::record::expr::{EvalContext, Pure};
use crate::record::table::{Index, Table};
use crate::record::value::{Settings, Value, text};
use crate::record::{CollectionId, Key, head};

/// What rows of one table answer.
pub type RowResult<T> = std::result::Result<T, RowError>;

/// Index entries to add and to remove.
#[derive(Default)]
struct IndexChanges {
    add: Vec<(CollectionId, bytes::Bytes)>,
    remove: Vec<(CollectionId, bytes::Bytes)>,
    claim: Vec<(Key, String)>,
    yield_up: Vec<Key>,
}

impl Txn {
    /// Keeps others from changing a table's definition while rows are changed.
    /// Call once per statement and table; fails with `Conflict` if the
    /// definition in hand is no longer the current one.
    pub async fn use_table(&mut self, table: &Arc<Table>) -> RowResult<()> {
        self.hold(&table_lock(table.id), LockMode::Shared).await?;
        let current = self.catalog()?;
        match current.table_by_id(table.id) {
            Some(now) if Arc::ptr_eq(now, table) || same(now, table)? => Ok(()),
            _ => Err(Error::conflict(format!("table {} has changed", table.name)).into()),
        }
    }

    /// Inserts a whole row (defaults applied, values of the columns' types).
    ///
    /// On an error some of it may have been written: go back to a savepoint.
    pub async fn insert_row(&mut self, table: &Arc<Table>, fields: Vec<Value>) -> RowResult<Key> {
        self.insert(table, &fields, Expiry::Clear).await
    }

    async fn insert(
        &mut self,
        table: &Arc<Table>,
        fields: &[Value],
        expiry: Expiry,
    ) -> RowResult<Key> {
        check_row(table, fields)?;
        let key = match table.key_of(fields)? {
            Some(key) => key,
            None => table.hidden_key(self.engine.unique()),
        };
        self.hold(&key, LockMode::Exclusive).await?;
        if let Some(old) = self.row_now(table, &key)? {
            if old.is_live(self.now_ms()) {
                return Err(duplicate_key(table, fields));
            }
            self.delete_row(table, &old).await?;
        }
        let changes = index_changes(table, None, Some(fields))?;
        self.check_references(table, None, fields).await?;
        self.put_row(table, &key, fields, changes, expiry).await?;
        Ok(key)
    }

    /// Replaces a row's fields; it keeps its deadline. `old` is the row as it
    /// is now (locked): its index entries are taken back by what it says, so
    /// an `old` that has changed is a `Conflict`.
    ///
    /// On an error some of it may have been written: go back to a savepoint.
    pub async fn update_row(
        &mut self,
        table: &Arc<Table>,
        old: &RowRecord,
        fields: Vec<Value>,
    ) -> RowResult<()> {
        self.hold(&old.key, LockMode::Exclusive).await?;
        self.must_be_current(old)?;
        check_row(table, &fields)?;
        // Not `Keep`: a deadline that passes before commit must not be lost.
        let expiry = old.expire_ms.map_or(Expiry::Clear, Expiry::At);
        let key = table.key_of(&fields)?.unwrap_or_else(|| old.key.clone());
        self.follow_update(table, old, &fields).await?;
        if key != old.key {
            self.remove_row(table, old).await?;
            self.insert(table, &fields, expiry).await?;
            return Ok(());
        }
        let changes = index_changes(table, Some(&old.fields), Some(&fields))?;
        self.check_references(table, Some(&old.fields), &fields)
            .await?;
        self.put_row(table, &key, &fields, changes, expiry).await
    }

    /// Deletes a row. `old` is the row as it is now (locked), as for
    /// [`Txn::update_row`].
    ///
    /// On an error some of it may have been written: go back to a savepoint.
    pub async fn delete_row(&mut self, table: &Arc<Table>, old: &RowRecord) -> RowResult<()> {
        self.hold(&old.key, LockMode::Exclusive).await?;
        self.must_be_current(old)?;
        self.remove_row(table, old).await?;
        self.follow_delete(table, old).await
    }

    fn must_be_current(&self, old: &RowRecord) -> RowResult<()> {
        let now = head::stored(&self.current(), &old.key)?;
        if now.is_some_and(|head| head.stamp == old.stamp) {
            return Ok(());
        }
        Err(Error::conflict("could not serialize access due to concurrent update").into())
    }

    async fn remove_row(&mut self, table: &Arc<Table>, old: &RowRecord) -> RowResult<()> {
        let changes = index_changes(table, Some(&old.fields), None)?;
        for claim in &changes.yield_up {
            self.yield_up(table, &old.key, claim).await?;
        }
        let index_remove = changes.remove;
        self.write_op(&old.key, Op::RowDelete { index_remove })
            .await
    }

    async fn put_row(
        &mut self,
        table: &Arc<Table>,
        key: &Key,
        fields: &[Value],
        changes: IndexChanges,
        expire: Expiry,
    ) -> RowResult<()> {
        for claim in &changes.yield_up {
            self.yield_up(table, key, claim).await?;
        }
        for (claim, index) in &changes.claim {
            self.claim(table, key, fields, claim, index).await?;
        }
        let op = Op::RowPut {
            fields: table.encode_row(fields).into(),
            index_add: changes.add,
            index_remove: changes.remove,
            expire,
        };
        self.write_op(key, op).await
    }

    /// Gives a unique value back, unless another row has it by now: one may
    /// have taken it over when this one's time had come.
    async fn yield_up(&mut self, table: &Table, key: &Key, claim: &Key) -> RowResult<()> {
        self.hold(claim, LockMode::Exclusive).await?;
        if self.holder(table, claim)?.as_ref() == Some(key) {
            self.write_op(claim, Op::Delete).await?;
        }
        Ok(())
    }

    /// The row that has a unique value.
    pub(super) fn holder(&self, table: &Table, claim: &Key) -> Result<Option<Key>> {
        let view = self.current();
        let held = head::live(&view, claim, view.now_ms())?;
        Ok(held.and_then(|head| claimed_key(table, &head.body)))
    }

    /// Takes a unique value for a row, unless a living row has it.
    async fn claim(
        &mut self,
        table: &Arc<Table>,
        key: &Key,
        fields: &[Value],
        claim: &Key,
        index: &str,
    ) -> RowResult<()> {
        self.hold(claim, LockMode::Exclusive).await?;
        if let Some(holder) = self.holder(table, claim)?.filter(|holder| holder != key) {
            let row = self.row_now(table, &holder)?;
            if row.is_some_and(|row| row.is_live(self.now_ms())) {
                return Err(duplicate_value(table, index, fields));
            }
        }
        let op = Op::Set {
            value: claim_value(key).into(),
            expiry: Expiry::Clear,
            condition: Condition::Always,
            get: false,
        };
        self.write_op(claim, op).await
    }

    /// Writes a row's entry in an index that is being filled.
    pub(super) async fn index_row(
        &mut self,
        table: &Arc<Table>,
        index: &Index,
        row: &RowRecord,
    ) -> RowResult<()> {
        let Entry { values, claim } = entry(table, index, &row.fields)?;
        if let Some(claim) = claim {
            self.claim(table, &row.key, &row.fields, &claim, &index.name)
                .await?;
        }
        let op = Op::IndexEntries {
            add: vec![(index.storage, values.into())],
            remove: Vec::new(),
        };
        self.write_op(&row.key, op).await
    }

    pub(super) async fn write_op(&mut self, key: &Key, op: Op) -> RowResult<()> {
        let reply = self.write(key, op).await?;
        match reply {
            Ok(_) => Ok(()),
            Err(refusal) => Err(Error::conflict(format!("record {key}: {refusal}")).into()),
        }
    }

    /// The row at a key as it is now, expired or not.
    pub(super) fn row_now(&self, table: &Table, key: &Key) -> Result<Option<RowRecord>> {
        match head::stored(&self.current(), key)? {
            Some(head) => RowRecord::of_head(table, key.clone(), &head).map(Some),
            None => Ok(None),
        }
    }

    pub(super) fn now_ms(&self) -> u64 {
        self.engine.parts.clock.now_ms()
    }
}

/// The lock that stands for a table's definition.
pub(super) fn table_lock(id: CollectionId) -> Key {
    Key {
        collection: id,
        slot: u16::MAX,
        bytes: bytes::Bytes::from_static(b"definition"),
    }
}

/// Is it the same definition, read twice?
fn same(now: &Table, then: &Table) -> Result<bool> {
    let stored = |table: &Table| {
        postcard::to_allocvec(table)
            .map_err(|error| Error::corrupt(format!("a table does not encode: {error}")))
    };
    Ok(now.storage == then.storage && stored(now)? == stored(then)?)
}

/// NOT NULL and CHECK.
fn check_row(table: &Table, fields: &[Value]) -> RowResult<()> {
    for (column, value) in table.columns.iter().zip(fields) {
        if column.not_null && value.is_null() {
            let row: Vec<String> = fields.iter().map(shown).collect();
            return Err(RowError::Violation(Box::new(Violation {
                code: "23502",
                message: format!(
                    "null value in column \"{}\" of relation \"{}\" violates not-null constraint",
                    column.name, table.name
                ),
                detail: Some(format!("Failing row contains ({}).", row.join(", "))),
                table: table.name.clone(),
                column: Some(column.name.clone()),
                constraint: None,
            })));
        }
    }
    if table.checks.is_empty() {
        return Ok(());
    }
    let settings = Settings::default();
    let context = EvalContext::new(&settings, &Pure, 0);
    for check in &table.checks {
        if check.expr.eval(fields, &context)?.as_bool() == Some(false) {
            let row: Vec<String> = fields.iter().map(shown).collect();
            return Err(RowError::Violation(Box::new(Violation {
                code: "23514",
                message: format!(
                    "new row for relation \"{}\" violates check constraint \"{}\"",
                    table.name, check.name
                ),
                detail: Some(format!("Failing row contains ({}).", row.join(", "))),
                table: table.name.clone(),
                column: None,
                constraint: Some(check.name.clone()),
            })));
        }
    }
    Ok(())
}

fn shown(value: &Value) -> String {
    if value.is_null() {
        "null".to_owned()
    } else {
        text::print(value, &Settings::default())
    }
}

fn index_changes(
    table: &Table,
    old: Option<&[Value]>,
    new: Option<&[Value]>,
) -> RowResult<IndexChanges> {
    let mut changes = IndexChanges::default();
    for index in &table.indexes {
        let before = old.map(|fields| entry(table, index, fields)).transpose()?;
        let after = new.map(|fields| entry(table, index, fields)).transpose()?;
        if before == after {
            continue;
        }
        if let Some(Entry { values, claim }) = before {
            changes.remove.push((index.storage, values.into()));
            changes.yield_up.extend(claim);
        }
        if let Some(Entry { values, claim }) = after {
            changes.add.push((index.storage, values.into()));
            changes
                .claim
                .extend(claim.map(|claim| (claim, index.name.clone())));
        }
    }
    Ok(changes)
}

/// A row's entry in an index, and its claim if the index is unique.
#[derive(PartialEq)]
struct Entry {
    values: Vec<u8>,
    claim: Option<Key>,
}

fn entry(table: &Table, index: &Index, fields: &[Value]) -> RowResult<Entry> {
    Ok(Entry {
        values: table.entry_values(index, fields)?,
        claim: table.claim(index, fields)?,
    })
}

/// A claim's payload: the slot and bytes of the row's key.
pub fn claim_value(key: &Key) -> Vec<u8> {
    [&key.slot.to_be_bytes()[..], &key.bytes].concat()
}

/// Reads a claim's payload: the key of the row that has the unique value.
pub fn claimed_key(table: &Table, value: &[u8]) -> Option<Key> {
    let (slot, bytes) = value.split_at_checked(2)?;
    Some(Key {
        collection: table.storage,
        slot: u16::from_be_bytes(slot.try_into().ok()?),
        bytes: bytes::Bytes::copy_from_slice(bytes),
    })
}

fn duplicate_key(table: &Table, fields: &[Value]) -> RowError {
    let positions = table.key_positions();
    let name = table.primary_key.as_ref().map(|key| key.name.clone());
    duplicate(table, &name.unwrap_or_default(), &positions, fields)
}

fn duplicate_value(table: &Table, index: &str, fields: &[Value]) -> RowError {
    let columns = table.indexes.iter().find(|known| known.name == index);
    let ids = columns
        .map(|index| index.columns.clone())
        .unwrap_or_default();
    let positions: Vec<usize> = ids.iter().filter_map(|id| table.position(*id)).collect();
    duplicate(table, index, &positions, fields)
}

fn duplicate(table: &Table, constraint: &str, positions: &[usize], fields: &[Value]) -> RowError {
    RowError::Violation(Box::new(Violation {
        code: "23505",
        message: format!("duplicate key value violates unique constraint \"{constraint}\""),
        detail: Some(format!(
            "Key {} already exists.",
            key_detail(table, positions, fields)
        )),
        table: table.name.clone(),
        column: None,
        constraint: Some(constraint.to_owned()),
    }))
}

/// `(a, b)=(1, 2)`.
pub(super) fn key_detail(table: &Table, positions: &[usize], fields: &[Value]) -> String {
    let column = |at: &usize| table.columns.get(*at).map(|column| column.name.clone());
    let names: Vec<String> = positions.iter().filter_map(column).collect();
    let values: Vec<String> = positions
        .iter()
        .filter_map(|at| fields.get(*at))
        .map(shown)
        .collect();
    format!("({})=({})", names.join(", "), values.join(", "))
}
