//! The nats door over a node in memory: `cargo run -p stele-nats --example memory -- 4300`.
//!
//! For trying things out and for the probe; nothing survives the process.

use stele_core::Node;
use stele_kit::{Limits, open};
use stele_nats::{Nats, Options};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let port = std::env::args()
        .nth(1)
        .map_or(Ok(4222), |port| port.parse())?;
    let node = Node::in_memory().await?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    let options = Options {
        port,
        ..Options::default()
    };
    let nats = Nats::new(&node.database(), options)?;
    let door = open(nats, listener, node.database(), Limits::default())?;
    println!("nats on {}", door.address());
    let failure = node.failure().await;
    Err(failure.into())
}
