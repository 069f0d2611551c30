//! Messages to the client: appended to one buffer, written when there is reason to.

use bytes::{BufMut, BytesMut};
use pgwire::messages::Message;
use pgwire::messages::data::{FieldDescription, NoData, ParameterDescription, RowDescription};
use pgwire::messages::extendedquery::{
    BindComplete, CloseComplete, ParseComplete, PortalSuspended,
};
use pgwire::messages::response::{
    CommandComplete, EmptyQueryResponse, NotificationResponse, ReadyForQuery,
    TransactionStatus as WireStatus,
};
use pgwire::messages::startup::ParameterStatus;
use stele_core::record::value::{Settings, Value, send, text};

use super::report::{self, Severity};
use crate::error::SqlError;
use crate::session::{Field, Status};

/// A row may not be longer than this on the wire.
const ROW_BYTES_MAX: usize = 1 << 30;
/// An error's text is cut here: libpq refuses longer messages.
const TEXT_BYTES_MAX: usize = 20_000;

/// The output buffer. Nothing is sent until the connection flushes it.
#[derive(Default)]
pub struct Output {
    /// The bytes not yet written.
    pub buffer: BytesMut,
    scratch: String,
}

impl Output {
    /// Appends a pgwire message. A message that cannot be encoded is a fault of ours and is
    /// dropped whole; none of those used here can fail within their limits.
    pub fn message<M: Message>(&mut self, message: &M) {
        let before = self.buffer.len();
        if let Err(error) = message.encode(&mut self.buffer) {
            tracing::error!(%error, "a message could not be encoded");
            self.buffer.truncate(before);
        }
    }

    /// An error answer.
    pub fn error(&mut self, error: &SqlError) {
        self.report(Severity::Error, error);
    }

    /// An error, warning or notice with all its fields.
    pub fn report(&mut self, severity: Severity, error: &SqlError) {
        report::encode(&mut self.buffer, severity, error, TEXT_BYTES_MAX);
    }

    /// Ready for the next query, and how the transaction stands.
    pub fn ready(&mut self, status: Status) {
        self.message(&ReadyForQuery::new(match status {
            Status::Idle => WireStatus::Idle,
            Status::Open => WireStatus::Transaction,
            Status::Failed => WireStatus::Error,
        }));
    }

    /// A statement is done.
    pub fn complete(&mut self, tag: &str) {
        self.message(&CommandComplete::new(tag.to_owned()));
    }

    /// There was no statement.
    pub fn empty(&mut self) {
        self.message(&EmptyQueryResponse::new());
    }

    /// A setting that clients follow has this value now.
    pub fn parameter_status(&mut self, name: &str, value: &str) {
        self.message(&ParameterStatus::new(name.to_owned(), value.to_owned()));
    }

    /// A NOTIFY from somewhere.
    pub fn notification(&mut self, pid: i32, channel: &str, payload: &str) {
        self.message(&NotificationResponse::new(
            pid,
            channel.to_owned(),
            payload.to_owned(),
        ));
    }

    /// The columns that follow, each in its format.
    pub fn row_description(&mut self, fields: &[Field], formats: &Formats) {
        let describe = |(at, field): (usize, &Field)| {
            FieldDescription::new(
                field.name.clone(),
                field.table.cast_signed(),
                field.column,
                wire_type(field),
                field.ty.ty.length(),
                field.ty.typmod,
                i16::from(formats.is_binary(at)),
            )
        };
        let fields = fields.iter().enumerate().map(describe).collect();
        self.message(&RowDescription::new(fields));
    }

    /// No columns follow.
    pub fn no_data(&mut self) {
        self.message(&NoData::new());
    }

    /// The types of a statement's parameters.
    pub fn parameter_description(&mut self, types: Vec<u32>) {
        self.message(&ParameterDescription::new(types));
    }

    /// Parse went well.
    pub fn parse_complete(&mut self) {
        self.message(&ParseComplete::new());
    }

    /// Bind went well.
    pub fn bind_complete(&mut self) {
        self.message(&BindComplete::new());
    }

    /// Close went well.
    pub fn close_complete(&mut self) {
        self.message(&CloseComplete::new());
    }

    /// The row limit was reached; the portal goes on from here.
    pub fn portal_suspended(&mut self) {
        self.message(&PortalSuspended::new());
    }

    /// One row.
    ///
    /// # Errors
    /// 54000 when the row is too long for a message.
    pub fn row(
        &mut self,
        row: &[Value],
        formats: &Formats,
        settings: &Settings,
    ) -> Result<(), SqlError> {
        let start = self.buffer.len();
        self.buffer.put_u8(b'D');
        self.buffer.put_i32(0);
        self.buffer
            .put_u16(u16::try_from(row.len()).unwrap_or(u16::MAX));
        for (at, value) in row.iter().enumerate() {
            self.field(value, formats.is_binary(at), settings);
        }
        let length = self.buffer.len() - start - 1;
        if length > ROW_BYTES_MAX {
            self.buffer.truncate(start);
            return Err(SqlError::new("54000", "the row is too long for a message"));
        }
        self.patch(start + 1, length);
        Ok(())
    }

    fn field(&mut self, value: &Value, binary: bool, settings: &Settings) {
        if value.is_null() {
            self.buffer.put_i32(-1);
            return;
        }
        let at = self.buffer.len();
        self.buffer.put_i32(0);
        if binary {
            send(value, &mut self.buffer);
        } else {
            self.scratch.clear();
            text::print_to(value, settings, &mut self.scratch);
            self.buffer.put_slice(self.scratch.as_bytes());
        }
        let length = self.buffer.len() - at - 4;
        self.patch(at, length);
    }

    /// Writes a length over the four bytes reserved for it.
    fn patch(&mut self, at: usize, length: usize) {
        let length = i32::try_from(length).unwrap_or(i32::MAX).to_be_bytes();
        if let Some(place) = self.buffer.get_mut(at..at + 4) {
            place.copy_from_slice(&length);
        }
    }
}

/// An untyped literal is sent as text, as PostgreSQL does.
fn wire_type(field: &Field) -> u32 {
    match field.ty.ty.oid() {
        0 | 705 => 25,
        oid => oid,
    }
}

/// The formats of a row's columns: text everywhere, one for all, or one each.
#[derive(Clone, Debug, Default)]
pub struct Formats(Vec<i16>);

impl Formats {
    /// Text for every column.
    pub fn text() -> Self {
        Self(Vec::new())
    }

    /// The codes of a Bind message.
    ///
    /// # Errors
    /// 08P01 for a wrong number of codes, 22023 for an unknown one.
    pub fn new(codes: Vec<i16>, column_count: usize) -> Result<Self, SqlError> {
        if codes.len() > 1 && codes.len() != column_count {
            return Err(SqlError::new(
                "08P01",
                format!(
                    "bind message has {} result formats but query has {column_count} columns",
                    codes.len()
                ),
            ));
        }
        match codes.iter().find(|code| !matches!(code, 0 | 1)) {
            Some(code) => Err(SqlError::new(
                "22023",
                format!("unsupported format code: {code}"),
            )),
            None => Ok(Self(codes)),
        }
    }

    /// Is this column sent in binary?
    pub fn is_binary(&self, column: usize) -> bool {
        match self.0.as_slice() {
            [] => false,
            [one] => *one == 1,
            many => many.get(column) == Some(&1),
        }
    }
}
