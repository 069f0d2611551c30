//! Room for recursion: statements nested deep are bound and run on a larger stack.
//!
//! A task's stack has room for ordinary statements only. `limits` counts how deep a statement
//! is before anything recurses over it, so the few deep ones are known beforehand and the
//! others pay nothing.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Virtual memory; only what is touched becomes real, and it is given back at once.
const STACK_BYTES: usize = 128 << 20;

/// Calls `work`, on a larger stack if the statement needs one.
pub fn with_room<T>(is_deep: bool, work: impl FnOnce() -> T) -> T {
    match is_deep {
        true => stacker::grow(STACK_BYTES, work),
        false => work(),
    }
}

/// A future polled on a larger stack if the statement needs one.
pub struct Roomy<F> {
    inner: Pin<Box<F>>,
}

impl<F: Future> Roomy<F> {
    /// Wraps a future.
    pub fn new(inner: F) -> Self {
        Self {
            inner: Box::pin(inner),
        }
    }
}

impl<F: Future> Future for Roomy<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let inner = self.inner.as_mut();
        stacker::grow(STACK_BYTES, || inner.poll(cx))
    }
}

/// Calls work that may keep its thread busy for long. The thread's other tasks are handed to
/// another one first, where the runtime has several.
pub fn aside<T>(work: impl FnOnce() -> T) -> T {
    let flavor = tokio::runtime::Handle::try_current().map(|handle| handle.runtime_flavor());
    match flavor {
        Ok(tokio::runtime::RuntimeFlavor::MultiThread) => tokio::task::block_in_place(work),
        _ => work(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn depth(of: usize) -> usize {
        let block = std::hint::black_box([0u8; 1_024]);
        match of {
            0 => usize::from(block[0]),
            of => 1 + depth(of - 1),
        }
    }

    #[tokio::test]
    async fn what_would_overflow_a_stack_finds_room() {
        assert_eq!(with_room(true, || depth(20_000)), 20_000);
        assert_eq!(Roomy::new(async { depth(20_000) }).await, 20_000);
    }
}
