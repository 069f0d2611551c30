//! Errors and notices on the wire: every field a client may look at.

use bytes::{BufMut, BytesMut};

use crate::error::SqlError;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// The statement failed.
    Error,
    /// The connection ends.
    Fatal,
    /// Done, but not quite as asked.
    Warning,
    /// Done, and here is something worth knowing.
    Notice,
}

impl Severity {
    fn name(self) -> &'static str {
        match self {
            Self::Error => "ERROR",
            Self::Fatal => "FATAL",
            Self::Warning => "WARNING",
            Self::Notice => "NOTICE",
        }
    }

    fn tag(self) -> u8 {
        match self {
            Self::Error | Self::Fatal => b'E',
            Self::Warning | Self::Notice => b'N',
        }
    }
}

/// Appends the message; texts longer than `bytes_max` are cut.
pub fn encode(out: &mut BytesMut, severity: Severity, error: &SqlError, bytes_max: usize) {
    let start = out.len();
    out.put_u8(severity.tag());
    out.put_i32(0);
    let mut field = |code: u8, text: &str| {
        out.put_u8(code);
        // A NUL would end the field early and derail the client.
        out.extend(cut(text, bytes_max).bytes().filter(|byte| *byte != 0));
        out.put_u8(0);
    };
    field(b'S', severity.name());
    field(b'V', severity.name());
    field(b'C', error.code);
    field(b'M', &error.message);
    let optional = [
        (b'D', &error.detail),
        (b'H', &error.hint),
        (b'W', &error.context),
        (b's', &error.schema),
        (b't', &error.table),
        (b'c', &error.column),
        (b'n', &error.constraint),
    ];
    for (code, text) in optional {
        if let Some(text) = text {
            field(code, text);
        }
    }
    if let Some(position) = error.position {
        field(b'P', &position.to_string());
    }
    out.put_u8(0);
    let length = i32::try_from(out.len() - start - 1).unwrap_or(i32::MAX);
    if let Some(place) = out.get_mut(start + 1..start + 5) {
        place.copy_from_slice(&length.to_be_bytes());
    }
}

fn cut(text: &str, bytes_max: usize) -> &str {
    if text.len() <= bytes_max {
        return text;
    }
    let mut end = bytes_max;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}
