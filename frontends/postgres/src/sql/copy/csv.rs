//! COPY's CSV format: fields between delimiters, quoted where needed.

use bytes::{Buf, Bytes};

use super::{CopyIn, Fields};
use crate::error::SqlError;

impl CopyIn {
    /// The next whole record: a line end inside quotes belongs to it.
    pub(super) fn next_record(&mut self, is_last: bool) -> Result<Option<Bytes>, SqlError> {
        let (quote, escape) = (self.options.quote, self.options.escape);
        let mut in_quotes = false;
        let mut at = 0;
        let end = loop {
            match self.buffer.get(at) {
                None => break None,
                Some(byte) if in_quotes && *byte == escape && escape != quote => at += 1,
                Some(byte) if *byte == quote => in_quotes = !in_quotes,
                Some(b'\n') if !in_quotes => break Some(at),
                Some(_) => {}
            }
            at += 1;
        };
        let record = match end {
            Some(end) => {
                let record = self.buffer.split_to(end).freeze();
                self.buffer.advance(1);
                record
            }
            None if is_last && !self.buffer.is_empty() => {
                if in_quotes {
                    return Err(SqlError::new("22P04", "unterminated CSV quoted field"));
                }
                self.buffer.split().freeze()
            }
            None => return Ok(None),
        };
        let record = match record.strip_suffix(b"\r") {
            Some(bare) => record.slice(..bare.len()),
            None => record,
        };
        if record.as_ref() == b"\\." {
            self.has_ended = true;
            return Ok(None);
        }
        Ok(Some(record))
    }

    /// A record's fields.
    pub(super) fn csv_fields(&self, record: &Bytes) -> Result<Fields, SqlError> {
        let options = &self.options;
        let mut fields = Vec::with_capacity(self.positions.len());
        let mut field = Vec::new();
        let (mut in_quotes, mut was_quoted) = (false, false);
        let mut bytes = record.iter().copied().peekable();
        loop {
            let byte = bytes.next();
            match byte {
                Some(byte) if in_quotes => {
                    let escapes = bytes
                        .peek()
                        .is_some_and(|next| *next == options.quote || *next == options.escape);
                    if byte == options.escape && escapes {
                        field.extend(bytes.next());
                    } else if byte == options.quote {
                        in_quotes = false;
                    } else {
                        field.push(byte);
                    }
                }
                Some(byte) if byte == options.quote => {
                    in_quotes = true;
                    was_quoted = true;
                }
                Some(byte) if byte != options.delimiter => field.push(byte),
                end => {
                    let is_null = !was_quoted && field == options.null.as_bytes();
                    let taken = std::mem::take(&mut field);
                    fields.push((!is_null).then(|| taken.into()));
                    was_quoted = false;
                    if end.is_none() {
                        return Ok(fields);
                    }
                }
            }
        }
    }
}
