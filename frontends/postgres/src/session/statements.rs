//! Prepared statements by name, from Parse and from SQL PREPARE.

use std::collections::HashMap;
use std::sync::Arc;

use super::Prepared;
use crate::error::SqlError;

/// Statements one session may keep.
const STATEMENT_COUNT_MAX: usize = 10_000;

/// A session's prepared statements.
#[derive(Default)]
pub struct Statements {
    by_name: HashMap<String, (Arc<Prepared>, bool)>,
}

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
    }
}
