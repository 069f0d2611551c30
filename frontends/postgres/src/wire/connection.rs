//! One connection from its first byte to its last: whose turn it is, and when to write.

use std::sync::Arc;

use bytes::{Buf, BytesMut};
use pgwire::messages::startup::{Authentication, BackendKeyData, SecretKey};
use stele_core::Database;
use stele_kit::{Client, Shutdown};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

use super::cancel::{Cancel, Registered};
use super::extended::Extended;
use super::frontend::{self, Broken, Frontend};
use super::output::Output;
use super::report::Severity;
use super::scram;
use super::startup::{self, Opening, Start};
use crate::door::Shared;
use crate::error::SqlError;
use crate::session::Session;

/// Answers beyond this are written before the statement goes on.
const OUTPUT_BYTES_MAX: usize = 64 << 10;
/// Capacity the output buffer keeps between statements.
const OUTPUT_BYTES_KEPT: usize = 256 << 10;

/// Everything one connection has.
pub struct Connection {
    pub(super) stream: Arc<TcpStream>,
    pub(super) input: BytesMut,
    pub(super) output: Output,
    pub(super) session: Session,
    pub(super) extended: Extended,
    pub(super) cancel: Arc<Cancel>,
    /// The client waits for what is in `output`.
    pub(super) is_flush_due: bool,
    shutdown: Shutdown,
    registered: Registered,
}

/// Why a conversation ended.
pub enum End {
    /// The client left, or is gone.
    Left,
    /// The client broke the protocol, or the node is stopping: say this and go.
    Fatal(SqlError),
}

impl From<std::io::Error> for End {
    fn from(_: std::io::Error) -> Self {
        Self::Left
    }
}

impl From<Broken> for End {
    fn from(broken: Broken) -> Self {
        Self::Fatal(SqlError::new("08P01", broken.0))
    }
}

/// Talks to one client until either side has had enough.
pub async fn serve(client: Client, db: Database, shared: Arc<Shared>) -> std::io::Result<()> {
    let mut stream = client.stream;
    let mut input = BytesMut::with_capacity(8 << 10);
    let mut output = Output::default();
    let opening = startup::open(&mut stream, &mut input, &mut output).await;
    let started = match opening {
        Ok(Opening::Gone) => return Ok(()),
        Ok(Opening::Cancel { pid, secret }) => {
            shared.registry.cancel(pid, secret);
            return Ok(());
        }
        Ok(Opening::Start(start)) => {
            let is_local = client.addr.ip().is_loopback();
            let limit = std::time::Duration::from_millis(startup::STARTUP_MS_MAX);
            let admitting = admit(&mut stream, &mut input, &mut output, &db, &start, is_local);
            match tokio::time::timeout(limit, admitting).await {
                Ok(admitted) => admitted.map(|()| start),
                Err(_) => return Ok(()),
            }
        }
        Err(error) => Err(error),
    };
    let session = started.and_then(|start| {
        let registered = shared.registry.register();
        let session = Session::open(db, Arc::clone(&shared), &start, &registered, client.addr)?;
        Ok((session, registered))
    });
    let (session, registered) = match session {
        Ok(opened) => opened,
        Err(error) => {
            output.report(Severity::Fatal, &error);
            return flush(&stream, &mut output).await;
        }
    };
    let mut connection = Connection {
        stream: Arc::new(stream),
        input,
        output,
        session,
        extended: Extended::default(),
        cancel: Arc::clone(&registered.cancel),
        is_flush_due: true,
        shutdown: client.shutdown,
        registered,
    };
    connection.greet();
    if let End::Fatal(error) = connection.talk().await {
        connection.output.report(Severity::Fatal, &error);
        connection.flush().await?;
    }
    Ok(())
}

/// Whether this client may come in, by the rules for its user.
async fn admit(
    stream: &mut TcpStream,
    input: &mut BytesMut,
    output: &mut Output,
    db: &Database,
    start: &Start,
    is_local: bool,
) -> Result<(), SqlError> {
    let catalog = db.catalog();
    let role = catalog.role(&start.user);
    let verifier = role.and_then(|role| role.verifier.clone());
    let is_default = start.user == crate::door::DEFAULT_USER;
    if !(is_local && is_default && verifier.is_none()) {
        scram::authenticate(stream, input, output, &start.user, verifier.as_deref()).await?;
    }
    if role.is_some_and(|role| !role.login) {
        return Err(SqlError::new(
            "28000",
            format!("role \"{}\" is not permitted to log in", start.user),
        ));
    }
    if start.database != crate::door::DEFAULT_DATABASE {
        return Err(SqlError::new(
            "3D000",
            format!("database \"{}\" does not exist", start.database),
        ));
    }
    output.message(&Authentication::Ok);
    Ok(())
}

