//! A load generator for any server that speaks NATS, so that two are asked by the same client.
//!
//!     load ADDRESS publish SIZE COUNT       one publisher, one subscriber that hears it all
//!     load ADDRESS request WINDOW COUNT     requests to a responder, so many on their way
//!     load ADDRESS stream WINDOW COUNT      128 bytes into a stream, so many unacknowledged
//!
//! Prints messages (requests, acknowledgements) per second. Bare sockets and threads: what is
//! measured is the server. Every answer is counted, and the last one is waited for.

// A tool on the other side of the socket: real threads, the real clock.
#![allow(clippy::disallowed_methods, clippy::print_stdout)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// What is written at a time while flooding.
const CHUNK_BYTES: usize = 64 * 1024;
/// No answer for so long is a failure.
const SILENCE_MAX: Duration = Duration::from_secs(20);
/// What a message of a stream says, bytes.
const STREAM_MESSAGE_BYTES: usize = 128;

fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let [address, kind, by, count] = words.as_slice() else {
        return Err("load ADDRESS publish|request|stream SIZE_OR_WINDOW COUNT".into());
    };
    let (by, count) = (by.parse()?, count.parse()?);
    let took = match *kind {
        "publish" => publish(address, by, count)?,
        "request" => request(address, by, count)?,
        "stream" => stream(address, by, count)?,
        other => return Err(format!("{other}: publish, request or stream").into()),
    };
    println!("{:.0}", f64::from(count) / took.as_secs_f64());
    Ok(())
}

/// One connection.
struct Connection {
    reader: BufReader<TcpStream>,
}

/// One message, or nothing of interest.
struct Heard {
    reply: String,
    is_refused: bool,
}

impl Connection {
    /// Connected, introduced, subscribed; the server has done it all.
    fn open(address: &str, subscriptions: &[&str]) -> Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(SILENCE_MAX))?;
        stream.set_write_timeout(Some(SILENCE_MAX))?;
        let mut connection = Self {
            reader: BufReader::with_capacity(256 * 1024, stream),
        };
        let mut hello = "CONNECT {\"verbose\":false,\"headers\":true}\r\n".to_owned();
        for (sid, subject) in subscriptions.iter().enumerate() {
            hello += &format!("SUB {subject} {}\r\n", sid + 1);
        }
        connection.write((hello + "PING\r\n").as_bytes())?;
        while connection.line()? != "PONG" {}
        Ok(connection)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        Ok(self.reader.get_mut().write_all(bytes)?)
    }

    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        if self.reader.read_line(&mut line)? == 0 {
            return Err("the server hung up".into());
        }
        Ok(line.trim_end().to_owned())
    }

    /// The next message.
    fn message(&mut self) -> Result<Heard> {
        loop {
            let line = self.line()?;
            if line == "PING" {
                self.write(b"PONG\r\n")?;
                continue;
            }
            if line.starts_with("-ERR") {
                return Err(line.into());
            }
            let fields: Vec<&str> = line.split(' ').collect();
            let named = match fields.first() {
                Some(&"MSG") => fields.len() - 1,
                Some(&"HMSG") => fields.len() - 2,
                _ => continue,
            };
            let size: usize = fields.last().copied().unwrap_or_default().parse()?;
            let mut body = vec![0; size + 2];
            self.reader.read_exact(&mut body)?;
            let reply = if named == 4 { fields.get(3) } else { None };
            return Ok(Heard {
                reply: reply.copied().unwrap_or_default().to_owned(),
                is_refused: body.windows(7).any(|bytes| bytes == b"\"error\""),
            });
        }
    }
}

/// Floods one subject; ends when the subscriber has every byte.
fn publish(address: &str, size: u32, count: u32) -> Result<Duration> {
    let mut subscriber = Connection::open(address, &["bench.flood"])?;
    let mut publisher = Connection::open(address, &[])?;
    let payload = "x".repeat(size as usize);
    let frame = format!("PUB bench.flood {size}\r\n{payload}\r\n");
    let heard = format!("MSG bench.flood 1 {size}\r\n{payload}\r\n");
    let begun = Instant::now();
    std::thread::scope(|scope| {
        let reading = scope.spawn(move || -> Result<()> {
            let mut left = heard.len() as u64 * u64::from(count);
            let mut chunk = vec![0; 256 * 1024];
            while left > 0 {
                let read = subscriber.reader.read(&mut chunk)?;
                if read == 0 {
                    return Err("the subscriber was cut off".into());
                }
                left = left.saturating_sub(read as u64);
            }
            Ok(())
        });
        let per_chunk = (CHUNK_BYTES / frame.len()).max(1);
        let chunk = frame.repeat(per_chunk);
        let mut left = count as usize;
        while left > 0 {
            let now = left.min(per_chunk);
            let bytes = chunk.as_bytes().get(..now * frame.len());
            publisher.write(bytes.unwrap_or_default())?;
            left -= now;
        }
        reading.join().map_err(|_| "the subscriber panicked")?
    })?;
    Ok(begun.elapsed())
}

/// Requests to one responder; ends when every answer has come.
fn request(address: &str, window: u32, count: u32) -> Result<Duration> {
    let mut responder = Connection::open(address, &["bench.service"])?;
    let mut asker = Connection::open(address, &["_INBOX.bench.>"])?;
    let begun = Instant::now();
    std::thread::scope(|scope| {
        let answering = scope.spawn(move || -> Result<()> {
            for _ in 0..count {
                let asked = responder.message()?;
                let answer = format!("PUB {} 16\r\n0123456789abcdef\r\n", asked.reply);
                responder.write(answer.as_bytes())?;
            }
            Ok(())
        });
        let ask = "PUB bench.service _INBOX.bench.1 16\r\n0123456789abcdef\r\n";
        keep_asking(&mut asker, ask, window, count)?;
        answering.join().map_err(|_| "the responder panicked")?
    })?;
    Ok(begun.elapsed())
}

/// Publishes into a new stream; ends when everything is acknowledged.
fn stream(address: &str, window: u32, count: u32) -> Result<Duration> {
    let mut publisher = Connection::open(address, &["_INBOX.bench.>"])?;
    let config = r#"{"name":"BENCH","subjects":["bench.stream"],"storage":"file"}"#;
    let size = config.len();
    let create = format!("PUB $JS.API.STREAM.CREATE.BENCH _INBOX.bench.0 {size}\r\n{config}\r\n");
    publisher.write(create.as_bytes())?;
    if publisher.message()?.is_refused {
        return Err("the stream was refused".into());
    }
    let payload = "x".repeat(STREAM_MESSAGE_BYTES);
    let frame = format!("PUB bench.stream _INBOX.bench.1 {STREAM_MESSAGE_BYTES}\r\n{payload}\r\n");
    let begun = Instant::now();
    keep_asking(&mut publisher, &frame, window, count)?;
    Ok(begun.elapsed())
}

/// Says the same again and again, with so many answers outstanding.
fn keep_asking(connection: &mut Connection, frame: &str, window: u32, count: u32) -> Result<()> {
    let first = window.min(count);
    connection.write(frame.repeat(first as usize).as_bytes())?;
    let mut left = count - first;
    let mut answered = 0;
    while answered < count {
        // All that has come is answered with one write.
        let mut heard = 0;
        while heard == 0 || (connection.reader.buffer().len() > 1024 && answered + heard < count) {
            if connection.message()?.is_refused {
                return Err("an answer is an error".into());
            }
            heard += 1;
        }
        answered += heard;
        let next = heard.min(left);
        connection.write(frame.repeat(next as usize).as_bytes())?;
        left -= next;
    }
    Ok(())
}
