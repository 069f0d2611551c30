//! What CONSUMER.INFO says.

use serde_json::{Value, json};
use stele_core::Result;

use super::Consumer;
use super::step::Inner;
use crate::jetstream::stream::{Stream, set};
use crate::jetstream::time::rfc3339;

impl Consumer {
    /// Everything about it, up to date.
    pub fn info(&self, stream: &Stream) -> Result<Value> {
        let config = self.config();
        let mut info = self.look(stream, |inner| self.counts(stream, inner))?;
        set(&mut info, "config", json!(*config));
        if let Some(until) = config.paused_until(stream.db.now_us() * 1000) {
            set(&mut info, "paused", json!(true));
            let remaining = until.saturating_sub(stream.db.now_us() * 1000);
            set(&mut info, "pause_remaining", json!(remaining));
        }
        if let Some(to) = &config.deliver_subject
            && stream.bus.has_interest(to.as_bytes())
        {
            set(&mut info, "push_bound", json!(true));
        }
        Ok(info)
    }

    fn counts(&self, stream: &Stream, inner: &Inner) -> Value {
        let mut delivered = json!({
            "consumer_seq": inner.nth,
            "stream_seq": if inner.nth == 0 { inner.floor_seq } else { inner.delivered_seq },
        });
        if inner.delivered_ms > 0 {
            let when = rfc3339(inner.delivered_ms * 1_000_000);
            set(&mut delivered, "last_active", json!(when));
        }
        let again = inner
            .pending
            .values()
            .filter(|pending| pending.deliveries > 1);
        let mut info = json!({
            "stream_name": stream.name,
            "name": self.name,
            "created": rfc3339(self.created_ns),
            "delivered": delivered,
            "ack_floor": {"consumer_seq": inner.floor_nth, "stream_seq": inner.floor_seq},
            "num_ack_pending": inner.pending.len(),
            "num_redelivered": again.count(),
            "num_waiting": inner.waiting.len(),
            "num_pending": inner.unread,
            "ts": rfc3339(stream.db.now_us() * 1000),
        });
        if let Some(groups) = inner.groups(&self.config()) {
            set(&mut info, "priority_groups", groups);
        }
        info
    }
}
