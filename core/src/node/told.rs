//! A row's change in words: the subject, the headers and the payload that events
//! and publications share.

use crate::record::table::Table;
use crate::record::{Change, ChangeKind, Token, subject};

/// The position of a change, and the name of the op.
pub fn headers(token: &Token, op: &str) -> String {
    format!("NATS/1.0\r\nStele-Token: {token}\r\nStele-Op: {op}\r\n\r\n")
}

/// The subject of a row's change; `None` when its key does not read.
pub fn row_subject(table: &Table, change: &Change) -> Option<String> {
    let what = match change.kind {
        ChangeKind::Insert => "insert",
        ChangeKind::Update => "update",
        ChangeKind::Delete | ChangeKind::Expire => "delete",
    };
    let key = table.spelling(&change.key).ok()?;
    let name = subject::token_of(table.name.as_bytes());
    Some(format!(
        "db.{name}.{}.{what}",
        subject::token_of(key.as_bytes())
    ))
}

/// The row's columns by name; nothing for a row that is gone.
pub fn row_json(table: &Table, change: &Change) -> Vec<u8> {
    let Some(fields) = &change.after else {
        return Vec::new();
    };
    match table.decode_row(fields) {
        Ok(values) => table.json(&values).into_bytes(),
        Err(_) => Vec::new(),
    }
}
