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
    /// Reads a request; an empty one asks for the first page.
    pub fn read(payload: &[u8]) -> Result<Self, serde_json::Error> {
        if payload.trim_ascii().is_empty() {
            return Ok(Self::default());
        }
        serde_json::from_slice(payload)
    }

    /// The page, and where it begins.
    pub fn of<T>(&self, all: Vec<T>, limit: usize) -> (Vec<T>, usize) {
        let offset = self.offset.min(all.len());
        (all.into_iter().skip(offset).take(limit).collect(), offset)
    }
}
