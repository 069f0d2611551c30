//! Finds complete requests in a growing buffer, resuming where it stopped.

use std::ops::Range;

use bytes::{Bytes, BytesMut};

use super::inline;
use super::number::parse_i64;

/// Room kept for the places of later requests.
const PLACES_KEPT_MAX: usize = 4096;

/// A line (a count, a length, an inline command) longer than this is refused.
const LINE_BYTES_MAX: usize = 64 * 1024;

/// What a client may send.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Arguments of one request.
    pub arg_count_max: i64,
    /// Bytes of one argument (`proto-max-bulk-len`).
    pub bulk_bytes_max: i64,
    /// Bytes of one whole request (`client-query-buffer-limit`).
    pub request_bytes_max: usize,
    /// Whether the client has yet to authenticate: it then gets 10 arguments of 16 KiB.
    pub stranger: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            arg_count_max: 1024 * 1024,
            bulk_bytes_max: 512 * 1024 * 1024,
            request_bytes_max: 1024 * 1024 * 1024,
            stranger: false,
        }
    }
}

const STRANGER_ARG_COUNT_MAX: i64 = 10;
const STRANGER_BULK_BYTES_MAX: i64 = 16 * 1024;

/// The client broke the protocol; it is told so and its connection is closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProtocolError {
    /// A count line without an end.
    CountTooLong,
    /// An argument count that is no number or out of range.
    ArgCount,
    /// More arguments than a client that has not authenticated may send.
    StrangerArgCount,
    /// A length line without an end.
    LengthTooLong,
    /// Something else where a `$` must be.
    NotABulk(u8),
    /// An argument length that is no number or out of range.
    BulkLength,
    /// A longer argument than a client that has not authenticated may send.
    StrangerBulkLength,
    /// An argument that is not followed by CRLF.
    Unterminated,
    /// An inline command without an end.
    InlineTooLong,
    /// An inline command whose quotes do not match.
    Quotes,
    /// A request larger than `request_bytes_max`.
    RequestTooLong,
}

impl ProtocolError {
    /// The error reply, without the leading `-`.
    #[must_use]
    pub fn text(&self) -> String {
        let what = match self {
            Self::CountTooLong => "too big mbulk count string",
            Self::ArgCount => "invalid multibulk length",
            Self::StrangerArgCount => "unauthenticated multibulk length",
            Self::LengthTooLong => "too big bulk count string",
            Self::NotABulk(found) => return not_a_bulk(*found),
            Self::BulkLength => "invalid bulk length",
            Self::StrangerBulkLength => "unauthenticated bulk length",
            Self::Unterminated => "expected CRLF after bulk",
            Self::InlineTooLong => "too big inline request",
            Self::Quotes => "unbalanced quotes in request",
            Self::RequestTooLong => "request exceeds client-query-buffer-limit",
        };
        format!("ERR Protocol error: {what}")
    }
}

fn not_a_bulk(found: u8) -> String {
    // A reply is one line, so a line break is shown as a space, as Redis does.
    let shown = if found == b'\r' || found == b'\n' {
        ' '
    } else {
        char::from(found)
    };
    format!("ERR Protocol error: expected '$', got '{shown}'")
}

/// The requests found by one `drain`, in the order they were sent. Reused between drains.
#[derive(Debug, Default)]
pub struct Requests {
    args: Vec<Bytes>,
    ends: Vec<usize>,
}

impl Requests {
    /// How many requests there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The words of request `index`: at least one; empty past the last request.
    #[must_use]
    pub fn get(&self, index: usize) -> &[Bytes] {
        let before = index
            .checked_sub(1)
            .and_then(|before| self.ends.get(before));
        let start = before.copied().unwrap_or(0);
        let end = self.ends.get(index).copied().unwrap_or(start);
        self.args.get(start..end).unwrap_or(&[])
    }

    /// Forgets all requests and keeps the room for the next ones.
    pub fn clear(&mut self) {
        self.args.clear();
        self.ends.clear();
    }
}

