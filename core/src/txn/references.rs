//! Foreign keys: a referencing row needs its target, and a target that goes
//! takes its references along, sets them to NULL, or may not go.

use std::sync::Arc;

use bytes::Bytes;

use super::locks::LockMode;
use super::row::{RowError, RowRecord, Violation};
use super::rows::{RowResult, key_detail};
use super::transaction::Txn;
use crate::error::{Error, Result};
use crate::record::layout::TAG_OFFSET;
use crate::record::rows::{Row, Rows};
use crate::record::table::{ForeignKey, Index, ReferenceAction, Table};
use crate::record::value::{Value, compare, key as value_key};
use crate::record::{Head, Key, layout};

impl Txn {
    /// Every target of a new or changed row must be there, and stays there
    /// until this transaction ends; its other columns may change meanwhile.
    pub(super) async fn check_references(
        &mut self,
        table: &Arc<Table>,
        old: Option<&[Value]>,
        fields: &[Value],
    ) -> RowResult<()> {
        for foreign in &table.foreign_keys {
            let Some(values) = values_of(table, &foreign.columns, fields) else {
                continue; // a NULL refers to nothing
            };
            let before = old.and_then(|old| values_of(table, &foreign.columns, old));
            if before.is_some_and(|before| same(&before, &values)) {
                continue;
            }
            let is_itself = foreign.target == table.id
                && values_of(table, &foreign.target_columns, fields)
                    .is_some_and(|own| same(&own, &values));
            if !is_itself && !self.target_exists(foreign, &values).await? {
                return Err(self.missing_target(table, foreign, fields)?);
            }
        }
        Ok(())
    }

    /// Is there a row to refer to? It is locked, and then looked at as it is
    /// now, whatever the snapshot shows: it must be there when this commits.
    async fn target_exists(&mut self, foreign: &ForeignKey, values: &[Value]) -> RowResult<bool> {
        let catalog = self.catalog()?;
        let Some(target) = catalog.table_by_id(foreign.target).cloned() else {
            return Ok(false);
        };
        self.use_table(&target).await?;
        while let Some(key) = self.target_key(&target, foreign, values)? {
            self.hold(&reference_lock(&key), LockMode::Shared).await?;
            let row = self.row_now(&target, &key)?;
            let has_values = |row: &RowRecord| {
                row.is_live(self.now_ms())
                    && values_of(&target, &foreign.target_columns, &row.fields)
                        .is_some_and(|found| same(&found, values))
            };
            if row.as_ref().is_some_and(has_values) {
                return Ok(true);
            }
            // While this waited, a unique value may have gone to another row.
            if self.target_key(&target, foreign, values)? == Some(key) {
                return Ok(false);
            }
        }
        Ok(false)
    }

    /// The key of the row that has these values in the referenced columns.
    fn target_key(
        &self,
        target: &Table,
        foreign: &ForeignKey,
        values: &[Value],
    ) -> RowResult<Option<Key>> {
        let is_key = target
            .primary_key
            .as_ref()
            .is_some_and(|key| key.columns == foreign.target_columns);
        if is_key {
            return Ok(Some(target.key(values)?));
        }
        let index = target
            .indexes
            .iter()
            .find(|index| index.unique && index.columns == foreign.target_columns);
        let Some(index) = index else {
            return Ok(None);
        };
        let mut encoded = Vec::new();
        value_key::encode_all(values, &mut encoded)?;
        Ok(self.holder(target, &Table::claim_key(index, &encoded))?)
    }

    fn missing_target(
        &mut self,
        table: &Table,
        foreign: &ForeignKey,
        fields: &[Value],
    ) -> RowResult<RowError> {
        let catalog = self.catalog()?;
        let target = catalog
            .table_by_id(foreign.target)
            .map(|table| table.name.clone());
        let positions = positions(table, &foreign.columns);
        Ok(RowError::Violation(Box::new(Violation {
            code: "23503",
            message: format!(
                "insert or update on table \"{}\" violates foreign key constraint \"{}\"",
                table.name, foreign.name
            ),
            detail: Some(format!(
                "Key {} is not present in table \"{}\".",
                key_detail(table, &positions, fields),
                target.unwrap_or_default()
            )),
            table: table.name.clone(),
            column: None,
            constraint: Some(foreign.name.clone()),
        })))
    }

