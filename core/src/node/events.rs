//! Events: changes of records, told on the bus as they are committed.
//!
//! | record | subject | payload |
//! |---|---|---|
//! | a table's row | `db.<table>.<key>.insert`, `.update`, `.delete` | the row after it, JSON |
//! | a key of database `n` | `db.redis.<n>.<key>.<op>` | a string as it is when told |
//!
//! A key is spelled as in Redis, as one token ([`subject::token_of`]). The header
//! `Stele-Token` is the change's position: a read that carries it, through any
//! door, sees at least the change. `Stele-Op` names the op.
//!
//! Events follow the feed and are not kept: whoever needs each of them once
//! needs a stream. While nobody listens to `db.>` nothing is read. A listener
//! that comes hears every change that is published from then on; if the feed
//! was trimmed before it was told, `db.gap` says so.

use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use tokio::sync::Notify;

use super::bus::{Routes, Sent};
use super::{Database, Followed, told};
use crate::error::Result;
use crate::record::table::Catalog;
use crate::record::{Change, ChangeKind, Key, Kind, Token, head, subject};
use crate::txn::Engine;

/// How much of the feed is read at a time.
const PIECE_BYTES: usize = 1 << 20;
/// A string that is longer is not told.
const STRING_BYTES_MAX: usize = 512 << 10;

/// Where telling begins when an audience comes.
#[derive(Default)]
pub struct Desk {
    cursor: Mutex<Option<Token>>,
    wake: Notify,
}

/// Has whoever listens noticed, from now on.
pub fn desk(db: &Database) -> Arc<Desk> {
    let desk = Arc::new(Desk::default());
    let (begun, engine) = (desk.clone(), Arc::downgrade(db.engine()));
    db.bus().audience().when_begun(move || begun.begin(&engine));
    desk
}

/// Tells of changes for as long as somebody listens (the task is aborted).
pub async fn run(db: Database, desk: Arc<Desk>) {
    let mut routes = Routes::default();
    loop {
        let cursor = desk.cursor.lock().clone();
        let Some(mut cursor) = cursor else {
            desk.wake.notified().await;
            continue;
        };
        if let Err(error) = tell(&db, &mut cursor, &mut routes) {
            tracing::warn!(%error, "changes were not told");
            cursor = db.positions();
        }
        if desk.goes_on(&db, &cursor) {
            db.published_after(&cursor).await;
        }
    }
}

impl Desk {
    /// Notes where the log stands, before the first of an audience can hear.
    fn begin(&self, engine: &Weak<Engine>) {
        let Some(engine) = engine.upgrade() else {
            return;
        };
        let mut cursor = self.cursor.lock();
        if cursor.is_none() {
            let parts = engine.parts();
            let mut token = Token::default();
            for group in parts.partitions.groups() {
                token.see(group.0, parts.apply.applied_of(group));
            }
            *cursor = Some(token);
            self.wake.notify_one();
        }
    }

    /// Notes how far telling has come. False: nobody listens any more.
    fn goes_on(&self, db: &Database, told: &Token) -> bool {
        let mut cursor = self.cursor.lock();
        let is_present = db.bus().audience().is_present();
        *cursor = is_present.then(|| told.clone());
        is_present
    }
}

/// Tells everything after the cursor, and moves it.
fn tell(db: &Database, cursor: &mut Token, routes: &mut Routes) -> Result<()> {
    let places: Vec<(u16, u64)> = cursor.positions().collect();
    for (partition, mut after) in places {
        loop {
            match db.follow(partition, after, PIECE_BYTES)? {
                Followed::Entries { entries, upto } => {
                    let is_end = entries.is_empty() || upto <= after;
                    let catalog = db.catalog();
                    for passage in &entries {
                        let telling = Telling {
                            db,
                            catalog: &catalog,
                            token: Token::at(partition, passage.index),
                        };
                        for change in &passage.entry.changes {
                            telling.one(change, routes)?;
                        }
                    }
                    cursor.see(partition, upto);
                    after = upto;
                    if is_end {
                        break;
                    }
                }
                Followed::Gone { first } => {
                    let lost = format!("{{\"partition\":{partition},\"after\":{after}}}");
                    db.bus().send(&Sent::new(b"db.gap", lost.as_bytes()));
                    after = first.saturating_sub(1);
                    cursor.see(partition, after);
                }
            }
        }
    }
    Ok(())
}

/// The changes of one entry, being told.
struct Telling<'a> {
    db: &'a Database,
    catalog: &'a Catalog,
    token: Token,
}

impl Telling<'_> {
    fn one(&self, change: &Change, routes: &mut Routes) -> Result<()> {
        let key = &change.key;
        let table = self.catalog.table_of_storage(key.collection);
        let subject = match table {
            Some(table) => told::row_subject(table, change),
            None if key.collection.is_keyspace() => Some(key_subject(change)),
            None => None,
        };
        let Some(subject) =
            subject.filter(|subject| self.db.bus().has_interest(subject.as_bytes()))
        else {
            return Ok(());
        };
        let payload = match table {
            Some(table) => told::row_json(table, change),
            None => self.string(key, change)?,
        };
        let headers = told::headers(&self.token, &change.op);
        let mut message = Sent::new(subject.as_bytes(), &payload);
        message.headers = headers.as_bytes();
        self.db.bus().send_along(routes, &message);
        Ok(())
    }

    /// A string's bytes, as they are now; nothing for other types.
    fn string(&self, key: &Key, change: &Change) -> Result<Vec<u8>> {
        if matches!(change.kind, ChangeKind::Delete | ChangeKind::Expire) {
            return Ok(Vec::new());
        }
        let head = head::live(&self.db.engine().latest(), key, self.db.now_ms())?;
        let string =
            head.filter(|head| head.kind == Kind::String && head.body.len() <= STRING_BYTES_MAX);
        Ok(string.map(|head| head.body.to_vec()).unwrap_or_default())
    }
}

fn key_subject(change: &Change) -> String {
    let (database, key) = (change.key.collection.0, &change.key.bytes);
    format!(
        "db.redis.{database}.{}.{}",
        subject::token_of(key),
        change.op
    )
}
