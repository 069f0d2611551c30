//! The bus: messages by subject, to whoever listens now. Not kept, not ordered
//! with the log. Redis channels, NATS core subjects and SQL notifications are
//! the same subjects.
//!
//! What: [`Bus`] knows the subscriptions and hands a [`Sent`] message to the
//! [`Ear`] of each; a [`Listener`] is an ear with a queue.
//!
//! Why: a message sent through one door must be heard through every other, at
//! the price of a look-up and not of a task.
//!
//! How:
//!
//! ```text
//! send -> Routes (a sender's memory) -> Subscriptions -> literal  a map by subject
//!              |                                         wildcard a trie of tokens
//!              v                                         matcher  asked one by one
//!         Matched: every plain subscription, one member of each group -> Ear::hear
//! ```
//! What a subject matches is looked up once and remembered until a subscription
//! comes or goes (the bus's generation). No lock is held while an ear hears, and
//! an ear never waits: what it cannot take is lost to it, and it says so.
//!
//! Limits: a subscription that comes while a message is on its way may miss it;
//! one that goes may still hear it.
//!
//! Further reading: the subject rules are those of NATS, `docs/compatibility/nats.md`.

mod audience;
#[cfg(test)]
mod bus_test;
mod listener;
mod routes;
mod subscriptions;
mod wildcard;

use std::cell::{Cell, OnceCell};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use parking_lot::RwLock;
use tokio::sync::Notify;

use crate::record::subject::is_wildcard;

pub use audience::Audience;
pub use listener::{Listener, Message};
pub use routes::Routes;
use subscriptions::{Matched, Subscription, Subscriptions};

/// Matches a subject against a listener's pattern, in the door's own dialect.
pub type Matcher = fn(pattern: &[u8], subject: &[u8]) -> bool;

/// Who hears messages. Called on the sender's task: must not wait.
pub trait Ear: Send + Sync + 'static {
    /// Takes a message, or says that it could not.
    fn hear(&self, message: &Sent<'_>) -> bool;
}

/// What a subscription asks for.
#[derive(Clone, Debug)]
pub enum Pattern {
    /// This subject and no other.
    Literal(Bytes),
    /// Tokens between dots; `*` stands for one, a last `>` for one or more.
    Wildcard(Bytes),
    /// Whatever a matcher lets through.
    Matcher(Bytes, Matcher),
}

impl Pattern {
    /// A subject in NATS's spelling: literal unless a token is a wildcard.
    pub fn of_subject(subject: Bytes) -> Self {
        if is_wildcard(&subject) {
            Self::Wildcard(subject)
        } else {
            Self::Literal(subject)
        }
    }
}

/// A message on its way, borrowed from whoever sends it.
#[derive(Debug, Default)]
pub struct Sent<'a> {
    /// Where it is sent.
    pub subject: &'a [u8],
    /// Where an answer is expected; empty = nowhere.
    pub reply: &'a [u8],
    /// Headers as NATS writes them, from `NATS/1.0` to the blank line; empty = none.
    pub headers: &'a [u8],
    /// What is sent.
    pub payload: &'a [u8],
    /// Who sends it, for ears that do not want to hear themselves; 0 = nobody.
    pub from: u64,
    /// An ear asks the sender to go slower.
    pub slow: Cell<bool>,
    shared: OnceCell<Bytes>,
}

impl<'a> Sent<'a> {
    /// A message without answer or headers.
    pub fn new(subject: &'a [u8], payload: &'a [u8]) -> Self {
        Self {
            subject,
            payload,
            ..Self::default()
        }
    }

    /// The payload, copied once for all ears that keep it.
    pub fn kept_payload(&self) -> Bytes {
        let copy = || Bytes::copy_from_slice(self.payload);
        self.shared.get_or_init(copy).clone()
    }
}

/// Everybody who listens.
#[derive(Clone, Default)]
pub struct Bus {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    subscriptions: RwLock<Subscriptions>,
    /// Raised whenever a subscription comes or goes.
    generation: AtomicU64,
    changed: Notify,
    ids: AtomicU64,
    lost: AtomicU64,
    audience: Audience,
}

/// A subscription; dropping it ends it.
pub struct Subscribed {
    bus: Bus,
    subscription: Arc<Subscription>,
}

impl Drop for Subscribed {
    fn drop(&mut self) {
        let shared = &self.bus.shared;
        shared.subscriptions.write().remove(&self.subscription);
        shared.changed();
        shared.audience.left(&self.subscription.pattern);
    }
}

