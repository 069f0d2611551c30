//! What the kit promises of every door, tried on one that echoes.

// A test may stop at what it did not expect.
#![allow(clippy::expect_used, clippy::panic)]

use std::net::SocketAddr;
use std::sync::atomic::Ordering;

use stele_core::{Database, Node};
use stele_kit::{Client, Door, Limits, Opened, Result, open};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Echoes; panics when it hears `panic`, and ignores the end when it hears `stay`.
struct Echo;

impl Door for Echo {
    const NAME: &'static str = "echo";

    async fn serve(&self, mut client: Client, _db: Database) -> Result<()> {
        let mut chunk = [0; 64];
        loop {
            let read = tokio::select! {
                read = client.stream.read(&mut chunk) => read?,
                () = client.shutdown.asked() => return Ok(()),
            };
            match &chunk[..read] {
                b"" => return Ok(()),
                b"panic" => panic!("a fault of the door's own"),
                b"stay" => std::future::pending().await,
                heard => client.stream.write_all(heard).await?,
            }
        }
    }

    fn refusal(&self) -> &'static [u8] {
        b"full"
    }
}

async fn echo(limits: Limits) -> (Node, Opened) {
    let node = Node::in_memory().await.expect("a node opens in memory");
    let listener = TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port is free");
    let opened = open(Echo, listener, node.database(), limits).expect("the door opens");
    (node, opened)
}

async fn connect(address: SocketAddr) -> TcpStream {
    TcpStream::connect(address).await.expect("the door accepts")
}

async fn say(stream: &mut TcpStream, words: &[u8]) -> Vec<u8> {
    stream.write_all(words).await.expect("the door listens");
    let mut heard = vec![0; 64];
    let length = stream.read(&mut heard).await.unwrap_or(0);
    heard.truncate(length);
    heard
}

#[tokio::test]
async fn a_panic_ends_one_conversation_and_no_other() {
    let (_node, opened) = echo(Limits::default()).await;
    let mut calm = connect(opened.address()).await;
    assert_eq!(say(&mut calm, b"one").await, b"one");
    let mut wild = connect(opened.address()).await;
    assert_eq!(say(&mut wild, b"panic").await, b"");
    assert_eq!(say(&mut calm, b"two").await, b"two");
    assert_eq!(
        say(&mut connect(opened.address()).await, b"three").await,
        b"three"
    );
    assert_eq!(opened.counts().panicked.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_client_beyond_the_limit_is_told_so_and_the_others_stay() {
    let limits = Limits {
        client_count_max: 1,
        ..Limits::default()
    };
    let (_node, opened) = echo(limits).await;
    let mut first = connect(opened.address()).await;
    assert_eq!(say(&mut first, b"one").await, b"one");
    let mut told = Vec::new();
    connect(opened.address())
        .await
        .read_to_end(&mut told)
        .await
        .expect("a refusal");
    assert_eq!(told, b"full");
    assert_eq!(say(&mut first, b"two").await, b"two");
    assert_eq!(opened.counts().refused.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn closing_tells_every_client_and_waits() {
    let (_node, opened) = echo(Limits::default()).await;
    let address = opened.address();
    let mut client = connect(address).await;
    assert_eq!(say(&mut client, b"one").await, b"one");
    assert_eq!(opened.close().await, 0);
    assert_eq!(say(&mut client, b"two").await, b"");
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn who_does_not_leave_is_cut_off_at_the_deadline() {
    let limits = Limits {
        drain_ms_max: 50,
        ..Limits::default()
    };
    let (_node, opened) = echo(limits).await;
    let mut client = connect(opened.address()).await;
    assert_eq!(say(&mut client, b"one").await, b"one");
    client.write_all(b"stay").await.expect("the door listens");
    // The door has heard it once nothing else comes: ask another client in between.
    assert_eq!(
        say(&mut connect(opened.address()).await, b"now").await,
        b"now"
    );
    assert!(opened.close().await <= 1);
}
