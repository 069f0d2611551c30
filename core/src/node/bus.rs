//! The bus: messages by subject, to whoever listens now. Not kept, not ordered
//! with the log. Redis channels, NATS core subjects and SQL notifications are
//! the same subjects.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use bytes::Bytes;
use parking_lot::RwLock;
use tokio::sync::mpsc;

/// How many messages may wait for one listener before it loses them.
const QUEUE_MESSAGES_MAX: usize = 16_384;
/// How many bytes of them, subjects and payloads.
const QUEUE_BYTES_MAX: usize = 32 << 20;

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

impl Message {
    fn size(&self) -> usize {
        self.subject.len() + self.payload.len()
    }
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
    subjects: HashMap<Bytes, BTreeMap<u64, Queue>>,
    patterns: BTreeMap<(u64, Bytes), (Matcher, Queue)>,
}

/// The sending end of a listener's queue.
#[derive(Clone)]
struct Queue {
    sender: mpsc::Sender<Message>,
    /// How many bytes wait in it.
    bytes: Arc<AtomicUsize>,
}

/// One listener: subscriptions, and a queue.
pub struct Listener {
    bus: Bus,
    id: u64,
    queue: Queue,
    receiver: mpsc::Receiver<Message>,
    subjects: HashSet<Bytes>,
}

impl Bus {
    /// A listener that has subscribed to nothing yet.
    pub fn listen(&self) -> Listener {
        let (sender, receiver) = mpsc::channel(QUEUE_MESSAGES_MAX);
        let id = self.shared.ids.fetch_add(1, Ordering::Relaxed);
        Listener {
            bus: self.clone(),
            id,
            queue: Queue {
                sender,
                bytes: Arc::default(),
            },
            receiver,
            subjects: HashSet::new(),
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
        for queue in state
            .subjects
            .get(subject)
            .into_iter()
            .flat_map(BTreeMap::values)
        {
            heard += self.deliver(queue, message(None));
        }
        for ((_, pattern), (matches, queue)) in &state.patterns {
            if matches(pattern, subject) {
                heard += self.deliver(queue, message(Some(pattern.clone())));
            }
        }
        heard
    }

    fn deliver(&self, queue: &Queue, message: Message) -> usize {
        let size = message.size();
        let waiting = queue.bytes.fetch_add(size, Ordering::Relaxed);
        // A message larger than the whole queue goes through when it is empty.
        let fits = waiting == 0 || waiting.saturating_add(size) <= QUEUE_BYTES_MAX;
        if fits && queue.sender.try_send(message).is_ok() {
            return 1;
        }
        queue.bytes.fetch_sub(size, Ordering::Relaxed);
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
        self.subjects.insert(subject.clone());
        let mut state = self.bus.shared.state.write();
        let listeners = state.subjects.entry(subject).or_default();
        listeners.insert(self.id, self.queue.clone());
    }

    /// Ends a subscription to a subject.
    pub fn unsubscribe(&mut self, subject: &[u8]) {
        self.subjects.remove(subject);
        self.bus.shared.state.write().remove(self.id, subject);
    }

    /// Subscribes to every subject that a pattern matches.
    pub fn subscribe_pattern(&mut self, pattern: Bytes, matches: Matcher) {
        let mut state = self.bus.shared.state.write();
        state
            .patterns
            .insert((self.id, pattern), (matches, self.queue.clone()));
    }

    /// Ends a subscription to a pattern.
    pub fn unsubscribe_pattern(&mut self, pattern: &Bytes) {
        let mut state = self.bus.shared.state.write();
        state.patterns.remove(&(self.id, pattern.clone()));
    }

    /// The next message. Cancel safe.
    pub async fn next(&mut self) -> Option<Message> {
        let message = self.receiver.recv().await?;
        Some(self.taken(message))
    }

    /// A message that is already here.
    pub fn try_next(&mut self) -> Option<Message> {
        let message = self.receiver.try_recv().ok()?;
        Some(self.taken(message))
    }

    fn taken(&self, message: Message) -> Message {
        self.queue
            .bytes
            .fetch_sub(message.size(), Ordering::Relaxed);
        message
    }
}

impl State {
    fn remove(&mut self, id: u64, subject: &[u8]) {
        if let Some(listeners) = self.subjects.get_mut(subject) {
            listeners.remove(&id);
            if listeners.is_empty() {
                self.subjects.remove(subject);
            }
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let mut state = self.bus.shared.state.write();
        for subject in &self.subjects {
            state.remove(self.id, subject);
        }
        let from = (self.id, Bytes::new());
        let mine = state.patterns.range(from..).map(|(key, _)| key);
        let mine = mine.take_while(|(id, _)| *id == self.id);
        for pattern in mine.cloned().collect::<Vec<_>>() {
            state.patterns.remove(&pattern);
        }
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

    #[test]
    fn what_waits_for_a_listener_is_bounded_in_bytes_too() {
        let bus = Bus::default();
        let mut deaf = bus.listen();
        deaf.subscribe("s".into());
        let large = Bytes::from(vec![0; QUEUE_BYTES_MAX / 2]);
        let heard: Vec<usize> = (0..3).map(|_| bus.send(b"s", large.clone())).collect();
        assert_eq!(heard, [1, 0, 0]);
        assert!(deaf.try_next().is_some());
        assert_eq!(bus.send(b"s", large), 1, "there is room again");
    }

    #[test]
    fn a_listener_that_goes_takes_its_patterns_along_and_no_others() {
        let bus = Bus::default();
        let (mut gone, mut stays) = (bus.listen(), bus.listen());
        for pattern in ["a", "b"] {
            gone.subscribe_pattern(pattern.into(), starts_with);
            stays.subscribe_pattern(pattern.into(), starts_with);
        }
        gone.subscribe_pattern("c".into(), starts_with);
        drop(gone);
        assert_eq!(bus.pattern_count(), 2);
        assert_eq!(bus.send(b"abc", Bytes::new()), 1);
        assert_eq!(bus.send(b"c", Bytes::new()), 0);
    }
}
