//! A teller: turns rows and changes into messages.

use std::sync::Arc;

use bytes::Bytes;

use super::Share;
use super::place::{Place, Told};
use crate::error::Result;
use crate::node::{Database, Passage, told};
use crate::op::stream::Append;
use crate::record::rows::Rows as _;
use crate::record::table::{Catalog, Table};
use crate::record::{Change, ChangeKind, Head, Token, layout};
use crate::store::StoreRows;

/// Messages of one entry of the stream's log.
pub const MESSAGE_COUNT_MAX: usize = if cfg!(test) { 4 } else { 1000 };
/// Rows of one chunk.
const CHUNK_COUNT: usize = if cfg!(test) { 3 } else { 500 };
/// Bytes of one chunk, about.
const CHUNK_BYTES: usize = 1 << 20;

/// What a row's chunk calls the op.
const BACKFILL: &str = "backfill";

/// What a teller knows.
pub struct Teller<'a> {
    pub db: &'a Database,
    pub catalog: &'a Catalog,
    pub share: &'a Share,
}

impl Teller<'_> {
    /// The messages of an entry, from the first change that was not told. Was it told to
    /// its end?
    pub fn entry(&self, passage: &Passage, place: &mut Place, messages: &mut Vec<Append>) -> bool {
        let token = Token::at(self.share.group.0, passage.index);
        let told = usize::try_from(place.told).unwrap_or(usize::MAX);
        for change in passage.entry.changes.iter().skip(told) {
            if messages.len() >= MESSAGE_COUNT_MAX {
                return false;
            }
            place.told += 1;
            messages.extend(self.change(change, &token, place));
        }
        place.after = passage.index;
        place.told = 0;
        true
    }

    fn change(&self, change: &Change, token: &Token, place: &Place) -> Option<Append> {
        let table = self.catalog.table_of_storage(change.key.collection)?;
        let tables = &self.share.publication.tables;
        let position = tables.iter().position(|id| *id == table.id)?;
        if !place.has_told(position, &layout::head(&change.key)) {
            return None;
        }
        message(table, change, token)
    }

    /// Rows after the last that was told, and which are told with them.
    pub fn chunk(
        &self,
        rows: &StoreRows,
        place: &Place,
        at: u64,
        messages: &mut Vec<Append>,
    ) -> Result<Told> {
        let Told::UpTo { table, row } = &place.rows else {
            return Ok(Told::All);
        };
        let Some(id) = self.share.publication.tables.get(*table) else {
            return Ok(Told::All);
        };
        let next = Told::UpTo {
            table: table + 1,
            row: Vec::new(),
        };
        let Some(known) = self.catalog.table_by_id(*id) else {
            return Ok(next); // dropped since
        };
        let (first, to) = self
            .db
            .engine()
            .parts()
            .apply
            .heads(self.share.group, known.storage);
        let from = match row.is_empty() {
            true => first.to_vec(),
            false => [row.as_slice(), &[0]].concat(),
        };
        let token = Token::at(self.share.group.0, at);
        let (mut last, mut bytes) = (Vec::new(), 0);
        for found in rows.scan(&from, &to, false).take(CHUNK_COUNT) {
            let (row_key, stored) = found?;
            let head = Head::decode(stored.stamp, stored.value)?;
            bytes += head.body.len();
            messages.extend(self.row(known, &row_key, head, &token));
            last = row_key.to_vec();
            if bytes >= CHUNK_BYTES {
                break;
            }
        }
        Ok(match last.is_empty() {
            true => next,
            false => Told::UpTo {
                table: *table,
                row: last,
            },
        })
    }

    /// A row as it is, told like an insert.
    fn row(&self, table: &Arc<Table>, row_key: &[u8], head: Head, token: &Token) -> Option<Append> {
        let change = Change {
            key: layout::parse_head(row_key)?,
            kind: ChangeKind::Insert,
            op: BACKFILL.to_owned(),
            after: Some(head.body),
        };
        message(table, &change, token)
    }

    /// Says that changes are missing here.
    pub fn gap(&self, after: u64) -> Append {
        let group = self.share.group;
        tracing::warn!(publication = self.share.publication.name, %group, "changes were lost; all rows come again");
        let said = format!("{{\"partition\":{},\"after\":{after}}}", group.0);
        Append {
            subject: Bytes::from_static(b"db.gap"),
            payload: said.into(),
            ..Append::default()
        }
    }
}

fn message(table: &Table, change: &Change, token: &Token) -> Option<Append> {
    Some(Append {
        subject: told::row_subject(table, change)?.into(),
        headers: told::headers(token, &change.op).into(),
        payload: told::row_json(table, change).into(),
        ..Append::default()
    })
}
