//! Choosing at random, for HRANDFIELD, SRANDMEMBER and ZRANDMEMBER.
//!
//! The choices need not be secret, only different: they come from a generator seeded once per
//! command with bits of the node's dice.

use bytes::Bytes;

use super::{integer, is};
use crate::fault::{Fault, SYNTAX, said};

/// A small generator (SplitMix64) good enough to choose with.
#[derive(Debug)]
pub struct Dice(u64);

impl Dice {
    /// Dice that fall as the seed says.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `bound`; 0 if there is none.
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^= z >> 31;
        let bound = u64::try_from(bound).unwrap_or(u64::MAX);
        z.checked_rem(bound)
            .and_then(|below| usize::try_from(below).ok())
            .unwrap_or(0)
    }
}

/// How many, and whether the same one may come twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    /// One, answered by itself.
    One,
    /// So many different ones.
    Distinct(usize),
    /// So many, with repetitions.
    Repeated(usize),
}

/// `[count [WITH...]]` from the third word on; the second of the pair is whether the option was
/// given.
///
/// # Errors
/// When the count is none, or is too large to answer with the option.
pub fn choice(args: &[Bytes], option: &str) -> Result<(Choice, bool), Fault> {
    if args.len() < 3 {
        return Ok((Choice::One, false));
    }
    let count = integer(args, 2)?;
    let with = match args.get(3) {
        None => false,
        Some(word) if !option.is_empty() && is(word, option) && args.len() == 4 => true,
        Some(_) => return Err(SYNTAX),
    };
    if count < -(i64::MAX / 2) || (with && count.unsigned_abs() > i64::MAX.unsigned_abs() / 2) {
        return Err(said("ERR value is out of range"));
    }
    let size = usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX);
    Ok((
        if count < 0 {
            Choice::Repeated(size)
        } else {
            Choice::Distinct(size)
        },
        with,
    ))
}

/// Chooses from a list. A repeated choice draws as it is iterated: nothing as long as the count is
/// built.
pub fn choose<T>(mut from: Vec<T>, choice: Choice, seed: u64) -> Chosen<T> {
    let mut dice = Dice::new(seed);
    match choice {
        Choice::Repeated(count) => Chosen {
            left: if from.is_empty() { 0 } else { count },
            from,
            dice,
            repeat: true,
        },
        Choice::One | Choice::Distinct(_) => {
            let count = match choice {
                Choice::Distinct(count) => count.min(from.len()),
                _ => from.len().min(1),
            };
            for at in 0..count {
                let other = at + dice.below(from.len() - at);
                from.swap(at, other);
            }
            from.truncate(count);
            Chosen {
                left: count,
                from,
                dice,
                repeat: false,
            }
        }
    }
}

/// What was chosen, to iterate by index.
pub struct Chosen<T> {
    from: Vec<T>,
    left: usize,
    dice: Dice,
    repeat: bool,
}

impl<T> Chosen<T> {
    /// How many there are in all, before the first is taken.
    #[must_use]
    pub fn len(&self) -> usize {
        self.left
    }

    /// The next one.
    pub fn next(&mut self) -> Option<&T> {
        self.left = self.left.checked_sub(1)?;
        let at = if self.repeat {
            self.dice.below(self.from.len())
        } else {
            self.left
        };
        self.from.get(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distinct_choices_are_distinct_and_repeated_ones_as_many_as_asked() {
        let mut distinct = choose((0..10).collect(), Choice::Distinct(20), 1);
        let mut seen: Vec<i32> = std::iter::from_fn(|| distinct.next().copied()).collect();
        seen.sort_unstable();
        assert_eq!(seen, (0..10).collect::<Vec<_>>());
        assert_eq!(choose(vec![1], Choice::Repeated(100), 1).len(), 100);
        assert_eq!(choose(Vec::<i32>::new(), Choice::Repeated(100), 1).len(), 0);
        assert_eq!(choose(vec![7], Choice::One, 1).next(), Some(&7));
    }
}
