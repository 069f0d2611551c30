//! Errors of the core: each kind says what the caller can do about it.

use std::fmt;

/// What the caller can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// Nothing happened; the same call may succeed if repeated.
    Retry,
    /// Nothing happened; somebody else changed what the caller relied on. A
    /// transaction must be begun again.
    Conflict,
    /// Nothing happened; the transaction was the youngest in a circle of
    /// transactions waiting for each other. Begin it again.
    Deadlock,
    /// The call itself is wrong; repeating it cannot help.
    Invalid,
    /// A lock was not to be had, and the caller asked not to wait (longer).
    Locked,
    /// The node cannot serve this now: it is stopping, or has no leader.
    Unavailable,
    /// The call was sent and its outcome is not known. It may have happened.
    Unknown,
    /// What is stored does not decode or does not add up. The node stops.
    Corrupt,
}

/// An error with its kind and one sentence: what happened, to what.
#[derive(Clone, Debug)]
pub struct Error {
    /// What the caller can do.
    pub kind: ErrorKind,
    /// What happened, to which key, partition or node. Lower case, no full stop.
    pub message: String,
}

/// The result of everything in the core that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An error of a kind.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
        }
    }

    /// Stored bytes that do not decode.
    pub fn corrupt(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Corrupt, message)
    }

    /// A call that can never succeed.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Invalid, message)
    }

    /// Somebody else changed what the caller relied on.
    pub fn conflict(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Conflict, message)
    }

    /// The node cannot serve this now.
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Unavailable, message)
    }

    /// The outcome is not known.
    pub fn unknown(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Unknown, message)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}
