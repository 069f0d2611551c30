//! Bodies: read up to a limit, inflated up to the same limit, and all of them together
//! within a budget, so that many long requests at once are refused and not held.

use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, StatusCode, header};
use bytes::Bytes;
use futures::StreamExt;
use stele_core::Database;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::Fault;
use super::blocks::Blocks;

/// How long a request's body may be, bytes.
pub const BODY_BYTES_MAX: usize = 64 << 20;
/// How long the bodies of all requests under way may be together, bytes.
const BUDGET_BYTES: usize = 256 << 20;
/// How long a client may take to go on with a body.
const PAUSE_MAX: Duration = Duration::from_secs(30);

/// What bodies may still take.
#[derive(Clone, Debug)]
pub struct Budget(Arc<Semaphore>);

/// A part of the budget; given back when it is dropped.
#[derive(Debug, Default)]
pub struct Share(Option<OwnedSemaphorePermit>);

impl Budget {
    /// The whole of it.
    pub fn new() -> Self {
        Self(Arc::new(Semaphore::new(BUDGET_BYTES)))
    }

    /// Adds to a share what so many bytes take.
    fn take(&self, share: &mut Share, bytes: usize) -> Result<(), Fault> {
        let count = u32::try_from(bytes).map_err(|_| too_long())?;
        let more = self.0.clone().try_acquire_many_owned(count);
        let more = more.map_err(|_| {
            Fault::new(
                StatusCode::TOO_MANY_REQUESTS,
                "circuit_breaking_exception",
                format!("[in_flight_requests] the bodies under way take more than [{BUDGET_BYTES}] bytes"),
            )
        })?;
        match &mut share.0 {
            Some(known) => known.merge(more),
            none => *none = Some(more),
        }
        Ok(())
    }
}

/// Reads a body whole; what it takes of the budget.
pub async fn read(
    db: &Database,
    budget: &Budget,
    headers: &HeaderMap,
    body: Body,
) -> Result<(Bytes, Share), Fault> {
    let announced = headers.get(header::CONTENT_LENGTH);
    let announced = announced.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > BODY_BYTES_MAX as u64) {
        return Err(too_long());
    }
    let mut share = Share::default();
    let bytes = gather(db, budget, &mut share, body).await?;
    let bytes = match headers
        .get(header::CONTENT_ENCODING)
        .map(|value| value.as_bytes())
    {
        None | Some(b"identity" | b"") => bytes,
        Some(b"gzip") => {
            let inflated = inflate(&bytes)?;
            budget.take(&mut share, inflated.len())?;
            inflated
        }
        Some(other) => {
            return Err(Fault::argument(format!(
                "content encoding [{}] is not supported",
                String::from_utf8_lossy(other)
            )));
        }
    };
    Ok((bytes, share))
}

/// Puts a body together as it comes. Nothing is reserved on the client's word.
async fn gather(
    db: &Database,
    budget: &Budget,
    share: &mut Share,
    body: Body,
) -> Result<Bytes, Fault> {
    let mut parts = body.into_data_stream();
    let mut blocks = Blocks::default();
    loop {
        let part = tokio::select! {
            part = parts.next() => part,
            () = db.sleep(PAUSE_MAX) => return Err(Fault::new(
                StatusCode::REQUEST_TIMEOUT,
                "timeout_exception",
                format!("the body has not gone on for [{}s]", PAUSE_MAX.as_secs()),
            )),
        };
        let Some(part) = part else {
            return Ok(blocks.whole());
        };
        let part = part.map_err(|_| Fault::argument("the body was cut short"))?;
        if blocks.len() + part.len() > BODY_BYTES_MAX {
            return Err(too_long());
        }
        budget.take(share, part.len())?;
        blocks.add(&part);
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
        format!("the body is longer than [{BODY_BYTES_MAX}] bytes"),
    )
}
