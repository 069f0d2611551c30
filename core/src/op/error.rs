//! Refusals: why an op did nothing. Deterministic: every replica refuses alike.

use std::fmt;

use super::stream::StreamRefusal;

/// Why an op did nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OpError {
    /// The record is of another type.
    WrongType,
    /// A stored or given value is not a whole number of 64 bits.
    NotInteger,
    /// A stored or given value is not a number.
    NotFloat,
    /// The result would not fit in 64 bits.
    Overflow,
    /// The result would be infinite or not a number.
    NotFinite,
    /// There is no such record.
    NoKey,
    /// There is no element at that position.
    IndexOutOfRange,
    /// The result would be larger than a value may be.
    TooLong,
    /// A hash field holds something that is not a whole number.
    HashNotInteger,
    /// A hash field holds something that is not a number.
    HashNotFloat,
    /// The sum of two scores would not be a number.
    ScoreNotANumber,
    /// The record or its place changed since it was read.
    Moved,
    /// A stream does not take the message.
    Stream(StreamRefusal),
}

impl fmt::Display for OpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::WrongType => "the record is of another type",
            Self::NotInteger => "value is not an integer or out of range",
            Self::NotFloat => "value is not a valid float",
            Self::Overflow => "increment or decrement would overflow",
            Self::NotFinite => "increment would produce NaN or Infinity",
            Self::NoKey => "no such key",
            Self::IndexOutOfRange => "index out of range",
            Self::TooLong => "string exceeds maximum allowed size (proto-max-bulk-len)",
            Self::HashNotInteger => "hash value is not an integer",
            Self::HashNotFloat => "hash value is not a float",
            Self::ScoreNotANumber => "resulting score is not a number (NaN)",
            Self::Moved => "the record changed since it was read",
            Self::Stream(refusal) => return refusal.fmt(f),
        };
        f.write_str(text)
    }
}

impl std::error::Error for OpError {}
