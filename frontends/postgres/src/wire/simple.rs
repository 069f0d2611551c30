//! The simple protocol: one text of many statements, each answered as soon as it is done.

use bytes::Bytes;

use super::connection::{Connection, End};
use super::guard::watched;
use super::output::Formats;
use super::spill::Spill;
use crate::error::SqlError;
use crate::session::{Mode, Outcome, Rows};
use crate::sql::parse::{self, Parsed};

impl Connection {
    /// Runs every statement of a query text. What earlier statements answered is sent even
    /// when a later one fails; statements without their own BEGIN are one transaction.
    pub(super) async fn simple(&mut self, text: Bytes) -> Result<(), End> {
        self.extended.is_skipping = false;
        self.session.portals.close_unnamed();
        match self.statements(&text).await {
            Ok(()) => {}
            Err(Stop::Error(error)) => self.fail(&error),
            Err(Stop::End(end)) => return Err(end),
        }
        self.ready();
        Ok(())
    }

    async fn statements(&mut self, text: &[u8]) -> Result<(), Stop> {
        let statements = parse::parse(super::utf8(text)?)?;
        let Some(last) = statements.len().checked_sub(1) else {
            self.output.empty();
            return Ok(());
        };
        let mode = if last == 0 { Mode::Alone } else { Mode::Among };
        for parsed in statements {
            self.statement(parsed, mode).await?;
        }
        self.close_implicit().await?;
        Ok(())
    }

    async fn statement(&mut self, parsed: Parsed, mode: Mode) -> Result<(), Stop> {
        self.session.start_statement(&parsed.text);
        let prepared = self.session.prepare(parsed, &[], false)?;
        let outcome = self
            .run(&prepared, &[], mode, Some((Formats::text(), true)))
            .await?;
        self.say_asides();
        match outcome {
            Outcome::Empty => self.output.empty(),
            Outcome::Done(tag) => self.output.complete(&tag),
            Outcome::Rows(rows) => self.rows(rows).await?,
            Outcome::Sent { count, tag } => self.output.complete(&tag.print(count)),
            Outcome::CopyIn(copy) => self.copy_in(copy).await?,
            Outcome::CopyOut(copy) => self.copy_out(copy).await?,
        }
        Ok(())
    }

    async fn rows(&mut self, mut result: Rows) -> Result<(), Stop> {
        let formats = Formats::text();
        self.session
            .name_objects(&result.fields, &mut result.rows, |_| false)?;
        self.output.row_description(&result.fields, &formats);
        let settings = self.session.settings.values();
        let count = result.rows.len();
        for row in result.rows {
            self.output.row(&row, &formats, &settings)?;
            self.relieve().await?;
        }
        self.output.complete(&result.tag.print(count));
        Ok(())
    }

    /// Runs one prepared statement, watched. `spill`: how rows may be sent before all are
    /// there, and whether their columns come with them.
    pub(super) async fn run(
        &mut self,
        prepared: &std::sync::Arc<crate::session::Prepared>,
        params: &[stele_core::record::value::Value],
        mode: Mode,
        spill: Option<(Formats, bool)>,
    ) -> Result<Outcome, SqlError> {
        self.cancel.reset();
        if let Some((formats, describes)) = spill.filter(|_| prepared.may_be_large()) {
            // Nothing may be left to overtake.
            let gone = |_| SqlError::new("08006", "the client left");
            self.flush().await.map_err(gone)?;
            let (fields, settings) = (prepared.shared_fields(), self.session.settings.values());
            self.session.spill = Spill::new(
                &self.stream,
                &self.cancel,
                fields,
                formats,
                settings,
                describes,
            );
        }
        let outcome = self.run_watched(prepared, params, mode).await;
        if let Some(spill) = self.session.spill.take() {
            self.output.buffer.unsplit(spill.output.buffer);
        }
        outcome
    }

    async fn run_watched(
        &mut self,
        prepared: &std::sync::Arc<crate::session::Prepared>,
        params: &[stele_core::record::value::Value],
        mode: Mode,
    ) -> Result<Outcome, SqlError> {
        let limit = self.session.statement_limit();
        let is_committing = self.session.is_committing();
        watched(
            &self.stream,
            &mut self.input,
            &self.cancel,
            &is_committing,
            limit,
            self.session.execute(prepared, params, mode),
        )
        .await
    }

    /// Commits the transaction that no BEGIN opened, if there is one.
    pub(super) async fn close_implicit(&mut self) -> Result<(), SqlError> {
        if !self.session.has_implicit() {
            return Ok(());
        }
        let is_committing = self.session.is_committing();
        watched(
            &self.stream,
            &mut self.input,
            &self.cancel,
            &is_committing,
            None,
            self.session.close_implicit(),
        )
        .await
    }

    /// Answers with an error, and lets the transaction at hand fail with it.
    pub(super) fn fail(&mut self, error: &SqlError) {
        self.session.fail();
        self.say_asides();
        self.output.error(error);
    }
}

/// Why a statement is not followed by the next.
pub(super) enum Stop {
    /// It failed.
    Error(SqlError),
    /// The connection is over.
    End(End),
}

impl From<SqlError> for Stop {
    fn from(error: SqlError) -> Self {
        Self::Error(error)
    }
}

impl From<End> for Stop {
    fn from(end: End) -> Self {
        Self::End(end)
    }
}

impl From<std::io::Error> for Stop {
    fn from(error: std::io::Error) -> Self {
        Self::End(error.into())
    }
}