/// Where one argument is.
#[derive(Debug)]
enum Place {
    /// In the buffer.
    Slice(Range<usize>),
    /// An inline word, its quotes and escapes resolved.
    Word(Bytes),
}

/// Where the scanner stands between two reads. Positions count from the buffer's first byte.
#[derive(Debug, Default)]
pub struct Scanner {
    /// The next byte to look at.
    at: usize,
    /// How many bytes from `at` are known to hold no line end.
    searched: usize,
    /// Arguments still to come; 0 between requests.
    args_left: i64,
    /// The length of the argument whose bytes are awaited.
    bulk: Option<usize>,
    /// The arguments found, of complete requests and of the one being scanned.
    places: Vec<Place>,
    /// Where each complete request ends in `places`.
    ends: Vec<usize>,
    /// Where the request being scanned starts.
    start: usize,
}

impl Scanner {
    /// Moves every complete request, at most `count_max`, from `buffer` to `requests`.
    ///
    /// An incomplete request stays in the buffer and is not scanned twice.
    ///
    /// # Errors
    /// When the client broke the protocol. The requests before that are delivered; the buffer
    /// and the scanner are useless.
    pub fn drain(
        &mut self,
        buffer: &mut BytesMut,
        requests: &mut Requests,
        limits: &Limits,
        count_max: usize,
    ) -> Result<(), ProtocolError> {
        let mut outcome = Ok(());
        while self.ends.len() < count_max {
            match self.step(buffer, limits) {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => {
                    outcome = Err(error);
                    break;
                }
            }
        }
        self.deliver(buffer, requests);
        outcome
    }

    #[cfg(test)]
    pub(super) fn places_capacity(&self) -> usize {
        self.places.capacity()
    }

    /// Scans on to the end of one request; false: the buffer ends first.
    fn step(&mut self, buffer: &[u8], limits: &Limits) -> Result<bool, ProtocolError> {
        if self.args_left == 0 {
            let complete = match buffer.get(self.at) {
                None => return Ok(false),
                Some(b'*') => self.count(buffer, limits)?,
                Some(_) => self.inline(buffer)?,
            };
            if !complete {
                return Ok(false);
            }
        }
        while self.args_left > 0 {
            if !self.argument(buffer, limits)? {
                return Ok(false);
            }
            self.args_left -= 1;
        }
        // An empty line or array is no request and gets no answer.
        if self.places.len() > self.ends.last().copied().unwrap_or(0) {
            self.ends.push(self.places.len());
        }
        self.start = self.at;
        Ok(true)
    }

    /// `*<count>\r\n`; false: the buffer ends first.
    fn count(&mut self, buffer: &[u8], limits: &Limits) -> Result<bool, ProtocolError> {
        let Some(line) = self.line(buffer, ProtocolError::CountTooLong)? else {
            return Ok(false);
        };
        let count = number_after_sign(buffer, &line).ok_or(ProtocolError::ArgCount)?;
        if count > limits.arg_count_max {
            return Err(ProtocolError::ArgCount);
        }
        if limits.stranger && count > STRANGER_ARG_COUNT_MAX {
            return Err(ProtocolError::StrangerArgCount);
        }
        self.args_left = count.max(0);
        Ok(true)
    }

    /// `$<length>\r\n<bytes>\r\n`; false: the buffer ends first.
    fn argument(&mut self, buffer: &[u8], limits: &Limits) -> Result<bool, ProtocolError> {
        if self.bulk.is_none() {
            self.bulk = self.length(buffer, limits)?;
        }
        let Some(length) = self.bulk else {
            return Ok(false);
        };
        let end = self.at + length;
        let Some(terminator) = buffer.get(end..end + 2) else {
            return Ok(false);
        };
        if terminator != b"\r\n" {
            return Err(ProtocolError::Unterminated);
        }
        self.places.push(Place::Slice(self.at..end));
        self.at = end + 2;
        self.bulk = None;
        Ok(true)
    }

