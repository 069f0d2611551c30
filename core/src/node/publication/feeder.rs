//! A feeder: takes one partition's share of a publication a step further.

use std::sync::Arc;

use bytes::Bytes;

use super::Share;
use super::place::{Place, Told};
use crate::error::{Error, Result};
use crate::node::{Database, Followed, Passage, told};
use crate::op::stream::Append;
use crate::op::{Condition, Expiry, Op};
use crate::record::rows::Rows as _;
use crate::record::table::{Catalog, Table};
use crate::record::{Change, ChangeKind, Head, Key, Level, Token, layout};
use crate::store::StoreRows;
use crate::txn::Batch;

/// How much of the feed is read at a time.
const PIECE_BYTES: usize = 1 << 20;
/// Messages of one entry of the stream's log.
const MESSAGE_COUNT_MAX: usize = if cfg!(test) { 4 } else { 1000 };
/// Rows of one chunk.
const CHUNK_COUNT: usize = if cfg!(test) { 3 } else { 500 };
/// Bytes of one chunk, about.
const CHUNK_BYTES: usize = 1 << 20;
/// After so many entries without a message the place is written nevertheless: the
/// feed before it can go.
const SILENT_COUNT: u64 = 1000;

/// What a row's chunk calls the op.
const BACKFILL: &str = "backfill";

/// Where a feeder stands; the default is to look at what is on record.
#[derive(Default)]
pub(super) struct Feeder {
    place: Option<Place>,
    /// The place on record.
    kept: u64,
}

impl Feeder {
    /// Tells what comes next. May there be more?
    pub async fn step(&mut self, db: &Database, catalog: &Catalog, share: &Share) -> Result<bool> {
        let mut place = match self.place.take() {
            Some(place) => place,
            None => self.recorded(db, share)?,
        };
        let teller = Teller { db, catalog, share };
        let more = match place.rows {
            Told::UpTo { .. } => self.fill(&teller, &mut place).await?,
            Told::All => self.tell(&teller, &mut place, u64::MAX).await?,
        };
        if place.after >= self.kept + SILENT_COUNT {
            self.write(&teller, Vec::new(), &place).await?;
        }
        self.place = Some(place);
        Ok(more)
    }

    fn recorded(&mut self, db: &Database, share: &Share) -> Result<Place> {
        let recorded = Place::read(db, &share.place_key())?;
        let place = recorded.unwrap_or_else(|| {
            let now = db.engine().parts().apply.applied_of(share.group);
            Place::start(now)
        });
        self.kept = place.after;
        let feed = &db.engine().parts().feed;
        feed.hold(share.publication.id, share.group, place.after);
        Ok(place)
    }

    /// Tells the next chunk of rows, after the changes of told rows that it has seen.
    async fn fill(&mut self, teller: &Teller<'_>, place: &mut Place) -> Result<bool> {
        let cut = teller.db.engine().parts().store.snapshot();
        let at = teller
            .db
            .engine()
            .parts()
            .apply
            .applied_in(&*cut, teller.share.group)?;
        while place.after < at {
            let before = place.clone();
            self.tell(teller, place, at).await?;
            if *place == before {
                // It can be read a moment before it is published.
                let seen = teller.db.positions();
                if seen
                    .positions()
                    .all(|(group, index)| group != teller.share.group.0 || index < at)
                {
                    teller.db.published_after(&seen).await;
                }
            }
        }
        let mut messages = Vec::new();
        place.rows = teller.chunk(&StoreRows(cut), place, at, &mut messages)?;
        if !messages.is_empty() || place.rows == Told::All {
            self.write(teller, messages, place).await?;
        }
        Ok(true)
    }

    /// Tells changes up to an index: a batch of them. May there be more?
    async fn tell(&mut self, teller: &Teller<'_>, place: &mut Place, to: u64) -> Result<bool> {
        let group = teller.share.group.0;
        let (entries, upto) = match teller.db.follow(group, place.after, PIECE_BYTES)? {
            Followed::Entries { entries, upto } => (entries, upto.min(to)),
            Followed::Gone { first } => {
                let lost = teller.gap(place.after);
                *place = Place::start(first.saturating_sub(1));
                self.write(teller, vec![lost], place).await?;
                return Ok(true);
            }
        };
        let before = place.after;
        let mut messages = Vec::new();
        let mut is_whole = true;
        for passage in entries.iter().take_while(|passage| passage.index <= to) {
            is_whole = teller.entry(passage, place, &mut messages);
            if !is_whole || messages.len() >= MESSAGE_COUNT_MAX {
                break;
            }
        }
        // What follows the last entry of the piece changed nothing.
        if is_whole && messages.len() < MESSAGE_COUNT_MAX {
            place.after = upto.max(place.after);
        }
        if !messages.is_empty() {
            self.write(teller, messages, place).await?;
        }
        Ok(!is_whole || place.after > before)
    }

    /// Messages and the place they lead to, in one entry.
    async fn write(
        &mut self,
        teller: &Teller<'_>,
        messages: Vec<Append>,
        place: &Place,
    ) -> Result<()> {
        let key = teller.share.stream.key();
        let mut ops: Vec<(Key, Op)> = messages
            .into_iter()
            .map(|message| (key.clone(), Op::StreamAppend(Box::new(message))))
            .collect();
        let kept = Op::Set {
            value: place.encode()?.into(),
            expiry: Expiry::Clear,
            condition: Condition::Always,
            get: false,
        };
        ops.push((teller.share.place_key(), kept));
        let batch = Batch { ops, atomic: true };
        let written = teller.db.write(batch, &Level::default()).await?;
        if let Some(refusal) = written.replies.into_iter().find_map(Result::err) {
            let name = &teller.share.stream.name;
            return Err(Error::invalid(format!("stream {name}: {refusal}")));
        }
        self.kept = place.after;
        let feed = &teller.db.engine().parts().feed;
        feed.hold(teller.share.publication.id, teller.share.group, place.after);
        Ok(())
    }
}

/// Turns rows and changes into messages.
struct Teller<'a> {
    db: &'a Database,
    catalog: &'a Catalog,
    share: &'a Share,
}

impl Teller<'_> {
    /// The messages of an entry, from the first change that was not told. Was it told to
    /// its end?
    fn entry(&self, passage: &Passage, place: &mut Place, messages: &mut Vec<Append>) -> bool {
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
    fn chunk(
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
    fn gap(&self, after: u64) -> Append {
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
