//! One index of one shape, in a folder of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use stele_core::record::{CollectionId, Key, Token};
use tantivy::indexer::{IndexWriterOptions, LogMergePolicy};
use tantivy::{Index, IndexReader, IndexSettings, IndexWriter, ReloadPolicy, Term};

use super::directory::Durable;
use super::shape::{KEY, Shape, key_bytes};
use crate::analysis;
use crate::document::Document;

/// Memory for entries that are not in files yet, while there is something to index.
const ARENA_BYTES: usize = 24 << 20;
/// So many segments of about one size become one. Every search asks each segment, which
/// costs more than merging somewhat earlier.
const MERGE_COUNT_MIN: usize = 4;
/// Deleted entries that make a segment worth rewriting, of all it has.
const DELETED_RATIO: f32 = 0.25;

/// How far an index has come; part of each commit.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// Everything up to here has been followed, as a token prints.
    positions: String,
    /// While the table is read for the first time: the row key to go on from.
    pub filling: Option<Vec<u8>>,
}

impl Progress {
    /// Nothing is indexed yet: the table is to be read from its start, and the
    /// feed followed from these positions, taken before.
    pub fn start(positions: &Token) -> Self {
        Self {
            positions: positions.to_string(),
            filling: Some(Vec::new()),
        }
    }

    /// Up to where the feed has been followed.
    pub fn positions(&self) -> Token {
        Token::parse(&self.positions).unwrap_or_default()
    }

    /// Notes that the feed has been followed up to here.
    pub fn see(&mut self, partition: u16, index: u64) {
        let mut positions = self.positions();
        positions.see(partition, index);
        self.positions = positions.to_string();
    }
}

/// An index with what writes to it and what reads from it.
pub struct Generation {
    /// The shape of its entries.
    pub shape: Arc<Shape>,
    /// How far it has come; committed with the entries.
    pub progress: Progress,
    folder: PathBuf,
    directory: Durable,
    index: Index,
    reader: IndexReader,
    writer: Option<IndexWriter>,
    committed: Progress,
    pending: usize,
}

impl Generation {
    /// The folder of a search index's generation.
    pub fn folder(root: &Path, id: CollectionId, fingerprint: u64) -> PathBuf {
        root.join(format!("{}-{fingerprint:016x}", id.0))
    }

    /// Opens the index in a folder, or makes one that has to be filled.
    /// `is_same_boot` = the machine has not stopped since the folder was written.
    pub fn open(
        folder: &Path,
        shape: Arc<Shape>,
        positions: &Token,
        is_same_boot: bool,
    ) -> tantivy::Result<Self> {
        if folder.join("meta.json").exists() || folder.join("checkpoint.json").exists() {
            match Self::existing(folder, &shape, is_same_boot) {
                Ok(found) => return Ok(found),
                Err(error) => {
                    tracing::warn!(%error, folder = %folder.display(), "a search index is built anew")
                }
            }
            fs::remove_dir_all(folder)?;
        }
        fs::create_dir_all(folder)?;
        let directory = Durable::open(folder)?;
        let index = Index::create(
            directory.clone(),
            shape.schema.clone(),
            IndexSettings::default(),
        )?;
        Self::assemble(folder, directory, index, shape, Progress::start(positions))
    }

    fn existing(folder: &Path, shape: &Arc<Shape>, is_same_boot: bool) -> tantivy::Result<Self> {
        let intact = |index: &Index| {
            let is_intact = is_same_boot || index.validate_checksum()?.is_empty();
            if is_intact {
                Ok(())
            } else {
                Err(damaged("a file's checksum is wrong"))
            }
        };
        let open = || {
            let directory = Durable::open(folder)?;
            let index = Index::open(directory.clone())?;
            intact(&index)?;
            Ok((directory, index))
        };
        let opened = open().or_else(|error: tantivy::TantivyError| {
            tracing::warn!(%error, folder = %folder.display(), "a search index goes back to its checkpoint");
            if Durable::fall_back(folder) { open() } else { Err(error) }
        });
        let (directory, index) = opened?;
        let payload = index.load_metas()?.payload;
        let progress = payload.and_then(|text| serde_json::from_str(&text).ok());
        let progress = progress.ok_or_else(|| damaged("a commit says no positions"))?;
        if index.schema() != shape.schema {
            return Err(damaged("the schema is another"));
        }
        Self::assemble(folder, directory, index, shape.clone(), progress)
    }

