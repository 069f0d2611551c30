//! What a door is handed for each connection: the stream, who it is, and when to stop.

use std::net::SocketAddr;

use tokio::net::TcpStream;
use tokio::sync::watch;

/// One accepted connection.
#[derive(Debug)]
pub struct Client {
    /// The connection itself, with `TCP_NODELAY` set: doors write whole answers.
    pub stream: TcpStream,
    /// The address of the far end.
    pub addr: SocketAddr,
    /// Resolves when the node is stopping: finish what is in hand, say goodbye, return.
    pub shutdown: Shutdown,
    /// Unique among this door's clients since it was opened; starts at 1.
    pub id: u64,
}

/// The news that the node is stopping. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Shutdown {
    asked: watch::Receiver<bool>,
}

impl Shutdown {
    pub(crate) fn new(asked: watch::Receiver<bool>) -> Self {
        Self { asked }
    }

    /// Waits until the node is stopping. Cancel safe: nothing is lost when it is dropped.
    pub async fn asked(&mut self) {
        // A dropped sender means that the listener is gone, which is a stop as well.
        let _ = self.asked.wait_for(|asked| *asked).await;
    }

    /// Whether the node is stopping now.
    #[must_use]
    pub fn is_asked(&self) -> bool {
        *self.asked.borrow()
    }
}