impl Connection {
    fn greet(&mut self) {
        for (name, value) in self.session.reported() {
            self.output.parameter_status(name, &value);
        }
        let key = BackendKeyData::new(self.registered.pid, SecretKey::I32(self.registered.secret));
        self.output.message(&key);
        self.output.ready(self.session.status());
    }

    async fn talk(&mut self) -> End {
        loop {
            let message = match self.next().await {
                Ok(message) => message,
                Err(end) => return end,
            };
            let done = match message {
                Frontend::Query(text) => self.simple(text).await,
                Frontend::Terminate => Err(End::Left),
                // Left over from a COPY that failed: PostgreSQL ignores them too.
                Frontend::CopyData(_) | Frontend::CopyDone | Frontend::CopyFail(_) => Ok(()),
                Frontend::Password(_) => {
                    Err(Broken("unexpected password message".to_owned()).into())
                }
                message => self.extended(message).await,
            };
            if let Err(end) = done {
                return end;
            }
        }
    }

    /// The next message. Writes what the client waits for before waiting itself.
    pub(super) async fn next(&mut self) -> Result<Frontend, End> {
        loop {
            if let Some(message) = frontend::next(&mut self.input)? {
                return Ok(message);
            }
            if self.is_flush_due {
                self.flush().await?;
            }
            self.input.reserve(8 << 10);
            let idle_limit = self.session.idle_limit();
            // Every branch is cancel safe.
            tokio::select! {
                read = read_some(&self.stream, &mut self.input) => {
                    if read? == 0 {
                        return Err(End::Left);
                    }
                }
                () = self.shutdown.asked() => return Err(End::Fatal(SqlError::new(
                    "57P01",
                    "terminating connection due to administrator command",
                ))),
                heard = self.session.heard() => {
                    self.output.notification(heard.pid, &heard.channel, &heard.payload);
                    self.is_flush_due = true;
                }
                () = self.cancel.ended() => return Err(End::Fatal(SqlError::new(
                    "57P01",
                    "terminating connection due to administrator command",
                ))),
                () = super::guard::after(idle_limit) => return Err(End::Fatal(SqlError::new(
                    "25P03",
                    "terminating connection due to idle-in-transaction timeout",
                ))),
            }
        }
    }

    /// Writes everything that is buffered.
    pub(super) async fn flush(&mut self) -> std::io::Result<()> {
        self.is_flush_due = false;
        flush(&self.stream, &mut self.output).await
    }

    /// Writes if there is much to write: a large result never waits in memory twice.
    pub(super) async fn relieve(&mut self) -> std::io::Result<()> {
        if self.output.buffer.len() >= OUTPUT_BYTES_MAX {
            flush(&self.stream, &mut self.output).await?;
        }
        Ok(())
    }

    /// What the session has to say besides the answer: notices and changed settings.
    pub(super) fn say_asides(&mut self) {
        for (severity, notice) in self.session.take_notices() {
            self.output.report(severity, &notice);
        }
        for (name, value) in self.session.take_reported() {
            self.output.parameter_status(name, &value);
        }
    }

    /// Ready for the next query; whatever was notified meanwhile is told first.
    pub(super) fn ready(&mut self) {
        self.say_asides();
        self.session.rest();
        while let Some(heard) = self.session.heard_now() {
            self.output
                .notification(heard.pid, &heard.channel, &heard.payload);
        }
        self.output.ready(self.session.status());
        self.is_flush_due = true;
    }
}

/// Writes everything in `output`.
pub(super) async fn flush(stream: &TcpStream, output: &mut Output) -> std::io::Result<()> {
    while !output.buffer.is_empty() {
        match stream.try_write(&output.buffer) {
            Ok(count) => output.buffer.advance(count),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                stream.writable().await?
            }
            Err(error) => return Err(error),
        }
    }
    if output.buffer.capacity() > OUTPUT_BYTES_KEPT {
        output.buffer = BytesMut::with_capacity(OUTPUT_BYTES_MAX);
    }
    Ok(())
}

/// Appends what has arrived; 0 when the client has left. Cancel safe.
pub(super) async fn read_some(stream: &TcpStream, input: &mut BytesMut) -> std::io::Result<usize> {
    loop {
        stream.readable().await?;
        match stream.try_read_buf(input) {
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            read => return read,
        }
    }
}

/// The next message while the connection is being set up; `None` when the client has left.
pub(super) async fn receive(
    stream: &mut TcpStream,
    input: &mut BytesMut,
) -> Result<Option<Frontend>, Broken> {
    loop {
        if let Some(message) = frontend::next(input)? {
            return Ok(Some(message));
        }
        match stream.read_buf(input).await {
            Ok(read) if read > 0 => {}
            _ => return Ok(None),
        }
    }
}
