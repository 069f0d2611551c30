//! Shapes: the schema that a mapping asks for, and the entry that a row becomes.

use std::collections::BTreeMap;

use bytes::Bytes;
use stele_core::record::{CollectionId, Key};
use tantivy::schema::{
    BytesOptions, DateOptions, DateTimePrecision, Field as Place, IndexRecordOption,
    NumericOptions, Schema, TextFieldIndexing, TextOptions,
};
use tantivy::{DateTime, TantivyDocument};

use crate::document::values::{Leaf, at, leaf};
use crate::document::{Document, Field, Kind, Mapping};

/// The field with a row's key.
pub const KEY: &str = "_key";
/// The field with the stamp of the row that was indexed.
pub const STAMP: &str = "_stamp";
/// The field with the names of the fields that have a value.
pub const PRESENT: &str = "_present";

/// Longer terms cannot be indexed, bytes.
const TERM_BYTES_MAX: usize = 32_766;

/// A mapping with its schema.
#[derive(Clone, Debug)]
pub struct Shape {
    /// The mapping.
    pub mapping: Mapping,
    /// The schema.
    pub schema: Schema,
    places: BTreeMap<String, Place>,
}

/// A key inside its table, as an entry has it: in the order of primary keys, none of which
/// is the beginning of another; the slot comes last.
pub fn key_bytes(key: &Key) -> Vec<u8> {
    [&key.bytes[..], &key.slot.to_be_bytes()].concat()
}

/// Reads a key back.
pub fn key_of(storage: CollectionId, stored: &[u8]) -> Option<Key> {
    let (bytes, slot) = stored.split_last_chunk::<2>()?;
    Some(Key {
        collection: storage,
        slot: u16::from_be_bytes(*slot),
        bytes: Bytes::copy_from_slice(bytes),
    })
}

impl Shape {
    /// The shape of a mapping.
    pub fn new(mapping: Mapping) -> Self {
        let mut schema = Schema::builder();
        schema.add_bytes_field(KEY, BytesOptions::default().set_indexed().set_fast());
        schema.add_u64_field(STAMP, NumericOptions::default().set_fast());
        schema.add_text_field(
            PRESENT,
            TextOptions::default().set_indexing_options(whole()),
        );
        let mut places = BTreeMap::new();
        for (name, field) in &mapping.fields {
            let number = NumericOptions::default().set_fast().set_indexed();
            let place = match field.kind {
                Kind::Text => schema.add_text_field(name, text(field)),
                Kind::Keyword => schema.add_text_field(name, keyword()),
                Kind::Boolean => schema.add_bool_field(name, number),
                Kind::Date => schema.add_date_field(name, date()),
                kind if kind.is_float() => schema.add_f64_field(name, number),
                _ => schema.add_i64_field(name, number),
            };
            places.insert(name.clone(), place);
        }
        Self {
            mapping,
            schema: schema.build(),
            places,
        }
    }

    /// A field's place in the schema, with its mapping.
    pub fn field(&self, name: &str) -> Option<(Place, &Field)> {
        Some((*self.places.get(name)?, self.mapping.fields.get(name)?))
    }

    /// The place of one of the fields every entry has.
    pub fn own(&self, name: &str) -> Place {
        // Made by `new`; the first place is as good as any for a name that is not.
        self.schema
            .get_field(name)
            .unwrap_or(Place::from_field_id(0))
    }

    /// The entry of a row.
    pub fn entry(&self, key: &Key, stamp: u64, document: &Document) -> TantivyDocument {
        let mut entry = TantivyDocument::default();
        entry.add_bytes(self.own(KEY), &key_bytes(key));
        entry.add_u64(self.own(STAMP), stamp);
        let present = self.own(PRESENT);
        for (name, place) in &self.places {
            let Some(field) = self.mapping.fields.get(name) else {
                continue;
            };
            let path = field.parent.as_deref().unwrap_or(name);
            let mut is_present = false;
            for json in at(document.fields(), path) {
                // What is not of the type was refused at the door, or is a column
                // that another door filled: it is in the row and cannot be found.
                if let Ok(Some(value)) = leaf(field.kind, json) {
                    is_present |= add(&mut entry, *place, field, value);
                }
            }
            if is_present {
                entry.add_text(present, name);
            }
        }
        entry
    }
}

fn add(entry: &mut TantivyDocument, place: Place, field: &Field, value: Leaf) -> bool {
    match value {
        Leaf::Text(text) if field.kind == Kind::Keyword => {
            let limit = field
                .ignore_above
                .map_or(usize::MAX, |limit| limit as usize);
            let is_long = text.len() > TERM_BYTES_MAX || text.chars().count() > limit;
            if is_long {
                return false;
            }
            entry.add_text(place, text);
        }
        Leaf::Text(text) => entry.add_text(place, text),
        Leaf::Int(value) => entry.add_i64(place, value),
        Leaf::Float(value) => entry.add_f64(place, value),
        Leaf::Bool(value) => entry.add_bool(place, value),
        Leaf::Date(us) => match in_range(us) {
            Some(date) => entry.add_date(place, date),
            None => return false,
        },
    }
    true
}

/// A moment as the index holds it: nanoseconds in 64 bits, the years 1678 to 2261.
pub fn in_range(us: i64) -> Option<DateTime> {
    us.checked_mul(1000)
        .map(|_| DateTime::from_timestamp_micros(us))
}

fn whole() -> TextFieldIndexing {
    TextFieldIndexing::default()
        .set_tokenizer("keyword")
        .set_fieldnorms(false)
        .set_index_option(IndexRecordOption::Basic)
}

fn keyword() -> TextOptions {
    TextOptions::default()
        .set_indexing_options(whole())
        .set_fast("raw")
}

fn text(field: &Field) -> TextOptions {
    let indexing = TextFieldIndexing::default()
        .set_tokenizer(field.analyzer())
        .set_index_option(IndexRecordOption::WithFreqsAndPositions);
    TextOptions::default().set_indexing_options(indexing)
}

fn date() -> DateOptions {
    DateOptions::default()
        .set_fast()
        .set_precision(DateTimePrecision::Microseconds)
}