    fn assemble(
        folder: &Path,
        directory: Durable,
        mut index: Index,
        shape: Arc<Shape>,
        progress: Progress,
    ) -> tantivy::Result<Self> {
        index.set_tokenizers(analysis::analyzers().clone());
        let reader = index
            .reader_builder()
            .reload_policy(ReloadPolicy::Manual)
            .try_into()?;
        Ok(Self {
            shape,
            committed: progress.clone(),
            progress,
            folder: folder.to_owned(),
            directory,
            index,
            reader,
            writer: None,
            pending: 0,
        })
    }

    /// What reads it, as of the last refresh.
    pub fn reader(&self) -> IndexReader {
        self.reader.clone()
    }

    /// How many changes wait for the next refresh.
    pub fn pending(&self) -> usize {
        self.pending
    }

    /// How many segments a search has to look at.
    pub fn segment_count(&self) -> usize {
        self.index
            .searchable_segment_ids()
            .map_or(0, |segments| segments.len())
    }

    /// Replaces what is indexed of a row; `None` = it is gone.
    pub fn put(&mut self, key: &Key, row: Option<(u64, &Document)>) -> tantivy::Result<()> {
        let place = self.shape.own(KEY);
        let entry = row.map(|(stamp, document)| self.shape.entry(key, stamp, document));
        let term = Term::from_field_bytes(place, &key_bytes(key));
        let writer = self.writer()?;
        writer.delete_term(term);
        if let Some(entry) = entry {
            writer.add_document(entry)?;
        }
        self.pending += 1;
        Ok(())
    }

    /// Forgets everything: the table is to be read anew.
    pub fn restart(&mut self, positions: &Token) -> tantivy::Result<()> {
        self.writer()?.delete_all_documents()?;
        self.progress = Progress::start(positions);
        self.pending += 1;
        Ok(())
    }

    fn writer(&mut self) -> tantivy::Result<&mut IndexWriter> {
        let writer = match self.writer.take() {
            Some(writer) => writer,
            None => {
                let options = IndexWriterOptions::builder()
                    .num_worker_threads(1)
                    .memory_budget_per_thread(ARENA_BYTES)
                    .num_merge_threads(1)
                    .build();
                let writer = self.index.writer_with_options(options)?;
                let mut policy = LogMergePolicy::default();
                policy.set_del_docs_ratio_before_merge(DELETED_RATIO);
                policy.set_min_num_segments(MERGE_COUNT_MIN);
                writer.set_merge_policy(Box::new(policy));
                writer
            }
        };
        Ok(self.writer.insert(writer))
    }

    /// Makes what was put visible, together with the progress. No fsync.
    pub fn refresh(&mut self) -> tantivy::Result<()> {
        if self.pending == 0 && self.progress == self.committed {
            return Ok(());
        }
        let progress = self.progress.clone();
        let payload =
            serde_json::to_string(&progress).map_err(|_| damaged("positions do not print"))?;
        let mut commit = self.writer()?.prepare_commit()?;
        commit.set_payload(&payload);
        commit.commit()?;
        self.committed = progress;
        self.pending = 0;
        self.reader.reload()
    }

    /// Bytes that a stop of the machine would lose.
    pub fn unsafe_bytes(&self) -> u64 {
        self.directory.unsafe_bytes()
    }

    /// Makes the last refresh durable.
    pub fn checkpoint(&self) -> tantivy::Result<()> {
        Ok(self.directory.checkpoint()?)
    }

    /// Gives threads and memory back until there is something to index again.
    /// Nothing may be pending.
    pub fn rest(&mut self) {
        if self.pending == 0 {
            self.writer = None;
        }
    }

    /// Removes it from the disk.
    pub fn remove(mut self) {
        self.writer = None;
        if let Err(error) = fs::remove_dir_all(&self.folder) {
            tracing::warn!(%error, folder = %self.folder.display(), "an old search index stays on disk");
        }
    }
}

fn damaged(what: &str) -> tantivy::TantivyError {
    tantivy::TantivyError::SystemError(what.to_owned())
}
