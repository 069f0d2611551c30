//! How much there is: what the monitoring port tells of streams.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use serde_json::{Value, json};

use super::JetStream;
use super::stream::{Stream, set};

impl JetStream {
    /// Streams, consumers, messages, bytes, requests.
    pub fn amounts(&self) -> Value {
        let streams = self.all();
        let (mut messages, mut bytes, mut consumers) = (0, 0, 0);
        for stream in &streams {
            // One that goes meanwhile counts for nothing.
            let state = stream.state().unwrap_or_default();
            messages += state.messages;
            bytes += state.bytes;
            consumers += stream.consumers().len();
        }
        let [total, errors] =
            [&self.answered, &self.refused].map(|count| count.load(Ordering::Relaxed));
        json!({
            "memory": 0,
            "storage": bytes,
            "reserved_memory": 0,
            "reserved_storage": 0,
            "accounts": 1,
            "api": {"total": total, "errors": errors},
            "streams": streams.len(),
            "consumers": consumers,
            "messages": messages,
            "bytes": bytes,
        })
    }

    /// Every stream, with its consumers if they are wanted.
    pub fn details(&self, with_consumers: bool) -> Vec<Value> {
        let detail = |stream: Arc<Stream>| {
            let mut shown = stream.info().ok()?;
            set(&mut shown, "name", json!(stream.name));
            if with_consumers {
                let consumers = stream.consumers();
                let infos = consumers.iter().filter_map(|one| one.info(&stream).ok());
                set(&mut shown, "consumer_detail", infos.collect());
            }
            Some(shown)
        };
        self.all().into_iter().filter_map(detail).collect()
    }
}
