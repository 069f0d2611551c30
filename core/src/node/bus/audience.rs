//! The audience: who may hear of changes to records (the subjects `db.>`). While
//! there is nobody, nobody looks at the feed for them.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::Pattern;
use crate::record::subject;

/// Counts subscriptions that a change could reach.
#[derive(Default)]
pub struct Audience {
    count: AtomicUsize,
    /// Called when the first one comes, before it can hear anything.
    begun: OnceLock<Box<dyn Fn() + Send + Sync>>,
}

impl Audience {
    /// Has `begin` called whenever an audience gathers. Only the first call counts.
    pub fn when_begun(&self, begin: impl Fn() + Send + Sync + 'static) {
        let _ = self.begun.set(Box::new(begin));
    }

    /// Is there anybody?
    pub fn is_present(&self) -> bool {
        self.count.load(Ordering::Acquire) > 0
    }

    pub(super) fn came(&self, pattern: &Pattern) {
        if may_hear(pattern)
            && self.count.fetch_add(1, Ordering::AcqRel) == 0
            && let Some(begin) = self.begun.get()
        {
            begin();
        }
    }

    pub(super) fn left(&self, pattern: &Pattern) {
        if may_hear(pattern) {
            self.count.fetch_sub(1, Ordering::AcqRel);
        }
    }
}

/// Could a subject that starts with `db.` come through?
fn may_hear(pattern: &Pattern) -> bool {
    match pattern {
        Pattern::Literal(subject) => subject.starts_with(b"db."),
        Pattern::Wildcard(pattern) => {
            let first = subject::tokens(pattern).next().unwrap_or_default();
            matches!(first, b"db" | b"*" | b">")
        }
        // A matcher's dialect is the door's affair.
        Pattern::Matcher(..) => true,
    }
}
