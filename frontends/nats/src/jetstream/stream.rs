//! A stream as the door serves it: its config, its consumers, its ears on the bus.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Weak};

use bytes::Bytes;
use parking_lot::{Mutex, RwLock};
use serde_json::{Value, json};
use stele_core::env::spawn;
use stele_core::node::{Bus, Ear, Pattern, Sent, Subscribed};
use stele_core::op::Op;
use stele_core::op::stream::{self as messages, Removal, State};
use stele_core::record::table::StreamDefinition;
use stele_core::record::{Key, Level};
use stele_core::{Batch, Database, Error, Result};

use super::JetStream;
use super::config::{Retention, StreamConfig};
use super::consumer::{self, Consumer, Event};
use super::intake::{self, Intake};
use super::time::rfc3339;
use super::transform::Transform;

/// A stream and who reads it.
pub struct Stream {
    pub name: String,
    pub db: Database,
    pub bus: Bus,
    pub intake: Intake,
    key: Key,
    defined: RwLock<Defined>,
    consumers: RwLock<BTreeMap<String, Arc<Consumer>>>,
    held: Mutex<Vec<Subscribed>>,
    is_closed: AtomicBool,
    /// The last number its consumers were told of, by the watch.
    pub told: AtomicU64,
}

#[derive(Clone)]
struct Defined {
    definition: Arc<StreamDefinition>,
    config: Arc<StreamConfig>,
    /// What becomes of subjects on their way in.
    transform: Option<Arc<Transform>>,
}

impl Defined {
    fn by(definition: Arc<StreamDefinition>) -> Result<Self> {
        let broken = |why: String| Error::corrupt(format!("stream {}: {why}", definition.name));
        let config: StreamConfig =
            serde_json::from_str(&definition.config).map_err(|error| broken(error.to_string()))?;
        let transform = config.subject_transform.as_ref().map(Transform::read);
        let transform = transform.transpose().map_err(broken)?;
        Ok(Self {
            definition,
            config: Arc::new(config),
            transform: transform.map(Arc::new),
        })
    }
}

impl Stream {
    /// Serves a stream that the catalogue defines, with its durable consumers.
    pub fn open(
        jetstream: &Arc<JetStream>,
        definition: Arc<StreamDefinition>,
    ) -> Result<Arc<Self>> {
        let stream = Arc::new(Self {
            name: definition.name.clone(),
            db: jetstream.db.clone(),
            bus: jetstream.bus.clone(),
            intake: Intake::default(),
            key: definition.key(),
            defined: RwLock::new(Defined::by(definition)?),
            consumers: RwLock::default(),
            held: Mutex::default(),
            is_closed: AtomicBool::new(false),
            told: AtomicU64::new(0),
        });
        consumer::reopen(&stream)?;
        stream.listen();
        spawn(intake::run(Arc::downgrade(&stream)));
        Ok(stream)
    }

    /// Puts its ears on the bus, in the place of those it had.
    fn listen(self: &Arc<Self>) {
        let intake: Arc<dyn Ear> = Arc::new(intake::StreamEar::new(self));
        let mut held = Vec::new();
        // What a publication feeds takes nothing else.
        let is_fed = self.is_fed();
        for subject in self.config().subjects().iter().filter(|_| !is_fed) {
            let pattern = Pattern::of_subject(Bytes::from(subject.clone()));
            held.push(self.bus.subscribe(pattern, None, intake.clone()));
        }
        let acks = Bytes::from(format!("$JS.ACK.{}.>", self.name));
        let ear = Arc::new(AckEar(Arc::downgrade(self)));
        held.push(self.bus.subscribe(Pattern::Wildcard(acks), None, ear));
        let flows = Bytes::from(format!("$JS.FC.{}.>", self.name));
        let ear = Arc::new(FlowEar(Arc::downgrade(self)));
        held.push(self.bus.subscribe(Pattern::Wildcard(flows), None, ear));
        *self.held.lock() = held;
    }

