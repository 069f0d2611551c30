//! The shop's keeper: a thread with a client for each door, that fills the shop and then
//! keeps the traffic going.
//!
//! A thread, because its clients block, as those of most programs do.

use std::net::SocketAddr;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use tokio::sync::oneshot;

use super::shop::Size;
use super::traffic::Traffic;
use super::{fill, goods::Goods};
use crate::cli::Failure;
use crate::cli::node::Node;

/// Between two things that happen in the shop.
const PAUSE: Duration = Duration::from_millis(250);

/// Where the doors are.
#[derive(Clone)]
pub struct Doors {
    pub postgres: SocketAddr,
    pub redis: SocketAddr,
    pub http: SocketAddr,
    pub nats: SocketAddr,
}

impl Doors {
    pub fn of(node: &Node) -> Self {
        Self {
            postgres: node.postgres(),
            redis: node.redis(),
            http: node.http(),
            nats: node.nats(),
        }
    }
}

/// The running thread.
pub struct Keeper {
    stop: SyncSender<()>,
    thread: JoinHandle<()>,
}

/// Resolves when the shop is full, or with why it is not.
pub type Filled = oneshot::Receiver<Result<(), Failure>>;

impl Keeper {
    /// Starts to fill the shop.
    pub fn start(doors: Doors, size: Size) -> Result<(Self, Filled), Failure> {
        let (stop, stopped) = sync_channel(1);
        let (filled, is_filled) = oneshot::channel();
        let thread = Builder::new().name("stele-shop".to_string());
        let thread = thread
            .spawn(move || keep(&doors, size, &Stopped(stopped), filled))
            .map_err(Failure::running)?;
        Ok((Self { stop, thread }, is_filled))
    }

    /// Ends it, after what it is at.
    pub fn stop(self) {
        drop(self.stop);
        // A keeper that has failed has said so.
        let _ = self.thread.join();
    }
}

/// Whether the keeper has been told to stop.
pub struct Stopped(Receiver<()>);

impl Stopped {
    /// Waits; true if there is no more to do.
    pub fn within(&self, pause: Duration) -> bool {
        !matches!(self.0.recv_timeout(pause), Err(RecvTimeoutError::Timeout))
    }
}

fn keep(
    doors: &Doors,
    size: Size,
    stopped: &Stopped,
    filled: oneshot::Sender<Result<(), Failure>>,
) {
    let outcome =
        fill::fill(doors, size, &Goods::read(), stopped).and_then(|()| Traffic::begin(doors, size));
    let mut traffic = match outcome {
        Ok(traffic) => traffic,
        Err(failure) => {
            let _ = filled.send(Err(failure));
            return;
        }
    };
    let _ = filled.send(Ok(()));
    while !stopped.within(PAUSE) {
        if let Err(failure) = traffic.step() {
            tracing::warn!(error = failure.message, "the shop's traffic ends");
            return;
        }
    }
}
