//! One operation, carried out.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use stele_core::node::{Pattern, Sent};

use super::auth::VIOLATION;
use super::ear::ClientEar;
use super::{Held, Session};
use crate::clients::Introduction;
use crate::wire::connect::Connect;
use crate::wire::scan::{self, Op, Publish};
use crate::wire::{frame, headers, subject};

impl Session {
    /// Carries out one operation. It never waits.
    pub(super) fn perform(&mut self, op: &Op<'_>) {
        if !self.is_known && !matches!(op, Op::Connect(_)) {
            self.end_with(VIOLATION);
            return;
        }
        match op {
            Op::Publish(publish) => self.publish(publish),
            Op::Ping => self.pong(),
            Op::Pong | Op::Idle => {}
            Op::Subscribe {
                subject,
                group,
                sid,
            } => self.subscribe(subject, group, sid),
            Op::Unsubscribe { sid, after } => self.unsubscribe(sid, *after),
            Op::Connect(json) => self.connect(json),
        }
    }

    fn okay(&self) {
        if self.verbose {
            self.outbound.write(b"+OK\r\n");
        }
    }

    fn connect(&mut self, json: &[u8]) {
        let Some(connect) = Connect::read(json) else {
            self.is_closing = true;
            return;
        };
        let protocol = connect.protocol.unwrap_or(0);
        if !(0..=1).contains(&protocol) {
            self.end_with("invalid client protocol");
            return;
        }
        if !self.admits(&connect) {
            self.end_with(VIOLATION);
            return;
        }
        let headers = connect.headers.unwrap_or(false);
        let no_responders = connect.no_responders.unwrap_or(false);
        if no_responders && !headers {
            self.end_with("no responders requires headers support");
            return;
        }
        self.is_known = true;
        self.is_connected = true;
        self.verbose = connect.verbose.unwrap_or(true);
        self.pedantic = connect.pedantic.unwrap_or(false);
        self.protocol = protocol;
        self.no_responders = no_responders;
        self.limits.headers = headers;
        self.outbound.headers.store(headers, Ordering::Relaxed);
        let echo = connect.echo.unwrap_or(true);
        self.outbound.echo.store(echo, Ordering::Relaxed);
        self.outbound.seen.introduce(Introduction {
            name: connect.name.unwrap_or_default(),
            lang: connect.lang.unwrap_or_default(),
            version: connect.version.unwrap_or_default(),
        });
        self.okay();
    }

    fn pong(&mut self) {
        self.outbound.write(b"PONG\r\n");
        if self.is_connected && self.protocol >= 1 && !self.is_introduced {
            self.is_introduced = true;
            let mut info = self.server.info(self.client_id, &self.client_ip);
            info.connect_info = true;
            info.remote_account = Some("$G");
            self.outbound.write(&info.line());
        }
    }

    fn publish(&mut self, publish: &Publish<'_>) {
        let length = publish.headers.len() + publish.payload.len();
        self.outbound.seen.traffic.came(length);
        self.okay();
        if self.pedantic && !scan::is_publishable(publish.subject) {
            // Told, and delivered all the same.
            self.outbound
                .write(&frame::error("Invalid Publish Subject"));
        }
        let mut message = Sent::new(publish.subject, publish.payload);
        message.reply = publish.reply;
        message.headers = publish.headers;
        message.from = self.outbound.name;
        let heard = self.bus.send_along(&mut self.routes, &message);
        self.is_slowed |= message.slow.get();
        if heard == 0 && self.no_responders && !publish.reply.is_empty() {
            self.nobody_listens(publish);
        }
    }

    /// Answers a request that nobody took, where its answer is expected.
    fn nobody_listens(&self, publish: &Publish<'_>) {
        let expects = |held: &&Held| {
            let pattern = &held.subject;
            !held.is_grouped && stele_core::record::subject::matches(pattern, publish.reply)
        };
        if let Some(held) = self.subscriptions.values().find(expects) {
            let block = headers::no_responders(publish.subject);
            let sid = &held.ear.sid;
            self.outbound.message(sid, publish.reply, b"", &block, b"");
        }
    }

    fn subscribe(&mut self, name: &[u8], group: &[u8], sid: &[u8]) {
        if !subject::is_valid(name) {
            self.outbound.write(&frame::error("Invalid Subject"));
            return;
        }
        if self.subscriptions.len() >= self.server.options.subscription_count_max {
            let text = "maximum subscriptions exceeded";
            self.outbound.write(&frame::error(text));
            return;
        }
        // A name in use stays with its first subject.
        if !self.subscriptions.contains_key(sid) {
            // Copied: a slice would keep the whole buffer alive.
            let sid = Bytes::copy_from_slice(sid);
            let name = Bytes::copy_from_slice(name);
            let ear = Arc::new(ClientEar::new(self.outbound.clone(), sid.clone()));
            let is_grouped = !group.is_empty();
            let group = is_grouped.then(|| Bytes::copy_from_slice(group));
            let pattern = Pattern::of_subject(name.clone());
            let subscribed = self.bus.subscribe(pattern, group, ear.clone());
            let seen = &self.outbound.seen;
            seen.subscribed(sid.clone(), name.clone());
            let held = Held {
                ear,
                subject: name,
                is_grouped,
                _subscribed: subscribed,
            };
            self.subscriptions.insert(sid, held);
        }
        self.okay();
    }

    fn unsubscribe(&mut self, sid: &[u8], after: u64) {
        if let Some(held) = self.subscriptions.get(sid)
            && (after == 0 || !held.ear.limit(after))
        {
            self.subscriptions.remove(sid);
            self.outbound.seen.unsubscribed(sid);
        }
        self.okay();
    }

    /// Ends the subscriptions that have heard all they wanted.
    pub(super) fn tidy(&mut self) {
        for sid in self.outbound.take_finished() {
            self.subscriptions.remove(&sid);
            self.outbound.seen.unsubscribed(&sid);
        }
    }
}
