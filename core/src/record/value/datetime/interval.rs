//! Intervals: months, days and microseconds, kept apart because none has a fixed length.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use super::interval_out_of_range;
use crate::record::value::error::Result;

/// An `interval`.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Interval {
    /// Months (years are twelve).
    pub months: i32,
    /// Days.
    pub days: i32,
    /// Microseconds.
    pub us: i64,
}

impl Interval {
    /// An interval of these parts.
    pub fn new(months: i32, days: i32, us: i64) -> Interval {
        Interval { months, days, us }
    }

    /// The length used to compare: months of 30 days, days of 24 hours.
    pub fn span_us(&self) -> i128 {
        let days = i128::from(self.months) * 30 + i128::from(self.days);
        days * 86_400_000_000 + i128::from(self.us)
    }
}

impl PartialEq for Interval {
    fn eq(&self, other: &Interval) -> bool {
        self.span_us() == other.span_us()
    }
}

impl Eq for Interval {}

impl PartialOrd for Interval {
    fn partial_cmp(&self, other: &Interval) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Interval {
    fn cmp(&self, other: &Interval) -> Ordering {
        self.span_us().cmp(&other.span_us())
    }
}

impl Interval {
    /// Sum of parts, checked. Errors: 22008.
    pub fn checked_add(self, other: Interval) -> Result<Interval> {
        let (Some(months), Some(days), Some(us)) = (
            self.months.checked_add(other.months),
            self.days.checked_add(other.days),
            self.us.checked_add(other.us),
        ) else {
            return Err(interval_out_of_range());
        };
        Ok(Interval::new(months, days, us))
    }

    /// The opposite. Errors: 22008.
    pub fn checked_neg(self) -> Result<Interval> {
        let (Some(months), Some(days), Some(us)) = (
            self.months.checked_neg(),
            self.days.checked_neg(),
            self.us.checked_neg(),
        ) else {
            return Err(interval_out_of_range());
        };
        Ok(Interval::new(months, days, us))
    }
}
