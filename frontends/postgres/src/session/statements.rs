//! Prepared statements by name, from Parse and from SQL PREPARE.

use std::collections::HashMap;
use std::sync::Arc;

use super::Prepared;
use crate::error::SqlError;

/// Statements one session may keep.
const STATEMENT_COUNT_MAX: usize = 10_000;
/// Statements remembered by their text.
const RECENT_COUNT_MAX: usize = 128;
/// Longer texts are not remembered.
const RECENT_BYTES_MAX: usize = 4 << 10;

/// A session's prepared statements.
#[derive(Default)]
pub struct Statements {
    by_name: HashMap<String, (Arc<Prepared>, bool)>,
    recent: HashMap<Asked, Arc<Prepared>>,
}

/// A text and the parameter types declared with it.
type Asked = (Arc<str>, Vec<u32>);

impl Statements {
    /// Keeps a statement; the unnamed one replaces its predecessor.
    ///
    /// # Errors
    /// 42P05 when the name is taken, 53400 when there are too many.
    pub fn insert(
        &mut self,
        name: &str,
        prepared: Arc<Prepared>,
        from_sql: bool,
    ) -> Result<(), SqlError> {
        if !name.is_empty() && self.contains(name) {
            return Err(SqlError::new(
                "42P05",
                format!("prepared statement \"{name}\" already exists"),
            ));
        }
        if self.by_name.len() >= STATEMENT_COUNT_MAX {
            return Err(SqlError::new("53400", "too many prepared statements"));
        }
        self.by_name.insert(name.to_owned(), (prepared, from_sql));
        Ok(())
    }

    /// A statement prepared before from the same text and types, under whatever name.
    pub fn recent(&self, text: &str, types: &[u32]) -> Option<Arc<Prepared>> {
        let asked: Asked = (text.into(), types.to_vec());
        self.recent.get(&asked).cloned()
    }

    /// Remembers what a text and its types were prepared as.
    pub fn remember(&mut self, text: &str, types: &[u32], prepared: &Arc<Prepared>) {
        if text.len() > RECENT_BYTES_MAX {
            return;
        }
        if self.recent.len() >= RECENT_COUNT_MAX {
            self.recent.clear();
        }
        self.recent
            .insert((text.into(), types.to_vec()), Arc::clone(prepared));
    }

    /// Whether there is a statement of this name.
    pub fn contains(&self, name: &str) -> bool {
        self.by_name.contains_key(name)
    }

    /// A statement. Errors: 26000.
    pub fn get(&self, name: &str) -> Result<Arc<Prepared>, SqlError> {
        match self.by_name.get(name) {
            Some((prepared, _)) => Ok(Arc::clone(prepared)),
            None if name.is_empty() => Err(SqlError::new(
                "26000",
                "unnamed prepared statement does not exist",
            )),
            None => Err(SqlError::new(
                "26000",
                format!("prepared statement \"{name}\" does not exist"),
            )),
        }
    }

    /// Keeps a statement bound anew under the name it has.
    pub fn renew(&mut self, name: &str, prepared: Arc<Prepared>) {
        if let Some((kept, _)) = self.by_name.get_mut(name) {
            *kept = prepared;
        }
    }

    /// Forgets a statement; whether there was one.
    pub fn remove(&mut self, name: &str) -> bool {
        self.by_name.remove(name).is_some()
    }

    /// Forgets every statement.
    pub fn clear(&mut self) {
        self.by_name.clear();
        self.recent.clear();
    }
}
