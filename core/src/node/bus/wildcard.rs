//! Wildcards: a trie of tokens, in which a subject finds the patterns it matches.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use bytes::Bytes;

use super::subscriptions::Subscription;

/// What stands at one place of a pattern.
#[derive(Default)]
pub(super) struct Level {
    words: HashMap<Bytes, Node>,
    /// `*`.
    any: Option<Box<Node>>,
    /// A last `>`.
    rest: BTreeMap<u64, Arc<Subscription>>,
}

#[derive(Default)]
struct Node {
    here: BTreeMap<u64, Arc<Subscription>>,
    next: Level,
}

impl Level {
    fn is_empty(&self) -> bool {
        self.words.is_empty() && self.any.is_none() && self.rest.is_empty()
    }

    pub fn add(&mut self, pattern: &[u8], subscription: Arc<Subscription>) {
        let (token, others) = split(pattern);
        if token == b">" && others.is_none() {
            self.rest.insert(subscription.id, subscription);
            return;
        }
        let node = match token {
            b"*" => self.any.get_or_insert_default(),
            word => self.words.entry(Bytes::copy_from_slice(word)).or_default(),
        };
        match others {
            Some(others) => node.next.add(others, subscription),
            None => {
                node.here.insert(subscription.id, subscription);
            }
        }
    }

    /// Removes a subscription, and the nodes that nobody needs any more.
    pub fn remove(&mut self, pattern: &[u8], id: u64) {
        let (token, others) = split(pattern);
        if token == b">" && others.is_none() {
            self.rest.remove(&id);
            return;
        }
        let node = match token {
            b"*" => self.any.as_deref_mut(),
            word => self.words.get_mut(word),
        };
        let Some(node) = node else { return };
        match others {
            Some(others) => node.next.remove(others, id),
            None => {
                node.here.remove(&id);
            }
        }
        if node.here.is_empty() && node.next.is_empty() {
            match token {
                b"*" => self.any = None,
                word => {
                    self.words.remove(word);
                }
            }
        }
    }

    /// Hands every subscription that a subject matches to `found`.
    pub fn find(&self, subject: &[u8], found: &mut impl FnMut(&Arc<Subscription>)) {
        self.rest.values().for_each(&mut *found);
        let (token, others) = split(subject);
        for node in self.any.as_deref().into_iter().chain(self.words.get(token)) {
            match others {
                Some(others) => node.next.find(others, found),
                None => node.here.values().for_each(&mut *found),
            }
        }
    }
}

/// The first token, and what comes after its dot.
fn split(subject: &[u8]) -> (&[u8], Option<&[u8]>) {
    match subject.iter().position(|byte| *byte == b'.') {
        Some(at) => {
            let (token, rest) = subject.split_at(at);
            (token, rest.get(1..))
        }
        None => (subject, None),
    }
}
