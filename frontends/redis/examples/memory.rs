//! The redis door over a node in memory: `cargo run -p stele-redis --example memory -- 6400`.
//!
//! For trying things out and for Redis's own test suite; nothing survives the process.

use stele_core::Node;
use stele_kit::{Limits, open};
use stele_redis::{Options, Redis};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let port = std::env::args()
        .nth(1)
        .map_or(Ok(6400), |port| port.parse())?;
    let node = Node::in_memory().await?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    let options = Options {
        port,
        ..Options::default()
    };
    let door = open(
        Redis::new(options),
        listener,
        node.database(),
        Limits::default(),
    )?;
    println!("redis on {}", door.address());
    let failure = node.failure().await;
    Err(failure.into())
}
