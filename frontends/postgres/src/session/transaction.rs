//! The transaction at hand: BEGIN to COMMIT, savepoints, failure, and the implicit one.

use stele_core::txn::{Isolation, Savepoint, Txn, TxnOptions};

use super::settings::Saved;
use super::{IsolationLevel, Modes, Session};
use crate::error::SqlError;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use stele_core::record::table::Catalog;
use stele_core::record::{Level, Token};

/// Savepoints open at once.
const SAVEPOINT_COUNT_MAX: usize = 10_000;

/// How a transaction stands, as ReadyForQuery says it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Status {
    /// There is none.
    #[default]
    Idle,
    /// BEGIN was said.
    Open,
    /// It failed: only its end is awaited.
    Failed,
}

/// The transaction at hand.
#[derive(Default)]
pub struct Transaction {
    /// Begun when first needed: BEGIN alone costs nothing.
    txn: Option<Txn>,
    status: Status,
    modes: Modes,
    /// A statement has run: its snapshot can no longer be chosen.
    has_run: bool,
    savepoints: Vec<Named>,
    /// Settings as they were when it began.
    saved: Option<Saved>,
    /// When it began, microseconds since the Unix epoch.
    began_us: Option<i64>,
    /// Where the logs stood before its snapshot was taken, if it has one of its own.
    floor: Option<Token>,
    /// Told at commit: channel and payload.
    pub(super) notes: Vec<(String, String)>,
}

struct Named {
    name: String,
    /// `None` when no transaction of the core's had begun yet.
    place: Option<Savepoint>,
    settings: Saved,
    notes: usize,
}

impl Transaction {
    pub fn status(&self) -> Status {
        self.status
    }

    /// The savepoints that are open.
    pub fn depth(&self) -> usize {
        self.savepoints.len()
    }

    /// What its one snapshot shows for certain: where the logs stood before it was taken.
    pub fn floor(&mut self, now: Token) -> &Token {
        self.floor.get_or_insert(now)
    }

    /// The core's transaction, if it has begun.
    pub fn txn(&mut self) -> Option<&mut Txn> {
        self.txn.as_mut()
    }
}

impl Session {
    /// BEGIN.
    pub(super) fn begin(&mut self, modes: Modes) -> Result<(), SqlError> {
        if self.transaction.status == Status::Open {
            self.warn("25001", "there is already a transaction in progress");
            return self.set_transaction(modes);
        }
        // Statements before it in the same query text become part of it.
        self.open_implicit();
        self.transaction.status = Status::Open;
        self.set_transaction(modes)
    }

    /// Notes that a transaction is at hand, though nobody said BEGIN.
    pub(super) fn open_implicit(&mut self) {
        if self.transaction.saved.is_none() {
            self.transaction.saved = Some(self.settings.save());
        }
        if self.transaction.began_us.is_none() {
            self.transaction.began_us = Some(self.now_us());
        }
    }

    /// SET TRANSACTION.
    pub(super) fn set_transaction(&mut self, modes: Modes) -> Result<(), SqlError> {
        let transaction = &mut self.transaction;
        if let Some(isolation) = modes.isolation {
            if transaction.has_run && transaction.modes.isolation != Some(isolation) {
                return Err(SqlError::new(
                    "25001",
                    "SET TRANSACTION ISOLATION LEVEL must be called before any query",
                ));
            }
            if !transaction.savepoints.is_empty() {
                return Err(SqlError::new(
                    "25001",
                    "SET TRANSACTION ISOLATION LEVEL must not be called in a subtransaction",
                ));
            }
            transaction.modes.isolation = Some(isolation);
        }
        if let Some(read_only) = modes.read_only {
            if transaction.has_run && !read_only && transaction.modes.read_only == Some(true) {
                return Err(SqlError::new(
                    "25001",
                    "transaction read-write mode must be set before any query",
                ));
            }
            transaction.modes.read_only = Some(read_only);
        }
        Ok(())
    }