    /// A row is gone: what becomes of the rows that refer to it?
    pub(super) async fn follow_delete(
        &mut self,
        table: &Arc<Table>,
        old: &RowRecord,
    ) -> RowResult<()> {
        let catalog = self.catalog()?;
        let references: Vec<(Arc<Table>, ForeignKey)> = catalog
            .references_to(table.id)
            .map(|(from, key)| (from.clone(), key.clone()))
            .collect();
        for (from, foreign) in references {
            let Some(values) = values_of(table, &foreign.target_columns, &old.fields) else {
                continue;
            };
            for row in self.referring(&old.key, &from, &foreign, &values).await? {
                self.follow_one(table, old, &from, &foreign, row, None)
                    .await?;
            }
        }
        Ok(())
    }

    /// A row changes: do rows that refer to it refer to something that goes?
    pub(super) async fn follow_update(
        &mut self,
        table: &Arc<Table>,
        old: &RowRecord,
        fields: &[Value],
    ) -> RowResult<()> {
        let catalog = self.catalog()?;
        let references: Vec<(Arc<Table>, ForeignKey)> = catalog
            .references_to(table.id)
            .map(|(from, key)| (from.clone(), key.clone()))
            .collect();
        for (from, foreign) in references {
            let Some(before) = values_of(table, &foreign.target_columns, &old.fields) else {
                continue;
            };
            let after = values_of(table, &foreign.target_columns, fields);
            if after.as_ref().is_some_and(|after| same(&before, after)) {
                continue;
            }
            for row in self.referring(&old.key, &from, &foreign, &before).await? {
                if row == old.key {
                    continue; // it changes with its target, and is checked as such
                }
                self.follow_one(table, old, &from, &foreign, row, Some(fields))
                    .await?;
            }
        }
        Ok(())
    }

    async fn follow_one(
        &mut self,
        table: &Arc<Table>,
        old: &RowRecord,
        from: &Arc<Table>,
        foreign: &ForeignKey,
        row: Key,
        new: Option<&[Value]>,
    ) -> RowResult<()> {
        // As it is now: following another row may have changed or removed it.
        let values = values_of(table, &foreign.target_columns, &old.fields);
        let Some((row, values)) = self.row_now(from, &row)?.zip(values) else {
            return Ok(());
        };
        if !refers(from, foreign, &row, &values) {
            return Ok(());
        }
        let action = if new.is_some() {
            foreign.on_update
        } else {
            foreign.on_delete
        };
        match action {
            ReferenceAction::Cascade if new.is_none() => {
                Box::pin(self.delete_row(from, &row)).await
            }
            ReferenceAction::SetNull => {
                let mut fields = row.fields.clone();
                for at in positions(from, &foreign.columns) {
                    if let Some(field) = fields.get_mut(at) {
                        *field = Value::Null;
                    }
                }
                Box::pin(self.update_row(from, &row, fields)).await
            }
            // Following a key to its new value would need the target written
            // first; the door refuses to declare ON UPDATE CASCADE.
            _ => Err(still_referenced(table, old, from, foreign)),
        }
    }

    /// The rows of `from` that refer to these values, locked. An expired row
    /// refers to nothing.
    ///
    /// No row can be added meanwhile: whoever adds one takes the same lock.
    async fn referring(
        &mut self,
        target: &Key,
        from: &Arc<Table>,
        foreign: &ForeignKey,
        values: &[Value],
    ) -> RowResult<Vec<Key>> {
        self.use_table(from).await?;
        self.hold(&reference_lock(target), LockMode::Exclusive)
            .await?;
        let mut referring = Vec::new();
        for key in self.candidates(from, foreign, values)? {
            self.hold(&key, LockMode::Exclusive).await?;
            let row = self.row_now(from, &key)?;
            let now_ms = self.now_ms();
            if row.is_some_and(|row| row.is_live(now_ms) && refers(from, foreign, &row, values)) {
                referring.push(key);
            }
        }
        Ok(referring)
    }

