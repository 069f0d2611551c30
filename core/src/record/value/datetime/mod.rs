//! # Dates and times

mod interval;

pub use interval::Interval;

/// Microseconds from 1970-01-01 to 2000-01-01.
pub const UNIX_EPOCH_OFFSET_US: i64 = 946_684_800_000_000;
