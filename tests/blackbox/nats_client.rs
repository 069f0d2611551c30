//! A NATS client of one page: what it says and hears is bytes, so that a test sees them.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// One message as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    pub subject: String,
    pub reply: String,
    pub headers: String,
    pub payload: String,
}

impl Heard {
    /// The value of a header.
    pub fn header(&self, key: &str) -> Option<&str> {
        let lines = self.headers.split("\r\n");
        lines
            .filter_map(|line| line.split_once(": "))
            .find(|(name, _)| *name == key)
            .map(|(_, value)| value)
    }
}

pub struct NatsClient {
    pub stream: BufReader<TcpStream>,
    inbox: u64,
}

impl NatsClient {
    /// Connected, introduced, with an inbox at `_I.>`.
    pub fn connect(address: SocketAddr) -> std::io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        // A server that neither reads nor answers fails the test; it does not hold it up.
        stream.set_read_timeout(Some(Duration::from_secs(20)))?;
        stream.set_write_timeout(Some(Duration::from_secs(20)))?;
        let mut client = Self {
            stream: BufReader::new(stream),
            inbox: 0,
        };
        client.say(
            "CONNECT {\"verbose\":false,\"headers\":true,\"no_responders\":true,\"protocol\":1}\r\n\
             SUB _I.> 1\r\nPING\r\n",
        )?;
        client.until("PONG")?;
        Ok(client)
    }

    pub fn say(&mut self, words: &str) -> std::io::Result<()> {
        self.stream.get_mut().write_all(words.as_bytes())
    }

    /// Subscribes, and returns when the server has done it.
    pub fn subscribe(&mut self, subject: &str) {
        self.say(&format!("SUB {subject} 2\r\nPING\r\n")).unwrap();
        self.until("PONG").unwrap();
    }

    /// Reads lines until this one.
    pub fn until(&mut self, wanted: &str) -> std::io::Result<()> {
        loop {
            let line = self.line()?;
            if line == wanted {
                return Ok(());
            }
        }
    }

    pub fn line(&mut self) -> std::io::Result<String> {
        let mut line = String::new();
        if self.stream.read_line(&mut line)? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        Ok(line.trim_end().to_string())
    }

    /// The next message.
    pub fn message(&mut self) -> std::io::Result<Heard> {
        loop {
            let line = self.line()?;
            if line == "PING" {
                self.say("PONG\r\n")?;
            }
            let fields: Vec<&str> = line.split(' ').collect();
            let (sizes, is_message) = match fields[0] {
                "MSG" => (1, true),
                "HMSG" => (2, true),
                _ => (0, false),
            };
            if !is_message {
                continue;
            }
            let named = fields.len() - sizes;
            let total: usize = fields[fields.len() - 1].parse().unwrap();
            let headers = if sizes == 2 {
                fields[named].parse().unwrap()
            } else {
                0
            };
            let mut body = vec![0; total + 2];
            self.stream.read_exact(&mut body)?;
            assert!(body.ends_with(b"\r\n"), "a message is as long as it says");
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            return Ok(Heard {
                subject: fields[1].to_string(),
                reply: if named == 4 {
                    fields[3].to_string()
                } else {
                    String::new()
                },
                headers: text(&body[..headers]),
                payload: text(&body[headers..total]),
            });
        }
    }

    /// Asks, and waits for the one answer.
    pub fn ask(&mut self, subject: &str, payload: &str) -> Heard {
        self.inbox += 1;
        let length = payload.len();
        self.say(&format!(
            "PUB {subject} _I.{} {length}\r\n{payload}\r\n",
            self.inbox
        ))
        .unwrap();
        self.message().unwrap()
    }

    /// The same, with a JSON answer.
    pub fn ask_json(&mut self, subject: &str, payload: &str) -> serde_json::Value {
        let heard = self.ask(subject, payload);
        let json = serde_json::from_str(&heard.payload);
        json.unwrap_or_else(|error| panic!("{subject}: {error}: {heard:?}"))
    }
}