impl Bus {
    /// A number nothing else on the bus has: names a sender.
    pub fn name(&self) -> u64 {
        self.shared.ids.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Subscribes an ear. Of the members of a group one hears each message.
    pub fn subscribe(
        &self,
        pattern: Pattern,
        group: Option<Bytes>,
        ear: Arc<dyn Ear>,
    ) -> Subscribed {
        let subscription = Arc::new(Subscription {
            id: self.name(),
            pattern,
            group,
            ear,
        });
        // Before it can be heard, so that no change is missed.
        self.shared.audience.came(&subscription.pattern);
        let mut subscriptions = self.shared.subscriptions.write();
        subscriptions.add(subscription.clone());
        drop(subscriptions);
        self.shared.changed();
        Subscribed {
            bus: self.clone(),
            subscription,
        }
    }

    /// Sends; returns how many took it. Whoever sends often keeps [`Routes`].
    pub fn send(&self, message: &Sent<'_>) -> usize {
        self.deliver(&self.find(message.subject), message)
    }

    /// Sends to whoever listens to `to`, although the message names another subject.
    pub fn send_to(&self, to: &[u8], message: &Sent<'_>) -> usize {
        self.deliver(&self.find(to), message)
    }

    /// Sends along remembered routes.
    pub fn send_along(&self, routes: &mut Routes, message: &Sent<'_>) -> usize {
        let matched = routes.find(self, message.subject);
        self.deliver(&matched, message)
    }

    fn deliver(&self, matched: &Matched, message: &Sent<'_>) -> usize {
        let mut heard = 0;
        for subscription in &matched.plain {
            heard += usize::from(subscription.ear.hear(message));
        }
        for group in &matched.groups {
            heard += usize::from(self.deliver_to_one(group, message));
        }
        heard
    }

    /// A member chosen at random, and if it cannot, the next one.
    fn deliver_to_one(&self, group: &[Arc<Subscription>], message: &Sent<'_>) -> bool {
        let first = match group.len() {
            0 | 1 => 0,
            count => scatter(self.shared.ids.fetch_add(1, Ordering::Relaxed)) % count,
        };
        let (before, from) = group.split_at(first.min(group.len()));
        let mut members = from.iter().chain(before);
        members.any(|subscription| subscription.ear.hear(message))
    }

    fn find(&self, subject: &[u8]) -> Matched {
        self.shared.subscriptions.read().find(subject)
    }

    /// Does anybody listen to this subject?
    pub fn has_interest(&self, subject: &[u8]) -> bool {
        !self.find(subject).is_empty()
    }

    /// Raised whenever a subscription comes or goes.
    pub fn generation(&self) -> u64 {
        self.shared.generation.load(Ordering::Acquire)
    }

    /// Resolves when a subscription has come or gone; enable it before looking.
    pub fn changed(&self) -> tokio::sync::futures::Notified<'_> {
        self.shared.changed.notified()
    }

    /// Those who may hear of changes to records.
    pub fn audience(&self) -> &Audience {
        &self.shared.audience
    }

    /// Messages that slow listeners lost.
    pub fn lost(&self) -> u64 {
        self.shared.lost.load(Ordering::Relaxed)
    }

    /// Subjects somebody subscribed to by name.
    pub fn subjects(&self) -> Vec<Bytes> {
        self.shared.subscriptions.read().subjects()
    }

    /// How many subscribed to a subject by name.
    pub fn subscriber_count(&self, subject: &[u8]) -> usize {
        let subscriptions = self.shared.subscriptions.read();
        subscriptions.subscriber_count(subject)
    }

    /// How many different patterns of a door's own dialect are subscribed to.
    pub fn pattern_count(&self) -> usize {
        self.shared.subscriptions.read().pattern_count()
    }

    /// How many subscriptions there are.
    pub fn subscription_count(&self) -> usize {
        self.shared.subscriptions.read().len()
    }
}

impl Shared {
    fn changed(&self) {
        self.generation.fetch_add(1, Ordering::Release);
        self.changed.notify_waiters();
    }
}

/// Spreads consecutive numbers (Knuth's multiplier); fair enough to choose a
/// member of a group by.
fn scatter(number: u64) -> usize {
    let spread = number.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 33;
    usize::try_from(spread).unwrap_or(0)
}
