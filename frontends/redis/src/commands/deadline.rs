//! Deadlines: the many ways to say when a record ends, as milliseconds since the epoch.

use bytes::Bytes;
use stele_core::op::Expiry;

use super::{integer, is};
use crate::fault::{Fault, SYNTAX};

/// How a word states a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unit {
    /// Milliseconds in one.
    pub ms: i64,
    /// Counted from now, or from the epoch.
    pub relative: bool,
}

impl Unit {
    /// Seconds from now.
    pub const EX: Self = Self {
        ms: 1000,
        relative: true,
    };
    /// Milliseconds from now.
    pub const PX: Self = Self {
        ms: 1,
        relative: true,
    };
    /// Seconds since the epoch.
    pub const EXAT: Self = Self {
        ms: 1000,
        relative: false,
    };
    /// Milliseconds since the epoch.
    pub const PXAT: Self = Self {
        ms: 1,
        relative: false,
    };

    /// The unit an option names.
    #[must_use]
    pub fn option(word: &[u8]) -> Option<Self> {
        let named = [
            ("ex", Self::EX),
            ("px", Self::PX),
            ("exat", Self::EXAT),
            ("pxat", Self::PXAT),
        ];
        named
            .into_iter()
            .find(|(name, _)| is(word, name))
            .map(|(_, unit)| unit)
    }

    /// The deadline in milliseconds since the epoch, 0 for any before it.
    ///
    /// # Errors
    /// When it lies beyond what 64 bits hold.
    pub fn deadline(self, value: i64, now_ms: u64, command: &str) -> Result<u64, Fault> {
        let base = if self.relative {
            i64::try_from(now_ms).unwrap_or(i64::MAX)
        } else {
            0
        };
        let deadline = value
            .checked_mul(self.ms)
            .and_then(|ms| ms.checked_add(base));
        let deadline = deadline.ok_or_else(|| invalid(command))?;
        Ok(u64::try_from(deadline).unwrap_or(0))
    }

    /// The same where a deadline must lie after the epoch and a duration above zero.
    ///
    /// # Errors
    /// When it does not.
    pub fn positive_deadline(self, value: i64, now_ms: u64, command: &str) -> Result<u64, Fault> {
        if value <= 0 {
            return Err(invalid(command));
        }
        self.deadline(value, now_ms, command)
    }
}

/// The error for a time that makes no sense.
#[must_use]
pub fn invalid(command: &str) -> Fault {
    format!("ERR invalid expire time in '{command}' command").into()
}

/// The options of SET and GETEX that concern the deadline.
#[derive(Debug, Default)]
pub struct ExpiryOption {
    chosen: Option<Expiry>,
}

impl ExpiryOption {
    /// Takes the option at `at` if it is one of these; how many words it took.
    ///
    /// # Errors
    /// For a second option of the kind, or a time that makes no sense.
    pub fn take(
        &mut self,
        args: &[Bytes],
        at: usize,
        now_ms: u64,
        command: &str,
    ) -> Result<usize, Fault> {
        let Some(unit) = args.get(at).and_then(|word| Unit::option(word)) else {
            return Ok(0);
        };
        if args.get(at + 1).is_none() {
            return Err(SYNTAX);
        }
        let value = integer(args, at + 1)?;
        self.choose(Expiry::At(unit.positive_deadline(value, now_ms, command)?))?;
        Ok(2)
    }

    /// Chooses what happens to the deadline.
    ///
    /// # Errors
    /// When that was chosen before.
    pub fn choose(&mut self, expiry: Expiry) -> Result<(), Fault> {
        if self.chosen.is_some() {
            return Err(SYNTAX);
        }
        self.chosen = Some(expiry);
        Ok(())
    }

    /// What was chosen, if anything.
    #[must_use]
    pub fn chosen(&self) -> Option<Expiry> {
        self.chosen
    }
}
