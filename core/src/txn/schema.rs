//! Changing the schema: definitions are records of META, written in the same
//! transaction as anything else, one schema change at a time.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures::future::join_all;
use stele_placement::PartitionId;

use super::engine::Engine;
use super::locks::LockMode;
use super::rows::{RowResult, table_lock};
use super::transaction::{LockWait, Txn, TxnOptions};
use crate::error::{Error, Result};
use crate::op::{Command, CommandReply, Condition, Expiry, Op, OpError, Reply};
use crate::record::rows::Rows;
use crate::record::table::{Definition, Index, Table};
use crate::record::{CollectionId, Fsync, Head, Key, Level, layout};

/// How many records one entry of a rewrite carries.
const CHUNK: usize = 1000;
/// Records a clearing removes in one entry: everybody's next round waits for it.
const CLEAR_COUNT_MAX: u64 = 200;

impl Txn {
    /// Keeps other schema changes out until the end.
    pub async fn lock_schema(&mut self) -> Result<()> {
        self.hold(&schema_lock(), LockMode::Exclusive).await
    }

    /// Keeps everybody else from changing a table's rows until the end.
    pub async fn lock_table(&mut self, table: CollectionId) -> Result<()> {
        self.hold(&table_lock(table), LockMode::Exclusive).await
    }

    /// Writes a definition, new or changed.
    pub async fn define(&mut self, definition: &Definition) -> RowResult<()> {
        self.lock_schema().await?;
        let op = Op::Set {
            value: definition.encode()?.into(),
            expiry: Expiry::Clear,
            condition: Condition::Always,
            get: false,
        };
        self.write_op(&Definition::key(definition.id()), op).await?;
        self.touch_schema();
        Ok(())
    }

    /// Removes a definition; a table's full-text index goes with it.
    pub async fn undefine(&mut self, id: CollectionId) -> RowResult<()> {
        self.lock_schema().await?;
        if let Some(search) = self.catalog()?.search_of(id) {
            let key = Definition::key(search.id);
            self.write_op(&key, Op::Delete).await?;
        }
        self.write_op(&Definition::key(id), Op::Delete).await?;
        self.touch_schema();
        Ok(())
    }

    /// Fills a new index from the rows there are. The table must be locked.
    /// A unique index claims; a clash is a violation.
    pub async fn fill_index(&mut self, table: &Arc<Table>, index: &Index) -> RowResult<()> {
        for (key, head) in self.rows_of(table).await? {
            let row = super::RowRecord::of_head(table, key, &head)?;
            self.index_row(table, index, &row).await?;
        }
        Ok(())
    }

    /// Every living row of a table, own writes included.
    pub async fn rows_of(&mut self, table: &Table) -> Result<Vec<(Key, Head)>> {
        // Not the snapshot: rows that came after it need their entries too.
        let view = self.current();
        let (from, to) = layout::heads(table.storage);
        let mut rows = Vec::new();
        for found in view.scan(&from, &to, false) {
            let (row_key, stored) = found?;
            let head = Head::decode(stored.stamp, stored.value)?;
            if head.is_expired(view.now_ms()) {
                continue;
            }
            rows.extend(layout::parse_head(&row_key).map(|key| (key, head)));
        }
        Ok(rows)
    }
}

impl Engine {
    /// A number for a table, an index, a sequence: never given twice.
    pub async fn new_id(self: &Arc<Self>) -> Result<CollectionId> {
        let batch = super::Batch::one(Key::meta("next_id"), Op::Add(1));
        let written = self.write(batch, &Level::default()).await?;
        match written.replies.first() {
            Some(Ok(Reply::Int(number))) => u32::try_from(*number)
                .ok()
                .and_then(|number| number.checked_add(CollectionId::FIRST_USER.0))
                .map(CollectionId)
                .ok_or_else(|| Error::invalid("no collection numbers are left")),
            other => Err(Error::corrupt(format!(
                "a new id was answered with {other:?}"
            ))),
        }
    }

