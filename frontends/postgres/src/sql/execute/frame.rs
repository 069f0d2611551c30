//! Window frames: which rows of a partition a window function sees.

use std::ops::Range;

use stele_core::record::value::Value;

use super::Run;
use super::row::{compare_key, compare_keys};
use super::run::Outer;
use crate::error::{Result, SqlError};
use crate::sql::plan::{Bound, Frame, FrameUnits, RangeArithmetic, SortKey};

/// A partition in order: the values of its sort keys and its groups of peers.
pub(super) struct Peers<'p> {
    keys: &'p [SortKey],
    values: &'p [Vec<Value>],
    /// The first row of each group of peers, and the end of the last.
    starts: Vec<usize>,
}

impl<'p> Peers<'p> {
    pub fn new(keys: &'p [SortKey], values: &'p [Vec<Value>]) -> Self {
        let mut starts = Vec::new();
        for (at, value) in values.iter().enumerate() {
            let same = at.checked_sub(1).and_then(|before| values.get(before));
            if same.is_none_or(|before| compare_keys(keys, before, value).is_ne()) {
                starts.push(at);
            }
        }
        starts.push(values.len());
        Self {
            keys,
            values,
            starts,
        }
    }

    /// How many rows the partition has.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// The group a row is in.
    pub fn group(&self, row: usize) -> usize {
        self.starts
            .partition_point(|start| *start <= row)
            .saturating_sub(1)
    }

    /// The rows of a group; empty past the last.
    pub fn rows(&self, group: usize) -> Range<usize> {
        let end = self.len();
        let start = self.starts.get(group).copied().unwrap_or(end);
        start..self.starts.get(group + 1).copied().unwrap_or(end)
    }

    /// The only sort key's value of a row.
    fn key(&self, row: usize) -> Option<(&SortKey, &Value)> {
        Some((self.keys.first()?, self.values.get(row)?.first()?))
    }
}

/// A frame with its offsets evaluated.
pub(super) struct Bounds<'f> {
    frame: &'f Frame,
    start: Offset,
    end: Offset,
}

#[derive(Clone, Debug)]
enum Offset {
    None,
    Rows(usize),
    Value(Value),
}

impl<'f> Bounds<'f> {
    pub fn new(run: &Run<'_>, frame: &'f Frame, outer: &Outer) -> Result<Self> {
        let offset = |bound: &Bound, what: &str| match bound {
            Bound::Preceding(expr) | Bound::Following(expr) => {
                let value = run.eval(expr, &[], outer)?;
                offset_of(frame.units, value, what)
            }
            _ => Ok(Offset::None),
        };
        Ok(Self {
            frame,
            start: offset(&frame.start, "starting")?,
            end: offset(&frame.end, "ending")?,
        })
    }

    /// The rows of a row's frame.
    pub fn of(&self, run: &Run<'_>, peers: &Peers<'_>, row: usize) -> Result<Range<usize>> {
        let start = self.edge(run, peers, row, &self.frame.start, &self.start, true)?;
        let end = self.edge(run, peers, row, &self.frame.end, &self.end, false)?;
        Ok(start.min(end)..end)
    }

    /// The first row of a frame, or the row after its last.
    fn edge(
        &self,
        run: &Run<'_>,
        peers: &Peers<'_>,
        row: usize,
        bound: &Bound,
        offset: &Offset,
        start: bool,
    ) -> Result<usize> {
        let after = |row: usize| if start { row } else { row + 1 };
        let group = peers.group(row);
        let group_edge = |group: usize| {
            let rows = peers.rows(group);
            if start { rows.start } else { rows.end }
        };
        Ok(match (bound, offset, self.frame.units) {
            (Bound::First, ..) => 0,
            (Bound::Last, ..) => peers.len(),
            (Bound::Current, _, FrameUnits::Rows) => after(row),
            (Bound::Current, ..) => group_edge(group),
            (Bound::Preceding(_), Offset::Rows(count), FrameUnits::Rows) => {
                match row.checked_sub(*count) {
                    Some(row) => after(row),
                    None => 0,
                }
            }
            (Bound::Following(_), Offset::Rows(count), FrameUnits::Rows) => {
                after(row.saturating_add(*count)).min(peers.len())
            }
            (Bound::Preceding(_), Offset::Rows(count), _) => match group.checked_sub(*count) {
                Some(group) => group_edge(group),
                None => 0,
            },
            (Bound::Following(_), Offset::Rows(count), _) => {
                group_edge(group.saturating_add(*count).min(peers.starts.len()))
            }
            (Bound::Preceding(_), Offset::Value(offset), _) => {
                self.range_edge(run, peers, row, offset, true, start)?
            }
            (Bound::Following(_), Offset::Value(offset), _) => {
                self.range_edge(run, peers, row, offset, false, start)?
            }
            (_, Offset::None, _) => peers.len(),
        })
    }

    /// RANGE with an offset: the first row whose key is not before `key - offset` (or the row
    /// after the last that is not past it).
    fn range_edge(
        &self,
        run: &Run<'_>,
        peers: &Peers<'_>,
        row: usize,
        offset: &Value,
        preceding: bool,
        start: bool,
    ) -> Result<usize> {
        let (Some(arithmetic), Some((key, value))) = (&self.frame.range, peers.key(row)) else {
            return Ok(peers.len());
        };
        if value.is_null() {
            // NULLs are each other's peers and nothing else's.
            let rows = peers.rows(peers.group(row));
            return Ok(if start { rows.start } else { rows.end });
        }
        let RangeArithmetic { plus, minus, widen } = arithmetic.as_ref();
        let towards = if preceding != key.descending {
            minus
        } else {
            plus
        };
        let outer = Outer::default();
        let limit = run.eval(towards, &[value.clone(), offset.clone()], &outer)?;
        let before = |other: &Value| -> Result<bool> {
            let other = run.eval(widen, std::slice::from_ref(other), &outer)?;
            let order = compare_key(key, &other, &limit);
            Ok(if start { order.is_lt() } else { order.is_le() })
        };
        let (mut low, mut high) = (0, peers.len());
        while low < high {
            let middle = low + (high - low) / 2;
            let Some((_, other)) = peers.key(middle) else {
                break;
            };
            if before(other)? {
                low = middle + 1
            } else {
                high = middle
            }
        }
        Ok(low)
    }
}

fn offset_of(units: FrameUnits, value: Value, what: &str) -> Result<Offset> {
    if value.is_null() {
        return Err(SqlError::new(
            "22004",
            format!("frame {what} offset must not be null"),
        ));
    }
    let negative = || SqlError::new("22013", format!("frame {what} offset must not be negative"));
    match (units, &value) {
        (FrameUnits::Range, Value::Interval(interval)) if interval.span_us() < 0 => {
            Err(SqlError::new(
                "22013",
                "invalid preceding or following size in window function",
            ))
        }
        (FrameUnits::Range, Value::Float8(number)) if *number < 0.0 => Err(SqlError::new(
            "22013",
            "invalid preceding or following size in window function",
        )),
        (FrameUnits::Range, Value::Numeric(number)) if number.signum() < 0 => Err(SqlError::new(
            "22013",
            "invalid preceding or following size in window function",
        )),
        (FrameUnits::Range, other) if other.as_i64().is_some_and(|number| number < 0) => {
            Err(SqlError::new(
                "22013",
                "invalid preceding or following size in window function",
            ))
        }
        (FrameUnits::Range, _) => Ok(Offset::Value(value)),
        (_, other) => match other.as_i64().map(usize::try_from) {
            Some(Ok(count)) => Ok(Offset::Rows(count)),
            _ => Err(negative()),
        },
    }
}
