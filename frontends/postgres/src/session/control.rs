//! Statements about the session and the transaction, carried out.

use std::sync::Arc;

use stele_core::record::value::{Type, Value};

use super::{Mode, Modes, Outcome, Prepared, RowTag, Rows, Session, Status};
use crate::error::SqlError;
use crate::sql::bind::{self, ParamTypes};
use crate::sql::parse::{Parsed, RoleStatement, Statement, Utility};

impl Session {
    /// Runs a statement that is not bound.
    pub(super) async fn control(
        &mut self,
        prepared: &Arc<Prepared>,
        params: &[Value],
        mode: Mode,
    ) -> Result<Outcome, SqlError> {
        match &prepared.parsed.statement {
            Statement::Utility(Utility::Execute { name, args }) => {
                let (statement, values) = self.resolve_execute(name, args, params)?;
                Box::pin(self.execute(&statement, &values, mode)).await
            }
            Statement::Utility(utility) => self.utility(utility).await,
            Statement::Copy(copy) => self.copy(copy, mode).await,
            Statement::Role(role) => self.role_command(role, mode).await,
            Statement::Publication(statement) => {
                self.publication_command(prepared, statement, mode).await
            }
            Statement::Prepare { name, types, inner } => {
                let types: Result<Vec<u32>, SqlError> = types
                    .iter()
                    .map(|ty| Ok(bind::types::column_type(ty)?.ty.oid()))
                    .collect();
                let statement = self.prepare((**inner).clone(), &types?, true)?;
                self.statements.insert(name, statement, true)?;
                Ok(Outcome::Done("PREPARE".to_owned()))
            }
            Statement::Explain { analyze, inner } => {
                self.explain(inner, *analyze, params, mode).await
            }
            Statement::Declare { name, hold, inner } => {
                self.declare(name, *hold, inner, params).await
            }
            Statement::Empty | Statement::Sql(_) => {
                Err(SqlError::internal("not a control statement"))
            }
        }
    }

    /// The columns a control statement's rows have.
    pub(super) fn control_fields(
        &mut self,
        statement: &Statement,
    ) -> Result<Option<Arc<[super::Field]>>, SqlError> {
        Ok(match statement {
            Statement::Utility(Utility::Show(name)) => Some(self.show_fields(name.as_deref())),
            Statement::Utility(Utility::Execute { name, .. }) => self
                .statements
                .get(name)
                .ok()
                .and_then(|statement| statement.fields().map(Into::into)),
            Statement::Utility(Utility::Fetch(fetch)) if !fetch.is_move => {
                let portal = self.portals.get(&fetch.name).ok();
                portal.and_then(|portal| portal.prepared.fields().map(Into::into))
            }
            Statement::Explain { .. } => {
                Some(Arc::from([super::Field::new("QUERY PLAN", Type::Text)]))
            }
            _ => None,
        })
    }

    async fn utility(&mut self, utility: &Utility) -> Result<Outcome, SqlError> {
        let tag = match utility {
            Utility::Begin(modes, is_start) => {
                self.begin(*modes)?;
                if *is_start {
                    "START TRANSACTION"
                } else {
                    "BEGIN"
                }
            }
            Utility::Commit(chain) => return self.commit_command(*chain).await.map(Outcome::Done),
            Utility::Rollback(chain) => return self.rollback_command(*chain).map(Outcome::Done),
            Utility::Savepoint(name) => {
                self.savepoint(name.clone())?;
                "SAVEPOINT"
            }
            Utility::Release(name) => {
                self.release(name)?;
                "RELEASE"
            }
            Utility::RollbackTo(name) => {
                self.rollback_to(name)?;
                "ROLLBACK"
            }
            Utility::Fetch(fetch) => return self.fetch(fetch).await,
            Utility::CloseCursor(name) => self.close_cursor(name.as_deref())?,
            Utility::Listen(channel) => {
                self.listen(channel);
                "LISTEN"
            }
            Utility::Unlisten(channel) => {
                self.unlisten(channel.as_deref());
                "UNLISTEN"
            }
            Utility::Notify { channel, payload } => {
                self.note(channel, payload)?;
                if self.transaction.status() == Status::Idle && !self.has_implicit_work() {
                    self.close_implicit().await?;
                }
                "NOTIFY"
            }
            Utility::Maintain { tag, tables } => {
                self.check_tables(tables)?;
                if *tag == "VACUUM" && self.transaction.status() == Status::Open {
                    return Err(SqlError::new(
                        "25001",
                        "VACUUM cannot run inside a transaction block",
                    ));
                }
                tag
            }
            other => return self.setting_command(other),
        };
        Ok(Outcome::Done(tag.to_owned()))
    }

