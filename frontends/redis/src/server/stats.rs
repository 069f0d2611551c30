//! What INFO counts.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

/// Room for the counters of every command; the table is smaller.
const COMMAND_COUNT_MAX: usize = 512;

/// How many different error codes are told apart, as in Redis.
const ERROR_CODE_COUNT_MAX: usize = 128;

/// Calls of one command.
#[derive(Debug, Default)]
pub struct Calls {
    /// Carried out.
    pub done: AtomicU64,
    /// Turned away before they were carried out: arity, authentication, a subscribed connection.
    pub rejected: AtomicU64,
    /// Answered with an error.
    pub failed: AtomicU64,
}

/// Counters since the door was opened, or CONFIG RESETSTAT.
#[derive(Debug)]
pub struct Stats {
    /// Connections ever made.
    pub connections: AtomicU64,
    /// Requests ever carried out.
    pub commands: AtomicU64,
    /// Bytes received.
    pub bytes_in: AtomicU64,
    /// Bytes sent.
    pub bytes_out: AtomicU64,
    /// Error replies sent.
    pub errors: AtomicU64,
    /// Reads that found their key.
    pub hits: AtomicU64,
    /// Reads that did not.
    pub misses: AtomicU64,
    calls: Vec<Calls>,
    codes: Mutex<BTreeMap<String, u64>>,
}

impl Default for Stats {
    fn default() -> Self {
        Self {
            connections: AtomicU64::default(),
            commands: AtomicU64::default(),
            bytes_in: AtomicU64::default(),
            bytes_out: AtomicU64::default(),
            errors: AtomicU64::default(),
            hits: AtomicU64::default(),
            misses: AtomicU64::default(),
            calls: (0..COMMAND_COUNT_MAX).map(|_| Calls::default()).collect(),
            codes: Mutex::default(),
        }
    }
}

impl Stats {
    /// The counters of a command, by its place in the alphabet.
    #[must_use]
    pub fn calls(&self, index: usize) -> Option<&Calls> {
        self.calls.get(index)
    }

    /// Counts an error reply by its code, the first word of its text.
    pub fn error(&self, text: &str) {
        self.errors.fetch_add(1, Ordering::Relaxed);
        let code = text.split(' ').next().unwrap_or_default();
        let mut codes = self.codes.lock();
        if let Some(count) = codes.get_mut(code) {
            *count += 1;
        } else if codes.len() < ERROR_CODE_COUNT_MAX {
            codes.insert(code.to_owned(), 1);
        }
    }

    /// Error replies by code.
    #[must_use]
    pub fn codes(&self) -> Vec<(String, u64)> {
        self.codes
            .lock()
            .iter()
            .map(|(code, count)| (code.clone(), *count))
            .collect()
    }

    /// CONFIG RESETSTAT.
    pub fn reset(&self) {
        let all = [
            &self.connections,
            &self.commands,
            &self.bytes_in,
            &self.bytes_out,
            &self.errors,
            &self.hits,
            &self.misses,
        ];
        all.into_iter()
            .for_each(|counter| counter.store(0, Ordering::Relaxed));
        for calls in &self.calls {
            for counter in [&calls.done, &calls.rejected, &calls.failed] {
                counter.store(0, Ordering::Relaxed);
            }
        }
        self.codes.lock().clear();
    }
}
