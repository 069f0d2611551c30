//! A client of the postgres door in a page: enough of the protocol to run statements.
//!
//! The demo loads its shop the way a user would, over the socket, and needs no client
//! library for that: startup, `Query`, and reading until the server is ready again.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt, BufStream};
use tokio::net::TcpStream;

/// Protocol 3.0.
const VERSION: i32 = 196_608;
/// The longest answer it is willing to read, bytes.
const MESSAGE_BYTES_MAX: usize = 1 << 20;

/// One connection, as user `stele` to database `stele`.
pub struct Psql {
    stream: BufStream<TcpStream>,
}

impl Psql {
    pub async fn connect(address: SocketAddr) -> Result<Self, String> {
        let stream = TcpStream::connect(address)
            .await
            .map_err(|error| error.to_string())?;
        let mut client = Self {
            stream: BufStream::new(stream),
        };
        let mut startup = VERSION.to_be_bytes().to_vec();
        startup.extend_from_slice(b"user\0stele\0database\0stele\0\0");
        client.send(None, &startup).await?;
        client.until_ready().await?;
        Ok(client)
    }

    /// Runs one text of statements; the server's first error, if any, is the answer.
    pub async fn run(&mut self, sql: &str) -> Result<(), String> {
        let mut body = sql.as_bytes().to_vec();
        body.push(0);
        self.send(Some(b'Q'), &body).await?;
        self.until_ready().await
    }

    async fn send(&mut self, kind: Option<u8>, body: &[u8]) -> Result<(), String> {
        let length =
            i32::try_from(body.len() + 4).map_err(|_| "a message too long to send".to_string())?;
        let mut message: Vec<u8> = kind.into_iter().collect();
        message.extend_from_slice(&length.to_be_bytes());
        message.extend_from_slice(body);
        self.stream
            .write_all(&message)
            .await
            .map_err(|error| error.to_string())?;
        self.stream.flush().await.map_err(|error| error.to_string())
    }

    /// Reads until ReadyForQuery. A server that closes before that is an error.
    async fn until_ready(&mut self) -> Result<(), String> {
        let mut outcome = Ok(());
        loop {
            let (kind, body) = self.receive().await?;
            match kind {
                b'Z' => return outcome,
                b'E' if outcome.is_ok() => outcome = Err(message_of(&body)),
                _ => {}
            }
        }
    }

    async fn receive(&mut self) -> Result<(u8, Vec<u8>), String> {
        let kind = self
            .stream
            .read_u8()
            .await
            .map_err(|error| error.to_string())?;
        let length = self
            .stream
            .read_u32()
            .await
            .map_err(|error| error.to_string())?;
        let length = usize::try_from(length)
            .unwrap_or(usize::MAX)
            .saturating_sub(4);
        if length > MESSAGE_BYTES_MAX {
            return Err(format!("a message of {length} bytes"));
        }
        let mut body = vec![0; length];
        self.stream
            .read_exact(&mut body)
            .await
            .map_err(|error| error.to_string())?;
        Ok((kind, body))
    }
}

/// The `M` field of an ErrorResponse.
fn message_of(body: &[u8]) -> String {
    let fields = body.split(|byte| *byte == 0);
    let message = fields.filter_map(|field| field.strip_prefix(b"M")).next();
    message.map_or_else(
        || "an error without a message".to_string(),
        |text| String::from_utf8_lossy(text).into_owned(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_of_an_error_is_found() {
        assert_eq!(
            message_of(b"SERROR\0C42P01\0Mno such table\0\0"),
            "no such table"
        );
    }
}