    /// Is it made of tables' changes?
    pub fn is_fed(&self) -> bool {
        let catalog = self.db.catalog();
        catalog.publication_of(&self.definition()).is_some()
    }

    pub fn config(&self) -> Arc<StreamConfig> {
        self.defined.read().config.clone()
    }

    pub fn definition(&self) -> Arc<StreamDefinition> {
        self.defined.read().definition.clone()
    }

    /// The subject under which a message is kept.
    pub fn subject_of(&self, subject: &[u8]) -> Bytes {
        let transform = self.defined.read().transform.clone();
        let changed = transform.and_then(|transform| {
            let subject = std::str::from_utf8(subject).ok()?;
            transform.apply(subject)
        });
        match changed {
            Some(changed) => changed.into(),
            None => Bytes::copy_from_slice(subject),
        }
    }

    /// Follows a changed definition.
    pub fn redefine(self: &Arc<Self>, definition: Arc<StreamDefinition>) -> Result<()> {
        let defined = Defined::by(definition)?;
        let is_elsewhere = self.config().subjects() != defined.config.subjects();
        *self.defined.write() = defined;
        if is_elsewhere {
            self.listen();
        }
        self.wake_consumers();
        Ok(())
    }

    /// Ends everything that serves it.
    pub fn close(&self) {
        self.is_closed.store(true, Ordering::Release);
        self.held.lock().clear();
        let consumers = std::mem::take(&mut *self.consumers.write());
        for consumer in consumers.values() {
            consumer.close("409 Stream Deleted");
        }
        self.intake.wake();
    }

    pub fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::Acquire)
    }

    /// Its messages' record.
    pub fn key(&self) -> &Key {
        &self.key
    }

    /// Reads its messages as they are now.
    pub fn read<T>(&self, read: impl FnOnce(&messages::Stream<'_>) -> Result<T>) -> Result<T> {
        let rows = self.db.engine().latest();
        match messages::open(&rows, &self.key, self.db.now_ms())? {
            Ok(Some(stream)) => read(&stream),
            _ => Err(Error::invalid(format!("stream {} is gone", self.name))),
        }
    }

    pub fn state(&self) -> Result<State> {
        self.read(|stream| Ok(stream.state().clone()))
    }

    /// Writes ops on its messages; what each answered.
    pub async fn write(&self, ops: Vec<stele_core::op::Op>) -> Result<Vec<Outcome>> {
        let ops = ops.into_iter().map(|op| (self.key.clone(), op)).collect();
        let batch = Batch { ops, atomic: false };
        let written = self.db.write(batch, &Level::default()).await?;
        Ok(written.replies)
    }

    pub fn consumer(&self, name: &str) -> Option<Arc<Consumer>> {
        self.consumers.read().get(name).cloned()
    }

    pub fn consumers(&self) -> Vec<Arc<Consumer>> {
        self.consumers.read().values().cloned().collect()
    }

    pub fn is_heard(&self) -> bool {
        !self.consumers.read().is_empty() || self.config().retention == Retention::Interest
    }

    /// Where only interest keeps messages: those from a number on that no consumer wants go.
    pub async fn drop_unwanted(&self, from: u64) -> Result<()> {
        if self.config().retention != Retention::Interest {
            return Ok(());
        }
        let unwanted: Vec<u64> = self.read(|messages| {
            let unwanted = messages.from(from).filter(|message| match message {
                Ok(message) => self.unneeded(&message.subject, message.seq),
                Err(_) => true,
            });
            unwanted
                .map(|message| message.map(|message| message.seq))
                .collect()
        })?;
        if !unwanted.is_empty() {
            let removal = Op::StreamRemove(Removal::Sequences(unwanted));
            self.write(vec![removal]).await?;
        }
        Ok(())
    }

    pub fn add_consumer(&self, consumer: Arc<Consumer>) {
        let mut consumers = self.consumers.write();
        consumers.insert(consumer.name.clone(), consumer);
    }

    /// Forgets a consumer, and what only it kept from being removed.
    pub fn remove_consumer(&self, name: &str) -> Option<Arc<Consumer>> {
        self.consumers.write().remove(name)
    }

    /// Tells every consumer that there may be something new.
    pub fn wake_consumers(&self) {
        for consumer in self.consumers.read().values() {
            consumer.wake();
        }
    }

    /// Of messages that somebody has had, those that nobody needs any more.
    pub fn unneeded(&self, subject: &[u8], seq: u64) -> bool {
        match self.config().retention {
            Retention::Limits => false,
            Retention::WorkQueue => true,
            Retention::Interest => {
                let consumers = self.consumers.read();
                !consumers
                    .values()
                    .any(|consumer| consumer.needs(subject, seq))
            }
        }
    }

    /// What STREAM.INFO says.
    pub fn info(&self) -> Result<Value> {
        let Defined {
            definition, config, ..
        } = self.defined.read().clone();
        let (state, first_ns) = self.read(|stream| {
            let first = stream.message(stream.state().first_seq)?;
            let first_ns = first.map_or(0, |first| first.time_ns());
            Ok((stream.state().clone(), first_ns))
        })?;
        let is_untouched = state.last_stamp == 0 && state.first_seq <= 1;
        let last_ns = match state.last_stamp {
            0 => 0,
            stamp => messages::time_ns(stele_core::record::Stamp(stamp)),
        };
        let mut shown = json!({
            "messages": state.messages,
            "bytes": state.bytes,
            "first_seq": if is_untouched { 0 } else { state.first_seq },
            "first_ts": rfc3339(first_ns),
            "last_seq": state.last_seq,
            "last_ts": rfc3339(last_ns),
            "consumer_count": self.consumers.read().len(),
        });
        if state.subjects > 0 {
            set(&mut shown, "num_subjects", json!(state.subjects));
        }
        let span = (state.last_seq + 1).saturating_sub(state.first_seq);
        if state.messages > 0 && span > state.messages {
            set(&mut shown, "num_deleted", json!(span - state.messages));
        }
        Ok(json!({
            "config": *config,
            "created": rfc3339(definition.created_ns),
            "state": shown,
            "ts": rfc3339(self.db.now_us() * 1000),
        }))
    }
}

