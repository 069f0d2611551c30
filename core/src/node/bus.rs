//! The bus: messages by subject, to whoever listens now. Not kept, not ordered
//! with the log. Redis channels, NATS core subjects and SQL notifications are
//! the same subjects.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use parking_lot::RwLock;
use tokio::sync::mpsc;

/// How many messages may wait for one listener before it loses them.
const QUEUE_MESSAGES_MAX: usize = 16_384;

/// Matches a subject against a listener's pattern, in the door's own dialect.
pub type Matcher = fn(pattern: &[u8], subject: &[u8]) -> bool;

/// One message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Where it was sent.
    pub subject: Bytes,
    /// What was sent.
    pub payload: Bytes,
    /// The pattern that let it through, if it came by one.
    pub pattern: Option<Bytes>,
}

/// Everybody who listens.
#[derive(Clone, Default)]
pub struct Bus {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    state: RwLock<State>,
    ids: AtomicU64,
    lost: AtomicU64,
}

#[derive(Default)]
struct State {
    subjects: HashMap<Bytes, BTreeMap<u64, mpsc::Sender<Message>>>,
    patterns: BTreeMap<(u64, Bytes), (Matcher, mpsc::Sender<Message>)>,
}

/// One listener: subscriptions, and a queue.
pub struct Listener {
    bus: Bus,
    id: u64,
    sender: mpsc::Sender<Message>,
    receiver: mpsc::Receiver<Message>,
}

impl Bus {
    /// A listener that has subscribed to nothing yet.
    pub fn listen(&self) -> Listener {
        let (sender, receiver) = mpsc::channel(QUEUE_MESSAGES_MAX);
        let id = self.shared.ids.fetch_add(1, Ordering::Relaxed);
        Listener {
            bus: self.clone(),
            id,
            sender,
            receiver,
        }
    }

    /// Sends; returns how many got it. Nobody slow holds up the sender: whose
    /// queue is full loses the message, counted by [`Bus::lost`].
    pub fn send(&self, subject: &[u8], payload: Bytes) -> usize {
        let state = self.shared.state.read();
        let mut heard = 0;
        let message = |pattern: Option<Bytes>| Message {
            subject: Bytes::copy_from_slice(subject),
            payload: payload.clone(),
            pattern,
        };
        for sender in state
            .subjects
            .get(subject)
            .into_iter()
            .flat_map(BTreeMap::values)
        {
            heard += self.deliver(sender, message(None));
        }
        for ((_, pattern), (matches, sender)) in &state.patterns {
            if matches(pattern, subject) {
                heard += self.deliver(sender, message(Some(pattern.clone())));
            }
        }
        heard
    }

    fn deliver(&self, sender: &mpsc::Sender<Message>, message: Message) -> usize {
        if sender.try_send(message).is_ok() {
            return 1;
        }
        self.shared.lost.fetch_add(1, Ordering::Relaxed);
        0
    }

    /// Messages that slow listeners lost.
    pub fn lost(&self) -> u64 {
        self.shared.lost.load(Ordering::Relaxed)
    }

    /// Subjects somebody subscribed to by name.
    pub fn subjects(&self) -> Vec<Bytes> {
        let mut subjects: Vec<Bytes> = self.shared.state.read().subjects.keys().cloned().collect();
        subjects.sort();
        subjects
    }

    /// How many subscribed to a subject by name.
    pub fn subscriber_count(&self, subject: &[u8]) -> usize {
        let state = self.shared.state.read();
        state.subjects.get(subject).map_or(0, BTreeMap::len)
    }

    /// How many different patterns are subscribed to.
    pub fn pattern_count(&self) -> usize {
        let state = self.shared.state.read();
        let mut patterns: Vec<&Bytes> = state.patterns.keys().map(|(_, pattern)| pattern).collect();
        patterns.sort();
        patterns.dedup();
        patterns.len()
    }
}

impl Listener {
    /// Subscribes to a subject.
    pub fn subscribe(&mut self, subject: Bytes) {
        let mut state = self.bus.shared.state.write();
        let listeners = state.subjects.entry(subject).or_default();
        listeners.insert(self.id, self.sender.clone());
    }

    /// Ends a subscription to a subject.
    pub fn unsubscribe(&mut self, subject: &[u8]) {
        let mut state = self.bus.shared.state.write();
        if let Some(listeners) = state.subjects.get_mut(subject) {
            listeners.remove(&self.id);
            if listeners.is_empty() {
                state.subjects.remove(subject);
            }
        }
    }

    /// Subscribes to every subject that a pattern matches.
    pub fn subscribe_pattern(&mut self, pattern: Bytes, matches: Matcher) {
        let mut state = self.bus.shared.state.write();
        state
            .patterns
            .insert((self.id, pattern), (matches, self.sender.clone()));
    }

    /// Ends a subscription to a pattern.
    pub fn unsubscribe_pattern(&mut self, pattern: &Bytes) {
        let mut state = self.bus.shared.state.write();
        state.patterns.remove(&(self.id, pattern.clone()));
    }

    /// The next message. Cancel safe.
    pub async fn next(&mut self) -> Option<Message> {
        self.receiver.recv().await
    }

    /// A message that is already here.
    pub fn try_next(&mut self) -> Option<Message> {
        self.receiver.try_recv().ok()
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let mut state = self.bus.shared.state.write();
        state.subjects.retain(|_, listeners| {
            listeners.remove(&self.id);
            !listeners.is_empty()
        });
        state.patterns.retain(|(id, _), _| *id != self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn starts_with(pattern: &[u8], subject: &[u8]) -> bool {
        subject.starts_with(pattern)
    }

    #[test]
    fn a_message_reaches_names_and_patterns_and_nobody_else() {
        let bus = Bus::default();
        let (mut named, mut patterned, mut other) = (bus.listen(), bus.listen(), bus.listen());
        named.subscribe("news.art".into());
        patterned.subscribe_pattern("news.".into(), starts_with);
        other.subscribe("sport".into());
        assert_eq!(bus.send(b"news.art", "hi".into()), 2);
        assert_eq!(named.try_next().map(|message| message.pattern), Some(None));
        let by_pattern = patterned.try_next().and_then(|message| message.pattern);
        assert_eq!(by_pattern, Some("news.".into()));
        assert_eq!(other.try_next(), None);
        drop(named);
        assert_eq!(bus.subscriber_count(b"news.art"), 0);
    }

    #[test]
    fn a_listener_that_does_not_listen_loses_messages_and_holds_nobody_up() {
        let bus = Bus::default();
        let mut deaf = bus.listen();
        deaf.subscribe("s".into());
        for _ in 0..=QUEUE_MESSAGES_MAX {
            bus.send(b"s", Bytes::new());
        }
        assert_eq!(bus.lost(), 1);
    }
}
