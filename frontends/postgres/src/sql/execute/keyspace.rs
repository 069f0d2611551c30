//! The Redis databases seen as tables: `redis.keys`, `redis.strings`, `redis.hashes`, ...
//!
//! They show database 0. Bytes are text where they are UTF-8 without a zero byte; others, and
//! text that starts with `\x`, are shown as `\x` and hexadecimal digits, which reads back.

use std::sync::Arc;

use stele_core::op::{hash, list, set, zset};
use stele_core::record::value::{Type, Value};
use stele_core::record::{CollectionId, Head, Key, Kind, head, layout};

use super::run::Outer;
use super::{Row, RowStream, Run};
use crate::error::Result;
use crate::sql::plan::Access;
use crate::sql::plan::point::part_values;

/// A view over database 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// Every record, with its type and deadline.
    Keys,
    /// Strings.
    Strings,
    /// Hashes, a row per field.
    Hashes,
    /// Lists, a row per element.
    Lists,
    /// Sets, a row per member.
    Sets,
    /// Sorted sets, a row per member, by score.
    Zsets,
}

/// A column of a keyspace view.
pub struct ViewColumn {
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub ty: Type,
    /// Not part of `*`.
    pub hidden: bool,
}

pub(super) const fn column(name: &'static str, ty: Type) -> ViewColumn {
    ViewColumn {
        name,
        ty,
        hidden: false,
    }
}

static KEYS: [ViewColumn; 3] = [
    column("key", Type::Text),
    column("type", Type::Text),
    column("ttl_ms", Type::Int8),
];
static STRINGS: [ViewColumn; 2] = [column("key", Type::Text), column("value", Type::Text)];
static HASHES: [ViewColumn; 3] = [
    column("key", Type::Text),
    column("field", Type::Text),
    column("value", Type::Text),
];
static LISTS: [ViewColumn; 3] = [
    column("key", Type::Text),
    column("position", Type::Int8),
    column("value", Type::Text),
];
static SETS: [ViewColumn; 2] = [column("key", Type::Text), column("member", Type::Text)];
static ZSETS: [ViewColumn; 3] = [
    column("key", Type::Text),
    column("member", Type::Text),
    column("score", Type::Float8),
];

impl View {
    /// The view of this name in the schema `redis`.
    pub fn lookup(name: &str) -> Option<View> {
        Some(match name {
            "keys" => View::Keys,
            "strings" => View::Strings,
            "hashes" => View::Hashes,
            "lists" => View::Lists,
            "sets" => View::Sets,
            "zsets" => View::Zsets,
            _ => return None,
        })
    }

    /// Its name in the schema `redis`.
    pub fn name(self) -> &'static str {
        match self {
            View::Keys => "keys",
            View::Strings => "strings",
            View::Hashes => "hashes",
            View::Lists => "lists",
            View::Sets => "sets",
            View::Zsets => "zsets",
        }
    }

    /// Its columns; the first is the key.
    pub fn columns(self) -> &'static [ViewColumn] {
        match self {
            View::Keys => &KEYS,
            View::Strings => &STRINGS,
            View::Hashes => &HASHES,
            View::Lists => &LISTS,
            View::Sets => &SETS,
            View::Zsets => &ZSETS,
        }
    }

    fn kind(self) -> Option<Kind> {
        match self {
            View::Keys => None,
            View::Strings => Some(Kind::String),
            View::Hashes => Some(Kind::Hash),
            View::Lists => Some(Kind::List),
            View::Sets => Some(Kind::Set),
            View::Zsets => Some(Kind::Zset),
        }
    }
}

/// Opens a view: by key when the conditions say it, else all of database 0.
pub(super) fn open<'a>(
    run: &Arc<Run<'a>>,
    view: View,
    access: &Access,
    outer: &Outer,
) -> Result<RowStream<'a>> {
    let (rows, now_ms) = (run.cx.rows, run.cx.now_ms);
    let heads: Box<dyn Iterator<Item = Result<(Key, Head)>> + Send + 'a> = match access {
        Access::Keys(parts) => {
            let mut keys = Vec::new();
            for part in parts {
                let values = run.with_cx(outer, |cx| part_values(part, cx))?;
                keys.extend(
                    values
                        .iter()
                        .filter_map(Value::as_str)
                        .map(|text| Key::keyspace(0, bytes_of(text))),
                );
            }
            Box::new(
                keys.into_iter()
                    .filter_map(move |key| match head::live(rows, &key, now_ms) {
                        Ok(Some(head)) => Some(Ok((key, head))),
                        Ok(None) => None,
                        Err(error) => Some(Err(error.into())),
                    }),
            )
        }
        _ => {
            let (from, to) = layout::heads(CollectionId(0));
            Box::new(rows.scan(&from, &to, false).filter_map(move |found| {
                let record = found
                    .and_then(|(row_key, row)| Ok((row_key, Head::decode(row.stamp, row.value)?)));
                match record {
                    Ok((_, head)) if head.is_expired(now_ms) => None,
                    Ok((row_key, head)) => layout::parse_head(&row_key).map(|key| Ok((key, head))),
                    Err(error) => Some(Err(error.into())),
                }
            }))
        }
    };
    let run = run.clone();
    Ok(Box::new(heads.flat_map(move |record| -> RowStream<'a> {
        match record {
            Ok((key, head)) if view.kind().is_none_or(|kind| kind == head.kind) => {
                record_rows(&run, view, &key, &head)
            }
            Ok(_) => Box::new(std::iter::empty()),
            Err(error) => Box::new(std::iter::once(Err(error))),
        }
    })))
}

