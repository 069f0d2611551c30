//! The extended protocol: statements prepared once, given parameters, run in pipelines.
//!
//! After an error everything up to the next Sync is ignored. Sync ends the transaction that
//! no BEGIN opened, and is always answered, whatever happens in it.

use bytes::Bytes;
use stele_core::record::value::{self, Value};

use super::connection::{Connection, End};
use super::frontend::{Frontend, is_sync_next};
use super::output::Formats;
use super::simple::Stop;
use super::utf8;
use crate::error::SqlError;
use crate::session::{Mode, Outcome, Portal, PortalState, Prepared};
use crate::sql::parse;

/// Where a connection is in its pipeline.
#[derive(Default)]
pub struct Extended {
    /// An error was answered: skip to Sync.
    pub(super) is_skipping: bool,
    /// Executes since the last Sync.
    executed: usize,
}

impl Connection {
    /// One message of the extended protocol.
    pub(super) async fn extended(&mut self, message: Frontend) -> Result<(), End> {
        if message == Frontend::Sync {
            return self.sync().await;
        }
        if self.extended.is_skipping {
            return Ok(());
        }
        let done = match message {
            Frontend::Parse { name, query, types } => self.parse(&name, &query, &types),
            Frontend::Bind {
                portal,
                statement,
                formats,
                params,
                results,
            } => self.bind(&portal, &statement, &formats, params, results),
            Frontend::Describe(b'S', name) => self.describe_statement(&name),
            Frontend::Describe(b'P', name) => self.describe_portal(&name),
            Frontend::Close(b'S', name) => self.close(&name, true),
            Frontend::Close(b'P', name) => self.close(&name, false),
            Frontend::Execute(name, rows_max) => self.execute(&name, rows_max).await,
            Frontend::Flush => {
                self.is_flush_due = true;
                Ok(())
            }
            _ => Err(SqlError::new("08P01", "invalid DESCRIBE or CLOSE message subtype").into()),
        };
        match done {
            Ok(()) => Ok(()),
            Err(Stop::Error(error)) => {
                self.fail(&error);
                self.extended.is_skipping = true;
                Ok(())
            }
            Err(Stop::End(end)) => Err(end),
        }
    }

    async fn sync(&mut self) -> Result<(), End> {
        if let Err(error) = self.close_implicit().await {
            self.fail(&error);
        }
        self.session.end_pipeline();
        self.extended = Extended::default();
        self.ready();
        Ok(())
    }

    fn parse(&mut self, name: &[u8], query: &[u8], types: &[u32]) -> Result<(), Stop> {
        let (name, query) = (utf8(name)?, utf8(query)?);
        if !name.is_empty() && self.session.statements.contains(name) {
            return Err(SqlError::new(
                "42P05",
                format!("prepared statement \"{name}\" already exists"),
            )
            .into());
        }
        let prepared = match self.session.prepared_before(query, types)? {
            Some(prepared) => prepared,
            None => {
                let mut statements = parse::parse(query)?;
                let parsed = statements.pop().unwrap_or_default();
                if !statements.is_empty() {
                    return Err(SqlError::syntax(
                        "cannot insert multiple commands into a prepared statement",
                    )
                    .into());
                }
                let prepared = self.session.prepare(parsed, types, true)?;
                self.session.statements.remember(query, types, &prepared);
                prepared
            }
        };
        self.session.statements.insert(name, prepared, false)?;
        self.output.parse_complete();
        Ok(())
    }

    fn bind(
        &mut self,
        portal: &[u8],
        statement: &[u8],
        formats: &[i16],
        params: Vec<Option<Bytes>>,
        results: Vec<i16>,
    ) -> Result<(), Stop> {
        let portal = utf8(portal)?;
        let prepared = self.session.statement(utf8(statement)?)?;
        self.session.check_admitted(&prepared)?;
        let params = self.params(&prepared, formats, params)?;
        let formats = Formats::new(results, prepared.fields().map_or(0, <[_]>::len))?;
        let portal_of = Portal::new(prepared, params, formats);
        self.session.portals.open(portal, portal_of)?;
        self.output.bind_complete();
        Ok(())
    }

    fn params(
        &mut self,
        prepared: &Prepared,
        formats: &[i16],
        given: Vec<Option<Bytes>>,
    ) -> Result<Vec<Value>, SqlError> {
        let types = prepared.params();
        if given.len() != types.len() {
            return Err(SqlError::new(
                "08P01",
                format!(
                    "bind message supplies {} parameters, but prepared statement requires {}",
                    given.len(),
                    types.len()
                ),
            ));
        }
        if formats.len() > 1 && formats.len() != given.len() {
            return Err(SqlError::new(
                "08P01",
                format!(
                    "bind message has {} parameter formats but {} parameters",
                    formats.len(),
                    given.len()
                ),
            ));
        }
        let settings = self.session.settings.values();
        let mut values = Vec::with_capacity(given.len());
        for (at, (bytes, ty)) in given.into_iter().zip(types).enumerate() {
            let format = match formats {
                [] => 0,
                [one] => *one,
                many => many.get(at).copied().unwrap_or(0),
            };
            values.push(match (bytes, format) {
                (None, _) => Value::Null,
                (Some(bytes), 0) if ty.is_reg() => self.session.object(utf8(&bytes)?, ty)?,
                (Some(bytes), 0) => value::parse(utf8(&bytes)?, &ty.clone().into(), &settings)?,
                (Some(bytes), 1) => value::receive(&bytes, &ty.clone().into())?,
                (Some(_), code) => {
                    return Err(SqlError::new(
                        "22023",
                        format!("unsupported format code: {code}"),
                    ));
                }
            });
        }
        Ok(values)
    }

