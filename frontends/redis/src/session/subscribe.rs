//! Subscriptions of one connection, and the news that comes through them.

use std::collections::BTreeSet;
use std::future::pending;

use bytes::Bytes;
use stele_core::{Database, Listener, Message};

use super::Session;
use crate::glob;

/// What a client can be subscribed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Topic {
    /// One channel.
    Channel,
    /// All channels that a pattern matches.
    Pattern,
}

/// What one connection is subscribed to.
#[derive(Default)]
pub struct Subscriptions {
    channels: BTreeSet<Bytes>,
    patterns: BTreeSet<Bytes>,
    listener: Option<Listener>,
}

impl Subscriptions {
    /// Subscribes, once however often it is asked for.
    pub fn enter(&mut self, db: &Database, topic: Topic, name: &Bytes) {
        // A slice of the request would keep the whole request alive.
        let name = Bytes::copy_from_slice(name);
        let listener = self.listener.get_or_insert_with(|| db.listen());
        match topic {
            Topic::Channel => {
                if self.channels.insert(name.clone()) {
                    listener.subscribe(name);
                }
            }
            Topic::Pattern => {
                if self.patterns.insert(name.clone()) {
                    listener.subscribe_pattern(name, glob::matches);
                }
            }
        }
    }

    /// Ends a subscription, if there is one.
    pub fn leave(&mut self, topic: Topic, name: &Bytes) {
        if let Some(listener) = &mut self.listener {
            match topic {
                Topic::Channel => listener.unsubscribe(name),
                Topic::Pattern => listener.unsubscribe_pattern(name),
            }
        }
        match topic {
            Topic::Channel => self.channels.remove(name),
            Topic::Pattern => self.patterns.remove(name),
        };
    }

    /// Ends all subscriptions; news that was waiting is lost.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// The names subscribed to.
    #[must_use]
    pub fn names(&self, topic: Topic) -> Vec<Bytes> {
        match topic {
            Topic::Channel => self.channels.iter().cloned().collect(),
            Topic::Pattern => self.patterns.iter().cloned().collect(),
        }
    }

    /// How many channels.
    #[must_use]
    pub fn channel_count(&self) -> usize {
        self.channels.len()
    }

    /// How many patterns.
    #[must_use]
    pub fn pattern_count(&self) -> usize {
        self.patterns.len()
    }

    /// How many in all.
    #[must_use]
    pub fn count(&self) -> usize {
        self.channels.len() + self.patterns.len()
    }

    /// The next message; never, without a subscription. Cancel safe.
    pub async fn news(&mut self) -> Message {
        match &mut self.listener {
            Some(listener) => match listener.next().await {
                Some(message) => message,
                None => pending().await,
            },
            None => pending().await,
        }
    }

    fn more_news(&mut self) -> Option<Message> {
        self.listener.as_mut()?.try_next()
    }
}

/// Messages written before the socket gets its turn.
const NEWS_COUNT_MAX: usize = 1024;

impl Session {
    /// Writes a message, and those that wait behind it.
    pub(super) fn tell(&mut self, first: Message) {
        self.tell_one(&first);
        for _ in 1..NEWS_COUNT_MAX {
            match self.subscriptions.more_news() {
                Some(message) => self.tell_one(&message),
                None => break,
            }
        }
    }

    fn tell_one(&mut self, message: &Message) {
        match &message.pattern {
            None => {
                self.out.push(3);
                self.out.bulk(b"message");
            }
            Some(pattern) => {
                self.out.push(4);
                self.out.bulk(b"pmessage");
                self.out.bulk(pattern);
            }
        }
        self.out.bulk(&message.subject);
        self.out.bulk(&message.payload);
    }
}
