//! Foreign keys: a referencing row needs its target, and a target that goes
//! takes its references along, sets them to NULL, or may not go.

use std::sync::Arc;

use super::locks::LockMode;
use super::row::{RowError, RowRecord, Violation};
use super::rows::{RowResult, claimed_key, key_detail};
use super::transaction::{LockWait, Txn};
use crate::record::rows::Rows;
use crate::record::table::{ForeignKey, ReferenceAction, Table};
use crate::record::value::{Value, compare};
use crate::record::{Head, Key, head, layout};

impl Txn {
    /// Every target of a new or changed row must be there, and stays there
    /// (locked) until this transaction ends.
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

    async fn target_exists(&mut self, foreign: &ForeignKey, values: &[Value]) -> RowResult<bool> {
        let catalog = self.catalog()?;
        let Some(target) = catalog.table_by_id(foreign.target).cloned() else {
            return Ok(false);
        };
        let Some(key) = self.target_key(&target, foreign, values).await? else {
            return Ok(false);
        };
        self.lock(
            std::slice::from_ref(&key),
            LockMode::Shared,
            LockWait::Block,
        )
        .await?;
        let view = self.latest(std::slice::from_ref(&key)).await?;
        Ok(head::live(&view, &key, view.now_ms())?.is_some())
    }

    /// The key of the row that has these values in the referenced columns.
    async fn target_key(
        &mut self,
        target: &Arc<Table>,
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
        for value in values {
            crate::record::value::key::encode(value, &mut encoded)?;
        }
        let claim = Table::claim_key(index, &encoded);
        let view = self.latest(std::slice::from_ref(&claim)).await?;
        let held = head::live(&view, &claim, view.now_ms())?;
        Ok(held.and_then(|head| claimed_key(target, &head.body)))
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
            for row in self.referring(&from, &foreign, &values).await? {
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
            for row in self.referring(&from, &foreign, &before).await? {
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
        row: RowRecord,
        new: Option<&[Value]>,
    ) -> RowResult<()> {
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

    /// The living rows of `from` that refer to these values, locked.
    async fn referring(
        &mut self,
        from: &Arc<Table>,
        foreign: &ForeignKey,
        values: &[Value],
    ) -> RowResult<Vec<RowRecord>> {
        let keys = {
            let view = self.latest(&[]).await?;
            let mut keys = Vec::new();
            let (low, high) = layout::heads(from.storage);
            for found in view.scan(&low, &high, false) {
                let (row_key, stored) = found?;
                let head = Head::decode(stored.stamp, stored.value)?;
                let Some(key) = layout::parse_head(&row_key) else {
                    continue;
                };
                if head.is_expired(view.now_ms()) {
                    continue;
                }
                let row = RowRecord::of_head(from, key, &head)?;
                if values_of(from, &foreign.columns, &row.fields)
                    .is_some_and(|found| same(&found, values))
                {
                    keys.push(row.key);
                }
            }
            keys
        };
        let mut rows = Vec::new();
        for key in keys {
            self.lock(
                std::slice::from_ref(&key),
                LockMode::Exclusive,
                LockWait::Block,
            )
            .await?;
            let row = self.row_now(from, &key).await?;
            let refers = |row: &RowRecord| {
                values_of(from, &foreign.columns, &row.fields)
                    .is_some_and(|found| same(&found, values))
            };
            rows.extend(row.filter(refers));
        }
        Ok(rows)
    }
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
