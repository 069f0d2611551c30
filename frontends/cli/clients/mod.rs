//! # The thin clients
//!
//! **What.** One command for each door: `sql` for postgres, `get` for redis, `search` for
//! http, `sub` and `pub` for nats.
//!
//! **Why.** Whoever has the binary can look through every door before any client is
//! installed; what they print is made for people and pipes alike.
//!
//! **How.** A client is its words and a function over a blocking socket. [`Door`] says where
//! a door usually is, and what to say when nobody is there.
//!
//! **Limits.** No TLS; answers are held in memory before they are printed, messages excepted.
//!
//! **Further reading.** `docs/compatibility/` for what the doors themselves speak.

pub mod bus;
pub mod get;
mod grid;
pub mod http;
pub mod nats;
pub mod search;
pub mod sql;

use std::io::{ErrorKind, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::time::Duration;

use clap::{Arg, ArgMatches};

use super::Failure;

/// How long a machine may take to say whether somebody listens.
const CONNECT_MAX: Duration = Duration::from_secs(10);

/// A door as a client knows it.
pub struct Door {
    /// Its name, which is its flag, too.
    pub name: &'static str,
    /// Where `config/stele.toml` puts it.
    pub usual: &'static str,
}

pub const POSTGRES: Door = Door {
    name: "postgres",
    usual: "127.0.0.1:5432",
};
pub const REDIS: Door = Door {
    name: "redis",
    usual: "127.0.0.1:6379",
};
pub const HTTP: Door = Door {
    name: "http",
    usual: "127.0.0.1:9200",
};
pub const NATS: Door = Door {
    name: "nats",
    usual: "127.0.0.1:4222",
};

impl Door {
    /// The flag that names its address.
    pub fn word(&self) -> Arg {
        Arg::new(self.name)
            .long(self.name)
            .value_name("HOST:PORT")
            .default_value(self.usual)
            .help(format!("Where the {} door is", self.name))
    }

    /// The address that was given, or the usual one.
    pub fn address<'a>(&self, words: &'a ArgMatches) -> &'a str {
        text(words, self.name)
    }

    /// What the address stands for.
    pub fn places(&self, address: &str) -> Result<Vec<SocketAddr>, Failure> {
        let places = address.to_socket_addrs();
        let places = places.map_err(|error| self.unreachable(address, &error))?;
        Ok(places.collect())
    }

    /// Connects to the first of the address's machines that answers.
    pub fn connect(&self, address: &str) -> Result<TcpStream, Failure> {
        let mut last = std::io::Error::from(ErrorKind::AddrNotAvailable);
        let failed = |error: &std::io::Error| self.unreachable(address, error);
        for place in self.places(address)? {
            match TcpStream::connect_timeout(&place, CONNECT_MAX) {
                Ok(stream) => {
                    stream.set_nodelay(true).map_err(|error| failed(&error))?;
                    return Ok(stream);
                }
                Err(error) => last = error,
            }
        }
        Err(failed(&last))
    }

    /// What to say when a connection could not be made.
    pub fn unreachable(&self, address: &str, error: &std::io::Error) -> Failure {
        let name = self.name;
        Failure::running(match error.kind() {
            ErrorKind::ConnectionRefused => format!(
                "nothing listens at {address}: is a node running there? \
                 --{name} HOST:PORT names another {name} door"
            ),
            ErrorKind::InvalidInput => format!("--{name} {address}: expected HOST:PORT"),
            _ => format!("{address}: {error}"),
        })
    }
}

/// The text of a word; empty if it was not said.
fn text<'a>(words: &'a ArgMatches, name: &str) -> &'a str {
    words.get_one::<String>(name).map_or("", String::as_str)
}

/// One line of text for any bytes.
fn shown(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text
            .replace('\\', "\\\\")
            .replace('\n', "\\n")
            .replace('\r', "\\r"),
        Err(_) => bytes.escape_ascii().to_string(),
    }
}

/// Prints bytes and a line's end, and hands them on. False: nobody reads any more.
fn print(line: impl AsRef<[u8]>) -> Result<bool, Failure> {
    let mut out = std::io::stdout().lock();
    let printed = out
        .write_all(line.as_ref())
        .and_then(|()| out.write_all(b"\n"))
        .and_then(|()| out.flush());
    match printed {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(Failure::running(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anything_is_one_line() {
        assert_eq!(shown(b"a\nb"), "a\\nb");
        assert_eq!(shown(b"\xFF\n"), "\\xff\\n");
        assert_eq!(shown("é {\"a\":1}".as_bytes()), "é {\"a\":1}");
    }
}
