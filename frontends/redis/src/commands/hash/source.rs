//! A hash to read from: of a keyspace, or a row of a table.

use bytes::Bytes;
use stele_core::op::Page;
use stele_core::op::hash::Hash;
use stele_core::record::Kind;
use stele_core::record::head;

use crate::commands::Reading;
use crate::fault::{Fault, WRONG_TYPE};
use crate::rows::{Place, fields_of};

/// Where the fields come from.
pub enum Source<'a> {
    /// Nothing is there.
    Nothing,
    /// A hash with one physical row per field.
    Elements(Hash<'a>),
    /// A table's row: the columns that are not NULL, printed.
    Fields(Vec<(Bytes, Bytes)>),
}

impl<'a> Reading<'a> {
    /// The hash a key holds.
    ///
    /// # Errors
    /// `WRONGTYPE` if it holds something else.
    pub fn hash(&self, name: &Bytes) -> Result<Source<'a>, Fault> {
        let place = self.tables.place(self.database, name);
        let (key, table) = match place {
            Place::NoRow { .. } => return Ok(Source::Nothing),
            Place::Keyspace(key) => (key, None),
            Place::Row { key, table, .. } => (key, Some(table)),
        };
        let Some(head) = head::live(self.rows, &key, self.now_ms)? else {
            return Ok(Source::Nothing);
        };
        match (head.kind, table) {
            (Kind::Hash, _) => Ok(Source::Elements(Hash::new(self.rows, &key, &head))),
            (Kind::Row, Some(table)) => Ok(Source::Fields(fields_of(&table, &head.body)?)),
            _ => Err(WRONG_TYPE),
        }
    }
}

impl Source<'_> {
    /// One field's value.
    ///
    /// # Errors
    /// When stored bytes cannot be read.
    pub fn field(&self, field: &Bytes) -> Result<Option<Bytes>, Fault> {
        Ok(match self {
            Self::Nothing => None,
            Self::Elements(hash) => hash.get(field)?,
            Self::Fields(fields) => fields
                .iter()
                .find(|(name, _)| name == field)
                .map(|(_, value)| value.clone()),
        })
    }

    /// All fields and values.
    ///
    /// # Errors
    /// When stored bytes cannot be read.
    pub fn all(self) -> Result<Vec<(Bytes, Bytes)>, Fault> {
        Ok(match self {
            Self::Nothing => Vec::new(),
            Self::Elements(hash) => hash.iter().collect::<Result<_, _>>()?,
            Self::Fields(fields) => fields,
        })
    }

    /// Some fields from one on, and the one to go on from. A row comes whole.
    ///
    /// # Errors
    /// When stored bytes cannot be read.
    pub fn page(self, from: &[u8], count: usize) -> Result<Page, Fault> {
        match self {
            Self::Elements(hash) => Ok(hash.page(from, count)?),
            whole => Ok((whole.all()?, None)),
        }
    }

    /// How many fields there are.
    #[must_use]
    pub fn count(&self) -> usize {
        match self {
            Self::Nothing => 0,
            Self::Elements(hash) => usize::try_from(hash.len()).unwrap_or(usize::MAX),
            Self::Fields(fields) => fields.len(),
        }
    }
}
