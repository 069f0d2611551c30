//! The layout: which members hold each partition, as an explicit table.

use crate::{PartitionId, Partitions};

/// A member of the cluster. Never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MemberId(pub u64);

/// The committed answer to "who owns what" at one epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Raised by every change; requests with an older one are refused.
    pub epoch: u64,
    /// How slots are divided.
    pub partitions: Partitions,
    owners: Vec<Vec<MemberId>>,
}

impl Layout {
    /// Everything on one member.
    pub fn single(member: MemberId, partitions: Partitions) -> Self {
        let owners = partitions.groups().map(|_| vec![member]).collect();
        Self {
            epoch: 1,
            partitions,
            owners,
        }
    }

    /// The members that hold a partition; empty for one that does not exist.
    pub fn owners(&self, partition: PartitionId) -> &[MemberId] {
        self.owners
            .get(usize::from(partition.0))
            .map_or(&[], Vec::as_slice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_single_member_owns_every_partition() {
        let layout = Layout::single(MemberId(7), Partitions::new(4));
        for group in layout.partitions.groups() {
            assert_eq!(layout.owners(group), [MemberId(7)]);
        }
        assert!(layout.owners(PartitionId(99)).is_empty());
    }
}
