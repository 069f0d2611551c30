//! What an op finds: the record's head, read once, and whether it counts.

use super::OpError;
use crate::error::{Error, Result};
use crate::record::overlay::Overlay;
use crate::record::rows::Rows;
use crate::record::{Head, Key, Kind, head};

/// An answer of a record: outside, whether the rows could be read; inside,
/// whether the record is what was asked for.
pub type Answer<T> = Result<Result<T, OpError>>;

/// Why a fold ends early.
#[derive(Debug)]
pub(super) enum Stop {
    /// The op is refused and has written nothing.
    Refused(OpError),
    /// The rows could not be read.
    Failed(Error),
}

impl From<OpError> for Stop {
    fn from(refusal: OpError) -> Self {
        Self::Refused(refusal)
    }
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// The record as an op finds it.
pub(super) struct Held<'k> {
    key: &'k Key,
    stored: Option<Head>,
    is_live: bool,
}

impl<'k> Held<'k> {
    /// Reads the head: the one read every op makes.
    pub fn read(rows: &Overlay<'_>, key: &'k Key) -> Result<Self> {
        let stored = head::stored(rows, key)?;
        let now_ms = rows.stamp().ms();
        let is_live = stored.as_ref().is_some_and(|head| !head.is_expired(now_ms));
        Ok(Self {
            key,
            stored,
            is_live,
        })
    }

    /// Which record.
    pub fn key(&self) -> &'k Key {
        self.key
    }

    /// The head, unless its time has come.
    pub fn live(&self) -> Option<&Head> {
        self.stored.as_ref().filter(|_| self.is_live)
    }

    /// The head, expired or not.
    pub fn stored(&self) -> Option<&Head> {
        self.stored.as_ref()
    }

    /// The live head, which must be of this kind.
    pub fn of(&self, kind: Kind) -> Result<Option<&Head>, OpError> {
        match self.live() {
            Some(head) if head.kind != kind => Err(OpError::WrongType),
            found => Ok(found),
        }
    }

    /// The live head, which must not be a table row: rows have index entries,
    /// and only their own ops know which.
    pub fn unless_row(&self) -> Result<Option<&Head>, OpError> {
        match self.live() {
            Some(head) if head.kind == Kind::Row => Err(OpError::WrongType),
            found => Ok(found),
        }
    }

    /// A head to write elements under, and whether it is a new one: the live
    /// head of this kind, or one of a generation nobody has used.
    pub fn of_or_new(&self, kind: Kind, rows: &Overlay<'_>) -> Result<(Head, bool), OpError> {
        match self.of(kind)? {
            Some(head) => Ok((head.clone(), false)),
            None => Ok((Head::new(kind, rows.stamp()), true)),
        }
    }

    /// Writes what the record has become.
    pub fn store(&self, rows: &mut Overlay<'_>, new: Option<&Head>, op: &str) {
        head::store(rows, self.key, self.stored.as_ref(), new, op);
    }

    /// Writes a collection's head, or removes the record when nothing is left.
    pub fn store_unless_empty(&self, rows: &mut Overlay<'_>, new: &Head, op: &str) {
        self.store(rows, Some(new).filter(|head| head.count > 0), op);
    }
}

/// A live head of a kind, for those who only read.
pub(super) fn find(rows: &dyn Rows, key: &Key, now_ms: u64, kind: Kind) -> Answer<Option<Head>> {
    Ok(match head::live(rows, key, now_ms)? {
        Some(head) if head.kind != kind => Err(OpError::WrongType),
        found => Ok(found),
    })
}

/// Reads from what was opened; there is nothing to read where nothing is.
pub(super) fn with<H, T: Default>(
    opened: Answer<Option<H>>,
    read: impl FnOnce(H) -> Result<T>,
) -> Answer<T> {
    Ok(match opened? {
        Ok(Some(handle)) => Ok(read(handle)?),
        Ok(None) => Ok(T::default()),
        Err(refusal) => Err(refusal),
    })
}

/// A number of things as a reply spells it.
pub(super) fn int(count: u64) -> super::Reply {
    super::Reply::Int(i64::try_from(count).unwrap_or(i64::MAX))
}
