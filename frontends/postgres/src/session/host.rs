//! The surroundings of one statement: everything it may ask for besides rows, owned, so that
//! it can be handed around while the transaction is at work.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use futures::FutureExt;
use parking_lot::Mutex;
use stele_core::Database;
use stele_core::env::{Env, RealEnv};
use stele_core::record::expr::{EvalContext, Function, Host};
use stele_core::record::rows::Rows;
use stele_core::record::table::{Catalog, Sequence};
use stele_core::record::value::datetime::UNIX_EPOCH_OFFSET_US;
use stele_core::record::value::{Settings, Type, Value, ValueError};

use super::Session;
use super::settings::SessionSettings;
use crate::door::{DEFAULT_DATABASE, Shared};
use crate::sql::bind::BindContext;
use crate::sql::execute::{ExecContext, MEMORY_BYTES_MAX, Searches};
use crate::sql::system;
use crate::sql::virtual_table::{SessionRow, SettingRow, SystemContext};
use crate::wire::cancel::Cancel;

/// What functions with effects leave for the session to carry out after the statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// `set_config`.
    Set(String, String, bool),
    /// `pg_notify`.
    Notify(String, String),
}

/// The surroundings of one statement.
pub struct Surroundings {
    /// The schema as the statement sees it.
    pub catalog: Arc<Catalog>,
    /// What values read and print by.
    pub settings: Arc<Settings>,
    /// The session's own sequences' last values.
    pub currents: Arc<Mutex<Currents>>,
    db: Database,
    shared: Arc<Shared>,
    cancel: Arc<Cancel>,
    search_path: Arc<Vec<String>>,
    setting_rows: Arc<Vec<SettingRow>>,
    session_settings: SessionSettings,
    sessions: Vec<SessionRow>,
    user: Arc<str>,
    pid: i32,
    transaction_us: i64,
    statement_us: i64,
    effects: Mutex<Vec<Effect>>,
    /// The full-text indexes the statement reads.
    pub(super) searches: Searches,
}

/// `currval` and `lastval`.
#[derive(Debug, Default)]
pub struct Currents {
    by_sequence: HashMap<u32, i64>,
    last: Option<i64>,
}

impl Currents {
    /// Notes a value that was taken.
    pub fn took(&mut self, sequence: u32, value: i64) {
        self.by_sequence.insert(sequence, value);
        self.last = Some(value);
    }
}

impl Session {
    /// The surroundings of a statement that begins now.
    pub(crate) fn surroundings(
        &mut self,
        text: &str,
    ) -> Result<Surroundings, crate::error::SqlError> {
        let now_us = self.now_us() - UNIX_EPOCH_OFFSET_US;
        let began_us = self.began_us().map(|us| us - UNIX_EPOCH_OFFSET_US);
        Ok(Surroundings {
            catalog: self.catalog()?,
            settings: self.settings.values(),
            currents: Arc::clone(&self.currents),
            db: self.db.clone(),
            shared: Arc::clone(&self.shared),
            cancel: Arc::clone(&self.cancel),
            search_path: self.system.search_path(&self.settings),
            setting_rows: self.system.settings(&self.settings),
            session_settings: self.settings.clone(),
            sessions: self.sessions(text),
            user: Arc::clone(&self.user),
            pid: self.pid,
            transaction_us: began_us.unwrap_or(now_us),
            statement_us: now_us,
            effects: Mutex::default(),
            searches: Searches::default(),
        })
    }

    /// Carries out what functions left to be done.
    pub(super) fn carry_out(
        &mut self,
        surroundings: &Surroundings,
    ) -> Result<(), crate::error::SqlError> {
        for effect in std::mem::take(&mut *surroundings.effects.lock()) {
            match effect {
                Effect::Set(name, value, is_local) => {
                    self.settings.set(&name, &[value], is_local)?
                }
                Effect::Notify(channel, payload) => self.note(&channel, &payload)?,
            }
        }
        Ok(())
    }
}

impl Surroundings {
    /// The context in which names are bound.
    pub fn bind<'a>(&'a self, source: &'a str) -> BindContext<'a> {
        BindContext {
            catalog: &self.catalog,
            search_path: &self.search_path,
            eval: self.eval(&[]),
            source,
        }
    }

