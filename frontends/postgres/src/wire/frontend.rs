//! Messages from the client: found in the buffer, bounded, and taken apart without a panic.
//!
//! pgwire's own decoder reads counts from bodies it has not measured and replaces invalid
//! UTF-8; both are wrong for a server, so this side of the wire is ours.

use bytes::{Buf, Bytes, BytesMut};

/// What the client says once it is connected. Text is bytes here: whether it is UTF-8 is
/// the handler's question, because the answer is an ordinary error.
#[derive(Debug, PartialEq)]
pub enum Frontend {
    /// A simple query.
    Query(Bytes),
    /// Prepare a statement.
    Parse {
        /// The statement's name, empty for the unnamed one.
        name: Bytes,
        /// Its text.
        query: Bytes,
        /// Parameter types, 0 for unspecified.
        types: Vec<u32>,
    },
    /// Give a statement its parameters.
    Bind {
        /// The portal's name.
        portal: Bytes,
        /// The statement's name.
        statement: Bytes,
        /// Formats of the parameters: none, one for all, or one each.
        formats: Vec<i16>,
        /// The parameters, `None` for NULL.
        params: Vec<Option<Bytes>>,
        /// Formats of the results.
        results: Vec<i16>,
    },
    /// Describe a statement (`S`) or a portal (`P`).
    Describe(u8, Bytes),
    /// Close a statement (`S`) or a portal (`P`).
    Close(u8, Bytes),
    /// Run a portal for so many rows, 0 for all.
    Execute(Bytes, i32),
    /// Send what is buffered.
    Flush,
    /// End of a pipeline.
    Sync,
    /// Goodbye.
    Terminate,
    /// A piece of COPY data.
    CopyData(Bytes),
    /// No more COPY data.
    CopyDone,
    /// COPY given up by the client, and why.
    CopyFail(Bytes),
    /// A password, or a step of SASL.
    Password(Bytes),
}

/// A message that breaks the protocol: the connection ends.
#[derive(Debug, PartialEq, Eq)]
pub struct Broken(pub String);

/// The largest body of a message that carries data.
pub const MESSAGE_BYTES_MAX: usize = 256 << 20;
/// The largest body of a message that does not.
const SMALL_BYTES_MAX: usize = 30_000;
/// The largest body of a password message.
const PASSWORD_BYTES_MAX: usize = 65_535;

/// Takes one whole message off the front of `buffer`, or `None` when more bytes are needed.
///
/// A length beyond the limit is refused on sight of the header, before its body is awaited.
///
/// # Errors
/// On an unknown type, an impossible length, or a body that does not add up.
pub fn next(buffer: &mut BytesMut) -> Result<Option<Frontend>, Broken> {
    let Some((tag, length)) = header(buffer)? else {
        return Ok(None);
    };
    if buffer.len() < length + 1 {
        return Ok(None);
    }
    buffer.advance(5);
    let body = buffer.split_to(length - 4).freeze();
    message(tag, body).map(Some)
}

/// Whether the next message, already received, is Sync.
pub fn is_sync_next(buffer: &BytesMut) -> bool {
    buffer.first() == Some(&b'S')
}

fn header(buffer: &BytesMut) -> Result<Option<(u8, usize)>, Broken> {
    let Some(tag) = buffer.first().copied() else {
        return Ok(None);
    };
    let limit = match tag {
        b'Q' | b'P' | b'B' | b'd' => MESSAGE_BYTES_MAX,
        b'p' => PASSWORD_BYTES_MAX,
        b'D' | b'C' | b'E' | b'H' | b'S' | b'X' | b'c' | b'f' => SMALL_BYTES_MAX,
        _ => return Err(Broken(format!("invalid frontend message type {tag}"))),
    };
    let Some(Ok(bytes)) = buffer.get(1..5).map(<[u8; 4]>::try_from) else {
        return Ok(None);
    };
    match usize::try_from(i32::from_be_bytes(bytes)) {
        Ok(length) if (4..=limit).contains(&length) => Ok(Some((tag, length))),
        _ => Err(Broken("invalid message length".to_owned())),
    }
}

