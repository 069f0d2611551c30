//! Error replies: the exact words clients match on.

use std::borrow::Cow;

use stele_core::error::{Error, ErrorKind};
use stele_core::op::OpError;

/// Why a command answers with an error. Nothing was changed, except where the text starts with
/// `UNKNOWN`: then nobody can say yet.
#[derive(Debug, Clone)]
pub enum Fault {
    /// A text of this door, its code first.
    Said(Cow<'static, str>),
    /// An op refused.
    Refused(OpError),
    /// The core could not do it.
    Core(Error),
}

/// Options that contradict each other or make no sense.
pub const SYNTAX: Fault = said("ERR syntax error");
/// A word that should be a whole number.
pub const NOT_INTEGER: Fault = said("ERR value is not an integer or out of range");
/// A word that should be a number.
pub const NOT_FLOAT: Fault = said("ERR value is not a valid float");
/// The key holds a value of another type.
pub const WRONG_TYPE: Fault =
    said("WRONGTYPE Operation against a key holding the wrong kind of value");
/// The key must exist and does not.
pub const NO_KEY: Fault = said("ERR no such key");
/// A count or position below zero.
pub const NOT_POSITIVE: Fault = said("ERR value is out of range, must be positive");

/// A fault with a fixed text.
#[must_use]
pub const fn said(text: &'static str) -> Fault {
    Fault::Said(Cow::Borrowed(text))
}

impl Fault {
    /// The reply's text, without the leading `-`.
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        match self {
            Self::Said(text) => Cow::Borrowed(text.as_ref()),
            Self::Refused(refusal) => Cow::Borrowed(refused(refusal)),
            Self::Core(error) => Cow::Owned(failed(error)),
        }
    }

    /// Whether the same transaction may succeed if it is begun again.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Core(error) => matches!(
                error.kind,
                ErrorKind::Retry | ErrorKind::Conflict | ErrorKind::Deadlock
            ),
            Self::Refused(refusal) => *refusal == OpError::Moved,
            Self::Said(_) => false,
        }
    }
}

fn refused(refusal: &OpError) -> &'static str {
    match refusal {
        OpError::WrongType => "WRONGTYPE Operation against a key holding the wrong kind of value",
        OpError::NotInteger => "ERR value is not an integer or out of range",
        OpError::NotFloat => "ERR value is not a valid float",
        OpError::Overflow => "ERR increment or decrement would overflow",
        OpError::NotFinite => "ERR increment would produce NaN or Infinity",
        OpError::NoKey => "ERR no such key",
        OpError::IndexOutOfRange => "ERR index out of range",
        OpError::TooLong => "ERR string exceeds maximum allowed size (proto-max-bulk-len)",
        OpError::HashNotInteger => "ERR hash value is not an integer",
        OpError::HashNotFloat => "ERR hash value is not a float",
        OpError::ScoreNotANumber => "ERR resulting score is not a number (NaN)",
        OpError::Moved => "TRYAGAIN the record changed since it was read",
        OpError::Stream(_) => "ERR the stream does not take the message",
    }
}

/// The code tells a client what it can do: `TRYAGAIN` repeat, `CLUSTERDOWN` go elsewhere or wait,
/// `UNKNOWN` find out first, because the write may have happened.
fn failed(error: &Error) -> String {
    let code = match error.kind {
        ErrorKind::Retry | ErrorKind::Conflict | ErrorKind::Deadlock | ErrorKind::Locked => {
            "TRYAGAIN"
        }
        ErrorKind::Unavailable => "CLUSTERDOWN",
        ErrorKind::Unknown => "UNKNOWN",
        ErrorKind::Invalid | ErrorKind::Corrupt => "ERR",
    };
    format!("{code} {}", error.message)
}

impl From<&'static str> for Fault {
    fn from(text: &'static str) -> Self {
        said(text)
    }
}

impl From<String> for Fault {
    fn from(text: String) -> Self {
        Self::Said(Cow::Owned(text))
    }
}

impl From<OpError> for Fault {
    fn from(refusal: OpError) -> Self {
        Self::Refused(refusal)
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Core(error)
    }
}
