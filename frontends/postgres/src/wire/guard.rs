//! A statement at work, watched: it ends early when it is cancelled, when its time is up, or
//! when there is nobody left to answer.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::BytesMut;
use tokio::net::TcpStream;

use super::cancel::Cancel;
use super::connection::read_some;
use crate::error::SqlError;

/// How much of a pipeline is read ahead while a statement runs.
const AHEAD_BYTES_MAX: usize = 1 << 20;

/// Resolves after so long, or never.
#[allow(clippy::disallowed_methods)] // a client's patience, not the data's time
pub async fn after(limit: Option<Duration>) {
    match limit {
        Some(limit) => tokio::time::sleep(limit).await,
        None => std::future::pending().await,
    }
}

/// Runs `work`. Once `is_committing` is set it is no longer interrupted: its outcome would
/// not be known.
///
/// # Errors
/// Those of the work; 57014 when cancelled or out of time; 08006 when the client is gone.
pub async fn watched<T>(
    stream: &TcpStream,
    input: &mut BytesMut,
    cancel: &Arc<Cancel>,
    is_committing: &AtomicBool,
    limit: Option<Duration>,
    work: impl Future<Output = Result<T, SqlError>>,
) -> Result<T, SqlError> {
    let _timer = limit.map(|limit| Timer::start(cancel, limit));
    let done = attended(stream, input, cancel, is_committing, work).await;
    // The loops inside a statement know only that they were stopped, not why.
    done.map_err(|error| match error.code {
        "57014" if cancel.is_asked() => cancel.reason(),
        _ => error,
    })
}

async fn attended<T>(
    stream: &TcpStream,
    input: &mut BytesMut,
    cancel: &Cancel,
    is_committing: &AtomicBool,
    work: impl Future<Output = Result<T, SqlError>>,
) -> Result<T, SqlError> {
    tokio::pin!(work);
    // Most statements never wait.
    if let Some(done) = first_poll(work.as_mut()).await {
        return done;
    }
    let stop = loop {
        input.reserve(4 << 10);
        // Every branch but the work is cancel safe, and the work is not dropped by the loop.
        tokio::select! {
            biased;
            done = &mut work => return done,
            () = cancel.asked() => break cancel.reason(),
            read = read_some(stream, input), if input.len() < AHEAD_BYTES_MAX => {
                if matches!(read, Ok(0) | Err(_)) {
                    break SqlError::new("08006", "the client left");
                }
            }
        }
    };
    if is_committing.load(Ordering::Acquire) {
        return work.await;
    }
    Err(stop)
}

/// A statement's timeout. It runs beside the statement, which may be busy and not look up.
struct Timer(tokio::task::JoinHandle<()>);

impl Timer {
    #[allow(clippy::disallowed_methods)] // as above
    fn start(cancel: &Arc<Cancel>, limit: Duration) -> Self {
        let cancel = Arc::clone(cancel);
        Self(stele_core::env::spawn(async move {
            tokio::time::sleep(limit).await;
            cancel.expire();
        }))
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn first_poll<F: Future>(mut work: std::pin::Pin<&mut F>) -> Option<F::Output> {
    std::future::poll_fn(|cx| match work.as_mut().poll(cx) {
        std::task::Poll::Ready(done) => std::task::Poll::Ready(Some(done)),
        std::task::Poll::Pending => std::task::Poll::Ready(None),
    })
    .await
}
