//! Options of the log, with the defaults a node starts from.

use std::path::PathBuf;

use stele_placement::MemberId;

/// How the log behaves.
#[derive(Clone, Debug)]
pub struct LogOptions {
    /// Who this node is. Must never change for a store.
    pub member: MemberId,
    /// Write an entry and its effects together while this is the only voter.
    pub fused: bool,
    /// Ops that may wait per group; a proposer beyond that waits outside.
    pub queue_ops_max: usize,
    /// Commands beyond this many bytes are split across entries.
    pub entry_bytes_max: usize,
    /// A single command beyond this many bytes is refused.
    pub command_bytes_max: usize,
    /// Applied entries kept in each group's log.
    pub entries_kept: u64,
    /// How far beyond now the durable bound of stamps is set, milliseconds.
    /// After a crash the clock starts that much ahead of the wall.
    pub clock_ahead_ms: u64,
    /// How often a log that is not synced per write is synced, milliseconds.
    pub sync_every_ms: u64,
    /// Where the mark is kept: a file beside the store. `None`: no mark.
    pub mark: Option<PathBuf>,
    /// How often the mark is rewritten while there are writes, milliseconds.
    pub mark_every_ms: u64,
}

impl Default for LogOptions {
    fn default() -> Self {
        Self {
            member: MemberId(1),
            fused: true,
            queue_ops_max: 16_384,
            entry_bytes_max: 4 << 20,
            command_bytes_max: 64 << 20,
            entries_kept: 10_000,
            clock_ahead_ms: 3_000,
            sync_every_ms: 1_000,
            mark: None,
            mark_every_ms: 5_000,
        }
    }
}
