//! A message as it is stored.

use bytes::{Buf, BufMut, Bytes};

use crate::error::{Error, Result};
use crate::record::Stamp;

const FORMAT: u8 = 1;

/// What a message adds to the bytes it counts for, as JetStream's files do it.
const OVERHEAD_BYTES: u64 = 30;
/// The same for headers.
const HEADERS_OVERHEAD_BYTES: u64 = 4;

/// One message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamMessage {
    /// Its number.
    pub seq: u64,
    /// When it was put in.
    pub stamp: Stamp,
    /// Its subject.
    pub subject: Bytes,
    /// Its header block; empty = none.
    pub headers: Bytes,
    /// What it says.
    pub payload: Bytes,
}

/// How many bytes a message counts for.
pub fn stored_size(subject: &[u8], headers: &[u8], payload: &[u8]) -> u64 {
    let extra = if headers.is_empty() {
        0
    } else {
        HEADERS_OVERHEAD_BYTES
    };
    OVERHEAD_BYTES + extra + (subject.len() + headers.len() + payload.len()) as u64
}

impl StreamMessage {
    /// When it was put in, nanoseconds since the Unix epoch. Stamps that differ
    /// give times that differ.
    pub fn time_ns(&self) -> u64 {
        time_ns(self.stamp)
    }

    /// How many bytes it counts for.
    pub fn size(&self) -> u64 {
        stored_size(&self.subject, &self.headers, &self.payload)
    }

    pub(super) fn encode(subject: &[u8], headers: &[u8], payload: &[u8]) -> Vec<u8> {
        let length = |part: &[u8]| u32::try_from(part.len()).unwrap_or(u32::MAX);
        let mut out = Vec::with_capacity(9 + subject.len() + headers.len() + payload.len());
        out.put_u8(FORMAT);
        out.put_u32(length(subject));
        out.put_u32(length(headers));
        out.extend_from_slice(subject);
        out.extend_from_slice(headers);
        out.extend_from_slice(payload);
        out
    }

    pub(super) fn decode(seq: u64, stamp: Stamp, mut stored: Bytes) -> Result<Self> {
        let cut = || Error::corrupt("a stream's message is cut short");
        if stored.try_get_u8().ok() != Some(FORMAT) {
            return Err(Error::corrupt("a stream's message has an unknown format"));
        }
        let subject = stored.try_get_u32().map_err(|_| cut())? as usize;
        let headers = stored.try_get_u32().map_err(|_| cut())? as usize;
        if stored.len() < subject.saturating_add(headers) {
            return Err(cut());
        }
        Ok(Self {
            seq,
            stamp,
            subject: stored.split_to(subject),
            headers: stored.split_to(headers),
            payload: stored,
        })
    }
}

/// A stamp as a time with nanoseconds: its counter spread over the millisecond.
pub fn time_ns(stamp: Stamp) -> u64 {
    let counter = (stamp.0 >> 8) & 0xFFF;
    stamp.ms() * 1_000_000 + counter * 244
}
