//! The signal that ends a node: SIGTERM, or SIGINT from ctrl-C.

use tokio::signal::unix::{Signal, SignalKind, signal};

/// Listens from the moment it is made, so that no early signal is lost.
pub struct Stop {
    terminate: Signal,
    interrupt: Signal,
}

impl Stop {
    pub fn listen() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// Resolves when somebody asks the process to end. Cancel safe.
    pub async fn asked(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
