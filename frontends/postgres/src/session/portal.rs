//! Portals: statements with their parameters, part of the way through their rows. SQL's
//! cursors are portals with a name of their own.

use std::collections::HashMap;
use std::sync::Arc;

use stele_core::record::value::Value;

use super::{Prepared, RowTag, Rows};
use crate::error::SqlError;
use crate::wire::output::Formats;

/// Portals open at once in one session.
const PORTAL_COUNT_MAX: usize = 10_000;

/// A statement about to run, or under way.
pub struct Portal {
    /// The statement.
    pub prepared: Arc<Prepared>,
    /// Its parameters.
    pub params: Vec<Value>,
    /// How its columns are sent.
    pub formats: Formats,
    /// How far it is.
    pub state: PortalState,
    /// DECLAREd rather than bound.
    pub is_cursor: bool,
    /// Outlives its transaction.
    pub is_held: bool,
    /// The savepoints above which it was opened.
    pub depth: usize,
}

/// How far a portal is.
pub enum PortalState {
    /// Not begun.
    New,
    /// These rows are left.
    Rows {
        /// Not yet sent.
        rows: std::vec::IntoIter<Vec<Value>>,
        /// How its command tag is printed.
        tag: RowTag,
    },
    /// Through.
    Done,
}

impl PortalState {
    /// At the start of a result.
    pub fn of(rows: Rows) -> Self {
        Self::Rows {
            rows: rows.rows.into_iter(),
            tag: rows.tag,
        }
    }
}

impl Portal {
    /// A portal that has not begun.
    pub fn new(prepared: Arc<Prepared>, params: Vec<Value>, formats: Formats) -> Self {
        Self {
            prepared,
            params,
            formats,
            state: PortalState::New,
            is_cursor: false,
            is_held: false,
            depth: 0,
        }
    }
}

/// A session's portals by name.
#[derive(Default)]
pub struct Portals {
    by_name: HashMap<String, Portal>,
}

impl Portals {
    /// Opens a portal; the unnamed one replaces its predecessor.
    ///
    /// # Errors
    /// 42P03 when the name is taken, 53400 when there are too many.
    pub fn open(&mut self, name: &str, portal: Portal) -> Result<(), SqlError> {
        if !name.is_empty() && self.by_name.contains_key(name) {
            return Err(SqlError::new(
                "42P03",
                format!("cursor \"{name}\" already exists"),
            ));
        }
        if self.by_name.len() >= PORTAL_COUNT_MAX {
            return Err(SqlError::new("53400", "too many open portals"));
        }
        self.by_name.insert(name.to_owned(), portal);
        Ok(())
    }

    /// A portal. Errors: 34000.
    pub fn get(&self, name: &str) -> Result<&Portal, SqlError> {
        self.by_name.get(name).ok_or_else(|| missing(name))
    }

    /// A portal, taken out to be run; see [`Portals::put`]. Errors: 34000.
    pub fn take(&mut self, name: &str) -> Result<Portal, SqlError> {
        self.by_name.remove(name).ok_or_else(|| missing(name))
    }

    /// Puts a portal back.
    pub fn put(&mut self, name: String, portal: Portal) {
        self.by_name.insert(name, portal);
    }

    /// Closes a portal, if there is one.
    pub fn close(&mut self, name: &str) -> bool {
        self.by_name.remove(name).is_some()
    }

    /// A simple query replaces the unnamed portal.
    pub fn close_unnamed(&mut self) {
        self.by_name.remove("");
    }

    /// Closes every cursor.
    pub fn close_cursors(&mut self) {
        self.by_name.retain(|_, portal| !portal.is_cursor);
    }

    /// A transaction ended: only held cursors of a committed one survive it.
    pub fn end_transaction(&mut self) {
        self.by_name
            .retain(|_, portal| portal.is_held && !matches!(portal.state, PortalState::New));
    }

    /// ROLLBACK TO: portals opened since are gone.
    pub fn end_savepoint(&mut self, depth: usize) {
        self.by_name
            .retain(|_, portal| portal.depth <= depth || portal.is_held);
    }

    /// DISCARD ALL.
    pub fn clear(&mut self) {
        self.by_name.clear();
    }
}

fn missing(name: &str) -> SqlError {
    SqlError::new("34000", format!("portal \"{name}\" does not exist"))
}
