//! The log: one order of commands per partition, durable before it is answered.
//!
//! What: [`Log`] takes a [`Command`] for a partition, puts it into the next
//! entry of that partition's log, has the [`Machine`] fold the entry into rows,
//! and answers. Each partition is one Raft group; all groups of a node share
//! one writer.
//!
//! Why: a write becomes true at one place and in one order. What a crash must
//! not lose is decided here and nowhere else: a batch is either in the
//! store, with its entry, or it never happened.
//!
//! How: three rules give the speed.
//!
//! ```text
//! propose -> queue -> next entry -> raft -> writer -> one batch, one fsync -> answers
//!            (one entry in flight    ^                     |
//!             per group takes all    '---- committed ------'
//!             that waits)
//! ```
//!
//! 1. One entry in flight per group; whatever waits meanwhile is the next one.
//!    Raft costs per entry, so entries grow under load instead of queues.
//! 2. One writer for every group (`writer`): a round takes all that waits,
//!    writes one batch, syncs once if anybody in it asked for that.
//! 3. Fusion: while this node is a group's only voter, what is durable here is
//!    committed. So the writer folds the entry and puts log row and effects
//!    into the same batch, and answers at once. With a second voter the writer
//!    appends only, and folds when Raft says that the entry is committed.
//!
//! An error of the store, a fold that fails and a group that stops are fatal:
//! [`Log::failure`] resolves and the process must end. Nothing is tried twice,
//! because after a failed fsync nobody knows what is on the disk.
//!
//! A restarted node must not issue a stamp twice, so a bound is made durable
//! before any stamp at or above it is taken (see `record::Clock`). And a
//! journal that lost acknowledged entries must not go unnoticed: a small file
//! beside the store, the mark, says how far it was synced.
//!
//! Limits: one member. The network half answers "unreachable"; snapshots carry
//! no data, they only allow old entries to be dropped. openraft's types stay in
//! this folder and never reach the disk: `store::entry` has
//! our own.
//!
//! Further reading: Ongaro, "Consensus: Bridging Theory and Practice" (2014),
//! sections 3 and 10.2; `docs/architecture.md`.

#[cfg(test)]
mod crash_test;
mod failure;
#[cfg(test)]
mod fixture;
mod group;
mod handle;
mod journal;
#[cfg(test)]
mod log_test;
mod machine;
mod mark;
mod network;
mod options;
mod progress;
mod proposal;
mod round;
mod start;
mod storage;
#[cfg(test)]
mod suite_test;
mod types;
mod writer;

use stele_placement::PartitionId;

use crate::error::Result;
use crate::op::{CommandReply, Entry, EntryReply};
use crate::record::Stamp;
use crate::store::StoreBatch;

pub use handle::Log;
pub use options::LogOptions;

/// Folds entries into rows: the floor above.
///
/// All three are called from one place at a time, and for one group in order of
/// index; the indexes have gaps (Raft's own entries).
pub trait Machine: Send + Sync + 'static {
    /// Evaluates an entry against the store as it is, without changing it. The
    /// batch must hold the effects and the row [`Machine::applied`] reads. Called
    /// once per index and process, but again after a crash that lost the batch.
    /// An error is fatal to the node: refusals belong into the reply.
    fn fold(&self, group: PartitionId, index: u64, entry: &Entry) -> Result<Folded>;

    /// The effects of this index can be read: wake watchers, update counters.
    /// Called before the proposers are answered. `stamp` is the entry's first.
    fn published(&self, group: PartitionId, index: u64, stamp: Stamp);

    /// The index of the last entry whose effects are in the store; 0 for none.
    fn applied(&self, group: PartitionId) -> Result<u64>;
}

/// What folding an entry gave.
#[derive(Debug, Default)]
pub struct Folded {
    /// The effects, and the applied index.
    pub batch: StoreBatch,
    /// One answer per command of the entry.
    pub reply: EntryReply,
}

/// How a proposed command ended: it is in the log, folded, and can be read.
#[derive(Clone, Debug, PartialEq)]
pub struct Proposed {
    /// The answer.
    pub reply: CommandReply,
    /// The index of its entry in the partition's log.
    pub index: u64,
    /// The stamp of its first op; others follow (`Stamp::nth`).
    pub stamp: Stamp,
}
