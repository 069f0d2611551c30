//! Choices that look random and are the same on every replica.

use std::collections::{BTreeMap, BTreeSet};

use crate::error::Result;

/// Numbers that follow from a seed (SplitMix64; Steele, Lea and Flood, 2014).
struct Dice(u64);

impl Dice {
    /// The next number below `limit`, which is not 0.
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^= z >> 31;
        // The high half of the product is below the limit.
        ((u128::from(z) * u128::from(limit)) >> 64) as u64
    }
}

/// Chooses `count` of `0..limit`, none twice, all of them if there are fewer
/// (Floyd's sampling: as many draws as choices).
fn distinct(limit: u64, count: u64, seed: u64) -> BTreeSet<u64> {
    let mut dice = Dice(seed);
    let mut chosen = BTreeSet::new();
    for last in limit.saturating_sub(count)..limit {
        let draw = dice.below(last + 1);
        if !chosen.insert(draw) {
            chosen.insert(last);
        }
    }
    chosen
}

/// Chooses at random from `limit` elements: `count` of them, none twice; or, if
/// `count` is negative, as many as its size, again and again the same perhaps.
///
/// Reads up to the last element chosen: its time grows with the collection.
pub(super) fn sample<T: Clone>(
    elements: impl Iterator<Item = Result<T>>,
    limit: u64,
    count: i64,
    seed: u64,
) -> Result<Vec<T>> {
    if limit == 0 {
        return Ok(Vec::new());
    }
    if let Ok(count) = u64::try_from(count) {
        return Ok(take(elements, &distinct(limit, count, seed))?
            .into_values()
            .collect());
    }
    let mut dice = Dice(seed);
    let draws: Vec<u64> = (0..count.unsigned_abs())
        .map(|_| dice.below(limit))
        .collect();
    let found = take(elements, &draws.iter().copied().collect())?;
    Ok(draws
        .iter()
        .filter_map(|place| found.get(place).cloned())
        .collect())
}

/// The elements at these places.
fn take<T>(
    elements: impl Iterator<Item = Result<T>>,
    places: &BTreeSet<u64>,
) -> Result<BTreeMap<u64, T>> {
    let Some(&last) = places.last() else {
        return Ok(BTreeMap::new());
    };
    (0..=last)
        .zip(elements)
        .filter(|(place, element)| element.is_err() || places.contains(place))
        .map(|(place, element)| Ok((place, element?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_sample_holds_as_many_as_asked_for_and_none_twice(limit in 0u64..50, count in 0i64..60, seed: u64) {
            let chosen = sample((0..limit).map(Ok), limit, count, seed).expect("readable");
            prop_assert_eq!(chosen.len() as u64, limit.min(count as u64));
            prop_assert_eq!(chosen.iter().collect::<BTreeSet<_>>().len(), chosen.len());
            prop_assert_eq!(&chosen, &sample((0..limit).map(Ok), limit, count, seed).expect("readable"));
        }

        #[test]
        fn a_negative_count_is_answered_in_full(limit in 1u64..20, count in -100i64..0, seed: u64) {
            let chosen = sample((0..limit).map(Ok), limit, count, seed).expect("readable");
            prop_assert_eq!(chosen.len() as u64, count.unsigned_abs());
            prop_assert!(chosen.iter().all(|element| *element < limit));
        }
    }

    #[test]
    fn every_element_is_chosen_about_as_often() {
        let mut hits = [0u32; 10];
        for seed in 0..10_000 {
            for element in sample((0..10usize).map(Ok), 10, 1, seed).expect("readable") {
                hits[element] += 1;
            }
        }
        assert!(
            hits.iter().all(|&hits| (800..1200).contains(&hits)),
            "{hits:?}"
        );
    }
}