    /// `$<length>\r\n`; `None`: the buffer ends first.
    fn length(&mut self, buffer: &[u8], limits: &Limits) -> Result<Option<usize>, ProtocolError> {
        let Some(line) = self.line(buffer, ProtocolError::LengthTooLong)? else {
            return Ok(None);
        };
        match buffer.get(line.start) {
            Some(b'$') => {}
            Some(&other) => return Err(ProtocolError::NotABulk(other)),
            None => return Ok(None),
        }
        let length = number_after_sign(buffer, &line).ok_or(ProtocolError::BulkLength)?;
        if length > limits.bulk_bytes_max {
            return Err(ProtocolError::BulkLength);
        }
        if limits.stranger && length > STRANGER_BULK_BYTES_MAX {
            return Err(ProtocolError::StrangerBulkLength);
        }
        let length = usize::try_from(length).map_err(|_| ProtocolError::BulkLength)?;
        if self.at - self.start + length > limits.request_bytes_max {
            return Err(ProtocolError::RequestTooLong);
        }
        Ok(Some(length))
    }

    /// The line from `at` to its CRLF, which is stepped over; `None`: it has no end yet.
    fn line(
        &mut self,
        buffer: &[u8],
        endless: ProtocolError,
    ) -> Result<Option<Range<usize>>, ProtocolError> {
        let from = self.at + self.searched;
        let unseen = buffer.get(from..).unwrap_or(&[]);
        let found = unseen.iter().position(|byte| *byte == b'\r');
        let Some(end) = found
            .map(|found| from + found)
            .filter(|end| end + 1 < buffer.len())
        else {
            self.searched += found.unwrap_or(unseen.len());
            return if self.searched > LINE_BYTES_MAX {
                Err(endless)
            } else {
                Ok(None)
            };
        };
        let line = self.at..end;
        self.searched = 0;
        self.at = end + 2;
        Ok(Some(line))
    }

    /// A line of words; false: the buffer ends first.
    fn inline(&mut self, buffer: &[u8]) -> Result<bool, ProtocolError> {
        let from = self.at + self.searched;
        let unseen = buffer.get(from..).unwrap_or(&[]);
        let Some(found) = unseen.iter().position(|byte| *byte == b'\n') else {
            self.searched += unseen.len();
            if self.searched > LINE_BYTES_MAX {
                return Err(ProtocolError::InlineTooLong);
            }
            return Ok(false);
        };
        let line = buffer.get(self.at..from + found).unwrap_or(&[]);
        let words = inline::split(line.strip_suffix(b"\r").unwrap_or(line));
        let words = words.ok_or(ProtocolError::Quotes)?;
        self.places.extend(words.into_iter().map(Place::Word));
        self.searched = 0;
        self.at = from + found + 1;
        Ok(true)
    }

    /// Cuts the complete requests off the buffer and hands out slices of them.
    fn deliver(&mut self, buffer: &mut BytesMut, requests: &mut Requests) {
        if self.start == 0 {
            return;
        }
        let bytes = buffer.split_to(self.start).freeze();
        let before = requests.args.len();
        let complete = self.ends.last().copied().unwrap_or(0);
        requests
            .args
            .extend(self.places.drain(..complete).map(|place| match place {
                Place::Slice(range) => bytes.slice(range),
                Place::Word(word) => word,
            }));
        requests
            .ends
            .extend(self.ends.drain(..).map(|end| before + end));
        for place in &mut self.places {
            if let Place::Slice(range) = place {
                *range = range.start - self.start..range.end - self.start;
            }
        }
        // One giant request must not pin its table of places for ever.
        if self.places.is_empty() && self.places.capacity() > PLACES_KEPT_MAX {
            self.places = Vec::new();
        }
        self.at -= self.start;
        self.start = 0;
    }
}

/// The number behind the `*` or `$` of a line: a length, or -1 and the like for "none".
fn number_after_sign(buffer: &[u8], line: &Range<usize>) -> Option<i64> {
    parse_i64(buffer.get(line.start + 1..line.end)?)
}
