//! A request: what its subject, headers and payload say.

use bytes::Bytes;
use stele_core::node::Sent;
use stele_core::record::{Level, ReadLevel, Token, WriteLevel};

use super::row::Refusal;
use crate::wire::headers;

/// What is to be done to a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    Get,
    Put,
    Delete,
}

/// A request that waits for its turn.
pub struct Request {
    pub verb: Verb,
    pub table: String,
    /// As Redis spells it, without the table's name.
    pub key: String,
    pub headers: Bytes,
    pub payload: Bytes,
    pub reply: Bytes,
}

impl Request {
    /// A request from `$DB.<verb>.<table>.<key>`; `None` for any other subject.
    pub fn read(message: &Sent<'_>) -> Option<Self> {
        let subject = std::str::from_utf8(message.subject).ok()?;
        let tokens: Vec<&str> = subject.split('.').collect();
        let ["$DB", verb, table, key] = tokens.as_slice() else {
            return None;
        };
        let verb = match *verb {
            "GET" => Verb::Get,
            "PUT" => Verb::Put,
            "DELETE" => Verb::Delete,
            _ => return None,
        };
        Some(Self {
            verb,
            table: spelled_out(table)?,
            key: spelled_out(key)?,
            headers: Bytes::copy_from_slice(message.headers),
            payload: message.kept_payload(),
            reply: Bytes::copy_from_slice(message.reply),
        })
    }

    /// The levels that its headers ask for.
    pub fn level(&self) -> Result<Level, Refusal> {
        let mut level = Level::default();
        let said = |key: &str| headers::get(&self.headers, key);
        let unknown =
            |key: &str, text: &str| Refusal::new(400, format!("{key} {text} is not known"));
        if let Some(text) = said("Stele-Read") {
            let read = ReadLevel::parse(text);
            level.read = read.ok_or_else(|| unknown("read level", text))?;
        }
        if let Some(text) = said("Stele-Write") {
            let write = WriteLevel::parse(text);
            level.write = write.ok_or_else(|| unknown("write level", text))?;
        }
        if let Some(text) = said("Stele-Token") {
            let token = Token::parse(text);
            level.token = Some(token.ok_or_else(|| unknown("token", text))?);
        }
        Ok(level)
    }
}

/// What a token of a subject stands for: `%` and two digits are a byte, a lone `%` is
/// nothing at all. `None` if it does not read.
fn spelled_out(token: &str) -> Option<String> {
    if token == "%" {
        return Some(String::new());
    }
    let mut bytes = Vec::with_capacity(token.len());
    let mut rest = token.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        if *byte != b'%' {
            bytes.push(*byte);
            continue;
        }
        let digits = std::str::from_utf8(rest.get(..2)?).ok()?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        rest = rest.get(2..)?;
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use stele_core::record::subject::token_of;

    use super::*;

    #[test]
    fn only_four_tokens_with_a_known_verb_are_a_request() {
        let read = |subject: &str| Request::read(&Sent::new(subject.as_bytes(), b""));
        let request = read("$DB.PUT.users.a%2Eb");
        let parts = request.map(|request| (request.verb, request.table, request.key));
        assert_eq!(parts, Some((Verb::Put, "users".into(), "a.b".into())));
        for other in [
            "$DB.PUT.users",
            "$DB.FLY.users.1",
            "$DB.GET.u.1.2",
            "$DB.GET.u.%F",
        ] {
            assert!(read(other).is_none(), "{other}");
        }
    }

    proptest! {
        #[test]
        fn a_token_reads_back(key in ".*") {
            prop_assert_eq!(spelled_out(&token_of(key.as_bytes())), Some(key));
        }
    }
}