    /// SET, SHOW, RESET, DISCARD, DEALLOCATE.
    fn setting_command(&mut self, utility: &Utility) -> Result<Outcome, SqlError> {
        let tag = match utility {
            Utility::SetTransaction(modes) => {
                if self.transaction.status() == Status::Idle {
                    self.warn(
                        "25P01",
                        "SET TRANSACTION can only be used in transaction blocks",
                    );
                } else {
                    self.set_transaction(*modes)?;
                }
                "SET"
            }
            Utility::SetCharacteristics(modes) => {
                self.set_characteristics(*modes)?;
                "SET"
            }
            Utility::Set {
                name,
                values,
                is_local,
            } => {
                self.set(name, values, *is_local)?;
                "SET"
            }
            Utility::SetConstraints { deferred } => {
                if *deferred {
                    return Err(SqlError::unsupported(
                        "deferred constraints are not supported",
                    ));
                }
                "SET CONSTRAINTS"
            }
            Utility::Reset(Some(name)) => {
                self.set(name, &[], false)?;
                "RESET"
            }
            Utility::Reset(None) => {
                self.settings.reset_all();
                "RESET"
            }
            Utility::Show(name) => return self.show(name.as_deref()),
            Utility::Discard(what) => return self.discard(what).map(Outcome::Done),
            Utility::Deallocate(Some(name)) => {
                if !self.statements.remove(name) {
                    return Err(SqlError::new(
                        "26000",
                        format!("prepared statement \"{name}\" does not exist"),
                    ));
                }
                "DEALLOCATE"
            }
            Utility::Deallocate(None) => {
                self.statements.clear();
                "DEALLOCATE ALL"
            }
            _ => return Err(SqlError::internal("not a setting command")),
        };
        Ok(Outcome::Done(tag.to_owned()))
    }

    /// SET of one setting; the transaction's own settings belong to the transaction.
    fn set(&mut self, name: &str, values: &[String], is_local: bool) -> Result<(), SqlError> {
        let value = values.first().map(String::as_str);
        match (name, value) {
            ("transaction_isolation", Some(value)) => {
                let isolation = super::IsolationLevel::parse(value);
                let isolation = isolation.ok_or_else(|| {
                    SqlError::new(
                        "22023",
                        format!(
                            "invalid value for parameter \"transaction_isolation\": \"{value}\""
                        ),
                    )
                })?;
                return self.set_transaction(Modes {
                    isolation: Some(isolation),
                    read_only: None,
                });
            }
            ("transaction_read_only", Some(value)) => {
                let read_only = super::settings::check::flag(value);
                let read_only = read_only.ok_or_else(|| {
                    SqlError::new(
                        "22023",
                        "parameter \"transaction_read_only\" requires a Boolean value",
                    )
                })?;
                return self.set_transaction(Modes {
                    isolation: None,
                    read_only: Some(read_only),
                });
            }
            _ => {}
        }
        if is_local && self.transaction.status() == Status::Idle && !self.has_implicit() {
            self.warn("25P01", "SET LOCAL can only be used in transaction blocks");
            // Checked all the same, and gone at once.
            return self.settings.clone().set(name, values, true);
        }
        self.settings.set(name, values, is_local)?;
        if name == "application_name" {
            self.activity
                .rename(self.settings.get(name).unwrap_or_default());
        }
        Ok(())
    }

