//! Families and batches.

use bytes::Bytes;

/// The column families; their names are on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// Log entries: group, index.
    Log,
    /// Each group's vote, committed and purged positions, membership.
    LogMeta,
    /// Records: heads, elements, counters, intents (see `record::layout`).
    Base,
    /// Older versions of rows that a snapshot still needs.
    History,
    /// Secondary index entries and the queue of deadlines.
    Index,
    /// Changes, in log order.
    Feed,
    /// Tentative ops not yet sequenced (empty on one node).
    Pending,
    /// The node's own facts: identity, clock bound, format.
    Meta,
}

impl Family {
    /// Every family, in a stable order.
    pub const ALL: [Self; 8] = [
        Self::Log,
        Self::LogMeta,
        Self::Base,
        Self::History,
        Self::Index,
        Self::Feed,
        Self::Pending,
        Self::Meta,
    ];

    /// The name on disk.
    pub fn name(self) -> &'static str {
        match self {
            Self::Log => "log",
            Self::LogMeta => "logmeta",
            Self::Base => "base",
            Self::History => "history",
            Self::Index => "index",
            Self::Feed => "feed",
            Self::Pending => "pending",
            Self::Meta => "meta",
        }
    }

    /// The family of that name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|family| family.name() == name)
    }
}

/// One write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Write {
    /// Sets a row.
    Put(Family, Bytes, Bytes),
    /// Deletes a row.
    Delete(Family, Bytes),
    /// Deletes the rows of `[from, to)`.
    DeleteRange(Family, Bytes, Bytes),
}

/// Writes that happen together.
#[derive(Clone, Debug, Default)]
pub struct StoreBatch {
    /// The writes, in order; a later one wins.
    pub writes: Vec<Write>,
}

impl StoreBatch {
    /// Sets a row.
    pub fn put(&mut self, family: Family, key: impl Into<Bytes>, value: impl Into<Bytes>) {
        self.writes
            .push(Write::Put(family, key.into(), value.into()));
    }

    /// Deletes a row.
    pub fn delete(&mut self, family: Family, key: impl Into<Bytes>) {
        self.writes.push(Write::Delete(family, key.into()));
    }

    /// Deletes the rows of `[from, to)`.
    pub fn delete_range(&mut self, family: Family, from: impl Into<Bytes>, to: impl Into<Bytes>) {
        self.writes
            .push(Write::DeleteRange(family, from.into(), to.into()));
    }

    /// Adds another batch's writes after these.
    pub fn append(&mut self, mut other: Self) {
        self.writes.append(&mut other.writes);
    }

    /// Is there nothing to write?
    pub fn is_empty(&self) -> bool {
        self.writes.is_empty()
    }
}
