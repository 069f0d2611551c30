//! An HTTP client of one page: requests are written by hand, for what is on the wire is part
//! of the promise.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value as Json;

use super::harness::Server;

/// Sends one request on a connection of its own; the status and the body.
/// `None`: it was not answered.
pub fn ask(address: SocketAddr, method: &str, path: &str, body: &str) -> Option<(u16, Json)> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream
        .set_read_timeout(Some(Duration::from_secs(60)))
        .ok()?;
    let length = body.len();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: stele\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).ok()?;
    stream.write_all(body.as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let status = answer.split(' ').nth(1)?.parse().ok()?;
    let (_, body) = answer.split_once("\r\n\r\n")?;
    Some((status, serde_json::from_str(body).unwrap_or(Json::Null)))
}

/// The same with JSON, where there must be an answer.
pub fn asked(server: &Server, method: &str, path: &str, body: &Json) -> (u16, Json) {
    let body = if body.is_null() {
        String::new()
    } else {
        body.to_string()
    };
    ask(server.doors.http, method, path, &body)
        .unwrap_or_else(|| panic!("{method} {path} was not answered"))
}
