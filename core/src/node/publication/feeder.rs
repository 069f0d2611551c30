//! A feeder: takes one partition's share of a publication a step further.

use super::Share;
use super::place::{Place, Told};
use super::teller::{MESSAGE_COUNT_MAX, Teller};
use crate::error::{Error, Result};
use crate::node::{Database, Followed};
use crate::op::stream::Append;
use crate::op::{Condition, Expiry, Op};
use crate::record::table::Catalog;
use crate::record::{Key, Level};
use crate::store::StoreRows;
use crate::txn::Batch;

/// How much of the feed is read at a time.
const PIECE_BYTES: usize = 1 << 20;
/// After so many entries without a message the place is written nevertheless: the
/// feed before it can go.
const SILENT_COUNT: u64 = 1000;

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