    /// Rows that may refer to these values: found by key, by an index that
    /// begins with the columns, or among all.
    fn candidates(
        &self,
        from: &Arc<Table>,
        foreign: &ForeignKey,
        values: &[Value],
    ) -> RowResult<Vec<Key>> {
        let key = from.primary_key.as_ref();
        if key.is_some_and(|key| key.columns == foreign.columns) {
            return Ok(vec![from.key(values)?]);
        }
        let view = self.current();
        let begins = |index: &&Index| index.columns.starts_with(&foreign.columns);
        if let Some(index) = from.indexes.iter().find(begins) {
            let mut encoded = Vec::new();
            value_key::encode_all(values, &mut encoded)?;
            let low = layout::index_prefix(index.storage, &encoded);
            let rows = view.scan(&low, &layout::end_of(&low), false);
            let key = |row: Result<(Bytes, Row)>| entry_key(from, index, &row?.0);
            return rows.map(key).collect();
        }
        let (low, high) = layout::heads(from.storage);
        let mut keys = Vec::new();
        for found in view.scan(&low, &high, false) {
            let (row_key, stored) = found?;
            let head = Head::decode(stored.stamp, stored.value)?;
            let Some(key) = layout::parse_head(&row_key) else {
                continue;
            };
            let row = RowRecord::of_head(from, key, &head)?;
            if refers(from, foreign, &row, values) {
                keys.push(row.key);
            }
        }
        Ok(keys)
    }
}

/// The lock that stands for a row as something to refer to: shared by those who
/// do, exclusive for who takes it away. No record has this slot.
fn reference_lock(row: &Key) -> Key {
    Key {
        slot: u16::MAX - 1,
        ..row.clone()
    }
}

/// The key of the row that an index entry belongs to.
fn entry_key(table: &Table, index: &Index, entry: &[u8]) -> RowResult<Key> {
    let cut = || Error::corrupt(format!("an entry of index {} is cut short", index.name));
    let mut rest = entry.get(TAG_OFFSET + 1..).ok_or_else(cut)?;
    for id in &index.columns {
        let column = table.position(*id).and_then(|at| table.columns.get(at));
        value_key::decode(&mut rest, &column.ok_or_else(cut)?.ty.ty)?;
    }
    let (slot, bytes) = rest.split_at_checked(2).ok_or_else(cut)?;
    Ok(Key {
        collection: table.storage,
        slot: slot
            .iter()
            .fold(0, |slot, byte| slot << 8 | u16::from(*byte)),
        bytes: Bytes::copy_from_slice(bytes),
    })
}

fn refers(from: &Table, foreign: &ForeignKey, row: &RowRecord, values: &[Value]) -> bool {
    values_of(from, &foreign.columns, &row.fields).is_some_and(|found| same(&found, values))
}

fn positions(table: &Table, ids: &[u32]) -> Vec<usize> {
    ids.iter().filter_map(|id| table.position(*id)).collect()
}

/// The values of these columns, or `None` if one of them is NULL.
fn values_of(table: &Table, ids: &[u32], fields: &[Value]) -> Option<Vec<Value>> {
    let values: Vec<Value> = positions(table, ids)
        .into_iter()
        .filter_map(|at| fields.get(at).cloned())
        .collect();
    values
        .iter()
        .all(|value| !value.is_null())
        .then_some(values)
}

fn same(a: &[Value], b: &[Value]) -> bool {
    let equal = |(a, b): (&Value, &Value)| compare::compare(a, b).is_eq();
    a.len() == b.len() && a.iter().zip(b).all(equal)
}

fn still_referenced(
    table: &Table,
    old: &RowRecord,
    from: &Table,
    foreign: &ForeignKey,
) -> RowError {
    let positions = positions(table, &foreign.target_columns);
    RowError::Violation(Box::new(Violation {
        code: "23503",
        message: format!(
            "update or delete on table \"{}\" violates foreign key constraint \"{}\" on table \"{}\"",
            table.name, foreign.name, from.name
        ),
        detail: Some(format!(
            "Key {} is still referenced from table \"{}\".",
            key_detail(table, &positions, &old.fields),
            from.name
        )),
        table: from.name.clone(),
        column: None,
        constraint: Some(foreign.name.clone()),
    }))
}