    fn set_characteristics(&mut self, modes: Modes) -> Result<(), SqlError> {
        if let Some(isolation) = modes.isolation {
            self.settings.set(
                "default_transaction_isolation",
                &[isolation.name().to_owned()],
                false,
            )?;
        }
        if let Some(read_only) = modes.read_only {
            let value = if read_only { "on" } else { "off" };
            self.settings
                .set("default_transaction_read_only", &[value.to_owned()], false)?;
        }
        Ok(())
    }

    fn discard(&mut self, what: &str) -> Result<String, SqlError> {
        match what {
            "all" => {
                if self.transaction.status() != Status::Idle {
                    return Err(SqlError::new(
                        "25001",
                        "DISCARD ALL cannot run inside a transaction block",
                    ));
                }
                self.settings.reset_all();
                self.statements.clear();
                self.portals.clear();
                self.unlisten(None);
                *self.currents.lock() = super::host::Currents::default();
            }
            "plans" | "temp" | "temporary" => {}
            "sequences" => *self.currents.lock() = super::host::Currents::default(),
            other => {
                return Err(SqlError::syntax(format!(
                    "syntax error at or near \"{other}\""
                )));
            }
        }
        Ok(format!("DISCARD {}", what.to_uppercase()))
    }

    fn check_tables(&mut self, tables: &[String]) -> Result<(), SqlError> {
        let catalog = self.catalog()?;
        match tables
            .iter()
            .find(|name| catalog.table(name).is_none() && !name.contains('.'))
        {
            Some(name) => Err(SqlError::new(
                "42P01",
                format!("relation \"{name}\" does not exist"),
            )),
            None => Ok(()),
        }
    }

    /// The statement an EXECUTE names, and its arguments' values.
    fn resolve_execute(
        &mut self,
        name: &str,
        args: &[sqlparser::ast::Expr],
        params: &[Value],
    ) -> Result<(Arc<Prepared>, Vec<Value>), SqlError> {
        let statement = self.statement(name)?;
        let types = statement.params();
        if types.len() != args.len() {
            return Err(SqlError::syntax(format!(
                "wrong number of parameters for prepared statement \"{name}\""
            ))
            .with_detail(format!(
                "Expected {} parameters but got {}.",
                types.len(),
                args.len()
            )));
        }
        let around = self.surroundings("")?;
        let cx = around.bind("");
        let mut values = Vec::with_capacity(args.len());
        for (arg, ty) in args.iter().zip(types) {
            let target = ty.clone().into();
            let bound = bind::bind_constant(arg, Some(&target), &cx, &mut ParamTypes::none())?;
            let bound = bound.cast_to(target, stele_core::record::value::CastContext::Assignment);
            values.push(bound.eval(&[], &around.eval(params))?);
        }
        Ok((statement, values))
    }

    async fn role_command(
        &mut self,
        role: &RoleStatement,
        mode: Mode,
    ) -> Result<Outcome, SqlError> {
        if self.is_read_only() {
            return Err(SqlError::new(
                "25006",
                "cannot change roles in a read-only transaction",
            ));
        }
        self.open_implicit();
        let tag = self.change_roles(role).await?;
        if mode == Mode::Alone {
            self.close_implicit().await?;
        }
        Ok(Outcome::Done(tag.to_owned()))
    }

    /// Prepares and runs a statement inside another.
    pub(super) async fn run_inner(
        &mut self,
        inner: &Parsed,
        params: &[Value],
        mode: Mode,
    ) -> Result<(Arc<Prepared>, Outcome), SqlError> {
        let prepared = self.prepare(inner.clone(), &[], false)?;
        let outcome = Box::pin(self.execute(&prepared, params, mode)).await?;
        Ok((prepared, outcome))
    }

    /// Whether the implicit transaction has more to it than notes.
    fn has_implicit_work(&mut self) -> bool {
        self.transaction.txn().is_some()
    }
}

/// Rows of one text column.
pub(super) fn text_rows(
    fields: Arc<[super::Field]>,
    lines: Vec<Vec<String>>,
    tag: &'static str,
) -> Outcome {
    let row = |line: Vec<String>| line.into_iter().map(Value::from).collect();
    Outcome::Rows(Rows {
        fields,
        rows: lines.into_iter().map(row).collect(),
        tag: RowTag::Fixed(tag),
    })
}
