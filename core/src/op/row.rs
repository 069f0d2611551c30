//! Table rows: the head holds the encoded fields; index entries lie beside it.

use bytes::Bytes;

use super::held::{Held, Stop};
use super::string::deadline;
use super::{Expiry, OpError, Reply};
use crate::record::overlay::Overlay;
use crate::record::{CollectionId, Head, Key, Kind, layout};

/// Index and values that sort: with the record's key, an index entry.
pub(super) type Entry = (CollectionId, Bytes);

pub(super) fn put(
    held: &Held<'_>,
    rows: &mut Overlay<'_>,
    fields: &Bytes,
    (add, remove): (&[Entry], &[Entry]),
    expire: Expiry,
) -> Result<Reply, Stop> {
    let old = held.of(Kind::Row)?;
    let mut new = Head::whole(Kind::Row, fields.clone());
    new.expire_ms = deadline(expire, old);
    entries(held.key(), rows, add, remove);
    held.store(rows, Some(&new), "hset");
    Ok(Reply::Done)
}

/// An expired row is removed too, with the entries its reader knew of, but
/// counts as absent in the answer.
pub(super) fn delete(
    held: &Held<'_>,
    rows: &mut Overlay<'_>,
    remove: &[Entry],
) -> Result<Reply, Stop> {
    let was_live = held.of(Kind::Row)?.is_some();
    match held.stored() {
        Some(head) if head.kind == Kind::Row => {
            entries(held.key(), rows, &[], remove);
            held.store(rows, None, "del");
        }
        _ => {}
    }
    Ok(Reply::Int(i64::from(was_live)))
}

/// Removes index entries, then writes others: an entry in both stays.
pub(super) fn entries(key: &Key, rows: &mut Overlay<'_>, add: &[Entry], remove: &[Entry]) {
    for (index, values) in remove {
        rows.delete(layout::index(*index, values, key));
    }
    for (index, values) in add {
        rows.put(layout::index(*index, values, key), Bytes::new());
    }
}

/// Writes and removes index entries of a row, which must not be something else.
pub(super) fn backfill(
    held: &Held<'_>,
    rows: &mut Overlay<'_>,
    add: &[Entry],
    remove: &[Entry],
) -> Result<Reply, OpError> {
    held.of(Kind::Row)?;
    entries(held.key(), rows, add, remove);
    Ok(Reply::Done)
}
