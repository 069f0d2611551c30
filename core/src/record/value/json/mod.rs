//! # JSON: the text type and the normalised one
//!
//! **What.** `json` keeps its text; `jsonb` is a tree with unique keys in PostgreSQL's order
//! (shorter first, then by bytes), exact numbers, and the order and containment of SQL.
//!
//! **Why.** Documents compared, indexed and printed by different doors must have one form.
//!
//! **How.** `scan.rs` checks and splits text without building anything (what `json` needs);
//! `parse.rs` builds the tree; `print.rs` prints it; `access.rs` reads inside it and
//! `edit.rs` makes changed copies.
//!
//! **Limits.** Nesting is at most [`DEPTH_MAX`] levels, on input and in what is built.
//!
//! **Further reading.** PostgreSQL manual, 8.14; RFC 8259.

mod access;
mod edit;
mod parse;
mod print;
mod scan;

use std::cmp::Ordering;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::numeric::Numeric;

pub use access::{Step, contains, exists, steps};
pub use edit::{concat, delete_key, delete_path, insert, set, strip_nulls};
pub use parse::parse;
pub use print::{escape, pretty, print};
pub use scan::{elements, kind, members, unquote, validate};

/// Deepest nesting accepted.
pub const DEPTH_MAX: usize = 128;

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

/// The order of keys in an object.
pub fn key_order(a: &str, b: &str) -> Ordering {
    a.len()
        .cmp(&b.len())
        .then_with(|| a.as_bytes().cmp(b.as_bytes()))
}

impl Jsonb {
    /// An object of these members; of equal keys the last wins.
    pub fn object(mut members: Vec<(Arc<str>, Jsonb)>) -> Jsonb {
        members.reverse();
        members.sort_by(|a, b| key_order(&a.0, &b.0));
        members.dedup_by(|later, first| later.0 == first.0);
        Jsonb::Object(members)
    }

    /// A string.
    pub fn string(text: &str) -> Jsonb {
        Jsonb::String(text.into())
    }

    /// `jsonb_typeof`.
    pub fn type_name(&self) -> &'static str {
        match self {
            Jsonb::Null => "null",
            Jsonb::Bool(_) => "boolean",
            Jsonb::Number(_) => "number",
            Jsonb::String(_) => "string",
            Jsonb::Array(_) => "array",
            Jsonb::Object(_) => "object",
        }
    }

    /// Whether this is an array or object.
    pub fn is_container(&self) -> bool {
        matches!(self, Jsonb::Array(_) | Jsonb::Object(_))
    }

    fn rank(&self) -> u8 {
        match self {
            Jsonb::Null => 0,
            Jsonb::String(_) => 1,
            Jsonb::Number(_) => 2,
            Jsonb::Bool(_) => 3,
            Jsonb::Array(_) => 4,
            Jsonb::Object(_) => 5,
        }
    }
}

impl PartialOrd for Jsonb {
    fn partial_cmp(&self, other: &Jsonb) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Null, strings, numbers, booleans, arrays, objects; containers by size before content.
impl Ord for Jsonb {
    fn cmp(&self, other: &Jsonb) -> Ordering {
        match (self, other) {
            (Jsonb::Bool(a), Jsonb::Bool(b)) => a.cmp(b),
            (Jsonb::Number(a), Jsonb::Number(b)) => a.cmp(b),
            (Jsonb::String(a), Jsonb::String(b)) => a.as_bytes().cmp(b.as_bytes()),
            (Jsonb::Array(a), Jsonb::Array(b)) => a.len().cmp(&b.len()).then_with(|| a.cmp(b)),
            (Jsonb::Object(a), Jsonb::Object(b)) => {
                let members = || {
                    let pairs = a.iter().zip(b);
                    let mut orders =
                        pairs.map(|(a, b)| key_order(&a.0, &b.0).then_with(|| a.1.cmp(&b.1)));
                    orders
                        .find(|order| order.is_ne())
                        .unwrap_or(Ordering::Equal)
                };
                a.len().cmp(&b.len()).then_with(members)
            }
            _ => self.rank().cmp(&other.rank()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn again(text: &str) -> String {
        let mut out = String::new();
        print(&parse(text).unwrap(), &mut out);
        out
    }

    #[test]
    fn documents_are_normalised() {
        assert_eq!(
            again(r#"{"bb":1,"a":2,"c":3,"a":4}"#),
            r#"{"a": 4, "c": 3, "bb": 1}"#
        );
        assert_eq!(
            again(r#" [1.50, 1e2, "\u00e9\n", null, true, {}] "#),
            "[1.50, 100, \"é\\n\", null, true, {}]"
        );
    }

    #[test]
    fn malformed_documents_are_refused() {
        for text in [
            "",
            "{",
            "[1,]",
            "{\"a\"}",
            "01",
            "1.",
            "\"\\x\"",
            "nul",
            "1 2",
            "\"\u{1}\"",
            "{a:1}",
            "\"\\ud800\"",
        ] {
            assert_eq!(parse(text).unwrap_err().code, "22P02", "{text}");
            assert!(validate(text).is_err(), "{text}");
        }
        assert_eq!(parse("\"\\u0000\"").unwrap_err().code, "22P05");
        assert_eq!(parse(&"[".repeat(10_000)).unwrap_err().code, "54001");
    }

    #[test]
    fn containment_follows_the_manual() {
        let holds = |a: &str, b: &str| contains(&parse(a).unwrap(), &parse(b).unwrap());
        assert!(holds(r#"{"a":1,"b":{"c":[1,2]}}"#, r#"{"b":{"c":[2]}}"#));
        assert!(holds(r#"["foo","bar"]"#, r#""bar""#));
        assert!(!holds(r#""bar""#, r#"["bar"]"#));
        assert!(!holds("[1,2,[1,3]]", "[1,[4]]"));
        assert!(holds("[1,2,[1,3]]", "[[1]]"));
        assert!(holds("[1,2]", "[2,2,1]"));
    }
}
