//! Making, changing and ending consumers.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use parking_lot::{Mutex, RwLock};
use serde::Deserialize;
use stele_core::Result;
use tokio::sync::Notify;

use super::config::ConsumerConfig;
use super::progress::{self, Progress, Stored};
use super::step::Inner;
use super::{Consumer, place};
use crate::jetstream::config::Retention;
use crate::jetstream::error::{Answer, ApiError};
use crate::jetstream::stream::Stream;
use crate::server::identity;

/// What a request to make a consumer means.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub enum Action {
    /// Make it or change it.
    #[default]
    #[serde(rename = "")]
    Either,
    #[serde(rename = "create")]
    Create,
    #[serde(rename = "update")]
    Update,
}

/// Makes a consumer, or changes the one of that name. A new one delivers nothing before it
/// is told to [`Consumer::begin`].
pub async fn create(
    stream: &Arc<Stream>,
    name: Option<String>,
    mut config: ConsumerConfig,
    action: Action,
) -> Answer<Arc<Consumer>> {
    config.settle(&stream.config())?;
    let name = name.unwrap_or_else(|| identity(&stream.db, 'C', 7));
    if let Some(known) = stream.consumer(&name) {
        return change(stream, &known, config, action).await;
    }
    if action == Action::Update {
        return Err(ApiError::new(400, 10149, "consumer does not exist"));
    }
    check_room(stream, &config)?;
    let progress = stream.read(|messages| place::beginning(&config, messages))?;
    let created_ns = stream.db.now_us() * 1000;
    let is_durable = config.durable_name.is_some();
    let consumer = make(stream, name, config, created_ns, &progress);
    if is_durable {
        progress::keep(stream, &consumer, &progress).await?;
    }
    stream.add_consumer(consumer.clone());
    Ok(consumer)
}

fn make(
    stream: &Arc<Stream>,
    name: String,
    config: ConsumerConfig,
    created_ns: u64,
    progress: &Progress,
) -> Arc<Consumer> {
    let now_ms = stream.db.now_us() / 1000;
    Arc::new(Consumer {
        name,
        stream: Arc::downgrade(stream),
        created_ns,
        config: RwLock::new(Arc::new(config)),
        events: Mutex::new(VecDeque::new()),
        inner: Mutex::new(Inner::new(progress, now_ms)),
        wake: Notify::new(),
        is_begun: AtomicBool::new(false),
        is_closed: AtomicBool::new(false),
    })
}

/// Serves a durable consumer again after a restart.
pub(super) fn revive(
    stream: &Arc<Stream>,
    name: String,
    stored: &Stored,
    progress: Progress,
) -> Result<()> {
    let consumer = make(
        stream,
        name,
        stored.config.clone(),
        stored.created_ns,
        &progress,
    );
    stream.add_consumer(consumer.clone());
    consumer.begin();
    Ok(())
}

async fn change(
    stream: &Arc<Stream>,
    known: &Arc<Consumer>,
    config: ConsumerConfig,
    action: Action,
) -> Answer<Arc<Consumer>> {
    if *known.config() == config {
        return Ok(known.clone());
    }
    if action == Action::Create {
        return Err(ApiError::new(400, 10148, "consumer already exists"));
    }
    known.config().check_update(&config)?;
    known.reconfigure(config);
    if known.is_durable() {
        let progress = known.inner.lock().progress();
        progress::keep(stream, known, &progress).await?;
    }
    Ok(known.clone())
}

/// May the stream have another consumer like this?
fn check_room(stream: &Stream, config: &ConsumerConfig) -> Answer<()> {
    let others = stream.consumers();
    let limit = usize::try_from(stream.config().max_consumers).unwrap_or(usize::MAX);
    if others.len() >= limit {
        return Err(ApiError::new(400, 10026, "maximum consumers limit reached"));
    }
    if stream.config().retention != Retention::WorkQueue || others.is_empty() {
        return Ok(());
    }
    let mine = config.filters();
    let theirs: Vec<Arc<ConsumerConfig>> = others.iter().map(|other| other.config()).collect();
    if mine.is_empty() || theirs.iter().any(|other| other.filters().is_empty()) {
        let why = "multiple non-filtered consumers not allowed on workqueue stream";
        return Err(ApiError::new(400, 10099, why));
    }
    let clash = theirs
        .iter()
        .flat_map(|other| other.filters())
        .any(|other| {
            mine.iter()
                .any(|own| crate::wire::subject::overlaps(own, other))
        });
    if clash {
        let why = "filtered consumer not unique on workqueue stream";
        return Err(ApiError::new(400, 10100, why));
    }
    Ok(())
}

/// Ends a consumer for good.
pub async fn delete(stream: &Arc<Stream>, name: &str) -> Answer<()> {
    let consumer = stream
        .remove_consumer(name)
        .ok_or_else(ApiError::consumer_not_found)?;
    consumer.close("409 Consumer Deleted");
    if consumer.is_durable() {
        progress::forget(stream, name).await?;
    }
    Ok(())
}
