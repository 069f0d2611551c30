//! Changes: what an op did to a record, as followers of the feed are told.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::Key;

/// What happened to the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ChangeKind {
    /// It was not there before.
    Insert,
    /// It was there and still is.
    Update,
    /// It is gone.
    Delete,
    /// It is gone because its time had come.
    Expire,
}

/// One change of one record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Which record.
    pub key: Key,
    /// What happened.
    pub kind: ChangeKind,
    /// The op's name, lower case, as Redis keyspace notifications spell it.
    pub op: String,
    /// A table row's fields after the change; `None` for other kinds of record.
    pub after: Option<Bytes>,
}
