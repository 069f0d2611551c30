//! Judging anew: does a row that has changed since it was indexed still match?
//!
//! Its entry is made as it would be indexed now, alone in memory, and asked the
//! same query.

use std::collections::BTreeSet;

use stele_core::record::Key;
use tantivy::collector::DocSetCollector;
use tantivy::directory::RamDirectory;
use tantivy::{Index, SingleSegmentIndexWriter};

use super::ast::Query;
use super::compile::{Context, compile};
use crate::analysis;
use crate::document::Document;
use crate::error::Result;
use crate::follow::Serving;

/// The least a writer asks for.
const ARENA_BYTES: usize = 15 << 20;

/// Which of these rows match, as they are now.
pub fn still_match(
    serving: &Serving,
    queries: &[&Query],
    rows: &[(&Key, u64, &Document)],
    now_us: i64,
) -> Result<BTreeSet<usize>> {
    let shape = &serving.shape;
    let builder = Index::builder().schema(shape.schema.clone());
    let builder = builder.tokenizers(analysis::analyzers().clone());
    let mut writer: SingleSegmentIndexWriter =
        builder.single_segment_index_writer(RamDirectory::create(), ARENA_BYTES)?;
    for (key, stamp, document) in rows {
        writer.add_document(shape.entry(key, *stamp, document))?;
    }
    let searcher = writer.finalize()?.reader()?.searcher();
    let context = Context {
        shape,
        table: &serving.table,
        searcher: &searcher,
        now_us,
    };
    let mut matching: BTreeSet<usize> = (0..rows.len()).collect();
    for query in queries {
        let found = searcher.search(&compile(query, &context)?, &DocSetCollector)?;
        // One segment: entries are numbered in the order they were added.
        let found: BTreeSet<usize> = found.iter().map(|at| at.doc_id as usize).collect();
        matching.retain(|row| found.contains(row));
    }
    Ok(matching)
}
