//! Scans through a secondary index: entries in value order, then the rows they name.

use std::collections::HashSet;
use std::sync::Arc;

use stele_core::record::table::{Index, Table};
use stele_core::record::value::{Type, Value, key as value_key};
use stele_core::record::{Key, layout};

use super::Run;
use super::run::Outer;
use super::scan::{Records, fetch};
use crate::error::{Result, SqlError};
use crate::sql::plan::access::{KeyPart, Range, key_value};
use crate::sql::plan::point::{combinations, part_values};

/// The records whose index entries have these values.
pub(super) fn open<'a>(
    run: &Arc<Run<'a>>,
    table: &'a Table,
    index: &'a Index,
    equal: &[KeyPart],
    range: Option<&Range>,
    outer: &Outer,
) -> Result<Records<'a>> {
    let types = column_types(table, index)?;
    let mut columns = Vec::with_capacity(equal.len());
    for (part, ty) in equal.iter().zip(&types) {
        let values = run.with_cx(outer, |cx| part_values(part, cx))?;
        columns.push(
            values
                .into_iter()
                .filter_map(|value| key_value(value, ty))
                .collect::<Vec<_>>(),
        );
    }
    let mut intervals = Vec::new();
    for tuple in combinations(&columns)? {
        let mut prefix = Vec::new();
        for value in &tuple {
            value_key::encode(value, &mut prefix)?;
        }
        if let Some(interval) = interval(run, index, prefix, range, outer)? {
            intervals.push(interval);
        }
    }
    let (rows, now_ms) = (run.cx.rows, run.cx.now_ms);
    let storage = table.storage;
    let mut seen = HashSet::new();
    let entries = intervals
        .into_iter()
        .flat_map(move |(from, to)| rows.scan(&from, &to, false));
    Ok(Box::new(entries.filter_map(move |entry| {
        let found = entry
            .map_err(SqlError::from)
            .and_then(|(row_key, _)| record_key(&row_key, &types, storage));
        let key = match found {
            Ok(key) => key,
            Err(error) => return Some(Err(error)),
        };
        // A row whose indexed values changed within a transaction may be met twice.
        if !seen.insert((key.slot, key.bytes.clone())) {
            return None;
        }
        fetch(rows, &key, now_ms).transpose()
    })))
}

/// The entries from one key to another.
type Interval = (Vec<u8>, Vec<u8>);

/// `None` when a bound is NULL: nothing compares with it.
fn interval(
    run: &Run<'_>,
    index: &Index,
    prefix: Vec<u8>,
    range: Option<&Range>,
    outer: &Outer,
) -> Result<Option<Interval>> {
    let whole = layout::index_prefix(index.storage, &prefix);
    let mut interval = (whole.clone(), layout::end_of(&whole));
    let Some(range) = range else {
        return Ok(Some(interval));
    };
    let edge = |value: &Value| -> Result<Vec<u8>> {
        let mut values = prefix.clone();
        value_key::encode(value, &mut values)?;
        Ok(layout::index_prefix(index.storage, &values))
    };
    if let Some((low, inclusive)) = &range.low {
        let value = run.eval(low, &[], outer)?;
        if value.is_null() {
            return Ok(None);
        }
        let edge = edge(&value)?;
        interval.0 = if *inclusive {
            edge
        } else {
            layout::end_of(&edge)
        };
    }
    match &range.high {
        Some((high, inclusive)) => {
            let value = run.eval(high, &[], outer)?;
            if value.is_null() {
                return Ok(None);
            }
            let edge = edge(&value)?;
            interval.1 = if *inclusive {
                layout::end_of(&edge)
            } else {
                edge
            };
        }
        // NULLs sort last and are in no range.
        None => interval.1 = edge(&Value::Null)?,
    }
    Ok((interval.0 < interval.1).then_some(interval))
}

fn column_types(table: &Table, index: &Index) -> Result<Vec<Type>> {
    let types = index.columns.iter().map(|id| {
        let column = table
            .position(*id)
            .and_then(|position| table.columns.get(position));
        column.map(|column| column.ty.ty.clone())
    });
    let types: Option<Vec<Type>> = types.collect();
    types.ok_or_else(|| SqlError::internal("an index names a column that is gone"))
}

/// The record an entry names: what follows its values.
fn record_key(
    row_key: &[u8],
    types: &[Type],
    collection: stele_core::record::CollectionId,
) -> Result<Key> {
    let damaged = || SqlError::new("XX001", "an index entry does not decode");
    let mut rest = row_key.get(layout::TAG_OFFSET + 1..).ok_or_else(damaged)?;
    for ty in types {
        value_key::decode(&mut rest, ty)?;
    }
    let (slot, bytes) = rest.split_at_checked(2).ok_or_else(damaged)?;
    let slot = u16::from_be_bytes(slot.try_into().map_err(|_| damaged())?);
    Ok(Key {
        collection,
        slot,
        bytes: bytes::Bytes::copy_from_slice(bytes),
    })
}
