//! The intake: messages on their way into a stream. Whatever waits becomes one batch, one
//! entry of the log, one sync; then each publisher is answered.

use std::collections::VecDeque;
use std::sync::{Arc, Weak};
use std::time::Duration;

use bytes::Bytes;
use parking_lot::Mutex;
use stele_core::node::{Ear, Sent};
use stele_core::op::Op;
use stele_core::op::stream::{Append, Removal};
use tokio::sync::Notify;

use super::error::ApiError;
use super::republish::Echo;
use super::stream::{Outcome, Stream};
use super::{age, publish};

/// Messages of one batch.
const BATCH_COUNT_MAX: usize = 4096;
/// Bytes of one batch.
const BATCH_BYTES_MAX: usize = 4 << 20;
/// Bytes that may wait; beyond, messages are refused.
const WAITING_BYTES_MAX: usize = 128 << 20;
/// From here on publishers are asked to go slower.
const WAITING_BYTES_SLOW: usize = 8 << 20;
/// What a message costs besides its bytes.
const MESSAGE_BYTES: usize = 128;
/// How often a stream looks for messages that are too old.
const AGE_LOOK_MS: u64 = 100;
/// How long a stream rests that has nothing to look for.
const REST_MS: u64 = 60_000;

/// What waits to be appended.
#[derive(Default)]
pub struct Intake {
    waiting: Mutex<Waiting>,
    wake: Notify,
}

#[derive(Default)]
struct Waiting {
    messages: VecDeque<Arrived>,
    bytes: usize,
}

struct Arrived {
    append: Append,
    reply: Bytes,
}

impl Arrived {
    fn size(&self) -> usize {
        MESSAGE_BYTES + self.append.headers.len() + self.append.payload.len()
    }
}

impl Intake {
    pub fn wake(&self) {
        self.wake.notify_one();
    }

    /// Takes a message in; how many bytes wait now. `None`: there is no room.
    fn add(&self, arrived: Arrived) -> Option<usize> {
        let mut waiting = self.waiting.lock();
        let size = arrived.size();
        if waiting.bytes + size > WAITING_BYTES_MAX {
            return None;
        }
        waiting.bytes += size;
        waiting.messages.push_back(arrived);
        let (is_first, bytes) = (waiting.messages.len() == 1, waiting.bytes);
        drop(waiting);
        if is_first {
            self.wake();
        }
        Some(bytes)
    }

    /// What becomes the next batch.
    fn take(&self) -> Vec<Arrived> {
        let mut waiting = self.waiting.lock();
        let mut batch = Vec::new();
        let mut bytes = 0;
        while batch.len() < BATCH_COUNT_MAX && bytes < BATCH_BYTES_MAX {
            let Some(arrived) = waiting.messages.pop_front() else {
                break;
            };
            bytes += arrived.size();
            batch.push(arrived);
        }
        waiting.bytes = waiting.bytes.saturating_sub(bytes);
        batch
    }
}

/// A stream's ear on its subjects.
pub struct StreamEar {
    stream: Weak<Stream>,
}

impl StreamEar {
    pub fn new(stream: &Arc<Stream>) -> Self {
        Self {
            stream: Arc::downgrade(stream),
        }
    }
}

impl Ear for StreamEar {
    fn hear(&self, message: &Sent<'_>) -> bool {
        let Some(stream) = self.stream.upgrade() else {
            return false;
        };
        let subject = stream.subject_of(message.subject);
        let refused = match publish::read(
            message,
            subject,
            &stream.name,
            stream.config().allow_msg_ttl,
        ) {
            Ok(append) => {
                let arrived = Arrived {
                    append,
                    reply: Bytes::copy_from_slice(message.reply),
                };
                match stream.intake.add(arrived) {
                    Some(bytes) => {
                        if bytes > WAITING_BYTES_SLOW {
                            message.slow.set(true);
                        }
                        None
                    }
                    None => Some(ApiError::new(429, 10167, "too many requests")),
                }
            }
            Err(error) => Some(error),
        };
        if let Some(error) = refused {
            answer(
                &stream,
                message.reply,
                &publish::refusal(&stream.name, &error),
            );
        }
        true
    }
}

