//! The step: everything a consumer can do now, under one lock.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bytes::Bytes;
use stele_core::Result;

use super::config::{AckPolicy, ConsumerConfig};
use super::flow::Flow;
use super::priority::{Pin, WRONG_PIN};
use super::progress::{Outstanding, Progress};
use super::pull::PullRequest;
use super::{Consumer, Event};
use crate::jetstream::stream::Stream;
use crate::wire::headers::Headers;

/// A message that was delivered and not acknowledged.
#[derive(Debug, Clone)]
pub(super) struct Pending {
    /// The number of its first delivery.
    pub nth: u64,
    pub deliveries: u64,
    /// When it is delivered again, milliseconds since the Unix epoch.
    pub due_ms: u64,
    pub subject: Bytes,
}

/// What the step leaves to be written.
#[derive(Debug, Default)]
pub(super) struct Todo {
    /// Who wants to be told once acknowledgements are on disk.
    pub confirm: Vec<Bytes>,
    /// Messages that count as had.
    pub had: Vec<(Bytes, u64)>,
}

/// A consumer's state.
#[derive(Debug, Default)]
pub(super) struct Inner {
    /// The last delivery's number.
    pub nth: u64,
    /// The last message delivered.
    pub delivered_seq: u64,
    pub delivered_ms: u64,
    pub floor_nth: u64,
    pub floor_seq: u64,
    /// The next message to look at.
    pub next: u64,
    /// Messages to deliver before that.
    pub first: VecDeque<u64>,
    pub pending: BTreeMap<u64, Pending>,
    pub redeliver: BTreeSet<u64>,
    pub waiting: VecDeque<PullRequest>,
    /// What is on its way to a subscriber.
    pub flow: Flow,
    /// Who alone is served, where one client is pinned.
    pub pin: Option<Pin>,
    /// Messages not delivered yet, counted up to a state of the stream.
    pub unread: u64,
    pub counted: Option<(u64, u64)>,
    pub is_dirty: bool,
    pub todo: Todo,
    /// When it last was of use to somebody.
    pub active_ms: u64,
    pub next_beat_ms: u64,
}

/// What comes after a step.
pub(super) struct Stepped {
    /// Go on at once.
    pub has_more: bool,
    /// Something falls due then, milliseconds since the Unix epoch.
    pub next_ms: Option<u64>,
}

impl Inner {
    pub fn new(progress: &Progress, now_ms: u64) -> Self {
        let mut inner = Self {
            nth: progress.nth,
            delivered_seq: progress.next.saturating_sub(1),
            floor_nth: progress.floor_nth,
            floor_seq: progress.floor_seq,
            next: progress.next,
            first: progress.first.iter().copied().collect(),
            active_ms: now_ms,
            ..Self::default()
        };
        if let Some(first) = progress.first.first() {
            inner.delivered_seq = first.saturating_sub(1);
        }
        for outstanding in &progress.outstanding {
            let pending = Pending {
                nth: outstanding.nth,
                deliveries: outstanding.deliveries,
                due_ms: 0,
                subject: Bytes::new(),
            };
            inner.pending.insert(outstanding.seq, pending);
        }
        inner
    }

    pub fn progress(&self) -> Progress {
        let outstanding = |(seq, pending): (&u64, &Pending)| Outstanding {
            seq: *seq,
            nth: pending.nth,
            deliveries: pending.deliveries,
        };
        Progress {
            nth: self.nth,
            next: self.next,
            floor_nth: self.floor_nth,
            floor_seq: self.floor_seq,
            outstanding: self.pending.iter().map(outstanding).collect(),
            first: self.first.iter().copied().collect(),
        }
    }

    pub fn has_yet_to_have(&self, seq: u64) -> bool {
        seq >= self.next || self.pending.contains_key(&seq) || self.first.contains(&seq)
    }

    pub fn forget_count(&mut self) {
        self.counted = None;
    }

    /// Sends everybody who waits away.
    pub fn dismiss(&mut self, stream: &Stream, status: &str) {
        let headers = Headers::status(status).block();
        for request in self.waiting.drain(..) {
            send_status(stream, &request.reply, &headers);
        }
    }

    /// Brings the number of unread messages up to date.
    pub fn count(
        &mut self,
        config: &ConsumerConfig,
        messages: &stele_core::op::stream::Stream<'_>,
    ) -> Result<()> {
        let state = messages.state();
        let now = (state.last_seq, state.removed);
        if self.counted == Some(now) {
            return Ok(());
        }
        // Only something new: the rest was counted before.
        let from = match self.counted {
            Some((last, removed)) if removed == state.removed && last + 1 >= self.next => last + 1,
            _ => {
                self.unread = self.first.len() as u64;
                self.next
            }
        };
        let filters = config.filters();
        if filters.is_empty() {
            self.unread += messages.count(b"", from)?;
        }
        for filter in filters {
            self.unread += messages.count(filter.as_bytes(), from)?;
        }
        self.counted = Some(now);
        Ok(())
    }
}

