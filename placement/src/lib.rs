//! Placement: who owns what. Pure data and pure functions; knows no records.
//!
//! What: a key's Redis spelling hashes to one of 16,384 slots; equal runs of
//! slots are partitions; a table says which members hold each partition.
//!
//! Why: every door must route the same record to the same partition, and a
//! cluster-aware Redis client computes the same slot by itself.
//!
//! How: `slot` is CRC16-XMODEM over the hash tag, as Redis Cluster defines it;
//! `Partitions` divides the slots; `Layout` names the owners.
//!
//! Limits: one member today. The weighted, zone-aware rendezvous that computes
//! a layout from many members arrives with the second node.
//!
//! Further reading: the Redis Cluster specification, "Keys distribution model".

mod layout;
mod partition;
mod slot;

pub use layout::{Layout, MemberId};
pub use partition::{PartitionId, Partitions};
pub use slot::{SLOT_COUNT, slot};
