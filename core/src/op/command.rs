//! Commands and entries: what stands in a log.
//!
//! A log entry carries every command that waited when it was proposed. Each
//! command is answered by itself; ops inside an entry get consecutive stamps
//! from the entry's first.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{OpError, Reply};
use crate::record::{CollectionId, Key, Stamp};

// `Op` is declared by the types' module; see `kinds`.
pub use super::kinds::Op;

/// A transaction's name, never reused: the stamp at which it began to commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TxnId(pub u64);

impl fmt::Display for TxnId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "txn {:x}", self.0)
    }
}

/// What a command relied on; checked where the log puts it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Expect {
    /// The record's version; `None` = absent. An expired record counts as absent.
    Version(Key, Option<Stamp>),
    /// No record of this collection was written in this partition after the stamp.
    Unwritten(CollectionId, Stamp),
}

/// One thing to do in one partition.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Command {
    /// Ops that each stand alone.
    Each(Vec<(Key, Op)>),
    /// Ops that all happen, or none: a transaction of one partition.
    All {
        /// What was relied on.
        expects: Vec<Expect>,
        /// What to do.
        ops: Vec<(Key, Op)>,
    },
    /// One partition's share of a transaction of several.
    Prepare {
        /// Which transaction.
        txn: TxnId,
        /// Every partition that takes part, this one too.
        participants: Vec<u16>,
        /// What was relied on here.
        expects: Vec<Expect>,
        /// What to do here, if all agree.
        ops: Vec<(Key, Op)>,
    },
    /// How a prepared transaction ended; `commit` = the stamp its ops take.
    Resolve {
        /// Which transaction.
        txn: TxnId,
        /// The stamp to commit at, or `None` to abort.
        commit: Option<Stamp>,
    },
    /// Asks how things stand, and bars a prepare that has not come yet.
    Inquire {
        /// Which transaction.
        txn: TxnId,
    },
    /// Everybody has resolved: the outcome may be forgotten.
    Forget {
        /// Which transactions.
        txns: Vec<TxnId>,
    },
    /// Removes records whose deadline is at or before the entry's stamp.
    Expire {
        /// Which records.
        keys: Vec<Key>,
    },
    /// Removes the records of a collection in this partition.
    Clear {
        /// Which collection.
        collection: CollectionId,
        /// At most this many records; 0 = all of them.
        limit: u64,
    },
}

/// How a command was answered.
#[derive(Clone, Debug, PartialEq)]
pub enum CommandReply {
    /// One answer per op of `Each`.
    Each(Vec<Result<Reply, OpError>>),
    /// One answer per op of `All`.
    All(Vec<Reply>),
    /// A promise was broken or an op refused: nothing happened.
    Refused(OpError),
    /// Prepared at this stamp.
    Prepared(Stamp),
    /// The transaction had already ended here, committed at a stamp or aborted.
    Ended(Option<Stamp>),
    /// How many records `Expire` or `Clear` removed.
    Removed(u64),
    /// Done, and nothing to say.
    Done,
}

/// What one log entry carries.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// The meaning of ops at the time of writing: replicas that do not know it
    /// must not fold it.
    pub semantics: u8,
    /// The stamp of the first op.
    pub stamp: Stamp,
    /// What to do, in order.
    pub commands: Vec<Command>,
}

/// The meaning of ops that this code implements.
pub const SEMANTICS: u8 = 1;

/// How an entry's commands were answered, in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EntryReply(pub Vec<CommandReply>);

impl Command {
    /// How many stamps this command uses.
    pub fn stamp_count(&self) -> u64 {
        match self {
            Self::Each(ops) | Self::All { ops, .. } => ops.len() as u64,
            Self::Expire { keys } => keys.len() as u64,
            _ => 1,
        }
    }
}
