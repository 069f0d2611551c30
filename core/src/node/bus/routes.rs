//! Routes: what one sender remembers of where its subjects lead.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;

use super::Bus;
use super::subscriptions::Matched;

/// How many subjects are remembered; beyond that all are forgotten.
const SUBJECT_COUNT_MAX: usize = 1024;

/// A sender's memory, right as long as no subscription comes or goes.
#[derive(Default)]
pub struct Routes {
    generation: u64,
    known: HashMap<Bytes, Arc<Matched>>,
}

impl Routes {
    pub(super) fn find(&mut self, bus: &Bus, subject: &[u8]) -> Arc<Matched> {
        // Read before looking: what comes meanwhile makes this memory old.
        let generation = bus.generation();
        if self.generation != generation || self.known.len() >= SUBJECT_COUNT_MAX {
            self.known.clear();
            self.generation = generation;
        }
        if let Some(matched) = self.known.get(subject) {
            return matched.clone();
        }
        let matched = Arc::new(bus.find(subject));
        self.known
            .insert(Bytes::copy_from_slice(subject), matched.clone());
        matched
    }
}
