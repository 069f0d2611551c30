//! Replies: what an op answers, in no door's idiom.

use bytes::Bytes;

/// What an op answers.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// Done, and nothing to say.
    Done,
    /// There was nothing, or a condition did not hold.
    None,
    /// A number: how many, or the new value.
    Int(i64),
    /// A fraction: a score.
    Float(f64),
    /// Bytes.
    Bytes(Bytes),
    /// Several answers.
    List(Vec<Reply>),
}
