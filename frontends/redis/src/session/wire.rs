//! Moves bytes between the socket and the session.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::BytesMut;
use stele_core::Database;
use stele_kit::{Client, Result, Shutdown};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

use super::Session;
use crate::resp::{Limits, Requests, Scanner};
use crate::rows::Tables;
use crate::server::Server;
use crate::server::clients::Card;

/// Room made for a read at first.
const READ_BYTES_MIN: usize = 16 * 1024;

/// Room made for a read of a client that fills it.
const READ_BYTES_MAX: usize = 256 * 1024;

/// Answers beyond this are handed to the socket before the next request is run.
const SEND_BYTES: usize = 256 * 1024;

/// Buffers larger than this are given back when they are empty.
const KEPT_BYTES_MAX: usize = 1024 * 1024;

/// Talks to one client until it leaves, is killed, or the node stops.
pub async fn serve(server: Arc<Server>, client: Client, db: Database) -> Result<()> {
    let Client {
        stream,
        addr,
        shutdown,
        id,
    } = client;
    let local = stream.local_addr()?;
    let now_ms = db.now_ms();
    let _ = server
        .started_ms
        .compare_exchange(0, now_ms, Ordering::Relaxed, Ordering::Relaxed);
    let card = Arc::new(Card::new(id, addr, local, now_ms));
    let session = Session::new(server, db, Arc::clone(&card));
    let (reader, writer) = stream.into_split();
    let mut wire = Wire {
        session,
        reader,
        writer,
        card,
        shutdown,
        buffer: BytesMut::new(),
        chunk: READ_BYTES_MIN,
        limits: Limits::default(),
        settings_version: 0,
    };
    wire.converse().await
}

struct Wire {
    session: Session,
    reader: OwnedReadHalf,
    writer: OwnedWriteHalf,
    card: Arc<Card>,
    shutdown: Shutdown,
    buffer: BytesMut,
    chunk: usize,
    limits: Limits,
    settings_version: u64,
}

impl Wire {
    async fn converse(&mut self) -> Result<()> {
        let mut scanner = Scanner::default();
        let mut requests = Requests::default();
        loop {
            requests.clear();
            let limits = self.limits();
            // A stranger's next request is looked at only when this one may have let it in.
            let at_once = if limits.stranger { 1 } else { usize::MAX };
            let scanned = scanner.drain(&mut self.buffer, &mut requests, &limits, at_once);
            self.run(&requests).await?;
            if let Err(broken) = &scanned {
                self.session.out.error(&broken.text());
                self.session.is_closing = true;
            }
            self.send().await?;
            if self.session.is_closing || self.card.is_killed() {
                return Ok(());
            }
            let is_drained = requests.is_empty() || !limits.stranger;
            requests.clear();
            if is_drained && !self.wait().await? {
                return Ok(());
            }
        }
    }

    /// What the client may send now. Settings are read again only when one has changed.
    fn limits(&mut self) -> Limits {
        let settings = &self.session.server.settings;
        let version = settings.version();
        if self.settings_version != version {
            let request_bytes = settings.number("client-query-buffer-limit", 1 << 30);
            self.limits.request_bytes_max = usize::try_from(request_bytes).unwrap_or(usize::MAX);
            self.limits.bulk_bytes_max = settings.number("proto-max-bulk-len", 512 << 20);
            self.settings_version = version;
            self.session.follow_fsync();
        }
        self.limits.stranger = !self.session.is_known;
        self.limits
    }

    async fn run(&mut self, requests: &Requests) -> Result<()> {
        if requests.is_empty() {
            return Ok(());
        }
        let now_ms = self.session.db.now_ms();
        self.card.active_ms.store(now_ms, Ordering::Relaxed);
        self.session.tables = Tables::new(self.session.db.catalog());
        for index in 0..requests.len() {
            self.session.perform(requests.get(index)).await;
            if self.session.is_closing {
                break;
            }
            if self.session.out.len() >= SEND_BYTES {
                self.session.settle().await;
                self.send().await?;
            }
        }
        self.session.settle().await;
        Ok(())
    }

    async fn send(&mut self) -> Result<()> {
        let out = self.session.out.bytes();
        if out.is_empty() {
            return Ok(());
        }
        let stats = &self.session.server.stats;
        stats
            .bytes_out
            .fetch_add(u64::try_from(out.len()).unwrap_or(0), Ordering::Relaxed);
        tokio::select! {
            // Not `write_all_buf`, which asks for a vectored write: one buffer is sent faster.
            sent = self.writer.write_all(out) => sent?,
            // Half an answer may be sent; the connection ends, so nobody reads on.
            () = self.card.killed() => {}
        }
        out.clear();
        if out.capacity() > KEPT_BYTES_MAX {
            *out = BytesMut::new();
        }
        Ok(())
    }

    /// Waits for bytes or news; false: the conversation is over.
    async fn wait(&mut self) -> Result<bool> {
        if self.buffer.is_empty() && self.buffer.capacity() > KEPT_BYTES_MAX {
            self.buffer = BytesMut::new();
        }
        self.buffer.reserve(self.chunk);
        // All four futures are cancel safe.
        tokio::select! {
            read = self.reader.read_buf(&mut self.buffer) => {
                let read = read?;
                self.heard(read);
                Ok(read > 0)
            }
            news = self.session.subscriptions.news() => {
                self.session.tell(news);
                Ok(true)
            }
            () = self.card.killed() => Ok(false),
            () = self.shutdown.asked() => Ok(false),
        }
    }

    /// Makes room for as much as the client sends at a time.
    fn heard(&mut self, read: usize) {
        let stats = &self.session.server.stats;
        stats
            .bytes_in
            .fetch_add(u64::try_from(read).unwrap_or(0), Ordering::Relaxed);
        if read >= self.chunk {
            self.chunk = (self.chunk * 2).min(READ_BYTES_MAX);
        } else if read < self.chunk / 4 {
            self.chunk = (self.chunk / 2).max(READ_BYTES_MIN);
        }
    }
}