fn message(tag: u8, body: Bytes) -> Result<Frontend, Broken> {
    let mut body = Body(body);
    let message = match tag {
        b'Q' => Frontend::Query(body.text()?),
        b'P' => Frontend::Parse {
            name: body.text()?,
            query: body.text()?,
            types: body.list(|body| body.u32())?,
        },
        b'B' => Frontend::Bind {
            portal: body.text()?,
            statement: body.text()?,
            formats: body.list(|body| body.i16())?,
            params: body.list(Body::value)?,
            results: body.list(|body| body.i16())?,
        },
        b'D' => Frontend::Describe(body.u8()?, body.text()?),
        b'C' => Frontend::Close(body.u8()?, body.text()?),
        b'E' => Frontend::Execute(body.text()?, body.i32()?),
        b'H' => Frontend::Flush,
        b'S' => Frontend::Sync,
        b'X' => Frontend::Terminate,
        b'd' => return Ok(Frontend::CopyData(body.0)),
        b'c' => Frontend::CopyDone,
        b'f' => Frontend::CopyFail(body.text()?),
        b'p' => return Ok(Frontend::Password(body.0)),
        _ => return Err(Broken(format!("invalid frontend message type {tag}"))),
    };
    match body.0.is_empty() {
        true => Ok(message),
        false => Err(Broken("invalid message format".to_owned())),
    }
}

/// The body of a message, read from the front; every read checks what is left.
pub struct Body(pub Bytes);

impl Body {
    /// The bytes up to a NUL, which is consumed.
    pub fn text(&mut self) -> Result<Bytes, Broken> {
        let Some(end) = self.0.iter().position(|byte| *byte == 0) else {
            return Err(Broken("invalid string in message".to_owned()));
        };
        let text = self.0.split_to(end);
        self.0.advance(1);
        Ok(text)
    }

    /// Exactly so many bytes.
    pub fn bytes(&mut self, count: usize) -> Result<Bytes, Broken> {
        match count <= self.0.len() {
            true => Ok(self.0.split_to(count)),
            false => Err(short()),
        }
    }

    /// A four-byte number.
    pub fn i32(&mut self) -> Result<i32, Broken> {
        self.0.try_get_i32().map_err(|_| short())
    }

    fn u8(&mut self) -> Result<u8, Broken> {
        self.0.try_get_u8().map_err(|_| short())
    }

    fn i16(&mut self) -> Result<i16, Broken> {
        self.0.try_get_i16().map_err(|_| short())
    }

    fn u32(&mut self) -> Result<u32, Broken> {
        self.0.try_get_u32().map_err(|_| short())
    }

    fn value(&mut self) -> Result<Option<Bytes>, Broken> {
        match self.i32()? {
            -1 => Ok(None),
            length => self
                .bytes(usize::try_from(length).map_err(|_| short())?)
                .map(Some),
        }
    }

    /// A counted list; an item has at least two bytes, so a false count cannot allocate much.
    fn list<T>(&mut self, item: impl Fn(&mut Self) -> Result<T, Broken>) -> Result<Vec<T>, Broken> {
        let count = usize::from(self.0.try_get_u16().map_err(|_| short())?);
        if count * 2 > self.0.len() {
            return Err(short());
        }
        (0..count).map(|_| item(self)).collect()
    }
}

fn short() -> Broken {
    Broken("insufficient data left in message".to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn framed(tag: u8, body: &[u8]) -> BytesMut {
        let mut out = BytesMut::from(&[tag][..]);
        out.extend_from_slice(&i32::try_from(body.len() + 4).unwrap_or(0).to_be_bytes());
        out.extend_from_slice(body);
        out
    }

    #[test]
    fn a_giant_length_is_refused_before_its_body() {
        let mut buffer = BytesMut::from(&[b'Q', 0x7f, 0xff, 0xff, 0xff][..]);
        assert!(next(&mut buffer).is_err());
        let mut buffer = BytesMut::from(&[b'S', 0, 0, 0x80, 0][..]);
        assert!(next(&mut buffer).is_err());
    }

    #[test]
    fn half_a_message_waits_for_the_rest() {
        let whole = framed(b'Q', b"select 1\0");
        for cut in 0..whole.len() {
            let mut buffer = BytesMut::from(&whole[..cut]);
            assert_eq!(next(&mut buffer), Ok(None));
            assert_eq!(buffer.len(), cut);
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(tag in any::<u8>(), body in proptest::collection::vec(any::<u8>(), 0..64)) {
            let mut buffer = framed(tag, &body);
            let _ = next(&mut buffer);
        }
    }
}
