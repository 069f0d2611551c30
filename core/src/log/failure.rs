//! The latch that trips when this node can no longer be trusted, and the one
//! place where the log starts tasks, so that none of them can end unnoticed.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::error::Error;

/// Trips once, with the first error. Closing the log disarms it.
pub(super) struct Failure {
    first: watch::Sender<Option<Error>>,
    closing: AtomicBool,
}

impl Failure {
    pub fn new() -> Arc<Self> {
        Arc::new(Self {
            first: watch::channel(None).0,
            closing: AtomicBool::new(false),
        })
    }

    /// Trips the latch.
    pub fn fire(&self, error: Error) {
        if self.closing.load(Ordering::Acquire) {
            return;
        }
        self.first.send_if_modified(|first| {
            if first.is_some() {
                return false;
            }
            tracing::error!(kind = ?error.kind, "the log failed: {error}");
            *first = Some(error);
            true
        });
    }

    /// From now on tasks may end.
    pub fn disarm(&self) {
        self.closing.store(true, Ordering::Release);
    }

    /// The error, if the latch has tripped.
    pub fn get(&self) -> Option<Error> {
        self.first.borrow().clone()
    }

    /// Resolves when the latch trips.
    pub async fn wait(&self) -> Error {
        let mut first = self.first.subscribe();
        let error = match first.wait_for(Option::is_some).await {
            Ok(error) => error.clone(),
            Err(_) => None,
        };
        match error {
            Some(error) => error,
            // The sender is `self`: it outlives this call.
            None => std::future::pending().await,
        }
    }
}

/// Trips the latch when it is dropped: a panic or an abort.
pub(super) struct Guard {
    failure: Option<Arc<Failure>>,
    what: String,
}

impl Guard {
    pub fn new(failure: Arc<Failure>, what: impl Into<String>) -> Self {
        Self {
            failure: Some(failure),
            what: what.into(),
        }
    }

    /// It ended as it should.
    pub fn release(mut self) {
        self.failure = None;
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(failure) = self.failure.take() {
            let what = &self.what;
            failure.fire(Error::unavailable(format!("{what} has stopped")));
        }
    }
}

/// Starts a task of the log. It may return, but a panic trips the latch.
#[allow(clippy::disallowed_methods)] // the one place the ban points to
pub(super) fn spawn(
    failure: &Arc<Failure>,
    what: impl Into<String>,
    task: impl Future<Output = ()> + Send + 'static,
) -> JoinHandle<()> {
    let guard = Guard::new(failure.clone(), what);
    tokio::spawn(async move {
        task.await;
        guard.release();
    })
}
