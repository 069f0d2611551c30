//! Writes answers, in the shapes of RESP2 or RESP3.
//!
//! A command says what its answer *is* (a map, a set, a double) and this file knows how each
//! protocol spells that. What RESP2 lacks falls back as Redis's own does: a map to a flat array,
//! a double to a bulk string, a boolean to 0 or 1.

use bytes::{BufMut, BytesMut};

use super::number::{print_f64, put_i64};

/// Which protocol a connection speaks; `HELLO` changes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Protocol {
    /// The default of a new connection.
    #[default]
    Resp2,
    /// Typed answers and pushes.
    Resp3,
}

/// The answers of one connection that have not been sent yet.
#[derive(Debug, Default)]
pub struct Out {
    bytes: BytesMut,
    protocol: Protocol,
    has_pushed: bool,
}

impl Out {
    /// The protocol answers are written in.
    #[must_use]
    pub fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// Whether answers are written in RESP3.
    #[must_use]
    pub fn is_resp3(&self) -> bool {
        self.protocol == Protocol::Resp3
    }

    /// Changes the protocol of the answers that follow.
    pub fn speak(&mut self, protocol: Protocol) {
        self.protocol = protocol;
    }

    /// How many bytes are waiting; also a mark for `cut`.
    #[must_use]
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether nothing is waiting.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Whether anything was pushed since the last call: CLIENT REPLY does not silence that.
    pub fn take_pushed(&mut self) -> bool {
        std::mem::take(&mut self.has_pushed)
    }

    /// The bytes to send.
    pub fn bytes(&mut self) -> &mut BytesMut {
        &mut self.bytes
    }

    /// Takes back everything written after the mark.
    pub fn cut(&mut self, mark: usize) {
        self.bytes.truncate(mark);
    }

    /// Puts bytes in front of what follows the mark.
    pub fn insert(&mut self, mark: usize, bytes: &[u8]) {
        let after = self.bytes.split_off(mark.min(self.bytes.len()));
        self.bytes.put_slice(bytes);
        self.bytes.unsplit(after);
    }

    /// A status: `+OK`. `text` must be one line.
    pub fn simple(&mut self, text: &str) {
        self.line(b'+', text.as_bytes());
    }

    /// `+OK`.
    pub fn ok(&mut self) {
        self.bytes.put_slice(b"+OK\r\n");
    }

    /// An error, its code first (`ERR ...`). Line breaks become spaces.
    pub fn error(&mut self, text: &str) {
        self.bytes.put_u8(b'-');
        let one_line = text.bytes().map(|byte| {
            if byte == b'\r' || byte == b'\n' {
                b' '
            } else {
                byte
            }
        });
        self.bytes.extend(one_line);
        self.bytes.put_slice(b"\r\n");
    }

    /// An integer.
    pub fn int(&mut self, value: i64) {
        self.header(b':', value);
    }

    /// A count as an integer.
    pub fn count(&mut self, value: usize) {
        self.header(b':', i64::try_from(value).unwrap_or(i64::MAX));
    }

    /// 1 or 0: most of Redis's yes-or-no answers are integers in both protocols.
    pub fn flag(&mut self, value: bool) {
        self.bytes
            .put_slice(if value { b":1\r\n" } else { b":0\r\n" });
    }

    /// A boolean, in RESP2 1 or 0.
    pub fn boolean(&mut self, value: bool) {
        match (self.protocol, value) {
            (Protocol::Resp3, true) => self.bytes.put_slice(b"#t\r\n"),
            (Protocol::Resp3, false) => self.bytes.put_slice(b"#f\r\n"),
            (Protocol::Resp2, _) => self.flag(value),
        }
    }

    /// A binary-safe string.
    pub fn bulk(&mut self, value: &[u8]) {
        self.size(b'$', value.len());
        self.bytes.reserve(value.len() + 2);
        self.bytes.put_slice(value);
        self.bytes.put_slice(b"\r\n");
    }

    /// A binary-safe string, or null.
    pub fn bulk_or_null(&mut self, value: Option<&[u8]>) {
        match value {
            Some(value) => self.bulk(value),
            None => self.null(),
        }
    }

    /// A string for people, with its format (`txt`, `mkd`) in RESP3. A format has 3 letters.
    pub fn verbatim(&mut self, format: &str, value: &[u8]) {
        if self.protocol == Protocol::Resp2 {
            return self.bulk(value);
        }
        self.size(b'=', format.len() + 1 + value.len());
        self.bytes.put_slice(format.as_bytes());
        self.bytes.put_u8(b':');
        self.bytes.put_slice(value);
        self.bytes.put_slice(b"\r\n");
    }

    /// A floating point number; in RESP2 a bulk string.
    pub fn double(&mut self, value: f64) {
        let text = print_f64(value);
        match self.protocol {
            Protocol::Resp2 => self.bulk(text.as_bytes()),
            Protocol::Resp3 => self.line(b',', text.as_bytes()),
        }
    }

    /// An integer beyond 64 bits, in decimal; in RESP2 a bulk string.
    pub fn big_number(&mut self, decimal: &str) {
        match self.protocol {
            Protocol::Resp2 => self.bulk(decimal.as_bytes()),
            Protocol::Resp3 => self.line(b'(', decimal.as_bytes()),
        }
    }

    /// No value; in RESP2 the null bulk string.
    pub fn null(&mut self) {
        match self.protocol {
            Protocol::Resp2 => self.bytes.put_slice(b"$-1\r\n"),
            Protocol::Resp3 => self.bytes.put_slice(b"_\r\n"),
        }
    }

    /// No list: an aborted EXEC, a pop with a count from nothing. RESP2 has its own null for it.
    pub fn null_array(&mut self) {
        match self.protocol {
            Protocol::Resp2 => self.bytes.put_slice(b"*-1\r\n"),
            Protocol::Resp3 => self.bytes.put_slice(b"_\r\n"),
        }
    }

    /// The start of a list of `count` answers.
    pub fn array(&mut self, count: usize) {
        self.size(b'*', count);
    }

    /// The start of `pairs` keys, each followed by its value; in RESP2 a flat list.
    pub fn map(&mut self, pairs: usize) {
        match self.protocol {
            Protocol::Resp2 => self.size(b'*', pairs * 2),
            Protocol::Resp3 => self.size(b'%', pairs),
        }
    }

    /// The start of `count` distinct answers; in RESP2 a list.
    pub fn set(&mut self, count: usize) {
        self.size(if self.is_resp3() { b'~' } else { b'*' }, count);
    }

    /// The start of news the client did not ask for; in RESP2 a list.
    pub fn push(&mut self, count: usize) {
        self.has_pushed = true;
        self.size(if self.is_resp3() { b'>' } else { b'*' }, count);
    }

    fn size(&mut self, kind: u8, count: usize) {
        self.header(kind, i64::try_from(count).unwrap_or(i64::MAX));
    }

    fn header(&mut self, kind: u8, value: i64) {
        self.bytes.put_u8(kind);
        put_i64(&mut self.bytes, value);
        self.bytes.put_slice(b"\r\n");
    }

    fn line(&mut self, kind: u8, text: &[u8]) {
        self.bytes.put_u8(kind);
        self.bytes.put_slice(text);
        self.bytes.put_slice(b"\r\n");
    }
}
