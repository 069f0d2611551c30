//! What searches and writers see of a follower.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use parking_lot::RwLock;
use stele_core::record::Token;
use stele_core::record::table::Table;
use tantivy::IndexReader;
use tokio::sync::{Notify, watch};

use crate::index::{OpenColumns, Shape};

/// A generation that answers searches.
#[derive(Clone)]
pub struct Serving {
    /// The table whose rows are the hits.
    pub table: Arc<Table>,
    /// What is indexed.
    pub shape: Arc<Shape>,
    /// The entries, as of the last refresh.
    pub reader: IndexReader,
    /// The columns of its segments.
    pub columns: OpenColumns,
    /// The plan it was made for.
    pub fingerprint: u64,
}

/// A search index as others see it.
#[derive(Default)]
pub struct Live {
    serving: RwLock<Option<Serving>>,
    visible: watch::Sender<Token>,
    asked: AtomicBool,
    wake: Notify,
    filled: AtomicU64,
    refreshes: AtomicU64,
    trouble: RwLock<Option<String>>,
}

impl Live {
    /// What answers searches now; `None` until the table was read once.
    pub fn serving(&self) -> Option<Serving> {
        self.serving.read().clone()
    }

    /// Up to where changes can be found.
    pub fn visible(&self) -> Token {
        self.visible.borrow().clone()
    }

    /// How many rows have been read while the index is filled.
    pub fn filled(&self) -> u64 {
        self.filled.load(Ordering::Relaxed)
    }

    /// How many refreshes there have been.
    pub fn refreshes(&self) -> u64 {
        self.refreshes.load(Ordering::Relaxed)
    }

    /// Why the follower does not get on, if it does not.
    pub fn trouble(&self) -> Option<String> {
        self.trouble.read().clone()
    }

    pub(super) fn say(&self, trouble: Option<String>) {
        *self.trouble.write() = trouble;
    }

    /// Asks for a refresh as soon as possible.
    pub fn ask(&self) {
        self.asked.store(true, Ordering::SeqCst);
        self.wake.notify_one();
    }

    /// Waits until changes up to `token` can be found. Cancel safe.
    pub async fn reached(&self, token: &Token) {
        let covers = |visible: &Token| {
            token.positions().all(|(partition, index)| {
                visible
                    .positions()
                    .any(|(known, seen)| known == partition && seen >= index)
            })
        };
        let mut visible = self.visible.subscribe();
        // The sender lives as long as `self`: this cannot fail.
        let _ = visible
            .wait_for(|visible| self.serving.read().is_some() && covers(visible))
            .await;
    }

    pub(super) fn take_ask(&self) -> bool {
        self.asked.swap(false, Ordering::SeqCst)
    }

    pub(super) async fn woken(&self) {
        self.wake.notified().await;
    }

    pub(super) fn serve(&self, serving: Serving) {
        *self.serving.write() = Some(serving);
    }

    /// Answers no more: what was indexed is to be read anew.
    pub(super) fn withdraw(&self) {
        *self.serving.write() = None;
    }

    pub(super) fn show(&self, visible: Token) {
        self.refreshes.fetch_add(1, Ordering::Relaxed);
        self.visible.send_replace(visible);
    }

    pub(super) fn fill(&self, rows: u64) {
        self.filled.fetch_add(rows, Ordering::Relaxed);
    }
}
