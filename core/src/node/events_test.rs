//! A change is told when it is committed, to those who listen, with its position.

use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::Notify;

use super::bus::{Ear, Pattern, Sent};
use super::{Database, Node};
use crate::op::{Condition, Expiry, Op};
use crate::record::{Key, Level, Token};
use crate::txn::Batch;

#[derive(Default)]
struct Notebook {
    heard: Mutex<Vec<(String, String, String)>>,
    more: Notify,
}

impl Ear for Notebook {
    fn hear(&self, message: &Sent<'_>) -> bool {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let note = (
            text(message.subject),
            text(message.payload),
            text(message.headers),
        );
        self.heard.lock().push(note);
        self.more.notify_one();
        true
    }
}

impl Notebook {
    async fn first(&self) -> (String, String, String) {
        loop {
            if let Some(first) = self.heard.lock().first() {
                return first.clone();
            }
            self.more.notified().await;
        }
    }
}

async fn set(db: &Database, key: &str, value: &str) -> Token {
    let op = Op::Set {
        value: bytes::Bytes::copy_from_slice(value.as_bytes()),
        expiry: Expiry::Clear,
        condition: Condition::Always,
        get: false,
    };
    let key = Key::keyspace(0, bytes::Bytes::copy_from_slice(key.as_bytes()));
    let written = db.write(Batch::one(key, op), &Level::default()).await;
    written.expect("writes").token
}

#[tokio::test]
async fn what_is_written_after_a_listener_came_is_told_with_its_position() {
    let node = Node::in_memory().await.expect("opens");
    let db = node.database();
    set(&db, "before", "x").await;
    let notebook = Arc::new(Notebook::default());
    let pattern = Pattern::of_subject("db.redis.0.*.set".into());
    let subscribed = db.bus().subscribe(pattern, None, notebook.clone());
    let token = set(&db, "a.b", "hello").await;
    let (subject, payload, headers) = notebook.first().await;
    assert_eq!(
        (subject.as_str(), payload.as_str()),
        ("db.redis.0.a%2Eb.set", "hello")
    );
    assert!(
        headers.contains(&format!("Stele-Token: {token}\r\n")),
        "{headers}"
    );
    drop(subscribed);
    assert!(!db.bus().audience().is_present());
}
