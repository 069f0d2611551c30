//! A message's headers: `NATS/1.0`, a line for each, a blank line.
//!
//! Source: ADR-4 of nats-architecture-and-design.

use bytes::Bytes;

use super::Append;

const FIRST_LINE: &str = "NATS/1.0\r\n";

/// The header that names a message, so that it is taken once.
const ID: &str = "Nats-Msg-Id";

/// Why headers cannot be a message's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BadHeader {
    /// No name, or a character that would end it.
    Name(String),
    /// A line break in a value.
    Value(String),
    /// It asks a server for something, which only a publisher over NATS can.
    Reserved(String),
}

impl std::fmt::Display for BadHeader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Name(name) => write!(f, "{name:?} cannot be a header's name"),
            Self::Value(name) => write!(f, "header {name:?} has a line break in its value"),
            Self::Reserved(name) => write!(f, "header {name:?} can only be sent over NATS"),
        }
    }
}

/// Names and values, in order.
pub fn headers(block: &[u8]) -> impl Iterator<Item = (&str, &str)> {
    let text = std::str::from_utf8(block).unwrap_or_default();
    text.split("\r\n").skip(1).filter_map(|line| {
        let (name, value) = line.split_once(':')?;
        Some((name, value.trim()))
    })
}

/// As large as a message may be over NATS, headers and all.
const MESSAGE_BYTES_MAX: usize = 1 << 20;

impl Append {
    /// Is it larger than a message can be over NATS?
    pub fn is_too_large(&self) -> bool {
        self.headers.len() + self.payload.len() > MESSAGE_BYTES_MAX
    }

    /// Gives a message its headers, in order. `Nats-Msg-Id` is its id.
    ///
    /// # Errors
    /// A header that would not read back, or that asks for more than to be kept.
    pub fn with_headers(mut self, headers: &[(String, String)]) -> Result<Self, BadHeader> {
        let mut block = String::new();
        for (name, value) in headers {
            let is_name = !name.is_empty() && !name.contains([':', '\r', '\n', '\0']);
            if !is_name {
                return Err(BadHeader::Name(name.clone()));
            }
            if value.contains(['\r', '\n']) {
                return Err(BadHeader::Value(name.clone()));
            }
            match name.as_str() {
                ID => self.id = Bytes::copy_from_slice(value.as_bytes()),
                _ if name.starts_with("Nats-") => return Err(BadHeader::Reserved(name.clone())),
                _ => {}
            }
            block.push_str(&format!("{name}: {value}\r\n"));
        }
        if !block.is_empty() {
            self.headers = Bytes::from([FIRST_LINE, &block, "\r\n"].concat());
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(name: &str, value: &str) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    #[test]
    fn headers_read_back_and_the_id_is_the_message_s() {
        let given = [pair("A", "1"), pair("Nats-Msg-Id", "x"), pair("A", "")];
        let append = Append::default().with_headers(&given).expect("headers");
        let read: Vec<_> = headers(&append.headers).collect();
        assert_eq!(read, [("A", "1"), ("Nats-Msg-Id", "x"), ("A", "")]);
        assert_eq!(append.id, "x");
    }

    #[test]
    fn what_would_not_read_back_is_refused() {
        for (name, value) in [
            ("", "v"),
            ("a:b", "v"),
            ("a", "x\r\nb: y"),
            ("Nats-Rollup", "sub"),
        ] {
            assert!(
                Append::default()
                    .with_headers(&[pair(name, value)])
                    .is_err()
            );
        }
    }
}
