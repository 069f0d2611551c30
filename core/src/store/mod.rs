//! Bytes: families of ordered rows, written in atomic batches.
//!
//! What: the [`Store`] trait, its families, and the batch; [`Memory`] for tests
//! and simulation; [`print`](mod@print), which turns any stored row into a line of text.
//!
//! Why: everything durable goes through one write call, so that a log entry and
//! its effects can be one batch and one fsync can serve every partition.
//!
//! How: [`suite`] is the contract: any implementation must pass it. RocksDB
//! lives in a leaf crate (`core/rocks`), so that the core's own tests never
//! compile it.
//!
//! Limits: no transactions, no merge operators; isolation is the business of
//! the floors above.
//!
//! Further reading: O'Neil et al., "The Log-Structured Merge-Tree" (1996).

mod batch;
mod cached;
pub mod entry;
mod memory;
pub mod print;
pub mod suite;
mod view;

pub use batch::{Family, StoreBatch, Write};
pub use cached::Cached;
pub use memory::Memory;
pub use view::{StoreRows, StoreView, family_of};

use crate::error::Result;
use std::sync::Arc;

/// A row family's rows in key order.
pub type KvIter<'a> = Box<dyn Iterator<Item = Result<(bytes::Bytes, bytes::Bytes)>> + Send + 'a>;

/// Where bytes live. Implementations: [`Memory`], and RocksDB in `core/rocks`.
///
/// A batch is atomic: after a crash all of it is there or none of it, and if a
/// batch is there so are all batches written before it. An error from `write`
/// or `sync` means the medium can no longer be trusted: the node must stop and
/// must not try again.
pub trait Store: StoreView {
    /// Writes a batch. With `sync` it is durable before it can be read and
    /// before this returns; without, it can be read at once and is durable
    /// after a later `sync` or synced batch.
    fn write(&self, batch: StoreBatch, sync: bool) -> Result<()>;

    /// Makes everything written so far durable.
    fn sync(&self) -> Result<()>;

    /// Everything as it is now, unchanged by later writes.
    fn snapshot(&self) -> Arc<dyn StoreView>;

    /// Approximate bytes on disk and in memory, for metrics.
    fn size_bytes(&self) -> u64;
}
