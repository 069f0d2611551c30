//! Elements: the rows of a hash, list, set or sorted set, found by family and name.

use bytes::Bytes;

use crate::error::{Error, Result};
use crate::record::layout::{self, RowKey};
use crate::record::rows::Rows;
use crate::record::{Head, Key};

/// The elements of one generation of a record.
#[derive(Clone, Debug)]
pub(super) struct Elements {
    prefix: RowKey,
}

/// Some elements in order, and where to go on: `None` at the end.
pub type Page = (Vec<(Bytes, Bytes)>, Option<Bytes>);

impl Elements {
    /// The elements that are alive under a head.
    pub fn of(key: &Key, head: &Head) -> Self {
        let prefix = layout::elements(key, head.generation);
        Self { prefix }
    }

    /// The row of an element: its family, and the parts of its name.
    pub fn row(&self, family: u8, name: &[&[u8]]) -> RowKey {
        let length: usize = name.iter().map(|part| part.len()).sum();
        let mut row = Vec::with_capacity(self.prefix.len() + 1 + length);
        row.extend_from_slice(&self.prefix);
        row.push(family);
        name.iter().for_each(|part| row.extend_from_slice(part));
        row
    }

    /// The first row after a family.
    pub fn end(&self, family: u8) -> RowKey {
        self.row(family.saturating_add(1), &[])
    }

    /// The value of an element.
    pub fn get(&self, rows: &dyn Rows, family: u8, name: &[u8]) -> Result<Option<Bytes>> {
        let row = rows.get(&self.row(family, &[name]))?;
        Ok(row.map(|row| row.value))
    }

    /// Names and values of the rows of `[from, to)`, all of one family.
    pub fn scan<'a>(
        &self,
        rows: &'a dyn Rows,
        from: &[u8],
        to: &[u8],
        reverse: bool,
    ) -> impl Iterator<Item = Result<(Bytes, Bytes)>> + Send + use<'a> {
        let name_at = self.prefix.len() + 1;
        let found = (from < to).then(|| rows.scan(from, to, reverse));
        found.into_iter().flatten().map(move |row| {
            let (key, row) = row?;
            if key.len() < name_at {
                return Err(Error::corrupt(
                    "an element's row is shorter than its prefix",
                ));
            }
            Ok((key.slice(name_at..), row.value))
        })
    }

    /// Names and values of a whole family.
    pub fn all<'a>(
        &self,
        rows: &'a dyn Rows,
        family: u8,
        reverse: bool,
    ) -> impl Iterator<Item = Result<(Bytes, Bytes)>> + Send + use<'a> {
        self.scan(rows, &self.row(family, &[]), &self.end(family), reverse)
    }

    /// At most `count` elements from a name on.
    pub fn page(&self, rows: &dyn Rows, family: u8, from: &[u8], count: usize) -> Result<Page> {
        let mut found = self.scan(rows, &self.row(family, &[from]), &self.end(family), false);
        let page = found.by_ref().take(count).collect::<Result<Vec<_>>>()?;
        let next = found.next().transpose()?.map(|(name, _)| name);
        Ok((page, next))
    }
}
