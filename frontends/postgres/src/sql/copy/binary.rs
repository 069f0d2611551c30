//! COPY's binary format: a signature, then rows of counted, length-prefixed fields.

use bytes::{Buf, Bytes};

use super::{CopyIn, Fields, ROW_BYTES_MAX};
use crate::error::SqlError;

/// What a binary stream begins with.
pub(super) const SIGNATURE: &[u8] = b"PGCOPY\n\xff\r\n\0";

impl CopyIn {
    /// The next whole row.
    pub(super) fn next_binary(&mut self, is_last: bool) -> Result<Option<Fields>, SqlError> {
        if !self.has_begun && !self.read_header()? {
            return match is_last {
                true => Err(malformed("COPY file signature not recognized")),
                false => Ok(None),
            };
        }
        match self.whole_row()? {
            Some(length) => {
                let row = self.buffer.split_to(length).freeze();
                self.split_row(row)
            }
            None if is_last && !self.buffer.is_empty() => {
                Err(malformed("unexpected EOF in COPY data"))
            }
            None => Ok(None),
        }
    }

    /// Reads the header, if it is all there.
    fn read_header(&mut self) -> Result<bool, SqlError> {
        let fixed = SIGNATURE.len() + 8;
        let seen = self.buffer.len().min(SIGNATURE.len());
        if self.buffer.get(..seen) != SIGNATURE.get(..seen) {
            return Err(malformed("COPY file signature not recognized"));
        }
        let Some(mut rest) = self.buffer.get(SIGNATURE.len()..fixed) else {
            return Ok(false);
        };
        let (flags, extension) = (rest.get_u32(), rest.get_u32());
        if flags >> 16 != 0 {
            return Err(malformed("unrecognized critical flags in COPY file header"));
        }
        let extension = usize::try_from(extension).unwrap_or(usize::MAX);
        if extension > ROW_BYTES_MAX {
            return Err(malformed("invalid COPY file header (wrong length)"));
        }
        if self.buffer.len() < fixed + extension {
            return Ok(false);
        }
        self.buffer.advance(fixed + extension);
        self.has_begun = true;
        Ok(true)
    }

    /// The length of the first row, if it is all there.
    fn whole_row(&self) -> Result<Option<usize>, SqlError> {
        let Some(Ok(count)) = self.buffer.get(..2).map(<[u8; 2]>::try_from) else {
            return Ok(None);
        };
        let mut at = 2;
        for _ in 0..i16::from_be_bytes(count).max(0) {
            let Some(Ok(length)) = self.buffer.get(at..at + 4).map(<[u8; 4]>::try_from) else {
                return Ok(None);
            };
            at += 4;
            match i32::from_be_bytes(length) {
                -1 => {}
                length => match usize::try_from(length) {
                    Ok(length) if length <= ROW_BYTES_MAX => at += length,
                    _ => return Err(malformed("invalid field size")),
                },
            }
        }
        Ok((self.buffer.len() >= at).then_some(at))
    }

    fn split_row(&mut self, mut row: Bytes) -> Result<Option<Fields>, SqlError> {
        let count = row
            .try_get_i16()
            .map_err(|_| malformed("unexpected EOF in COPY data"))?;
        if count == -1 {
            self.has_ended = true;
            return Ok(None);
        }
        if usize::try_from(count).ok() != Some(self.positions.len()) {
            return Err(malformed(&format!(
                "row field count is {count}, expected {}",
                self.positions.len()
            )));
        }
        let mut fields = Vec::with_capacity(self.positions.len());
        for _ in 0..count {
            let length = row
                .try_get_i32()
                .map_err(|_| malformed("unexpected EOF in COPY data"))?;
            fields.push(
                usize::try_from(length)
                    .ok()
                    .map(|length| row.split_to(length.min(row.len()))),
            );
        }
        Ok(Some(fields))
    }
}

fn malformed(message: &str) -> SqlError {
    SqlError::new("22P04", message)
}
