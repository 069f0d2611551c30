//! How a transaction is begun: isolation and access mode, in SQL's words.

use stele_core::txn::Isolation;

/// SQL's isolation levels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum IsolationLevel {
    /// Runs as READ COMMITTED, as in PostgreSQL.
    ReadUncommitted,
    /// Each statement sees what was committed when it began.
    #[default]
    ReadCommitted,
    /// The transaction sees what was committed when it began.
    RepeatableRead,
    /// As if transactions ran one after another.
    Serializable,
}

/// What BEGIN and SET TRANSACTION may say; `None` = nothing about it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Modes {
    /// The isolation level.
    pub isolation: Option<IsolationLevel>,
    /// READ ONLY or READ WRITE.
    pub read_only: Option<bool>,
}

impl IsolationLevel {
    /// As settings spell it.
    pub fn name(self) -> &'static str {
        match self {
            Self::ReadUncommitted => "read uncommitted",
            Self::ReadCommitted => "read committed",
            Self::RepeatableRead => "repeatable read",
            Self::Serializable => "serializable",
        }
    }

    /// The level of this spelling.
    pub fn parse(name: &str) -> Option<Self> {
        let all = [
            Self::ReadUncommitted,
            Self::ReadCommitted,
            Self::RepeatableRead,
            Self::Serializable,
        ];
        all.into_iter().find(|level| level.name() == name)
    }

    /// What the core calls it.
    pub fn of_core(self) -> Isolation {
        match self {
            Self::ReadUncommitted | Self::ReadCommitted => Isolation::ReadCommitted,
            Self::RepeatableRead => Isolation::RepeatableRead,
            Self::Serializable => Isolation::Serializable,
        }
    }
}
