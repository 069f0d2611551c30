//! A connection to the nats door: says lines, hears messages.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

use clap::{Arg, ArgMatches};

use super::{NATS, text};
use crate::cli::Failure;

/// The longest payload it is willing to read, bytes.
const PAYLOAD_BYTES_MAX: usize = 64 << 20;
/// The longest line it is willing to read, bytes.
const LINE_BYTES_MAX: u64 = 64 << 10;

/// How to say who one is.
pub fn words() -> [Arg; 4] {
    let word = |name: &'static str, value: &'static str, help: &'static str| {
        Arg::new(name).long(name).value_name(value).help(help)
    };
    [
        NATS.word(),
        word("token", "TOKEN", "The token it asks for"),
        word("user", "NAME", "The user it asks for"),
        word("password", "PASSWORD", "The user's password"),
    ]
}

/// A connection that has been let in.
pub struct Wire {
    stream: BufReader<TcpStream>,
}

impl Wire {
    /// Connects as the command line says.
    pub fn connect(words: &ArgMatches) -> Result<Self, Failure> {
        let who = serde_json::json!({
            "auth_token": words.get_one::<String>("token"),
            "user": words.get_one::<String>("user"),
            "pass": words.get_one::<String>("password"),
        });
        Self::connect_as(text(words, NATS.name), who)
    }

    /// Connects to an address; `who` has the members of CONNECT that say who one is.
    pub fn connect_as(address: &str, who: serde_json::Value) -> Result<Self, Failure> {
        let mut wire = Self {
            stream: BufReader::new(NATS.connect(address)?),
        };
        let mut connect = serde_json::json!({
            "verbose": false, "pedantic": false, "headers": true, "no_responders": true,
            "protocol": 1, "name": "stele", "lang": "stele",
        });
        if let (Some(all), serde_json::Value::Object(who)) = (connect.as_object_mut(), who) {
            all.extend(who);
        }
        wire.say(&format!("CONNECT {connect}\r\nPING\r\n"))?;
        wire.until_pong()?;
        Ok(wire)
    }

    pub fn say(&mut self, words: &str) -> Result<(), Failure> {
        let stream = self.stream.get_mut();
        stream.write_all(words.as_bytes()).map_err(Failure::running)
    }

    /// Waits until the server has done all that was said before a PING.
    pub fn until_pong(&mut self) -> Result<(), Failure> {
        loop {
            match self.line()? {
                Some(line) if line == "PONG" => return Ok(()),
                Some(_) => {}
                None => return Err(gone()),
            }
        }
    }

    /// The next message: its subject and payload, headers left out. `None` at the end.
    pub fn message(&mut self) -> Result<Option<(String, Vec<u8>)>, Failure> {
        while let Some(line) = self.line()? {
            let fields: Vec<&str> = line.split(' ').collect();
            let [kind @ ("MSG" | "HMSG"), subject, .., total] = fields.as_slice() else {
                continue;
            };
            let size = |field: Option<&&str>| field.and_then(|field| field.parse::<usize>().ok());
            let total = size(Some(total)).filter(|total| *total <= PAYLOAD_BYTES_MAX);
            let total = total.ok_or_else(|| Failure::running("a message of no size"))?;
            let headers = match *kind {
                "HMSG" => size(fields.get(fields.len().saturating_sub(2))).unwrap_or(0),
                _ => 0,
            };
            let mut body = vec![0; total + 2];
            self.stream
                .read_exact(&mut body)
                .map_err(Failure::running)?;
            body.truncate(total);
            let payload = body.split_off(headers.min(total));
            return Ok(Some(((*subject).to_string(), payload)));
        }
        Ok(None)
    }

    /// The next line, the server's questions answered; `None` at the end.
    fn line(&mut self) -> Result<Option<String>, Failure> {
        loop {
            let mut line = String::new();
            let mut limited = (&mut self.stream).take(LINE_BYTES_MAX);
            let read = limited.read_line(&mut line).map_err(Failure::running)?;
            let line = line.trim_end();
            if read == 0 {
                return Ok(None);
            }
            if let Some(error) = line.strip_prefix("-ERR ") {
                return Err(Failure::running(format!("the server says {error}")));
            }
            if line == "PING" {
                self.say("PONG\r\n")?;
                continue;
            }
            return Ok(Some(line.to_string()));
        }
    }
}

/// The connection ended before the answer came.
pub fn gone() -> Failure {
    Failure::running("the server closed the connection")
}
