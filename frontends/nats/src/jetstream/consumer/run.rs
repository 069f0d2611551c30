//! The consumer's task: steps when woken or when something falls due, and writes what a step
//! leaves to be written.

use std::sync::{Arc, Weak};
use std::time::Duration;

use bytes::Bytes;
use stele_core::node::Sent;
use stele_core::op::Op;
use stele_core::op::stream::Removal;

use super::step::Stepped;
use super::{Consumer, EVENT_COUNT_MAX, create, progress};
use crate::jetstream::config::Retention;
use crate::jetstream::stream::Stream;

/// How long a position may stay unwritten that nobody waits for.
const KEEP_MS: u64 = 250;
/// How long a consumer rests when nothing falls due.
const REST_MS: u64 = 1_000;

/// Serves a consumer until it is closed.
pub async fn run(consumer: Weak<Consumer>) {
    let mut kept_ms = 0;
    loop {
        let Some(consumer) = consumer.upgrade() else {
            return;
        };
        let Some(stream) = consumer.stream.upgrade() else {
            return;
        };
        let stepped = match consumer.step(&stream) {
            Ok(stepped) => stepped,
            Err(error) => {
                tracing::warn!(%error, consumer = consumer.name, "a consumer stops");
                return;
            }
        };
        if consumer.is_closed() {
            return;
        }
        write(&stream, &consumer, &mut kept_ms).await;
        if is_abandoned(&stream, &consumer) {
            create::delete(&stream, &consumer.name).await.ok();
            return;
        }
        if stepped.has_more {
            // Others have their turn first, and sockets theirs.
            tokio::task::yield_now().await;
            continue;
        }
        rest(&stream, &consumer, &stepped, kept_ms).await;
    }
}

async fn rest(stream: &Arc<Stream>, consumer: &Arc<Consumer>, stepped: &Stepped, kept_ms: u64) {
    let now_ms = stream.db.now_us() / 1000;
    let mut until = stepped.next_ms.unwrap_or(u64::MAX).min(now_ms + REST_MS);
    if consumer.inner.lock().is_dirty && consumer.is_durable() {
        until = until.min(kept_ms + KEEP_MS);
    }
    let pause = Duration::from_millis(until.saturating_sub(now_ms).max(1));
    let is_push = consumer.config().deliver_subject.is_some();
    let interest = stream.bus.changed();
    tokio::select! {
        () = consumer.wake.notified() => {}
        () = interest, if is_push => {}
        () = stream.db.sleep(pause) => {}
    }
}

/// Writes the position, removes what nobody needs any more, answers double acknowledgements.
async fn write(stream: &Arc<Stream>, consumer: &Arc<Consumer>, kept_ms: &mut u64) {
    let now_ms = stream.db.now_us() / 1000;
    let (todo, progress, is_dirty) = {
        let mut inner = consumer.inner.lock();
        let todo = std::mem::take(&mut inner.todo);
        let is_due = inner.is_dirty && (!todo.confirm.is_empty() || *kept_ms + KEEP_MS <= now_ms);
        if is_due {
            inner.is_dirty = false;
        }
        let progress = is_due.then(|| inner.progress());
        (todo, progress, is_due)
    };
    let mut is_kept = remove_had(stream, &todo.had).await;
    if let Some(progress) = progress.filter(|_| is_dirty && consumer.is_durable()) {
        let is_asked = !todo.confirm.is_empty();
        let kept = progress::keep_place(stream, &consumer.name, &progress, is_asked).await;
        *kept_ms = now_ms;
        if let Err(error) = kept {
            tracing::warn!(%error, consumer = consumer.name, "a position was not written");
            is_kept = false;
        }
    }
    if is_kept {
        for reply in todo.confirm {
            stream.bus.send(&Sent::new(&reply, b""));
        }
        return;
    }
    // What was not written is written again, and only then told.
    let mut inner = consumer.inner.lock();
    inner.todo.had.extend(todo.had);
    let room = EVENT_COUNT_MAX.saturating_sub(inner.todo.confirm.len());
    inner
        .todo
        .confirm
        .extend(todo.confirm.into_iter().take(room));
    inner.is_dirty = true;
}

/// Where acknowledged messages go, they go now. False: they did not.
async fn remove_had(stream: &Arc<Stream>, had: &[(Bytes, u64)]) -> bool {
    if had.is_empty() || stream.config().retention == Retention::Limits {
        return true;
    }
    let gone: Vec<u64> = had
        .iter()
        .filter(|(subject, seq)| stream.unneeded(subject, *seq))
        .map(|(_, seq)| *seq)
        .collect();
    if gone.is_empty() {
        return true;
    }
    let removal = Op::StreamRemove(Removal::Sequences(gone));
    match stream.write(vec![removal]).await {
        Ok(_) => true,
        Err(error) => {
            tracing::warn!(%error, stream = stream.name, "acknowledged messages stay for now");
            false
        }
    }
}

/// Has nobody had use for an ephemeral consumer for too long?
fn is_abandoned(stream: &Stream, consumer: &Consumer) -> bool {
    let config = consumer.config();
    let limit_ms = u64::try_from(config.inactive_threshold).unwrap_or(0) / 1_000_000;
    if limit_ms == 0 {
        return false;
    }
    let now_ms = stream.db.now_us() / 1000;
    let mut inner = consumer.inner.lock();
    if let Some(to) = &config.deliver_subject
        && stream.bus.has_interest(to.as_bytes())
    {
        inner.active_ms = now_ms;
    }
    inner.active_ms + limit_ms <= now_ms
}
