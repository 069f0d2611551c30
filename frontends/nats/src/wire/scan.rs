//! The scanner: one operation off the front of a client's bytes, or why there cannot be one.

use super::subject;

/// The longest control line, without its line ending.
pub const CONTROL_LINE_BYTES_MAX: usize = 4096;

/// One operation of a client.
#[derive(Debug, PartialEq, Eq)]
pub enum Op<'a> {
    /// CONNECT and its JSON.
    Connect(&'a [u8]),
    /// PING.
    Ping,
    /// PONG.
    Pong,
    /// PUB or HPUB.
    Publish(Publish<'a>),
    /// SUB.
    Subscribe {
        /// Which subjects.
        subject: &'a [u8],
        /// The queue group; empty = none.
        group: &'a [u8],
        /// The client's name for it.
        sid: &'a [u8],
    },
    /// UNSUB, at once or after so many messages in all.
    Unsubscribe {
        /// The client's name for it.
        sid: &'a [u8],
        /// 0 = at once.
        after: u64,
    },
    /// Something a server says, which a client may echo: ignored.
    Idle,
}

/// What PUB and HPUB say.
#[derive(Debug, PartialEq, Eq)]
pub struct Publish<'a> {
    /// Where to.
    pub subject: &'a [u8],
    /// Where answers go; empty = nowhere.
    pub reply: &'a [u8],
    /// The header block; empty = none.
    pub headers: &'a [u8],
    /// What.
    pub payload: &'a [u8],
}

/// Why a conversation cannot go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Broken {
    /// A word that is no operation, or a payload longer than its size.
    UnknownOperation,
    /// A payload longer than the door takes.
    PayloadTooLarge,
    /// A line without an end.
    ControlLineTooLong,
    /// Arguments that make no sense: the connection is closed without a word.
    Silent,
}

impl Broken {
    /// The text of the error, if one is sent.
    #[must_use]
    pub fn text(self) -> Option<&'static str> {
        match self {
            Self::UnknownOperation => Some("Unknown Protocol Operation"),
            Self::PayloadTooLarge => Some("Maximum Payload Violation"),
            Self::ControlLineTooLong => Some("maximum control line exceeded"),
            Self::Silent => None,
        }
    }
}

/// What the scanner must know of the conversation.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The largest payload, headers included.
    pub payload_bytes_max: usize,
    /// May the client send headers?
    pub headers: bool,
}

/// Scans a client's bytes; remembers how many must have come before it is worth looking again.
#[derive(Debug, Default)]
pub struct Scanner {
    needed: usize,
}

/// An operation, and how many bytes it took.
pub type Scanned<'a> = Option<(Op<'a>, usize)>;

impl Scanner {
    /// The first operation in `buffer`, or `None` if it has not come in full.
    ///
    /// # Errors
    /// What is wrong with the bytes; the conversation ends there.
    pub fn next<'a>(&mut self, buffer: &'a [u8], limits: &Limits) -> Result<Scanned<'a>, Broken> {
        if buffer.is_empty() || buffer.len() < self.needed {
            return Ok(None);
        }
        let Some(end) = line_end(buffer)? else {
            refuse_early(buffer)?;
            return Ok(None);
        };
        let line = buffer.get(..end).unwrap_or_default();
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let (name, args) = split_name(line);
        let body_at = end + 1;
        let op = match operation(name)? {
            Name::Connect => Op::Connect(args.trim_ascii()),
            Name::Ping => Op::Ping,
            Name::Pong => Op::Pong,
            Name::Idle => Op::Idle,
            Name::Sub => subscribe(args)?,
            Name::Unsub => unsubscribe(args)?,
            Name::Pub => return self.publish(buffer, args, body_at, false, limits),
            Name::Hpub if !limits.headers => return Err(Broken::Silent),
            Name::Hpub => return self.publish(buffer, args, body_at, true, limits),
        };
        self.needed = 0;
        Ok(Some((op, body_at)))
    }

    fn publish<'a>(
        &mut self,
        buffer: &'a [u8],
        args: &'a [u8],
        body_at: usize,
        with_headers: bool,
        limits: &Limits,
    ) -> Result<Scanned<'a>, Broken> {
        let announced = Announced::read(args, with_headers)?;
        if announced.total > limits.payload_bytes_max {
            return Err(Broken::PayloadTooLarge);
        }
        let payload_end = body_at + announced.total;
        let after = buffer.get(payload_end..).unwrap_or_default();
        if !b"\r\n".starts_with(after.get(..2).unwrap_or(after)) {
            return Err(Broken::UnknownOperation);
        }
        if after.len() < 2 {
            self.needed = payload_end + 2;
            return Ok(None);
        }
        let body = buffer.get(body_at..payload_end).unwrap_or_default();
        let (headers, payload) = body.split_at(announced.headers.min(body.len()));
        self.needed = 0;
        let publish = Publish {
            subject: announced.subject,
            reply: announced.reply,
            headers,
            payload,
        };
        Ok(Some((Op::Publish(publish), payload_end + 2)))
    }
}

/// Where the line ends, if it has come.
fn line_end(buffer: &[u8]) -> Result<Option<usize>, Broken> {
    let seen = buffer.get(..CONTROL_LINE_BYTES_MAX + 16).unwrap_or(buffer);
    match seen.iter().position(|byte| *byte == b'\n') {
        Some(end) if end <= CONTROL_LINE_BYTES_MAX + 1 => Ok(Some(end)),
        Some(_) => Err(Broken::ControlLineTooLong),
        None if buffer.len() > CONTROL_LINE_BYTES_MAX + 1 => Err(Broken::ControlLineTooLong),
        None => Ok(None),
    }
}

