//! Republishing: what a stream has taken in is told on another subject as well.

use std::collections::HashMap;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use stele_core::node::Sent;

use super::stream::Stream;
use super::time::rfc3339;
use super::transform::{SubjectTransform, Transform};
use crate::wire::headers::Headers;

/// Which messages are told again, and where. An empty `src` means all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Republish {
    pub src: String,
    pub dest: String,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub headers_only: bool,
}

impl Republish {
    /// Where subjects lead.
    pub fn transform(&self) -> Result<Transform, String> {
        Transform::read(&SubjectTransform {
            src: self.src.clone(),
            dest: self.dest.clone(),
        })
    }
}

/// Tells one batch of appended messages again.
pub struct Echo {
    transform: Transform,
    headers_only: bool,
    /// The last number of each subject before the batch, and then within it.
    last: HashMap<Bytes, u64>,
}

impl Echo {
    /// Looks at what is there before messages with these subjects are appended. `None`: the
    /// stream tells nothing again.
    pub fn before<'a>(
        stream: &Stream,
        subjects: impl Iterator<Item = &'a Bytes>,
    ) -> stele_core::Result<Option<Self>> {
        let config = stream.config();
        let Some(republish) = &config.republish else {
            return Ok(None);
        };
        let Ok(transform) = republish.transform() else {
            return Ok(None);
        };
        let mut last = HashMap::new();
        stream.read(|messages| {
            for subject in subjects {
                let known = messages.subject(subject)?;
                last.insert(subject.clone(), known.map_or(0, |known| known.last_seq));
            }
            Ok(())
        })?;
        Ok(Some(Self {
            transform,
            headers_only: republish.headers_only,
            last,
        }))
    }

    /// Tells a message again, as it is stored.
    pub fn tell(&mut self, stream: &Stream, subject: &Bytes, seq: u64) -> stele_core::Result<()> {
        let last = self.last.insert(subject.clone(), seq).unwrap_or(0);
        let told = std::str::from_utf8(subject).ok();
        let Some(to) = told.and_then(|subject| self.transform.apply(subject)) else {
            return Ok(());
        };
        // A limit may have pushed it out again.
        let Some(message) = stream.read(|messages| messages.message(seq))? else {
            return Ok(());
        };
        let mut headers = Headers::default()
            .and(&message.headers)
            .with("Nats-Stream", &stream.name)
            .with("Nats-Subject", String::from_utf8_lossy(subject))
            .with("Nats-Sequence", seq)
            .with("Nats-Time-Stamp", rfc3339(message.time_ns()))
            .with("Nats-Last-Sequence", last);
        let mut payload = &message.payload[..];
        if self.headers_only {
            headers = headers.with("Nats-Msg-Size", payload.len());
            payload = b"";
        }
        let block = headers.block();
        let mut sent = Sent::new(to.as_bytes(), payload);
        sent.headers = &block;
        stream.bus.send(&sent);
        Ok(())
    }
}
