//! What a statement comes to: rows, a command tag, or the start of a COPY.

use std::sync::Arc;

use stele_core::record::value::{ColumnType, Value};

use crate::sql::bind::OutputColumn;
use crate::sql::copy::{CopyIn, CopyOut};

/// What ran around a statement decides when it commits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// By itself: it commits at its own end.
    #[default]
    Alone,
    /// Among others of one query text: the text's end commits.
    Among,
    /// In a pipeline: Sync commits.
    Pipelined,
}

/// What a statement came to.
pub enum Outcome {
    /// There was no statement.
    Empty,
    /// Done, with this command tag.
    Done(String),
    /// Rows.
    Rows(Rows),
    /// Rows that were sent while they were produced.
    Sent {
        /// How many.
        count: usize,
        /// How the command tag is printed.
        tag: RowTag,
    },
    /// The client is to send rows.
    CopyIn(CopyIn),
    /// The client is sent rows as COPY data.
    CopyOut(CopyOut),
}

/// A gathered result.
pub struct Rows {
    /// Its columns.
    pub fields: Arc<[Field]>,
    /// Its rows.
    pub rows: Vec<Vec<Value>>,
    /// How its command tag is printed.
    pub tag: RowTag,
}

/// The command tag of a statement with rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowTag {
    /// The word and the number of rows.
    Counted(&'static str),
    /// Always this.
    Fixed(&'static str),
}

impl RowTag {
    /// The tag after so many rows.
    pub fn print(self, count: usize) -> String {
        match self {
            Self::Counted(word) => format!("{word} {count}"),
            Self::Fixed(tag) => tag.to_owned(),
        }
    }
}

/// A column of a result, as RowDescription tells it.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// The table it comes from, 0 for none.
    pub table: u32,
    /// Its number in that table, from 1.
    pub column: i16,
    /// Its type.
    pub ty: ColumnType,
}

impl Field {
    /// A column that comes from no table.
    pub fn new(name: impl Into<String>, ty: impl Into<ColumnType>) -> Self {
        Self {
            name: name.into(),
            table: 0,
            column: 0,
            ty: ty.into(),
        }
    }

    /// The fields of a bound query's columns.
    pub fn of(columns: &[OutputColumn]) -> Arc<[Self]> {
        let field = |column: &OutputColumn| {
            let (table, number) = column.origin.unwrap_or_default();
            Self {
                name: column.name.clone(),
                table,
                column: number,
                ty: column.ty.clone(),
            }
        };
        columns.iter().map(field).collect()
    }
}
