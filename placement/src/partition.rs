//! Partitions: equal runs of slots, each with one log.

use crate::SLOT_COUNT;

/// One partition, and the Raft group that orders it. Group 0 is the meta group:
/// schema, users, placement. Data partitions count from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartitionId(pub u16);

impl PartitionId {
    /// The group that owns schema, users and the placement table.
    pub const META: Self = Self(0);
}

impl std::fmt::Display for PartitionId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "p{}", self.0)
    }
}

/// How the slots are divided: `count` equal runs, a power of two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Partitions {
    count: u16,
}

impl Partitions {
    /// `count` runs of slots, rounded up to a power of two within 1..=16384.
    pub fn new(count: u16) -> Self {
        let count = count.clamp(1, SLOT_COUNT).next_power_of_two();
        Self { count }
    }

    /// How many data partitions there are (the meta group not counted).
    pub fn count(self) -> u16 {
        self.count
    }

    /// The partition that owns a slot.
    pub fn of_slot(self, slot: u16) -> PartitionId {
        let width = SLOT_COUNT / self.count;
        PartitionId(1 + (slot % SLOT_COUNT) / width)
    }

    /// The slots a partition owns; `None` for the meta group, which owns none.
    pub fn slots(self, partition: PartitionId) -> Option<std::ops::RangeInclusive<u16>> {
        let ordinal = partition.0.checked_sub(1)?;
        let width = SLOT_COUNT / self.count;
        let first = ordinal.checked_mul(width)?;
        Some(first..=first + (width - 1))
    }

    /// Every group of a node, the meta group first.
    pub fn groups(self) -> impl Iterator<Item = PartitionId> {
        (0..=self.count).map(PartitionId)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_slot_has_exactly_one_partition_and_runs_are_equal() {
        let partitions = Partitions::new(4);
        let mut sizes = [0u32; 5];
        assert_eq!(partitions.slots(PartitionId(4)), Some(12288..=16383));
        for slot in 0..SLOT_COUNT {
            sizes[usize::from(partitions.of_slot(slot).0)] += 1;
        }
        assert_eq!(sizes, [0, 4096, 4096, 4096, 4096]);
    }
}
