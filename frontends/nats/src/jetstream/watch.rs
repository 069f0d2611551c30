//! The watch: notices what happens to streams otherwise than through this door. A
//! transaction of SQL publishes, a publication is made: consumers are woken, and a
//! stream that somebody else made is served.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};

use stele_core::Result;
use stele_core::record::Token;

use super::JetStream;
use super::stream::Stream;

/// Wakes the consumers of streams that have grown, for as long as there are streams.
pub async fn run(jetstream: Weak<JetStream>) {
    let mut seen = Token::default();
    let mut schema = 0;
    loop {
        let Some(jetstream) = jetstream.upgrade() else {
            return;
        };
        let db = jetstream.db.clone();
        let now = db.positions();
        let version = db.catalog().version;
        if schema != version {
            schema = version;
            jetstream.reconsider.notify_one();
        }
        // Where nobody listens nothing is read; a stream lies in one partition.
        for stream in jetstream.heard() {
            if has_moved(&stream, &seen, &now) {
                wake_if_grown(&stream).await;
            }
        }
        drop(jetstream);
        seen = now;
        db.published_after(&seen).await;
    }
}

fn has_moved(stream: &Stream, seen: &Token, now: &Token) -> bool {
    let group = stream.db.engine().partition_of(stream.key()).0;
    let position = |token: &Token| token.positions().find(|(own, _)| *own == group);
    position(seen) != position(now)
}

async fn wake_if_grown(stream: &Stream) {
    let Ok(state) = stream.state() else {
        return; // gone, and soon forgotten
    };
    let told = stream.told.swap(state.last_seq, Ordering::Relaxed);
    if told == state.last_seq {
        return;
    }
    stream.wake_consumers();
    if let Err(error) = stream.drop_unwanted(told + 1).await {
        tracing::warn!(%error, stream = stream.name, "messages nobody wants stay");
    }
}

/// Serves the streams that the catalogue has, and no others.
pub fn reconcile(jetstream: &Arc<JetStream>) -> Result<()> {
    let catalog = jetstream.db.catalog();
    for stream in jetstream.all() {
        let known = stream.definition();
        match catalog.stream(&stream.name) {
            Some(now) if now.id == known.id => {
                if now.config != known.config || now.subjects != known.subjects {
                    stream.redefine(now.clone())?;
                }
            }
            _ => {
                jetstream.streams.write().remove(&stream.name);
                stream.close();
            }
        }
    }
    for definition in catalog.streams() {
        if jetstream.stream(&definition.name).is_none() {
            let stream = Stream::open(jetstream, definition.clone())?;
            jetstream
                .streams
                .write()
                .insert(stream.name.clone(), stream);
        }
    }
    Ok(())
}