fn record_rows<'a>(run: &Run<'a>, view: View, key: &Key, head: &Head) -> RowStream<'a> {
    let rows = run.cx.rows;
    let name = text_of(&key.bytes);
    match view {
        View::Keys => {
            let ttl = head
                .expire_ms
                .map(|deadline| deadline.saturating_sub(run.cx.now_ms));
            let ttl = ttl
                .and_then(|ttl| i64::try_from(ttl).ok())
                .map_or(Value::Null, Value::Int8);
            one(vec![name, Value::from(kind_name(head.kind)), ttl])
        }
        View::Strings => one(vec![name, text_of(&head.body)]),
        View::Hashes => {
            let fields = hash::Hash::new(rows, key, head).iter();
            Box::new(fields.map(move |field| {
                let (field, value) = field?;
                Ok(vec![name.clone(), text_of(&field), text_of(&value)])
            }))
        }
        View::Lists => match list::List::new(rows, key, head) {
            Ok(list) => Box::new(list.range(0, -1).enumerate().map(move |(position, value)| {
                let position = i64::try_from(position).unwrap_or(i64::MAX);
                Ok(vec![name.clone(), Value::Int8(position), text_of(&value?)])
            })),
            Err(error) => Box::new(std::iter::once(Err(error.into()))),
        },
        View::Sets => {
            let members = set::Set::new(rows, key, head).iter();
            Box::new(members.map(move |member| Ok(vec![name.clone(), text_of(&member?)])))
        }
        View::Zsets => {
            let members = zset::Zset::new(rows, key, head).iter(false);
            Box::new(members.map(move |member| {
                let (member, score) = member?;
                Ok(vec![name.clone(), text_of(&member), Value::Float8(score)])
            }))
        }
    }
}

fn one<'a>(row: Row) -> RowStream<'a> {
    Box::new(std::iter::once(Ok(row)))
}

fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::String => "string",
        Kind::Hash | Kind::Row => "hash",
        Kind::List => "list",
        Kind::Set => "set",
        Kind::Zset => "zset",
        Kind::Stream => "stream",
    }
}

const HEX_MARK: &str = "\\x";

/// Bytes as the views show them.
pub fn text_of(bytes: &[u8]) -> Value {
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.contains('\0') && !text.starts_with(HEX_MARK) => Value::from(text),
        _ => {
            let digits = bytes.iter().map(|byte| format!("{byte:02x}"));
            Value::from(digits.fold(HEX_MARK.to_owned(), |text, digits| text + &digits))
        }
    }
}

/// The bytes a text of a view stands for.
pub fn bytes_of(text: &str) -> Vec<u8> {
    let plain = || text.as_bytes().to_vec();
    let Some(digits) = text.strip_prefix(HEX_MARK) else {
        return plain();
    };
    if !digits.is_ascii() || digits.len() % 2 != 0 {
        return plain();
    }
    let pairs = digits.as_bytes().chunks(2).map(|pair| {
        let pair = std::str::from_utf8(pair).ok()?;
        u8::from_str_radix(pair, 16).ok()
    });
    pairs.collect::<Option<Vec<u8>>>().unwrap_or_else(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_bytes_come_back_from_their_text() {
        for bytes in [
            &b"plain"[..],
            b"\xff\x00",
            b"\\x41",
            b"\\xzz",
            "é".as_bytes(),
            b"",
        ] {
            let text = text_of(bytes);
            assert_eq!(bytes_of(text.as_str().unwrap_or_default()), bytes);
        }
        assert_eq!(text_of(b"\xff"), Value::from("\\xff"));
    }
}
