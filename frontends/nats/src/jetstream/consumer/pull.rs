//! Pull requests: what CONSUMER.MSG.NEXT asks for.

use bytes::Bytes;
use serde::Deserialize;

use super::config::ConsumerConfig;
use super::priority::Place;
use crate::jetstream::json;
use crate::jetstream::time::go_duration;
use crate::wire::headers::Headers;

/// A request that waits for messages.
#[derive(Debug, Clone)]
pub struct PullRequest {
    pub reply: Bytes,
    /// How many are still wanted.
    pub left: u64,
    /// How many bytes are still wanted; 0 = no limit.
    pub bytes_left: u64,
    pub has_byte_limit: bool,
    /// When it ends, milliseconds since the Unix epoch; 0 = never.
    pub until_ms: u64,
    /// Does not wait.
    pub no_wait: bool,
    /// How often it wants a sign of life, milliseconds; 0 = never.
    pub beat_ms: u64,
    /// When the next is due.
    pub next_beat_ms: u64,
    /// Has been looked at once.
    pub is_seen: bool,
    /// Has got a message.
    pub has_got: bool,
    /// What it says about its place among others.
    pub place: Place,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    batch: u64,
    expires: i64,
    max_bytes: u64,
    no_wait: bool,
    idle_heartbeat: i64,
    #[serde(flatten)]
    place: Place,
}

/// A status to answer instead.
pub type Refusal = String;

impl PullRequest {
    /// Reads a request: nothing, a number, or JSON.
    ///
    /// # Errors
    /// The status that refuses it.
    pub fn read(
        payload: &[u8],
        reply: &[u8],
        config: &ConsumerConfig,
        now_ms: u64,
    ) -> Result<Self, Refusal> {
        let text = payload.trim_ascii();
        let asked = if text.is_empty() {
            Asked::default()
        } else if text.first().is_some_and(u8::is_ascii_digit) {
            let batch = std::str::from_utf8(text)
                .ok()
                .and_then(|text| text.parse().ok());
            Asked {
                batch: batch.ok_or("400 Bad Request")?,
                ..Asked::default()
            }
        } else {
            json::read(text).map_err(|_| "400 Bad Request")?
        };
        asked.check(config)?;
        let ms = |ns: i64| u64::try_from(ns).unwrap_or(0) / 1_000_000;
        let (expires_ms, beat_ms) = (ms(asked.expires), ms(asked.idle_heartbeat));
        Ok(Self {
            reply: Bytes::copy_from_slice(reply),
            left: asked.batch.max(1),
            bytes_left: asked.max_bytes,
            has_byte_limit: asked.max_bytes > 0,
            until_ms: if asked.expires > 0 {
                now_ms + expires_ms.max(1)
            } else {
                0
            },
            no_wait: asked.no_wait,
            beat_ms,
            next_beat_ms: now_ms + beat_ms,
            is_seen: false,
            has_got: false,
            place: asked.place,
        })
    }

    pub fn is_over(&self, now_ms: u64) -> bool {
        self.until_ms > 0 && self.until_ms <= now_ms
    }

    /// A status that tells what was left.
    pub fn status(&self, status: &str) -> Vec<u8> {
        Headers::status(status)
            .with("Nats-Pending-Messages", self.left)
            .with("Nats-Pending-Bytes", self.bytes_left)
            .block()
    }
}

impl Asked {
    fn check(&self, config: &ConsumerConfig) -> Result<(), Refusal> {
        let beyond = |limit: i64, value: u64| {
            u64::try_from(limit).is_ok_and(|limit| limit > 0 && value > limit)
        };
        if beyond(config.max_batch, self.batch) {
            return Err(format!(
                "409 Exceeded MaxRequestBatch of {}",
                config.max_batch
            ));
        }
        if beyond(config.max_expires, u64::try_from(self.expires).unwrap_or(0)) {
            let limit = go_duration(u64::try_from(config.max_expires).unwrap_or(0));
            return Err(format!("409 Exceeded MaxRequestExpires of {limit}"));
        }
        if beyond(config.max_bytes, self.max_bytes) {
            return Err(format!(
                "409 Exceeded MaxRequestMaxBytes of {}",
                config.max_bytes
            ));
        }
        if let Some(status) = config.misplaced(&self.place) {
            return Err(status.to_owned());
        }
        if self.idle_heartbeat > 0 {
            if self.expires == 0 {
                return Err("400 Bad Request - heartbeat value too large".to_owned());
            }
            if self.idle_heartbeat.saturating_mul(2) > self.expires {
                return Err("400 Bad Request - heartbeat value too large".to_owned());
            }
        }
        Ok(())
    }
}
