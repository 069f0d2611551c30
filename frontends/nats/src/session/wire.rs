//! Moves bytes between the socket and the session.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf, BytesMut};
use stele_core::Database;
use stele_kit::{Client, Result};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

use super::Session;
use super::outbound::Outbound;
use crate::server::Server;
use crate::wire::frame;
use crate::wire::scan::Scanner;

/// Room made for a read at first.
const READ_BYTES_MIN: usize = 16 * 1024;
/// Room made for a read of a client that fills it.
const READ_BYTES_MAX: usize = 128 * 1024;
/// What goes into the socket at a time.
const WRITE_BYTES: usize = 64 * 1024;
/// Buffers larger than this are given back when they are empty.
const KEPT_BYTES_MAX: usize = 1024 * 1024;
/// How long a client rests that fills other buffers, between two reads.
const SLOW_MS: u64 = 2;
/// Questions a client may leave without an answer.
const PING_COUNT_MAX: u32 = 2;

/// Talks to one client until it leaves, is cut off, or the node stops.
pub async fn serve(server: Arc<Server>, client: Client) -> Result<()> {
    let Client {
        stream,
        addr,
        mut shutdown,
        id,
    } = client;
    let (reader, writer) = stream.into_split();
    let mut session = Session::new(server.clone(), id, addr);
    let info = server.info(id, &session.client_ip);
    session.outbound.write(&info.line());
    let mut writing = Writing {
        writer,
        outbound: session.outbound.clone(),
        chunk: Vec::new(),
        sent: 0,
        deadline: Duration::from_millis(server.options.write_deadline_ms),
        db: server.db.clone(),
    };
    let ended = tokio::select! {
        read = converse(&mut session, reader) => read,
        written = writing.run() => written,
        () = shutdown.asked() => Ok(()),
    };
    if writing.outbound.is_cut() {
        server.clients.cut_off();
    }
    // What waits for it is still written.
    session.leave();
    if ended.is_ok() && !writing.outbound.is_cut() {
        writing.flush().await?;
    }
    writing.outbound.cut();
    ended
}

/// Reads and carries out until the client leaves.
async fn converse(session: &mut Session, mut reader: OwnedReadHalf) -> Result<()> {
    let server = session.server.clone();
    let interval = Duration::from_millis(server.options.ping_interval_ms);
    let first = Duration::from_millis(server.options.auth_timeout_ms);
    let mut timer = timer_of(&server.db, if session.is_known { interval } else { first });
    let mut buffer = BytesMut::new();
    let mut chunk = READ_BYTES_MIN;
    let mut scanner = Scanner::default();
    let mut unanswered = 0;
    loop {
        session.tidy();
        let used = run(session, &mut scanner, &buffer);
        buffer.advance(used);
        if session.is_closing {
            return Ok(());
        }
        if std::mem::take(&mut session.is_slowed) {
            server.db.sleep(Duration::from_millis(SLOW_MS)).await;
        }
        if buffer.is_empty() && buffer.capacity() > KEPT_BYTES_MAX {
            buffer = BytesMut::new();
        }
        buffer.reserve(chunk);
        tokio::select! {
            read = reader.read_buf(&mut buffer) => {
                let read = read?;
                if read == 0 {
                    return Ok(());
                }
                unanswered = 0;
                chunk = next_chunk(chunk, read);
            }
            () = &mut timer => {
                if !session.is_known {
                    session.end_with("Authentication Timeout");
                    return Ok(());
                }
                if unanswered >= PING_COUNT_MAX {
                    session.end_with("Stale Connection");
                    return Ok(());
                }
                unanswered += 1;
                session.outbound.write(b"PING\r\n");
                timer = timer_of(&server.db, interval);
            }
        }
    }
}

/// A timer that goes on while other things are waited for.
fn timer_of(db: &Database, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
    let db = db.clone();
    Box::pin(async move { db.sleep(duration).await })
}

/// Carries out every whole operation in the buffer; how many bytes they took.
fn run(session: &mut Session, scanner: &mut Scanner, buffer: &[u8]) -> usize {
    let mut used = 0;
    while !session.is_closing {
        let rest = buffer.get(used..).unwrap_or_default();
        match scanner.next(rest, &session.limits) {
            Ok(Some((op, taken))) => {
                session.perform(&op);
                used += taken;
            }
            Ok(None) => break,
            Err(broken) => {
                if let Some(text) = broken.text() {
                    session.outbound.write(&frame::error(text));
                }
                session.is_closing = true;
            }
        }
    }
    used
}

/// Makes room for as much as the client sends at a time.
fn next_chunk(chunk: usize, read: usize) -> usize {
    if read >= chunk {
        (chunk * 2).min(READ_BYTES_MAX)
    } else if read < chunk / 4 {
        (chunk / 2).max(READ_BYTES_MIN)
    } else {
        chunk
    }
}

/// The writing half.
struct Writing {
    writer: OwnedWriteHalf,
    outbound: Arc<Outbound>,
    /// Taken from what waits, and how much of it is in the socket: survives a dropped `run`.
    chunk: Vec<u8>,
    sent: usize,
    deadline: Duration,
    db: Database,
}

impl Writing {
    /// Writes whatever waits, until the client is cut off.
    async fn run(&mut self) -> Result<()> {
        loop {
            self.flush().await?;
            if self.outbound.is_cut() {
                return Ok(());
            }
            self.outbound.woken().await;
        }
    }

    async fn flush(&mut self) -> Result<()> {
        loop {
            while self.sent < self.chunk.len() {
                let end = (self.sent + WRITE_BYTES).min(self.chunk.len());
                let piece = self.chunk.get(self.sent..end).unwrap_or_default();
                // Every byte taken starts the deadline anew.
                self.sent += tokio::select! {
                    written = self.writer.write(piece) => written?,
                    () = self.db.sleep(self.deadline) => {
                        tracing::warn!("slow consumer cut off: it took no byte in time");
                        self.outbound.cut();
                        return Err("write deadline".into());
                    }
                };
                self.outbound.sent(self.chunk.len() - self.sent);
            }
            if self.chunk.capacity() > KEPT_BYTES_MAX {
                self.chunk = Vec::new();
            }
            self.chunk.clear();
            self.sent = 0;
            if !self.outbound.take(&mut self.chunk) {
                return Ok(());
            }
        }
    }
}
