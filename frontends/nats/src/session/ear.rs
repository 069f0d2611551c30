//! A client's subscription, as the bus knows it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use stele_core::node::{Ear, Sent};

use super::outbound::{Added, Outbound};
use crate::wire::subject;

/// Writes what it hears to a client.
pub(super) struct ClientEar {
    pub outbound: Arc<Outbound>,
    pub sid: Bytes,
    heard: AtomicU64,
    /// How many it wants in all; 0 = no limit.
    heard_max: AtomicU64,
}

impl ClientEar {
    pub fn new(outbound: Arc<Outbound>, sid: Bytes) -> Self {
        Self {
            outbound,
            sid,
            heard: AtomicU64::new(0),
            heard_max: AtomicU64::new(0),
        }
    }

    /// Wants so many messages in all. False: it has had them.
    pub fn limit(&self, count: u64) -> bool {
        self.heard_max.store(count, Ordering::Relaxed);
        self.heard.load(Ordering::Relaxed) < count
    }

    /// Counts a message. False: one too many.
    fn count(&self) -> bool {
        let heard = self.heard.fetch_add(1, Ordering::Relaxed) + 1;
        let limit = self.heard_max.load(Ordering::Relaxed);
        if limit == 0 {
            return true;
        }
        if heard == limit {
            self.outbound.finish(self.sid.clone());
        }
        heard <= limit
    }
}

impl Ear for ClientEar {
    fn hear(&self, message: &Sent<'_>) -> bool {
        let is_own = message.from == self.outbound.name;
        if is_own && !self.outbound.echo.load(Ordering::Relaxed) {
            return false;
        }
        // Other doors' subjects may hold what a control line cannot.
        if message.from == 0 && !subject::is_writable(message.subject) {
            return false;
        }
        if !self.count() {
            return false;
        }
        let added = self.outbound.message(
            &self.sid,
            message.subject,
            message.reply,
            message.headers,
            message.payload,
        );
        if added == Added::Slowly {
            message.slow.set(true);
        }
        added != Added::Not
    }
}
