//! Sources: what a scan can read, and the row it gives.

use std::sync::Arc;

use stele_core::record::table::{SearchIndex, StreamDefinition, Table};
use stele_core::record::value::{ColumnType, Type};

use super::search;
use crate::sql::execute::keyspace::View;
use crate::sql::execute::stream;
use crate::sql::virtual_table::VirtualTable;

/// What a scan reads. Its row is the columns, and for a table last the record's address
/// (`bytea`, see [`crate::sql::execute::address`]).
#[derive(Clone)]
pub enum Source {
    /// A table.
    Table(Arc<Table>),
    /// A table with a full-text index. Its row may have one column more: the score.
    Searched(Searched),
    /// A Redis keyspace seen as a table.
    Keyspace(View),
    /// A stream seen as a table.
    Stream(Arc<StreamDefinition>),
    /// A table that is computed.
    Virtual(&'static VirtualTable),
}

/// A table with a full-text index.
#[derive(Clone)]
pub struct Searched {
    /// The table.
    pub table: Arc<Table>,
    /// The index.
    pub index: Arc<SearchIndex>,
    /// The scan's row has the score behind the address.
    pub has_score: bool,
}

impl Source {
    /// The table whose records it reads.
    pub fn table(&self) -> Option<&Arc<Table>> {
        match self {
            Self::Table(table) => Some(table),
            Self::Searched(searched) => Some(&searched.table),
            Self::Keyspace(_) | Self::Stream(_) | Self::Virtual(_) => None,
        }
    }

    /// How many columns the scan's row has.
    pub fn width(&self) -> usize {
        match self {
            // The last one is the record's address.
            Self::Table(table) => table.columns.len() + 1,
            Self::Searched(searched) => {
                searched.table.columns.len() + 1 + usize::from(searched.has_score)
            }
            Self::Keyspace(view) => view.columns().len(),
            Self::Stream(_) => stream::COLUMNS.len(),
            Self::Virtual(table) => table.columns.len(),
        }
    }

    /// The type of a column of the scan's row.
    pub fn column_type(&self, index: usize) -> ColumnType {
        let ty = match self {
            Self::Table(table) => table.columns.get(index).map(|column| column.ty.clone()),
            Self::Searched(searched) => {
                let columns = &searched.table.columns;
                match index.checked_sub(columns.len() + 1) {
                    Some(_) => Some(search::SCORE.into()),
                    None => columns.get(index).map(|column| column.ty.clone()),
                }
            }
            Self::Keyspace(view) => view
                .columns()
                .get(index)
                .map(|column| column.ty.clone().into()),
            Self::Stream(_) => stream::COLUMNS
                .get(index)
                .map(|column| column.ty.clone().into()),
            Self::Virtual(table) => table.columns.get(index).map(|column| column.column_type()),
        };
        ty.unwrap_or_else(|| Type::Bytea.into())
    }

    /// The relation's own name.
    pub fn name(&self) -> &str {
        match self {
            Self::Table(table) => &table.name,
            Self::Searched(searched) => &searched.table.name,
            Self::Keyspace(view) => view.name(),
            Self::Stream(stream) => &stream.name,
            Self::Virtual(table) => table.name,
        }
    }
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}
