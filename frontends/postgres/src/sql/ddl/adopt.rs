//! Keys that are there before the table: counted, and made rows when asked.

use stele_core::op::{Op, hash};
use stele_core::record::rows::Rows;
use stele_core::record::value::{Settings, Value, text};
use stele_core::record::{CollectionId, Head, Key, Kind, layout};

use super::Ddl;
use crate::error::SqlError;
use crate::sql::dml::{Changes, Eval, refused};

impl Ddl<'_> {
    /// The keys of database 0 that begin with `name:`.
    pub(super) async fn plain_keys(&mut self, name: &str) -> Result<Vec<Key>, SqlError> {
        if self.db.count(CollectionId(0)) == 0 && !self.txn.has_written() {
            return Ok(Vec::new());
        }
        let prefix = format!("{name}:");
        let view = self.txn.view().await?;
        let (from, to) = layout::heads(CollectionId(0));
        let mut keys = Vec::new();
        for found in view.scan(&from, &to, false) {
            let (row_key, row) = found?;
            let Some(key) = layout::parse_head(&row_key) else {
                continue;
            };
            if key.bytes.starts_with(prefix.as_bytes())
                && !Head::decode(row.stamp, row.value)?.is_expired(view.now_ms())
            {
                keys.push(key);
            }
        }
        Ok(keys)
    }

    /// Makes hashes rows of the table: fields become columns, the key's rest the primary key.
    pub(super) async fn adopt(&mut self, id: CollectionId, keys: Vec<Key>) -> Result<(), SqlError> {
        let table = self.defined(id)?;
        let settings = Settings::default();
        for key in keys {
            let spelled = String::from_utf8_lossy(&key.bytes).into_owned();
            let fields = self.fields_of(&key, &spelled).await?;
            let mut positions = Vec::new();
            let mut values: Vec<Value> = Vec::new();
            let rest = spelled.split_once(':').map_or("", |(_, rest)| rest);
            let primary = table.values_of_spelling(rest).flatten();
            let primary = primary.ok_or_else(|| {
                SqlError::new(
                    "22P02",
                    format!(
                        "key \"{spelled}\" does not spell a primary key of table \"{}\"",
                        table.name
                    ),
                )
            })?;
            positions.extend(table.key_positions());
            values.extend(primary);
            for (name, value) in fields {
                let position = table.position_of(&name).ok_or_else(|| {
                    SqlError::new(
                        "42703",
                        format!(
                            "key \"{spelled}\" has a field \"{name}\" that is no column of \"{}\"",
                            table.name
                        ),
                    )
                })?;
                if positions.contains(&position) {
                    continue;
                }
                if let Some(column) = table.columns.get(position) {
                    values.push(text::parse(&value, &column.ty, &settings)?);
                    positions.push(position);
                }
            }
            let removed = self.txn.write(&key, Op::Delete).await?;
            removed.map_err(|refusal| {
                SqlError::new("55006", format!("key \"{spelled}\": {refusal}"))
            })?;
            let mut changes = Changes {
                txn: &mut *self.txn,
                db: self.db,
                eval: Eval {
                    around: self.around,
                    params: &[],
                },
            };
            let row = changes.placed(&table, &positions, values).await?;
            self.txn.insert_row(&table, row).await.map_err(refused)?;
        }
        Ok(())
    }

    /// The fields of a hash, as text.
    async fn fields_of(
        &mut self,
        key: &Key,
        spelled: &str,
    ) -> Result<Vec<(String, String)>, SqlError> {
        let view = self.txn.latest(std::slice::from_ref(key)).await?;
        let head = stele_core::record::head::live(&view, key, view.now_ms())?;
        if head.is_none_or(|head| head.kind != Kind::Hash) {
            return Err(SqlError::new(
                "42809",
                format!("key \"{spelled}\" is not a hash"),
            ));
        }
        let fields = hash::all(&view, key, view.now_ms())?;
        let fields = fields.map_err(|refusal| SqlError::new("42809", refusal.to_string()))?;
        let word = |bytes: &[u8]| {
            String::from_utf8(bytes.to_vec()).map_err(|_| {
                SqlError::new(
                    "22021",
                    format!("key \"{spelled}\" holds bytes that are not UTF-8"),
                )
            })
        };
        fields
            .into_iter()
            .map(|(name, value)| Ok((word(&name)?, word(&value)?)))
            .collect()
    }
}