    fn describe_statement(&mut self, name: &[u8]) -> Result<(), Stop> {
        let prepared = self.session.statement(utf8(name)?)?;
        let types = prepared.params().iter().map(|ty| match ty.oid() {
            705 => 25,
            oid => oid,
        });
        self.output.parameter_description(types.collect());
        match prepared.fields() {
            Some(fields) => self.output.row_description(fields, &Formats::text()),
            None => self.output.no_data(),
        }
        Ok(())
    }

    fn describe_portal(&mut self, name: &[u8]) -> Result<(), Stop> {
        let portal = self.session.portals.get(utf8(name)?)?;
        match portal.prepared.fields() {
            Some(fields) => self.output.row_description(fields, &portal.formats),
            None => self.output.no_data(),
        }
        Ok(())
    }

    fn close(&mut self, name: &[u8], is_statement: bool) -> Result<(), Stop> {
        let name = utf8(name)?;
        if is_statement {
            self.session.statements.remove(name);
        } else {
            self.session.portals.close(name);
        }
        self.output.close_complete();
        Ok(())
    }

    async fn execute(&mut self, name: &[u8], rows_max: i32) -> Result<(), Stop> {
        let name = utf8(name)?.to_owned();
        let portal = self.session.portals.take(&name)?;
        self.execute_portal(name, portal, usize::try_from(rows_max).unwrap_or(0))
            .await
    }

    async fn execute_portal(
        &mut self,
        name: String,
        mut portal: Portal,
        rows_max: usize,
    ) -> Result<(), Stop> {
        if matches!(portal.state, PortalState::New) {
            let outcome = self.run_portal(&portal, rows_max == 0).await;
            self.extended.executed += 1;
            self.say_asides();
            let tag = match outcome? {
                Outcome::Rows(mut rows) => {
                    let is_binary = |at| portal.formats.is_binary(at);
                    self.session
                        .name_objects(&rows.fields, &mut rows.rows, is_binary)?;
                    portal.state = PortalState::of(rows);
                    None
                }
                Outcome::Empty => {
                    self.output.empty();
                    portal.state = PortalState::Done;
                    self.session.portals.put(name, portal);
                    return Ok(());
                }
                Outcome::Done(tag) => Some(tag),
                Outcome::Sent { count, tag } => Some(tag.print(count)),
                Outcome::CopyIn(copy) => {
                    self.copy_in(copy).await?;
                    return Ok(());
                }
                Outcome::CopyOut(copy) => {
                    self.copy_out(copy).await?;
                    return Ok(());
                }
            };
            if let Some(tag) = tag {
                self.output.complete(&tag);
                portal.state = PortalState::Done;
                self.session.portals.put(name, portal);
                return Ok(());
            }
        }
        self.send_rows(&name, &mut portal, rows_max).await?;
        self.session.portals.put(name, portal);
        Ok(())
    }

    async fn run_portal(&mut self, portal: &Portal, is_whole: bool) -> Result<Outcome, SqlError> {
        // Nothing but Sync follows: the statement may commit by itself.
        let mode = match self.extended.executed == 0 && is_sync_next(&self.input) {
            true => Mode::Alone,
            false => Mode::Pipelined,
        };
        self.session.start_statement(portal.prepared.text());
        let prepared = std::sync::Arc::clone(&portal.prepared);
        let spill = is_whole.then(|| (portal.formats.clone(), false));
        self.run(&prepared, &portal.params, mode, spill).await
    }

    async fn send_rows(
        &mut self,
        name: &str,
        portal: &mut Portal,
        rows_max: usize,
    ) -> Result<(), Stop> {
        let PortalState::Rows { rows, tag } = &mut portal.state else {
            return Err(SqlError::new("55000", format!("portal \"{name}\" cannot be run")).into());
        };
        let settings = self.session.settings.values();
        let mut sent = 0;
        while rows_max == 0 || sent < rows_max {
            let Some(row) = rows.next() else {
                self.output.complete(&tag.print(sent));
                return Ok(());
            };
            self.output.row(&row, &portal.formats, &settings)?;
            self.relieve().await?;
            sent += 1;
        }
        self.output.portal_suspended();
        Ok(())
    }
}
