//! `stele sub` and `stele pub`: thin clients of the nats door.
//!
//! `sub` prints a line for each message, its subject, a space, its payload, and hands it on at
//! once. `pub` returns when the server has the message; with `--ack`, when a stream has it on
//! disk, and prints what the stream said.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::TcpStream;

use clap::{Arg, ArgAction, ArgMatches, Command};

use super::Failure;

/// The longest payload it is willing to read, bytes.
const PAYLOAD_BYTES_MAX: usize = 64 << 20;
/// Where acknowledgements come.
const INBOX: &str = "_INBOX.stele.pub";

/// The words of `stele sub`.
pub fn sub_words() -> Command {
    Command::new("sub")
        .about("Prints the messages of a subject, one line each, as they come")
        .args(connection_words())
        .arg(
            Arg::new("count")
                .long("count")
                .value_name("N")
                .value_parser(clap::value_parser!(u64))
                .help("Ends after so many messages"),
        )
        .arg(subject_word(
            "Which subjects: * stands for one token, a last > for all that follow, as in 'db.users.>'",
        ))
}

/// The words of `stele pub`.
pub fn pub_words() -> Command {
    Command::new("pub")
        .about("Sends one message to a subject")
        .args(connection_words())
        .arg(
            Arg::new("ack")
                .long("ack")
                .action(ArgAction::SetTrue)
                .help("Waits until a stream has it on disk, and prints what the stream says"),
        )
        .arg(subject_word("Where to"))
        .arg(Arg::new("payload").value_name("PAYLOAD").required(true))
}

fn subject_word(help: &'static str) -> Arg {
    Arg::new("subject")
        .value_name("SUBJECT")
        .required(true)
        .help(help)
}

fn connection_words() -> [Arg; 4] {
    let word = |name: &'static str, value: &'static str, help: &'static str| {
        Arg::new(name).long(name).value_name(value).help(help)
    };
    [
        word("nats", "HOST:PORT", "The nats door").default_value("127.0.0.1:4222"),
        word("token", "TOKEN", "The token it asks for"),
        word("user", "NAME", "The user it asks for"),
        word("password", "PASSWORD", "The user's password"),
    ]
}

/// Runs `stele sub` until the server or the reader has gone.
pub fn sub(words: &ArgMatches) -> Result<(), Failure> {
    let mut wire = Wire::connect(words)?;
    let subject = text(words, "subject");
    let count = words.get_one::<u64>("count").copied();
    wire.say(&format!("SUB {subject} 1\r\nPING\r\n"))?;
    let mut seen = 0;
    while count.is_none_or(|count| seen < count) {
        let Some((subject, payload)) = wire.message()? else {
            return Err(Failure::running("the server closed the connection"));
        };
        if !print(&format!("{subject} {}", shown(&payload)))? {
            return Ok(());
        }
        seen += 1;
    }
    Ok(())
}

/// Runs `stele pub`.
pub fn publish(words: &ArgMatches) -> Result<(), Failure> {
    let mut wire = Wire::connect(words)?;
    let (subject, payload) = (text(words, "subject"), text(words, "payload"));
    let length = payload.len();
    if !words.get_flag("ack") {
        wire.say(&format!("PUB {subject} {length}\r\n{payload}\r\nPING\r\n"))?;
        return wire.until_pong();
    }
    wire.say(&format!(
        "SUB {INBOX} 1\r\nPUB {subject} {INBOX} {length}\r\n{payload}\r\n"
    ))?;
    let answer = wire.message()?;
    let (_, said) = answer.ok_or_else(|| Failure::running("the server closed the connection"))?;
    if said.is_empty() {
        return Err(Failure::running(format!("no stream takes {subject}")));
    }
    print(&shown(&said)).map(drop)
}

fn text<'a>(words: &'a ArgMatches, name: &str) -> &'a str {
    words.get_one::<String>(name).map_or("", String::as_str)
}

/// One line of text for any bytes.
fn shown(payload: &[u8]) -> String {
    match std::str::from_utf8(payload) {
        Ok(text) => text
            .replace('\\', "\\\\")
            .replace('\n', "\\n")
            .replace('\r', "\\r"),
        Err(_) => payload.escape_ascii().to_string(),
    }
}

/// Prints a line and hands it on. False: nobody reads any more.
fn print(line: &str) -> Result<bool, Failure> {
    let mut out = std::io::stdout().lock();
    match writeln!(out, "{line}").and_then(|()| out.flush()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(Failure::running(error)),
    }
}

/// A connection and its half-read line.
struct Wire {
    stream: BufReader<TcpStream>,
}

impl Wire {
    fn connect(words: &ArgMatches) -> Result<Self, Failure> {
        let address = text(words, "nats");
        let failed = |error| Failure::running(format!("{address}: {error}"));
        let stream = TcpStream::connect(address).map_err(failed)?;
        stream.set_nodelay(true).map_err(failed)?;
        let mut wire = Self {
            stream: BufReader::new(stream),
        };
        let said = |name: &str| words.get_one::<String>(name);
        let connect = serde_json::json!({
            "verbose": false, "pedantic": false, "headers": true, "no_responders": true,
            "protocol": 1, "name": "stele", "lang": "stele",
            "auth_token": said("token"), "user": said("user"), "pass": said("password"),
        });
        wire.say(&format!("CONNECT {connect}\r\nPING\r\n"))?;
        wire.until_pong()?;
        Ok(wire)
    }

    fn say(&mut self, words: &str) -> Result<(), Failure> {
        let stream = self.stream.get_mut();
        stream.write_all(words.as_bytes()).map_err(Failure::running)
    }

    fn until_pong(&mut self) -> Result<(), Failure> {
        loop {
            match self.line()? {
                Some(line) if line == "PONG" => return Ok(()),
                Some(_) => {}
                None => return Err(Failure::running("the server closed the connection")),
            }
        }
    }

    /// The next line, questions answered; `None` at the end.
    fn line(&mut self) -> Result<Option<String>, Failure> {
        loop {
            let mut line = String::new();
            let read = self.stream.read_line(&mut line).map_err(Failure::running)?;
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

    /// The next message: its subject and payload, headers left out.
    fn message(&mut self) -> Result<Option<(String, Vec<u8>)>, Failure> {
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_is_one_line_whatever_it_holds() {
        assert_eq!(shown(b"a\nb"), "a\\nb");
        assert_eq!(shown(b"\xFF\n"), "\\xff\\n");
        assert_eq!(shown("é {\"a\":1}".as_bytes()), "é {\"a\":1}");
    }
}
