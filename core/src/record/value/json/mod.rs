//! # JSON

use std::cmp::Ordering;
use std::hash::Hash;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::numeric::Numeric;

/// A normalised JSON value.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Jsonb {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, with its scale kept.
    Number(Numeric),
    /// A string.
    String(Arc<str>),
    /// An array.
    Array(Vec<Jsonb>),
    /// An object: keys unique, shorter first, then by bytes.
    Object(Vec<(Arc<str>, Jsonb)>),
}

impl PartialOrd for Jsonb {
    fn partial_cmp(&self, other: &Jsonb) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Jsonb {
    fn cmp(&self, other: &Jsonb) -> Ordering {
        let _ = other;
        Ordering::Equal
    }
}