    /// The context in which expressions are evaluated.
    pub fn eval<'a>(&'a self, params: &'a [Value]) -> EvalContext<'a> {
        EvalContext {
            settings: &self.settings,
            transaction_us: self.transaction_us,
            statement_us: self.statement_us,
            params,
            outer: &[],
            host: self,
        }
    }

    /// Calls `work` with the context in which plans run over these rows.
    pub fn run<T>(
        &self,
        params: &[Value],
        rows: &dyn Rows,
        now_ms: u64,
        work: impl FnOnce(&ExecContext<'_>) -> T,
    ) -> T {
        let count = |collection| self.db.count(collection);
        let system = self.system(&count);
        work(&ExecContext {
            rows,
            now_ms,
            eval: self.eval(params),
            cancel: self.flag(),
            memory_bytes_max: MEMORY_BYTES_MAX,
            system: &system,
            searches: &self.searches,
            pinned: &[],
        })
    }

    /// Whether the statement is to stop.
    pub fn flag(&self) -> &AtomicBool {
        self.cancel.flag()
    }

    fn system<'a>(
        &'a self,
        count: &'a (dyn Fn(stele_core::record::CollectionId) -> u64 + Sync),
    ) -> SystemContext<'a> {
        SystemContext {
            catalog: &self.catalog,
            session_user: &self.user,
            user: &self.user,
            database: DEFAULT_DATABASE,
            search_path: &self.search_path,
            backend_pid: self.pid,
            settings: &self.setting_rows,
            sessions: &self.sessions,
            started_us: self.shared.started_us,
            count,
        }
    }

    fn sequence(&self, argument: &Value) -> Result<Arc<Sequence>, ValueError> {
        let missing =
            |name: &str| ValueError::new("42P01", format!("relation \"{name}\" does not exist"));
        match argument {
            Value::Oid(oid) => {
                let id = stele_core::record::CollectionId(*oid);
                let found = self.catalog.sequence_by_id(id).cloned();
                found.ok_or_else(|| {
                    ValueError::new("42809", format!("relation {oid} is not a sequence"))
                })
            }
            other => {
                let name = other.as_str().unwrap_or_default();
                let bare = name
                    .strip_prefix("public.")
                    .unwrap_or(name)
                    .trim_matches('"');
                self.catalog
                    .sequence(bare)
                    .cloned()
                    .ok_or_else(|| missing(name))
            }
        }
    }

    fn next_value(&self, sequence: &Sequence) -> Result<Value, ValueError> {
        let taken = wait(self.db.next_value(sequence.id))?;
        let value = taken.map_err(sequence_error)?;
        self.currents.lock().took(sequence.id.0, value);
        Ok(Value::Int8(value))
    }

    fn set_value(&self, sequence: &Sequence, args: &[Value]) -> Result<Value, ValueError> {
        let value = args.get(1).and_then(Value::as_i64).unwrap_or_default();
        let called = args.get(2).and_then(Value::as_bool).unwrap_or(true);
        wait(self.db.set_value(sequence.id, value, called))?.map_err(sequence_error)?;
        if called {
            self.currents.lock().took(sequence.id.0, value);
        }
        Ok(Value::Int8(value))
    }

    fn current_value(&self, sequence: &Sequence) -> Result<Value, ValueError> {
        let current = self
            .currents
            .lock()
            .by_sequence
            .get(&sequence.id.0)
            .copied();
        current.map(Value::Int8).ok_or_else(|| {
            let message = format!(
                "currval of sequence \"{}\" is not yet defined in this session",
                sequence.name
            );
            ValueError::new("55000", message)
        })
    }

    /// The functions that change something, or know what only the session knows.
    fn own_call(&self, name: &str, args: &[Value]) -> Option<Result<Value, ValueError>> {
        let text = |at: usize| {
            args.get(at)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        let sequence = || self.sequence(args.first().unwrap_or(&Value::Null));
        Some(match name {
            "nextval" => sequence().and_then(|sequence| self.next_value(&sequence)),
            "currval" => sequence().and_then(|sequence| self.current_value(&sequence)),
            "setval" => sequence().and_then(|sequence| self.set_value(&sequence, args)),
            "lastval" => self.currents.lock().last.map(Value::Int8).ok_or_else(|| {
                ValueError::new("55000", "lastval is not yet defined in this session")
            }),
            "set_config" => self.set_config(
                &text(0),
                text(1),
                args.get(2).and_then(Value::as_bool) == Some(true),
            ),
            "pg_notify" => {
                self.effects.lock().push(Effect::Notify(text(0), text(1)));
                Ok(Value::text(""))
            }
            "pg_cancel_backend" => {
                let pid = args
                    .first()
                    .and_then(Value::as_i64)
                    .and_then(|pid| i32::try_from(pid).ok());
                Ok(Value::Bool(pid.is_some_and(|pid| {
                    self.shared.registry.cancel_backend(pid)
                })))
            }
            "pg_terminate_backend" => {
                let pid = args
                    .first()
                    .and_then(Value::as_i64)
                    .and_then(|pid| i32::try_from(pid).ok());
                Ok(Value::Bool(pid.is_some_and(|pid| {
                    self.shared.registry.terminate_backend(pid)
                })))
            }
            "pg_sleep" => {
                let seconds = match args.first() {
                    Some(Value::Float8(seconds)) => *seconds,
                    _ => 0.0,
                };
                self.sleep(seconds)
            }
            _ => return None,
        })
    }

    /// Waits, unless the statement is stopped before.
    fn sleep(&self, seconds: f64) -> Result<Value, ValueError> {
        let Ok(duration) = std::time::Duration::try_from_secs_f64(seconds.max(0.0)) else {
            return Err(ValueError::new(
                "22003",
                "the interval to sleep is out of range",
            ));
        };
        let stopped = wait(async {
            tokio::select! {
                () = self.db.sleep(duration) => false,
                () = self.cancel.asked() => true,
            }
        })?;
        match stopped {
            true => Err(self.cancel.reason().into()),
            false => Ok(Value::text("")),
        }
    }

    fn set_config(&self, name: &str, value: String, is_local: bool) -> Result<Value, ValueError> {
        // Tried on a copy now, so that a refusal is this call's; done to the session afterwards.
        let mut tried = self.session_settings.clone();
        tried.set(name, std::slice::from_ref(&value), is_local)?;
        let shown = tried.show(name)?;
        self.effects
            .lock()
            .push(Effect::Set(name.to_owned(), value, is_local));
        Ok(Value::text(shown))
    }
}

