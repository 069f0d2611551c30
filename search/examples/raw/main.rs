//! # Tantivy without Stele
//!
//! **What.** The same documents and the same queries on tantivy alone, to compare with.
//!
//! **Why.** What Stele finds must be what the library finds, in the order that is promised;
//! and what Stele adds (a log, SQL, Redis, hits read back from base) has a price, which is
//! measured against the library without it.
//!
//! **How.**
//! ```text
//! raw mapping                the documents' mapping, for Elasticsearch's clients
//! raw documents COUNT        documents, one a line: {"id": ..., "source": {...}}
//! raw answers FILE           each query as JSON with what tantivy finds in a file's documents
//! raw index FILE BATCH       how long they take to be indexed, a durable commit per batch
//! raw serve FILE PASSES      how long each query takes here; then answers GET /N over HTTP
//! ```
//! The queries are written twice, by hand: see `cases.rs`.
//!
//! **Limits.** One connection at a time; requests without a body.

// A program for measurements: it ends when something is not as it should be, and looks at
// the clock.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::print_stdout)]
#![allow(clippy::disallowed_methods, clippy::unwrap_used)]

mod answers;
mod cases;
mod documents;
mod index;
mod serve;

use std::io::Write;
use std::path::Path;
use std::time::Instant;

use serde_json::{Map, Value as Json, json};

/// A document of a file.
pub struct Document {
    pub id: String,
    pub fields: Map<String, Json>,
    pub source: String,
}

/// Reads what `raw documents` has printed.
pub fn read(path: &str) -> Vec<Document> {
    let text = std::fs::read_to_string(path).expect("a file of documents");
    let document = |line: &str| {
        let json: Json = serde_json::from_str(line).expect("JSON");
        Document {
            id: json["id"].as_str().expect("an id").to_owned(),
            fields: json["source"].as_object().expect("an object").clone(),
            source: json["source"].to_string(),
        }
    };
    text.lines().map(document).collect()
}

fn print_documents(count: u64) {
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for number in 0..count {
        let (id, fields) = documents::document(number);
        writeln!(out, "{}", json!({"id": id, "source": fields})).expect("written");
    }
    out.flush().expect("written");
}

/// Indexes a file's documents with a durable commit after each batch; prints seconds and bytes.
fn measure_indexing(path: &str, batch: usize) {
    let documents = read(path);
    let bytes: usize = documents.iter().map(|document| document.source.len()).sum();
    let folder = tempfile::tempdir().expect("a folder");
    let (_, mut writer, fields) = index::create(folder.path()).expect("an index");
    let began = Instant::now();
    for (number, document) in documents.iter().enumerate() {
        index::put(
            &writer,
            &fields,
            number as u64,
            &document.id,
            &document.source,
        )
        .expect("added");
        if (number + 1) % batch == 0 {
            writer.commit().expect("committed");
        }
    }
    writer.commit().expect("committed");
    println!(
        "{}",
        json!({"seconds": began.elapsed().as_secs_f64(), "bytes": bytes})
    );
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["mapping"] => println!("{}", documents::mapping()),
        ["documents", count] => print_documents(count.parse().expect("a count")),
        ["answers", path] => answers::print(&read(path)),
        ["index", path, batch] => measure_indexing(path, batch.parse().expect("a count")),
        ["serve", path, passes] => serve::serve(Path::new(path), passes.parse().expect("a count")),
        _ => {
            let usage = "raw mapping | documents COUNT | answers FILE | index FILE BATCH | serve FILE PASSES";
            eprintln!("{usage}");
        }
    }
}
