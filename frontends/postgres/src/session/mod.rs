//! # Sessions: what one connection knows
//!
//! **What.** The transaction at hand, settings, prepared statements, portals and cursors,
//! channels listened to; and the running of one statement after another over them.
//!
//! **Why.** The wire speaks and SQL means, but what `COMMIT` ends, what a failed transaction
//! refuses and which snapshot a statement sees is the session's to know.
//!
//! **How.**
//! ```text
//!   prepare  text, parameter types -> Prepared (bound, described, kept)
//!   execute  Prepared, parameters  -> Outcome (rows, a command tag, the start of a COPY)
//!
//!   Idle --BEGIN--> Open --error--> Failed --ROLLBACK--> Idle
//!     \--statement--> (implicit) --end of the query text, Sync--> Idle
//! ```
//! A statement outside a transaction that only reads needs none: a point read looks at its
//! key, anything else at one snapshot. One that writes gets a transaction of its own, and is
//! tried again by itself when it lost a race, because nobody has seen anything of it.
//!
//! **Limits.** Results are gathered before they are sent; large ones are sent while they are
//! produced, or refused beyond [`RESULT_BYTES_MAX`] where a row limit stands in the way. Cursors
//! only go forward; [`CONFLICT_TRIES_MAX`] tries for a statement of its own.
//!
//! **Further reading.** PostgreSQL manual, chapters 13 (concurrency) and 55.2.

mod activity;
mod begin;
mod control;
mod copy;
mod cursor;
mod execute;
mod explain;
mod host;
mod locking;
mod notify;
mod objects;
mod outcome;
mod portal;
mod prepare;
mod role;
mod schema;
mod search;
pub mod settings;
mod show;
mod statements;
mod system;
mod transaction;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use parking_lot::Mutex;
use stele_core::Database;
use stele_core::record::Token;

pub use activity::Activity;
pub use begin::{IsolationLevel, Modes};
pub use host::Surroundings;
pub use notify::Heard;
pub use outcome::{Field, Mode, Outcome, RowTag, Rows};
pub use portal::{Portal, PortalState, Portals};
pub use prepare::Prepared;
pub use statements::Statements;
pub use system::since_2000_us;
pub use transaction::Status;

use crate::door::Shared;
use crate::error::SqlError;
use crate::wire::cancel::{Cancel, Registered};
use crate::wire::report::Severity;
use crate::wire::spill::Spill;
use crate::wire::startup::Start;
use settings::SessionSettings;
use transaction::Transaction;

/// The most a gathered result may occupy; beyond is 53200.
pub const RESULT_BYTES_MAX: usize = 256 << 20;
/// How often a statement of its own is tried when it loses races.
pub const CONFLICT_TRIES_MAX: usize = 64;

/// One connection's state.
pub struct Session {
    pub(crate) db: Database,
    pub(crate) shared: Arc<Shared>,
    /// What SET changes.
    pub settings: SessionSettings,
    /// Prepared statements by name.
    pub statements: Statements,
    /// Portals and cursors by name.
    pub portals: Portals,
    pub(crate) transaction: Transaction,
    pub(crate) activity: Arc<Activity>,
    pub(crate) cancel: Arc<Cancel>,
    pub(crate) user: Arc<str>,
    pub(crate) currents: Arc<Mutex<host::Currents>>,
    pub(crate) pid: i32,
    /// Where this session's writes stand in their logs.
    pub(crate) seen: Token,
    pub(crate) system: system::SystemRows,
    /// Where a result may go before it is whole.
    pub(crate) spill: Option<Spill>,
    listening: notify::Listening,
    notices: Vec<(Severity, SqlError)>,
    told: Vec<(&'static str, String)>,
    is_committing: Arc<AtomicBool>,
}

impl Session {
    /// A session for a client that has been let in.
    ///
    /// # Errors
    /// When a setting of its startup packet is refused.
    pub fn open(
        db: Database,
        shared: Arc<Shared>,
        start: &Start,
        registered: &Registered,
        addr: SocketAddr,
    ) -> Result<Self, SqlError> {
        let settings = SessionSettings::start(&start.user, &start.settings)?;
        let activity = Activity::open(&shared, registered.pid, start, addr, db.now_ms());
        Ok(Self {
            told: settings.reported(),
            statements: Statements::default(),
            portals: Portals::default(),
            transaction: Transaction::default(),
            cancel: Arc::clone(&registered.cancel),
            user: start.user.as_str().into(),
            currents: Arc::default(),
            pid: registered.pid,
            seen: Token::default(),
            system: system::SystemRows::default(),
            spill: None,
            listening: notify::Listening::default(),
            notices: Vec::new(),
            is_committing: Arc::default(),
            activity,
            settings,
            shared,
            db,
        })
    }

    /// The settings a new client is told.
    pub fn reported(&self) -> Vec<(&'static str, String)> {
        self.told.clone()
    }

    /// Settings that changed since the client was last told.
    pub fn take_reported(&mut self) -> Vec<(&'static str, String)> {
        if !self.system.settings_changed(&self.settings) {
            return Vec::new();
        }
        let now = self.settings.reported();
        let changed = now.iter().zip(&self.told).filter(|(now, told)| now != told);
        let changed: Vec<_> = changed.map(|(now, _)| now.clone()).collect();
        self.told = now;
        changed
    }

    /// Notices and warnings not yet told.
    pub fn take_notices(&mut self) -> Vec<(Severity, SqlError)> {
        std::mem::take(&mut self.notices)
    }

    pub(crate) fn warn(&mut self, code: &'static str, message: impl Into<String>) {
        self.say(Severity::Warning, SqlError::new(code, message));
    }

    pub(crate) fn notice(&mut self, code: &'static str, message: impl Into<String>) {
        self.say(Severity::Notice, SqlError::new(code, message));
    }

    fn say(&mut self, severity: Severity, notice: SqlError) {
        let least = self.settings.get("client_min_messages").unwrap_or_default();
        let is_wanted = match least.as_str() {
            "error" => false,
            "warning" => severity == Severity::Warning,
            _ => true,
        };
        if is_wanted {
            self.notices.push((severity, notice));
        }
    }

    /// How the transaction stands, as ReadyForQuery says it.
    pub fn status(&self) -> Status {
        self.transaction.status()
    }

    /// A write of this session stands there in its log.
    pub(crate) fn saw(&mut self, token: &Token) {
        self.seen.merge(token);
    }

    /// Set while a commit is under way: its outcome must be waited for.
    pub fn is_committing(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.is_committing)
    }

    /// How long the statement about to run may take.
    pub fn statement_limit(&self) -> Option<Duration> {
        limit(self.settings.statement_timeout_ms)
    }

    /// How long the client may stay silent now.
    pub fn idle_limit(&self) -> Option<Duration> {
        match self.transaction.status() {
            Status::Idle => limit(self.settings.idle_session_ms),
            _ => limit(self.settings.idle_in_transaction_ms),
        }
    }
}

fn limit(limit_ms: u64) -> Option<Duration> {
    (limit_ms > 0).then(|| Duration::from_millis(limit_ms))
}
