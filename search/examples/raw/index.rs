//! The documents in an index of tantivy's own, without Stele: its schema, its writer.

use std::path::Path;

use serde_json::{Map, Value as Json};
use stele_search::{analysis, document::date};
use tantivy::indexer::IndexWriterOptions;
use tantivy::schema::{
    DateOptions, DateTimePrecision, FAST, Field, INDEXED, IndexRecordOption, STORED, Schema,
    TextFieldIndexing, TextOptions,
};
use tantivy::{DateTime, Index, IndexWriter, TantivyDocument, Term};

/// The fields.
#[derive(Clone, Copy)]
pub struct Fields {
    pub id: Field,
    /// The document as it is, to be shown.
    pub source: Field,
    pub number: Field,
    pub title: Field,
    pub text: Field,
    pub tags: Field,
    pub city: Field,
    pub price: Field,
    pub stock: Field,
    pub sold: Field,
    pub since: Field,
}

fn text(analyzer: &str) -> TextOptions {
    let indexing = TextFieldIndexing::default()
        .set_tokenizer(analyzer)
        .set_index_option(IndexRecordOption::WithFreqsAndPositions);
    TextOptions::default().set_indexing_options(indexing)
}

fn keyword() -> TextOptions {
    let indexing = TextFieldIndexing::default()
        .set_tokenizer("keyword")
        .set_fieldnorms(false)
        .set_index_option(IndexRecordOption::Basic);
    TextOptions::default().set_indexing_options(indexing)
}

fn schema() -> (Schema, Fields) {
    let mut schema = Schema::builder();
    let date = DateOptions::default()
        .set_fast()
        .set_indexed()
        .set_precision(DateTimePrecision::Microseconds);
    let fields = Fields {
        id: schema.add_text_field("id", keyword()),
        source: schema.add_text_field("source", STORED),
        number: schema.add_u64_field("number", FAST),
        title: schema.add_text_field("title", text("standard")),
        text: schema.add_text_field("text", text("english")),
        tags: schema.add_text_field("tags", keyword().set_fast("raw")),
        city: schema.add_text_field("city", keyword().set_fast("raw")),
        price: schema.add_f64_field("price", FAST | INDEXED),
        stock: schema.add_i64_field("stock", FAST | INDEXED),
        sold: schema.add_bool_field("sold", FAST | INDEXED),
        since: schema.add_date_field("since", date),
    };
    (schema.build(), fields)
}

/// A moment as tantivy holds it.
pub fn moment(text: &str) -> DateTime {
    DateTime::from_timestamp_micros(date::parse(text).expect("a date"))
}

/// An index in a folder, with a writer of one thread as Stele's has.
pub fn create(folder: &Path) -> tantivy::Result<(Index, IndexWriter, Fields)> {
    let (schema, fields) = schema();
    let mut index = Index::create_in_dir(folder, schema)?;
    index.set_tokenizers(analysis::analyzers().clone());
    let options = IndexWriterOptions::builder()
        .num_worker_threads(1)
        .memory_budget_per_thread(24 << 20)
        .num_merge_threads(1)
        .build();
    let writer = index.writer_with_options(options)?;
    Ok((index, writer, fields))
}

/// Adds a document, replacing what has its id.
pub fn put(
    writer: &IndexWriter,
    fields: &Fields,
    number: u64,
    id: &str,
    source: &str,
) -> tantivy::Result<()> {
    let document: Map<String, Json> = serde_json::from_str(source).expect("an object");
    let mut entry = TantivyDocument::default();
    entry.add_text(fields.id, id);
    entry.add_u64(fields.number, number);
    entry.add_text(fields.source, source);
    let text = |name: &str| document.get(name).and_then(Json::as_str);
    for (field, name) in [
        (fields.title, "title"),
        (fields.text, "text"),
        (fields.city, "city"),
    ] {
        if let Some(text) = text(name) {
            entry.add_text(field, text);
        }
    }
    for tag in document["tags"].as_array().expect("tags") {
        entry.add_text(fields.tags, tag.as_str().expect("text"));
    }
    entry.add_f64(fields.price, document["price"].as_f64().expect("a number"));
    entry.add_i64(fields.stock, document["stock"].as_i64().expect("a number"));
    entry.add_bool(fields.sold, document["sold"].as_bool().expect("a truth"));
    entry.add_date(fields.since, moment(text("since").expect("a date")));
    writer.delete_term(Term::from_field_text(fields.id, id));
    writer.add_document(entry)?;
    Ok(())
}
