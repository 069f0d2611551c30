//! Meters: what is counted, in OpenMetrics' words. Labels are bounded.

use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

use crate::App;

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Class {
    class: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Partition {
    partition: u32,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Named {
    index: String,
}

/// How many indexes have meters of their own.
const INDEX_COUNT_MAX: usize = 200;

/// What this door counts.
pub struct Meters {
    requests: Family<Class, Counter>,
    seconds: Histogram,
}

impl Default for Meters {
    fn default() -> Self {
        Self::new()
    }
}

impl Meters {
    /// Everything at zero.
    pub fn new() -> Self {
        Self {
            requests: Family::default(),
            seconds: Histogram::new(exponential_buckets(0.0005, 2.0, 16)),
        }
    }

    /// Counts an answer.
    #[allow(clippy::cast_precision_loss)] // a duration to be looked at
    pub fn answered(&self, status: u16, micros: u64) {
        let class = format!("{}xx", status / 100);
        self.requests.get_or_create(&Class { class }).inc();
        self.seconds.observe(micros as f64 / 1e6);
    }

    /// Everything, as text.
    pub fn print(&self, app: &App) -> String {
        let mut registry = Registry::with_prefix("stele");
        registry.register(
            "http_requests",
            "Requests answered, by class of status",
            self.requests.clone(),
        );
        registry.register(
            "http_request_seconds",
            "How long answers took",
            self.seconds.clone(),
        );
        let applied: Family<Partition, Gauge<u64, AtomicU64>> = Family::default();
        for (partition, index) in app.db.positions().positions() {
            applied
                .get_or_create(&Partition {
                    partition: u32::from(partition),
                })
                .set(index);
        }
        registry.register(
            "applied_index",
            "The last entry of a partition's log whose effects can be read",
            applied,
        );
        let entries: Family<Named, Gauge<u64, AtomicU64>> = Family::default();
        let lag: Family<Named, Gauge<u64, AtomicU64>> = Family::default();
        let catalog = app.db.catalog();
        for search in catalog.searches().take(INDEX_COUNT_MAX) {
            let Some(status) = app.search.status(search.id) else {
                continue;
            };
            let name = Named {
                index: search.name.clone(),
            };
            entries.get_or_create(&name).set(status.entries);
            lag.get_or_create(&name)
                .set(super::health::behind(app, &status));
        }
        registry.register("search_entries", "Entries of a search index", entries);
        registry.register(
            "search_entries_behind",
            "Log entries that a search index has not followed yet",
            lag,
        );
        let size: Gauge<u64, AtomicU64> = Gauge::default();
        size.set(app.db.engine().parts().store.size_bytes());
        registry.register("store_bytes", "Bytes the store takes, about", size);
        let mut text = String::new();
        match encode(&mut text, &registry) {
            Ok(()) => text,
            Err(error) => format!("# {error}\n"),
        }
    }
}
