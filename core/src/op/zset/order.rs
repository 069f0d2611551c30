//! Scores and bounds as bytes that sort.

use crate::op::{LexBound, ScoreBound};

/// How many bytes a score takes in a row's name.
pub const SCORE_BYTES: usize = 8;

const SIGN: u64 = 1 << 63;

/// A score as bytes that sort as scores do; both zeros are the same.
pub fn encode(score: f64) -> [u8; SCORE_BYTES] {
    sortable(score).to_be_bytes()
}

fn sortable(score: f64) -> u64 {
    // Adding zero turns the negative zero into the positive one.
    let bits = (score + 0.0).to_bits();
    if bits & SIGN == 0 { bits | SIGN } else { !bits }
}

/// Reads the bytes back.
pub fn decode(bytes: &[u8]) -> Option<f64> {
    let sorted = u64::from_be_bytes(bytes.try_into().ok()?);
    let bits = if sorted & SIGN == 0 {
        !sorted
    } else {
        sorted & !SIGN
    };
    Some(f64::from_bits(bits))
}

impl ScoreBound {
    /// Where a range begins that has this as its lower end.
    pub(super) fn begin(self) -> [u8; SCORE_BYTES] {
        let start = sortable(self.score);
        start
            .saturating_add(u64::from(self.exclusive))
            .to_be_bytes()
    }

    /// Where a range stops that has this as its upper end.
    pub(super) fn end(self) -> [u8; SCORE_BYTES] {
        let last = sortable(self.score);
        last.saturating_add(u64::from(!self.exclusive))
            .to_be_bytes()
    }
}

impl LexBound {
    /// The name a range begins at that has this as its lower end; `None` = the
    /// range is empty.
    pub(super) fn begin(&self) -> Option<Vec<u8>> {
        match self {
            Self::Min => Some(Vec::new()),
            Self::Max => None,
            Self::Included(member) => Some(member.to_vec()),
            Self::Excluded(member) => Some(after(member)),
        }
    }

    /// The name a range stops before that has this as its upper end; `None` =
    /// it goes on to the last member.
    pub(super) fn end(&self) -> Option<Vec<u8>> {
        match self {
            Self::Min => Some(Vec::new()),
            Self::Max => None,
            Self::Included(member) => Some(after(member)),
            Self::Excluded(member) => Some(member.to_vec()),
        }
    }
}

/// The first name after a name.
fn after(member: &[u8]) -> Vec<u8> {
    [member, &[0]].concat()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn scores_sort_as_their_bytes_and_come_back(a: f64, b: f64) {
            prop_assume!(!a.is_nan() && !b.is_nan());
            prop_assert_eq!(a.partial_cmp(&b), Some(encode(a).cmp(&encode(b))));
            prop_assert_eq!(decode(&encode(a)), Some(a));
        }
    }

    #[test]
    fn infinities_are_the_ends_and_both_zeros_are_one() {
        assert!(encode(f64::NEG_INFINITY) < encode(f64::MIN));
        assert!(encode(f64::MAX) < encode(f64::INFINITY));
        assert_eq!(encode(-0.0), encode(0.0));
    }
}