    /// The isolation of the transaction at hand, or of the next one.
    pub(super) fn isolation(&self) -> IsolationLevel {
        let default =
            || IsolationLevel::parse(&self.settings.get("default_transaction_isolation")?);
        self.transaction
            .modes
            .isolation
            .or_else(default)
            .unwrap_or_default()
    }

    /// Whether the transaction at hand, or the next one, may only read.
    pub(super) fn is_read_only(&self) -> bool {
        let default = || self.settings.flag("default_transaction_read_only");
        self.transaction.modes.read_only.unwrap_or_else(default)
    }

    /// Microseconds since the Unix epoch at which the transaction at hand began.
    pub(super) fn began_us(&self) -> Option<i64> {
        self.transaction.began_us
    }

    /// The core's transaction, begun if need be.
    pub(super) fn txn(&mut self) -> &mut Txn {
        let level = self.level();
        self.txn_at(level)
    }

    /// The same; one that has to be begun commits at this level.
    pub(super) fn txn_at(&mut self, level: Level) -> &mut Txn {
        self.transaction.has_run = true;
        if self.transaction.txn.is_none() {
            self.open_implicit();
            let options = TxnOptions {
                isolation: self.isolation().of_core(),
                read_only: false,
                level,
                lock_timeout_ms: self.settings.lock_timeout_ms,
            };
            if options.isolation != Isolation::ReadCommitted {
                let positions = self.db.positions();
                self.transaction.floor(positions);
            }
            self.transaction.txn = Some(self.db.begin(options));
        }
        let db = &self.db;
        self.transaction
            .txn
            .get_or_insert_with(|| db.begin(TxnOptions::default()))
    }

    /// The schema as the statement at hand sees it.
    pub(crate) fn catalog(&mut self) -> Result<Arc<Catalog>, SqlError> {
        match self.transaction.txn.as_mut() {
            Some(txn) => Ok(txn.catalog()?),
            None => Ok(self.db.catalog()),
        }
    }

    /// Notes that a statement has run in the transaction at hand, if there is one.
    pub(super) fn mark_run(&mut self) {
        self.transaction.has_run = self.transaction.status != Status::Idle || self.has_implicit();
    }

    /// Whether a transaction is at hand that no BEGIN opened.
    pub fn has_implicit(&self) -> bool {
        let transaction = &self.transaction;
        let is_used = transaction.saved.is_some()
            || transaction.txn.is_some()
            || !transaction.notes.is_empty();
        transaction.status == Status::Idle && is_used
    }

    /// Commits the transaction that no BEGIN opened.
    ///
    /// # Errors
    /// Those of the commit; then nothing of it happened.
    pub async fn close_implicit(&mut self) -> Result<(), SqlError> {
        match self.has_implicit() {
            true => self.commit().await,
            false => Ok(()),
        }
    }

    /// Commits what is at hand. Whatever comes of it, there is no transaction afterwards.
    pub(super) async fn commit(&mut self) -> Result<(), SqlError> {
        let mut transaction = std::mem::take(&mut self.transaction);
        if let Some(txn) = transaction.txn.take() {
            self.is_committing.store(true, Ordering::Release);
            let committed = txn.commit().await;
            self.is_committing.store(false, Ordering::Release);
            match committed {
                Ok(token) => self.saw(&token),
                Err(error) => {
                    if let Some(saved) = &transaction.saved {
                        self.settings.restore(saved);
                    }
                    self.portals.end_transaction();
                    return Err(error.into());
                }
            }
        }
        self.settings.end_local();
        self.portals.end_transaction();
        self.tell(std::mem::take(&mut transaction.notes));
        Ok(())
    }

    /// Gives up what is at hand.
    pub(super) fn rollback(&mut self) {
        let transaction = std::mem::take(&mut self.transaction);
        if let Some(saved) = &transaction.saved {
            self.settings.restore(saved);
        }
        self.portals.end_transaction();
    }

