//! Subscriptions, found by the subject of a message.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use bytes::Bytes;

use super::wildcard::Level;
use super::{Ear, Pattern};

/// One subscription.
pub(super) struct Subscription {
    pub id: u64,
    pub pattern: Pattern,
    pub group: Option<Bytes>,
    pub ear: Arc<dyn Ear>,
}

/// Who hears a subject.
#[derive(Default)]
pub(super) struct Matched {
    pub plain: Vec<Arc<Subscription>>,
    /// The members of each group.
    pub groups: Vec<Vec<Arc<Subscription>>>,
}

impl Matched {
    pub fn is_empty(&self) -> bool {
        self.plain.is_empty() && self.groups.is_empty()
    }

    fn add(&mut self, subscription: &Arc<Subscription>) {
        let Some(group) = &subscription.group else {
            self.plain.push(subscription.clone());
            return;
        };
        let is_same = |members: &&mut Vec<Arc<Subscription>>| {
            let first = members.first();
            first.is_some_and(|member| member.group.as_ref() == Some(group))
        };
        match self.groups.iter_mut().find(is_same) {
            Some(members) => members.push(subscription.clone()),
            None => self.groups.push(vec![subscription.clone()]),
        }
    }
}

/// Every subscription.
#[derive(Default)]
pub(super) struct Subscriptions {
    literal: HashMap<Bytes, BTreeMap<u64, Arc<Subscription>>>,
    wildcard: Level,
    matchers: BTreeMap<u64, Arc<Subscription>>,
    count: usize,
}

impl Subscriptions {
    pub fn add(&mut self, subscription: Arc<Subscription>) {
        self.count += 1;
        match &subscription.pattern {
            Pattern::Literal(subject) => {
                let listeners = self.literal.entry(subject.clone()).or_default();
                listeners.insert(subscription.id, subscription);
            }
            Pattern::Wildcard(pattern) => {
                let pattern = pattern.clone();
                self.wildcard.add(&pattern, subscription);
            }
            Pattern::Matcher(..) => {
                self.matchers.insert(subscription.id, subscription);
            }
        }
    }

    pub fn remove(&mut self, subscription: &Subscription) {
        self.count = self.count.saturating_sub(1);
        match &subscription.pattern {
            Pattern::Literal(subject) => {
                if let Some(listeners) = self.literal.get_mut(subject) {
                    listeners.remove(&subscription.id);
                    if listeners.is_empty() {
                        self.literal.remove(subject);
                    }
                }
            }
            Pattern::Wildcard(pattern) => self.wildcard.remove(pattern, subscription.id),
            Pattern::Matcher(..) => {
                self.matchers.remove(&subscription.id);
            }
        }
    }

    pub fn find(&self, subject: &[u8]) -> Matched {
        let mut matched = Matched::default();
        for subscription in self
            .literal
            .get(subject)
            .into_iter()
            .flat_map(BTreeMap::values)
        {
            matched.add(subscription);
        }
        self.wildcard
            .find(subject, &mut |subscription| matched.add(subscription));
        for subscription in self.matchers.values() {
            if let Pattern::Matcher(pattern, matches) = &subscription.pattern
                && matches(pattern, subject)
            {
                matched.add(subscription);
            }
        }
        matched
    }

    pub fn subjects(&self) -> Vec<Bytes> {
        let mut subjects: Vec<Bytes> = self.literal.keys().cloned().collect();
        subjects.sort();
        subjects
    }

    pub fn subscriber_count(&self, subject: &[u8]) -> usize {
        self.literal.get(subject).map_or(0, BTreeMap::len)
    }

    pub fn pattern_count(&self) -> usize {
        let pattern = |subscription: &Arc<Subscription>| match &subscription.pattern {
            Pattern::Matcher(pattern, _) => Some(pattern.clone()),
            _ => None,
        };
        let mut patterns: Vec<Bytes> = self.matchers.values().filter_map(pattern).collect();
        patterns.sort();
        patterns.dedup();
        patterns.len()
    }

    pub fn len(&self) -> usize {
        self.count
    }
}
