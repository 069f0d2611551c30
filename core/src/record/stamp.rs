//! Stamps: hybrid logical time. A stamp is the moment of one op; no two ops of
//! a cluster ever share one, and a node never issues one twice, crash or not.
//!
//! Layout, most significant first: 44 bits of milliseconds since the Unix epoch
//! (until the year 2527), 12 bits of counter within the millisecond, 8 bits of
//! node. A counter that overflows carries into the milliseconds: stamps may run
//! ahead of the wall clock, never behind what was issued.
//!
//! Source: Kulkarni et al., "Logical Physical Clocks" (2014).

use std::fmt;

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use crate::env::SharedEnv;

const NODE_BITS: u32 = 8;
const COUNTER_BITS: u32 = 12;

/// The moment of one op.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Stamp(pub u64);

impl Stamp {
    /// Before everything.
    pub const ZERO: Self = Self(0);
    /// After everything.
    pub const MAX: Self = Self(u64::MAX);

    /// The first stamp of a millisecond, on any node.
    pub fn from_ms(ms: u64) -> Self {
        Self(ms << (NODE_BITS + COUNTER_BITS))
    }

    /// Wall time, milliseconds since the Unix epoch.
    pub fn ms(self) -> u64 {
        self.0 >> (NODE_BITS + COUNTER_BITS)
    }

    /// The stamp of the `ordinal`-th op of a run that starts here.
    pub fn nth(self, ordinal: u64) -> Self {
        Self(self.0 + (ordinal << NODE_BITS))
    }
}

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counter = (self.0 >> NODE_BITS) & ((1 << COUNTER_BITS) - 1);
        write!(f, "{}.{}@{}", self.ms(), counter, self.0 & 0xFF)
    }
}

/// Issues stamps, each greater than all before it.
///
/// Restart safety: `bound` is a stamp that was made durable before any stamp
/// at or above it is issued; a restarted clock starts at the bound.
pub struct Clock {
    env: SharedEnv,
    node: u8,
    state: Mutex<ClockState>,
}

struct ClockState {
    next: u64,
    bound: u64,
}

impl Clock {
    /// A clock for `node` that never issues a stamp below `floor`.
    pub fn new(env: SharedEnv, node: u8, floor: Stamp) -> Self {
        let next = (floor.0 >> NODE_BITS) + 1;
        let state = Mutex::new(ClockState { next, bound: 0 });
        Self { env, node, state }
    }

    /// Issues `count` consecutive stamps and returns the first (see
    /// [`Stamp::nth`]). `None` when the durable bound is reached: raise it first.
    pub fn take(&self, count: u64) -> Option<Stamp> {
        let wall = self.env.now_us() / 1000;
        let mut state = self.state.lock();
        let first = state.next.max(wall << COUNTER_BITS);
        let end = first + count.max(1);
        if end << NODE_BITS > state.bound {
            return None;
        }
        state.next = end;
        Some(Stamp(first << NODE_BITS | u64::from(self.node)))
    }

    /// The latest moment there is: at or above every stamp issued so far, below
    /// every later one.
    pub fn read(&self) -> Stamp {
        let wall = self.env.now_us() / 1000;
        let mut state = self.state.lock();
        let now = state.next.max(wall << COUNTER_BITS);
        state.next = now + 1;
        Stamp(now << NODE_BITS | 0xFF)
    }

    /// Wall time that never runs behind an issued stamp nor behind what was
    /// answered before, milliseconds: what has expired stays expired.
    pub fn now_ms(&self) -> u64 {
        let wall = self.env.now_us() / 1000;
        let mut state = self.state.lock();
        state.next = state.next.max(wall << COUNTER_BITS);
        state.next >> COUNTER_BITS
    }

    /// A bound worth making durable: `ahead_ms` beyond now.
    pub fn propose_bound(&self, ahead_ms: u64) -> Stamp {
        Stamp::from_ms(self.now_ms() + ahead_ms)
    }

    /// Never again issues a stamp at or below `seen`: one from a log, from
    /// another node, or from before a restart.
    pub fn observe(&self, seen: Stamp) {
        let mut state = self.state.lock();
        state.next = state.next.max((seen.0 >> NODE_BITS) + 1);
    }

    /// Tells the clock that `bound` is durable.
    pub fn raise_bound(&self, bound: Stamp) {
        let mut state = self.state.lock();
        state.bound = state.bound.max(bound.0);
    }

    /// The durable bound.
    pub fn bound(&self) -> Stamp {
        Stamp(self.state.lock().bound)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::env::SimulatedEnv;

    #[test]
    fn a_clock_set_back_still_issues_rising_stamps() {
        let env = Arc::new(SimulatedEnv::new(5_000_000, 1));
        let clock = Clock::new(env.clone(), 1, Stamp::ZERO);
        clock.raise_bound(Stamp::from_ms(1_000_000));
        let before = clock.take(10).expect("below the bound");
        env.set_us(1_000);
        let after = clock.take(1).expect("below the bound");
        assert!(after > before.nth(9));
        assert!(clock.read() > after);
    }

    #[test]
    fn the_time_that_was_told_does_not_come_again() {
        let env = Arc::new(SimulatedEnv::new(9_000_000_000, 1));
        let clock = Clock::new(env.clone(), 1, Stamp::ZERO);
        let told = clock.now_ms();
        env.set_us(1_000_000);
        assert!(clock.now_ms() >= told);
        assert!(clock.read().ms() >= told);
    }

    #[test]
    fn no_stamp_at_or_above_the_durable_bound_is_issued() {
        let env = Arc::new(SimulatedEnv::new(5_000_000, 1));
        let clock = Clock::new(env, 1, Stamp::ZERO);
        assert_eq!(clock.take(1), None);
        clock.raise_bound(Stamp::from_ms(5_001));
        assert!(clock.take(1).expect("below the bound") < Stamp::from_ms(5_001));
        assert_eq!(clock.take(4096), None);
    }

    #[test]
    fn a_restarted_clock_starts_above_its_bound() {
        let env = Arc::new(SimulatedEnv::new(0, 1));
        let bound = Stamp::from_ms(9_000);
        let clock = Clock::new(env, 1, bound);
        clock.raise_bound(Stamp::from_ms(10_000));
        assert!(clock.take(1).expect("below the bound") > bound);
    }
}
