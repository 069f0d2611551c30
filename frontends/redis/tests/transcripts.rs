//! Conversations with the door, over a socket, against a node in memory.
//!
//! Each file of `transcripts/` is one conversation: see `stele_kit::transcript`. Answers are shown
//! as `redis-cli` shows them, with RESP3's own shapes where a client said `HELLO 3`. With
//! `AGAINST=host:port` in the environment another server is spoken to, emptied first: so the same
//! conversations show where Redis itself differs.

// A test may stop at what it did not expect.
#![allow(clippy::expect_used, clippy::panic)]

mod show;

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use stele_core::Node;
use stele_kit::transcript::{compare, replay};
use stele_kit::{Limits, open};
use stele_redis::{Options, Redis};
use tokio::net::TcpListener;
use tokio::sync::Mutex;

use show::Speaker;

/// Replays one conversation on a node of its own.
async fn converse(name: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/transcripts")
        .join(name);
    let script = std::fs::read_to_string(&path).expect("the transcript is readable");
    let node = Node::in_memory().await.expect("a node opens in memory");
    let listener = TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port is free");
    let door = Redis::new(Options::default());
    let opened = open(door, listener, node.database(), Limits::default()).expect("the door opens");
    let address = match std::env::var("AGAINST") {
        Ok(other) => other.parse().expect("AGAINST is an address"),
        Err(_) => opened.address(),
    };
    if address != opened.address() {
        Speaker::connect(address).await.say("FLUSHALL").await;
    }
    let speakers: Arc<Mutex<HashMap<String, Speaker>>> = Arc::default();
    let printed = replay(&script, |client, line| {
        let speakers = Arc::clone(&speakers);
        async move {
            let mut speakers = speakers.lock().await;
            if !speakers.contains_key(&client) {
                speakers.insert(client.clone(), Speaker::connect(address).await);
            }
            let speaker = speakers
                .get_mut(&client)
                .expect("the speaker was just put there");
            speaker.say(&line).await
        }
    })
    .await;
    if let Err(difference) = compare(&path, &script, &printed) {
        panic!("{difference}");
    }
}

macro_rules! conversations {
    ($($name:ident)*) => {
        $(
            #[tokio::test]
            async fn $name() {
                converse(concat!(stringify!($name), ".txt")).await;
            }
        )*
    };
}

conversations! {
    connection
    strings
    counters
    keys
    hashes
    lists
    sets
    sorted_sets
    transactions
    subscriptions
    pipelines
    errors
    levels
    resp3
    describing
}
