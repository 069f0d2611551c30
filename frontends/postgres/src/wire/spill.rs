//! Large results: rows sent while the statement still produces them.
//!
//! A statement that turns out to have a large result stops gathering it and writes. It does
//! so on its own thread, which has handed its other tasks away (`stack::aside`); so it may
//! wait for the client there, and the result is never in memory as a whole.

use std::sync::Arc;

use bytes::Buf;
use stele_core::record::value::{Settings, Value};
use tokio::net::TcpStream;
use tokio::runtime::{Handle, RuntimeFlavor};

use super::cancel::Cancel;
use super::output::{Formats, Output};
use crate::error::SqlError;
use crate::session::Field;

/// Rows beyond this size are sent before the rest is produced.
pub const GATHERED_BYTES_MAX: usize = 4 << 20;
/// How much is encoded before it is written.
const WRITE_BYTES: usize = 64 << 10;

/// The way out for a large result.
pub struct Spill {
    stream: Arc<TcpStream>,
    cancel: Arc<Cancel>,
    fields: Arc<[Field]>,
    formats: Formats,
    settings: Arc<Settings>,
    describes: bool,
    /// What is encoded and not written yet; goes out before anything else.
    pub output: Output,
}

impl Spill {
    /// A way out, unless this thread may not wait. With `describes`, the columns come first.
    pub fn new(
        stream: &Arc<TcpStream>,
        cancel: &Arc<Cancel>,
        fields: Arc<[Field]>,
        formats: Formats,
        settings: Arc<Settings>,
        describes: bool,
    ) -> Option<Self> {
        let may_wait = Handle::current().runtime_flavor() == RuntimeFlavor::MultiThread;
        may_wait.then(|| Self {
            stream: Arc::clone(stream),
            cancel: Arc::clone(cancel),
            fields,
            formats,
            settings,
            describes,
            output: Output::default(),
        })
    }

    /// The result is large: its columns.
    pub fn begin(&mut self) {
        if self.describes {
            self.output.row_description(&self.fields, &self.formats);
        }
    }

    /// One row, sent when there is enough to send.
    ///
    /// # Errors
    /// 57014 when the statement is stopped while it waits, 08006 when the client is gone.
    pub fn row(&mut self, row: &[Value]) -> Result<(), SqlError> {
        self.output.row(row, &self.formats, &self.settings)?;
        match self.output.buffer.len() >= WRITE_BYTES {
            true => self.write(),
            false => Ok(()),
        }
    }

    fn write(&mut self) -> Result<(), SqlError> {
        let gone = |_| SqlError::new("08006", "the client left");
        while !self.output.buffer.is_empty() {
            match self.stream.try_write(&self.output.buffer) {
                Ok(count) => self.output.buffer.advance(count),
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                    let (stream, cancel) = (&self.stream, &self.cancel);
                    Handle::current().block_on(async {
                        tokio::select! {
                            writable = stream.writable() => writable.map_err(gone),
                            () = cancel.asked() => Err(cancel.reason()),
                        }
                    })?;
                }
                Err(error) => return Err(gone(error)),
            }
        }
        Ok(())
    }
}
