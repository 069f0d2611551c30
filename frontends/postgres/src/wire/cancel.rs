//! Cancel requests: another connection's way to stop a statement.
//!
//! A connection registers a number and a secret; a cancel request names both. The flag is
//! looked at wherever a statement waits, and wherever it loops for long.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};

use parking_lot::Mutex;
use stele_core::env::{Env, RealEnv};
use tokio::sync::Notify;

use crate::error::SqlError;

/// One connection's stop button.
#[derive(Debug, Default)]
pub struct Cancel {
    asked: AtomicBool,
    expired: AtomicBool,
    ended: AtomicBool,
    news: Notify,
}

impl Cancel {
    /// What loops look at.
    pub fn flag(&self) -> &AtomicBool {
        &self.asked
    }

    /// Ends the connection.
    pub fn end(&self) {
        self.ended.store(true, Ordering::Release);
        self.ask();
    }

    /// Waits until the connection is to end. Cancel safe.
    pub async fn ended(&self) {
        loop {
            let news = self.news.notified();
            tokio::pin!(news);
            news.as_mut().enable();
            if self.ended.load(Ordering::Acquire) {
                return;
            }
            news.await;
        }
    }

    /// Stops the statement at hand.
    pub fn ask(&self) {
        self.asked.store(true, Ordering::Release);
        self.news.notify_waiters();
    }

    /// Was a stop asked for?
    pub fn is_asked(&self) -> bool {
        self.asked.load(Ordering::Acquire)
    }

    /// The statement's time is up.
    pub fn expire(&self) {
        self.expired.store(true, Ordering::Release);
        self.ask();
    }

    /// A new statement begins: what was asked before does not concern it.
    pub fn reset(&self) {
        self.asked.store(false, Ordering::Release);
        self.expired.store(false, Ordering::Release);
    }

    /// Why the statement was stopped.
    pub fn reason(&self) -> SqlError {
        match self.expired.load(Ordering::Acquire) {
            true => SqlError::new("57014", "canceling statement due to statement timeout"),
            false => SqlError::canceled(),
        }
    }

    /// Waits until a stop is asked for. Cancel safe.
    pub async fn asked(&self) {
        let news = self.news.notified();
        tokio::pin!(news);
        news.as_mut().enable();
        if !self.is_asked() {
            news.await;
        }
    }
}

/// Everybody who can be cancelled.
#[derive(Debug, Default)]
pub struct Registry {
    next: AtomicI32,
    entries: Mutex<HashMap<i32, Entry>>,
}

#[derive(Debug)]
struct Entry {
    secret: i32,
    cancel: Arc<Cancel>,
}

/// A connection's place in the registry, given up when dropped.
#[derive(Debug)]
pub struct Registered {
    registry: Arc<Registry>,
    /// What the client is told its process is.
    pub pid: i32,
    /// What the client must know to cancel.
    pub secret: i32,
    /// The stop button.
    pub cancel: Arc<Cancel>,
}

impl Registry {
    /// Registers a connection under a number no living connection has.
    pub fn register(self: &Arc<Self>) -> Registered {
        let cancel = Arc::new(Cancel::default());
        let bits = RealEnv.random().to_le_bytes();
        let secret = i32::from_le_bytes([bits[0], bits[1], bits[2], bits[3]]);
        let mut entries = self.entries.lock();
        let pid = loop {
            let pid = self.next.fetch_add(1, Ordering::Relaxed) & i32::MAX;
            if pid != 0 && !entries.contains_key(&pid) {
                break pid;
            }
        };
        let entry = Entry {
            secret,
            cancel: Arc::clone(&cancel),
        };
        entries.insert(pid, entry);
        Registered {
            registry: Arc::clone(self),
            pid,
            secret,
            cancel,
        }
    }

    /// Cancels, if the secret is right. The answer is silence either way.
    pub fn cancel(&self, pid: i32, secret: i32) {
        if let Some(entry) = self.entries.lock().get(&pid)
            && entry.secret == secret
        {
            entry.cancel.ask();
        }
    }

    /// `pg_cancel_backend`: whether there is such a connection.
    pub fn cancel_backend(&self, pid: i32) -> bool {
        match self.entries.lock().get(&pid) {
            Some(entry) => {
                entry.cancel.ask();
                true
            }
            None => false,
        }
    }
}

impl Registry {
    /// `pg_terminate_backend`: whether there is such a connection.
    pub fn terminate_backend(&self, pid: i32) -> bool {
        match self.entries.lock().get(&pid) {
            Some(entry) => {
                entry.cancel.end();
                true
            }
            None => false,
        }
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        self.registry.entries.lock().remove(&self.pid);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_right_secret_cancels_and_a_late_request_finds_nobody() {
        let registry = Arc::new(Registry::default());
        let one = registry.register();
        registry.cancel(one.pid, one.secret.wrapping_add(1));
        assert!(!one.cancel.is_asked());
        registry.cancel(one.pid, one.secret);
        one.cancel.asked().await;
        let pid = one.pid;
        drop(one);
        assert!(!registry.cancel_backend(pid));
    }
}
