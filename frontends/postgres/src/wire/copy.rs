//! COPY on the wire: data streams in either protocol, with errors where they belong.

use pgwire::messages::copy::{CopyData, CopyDone, CopyInResponse, CopyOutResponse};

use super::connection::{Connection, End};
use super::frontend::{Broken, Frontend};
use super::guard::watched;
use super::simple::Stop;
use super::utf8;
use crate::error::SqlError;
use crate::sql::copy::{CopyIn, CopyOut};

impl Connection {
    /// Takes rows from the client until it has no more.
    pub(super) async fn copy_in(&mut self, mut copy: CopyIn) -> Result<(), Stop> {
        let format = i8::from(copy.is_binary());
        let columns = copy.column_count();
        let formats = vec![i16::from(format); columns];
        let columns = i16::try_from(columns).unwrap_or(i16::MAX);
        self.output
            .message(&CopyInResponse::new(format, columns, formats));
        self.is_flush_due = true;
        match self.copy_rows(&mut copy).await {
            Ok(()) => {}
            Err(Stop::Error(error)) => {
                // The client goes on sending until it has read the error: listen, but let
                // nothing of it count. In the extended protocol Sync is the end of it.
                return Err(Stop::Error(error));
            }
            Err(end) => return Err(end),
        }
        let tag = self.copy_end(copy).await?;
        self.output.complete(&tag);
        Ok(())
    }

    async fn copy_rows(&mut self, copy: &mut CopyIn) -> Result<(), Stop> {
        loop {
            match self.next().await? {
                Frontend::CopyData(bytes) => {
                    let limit = self.session.statement_limit();
                    let is_committing = self.session.is_committing();
                    watched(
                        &self.stream,
                        &mut self.input,
                        &self.cancel,
                        &is_committing,
                        limit,
                        self.session.copy_data(copy, bytes),
                    )
                    .await?;
                }
                Frontend::CopyDone => return Ok(()),
                Frontend::CopyFail(why) => {
                    let why = utf8(&why)?;
                    return Err(
                        SqlError::new("57014", format!("COPY from stdin failed: {why}")).into(),
                    );
                }
                // Sent by clients that do not wait to hear that this is COPY.
                Frontend::Flush | Frontend::Sync => {}
                Frontend::Terminate => return Err(Stop::End(End::Left)),
                _ => {
                    let broken =
                        Broken("unexpected message type during COPY from stdin".to_owned());
                    return Err(Stop::End(broken.into()));
                }
            }
        }
    }

    async fn copy_end(&mut self, copy: CopyIn) -> Result<String, SqlError> {
        let is_committing = self.session.is_committing();
        watched(
            &self.stream,
            &mut self.input,
            &self.cancel,
            &is_committing,
            None,
            self.session.copy_end(copy),
        )
        .await
    }

    /// Gives rows to the client. An error ends the data and is told in its own message.
    pub(super) async fn copy_out(&mut self, copy: CopyOut) -> Result<(), Stop> {
        let format = i8::from(copy.is_binary());
        let columns = copy.column_count();
        let formats = vec![i16::from(format); columns];
        let columns = i16::try_from(columns).unwrap_or(i16::MAX);
        self.output
            .message(&CopyOutResponse::new(format, columns, formats));
        let tag = copy.tag();
        for piece in copy.pieces(&self.session.settings.values()) {
            self.output.message(&CopyData::new(piece));
            self.relieve().await?;
        }
        self.output.message(&CopyDone::new());
        self.output.complete(&tag);
        Ok(())
    }
}
