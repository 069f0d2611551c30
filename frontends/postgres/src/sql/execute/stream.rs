//! Streams seen as tables: a row per message.
//!
//! | column | |
//! |---|---|
//! | `seq` | the message's number, from 1 |
//! | `subject` | its subject |
//! | `time` | when the log took it |
//! | `headers` | its headers; several of one name are an array; NULL = none |
//! | `data` | what it says |
//! | `json` | the same as JSON; NULL where it is none |

use std::sync::Arc;

use serde_json::{Map, Value as Json};
use stele_core::op::stream::{self, StreamMessage};
use stele_core::record::expr::Expr;
use stele_core::record::table::StreamDefinition;
use stele_core::record::value::{Settings, Type, Value, text};

use super::keyspace::{ViewColumn, column};
use super::run::Outer;
use super::{Row, RowStream, Run};
use crate::error::{Result, SqlError};
use crate::sql::plan::{Access, Scan};

/// The columns.
pub static COLUMNS: [ViewColumn; 6] = [
    column("seq", Type::Int8),
    column("subject", Type::Text),
    column("time", Type::Timestamptz),
    column("headers", Type::Jsonb),
    column("data", Type::Bytea),
    column("json", Type::Jsonb),
];
/// Where `seq` is.
pub const SEQ: usize = 0;
/// Where `subject` is.
pub const SUBJECT: usize = 1;
/// Where `headers` is.
pub const HEADERS: usize = 3;
/// Where `data` is.
pub const DATA: usize = 4;
/// Where `json` is.
pub const JSON: usize = 5;

/// The Unix epoch, microseconds before PostgreSQL's.
const EPOCH_US: i64 = 946_684_800_000_000;

/// The messages that the conditions ask for, in order; the others' conditions are checked later.
pub(super) fn open<'a>(
    run: &Arc<Run<'a>>,
    definition: &'a StreamDefinition,
    scan: &'a Scan,
    outer: &Outer,
) -> Result<RowStream<'a>> {
    let found = stream::open(run.cx.rows, &definition.key(), run.cx.now_ms)?;
    let Ok(Some(messages)) = found else {
        return Ok(Box::new(std::iter::empty()));
    };
    let Some(wanted) = Wanted::of(run, &scan.access, outer)? else {
        return Ok(Box::new(std::iter::empty()));
    };
    let needed = &scan.needed;
    let Some(subject) = wanted.subject else {
        let from = messages.from(wanted.low);
        let up_to = move |message: &stele_core::Result<StreamMessage>| match message {
            Ok(message) => message.seq <= wanted.high,
            Err(_) => true,
        };
        let rows = from.take_while(up_to);
        return Ok(Box::new(rows.map(|message| Ok(row_of(&message?, needed)))));
    };
    let seqs = messages.entries(subject.as_bytes(), wanted.low);
    let up_to = move |seq: &stele_core::Result<u64>| match seq {
        Ok(seq) => *seq <= wanted.high,
        Err(_) => true,
    };
    let rows = seqs.take_while(up_to).filter_map(move |seq| {
        let message = seq.and_then(|seq| messages.message(seq));
        match message {
            Ok(message) => message.map(|message| Ok(row_of(&message, needed))),
            Err(error) => Some(Err(SqlError::from(error))),
        }
    });
    Ok(Box::new(rows))
}

/// Which messages a scan asks for.
struct Wanted {
    low: u64,
    high: u64,
    subject: Option<Arc<str>>,
}

impl Wanted {
    /// `None`: none at all, since nothing equals NULL.
    fn of(run: &Run<'_>, access: &Access, outer: &Outer) -> Result<Option<Self>> {
        let mut wanted = Self {
            low: 0,
            high: u64::MAX,
            subject: None,
        };
        let Access::Messages { seq, subject } = access else {
            return Ok(Some(wanted));
        };
        let value =
            |expr: &Expr| run.with_cx(outer, |cx| -> Result<Value> { Ok(expr.eval(&[], cx)?) });
        if let Some(range) = seq {
            // Whether a bound itself is meant is checked on each row, like all conditions.
            if let Some((low, _)) = &range.low {
                let Some(low) = value(low)?.as_i64() else {
                    return Ok(None);
                };
                wanted.low = u64::try_from(low).unwrap_or(0);
            }
            if let Some((high, _)) = &range.high {
                let high = value(high)?.as_i64();
                let Some(high) = high.and_then(|high| u64::try_from(high).ok()) else {
                    return Ok(None);
                };
                wanted.high = high;
            }
        }
        if let Some(subject) = subject {
            let Value::Text(subject) = value(subject)? else {
                return Ok(None);
            };
            wanted.subject = Some(subject);
        }
        Ok(Some(wanted))
    }
}

fn row_of(message: &StreamMessage, needed: &[bool]) -> Row {
    let is_needed = |at: usize| needed.get(at).copied().unwrap_or(true);
    let when = |at: usize, value: &dyn Fn() -> Value| match is_needed(at) {
        true => value(),
        false => Value::Null,
    };
    let us = i64::try_from(message.time_ns() / 1000).unwrap_or(i64::MAX);
    vec![
        Value::Int8(i64::try_from(message.seq).unwrap_or(i64::MAX)),
        Value::from(&*String::from_utf8_lossy(&message.subject)),
        Value::Timestamptz(us.saturating_sub(EPOCH_US)),
        when(HEADERS, &|| headers_of(message)),
        when(DATA, &|| Value::bytea(&*message.payload)),
        when(JSON, &|| json_of(&message.payload)),
    ]
}

fn headers_of(message: &StreamMessage) -> Value {
    let mut members = Map::new();
    for (name, value) in stream::headers(&message.headers) {
        let value = Json::from(value);
        match members.get_mut(name) {
            None => drop(members.insert(name.to_owned(), value)),
            Some(Json::Array(values)) => values.push(value),
            Some(first) => *first = Json::Array(vec![first.take(), value]),
        }
    }
    match members.is_empty() {
        true => Value::Null,
        false => jsonb(&Json::Object(members).to_string()),
    }
}

fn json_of(payload: &[u8]) -> Value {
    std::str::from_utf8(payload).map_or(Value::Null, jsonb)
}

fn jsonb(json: &str) -> Value {
    text::parse(json, &Type::Jsonb.into(), &Settings::default()).unwrap_or(Value::Null)
}
