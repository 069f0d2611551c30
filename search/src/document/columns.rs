//! Columns: the mapping of a table that was made in SQL, which its definition implies.
//!
//! Stored are the columns that `CREATE INDEX ... USING search` lists, by number. The fields
//! are made anew from the table as it is, so that they follow its columns: a new name, one
//! that was added, one that is gone.
//!
//! ```text
//! listed text       text, and beside it `.keyword` for whole values: sorted, counted
//! other text, uuid  keyword          integers   long, integer, short
//! time, interval    keyword          numbers    double, float
//! dates, timestamps date             boolean    boolean
//! json, jsonb       object: in the document, not searched        bytea: likewise
//! ```
//!
//! An array is a field with several values.

use serde::{Deserialize, Serialize};
use stele_core::record::table::{Column, SearchIndex, Table};
use stele_core::record::value::Type;

use super::mapping::{Dynamic, FIELD_COUNT_MAX, Field, Kind, Mapping};

/// Longer texts have no whole value beside their words, characters.
const KEYWORD_LENGTH_MAX: u32 = 256;

/// What SQL says of a table's search index.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Columns {
    /// The columns whose words are found, by number.
    pub text: Vec<u32>,
    /// How their text is taken apart; `standard` unless said otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub analyzer: Option<String>,
}

impl Mapping {
    /// The stored form of a search index over columns.
    pub fn of_columns(columns: Columns) -> Self {
        Self {
            columns: Some(columns),
            ..Self::default()
        }
    }

    /// The fields of a table's search index.
    ///
    /// # Errors
    /// When the stored form does not read.
    pub fn of(search: &SearchIndex, table: &Table) -> Result<Self, String> {
        let mut mapping = Self::parse(&search.mapping)?;
        if let Some(columns) = mapping.columns.clone() {
            mapping.dynamic = Dynamic::Strict;
            mapping.imply(&columns, table);
        }
        Ok(mapping)
    }

    /// The fields whose words are found where a query names none. Empty = all fields.
    pub fn searched(&self) -> Vec<String> {
        let Some(columns) = &self.columns else {
            return Vec::new();
        };
        let listed = self.fields.iter().filter(|(_, field)| {
            let is_listed = field.column.is_some_and(|id| columns.text.contains(&id));
            is_listed && field.kind == Kind::Text
        });
        listed.map(|(name, _)| name.clone()).collect()
    }

    /// The field with a column's words.
    pub fn words_of(&self, column: u32) -> Option<&str> {
        let mut fields = self.fields.iter();
        let found =
            fields.find(|(_, field)| field.column == Some(column) && field.kind == Kind::Text);
        found.map(|(name, _)| name.as_str())
    }

    fn imply(&mut self, columns: &Columns, table: &Table) {
        let is_listed = |column: &&Column| columns.text.contains(&column.id);
        for column in table.columns.iter().filter(is_listed) {
            if self.fields.len() + 2 <= FIELD_COUNT_MAX && can_be_named(&column.name) {
                self.put_words(column, columns.analyzer.clone());
            }
        }
        for column in table.columns.iter().filter(|column| !is_listed(column)) {
            if self.fields.len() < FIELD_COUNT_MAX && can_be_named(&column.name) {
                self.put_value(column);
            }
        }
    }

    fn put_words(&mut self, column: &Column, analyzer: Option<String>) {
        let mut words = Field::new(Kind::Text);
        words.analyzer = analyzer;
        words.column = Some(column.id);
        let mut whole = Field::new(Kind::Keyword);
        whole.parent = Some(column.name.clone());
        whole.ignore_above = Some(KEYWORD_LENGTH_MAX);
        self.fields.insert(column.name.clone(), words);
        self.fields
            .insert(format!("{}.keyword", column.name), whole);
    }

    fn put_value(&mut self, column: &Column) {
        match kind_of(&column.ty.ty) {
            Some(kind) => {
                let mut field = Field::new(kind);
                field.column = Some(column.id);
                self.fields.insert(column.name.clone(), field);
            }
            None if matches!(column.ty.ty, Type::Json | Type::Jsonb) => {
                self.objects.push(column.name.clone());
            }
            None => {}
        }
    }
}

