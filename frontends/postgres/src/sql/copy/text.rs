//! COPY's text format: a line per row, backslashes before what is special.

use bytes::{Buf, Bytes};

use super::{CopyIn, Fields};
use crate::error::SqlError;

impl CopyIn {
    /// The next whole line, without its end.
    pub(super) fn next_line(&mut self, is_last: bool) -> Result<Option<Bytes>, SqlError> {
        let line = match line_end(&self.buffer) {
            Some((end, width)) => {
                let line = self.buffer.split_to(end).freeze();
                self.buffer.advance(width);
                line
            }
            None if is_last && !self.buffer.is_empty() => self.buffer.split().freeze(),
            None => return Ok(None),
        };
        let line = match line.strip_suffix(b"\r") {
            Some(bare) => line.slice(..bare.len()),
            None => line,
        };
        if line.as_ref() == b"\\." {
            self.has_ended = true;
            return Ok(None);
        }
        Ok(Some(line))
    }

    /// A line's fields.
    pub(super) fn text_fields(&self, line: &Bytes) -> Fields {
        let mut fields = Vec::with_capacity(self.positions.len());
        let mut start = 0;
        let mut at = 0;
        loop {
            match line.get(at) {
                Some(b'\\') => at += 2,
                Some(byte) if *byte != self.options.delimiter => at += 1,
                found => {
                    let raw = line.slice(start..at.min(line.len()));
                    fields.push(match raw.as_ref() == self.options.null.as_bytes() {
                        true => None,
                        false => Some(unescape(raw)),
                    });
                    if found.is_none() {
                        return fields;
                    }
                    at += 1;
                    start = at;
                }
            }
        }
    }
}

/// Where a line ends, and how many bytes its end has. A backslash keeps a line end.
fn line_end(buffer: &[u8]) -> Option<(usize, usize)> {
    let mut from = 0;
    loop {
        let found = from + buffer.get(from..)?.iter().position(|byte| *byte == b'\n')?;
        let before = buffer.get(..found).unwrap_or_default();
        let slashes = before
            .iter()
            .rev()
            .take_while(|byte| **byte == b'\\')
            .count();
        if slashes % 2 == 0 {
            return Some((found, 1));
        }
        from = found + 1;
    }
}

fn unescape(raw: Bytes) -> Bytes {
    if !raw.contains(&b'\\') {
        return raw;
    }
    let mut out = Vec::with_capacity(raw.len());
    let mut bytes = raw.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        let Some(escaped) = bytes.next() else {
            out.push(b'\\');
            break;
        };
        out.push(match escaped {
            b'b' => 8,
            b'f' => 12,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'v' => 11,
            b'0'..=b'7' => digits(escaped - b'0', &mut bytes, 8, 2),
            b'x' if bytes.peek().is_some_and(u8::is_ascii_hexdigit) => digits(0, &mut bytes, 16, 2),
            other => other,
        });
    }
    out.into()
}

fn digits(
    first: u8,
    bytes: &mut std::iter::Peekable<impl Iterator<Item = u8>>,
    radix: u8,
    count_max: usize,
) -> u8 {
    let mut value = first;
    for _ in 0..count_max {
        let digit = bytes
            .peek()
            .and_then(|byte| char::from(*byte).to_digit(u32::from(radix)));
        let Some(digit) = digit.and_then(|digit| u8::try_from(digit).ok()) else {
            break;
        };
        value = value.wrapping_mul(radix).wrapping_add(digit);
        bytes.next();
    }
    value
}
