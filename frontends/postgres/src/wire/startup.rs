//! The first words of a connection: encryption asked for and declined, a cancel request, or
//! the startup packet with its parameters.

use std::time::Duration;

use bytes::{Buf, BytesMut};
use pgwire::messages::startup::NegotiateProtocolVersion;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::frontend::Body;
use super::output::Output;
use crate::error::SqlError;

/// The longest first packet.
const PACKET_BYTES_MAX: usize = 10_000;
/// How long a client may take to say who it is, and again to prove it: both are the work of
/// milliseconds, a password's 4,096 rounds included.
pub const STARTUP_MS_MAX: u64 = 10_000;

const SSL_REQUEST: i32 = 80_877_103;
const GSS_REQUEST: i32 = 80_877_104;
const CANCEL_REQUEST: i32 = 80_877_102;

/// What a client turned out to want.
#[derive(Debug, PartialEq, Eq)]
pub enum Opening {
    /// To talk.
    Start(Start),
    /// To stop what another connection is doing.
    Cancel {
        /// Which connection.
        pid: i32,
        /// Its secret.
        secret: i32,
    },
    /// Nothing: it left, or never finished its first packet.
    Gone,
}

/// Who the client is and what it asks for.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Start {
    /// The user it claims to be.
    pub user: String,
    /// The database it wants.
    pub database: String,
    /// Settings, in the order given; those of `options` first.
    pub settings: Vec<(String, String)>,
}

/// Reads until the client has said what it wants. Slow clients are given up at a deadline.
///
/// # Errors
/// A packet that is no startup packet: the answer is FATAL and the end.
pub async fn open(
    stream: &mut TcpStream,
    input: &mut BytesMut,
    output: &mut Output,
) -> Result<Opening, SqlError> {
    let limit = Duration::from_millis(STARTUP_MS_MAX);
    match tokio::time::timeout(limit, converse(stream, input, output)).await {
        Ok(opening) => opening,
        Err(_) => Ok(Opening::Gone),
    }
}

async fn converse(
    stream: &mut TcpStream,
    input: &mut BytesMut,
    output: &mut Output,
) -> Result<Opening, SqlError> {
    // Each kind of encryption may be asked for once.
    for _ in 0..3 {
        let Some(mut body) = packet(stream, input).await? else {
            return Ok(Opening::Gone);
        };
        match body.i32().map_err(invalid)? {
            SSL_REQUEST | GSS_REQUEST => {
                // Bytes sent before our answer would be taken for encrypted ones later.
                if !input.is_empty() {
                    return Err(SqlError::new(
                        "08P01",
                        "received unencrypted data after an encryption request",
                    ));
                }
                if stream.write_all(b"N").await.is_err() {
                    return Ok(Opening::Gone);
                }
            }
            CANCEL_REQUEST => {
                let pid = body.i32().map_err(invalid)?;
                let secret = body.i32().map_err(invalid)?;
                return Ok(Opening::Cancel { pid, secret });
            }
            version => return start(version, body, output).map(Opening::Start),
        }
    }
    Err(SqlError::new("08P01", "too many encryption requests"))
}

async fn packet(stream: &mut TcpStream, input: &mut BytesMut) -> Result<Option<Body>, SqlError> {
    loop {
        if let Some(Ok(bytes)) = input.get(..4).map(<[u8; 4]>::try_from) {
            let length = usize::try_from(i32::from_be_bytes(bytes)).unwrap_or(0);
            if !(8..=PACKET_BYTES_MAX).contains(&length) {
                return Err(SqlError::new("08P01", "invalid length of startup packet"));
            }
            if input.len() >= length {
                input.advance(4);
                return Ok(Some(Body(input.split_to(length - 4).freeze())));
            }
        }
        match stream.read_buf(input).await {
            Ok(read) if read > 0 => {}
            _ => return Ok(None),
        }
    }
}

