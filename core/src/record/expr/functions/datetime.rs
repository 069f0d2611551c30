//! Placeholder.

use super::registry::Register;

pub(super) fn register(_register: &mut Register) {}

use crate::record::value::{Result, Value, Zone, datetime::arithmetic};
use std::borrow::Cow;

/// Dates and timestamps of different types made comparable: as timestamps, in the session's
/// zone when one side has a zone.
pub(super) fn align<'a>(
    a: &'a Value,
    b: &'a Value,
    zone: &Zone,
) -> Result<(Cow<'a, Value>, Cow<'a, Value>)> {
    let rank = |value: &Value| match value {
        Value::Date(_) => 1,
        Value::Timestamp(_) => 2,
        Value::Timestamptz(_) => 3,
        _ => 0,
    };
    let (from, to) = (rank(a), rank(b));
    if from == 0 || to == 0 || from == to {
        return Ok((Cow::Borrowed(a), Cow::Borrowed(b)));
    }
    let zoned = from == 3 || to == 3;
    Ok((lift(a, zoned, zone)?, lift(b, zoned, zone)?))
}

fn lift<'a>(value: &'a Value, zoned: bool, zone: &Zone) -> Result<Cow<'a, Value>> {
    let local = match value {
        Value::Date(date) => match arithmetic::date_to_timestamp(*date) {
            Ok(us) => us,
            // Every date beyond the timestamps is after (or before) them all.
            Err(_) if *date > 0 => i64::MAX - 1,
            Err(_) => i64::MIN + 1,
        },
        Value::Timestamp(us) => *us,
        other => return Ok(Cow::Borrowed(other)),
    };
    Ok(Cow::Owned(match zoned {
        true => Value::Timestamptz(zone.to_utc(local).unwrap_or(local)),
        false => Value::Timestamp(local),
    }))
}
