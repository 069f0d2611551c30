//! Headers: a block of `NATS/1.0`, perhaps a status, lines of `Key: Value`, a blank line.

use std::fmt::Write as _;

/// Keys and values in order.
pub use stele_core::op::stream::headers as all;

/// The first line of every block.
const VERSION: &str = "NATS/1.0";

/// The first value of a key, which is case-sensitive.
#[must_use]
pub fn get<'a>(block: &'a [u8], key: &str) -> Option<&'a str> {
    all(block)
        .find(|(name, _)| *name == key)
        .map(|(_, value)| value)
}

/// A block under construction.
#[derive(Debug, Clone)]
pub struct Headers(String);

impl Default for Headers {
    fn default() -> Self {
        Self(format!("{VERSION}\r\n"))
    }
}

impl Headers {
    /// A block that says how something ended: `404 No Messages`.
    #[must_use]
    pub fn status(status: &str) -> Self {
        Self(format!("{VERSION} {status}\r\n"))
    }

    /// Adds a line. Line breaks cannot be in a value.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl std::fmt::Display) -> Self {
        let at = self.0.len();
        let _ = write!(self.0, "{key}: {value}");
        if self
            .0
            .get(at..)
            .is_some_and(|line| line.contains(['\r', '\n']))
        {
            let clean = self.0.split_off(at).replace(['\r', '\n'], " ");
            self.0.push_str(&clean);
        }
        self.0.push_str("\r\n");
        self
    }

    /// Adds every line of another block.
    #[must_use]
    pub fn and(mut self, block: &[u8]) -> Self {
        for (key, value) in all(block) {
            self = self.with(key, value);
        }
        self
    }

    /// The finished block.
    #[must_use]
    pub fn block(mut self) -> Vec<u8> {
        self.0.push_str("\r\n");
        self.0.into_bytes()
    }
}

/// The block that says that nobody listens.
#[must_use]
pub fn no_responders(subject: &[u8]) -> Vec<u8> {
    let subject = String::from_utf8_lossy(subject);
    Headers::status("503").with("Nats-Subject", subject).block()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_reads_back_and_keys_are_case_sensitive() {
        let block = Headers::default()
            .with("Nats-Msg-Id", "7 8")
            .with("A", "")
            .block();
        assert_eq!(block, b"NATS/1.0\r\nNats-Msg-Id: 7 8\r\nA: \r\n\r\n");
        assert_eq!(get(&block, "Nats-Msg-Id"), Some("7 8"));
        assert_eq!(get(&block, "A"), Some(""));
        assert_eq!(get(&block, "nats-msg-id"), None);
    }

    #[test]
    fn a_value_cannot_smuggle_in_a_line() {
        let block = Headers::default().with("A", "x\r\nB: y").block();
        assert_eq!(get(&block, "B"), None);
    }
}
