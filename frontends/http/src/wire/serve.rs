//! One connection: HTTP/1.1, request after request.

use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use stele_kit::{Client, Result};

/// How long a client may take to send a request's head.
const HEAD_MAX: Duration = Duration::from_secs(60);
/// How much of a head is buffered, bytes.
const BUFFER_BYTES_MAX: usize = 64 << 10;

/// Talks to one client until it leaves or the node stops.
pub async fn serve(router: Router, client: Client) -> Result<()> {
    let Client {
        stream,
        mut shutdown,
        ..
    } = client;
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_MAX)
        .max_buf_size(BUFFER_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    tokio::pin!(connection);
    tokio::select! {
        ended = connection.as_mut() => return Ok(ended?),
        () = shutdown.asked() => connection.as_mut().graceful_shutdown(),
    }
    Ok(connection.await?)
}