pub(super) fn send_status(stream: &Stream, to: &[u8], headers: &[u8]) -> bool {
    let mut message = stele_core::node::Sent::new(to, b"");
    message.headers = headers;
    stream.bus.send(&message) > 0
}

impl Consumer {
    /// Does everything that can be done now.
    pub(super) fn step(&self, stream: &Stream) -> Result<Stepped> {
        let config = self.config();
        let now_ms = stream.db.now_us() / 1000;
        let mut inner = self.inner.lock();
        let events = std::mem::take(&mut *self.events.lock());
        for event in events {
            inner.active_ms = now_ms;
            match event {
                Event::Ack { seq, word, reply } => {
                    inner.acknowledge(&config, seq, &word, &reply, now_ms);
                }
                Event::Flow { subject } => inner.flow.answer(&subject),
                Event::Pull(request) => inner.admit(&config, stream, request, now_ms),
            }
        }
        if self.is_closed() {
            inner.dismiss(stream, "409 Consumer Deleted");
            return Ok(Stepped {
                has_more: false,
                next_ms: None,
            });
        }
        if !self.is_begun() {
            return Ok(Stepped {
                has_more: false,
                next_ms: None,
            });
        }
        inner.redeliver_due(now_ms);
        inner.loosen(&config, now_ms);
        let has_more = self.deliver(stream, &config, &mut inner, now_ms)?;
        inner.tend(stream, &config, now_ms);
        Ok(Stepped {
            has_more,
            next_ms: inner.next_due(&config),
        })
    }

    /// Up to date for whoever asks about it.
    pub(super) fn look<T>(&self, stream: &Stream, read: impl FnOnce(&Inner) -> T) -> Result<T> {
        self.step(stream)?;
        let mut inner = self.inner.lock();
        stream.read(|messages| inner.count(&self.config(), messages))?;
        Ok(read(&inner))
    }
}

impl Inner {
    fn admit(
        &mut self,
        config: &ConsumerConfig,
        stream: &Stream,
        request: PullRequest,
        now_ms: u64,
    ) {
        if !self.asks(config, &request.place, now_ms) {
            let headers = Headers::status(WRONG_PIN).block();
            send_status(stream, &request.reply, &headers);
            return;
        }
        let limit = usize::try_from(config.max_waiting).unwrap_or(usize::MAX);
        if self.waiting.len() >= limit {
            // Some may have gone without a word.
            self.waiting
                .retain(|waiting| stream.bus.has_interest(&waiting.reply));
        }
        if self.waiting.len() >= limit {
            let headers = Headers::status("409 Exceeded MaxWaiting").block();
            send_status(stream, &request.reply, &headers);
            return;
        }
        self.waiting.push_back(request);
    }

    fn redeliver_due(&mut self, now_ms: u64) {
        for (seq, pending) in &self.pending {
            if pending.is_due(now_ms) {
                self.redeliver.insert(*seq);
            }
        }
    }

    /// Ends requests whose time is over, and gives signs of life.
    fn tend(&mut self, stream: &Stream, config: &ConsumerConfig, now_ms: u64) {
        let (nth, seq) = (self.nth, self.delivered_seq);
        let beat = || {
            Headers::status("100 Idle Heartbeat")
                .with("Nats-Last-Consumer", nth)
                .with("Nats-Last-Stream", seq)
        };
        self.waiting.retain_mut(|request| {
            if request.is_over(now_ms) {
                let headers = request.status("408 Request Timeout");
                send_status(stream, &request.reply, &headers);
                return false;
            }
            if request.beat_ms > 0 && request.next_beat_ms <= now_ms {
                request.next_beat_ms = now_ms + request.beat_ms;
                return send_status(stream, &request.reply, &beat().block());
            }
            true
        });
        if let Some(to) = &config.deliver_subject {
            let every = u64::try_from(config.idle_heartbeat).unwrap_or(0) / 1_000_000;
            if every > 0 && self.next_beat_ms <= now_ms {
                self.next_beat_ms = now_ms + every;
                let asked = self
                    .flow
                    .asked()
                    .map(|asked| String::from_utf8_lossy(asked));
                let beat = match asked {
                    Some(subject) => beat().with("Nats-Consumer-Stalled", subject),
                    None => beat(),
                };
                send_status(stream, to.as_bytes(), &beat.block());
            }
        }
        if !self.waiting.is_empty() {
            self.active_ms = now_ms;
        }
    }

    /// When something falls due.
    fn next_due(&self, config: &ConsumerConfig) -> Option<u64> {
        let requests = self.waiting.iter().flat_map(|request| {
            let until = (request.until_ms > 0).then_some(request.until_ms);
            let beat = (request.beat_ms > 0).then_some(request.next_beat_ms);
            until.into_iter().chain(beat)
        });
        let pending = self.pending.values().map(|pending| pending.due_ms);
        let beat = (config.deliver_subject.is_some() && config.idle_heartbeat > 0)
            .then_some(self.next_beat_ms);
        let is_waited_for = config.ack_policy != AckPolicy::None;
        let pending = pending.filter(|_| is_waited_for);
        let pin = self.loosens_ms(config);
        requests.chain(pending).chain(beat).chain(pin).min()
    }
}
