//! One request of the http door, and its answer as JSON.

use std::fmt::Write as _;
use std::io::{Read, Write};

use serde_json::Value as Json;

use super::HTTP;
use crate::cli::Failure;

/// The longest answer it is willing to read, bytes.
const ANSWER_BYTES_MAX: u64 = 64 << 20;

/// Sends a request; the body of the answer.
///
/// # Errors
/// When nobody answers, and in the door's own words when it refuses.
pub fn ask(address: &str, method: &str, path: &str, body: &str) -> Result<Json, Failure> {
    granted(exchange(address, method, path, body)?)
}

/// The body of an answer, if it grants what was asked.
pub fn granted((status, body): (u16, Json)) -> Result<Json, Failure> {
    match status {
        200..=299 => Ok(body),
        _ => Err(Failure::running(reason(&body, status))),
    }
}

/// Sends a request on a connection of its own; the status and the body of the answer. In
/// HTTP/1.0, which never sends an answer in pieces.
///
/// # Errors
/// When nobody answers, or nobody who speaks HTTP and JSON.
pub fn exchange(
    address: &str,
    method: &str,
    path: &str,
    body: &str,
) -> Result<(u16, Json), Failure> {
    let mut stream = HTTP.connect(address)?;
    let length = body.len();
    let request = format!(
        "{method} {path} HTTP/1.0\r\nhost: {address}\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\n\r\n{body}"
    );
    stream
        .write_all(request.as_bytes())
        .map_err(Failure::running)?;
    let mut answer = Vec::new();
    let mut limited = stream.take(ANSWER_BYTES_MAX);
    limited.read_to_end(&mut answer).map_err(Failure::running)?;
    read(&String::from_utf8_lossy(&answer))
        .ok_or_else(|| Failure::running(format!("{address} does not answer as an http door")))
}

/// Status and body of a whole answer.
fn read(answer: &str) -> Option<(u16, Json)> {
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some((status, serde_json::from_str(body).ok()?))
}

/// The sentence of an error.
fn reason(body: &Json, status: u16) -> String {
    let error = body.get("error");
    let root = error.and_then(|error| error.pointer("/root_cause/0"));
    let said = root
        .or(error)
        .and_then(|error| error.get("reason")?.as_str().or_else(|| error.as_str()));
    said.map_or_else(|| format!("status {status}"), str::to_owned)
}

/// Spells text for a place in a path or a query, all but the letters of `kept`.
pub fn spelled(text: &str, kept: &str) -> String {
    let mut spelled = String::with_capacity(text.len());
    for byte in text.bytes() {
        let letter = char::from(byte);
        if letter.is_ascii_alphanumeric() || "-_.~".contains(letter) || kept.contains(letter) {
            spelled.push(letter);
        } else {
            let _ = write!(spelled, "%{byte:02X}");
        }
    }
    spelled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_spelled_for_a_path() {
        assert_eq!(spelled("red shoe&é", ""), "red%20shoe%26%C3%A9");
        assert_eq!(spelled("a,b*", ",*"), "a,b*");
    }

    #[test]
    fn an_error_is_its_reason() {
        let body =
            serde_json::json!({"error": {"reason": "no", "root_cause": [{"reason": "why"}]}});
        assert_eq!(reason(&body, 400), "why");
        assert_eq!(reason(&Json::Null, 503), "status 503");
    }
}
