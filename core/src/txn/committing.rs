//! Commits under way: transactions that are committed but not yet visible in
//! every partition. Whoever reads more than one record, or one of theirs,
//! waits the moment out, so that nobody sees half a transaction.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::record::{Key, Stamp};

/// The commits under way on this node.
#[derive(Default)]
pub struct Committing {
    open: Mutex<BTreeMap<Stamp, Arc<HashSet<Key>>>>,
    count: AtomicUsize,
    done: Notify,
}

impl Committing {
    /// Announces a commit. Its stamp is taken while no reader can slip between.
    /// `None` when the clock has no stamp to give.
    pub fn begin(
        &self,
        keys: HashSet<Key>,
        stamp: impl FnOnce() -> Option<Stamp>,
    ) -> Option<Stamp> {
        let mut open = self.open.lock();
        let stamp = stamp()?;
        open.insert(stamp, Arc::new(keys));
        self.count.fetch_add(1, Ordering::SeqCst);
        Some(stamp)
    }

    /// The commit is visible everywhere.
    pub fn end(&self, stamp: Stamp) {
        if self.open.lock().remove(&stamp).is_some() {
            self.count.fetch_sub(1, Ordering::SeqCst);
        }
        self.done.notify_waiters();
    }

    /// Waits until every commit at or before `stamp` is visible.
    pub async fn settle(&self, stamp: Stamp) {
        self.wait(|open| open.keys().next().is_some_and(|first| *first <= stamp))
            .await;
    }

    /// Waits until no commit that touches `key` is half visible.
    pub async fn settle_key(&self, key: &Key) {
        self.wait(|open| open.values().any(|keys| keys.contains(key)))
            .await;
    }

    async fn wait(&self, busy: impl Fn(&BTreeMap<Stamp, Arc<HashSet<Key>>>) -> bool) {
        while self.count.load(Ordering::SeqCst) > 0 {
            let done = self.done.notified();
            tokio::pin!(done);
            done.as_mut().enable();
            if !busy(&self.open.lock()) {
                return;
            }
            done.await;
        }
    }
}