    /// Writes rows into a storage that nothing refers to yet (a table being
    /// rewritten): no locks, many per entry. The caller makes it visible by
    /// defining the table anew, in a transaction that has locked the schema
    /// before: without that the rows would be taken for garbage.
    pub async fn write_unseen(self: &Arc<Self>, ops: Vec<(Key, Op)>) -> Result<()> {
        let mut calls = Vec::new();
        for group in self.parts.partitions.groups() {
            let own: Vec<(Key, Op)> = ops
                .iter()
                .filter(|(key, _)| self.partition_of(key) == group)
                .cloned()
                .collect();
            for chunk in own.chunks(CHUNK) {
                let command = Command::Each(chunk.to_vec());
                calls.push(self.parts.log.propose(group, command, Fsync::Off));
            }
        }
        for proposed in join_all(calls).await {
            let CommandReply::Each(replies) = proposed?.reply else {
                return Err(Error::corrupt("ops were not answered one by one"));
            };
            if let Some(refusal) = replies.into_iter().find_map(Result::err) {
                return Err(Error::corrupt(format!("a new row was refused: {refusal}")));
            }
        }
        Ok(())
    }

    /// Removes every record of a collection, partition by partition. `chunked`
    /// = many small entries (a storage nothing refers to); otherwise one entry
    /// per partition.
    pub async fn clear(self: &Arc<Self>, collection: CollectionId, chunked: bool) -> Result<u64> {
        let mut removed = 0;
        for group in self.parts.partitions.groups() {
            removed += self.clear_partition(group, collection, chunked).await?;
        }
        Ok(removed)
    }

    async fn clear_partition(
        &self,
        group: PartitionId,
        collection: CollectionId,
        chunked: bool,
    ) -> Result<u64> {
        let is_meta = collection == CollectionId::META;
        if is_meta != (group == PartitionId::META) {
            return Ok(0);
        }
        // What is lost in a crash is found again, and cleared again.
        let (limit, fsync) = match chunked {
            true => (CLEAR_COUNT_MAX, Fsync::Off),
            false => (0, self.parts.fsync),
        };
        let mut removed = 0;
        loop {
            let command = Command::Clear { collection, limit };
            let proposed = self.parts.log.propose(group, command, fsync).await?;
            match proposed.reply {
                // A prepared transaction writes there: after it.
                CommandReply::Refused(OpError::Moved) => {}
                CommandReply::Removed(count) => {
                    removed += count;
                    if limit == 0 || count < limit {
                        return Ok(removed);
                    }
                }
                other => {
                    return Err(Error::corrupt(format!(
                        "a clearing was answered with {other:?}"
                    )));
                }
            }
        }
    }

    /// Collections with records or index entries that no definition names:
    /// dropped tables, old storages, rewrites that a crash cut short. `None`
    /// while a schema change is under way: what it has written so far is not
    /// named yet, and must not be taken for garbage.
    pub async fn orphans(self: &Arc<Self>) -> Result<Option<Vec<CollectionId>>> {
        let mut txn = Txn::begin(self.clone(), TxnOptions::default());
        let lock = [schema_lock()];
        let free = txn
            .lock(&lock, LockMode::Exclusive, LockWait::SkipLocked)
            .await?;
        if free != [true] {
            return Ok(None);
        }
        let used = self.parts.apply.collections()?;
        let catalog = self.catalog();
        let mut known = BTreeSet::new();
        for table in catalog.tables() {
            known.insert(table.storage);
            known.extend(table.indexes.iter().map(|index| index.storage));
        }
        known.extend(catalog.sequences().map(|sequence| sequence.id));
        known.extend(catalog.streams().map(|stream| stream.id));
        let is_orphan = |collection: &CollectionId| {
            collection.0 >= CollectionId::FIRST_USER.0 && !known.contains(collection)
        };
        Ok(Some(used.into_iter().filter(is_orphan).collect()))
    }
}

/// The lock that stands for the whole schema.
fn schema_lock() -> Key {
    Key::meta("schema")
}