impl Host for Surroundings {
    fn call(
        &self,
        function: &Function,
        args: &[Value],
        cx: &EvalContext<'_>,
    ) -> Result<Value, ValueError> {
        if let Some(answer) = self.own_call(&function.name, args) {
            return answer;
        }
        let count = |collection| self.db.count(collection);
        let answer = system::call(&self.system(&count), &function.name, args, cx);
        answer.unwrap_or_else(|| {
            Err(ValueError::unsupported(format!(
                "function {} is not supported",
                function.signature()
            )))
        })
    }

    fn reg_in(&self, ty: &Type, text: &str) -> Result<u32, ValueError> {
        let count = |collection| self.db.count(collection);
        system::reg_in(&self.system(&count), ty, text)
    }

    fn reg_out(&self, ty: &Type, oid: u32) -> String {
        let count = |collection| self.db.count(collection);
        system::reg_out(&self.system(&count), ty, oid)
    }

    fn clock_us(&self, _cx: &EvalContext<'_>) -> i64 {
        i64::try_from(self.db.now_us()).unwrap_or(i64::MAX) - UNIX_EPOCH_OFFSET_US
    }

    fn random(&self) -> Result<u64, ValueError> {
        Ok(RealEnv.random())
    }
}

fn sequence_error(error: stele_core::error::Error) -> ValueError {
    match error.kind {
        stele_core::error::ErrorKind::Invalid => ValueError::new("2200H", error.message),
        _ => crate::error::SqlError::from(error).into(),
    }
}

/// The outcome of something that is nearly always ready; else waits for it on this thread,
/// with the others told to take over its work.
fn wait<F: Future>(future: F) -> Result<F::Output, ValueError> {
    let mut future = Box::pin(future);
    if let Some(done) = future.as_mut().now_or_never() {
        return Ok(done);
    }
    let handle = tokio::runtime::Handle::current();
    if handle.runtime_flavor() != tokio::runtime::RuntimeFlavor::MultiThread {
        return Err(ValueError::unsupported(
            "this function cannot wait on a single thread",
        ));
    }
    Ok(tokio::task::block_in_place(|| handle.block_on(future)))
}