fn answer(stream: &Stream, reply: &[u8], said: &str) {
    if !reply.is_empty() && !stream.config().no_ack {
        stream.bus.send(&Sent::new(reply, said.as_bytes()));
    }
}

/// Appends what arrives, until the stream is closed.
pub async fn run(stream: Weak<Stream>) {
    loop {
        let Some(stream) = stream.upgrade() else {
            return;
        };
        if stream.is_closed() {
            return;
        }
        let batch = stream.intake.take();
        if batch.is_empty() {
            rest(&stream).await;
            continue;
        }
        append(&stream, batch).await;
    }
}

/// Waits for messages; a stream whose messages age looks for old ones now and then.
async fn rest(stream: &Stream) {
    let config = stream.config();
    let ages = config.max_age > 0 || config.allow_msg_ttl;
    let pause = if ages { AGE_LOOK_MS } else { REST_MS };
    tokio::select! {
        () = stream.intake.wake.notified() => {}
        () = stream.db.sleep(Duration::from_millis(pause)) => {
            if ages && let Err(error) = age::drop_old(stream).await {
                tracing::warn!(%error, stream = stream.name, "old messages stay for now");
            }
        }
    }
}

async fn append(stream: &Stream, batch: Vec<Arrived>) {
    let mut replies = Vec::with_capacity(batch.len());
    let mut ops = Vec::with_capacity(batch.len());
    for arrived in batch {
        replies.push((arrived.reply, arrived.append.subject.clone()));
        ops.push(Op::StreamAppend(Box::new(arrived.append)));
    }
    let echo = Echo::before(stream, replies.iter().map(|(_, subject)| subject));
    let written = match &echo {
        Ok(_) => stream.write(ops).await,
        Err(error) => Err(stele_core::Error::invalid(error.to_string())),
    };
    match written {
        Ok(outcomes) => {
            let mut answers = Vec::with_capacity(outcomes.len());
            let mut appended = Vec::new();
            for ((reply, subject), outcome) in replies.into_iter().zip(outcomes) {
                let (said, seq) = said(stream, &outcome);
                answers.push((reply, said));
                appended.extend(seq.map(|seq| (subject, seq)));
            }
            if let Ok(Some(echo)) = echo {
                tell_again(stream, echo, &appended);
            }
            drop_unwanted(stream, appended).await;
            for (reply, said) in answers {
                answer(stream, &reply, &said);
            }
        }
        Err(error) => {
            let said = publish::refusal(&stream.name, &error.into());
            for (reply, _) in replies {
                answer(stream, &reply, &said);
            }
        }
    }
    stream.wake_consumers();
}

fn tell_again(stream: &Stream, mut echo: Echo, appended: &[(Bytes, u64)]) {
    for (subject, seq) in appended {
        if let Err(error) = echo.tell(stream, subject, *seq) {
            tracing::warn!(%error, stream = stream.name, "a message was not republished");
        }
    }
}

fn said(stream: &Stream, outcome: &Outcome) -> (String, Option<u64>) {
    match outcome {
        Ok(reply) => publish::acknowledgement(&stream.name, reply),
        Err(refusal) => {
            let error = publish::error_of(refusal);
            (publish::refusal(&stream.name, &error), None)
        }
    }
}

/// Where only interest keeps messages, those that no consumer wants go at once.
async fn drop_unwanted(stream: &Stream, appended: Vec<(Bytes, u64)>) {
    if stream.config().retention != super::config::Retention::Interest {
        return;
    }
    let unwanted: Vec<u64> = appended
        .into_iter()
        .filter(|(subject, seq)| stream.unneeded(subject, *seq))
        .map(|(_, seq)| seq)
        .collect();
    if !unwanted.is_empty() {
        let removal = Op::StreamRemove(Removal::Sequences(unwanted));
        if let Err(error) = stream.write(vec![removal]).await {
            tracing::warn!(%error, stream = stream.name, "messages nobody wants stay");
        }
    }
}
