//! Commits under way: transactions that are committed but not yet visible in
//! every partition. Whoever reads more than one record, or one of theirs,
//! waits the moment out, so that nobody sees half a transaction.

use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::record::{Key, Stamp};

type Open = BTreeMap<Stamp, HashSet<Key>>;

/// The commits under way on this node.
#[derive(Default)]
pub struct Committing {
    open: Mutex<Open>,
    count: AtomicUsize,
    done: Notify,
}

/// A commit under way, until dropped.
pub(super) struct Begun<'a> {
    committing: &'a Committing,
    pub stamp: Stamp,
}

impl Committing {
    /// Announces a commit. Its stamp is taken while no reader can slip between.
    /// `None` when the clock has no stamp to give.
    pub(super) fn begin(
        &self,
        keys: &HashSet<Key>,
        stamp: impl FnOnce() -> Option<Stamp>,
    ) -> Option<Begun<'_>> {
        let mut open = self.open.lock();
        // Before the stamp is taken: whoever takes a later one and then finds
        // nothing counted may be sure that nothing older is under way.
        self.count.fetch_add(1, Ordering::SeqCst);
        let Some(stamp) = stamp() else {
            self.count.fetch_sub(1, Ordering::SeqCst);
            return None;
        };
        open.insert(stamp, keys.clone());
        Some(Begun {
            committing: self,
            stamp,
        })
    }

    /// Waits until every commit at or before `stamp` is visible.
    pub async fn settle(&self, stamp: Stamp) {
        let busy = |open: &Open| open.keys().next().is_some_and(|first| *first <= stamp);
        while self.count.load(Ordering::SeqCst) > 0 {
            if self.unless(&busy, || ()).await.is_some() {
                return;
            }
        }
    }

    /// Waits until no commit that touches `key` is half visible.
    pub async fn settle_key(&self, key: &Key) {
        let busy = |open: &Open| open.values().any(|keys| keys.contains(key));
        while self.count.load(Ordering::SeqCst) > 0 {
            if self.unless(&busy, || ()).await.is_some() {
                return;
            }
        }
    }

    /// Takes a cut of the store in which no commit that touches one of `keys`
    /// is half visible: none can become so before the cut is taken.
    pub async fn cut<T>(&self, keys: &[Key], cut: impl Fn() -> T) -> T {
        let busy = |open: &Open| {
            let touched = |open: &HashSet<Key>| keys.iter().any(|key| open.contains(key));
            open.values().any(touched)
        };
        loop {
            if let Some(cut) = self.unless(&busy, &cut).await {
                return cut;
            }
        }
    }

    /// Does something unless busy; otherwise waits for the end of some commit.
    async fn unless<T>(&self, busy: impl Fn(&Open) -> bool, act: impl FnOnce() -> T) -> Option<T> {
        let done = self.done.notified();
        tokio::pin!(done);
        done.as_mut().enable();
        {
            let open = self.open.lock();
            if !busy(&open) {
                return Some(act());
            }
        }
        done.await;
        None
    }
}

impl Drop for Begun<'_> {
    /// The commit is visible everywhere (or the node has failed).
    fn drop(&mut self) {
        self.committing.open.lock().remove(&self.stamp);
        self.committing.count.fetch_sub(1, Ordering::SeqCst);
        self.committing.done.notify_waiters();
    }
}