#[derive(Clone, Copy)]
enum Name {
    Connect,
    Ping,
    Pong,
    Pub,
    Hpub,
    Sub,
    Unsub,
    Idle,
}

const NAMES: [(&str, Name); 10] = [
    ("PUB", Name::Pub),
    ("HPUB", Name::Hpub),
    ("SUB", Name::Sub),
    ("UNSUB", Name::Unsub),
    ("PING", Name::Ping),
    ("PONG", Name::Pong),
    ("CONNECT", Name::Connect),
    ("INFO", Name::Idle),
    ("+OK", Name::Idle),
    ("-ERR", Name::Idle),
];

fn operation(name: &[u8]) -> Result<Name, Broken> {
    let is_name = |(known, _): &&(&str, Name)| name.eq_ignore_ascii_case(known.as_bytes());
    let found = NAMES.iter().find(is_name);
    found.map(|(_, name)| *name).ok_or(Broken::UnknownOperation)
}

/// A line that cannot become an operation is refused before its end comes.
fn refuse_early(buffer: &[u8]) -> Result<(), Broken> {
    let (name, args) = split_name(buffer);
    let is_start = |known: &str| {
        known
            .as_bytes()
            .get(..name.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(name))
    };
    let is_possible = match args.is_empty() && !buffer.ends_with(b" ") {
        true => {
            let name = name.strip_suffix(b"\r").unwrap_or(name);
            NAMES
                .iter()
                .any(|(known, _)| is_start(known) || known.as_bytes().eq_ignore_ascii_case(name))
        }
        false => operation(name).is_ok(),
    };
    if is_possible {
        Ok(())
    } else {
        Err(Broken::UnknownOperation)
    }
}

fn split_name(line: &[u8]) -> (&[u8], &[u8]) {
    match line.iter().position(|byte| is_space(*byte)) {
        Some(at) => line.split_at(at),
        None => (line, b""),
    }
}

fn is_space(byte: u8) -> bool {
    byte == b' ' || byte == b'\t'
}

/// The fields of a line, split on runs of spaces and tabs. One more than wanted tells that
/// there are too many.
fn fields<const N: usize>(args: &[u8]) -> Result<([&[u8]; N], usize), Broken> {
    let mut fields: [&[u8]; N] = [b""; N];
    let mut count = 0;
    let found = args.split(|byte| is_space(*byte) || *byte == b'\r');
    for field in found.filter(|field| !field.is_empty()) {
        *fields.get_mut(count).ok_or(Broken::Silent)? = field;
        count += 1;
    }
    Ok((fields, count))
}

fn subscribe(args: &[u8]) -> Result<Op<'_>, Broken> {
    let ([subject, second, third], count) = fields::<3>(args)?;
    match count {
        2 => Ok(Op::Subscribe {
            subject,
            group: b"",
            sid: second,
        }),
        3 => Ok(Op::Subscribe {
            subject,
            group: second,
            sid: third,
        }),
        _ => Err(Broken::Silent),
    }
}

fn unsubscribe(args: &[u8]) -> Result<Op<'_>, Broken> {
    let ([sid, after], count) = fields::<2>(args)?;
    match count {
        1 => Ok(Op::Unsubscribe { sid, after: 0 }),
        2 => {
            // A size that is no number means at once.
            let after = number(after).unwrap_or(0);
            Ok(Op::Unsubscribe {
                sid,
                after: u64::try_from(after).unwrap_or(u64::MAX),
            })
        }
        _ => Err(Broken::Silent),
    }
}

/// What the control line of PUB or HPUB announces.
struct Announced<'a> {
    subject: &'a [u8],
    reply: &'a [u8],
    headers: usize,
    total: usize,
}

impl<'a> Announced<'a> {
    fn read(args: &'a [u8], with_headers: bool) -> Result<Self, Broken> {
        let sizes = if with_headers { 2 } else { 1 };
        let (fields, count) = fields::<4>(args)?;
        let named = count
            .checked_sub(sizes)
            .filter(|named| (1..=2).contains(named));
        let named = named.ok_or(Broken::Silent)?;
        let [subject, second, ..] = fields;
        let size = |at: usize| {
            let field = fields.get(at).copied().unwrap_or_default();
            number(field).ok_or(Broken::Silent)
        };
        let total = size(count - 1)?;
        let headers = if with_headers { size(named)? } else { 0 };
        if headers > total {
            return Err(Broken::Silent);
        }
        Ok(Self {
            subject,
            reply: if named == 2 { second } else { b"" },
            headers,
            total,
        })
    }
}

/// A size: digits, nine at most.
fn number(field: &[u8]) -> Option<usize> {
    if field.is_empty() || field.len() > 9 {
        return None;
    }
    field.iter().try_fold(0usize, |value, byte| {
        byte.is_ascii_digit()
            .then(|| value * 10 + usize::from(byte - b'0'))
    })
}

/// Whether a PUB's subject may be sent to, as pedantic clients want it checked.
#[must_use]
pub fn is_publishable(name: &[u8]) -> bool {
    subject::is_valid_literal(name)
}

#[cfg(test)]
#[path = "scan_test.rs"]
mod tests;
