//! Delivery: the next message, to the next who asks.

use std::collections::VecDeque;

use stele_core::Result;
use stele_core::node::Sent;
use stele_core::op::stream::{Stream as Messages, StreamMessage};

use super::Consumer;
use super::ack::wait_ms;
use super::config::{AckPolicy, ConsumerConfig};
use super::flow::Flow;
use super::pull::PullRequest;
use super::step::{Inner, Pending, send_status};
use crate::jetstream::stream::Stream;
use crate::server::identity;
use crate::wire::headers::Headers;

/// Messages delivered before somebody else has a turn.
const STEP_COUNT_MAX: usize = 256;

/// How one attempt went.
enum Delivered {
    Yes,
    /// Nobody there, or nothing to deliver.
    Stop,
    /// Look again: a request or a message fell away.
    Again,
}

impl Consumer {
    /// Delivers what can be delivered. Is there more?
    pub(super) fn deliver(
        &self,
        stream: &Stream,
        config: &ConsumerConfig,
        inner: &mut Inner,
        now_ms: u64,
    ) -> Result<bool> {
        stream.read(|messages| {
            inner.count(config, messages)?;
            inner.drop_hasty(stream);
            if config.paused_until(now_ms * 1_000_000).is_some() {
                return Ok(false);
            }
            let mut ahead = VecDeque::new();
            let mut count = 0;
            while count < STEP_COUNT_MAX {
                let delivery = Delivery {
                    consumer: self,
                    stream,
                    config,
                    messages,
                    now_ms,
                };
                match delivery.one(inner, &mut ahead)? {
                    Delivered::Yes => count += 1,
                    Delivered::Again => {}
                    Delivered::Stop => {
                        inner.end_hasty(stream);
                        return Ok(false);
                    }
                }
            }
            Ok(true)
        })
    }
}

impl Inner {
    /// Requests that do not wait get what there is now, or are told that there is nothing.
    fn drop_hasty(&mut self, stream: &Stream) {
        let available = self.unread + self.redeliver.len() as u64;
        self.waiting.retain_mut(|request| {
            if request.is_seen || !request.no_wait {
                request.is_seen = true;
                return true;
            }
            request.is_seen = true;
            // With a time of its own it waits after all, for the first that comes.
            if available == 0 && request.until_ms == 0 {
                let headers = Headers::status("404 No Messages").block();
                send_status(stream, &request.reply, &headers);
                return false;
            }
            true
        });
    }
}

impl Inner {
    /// Requests that do not wait and have got what there was are told that this is all.
    fn end_hasty(&mut self, stream: &Stream) {
        if self.unread > 0 || !self.redeliver.is_empty() {
            return;
        }
        self.waiting.retain(|request| {
            let is_done = request.no_wait && request.has_got;
            if is_done {
                let headers = request.status("408 Request Timeout");
                send_status(stream, &request.reply, &headers);
            }
            !is_done
        });
    }
}

/// One delivery in its surroundings.
struct Delivery<'a> {
    consumer: &'a Consumer,
    stream: &'a Stream,
    config: &'a ConsumerConfig,
    messages: &'a Messages<'a>,
    now_ms: u64,
}

/// Where a message comes from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Source {
    Again,
    First,
    Next,
}