/// How one op went.
pub type Outcome = std::result::Result<stele_core::op::Reply, stele_core::op::OpError>;

/// Sets a member of an object.
pub fn set(object: &mut Value, name: &str, value: Value) {
    if let Some(members) = object.as_object_mut() {
        members.insert(name.to_owned(), value);
    }
}

/// Hears acknowledgements: `$JS.ACK.<stream>.<consumer>.<deliveries>.<seq>.<nth>.<time>.<left>`.
struct AckEar(Weak<Stream>);

impl Ear for AckEar {
    fn hear(&self, message: &Sent<'_>) -> bool {
        let Some(stream) = self.0.upgrade() else {
            return false;
        };
        let Ok(subject) = std::str::from_utf8(message.subject) else {
            return true;
        };
        let mut tokens = subject.split('.').skip(3);
        let consumer = tokens.next().and_then(|name| stream.consumer(name));
        let seq = tokens.nth(1).and_then(|seq| seq.parse().ok());
        if let (Some(consumer), Some(seq)) = (consumer, seq) {
            consumer.tell(Event::Ack {
                seq,
                word: Bytes::copy_from_slice(message.payload),
                reply: Bytes::copy_from_slice(message.reply),
            });
        }
        true
    }
}

/// Hears that a subscriber has come so far: `$JS.FC.<stream>.<consumer>.<id>`.
struct FlowEar(Weak<Stream>);

impl Ear for FlowEar {
    fn hear(&self, message: &Sent<'_>) -> bool {
        let Some(stream) = self.0.upgrade() else {
            return false;
        };
        let subject = std::str::from_utf8(message.subject).ok();
        let name = subject.and_then(|subject| subject.split('.').nth(3));
        if let Some(consumer) = name.and_then(|name| stream.consumer(name)) {
            let subject = Bytes::copy_from_slice(message.subject);
            consumer.tell(Event::Flow { subject });
        }
        true
    }
}