    /// A statement failed: an open transaction waits for its end, an implicit one is over.
    pub fn fail(&mut self) {
        match self.transaction.status {
            Status::Idle => self.rollback(),
            Status::Open | Status::Failed => {
                self.transaction.status = Status::Failed;
                // Without a savepoint nothing of it can come back: its locks are let go now.
                if self.transaction.savepoints.is_empty() {
                    self.transaction.txn = None;
                }
            }
        }
    }

    /// COMMIT: whether it committed; a failed transaction rolls back instead.
    pub(super) async fn commit_command(&mut self, chain: bool) -> Result<String, SqlError> {
        let modes = self.transaction.modes;
        let tag = match self.transaction.status {
            Status::Failed => {
                self.rollback();
                "ROLLBACK"
            }
            Status::Open => {
                self.commit().await?;
                "COMMIT"
            }
            Status::Idle => {
                if chain {
                    return Err(SqlError::new(
                        "25P01",
                        "COMMIT AND CHAIN can only be used in transaction blocks",
                    ));
                }
                self.warn("25P01", "there is no transaction in progress");
                self.commit().await?;
                "COMMIT"
            }
        };
        if chain {
            self.begin(modes)?;
        }
        Ok(tag.to_owned())
    }

    /// ROLLBACK.
    pub(super) fn rollback_command(&mut self, chain: bool) -> Result<String, SqlError> {
        let modes = self.transaction.modes;
        if self.transaction.status == Status::Idle {
            if chain {
                return Err(SqlError::new(
                    "25P01",
                    "ROLLBACK AND CHAIN can only be used in transaction blocks",
                ));
            }
            self.warn("25P01", "there is no transaction in progress");
        }
        self.rollback();
        if chain {
            self.begin(modes)?;
        }
        Ok("ROLLBACK".to_owned())
    }

    /// SAVEPOINT.
    pub(super) fn savepoint(&mut self, name: String) -> Result<(), SqlError> {
        self.require_block("SAVEPOINT")?;
        if self.transaction.savepoints.len() >= SAVEPOINT_COUNT_MAX {
            return Err(SqlError::new("54000", "too many savepoints"));
        }
        let named = Named {
            name,
            place: self.transaction.txn.as_ref().map(Txn::savepoint),
            settings: self.settings.save(),
            notes: self.transaction.notes.len(),
        };
        self.transaction.savepoints.push(named);
        Ok(())
    }

    /// RELEASE.
    pub(super) fn release(&mut self, name: &str) -> Result<(), SqlError> {
        self.require_block("RELEASE SAVEPOINT")?;
        let at = self.find_savepoint(name)?;
        self.transaction.savepoints.truncate(at);
        Ok(())
    }

    /// ROLLBACK TO: the savepoint stays.
    pub(super) fn rollback_to(&mut self, name: &str) -> Result<(), SqlError> {
        self.require_block("ROLLBACK TO SAVEPOINT")?;
        let at = self.find_savepoint(name)?;
        self.transaction.savepoints.truncate(at + 1);
        let Transaction {
            txn,
            savepoints,
            notes,
            ..
        } = &mut self.transaction;
        if let Some(named) = savepoints.last() {
            match (&named.place, txn.as_mut()) {
                (Some(place), Some(txn)) => txn.rollback_to(place),
                // Nothing had begun by then.
                (None, _) => *txn = None,
                (Some(_), None) => {}
            }
            notes.truncate(named.notes);
            self.settings.restore(&named.settings);
        }
        self.portals.end_savepoint(at);
        self.transaction.status = Status::Open;
        Ok(())
    }

    fn find_savepoint(&self, name: &str) -> Result<usize, SqlError> {
        let found = self
            .transaction
            .savepoints
            .iter()
            .rposition(|named| named.name == name);
        found.ok_or_else(|| SqlError::new("3B001", format!("savepoint \"{name}\" does not exist")))
    }

    /// 25P01 outside of BEGIN ... COMMIT.
    pub(super) fn require_block(&self, what: &str) -> Result<(), SqlError> {
        match self.transaction.status {
            Status::Idle => Err(SqlError::new(
                "25P01",
                format!("{what} can only be used in transaction blocks"),
            )),
            _ => Ok(()),
        }
    }
}
