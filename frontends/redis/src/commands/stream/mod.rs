//! Streams: the messages that NATS publishes and SQL reads, as Redis spells them.
//!
//! | Redis | a message |
//! |---|---|
//! | the ID `17-0` | its number, 17 |
//! | the field `subject` | its subject |
//! | the field `data` | what it says |
//! | any other field | a header |
//!
//! A stream is made over NATS, with its subjects and limits, or by CREATE PUBLICATION; XADD
//! does not make one. It stands beside the keys: DEL, TYPE and KEYS do not know it.

mod add;
mod id;
mod read;

use std::sync::Arc;

use bytes::Bytes;
use stele_core::op::stream::{self, StreamMessage};
use stele_core::record::table::StreamDefinition;

use super::{Command, Reading};
use crate::fault::{Fault, said};
use crate::resp::Out;
use crate::rows::Tables;

/// The rows of the table.
pub const COMMANDS: &[Command] = &[
    add::COMMAND,
    read::LENGTH,
    read::RANGE,
    read::REVERSE,
    read::READ,
];

/// The field with a message's subject.
const SUBJECT: &str = "subject";
/// The field with what a message says.
const DATA: &str = "data";

const NO_STREAM: Fault =
    said("ERR no such stream: streams are made over NATS or by CREATE PUBLICATION");

fn found<'t>(
    tables: &'t Tables,
    database: u8,
    name: &[u8],
) -> Result<&'t Arc<StreamDefinition>, Fault> {
    tables.stream(database, name).ok_or(NO_STREAM)
}

impl Reading<'_> {
    /// Messages with numbers in a range, lowest first, at most so many.
    fn messages(
        &self,
        name: &Bytes,
        (low, high): (u64, u64),
        limit: usize,
    ) -> Result<Vec<StreamMessage>, Fault> {
        let definition = found(self.tables, self.database, name)?;
        let Some(messages) = stream::open(self.rows, &definition.key(), self.now_ms)?? else {
            return Ok(Vec::new());
        };
        let mut some = Vec::new();
        for message in messages.from(low).take(limit) {
            let message = message?;
            if message.seq > high {
                break;
            }
            some.push(message);
        }
        Ok(some)
    }
}

/// An entry: its ID, and its fields.
fn show(message: &StreamMessage, out: &mut Out) {
    let headers: Vec<(&str, &str)> = stream::headers(&message.headers).collect();
    out.array(2);
    out.bulk(id::print(message.seq).as_bytes());
    out.array(4 + 2 * headers.len());
    out.bulk(SUBJECT.as_bytes());
    out.bulk(&message.subject);
    out.bulk(DATA.as_bytes());
    out.bulk(&message.payload);
    for (name, value) in headers {
        out.bulk(name.as_bytes());
        out.bulk(value.as_bytes());
    }
}