impl Delivery<'_> {
    fn one(&self, inner: &mut Inner, ahead: &mut VecDeque<StreamMessage>) -> Result<Delivered> {
        if !self.somebody_waits(inner) {
            return Ok(Delivered::Stop);
        }
        let Some((message, source)) = self.choose(inner, ahead)? else {
            return Ok(Delivered::Stop);
        };
        let Some(message) = message else {
            return Ok(Delivered::Again);
        };
        let known = inner.pending.get(&message.seq);
        let deliveries = known.map_or(0, |pending| pending.deliveries) + 1;
        let limit = u64::try_from(self.config.max_deliver).unwrap_or(u64::MAX);
        if source == Source::Again && deliveries > limit {
            self.give_up(inner, message.seq, deliveries - 1);
            return Ok(Delivered::Again);
        }
        let delivered = self.hand_over(inner, &message, source, deliveries);
        if !matches!(delivered, Delivered::Yes) && source == Source::Next {
            ahead.push_front(message);
        }
        Ok(delivered)
    }

    fn somebody_waits(&self, inner: &mut Inner) -> bool {
        match &self.config.deliver_subject {
            Some(to) if self.stream.bus.has_interest(to.as_bytes()) => !inner.flow.is_full(),
            Some(_) => {
                // Whoever comes next has nothing on its way.
                inner.flow = Flow::default();
                false
            }
            None => inner.served_next(self.config, self.now_ms).is_some(),
        }
    }

    /// The message that comes next. `Some((None, _))`: it is not there any more.
    fn choose(
        &self,
        inner: &mut Inner,
        ahead: &mut VecDeque<StreamMessage>,
    ) -> Result<Option<(Option<StreamMessage>, Source)>> {
        if let Some(&seq) = inner.redeliver.first() {
            let message = self.messages.message(seq)?;
            if message.is_none() {
                inner.redeliver.remove(&seq);
                inner.pending.remove(&seq);
                inner.raise_floor();
                inner.is_dirty = true;
            }
            return Ok(Some((message, Source::Again)));
        }
        let limit = usize::try_from(self.config.max_ack_pending).unwrap_or(0);
        if limit > 0 && inner.pending.len() >= limit {
            return Ok(None);
        }
        if let Some(&seq) = inner.first.front() {
            let message = self.messages.message(seq)?;
            if message.is_none() {
                inner.first.pop_front();
                inner.unread = inner.unread.saturating_sub(1);
            }
            return Ok(Some((message, Source::First)));
        }
        let next = self.next(inner, ahead)?;
        Ok(next.map(|message| (Some(message), Source::Next)))
    }

    fn next(
        &self,
        inner: &Inner,
        ahead: &mut VecDeque<StreamMessage>,
    ) -> Result<Option<StreamMessage>> {
        let filters = self.config.filters();
        if filters.is_empty() {
            if ahead.is_empty() {
                let found = self.messages.from(inner.next).take(STEP_COUNT_MAX);
                *ahead = found.collect::<Result<_>>()?;
            }
            return Ok(ahead.pop_front());
        }
        if let Some(message) = ahead.pop_front() {
            return Ok(Some(message));
        }
        let mut first: Option<StreamMessage> = None;
        for filter in filters {
            let found = self.messages.next(filter.as_bytes(), inner.next)?;
            let is_earlier =
                |found: &StreamMessage| first.as_ref().is_none_or(|first| found.seq < first.seq);
            if let Some(found) = found.filter(is_earlier) {
                first = Some(found);
            }
        }
        Ok(first)
    }

    /// Was delivered as often as it may be: it stays in the stream.
    fn give_up(&self, inner: &mut Inner, seq: u64, deliveries: u64) {
        inner.redeliver.remove(&seq);
        inner.pending.remove(&seq);
        inner.raise_floor();
        inner.is_dirty = true;
        let (stream, consumer) = (&self.stream.name, &self.consumer.name);
        let subject = format!("$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.{stream}.{consumer}");
        let said = serde_json::json!({
            "type": "io.nats.jetstream.advisory.v1.max_deliver",
            "stream": stream,
            "consumer": consumer,
            "stream_seq": seq,
            "deliveries": deliveries,
        });
        let payload = said.to_string();
        self.stream
            .bus
            .send(&Sent::new(subject.as_bytes(), payload.as_bytes()));
    }

    fn hand_over(
        &self,
        inner: &mut Inner,
        message: &StreamMessage,
        source: Source,
        deliveries: u64,
    ) -> Delivered {
        let nth = inner.nth + 1;
        let left = match source {
            Source::Again => inner.unread,
            _ => inner.unread.saturating_sub(1),
        };
        let reply = format!(
            "$JS.ACK.{}.{}.{deliveries}.{}.{nth}.{}.{left}",
            self.stream.name,
            self.consumer.name,
            message.seq,
            message.time_ns()
        );
        let is_heard = match &self.config.deliver_subject {
            Some(to) => self.send(to.as_bytes(), message, &reply, None),
            None => match self.take_request(inner, message, &reply) {
                Some(mut request) => {
                    let id = || identity(&self.stream.db, 'P', 21);
                    let pin = inner.pin(self.config, &mut request, id, self.now_ms);
                    let is_heard = self.send(&request.reply, message, &reply, pin.as_deref());
                    if is_heard && request.left > 0 {
                        inner.waiting.push_back(request);
                    }
                    is_heard
                }
                None => return Delivered::Again,
            },
        };
        if !is_heard {
            inner.pin = None;
            // Whoever asked has gone; a push consumer waits for somebody to come.
            return match self.config.deliver_subject {
                Some(_) => Delivered::Stop,
                None => Delivered::Again,
            };
        }
        self.note(inner, message, source, nth, deliveries);
        if let Some(to) = self
            .config
            .deliver_subject
            .as_ref()
            .filter(|_| self.config.flow_control)
        {
            self.control(inner, to, size(message, &reply));
        }
        Delivered::Yes
    }

    /// Counts what was sent, and asks for an answer when it is time.
    fn control(&self, inner: &mut Inner, to: &str, bytes: u64) {
        if inner.flow.send(bytes) {
            let id = identity(&self.stream.db, 'F', 5);
            let subject = format!("$JS.FC.{}.{}.{id}", self.stream.name, self.consumer.name);
            let headers = Headers::status("100 FlowControl Request").block();
            let mut question = Sent::new(to.as_bytes(), b"");
            question.reply = subject.as_bytes();
            question.headers = &headers;
            self.stream.bus.send(&question);
            inner.flow.ask(subject.into());
        }
    }

    /// The next request that has room for the message; each gets its turn.
    fn take_request(
        &self,
        inner: &mut Inner,
        message: &StreamMessage,
        reply: &str,
    ) -> Option<PullRequest> {
        let at = inner.served_next(self.config, self.now_ms)?;
        let mut request = inner.waiting.remove(at)?;
        let size = size(message, reply);
        if request.has_byte_limit && size > request.bytes_left {
            let headers = request.status("409 Message Size Exceeds MaxBytes");
            send_status(self.stream, &request.reply, &headers);
            return None;
        }
        request.bytes_left = request.bytes_left.saturating_sub(size);
        request.left -= 1;
        request.has_got = true;
        request.next_beat_ms = self.now_ms + request.beat_ms;
        Some(request)
    }

    fn send(&self, to: &[u8], message: &StreamMessage, reply: &str, pin: Option<&str>) -> bool {
        let mut sent = Sent::new(&message.subject, &message.payload);
        sent.reply = reply.as_bytes();
        sent.headers = &message.headers;
        let shortened;
        if self.config.headers_only {
            shortened = Headers::default()
                .and(&message.headers)
                .with("Nats-Msg-Size", message.payload.len())
                .block();
            sent = Sent::new(&message.subject, b"");
            sent.reply = reply.as_bytes();
            sent.headers = &shortened;
        }
        let pinned;
        if let Some(id) = pin {
            let headers = Headers::default().and(sent.headers);
            pinned = headers.with("Nats-Pin-Id", id).block();
            sent.headers = &pinned;
        }
        self.stream.bus.send_to(to, &sent) > 0
    }

    fn note(
        &self,
        inner: &mut Inner,
        message: &StreamMessage,
        source: Source,
        nth: u64,
        deliveries: u64,
    ) {
        inner.nth = nth;
        inner.delivered_ms = self.now_ms;
        inner.active_ms = self.now_ms;
        inner.is_dirty = true;
        let beat = u64::try_from(self.config.idle_heartbeat).unwrap_or(0) / 1_000_000;
        inner.next_beat_ms = self.now_ms + beat;
        match source {
            Source::Again => {
                inner.redeliver.remove(&message.seq);
            }
            Source::First => {
                inner.first.pop_front();
                inner.unread = inner.unread.saturating_sub(1);
            }
            Source::Next => {
                inner.next = message.seq + 1;
                inner.unread = inner.unread.saturating_sub(1);
            }
        }
        inner.delivered_seq = inner.delivered_seq.max(message.seq);
        if self.config.ack_policy == AckPolicy::None {
            inner.floor_nth = nth;
            inner.floor_seq = inner.delivered_seq;
            inner.todo.had.push((message.subject.clone(), message.seq));
            return;
        }
        let due_ms = self.now_ms + wait_ms(self.config, deliveries);
        let first_nth = inner
            .pending
            .get(&message.seq)
            .map_or(nth, |known| known.nth);
        let pending = Pending {
            nth: first_nth,
            deliveries,
            due_ms,
            subject: message.subject.clone(),
        };
        inner.pending.insert(message.seq, pending);
    }
}

/// What a delivery counts as, bytes.
fn size(message: &StreamMessage, reply: &str) -> u64 {
    let size = message.subject.len() + reply.len() + message.headers.len() + message.payload.len();
    size as u64
}