/// Whether a column's words can be found.
pub fn has_words(ty: &Type) -> bool {
    match ty {
        Type::Text | Type::Varchar | Type::Bpchar => true,
        Type::Array(element) => has_words(element),
        _ => false,
    }
}

/// Whether a column's name can be a field's: a dot is a path, and what begins with `_` is
/// the index's own.
pub fn can_be_named(column: &str) -> bool {
    !column.is_empty() && !column.starts_with('_') && !column.contains('.')
}

/// The type of the field that a column is; `None` when it is none.
fn kind_of(ty: &Type) -> Option<Kind> {
    Some(match ty {
        Type::Text | Type::Varchar | Type::Bpchar | Type::Char | Type::Name => Kind::Keyword,
        Type::Uuid | Type::Time | Type::Interval => Kind::Keyword,
        Type::Int2 => Kind::Short,
        Type::Int4 => Kind::Integer,
        Type::Int8 | Type::Oid => Kind::Long,
        Type::Float4 => Kind::Float,
        Type::Float8 | Type::Numeric => Kind::Double,
        Type::Bool => Kind::Boolean,
        Type::Date | Type::Timestamp | Type::Timestamptz => Kind::Date,
        Type::Array(element) => return kind_of(element),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use stele_core::record::CollectionId;
    use stele_core::record::value::ColumnType;

    use super::*;

    fn column(id: u32, name: &str, ty: Type) -> Column {
        Column {
            id,
            name: name.to_owned(),
            ty: ColumnType { ty, typmod: -1 },
            not_null: false,
            default: None,
            sequence: None,
            identity: None,
            missing: None,
        }
    }

    fn table(columns: Vec<Column>) -> Table {
        Table {
            id: CollectionId(20_000),
            storage: CollectionId(20_000),
            name: "t".to_owned(),
            columns,
            next_column: 9,
            primary_key: None,
            indexes: Vec::new(),
            checks: Vec::new(),
            foreign_keys: Vec::new(),
        }
    }

    fn index() -> SearchIndex {
        let columns = Columns {
            text: vec![2],
            analyzer: Some("english".to_owned()),
        };
        SearchIndex {
            id: CollectionId(20_001),
            table: CollectionId(20_000),
            name: "i".to_owned(),
            mapping: Mapping::of_columns(columns).print(),
        }
    }

    #[test]
    fn listed_columns_are_text_and_the_others_are_their_types() {
        let columns = vec![
            column(1, "id", Type::Int4),
            column(2, "name", Type::Text),
            column(3, "price", Type::Numeric),
            column(4, "data", Type::Jsonb),
            column(5, "_key", Type::Text),
            column(6, "tags", Type::Array(Box::new(Type::Text))),
        ];
        let mapping = Mapping::of(&index(), &table(columns)).expect("reads");
        let kind = |name: &str| mapping.fields.get(name).map(|field| field.kind);
        assert_eq!(kind("id"), Some(Kind::Integer));
        assert_eq!(kind("name"), Some(Kind::Text));
        assert_eq!(kind("name.keyword"), Some(Kind::Keyword));
        assert_eq!(kind("price"), Some(Kind::Double));
        assert_eq!(kind("tags"), Some(Kind::Keyword));
        assert_eq!(kind("_key"), None);
        assert_eq!(mapping.objects, ["data"]);
        assert_eq!(mapping.searched(), ["name"]);
        assert_eq!(mapping.words_of(2), Some("name"));
        assert_eq!(mapping.words_of(1), None);
    }

    #[test]
    fn a_renamed_column_keeps_its_words_and_a_dropped_one_takes_them_along() {
        let renamed = Mapping::of(&index(), &table(vec![column(2, "title", Type::Text)]));
        assert_eq!(renamed.expect("reads").searched(), ["title"]);
        let dropped = Mapping::of(&index(), &table(vec![column(1, "id", Type::Int4)]));
        assert!(dropped.expect("reads").searched().is_empty());
    }
}
