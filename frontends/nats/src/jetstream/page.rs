//! Lists that are answered a page at a time.

use serde::Deserialize;

/// What a request for a list says.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Page {
    /// How many to leave out.
    pub offset: usize,
    /// Only streams that take this subject.
    pub subject: Option<String>,
}

impl Page {
    /// The page, and where it begins.
    pub fn of<T>(&self, all: Vec<T>, limit: usize) -> (Vec<T>, usize) {
        let offset = self.offset.min(all.len());
        (all.into_iter().skip(offset).take(limit).collect(), offset)
    }
}
