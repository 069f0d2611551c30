//! The tail: rows that changed since the index or the view, asked by themselves.

use std::collections::BTreeSet;

use stele_core::record::rows::Rows;
use stele_core::record::{CollectionId, Key, Token, head};
use stele_core::txn::RowRecord;
use stele_core::{Database, Followed};
use tantivy::collector::TopDocs;
use tantivy::directory::RamDirectory;
use tantivy::query::Bm25StatisticsProvider;
use tantivy::{Index, Searcher, SingleSegmentIndexWriter};

use super::best::Hit;
use crate::analysis;
use crate::document::Document;
use crate::error::{Error, Result};
use crate::follow::Serving;
use crate::index::key_bytes;
use crate::query::{Compile, Query};

/// With more changed rows than this an index is waited for.
pub const TAIL_COUNT_MAX: usize = 1000;
/// How many rows of its own a transaction may have written to a table that it searches.
pub const OWN_COUNT_MAX: usize = 10_000;
/// How much text the rows of a tail may have, bytes.
const TEXT_BYTES_MAX: usize = 64 << 20;
/// How much of the feed is read at once, bytes.
const PAGE_BYTES: usize = 1 << 20;
/// The least a writer asks for.
const ARENA_BYTES: usize = 15 << 20;

/// What changed in a table since a position.
pub enum Changed {
    /// These records.
    Keys(BTreeSet<Key>),
    /// More than can be asked by themselves.
    TooMany,
    /// The feed does not go back that far.
    Gone,
}

/// The records of a table that changed since a position, up to now.
pub fn changed(db: &Database, storage: CollectionId, since: &Token) -> Result<Changed> {
    let mut keys = BTreeSet::new();
    for (partition, upto) in db.positions().positions() {
        let known = since.positions().find(|(known, _)| *known == partition);
        let mut after = known.map_or(0, |(_, index)| index);
        while after < upto {
            let (entries, reached) = match db.follow(partition, after, PAGE_BYTES)? {
                Followed::Gone { .. } => return Ok(Changed::Gone),
                Followed::Entries { entries, upto } => (entries, upto),
            };
            let changes = entries
                .into_iter()
                .flat_map(|passage| passage.entry.changes);
            let own = changes.filter(|change| change.key.collection == storage);
            keys.extend(own.map(|change| change.key));
            if keys.len() > TAIL_COUNT_MAX {
                return Ok(Changed::TooMany);
            }
            // A feed that says nothing new has been read to its end.
            after = if reached > after { reached } else { upto };
        }
    }
    Ok(Changed::Keys(keys))
}

/// Rows of a view, indexed by themselves.
pub struct Aside {
    searcher: Searcher,
    keys: Vec<Key>,
    stamps: Vec<u64>,
}

impl Aside {
    /// Indexes the rows that these records have in a view.
    pub fn of<'k>(
        serving: &Serving,
        keys: impl Iterator<Item = &'k Key>,
        rows: &dyn Rows,
        now_ms: u64,
    ) -> Result<Self> {
        let shape = &serving.shape;
        let builder = Index::builder().schema(shape.schema.clone());
        let builder = builder.tokenizers(analysis::analyzers().clone());
        let mut writer: SingleSegmentIndexWriter =
            builder.single_segment_index_writer(RamDirectory::create(), ARENA_BYTES)?;
        let (mut found, mut stamps, mut bytes) = (Vec::new(), Vec::new(), 0);
        for key in keys {
            let Some(head) = head::live(rows, key, now_ms)? else {
                continue;
            };
            let row = RowRecord::of_head(&serving.table, key.clone(), &head)?;
            let document = Document::of_row(&serving.table, Some(&shape.mapping), &row.fields);
            bytes += document.text.len();
            if bytes > TEXT_BYTES_MAX {
                return Err(Error::TooMany(format!(
                    "rows that changed lately have more than {TEXT_BYTES_MAX} bytes of text"
                )));
            }
            writer.add_document(shape.entry(key, row.stamp.0, &document))?;
            found.push(key.clone());
            stamps.push(row.stamp.0);
        }
        Ok(Self {
            searcher: writer.finalize()?.reader()?.searcher(),
            keys: found,
            stamps,
        })
    }

    /// Those that match, best first, scored as if they were in `all`.
    pub fn hits(&self, query: &Query, compile: &Compile<'_>, all: &Searcher) -> Result<Vec<Hit>> {
        if self.keys.is_empty() {
            return Ok(Vec::new());
        }
        let query = compile.over(query, &self.searcher)?;
        let collector = TopDocs::with_limit(self.keys.len()).order_by_score();
        // An index without documents has no statistics.
        let statistics: &dyn Bm25StatisticsProvider = match all.total_num_docs()? {
            0 => &self.searcher,
            _ => all,
        };
        let found = self
            .searcher
            .search_with_statistics_provider(&*query, &collector, statistics)?;
        let hit = |(score, at): (f32, tantivy::DocAddress)| {
            // One segment: entries are numbered in the order they were added.
            let place = at.doc_id as usize;
            let (key, stamp) = (self.keys.get(place)?, self.stamps.get(place)?);
            Some(Hit {
                score,
                key: key_bytes(key),
                stamp: *stamp,
            })
        };
        let mut hits: Vec<Hit> = found.into_iter().filter_map(hit).collect();
        hits.sort_by(Hit::order);
        Ok(hits)
    }
}
