//! A listener: an ear with a queue, for doors whose clients take one message at
//! a time.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use tokio::sync::mpsc;

use super::{Bus, Ear, Matcher, Pattern, Sent, Subscribed};

/// How many messages may wait for one listener before it loses them.
pub(super) const QUEUE_MESSAGES_MAX: usize = 16_384;
/// How many bytes of them, subjects and payloads.
pub(super) const QUEUE_BYTES_MAX: usize = 32 << 20;

/// One message, kept.
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

/// The sending end of a listener's queue.
#[derive(Clone)]
struct Queue {
    bus: Bus,
    sender: mpsc::Sender<Message>,
    /// How many bytes wait in it.
    bytes: Arc<AtomicUsize>,
    pattern: Option<Bytes>,
}

impl Ear for Queue {
    /// Nobody slow holds up the sender: whose queue is full loses the message,
    /// counted by [`Bus::lost`].
    fn hear(&self, sent: &Sent<'_>) -> bool {
        let message = Message {
            subject: Bytes::copy_from_slice(sent.subject),
            payload: sent.kept_payload(),
            pattern: self.pattern.clone(),
        };
        let size = message.size();
        let waiting = self.bytes.fetch_add(size, Ordering::Relaxed);
        // A message larger than the whole queue goes through when it is empty.
        let fits = waiting == 0 || waiting.saturating_add(size) <= QUEUE_BYTES_MAX;
        if fits && self.sender.try_send(message).is_ok() {
            return true;
        }
        self.bytes.fetch_sub(size, Ordering::Relaxed);
        self.bus.shared.lost.fetch_add(1, Ordering::Relaxed);
        false
    }
}

/// One listener: subscriptions, and a queue.
pub struct Listener {
    queue: Queue,
    receiver: mpsc::Receiver<Message>,
    subjects: HashMap<Bytes, Subscribed>,
    patterns: HashMap<Bytes, Subscribed>,
}

impl Bus {
    /// A listener that has subscribed to nothing yet.
    pub fn listen(&self) -> Listener {
        let (sender, receiver) = mpsc::channel(QUEUE_MESSAGES_MAX);
        let queue = Queue {
            bus: self.clone(),
            sender,
            bytes: Arc::default(),
            pattern: None,
        };
        Listener {
            queue,
            receiver,
            subjects: HashMap::new(),
            patterns: HashMap::new(),
        }
    }
}

impl Listener {
    /// Subscribes to a subject.
    pub fn subscribe(&mut self, subject: Bytes) {
        let pattern = Pattern::Literal(subject.clone());
        let ear = Arc::new(self.queue.clone());
        let subscribed = self.queue.bus.subscribe(pattern, None, ear);
        self.subjects.insert(subject, subscribed);
    }

    /// Ends a subscription to a subject.
    pub fn unsubscribe(&mut self, subject: &[u8]) {
        self.subjects.remove(subject);
    }

    /// Subscribes to every subject that a pattern matches.
    pub fn subscribe_pattern(&mut self, pattern: Bytes, matches: Matcher) {
        let queue = Queue {
            pattern: Some(pattern.clone()),
            ..self.queue.clone()
        };
        let wanted = Pattern::Matcher(pattern.clone(), matches);
        let subscribed = self.queue.bus.subscribe(wanted, None, Arc::new(queue));
        self.patterns.insert(pattern, subscribed);
    }

    /// Ends a subscription to a pattern.
    pub fn unsubscribe_pattern(&mut self, pattern: &Bytes) {
        self.patterns.remove(pattern);
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
        let bytes = &self.queue.bytes;
        bytes.fetch_sub(message.size(), Ordering::Relaxed);
        message
    }
}
