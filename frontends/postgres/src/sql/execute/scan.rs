//! Scans: the rows of tables, keyspace views and computed tables.

use std::sync::Arc;

use bytes::Bytes;
use stele_core::record::rows::Rows;
use stele_core::record::table::Table;
use stele_core::record::value::{Type, Value, row};
use stele_core::record::{Head, Key, Kind, layout};

use super::run::Outer;
use super::{Row, RowStream, Run, keyspace, scan_index, search_scan, stream};
use crate::error::{Result, SqlError};
use crate::sql::plan::point::primary_keys;
use crate::sql::plan::{Access, Scan, Source};

/// Records as they are found, by their head's row key, before their conditions are checked.
pub(super) type Records<'a> = Box<dyn Iterator<Item = Result<(Bytes, Head)>> + Send + 'a>;

/// Opens a scan; its conditions are checked on every row.
pub(super) fn open<'a>(run: &Arc<Run<'a>>, scan: &'a Scan, outer: &Outer) -> Result<RowStream<'a>> {
    let rows: RowStream<'a> = match &scan.source {
        Source::Table(table) => {
            let records = records(run, scan, table, outer)?;
            let decoder = Decoder::new(table, &scan.needed);
            Box::new(records.map(move |record| {
                let (row_key, head) = record?;
                decoder.decode(&row_key, &head)
            }))
        }
        Source::Searched(searched) => search_scan::open(run, scan, searched, outer)?,
        Source::Keyspace(view) => keyspace::open(run, *view, &scan.access, outer)?,
        Source::Stream(definition) => stream::open(run, definition, scan, outer)?,
        Source::Virtual(table) => Box::new((table.rows)(run.cx.system).into_iter().map(Ok)),
    };
    let (run, outer) = (run.clone(), outer.clone());
    Ok(Box::new(rows.filter_map(move |row| {
        let checked = run
            .tick()
            .and(row)
            .and_then(|row| Ok((run.holds(&scan.filter, &row, &outer)?, row)));
        match checked {
            Ok((true, row)) => Some(Ok(row)),
            Ok((false, _)) => None,
            Err(error) => Some(Err(error)),
        }
    })))
}

/// The records a scan is held to, if it is; see [`super::recheck`].
pub(super) fn pinned(run: &Run<'_>, scan: &Scan) -> Vec<Key> {
    let pinned = run.cx.pinned.iter().filter(|(rel, _)| *rel == scan.rel);
    pinned.map(|(_, key)| key.clone()).collect()
}

/// The records of a table that a scan's access path leads to.
pub(super) fn records<'a>(
    run: &Arc<Run<'a>>,
    scan: &'a Scan,
    table: &'a Arc<Table>,
    outer: &Outer,
) -> Result<Records<'a>> {
    let pinned = pinned(run, scan);
    if !pinned.is_empty() {
        return Ok(by_key(run, pinned));
    }
    match &scan.access {
        Access::Full => Ok(every(run, table)),
        Access::Primary(parts) => {
            let keys = run.with_cx(outer, |cx| primary_keys(table, parts, cx))?;
            Ok(by_key(run, keys))
        }
        Access::Index {
            index,
            equal,
            range,
        } => scan_index::open(run, table, index, equal, range.as_deref(), outer),
        Access::Keys(_) | Access::Messages { .. } | Access::Search(_) => Err(SqlError::internal(
            "a table is not read by another kind's key",
        )),
    }
}

/// The records of these keys that exist.
fn by_key<'a>(run: &Arc<Run<'a>>, keys: Vec<Key>) -> Records<'a> {
    let (rows, now_ms) = (run.cx.rows, run.cx.now_ms);
    let found = keys.into_iter().map(move |key| fetch(rows, &key, now_ms));
    Box::new(found.filter_map(Result::transpose))
}

/// A record by its key, if it exists.
pub(super) fn fetch(rows: &dyn Rows, key: &Key, now_ms: u64) -> Result<Option<(Bytes, Head)>> {
    let row_key = layout::head(key);
    let Some(row) = rows.get(&row_key)? else {
        return Ok(None);
    };
    let head = Head::decode(row.stamp, row.value)?;
    Ok((!head.is_expired(now_ms)).then(|| (row_key.into(), head)))
}

/// Every record of a table.
fn every<'a>(run: &Arc<Run<'a>>, table: &Table) -> Records<'a> {
    let (from, to) = layout::heads(table.storage);
    let now_ms = run.cx.now_ms;
    let stored = run.cx.rows.scan(&from, &to, false);
    Box::new(stored.filter_map(move |found| {
        let record = found.and_then(|(row_key, row)| {
            let head = Head::decode(row.stamp, row.value)?;
            Ok((row_key, head))
        });
        match record {
            Ok((_, head)) if head.is_expired(now_ms) => None,
            other => Some(other.map_err(SqlError::from)),
        }
    }))
}

/// Turns stored rows into values: only the columns that are read.
pub(super) struct Decoder {
    wanted: Vec<(u32, Type)>,
    places: Vec<usize>,
    missing: Vec<Value>,
    width: usize,
    with_address: bool,
}

impl Decoder {
    pub fn new(table: &Table, needed: &[bool]) -> Self {
        let width = table.columns.len();
        let mut decoder = Self {
            wanted: Vec::new(),
            places: Vec::new(),
            missing: Vec::new(),
            width,
            with_address: needed.get(width).copied().unwrap_or(true),
        };
        for (place, column) in table.columns.iter().enumerate() {
            if needed.get(place).copied().unwrap_or(true) {
                decoder.wanted.push((column.id, column.ty.ty.clone()));
                decoder.places.push(place);
                decoder
                    .missing
                    .push(column.missing.clone().unwrap_or(Value::Null));
            }
        }
        decoder
    }

    pub fn decode(&self, row_key: &[u8], head: &Head) -> Result<Row> {
        if head.kind != Kind::Row {
            return Err(SqlError::new(
                "XX001",
                "a table holds a record that is not a row",
            ));
        }
        let mut values = vec![Value::Null; self.width + 1];
        if !self.wanted.is_empty() {
            let fields = row::decode(&head.body, &self.wanted)?;
            for ((field, place), missing) in fields.into_iter().zip(&self.places).zip(&self.missing)
            {
                if let Some(value) = values.get_mut(*place) {
                    *value = field.unwrap_or_else(|| missing.clone());
                }
            }
        }
        if self.with_address
            && let Some(last) = values.last_mut()
        {
            *last = Value::bytea(row_key);
        }
        Ok(values)
    }
}