fn start(version: i32, mut body: Body, output: &mut Output) -> Result<Start, SqlError> {
    let (major, minor) = (version >> 16, version & 0xffff);
    if major != 3 {
        return Err(SqlError::new(
            "0A000",
            format!("unsupported frontend protocol {major}.{minor}: server supports 3.0 to 3.0"),
        ));
    }
    let mut start = Start::default();
    let mut unknown = Vec::new();
    loop {
        let name = text(&mut body)?;
        if name.is_empty() {
            break;
        }
        let value = text(&mut body)?;
        match name.as_str() {
            "user" => start.user = value,
            "database" => start.database = value,
            "replication" => {
                if !matches!(value.as_str(), "false" | "off" | "no" | "0") {
                    return Err(SqlError::new(
                        "0A000",
                        "replication connections are not supported",
                    ));
                }
            }
            "options" => {
                let given = options(&value)?;
                start.settings.splice(0..0, given);
            }
            name if name.starts_with("_pq_.") => unknown.push(name.to_owned()),
            _ => start.settings.push((name, value)),
        }
    }
    if !body.0.is_empty() {
        return Err(SqlError::new(
            "08P01",
            "invalid startup packet layout: expected terminator as last byte",
        ));
    }
    if minor > 0 || !unknown.is_empty() {
        output.message(&NegotiateProtocolVersion::new(0, unknown));
    }
    if start.user.is_empty() {
        return Err(SqlError::new(
            "28000",
            "no PostgreSQL user name specified in startup packet",
        ));
    }
    if start.database.is_empty() {
        start.database.clone_from(&start.user);
    }
    Ok(start)
}

/// The settings in `options`: `-c name=value`, `-cname=value`, `--name=value`; a backslash
/// keeps the next character.
fn options(text: &str) -> Result<Vec<(String, String)>, SqlError> {
    let mut settings = Vec::new();
    let mut words = words(text).into_iter();
    while let Some(word) = words.next() {
        let setting = if word == "-c" {
            words.next().unwrap_or_default()
        } else if let Some(rest) = word.strip_prefix("--").or_else(|| word.strip_prefix("-c")) {
            rest.to_owned()
        } else {
            return Err(SqlError::new(
                "42601",
                format!("invalid command-line argument for server process: {word}"),
            ));
        };
        let Some((name, value)) = setting.split_once('=') else {
            return Err(SqlError::new(
                "42601",
                format!("-c {setting} requires a value"),
            ));
        };
        settings.push((name.replace('-', "_"), value.to_owned()));
    }
    Ok(settings)
}

fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => word.extend(letters.next()),
            letter if letter.is_ascii_whitespace() => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
            }
            letter => word.push(letter),
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

fn text(body: &mut Body) -> Result<String, SqlError> {
    let bytes = body.text().map_err(invalid)?;
    super::utf8(&bytes).map(str::to_owned)
}

fn invalid(_: super::frontend::Broken) -> SqlError {
    SqlError::new(
        "08P01",
        "invalid startup packet layout: expected terminator as last byte",
    )
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    #[test]
    fn options_give_settings_and_keep_escaped_blanks() {
        let given =
            options(r"-c search_path=a\ b -cgeqo=off --statement-timeout=5").expect("valid");
        let names: Vec<_> = given
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        assert_eq!(
            names,
            ["search_path=a b", "geqo=off", "statement_timeout=5"]
        );
        assert!(options("-x").is_err());
    }

    #[test]
    fn a_newer_protocol_is_negotiated_down_and_another_one_refused() {
        let body = || Body(Bytes::from_static(b"user\0ann\0_pq_.x\0y\0\0"));
        let mut output = Output::default();
        let read = start(3 << 16 | 2, body(), &mut output).expect("accepted");
        assert_eq!((read.user.as_str(), read.database.as_str()), ("ann", "ann"));
        assert_eq!(output.buffer.first(), Some(&b'v'));
        assert!(start(2 << 16, body(), &mut Output::default()).is_err());
        let cut = Body(Bytes::from_static(b"user\0ann"));
        assert!(start(3 << 16, cut, &mut Output::default()).is_err());
    }
}
