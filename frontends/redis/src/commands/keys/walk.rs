//! Walks the keys of a database, slot by slot, rows of tables among them.

use std::iter::Peekable;

use bytes::Bytes;
use std::sync::Arc;
use stele_core::record::head::Head;
use stele_core::record::layout;
use stele_core::record::rows::RowIter;
use stele_core::record::table::Table;

use crate::commands::Reading;
use crate::fault::Fault;
use crate::rows::refused;

/// How many slots there are.
pub const SLOT_COUNT: u32 = 16384;

/// A key that was met.
pub struct Met {
    /// Its slot.
    pub slot: u16,
    /// Its name, as this door spells it.
    pub name: Bytes,
    /// Its record's head.
    pub head: Head,
}

/// One collection's keys, in slot order.
struct Lane<'a> {
    rows: Peekable<RowIter<'a>>,
    table: Option<Arc<Table>>,
}

/// The keys of a database in slot order; expired ones are left out.
pub struct Walk<'a> {
    lanes: Vec<Lane<'a>>,
    now_ms: u64,
}

impl<'a> Walk<'a> {
    /// Starts at a slot.
    #[must_use]
    pub fn from_slot(reading: &'a Reading<'_>, slot: u16) -> Self {
        let tables = reading.tables.all().filter(|_| reading.database == 0);
        let tables = std::iter::once(None).chain(tables.map(|table| Some(Arc::clone(table))));
        let lanes = tables
            .zip(reading.collections())
            .map(|(table, collection)| {
                let (from, _) = layout::heads_of_slot(collection, slot);
                let (_, to) = layout::heads(collection);
                Lane {
                    rows: reading.rows.scan(&from, &to, false).peekable(),
                    table,
                }
            });
        Self {
            lanes: lanes.collect(),
            now_ms: reading.now_ms,
        }
    }

    /// The next key, the one in the lowest slot of all collections.
    ///
    /// # Errors
    /// When stored bytes cannot be read.
    pub fn next(&mut self) -> Result<Option<Met>, Fault> {
        loop {
            let slots = self.lanes.iter_mut().map(|lane| match lane.rows.peek() {
                Some(Ok((row, _))) => layout::parse_head(row).map(|key| key.slot),
                // An error is met at once, whatever its place.
                Some(Err(_)) => Some(0),
                None => None,
            });
            let lowest = slots
                .enumerate()
                .filter_map(|(lane, slot)| Some((slot?, lane)))
                .min();
            let Some((_, lane)) = lowest else {
                return Ok(None);
            };
            if let Some(met) = self.take(lane)? {
                return Ok(Some(met));
            }
        }
    }

    fn take(&mut self, lane: usize) -> Result<Option<Met>, Fault> {
        let Some(lane) = self.lanes.get_mut(lane) else {
            return Ok(None);
        };
        let Some(row) = lane.rows.next() else {
            return Ok(None);
        };
        let (address, row) = row?;
        let Some(key) = layout::parse_head(&address) else {
            return Ok(None);
        };
        let head = Head::decode(row.stamp, row.value)?;
        if head.is_expired(self.now_ms) {
            return Ok(None);
        }
        let name = match &lane.table {
            None => key.bytes.clone(),
            Some(table) => {
                let spelling = table.spelling(&key).map_err(|error| refused(&error))?;
                Bytes::from(format!("{}:{spelling}", table.name))
            }
        };
        Ok(Some(Met {
            slot: key.slot,
            name,
            head,
        }))
    }
}
