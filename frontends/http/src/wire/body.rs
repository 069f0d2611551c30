//! Bodies: read up to a limit, inflated up to the same limit.

use std::io::Read;

use axum::body::Body;
use axum::http::{HeaderMap, StatusCode, header};
use bytes::Bytes;

use super::Fault;

/// How long a request's body may be, bytes.
pub const BODY_BYTES_MAX: usize = 64 << 20;

/// Reads a body whole.
pub async fn read(headers: &HeaderMap, body: Body) -> Result<Bytes, Fault> {
    let announced = headers.get(header::CONTENT_LENGTH);
    let announced = announced.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > BODY_BYTES_MAX as u64) {
        return Err(too_long());
    }
    let bytes = axum::body::to_bytes(body, BODY_BYTES_MAX)
        .await
        .map_err(|_| too_long())?;
    match headers
        .get(header::CONTENT_ENCODING)
        .map(|value| value.as_bytes())
    {
        None | Some(b"identity" | b"") => Ok(bytes),
        Some(b"gzip") => inflate(&bytes),
        Some(other) => Err(Fault::argument(format!(
            "content encoding [{}] is not supported",
            String::from_utf8_lossy(other)
        ))),
    }
}

fn inflate(packed: &[u8]) -> Result<Bytes, Fault> {
    let mut bytes = Vec::new();
    let limit = BODY_BYTES_MAX as u64 + 1;
    let mut reader = flate2::read::MultiGzDecoder::new(packed).take(limit);
    reader
        .read_to_end(&mut bytes)
        .map_err(|_| Fault::argument("the body is not gzip"))?;
    if bytes.len() > BODY_BYTES_MAX {
        return Err(too_long());
    }
    Ok(bytes.into())
}

fn too_long() -> Fault {
    Fault::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "illegal_argument_exception",
        format!("the body is longer than [{BODY_BYTES_MAX}] bytes, or was cut short"),
    )
}
