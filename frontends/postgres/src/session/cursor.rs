//! SQL cursors: DECLARE, FETCH, MOVE and CLOSE over portals.

use stele_core::record::value::Value;

use super::{Mode, Outcome, Portal, PortalState, RowTag, Rows, Session, Status};
use crate::error::SqlError;
use crate::sql::parse::{Fetch, Parsed};
use crate::sql::statement::Body;
use crate::wire::output::Formats;

impl Session {
    /// DECLARE.
    pub(super) async fn declare(
        &mut self,
        name: &str,
        is_held: bool,
        inner: &Parsed,
        params: &[Value],
    ) -> Result<Outcome, SqlError> {
        if !is_held && self.transaction.status() == Status::Idle && !self.has_implicit() {
            return Err(SqlError::new(
                "25P01",
                "DECLARE CURSOR can only be used in transaction blocks",
            ));
        }
        let prepared = self.prepare(inner.clone(), &[], false)?;
        if !matches!(prepared.body, Some(Body::Query(_))) {
            return Err(SqlError::syntax("a cursor needs a query"));
        }
        let mut portal = Portal::new(prepared, params.to_vec(), Formats::text());
        portal.is_cursor = true;
        portal.is_held = is_held;
        portal.depth = self.transaction.depth();
        // Its rows are those of now: PostgreSQL's cursors do not see later changes either.
        let outcome =
            Box::pin(self.execute(&portal.prepared, &portal.params, Mode::Pipelined)).await?;
        if let Outcome::Rows(rows) = outcome {
            portal.state = PortalState::of(rows);
        }
        self.portals.open(name, portal)?;
        Ok(Outcome::Done("DECLARE CURSOR".to_owned()))
    }

    /// FETCH and MOVE.
    pub(super) async fn fetch(&mut self, fetch: &Fetch) -> Result<Outcome, SqlError> {
        let missing =
            |_| SqlError::new("34000", format!("cursor \"{}\" does not exist", fetch.name));
        let mut portal = self.portals.take(&fetch.name).map_err(missing)?;
        if matches!(portal.state, PortalState::New) {
            let outcome =
                Box::pin(self.execute(&portal.prepared, &portal.params, Mode::Pipelined)).await?;
            portal.state = match outcome {
                Outcome::Rows(rows) => PortalState::of(rows),
                _ => PortalState::Done,
            };
        }
        let limit = fetch.count.map_or(usize::MAX, |count| {
            usize::try_from(count).unwrap_or(usize::MAX)
        });
        let rows = match &mut portal.state {
            PortalState::Rows { rows, .. } => rows.by_ref().take(limit).collect(),
            _ => Vec::new(),
        };
        let fields = portal.prepared.shared_fields();
        self.portals.put(fetch.name.clone(), portal);
        if fetch.is_move {
            return Ok(Outcome::Done(format!("MOVE {}", rows.len())));
        }
        Ok(Outcome::Rows(Rows {
            fields,
            rows,
            tag: RowTag::Counted("FETCH"),
        }))
    }

    /// CLOSE, `None` = ALL.
    pub(super) fn close_cursor(&mut self, name: Option<&str>) -> Result<&'static str, SqlError> {
        match name {
            None => {
                self.portals.close_cursors();
                Ok("CLOSE CURSOR ALL")
            }
            Some(name) if self.portals.close(name) => Ok("CLOSE CURSOR"),
            Some(name) => Err(SqlError::new(
                "34000",
                format!("cursor \"{name}\" does not exist"),
            )),
        }
    }
}
