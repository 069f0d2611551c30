//! Mappings: which fields a document has, of which type, and how each is indexed.
//!
//! Kept as JSON in the search index's definition. A field's name is its path:
//! `author.name` inside an object, `title.keyword` for a second reading of `title`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::columns::Columns;

/// How many fields one mapping may have.
pub const FIELD_COUNT_MAX: usize = 1000;

/// The type of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Analyzed text.
    Text,
    /// One term, as it is.
    Keyword,
    /// 64-bit integer.
    Long,
    /// 32-bit integer.
    Integer,
    /// 16-bit integer.
    Short,
    /// 8-bit integer.
    Byte,
    /// 64-bit floating point number.
    Double,
    /// 32-bit floating point number.
    Float,
    /// true or false.
    Boolean,
    /// A moment.
    Date,
}

/// What happens to a field that the mapping does not have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dynamic {
    /// It is added.
    #[default]
    True,
    /// It is kept in the document and not indexed.
    False,
    /// The document is refused.
    Strict,
}

/// One field.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Field {
    /// Its type.
    pub kind: Kind,
    /// How text is taken apart; `standard` unless said otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub analyzer: Option<String>,
    /// How a query's text is; the analyzer unless said otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub search_analyzer: Option<String>,
    /// Longer keywords are not indexed, characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ignore_above: Option<u32>,
    /// The field whose value this one reads, for a second reading of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// The table's column with the field's value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
}

/// Every field of a search index.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Mapping {
    /// The table is a collection of documents: it has a key `_id` and a column
    /// `_source` with each document as it was sent.
    pub documents: bool,
    /// What happens to unknown fields.
    #[serde(default)]
    pub dynamic: Dynamic,
    /// Fields by path.
    pub fields: BTreeMap<String, Field>,
    /// Paths of objects that have been declared.
    #[serde(default)]
    pub objects: Vec<String>,
    /// The fields are a table's columns ([`Mapping::of`]), of which these are said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub columns: Option<Columns>,
}

impl Kind {
    /// The type of that name, as mappings spell it.
    pub fn of_name(name: &str) -> Option<Self> {
        serde_json::from_value(serde_json::Value::from(name)).ok()
    }

    /// The name, as mappings spell it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Keyword => "keyword",
            Self::Long => "long",
            Self::Integer => "integer",
            Self::Short => "short",
            Self::Byte => "byte",
            Self::Double => "double",
            Self::Float => "float",
            Self::Boolean => "boolean",
            Self::Date => "date",
        }
    }

    /// Whole numbers.
    pub fn is_integer(self) -> bool {
        matches!(self, Self::Long | Self::Integer | Self::Short | Self::Byte)
    }

    /// Text of either sort.
    pub fn is_words(self) -> bool {
        matches!(self, Self::Text | Self::Keyword)
    }

    /// Numbers with a fraction.
    pub fn is_float(self) -> bool {
        matches!(self, Self::Double | Self::Float)
    }
}

impl Field {
    /// A field of a type, with nothing special about it.
    pub fn new(kind: Kind) -> Self {
        Self {
            kind,
            analyzer: None,
            search_analyzer: None,
            ignore_above: None,
            parent: None,
            column: None,
        }
    }

    /// The analyzer that indexes it.
    pub fn analyzer(&self) -> &str {
        match self.kind {
            Kind::Text => self.analyzer.as_deref().unwrap_or("standard"),
            _ => "keyword",
        }
    }

    /// The analyzer for a query's text.
    pub fn search_analyzer(&self) -> &str {
        match (&self.search_analyzer, self.kind) {
            (Some(name), Kind::Text) => name,
            _ => self.analyzer(),
        }
    }
}

impl Mapping {
    /// Reads the stored form.
    pub fn parse(stored: &str) -> Result<Self, String> {
        serde_json::from_str(stored).map_err(|error| format!("a mapping does not read: {error}"))
    }

    /// The stored form.
    pub fn print(&self) -> String {
        // A map of strings and enums always encodes.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Fields whose names match a pattern with `*`, or the one of that name.
    pub fn matching<'a>(&'a self, pattern: &'a str) -> impl Iterator<Item = (&'a str, &'a Field)> {
        let is_pattern = pattern.contains('*');
        self.fields.iter().filter_map(move |(name, field)| {
            let matches = if is_pattern {
                crate::pattern::matches(pattern, name)
            } else {
                pattern == name
            };
            matches.then_some((name.as_str(), field))
        })
    }

    /// The fields that read the value at a path: the one of that name and its
    /// second readings.
    pub fn readings<'a>(&'a self, path: &'a str) -> impl Iterator<Item = (&'a str, &'a Field)> {
        self.fields.iter().filter_map(move |(name, field)| {
            let reads = name == path || field.parent.as_deref() == Some(path);
            reads.then_some((name.as_str(), field))
        })
    }
}
