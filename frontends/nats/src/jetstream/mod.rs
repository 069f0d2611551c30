//! # JetStream
//!
//! **What.** Nothing yet but the place.
//! **Why.** Streams come next.
//! **How.** An ear on `$JS.API.>`.
//! **Limits.** Everything.
//! **Further reading.** `docs/compatibility/nats.md`.

use std::sync::Arc;

use stele_core::Database;

/// Every stream of the node.
pub struct JetStream {}

impl JetStream {
    /// Streams over a database, none served yet.
    pub fn new(_db: &Database, _id: String) -> Arc<Self> {
        Arc::new(Self {})
    }

    /// Serves the streams that the database holds.
    ///
    /// # Errors
    /// When one does not read.
    pub fn open(&self) -> stele_core::Result<()> {
        Ok(())
    }
}
