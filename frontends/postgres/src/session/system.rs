//! What system tables and functions may see of this session, kept ready.

use std::sync::Arc;

use stele_core::record::value::datetime::UNIX_EPOCH_OFFSET_US;

use super::settings::SessionSettings;
use super::{Session, Status};
use crate::sql::virtual_table::{SessionRow, SettingRow};

/// Rows computed when first asked for and kept while they are true.
#[derive(Default)]
pub struct SystemRows {
    settings: Arc<Vec<SettingRow>>,
    settings_at: u64,
    told_at: u64,
    search_path: Arc<Vec<String>>,
    search_path_at: u64,
}

impl SystemRows {
    /// Whether settings changed since this was last asked.
    pub fn settings_changed(&mut self, settings: &SessionSettings) -> bool {
        let changed = self.told_at != settings.generation;
        self.told_at = settings.generation;
        changed
    }

    /// `pg_settings`.
    pub fn settings(&mut self, settings: &SessionSettings) -> Arc<Vec<SettingRow>> {
        if self.settings_at != settings.generation {
            self.settings = Arc::new(settings.rows());
            self.settings_at = settings.generation;
        }
        Arc::clone(&self.settings)
    }

    /// The schemas of `search_path`, `$user` left out: no user has a schema of its own.
    pub fn search_path(&mut self, settings: &SessionSettings) -> Arc<Vec<String>> {
        if self.search_path_at != settings.generation {
            let mut path = settings.search_path();
            path.retain(|name| name != "$user");
            self.search_path = Arc::new(path);
            self.search_path_at = settings.generation;
        }
        Arc::clone(&self.search_path)
    }
}

impl Session {
    /// Every session, when the statement asks; gathering them for every statement would make
    /// each pay for all.
    pub(super) fn sessions(&self, text: &str) -> Vec<SessionRow> {
        match text.contains("pg_stat_activity") || text.contains("pg_stat_get_activity") {
            true => self
                .shared
                .activity
                .lock()
                .iter()
                .map(|activity| activity.row())
                .collect(),
            false => Vec::new(),
        }
    }

    /// A statement begins: its text shows, and its time stands still.
    pub fn start_statement(&mut self, text: &Arc<str>) {
        self.activity.begin(text);
    }

    /// A pipeline is over: portals of its own transaction are gone.
    pub fn end_pipeline(&mut self) {
        if self.transaction.status() == Status::Idle {
            self.portals.end_transaction();
        }
    }

    /// How the session rests, as `pg_stat_activity` says it.
    pub fn rest(&self) {
        self.activity.end(match self.transaction.status() {
            Status::Idle => "idle",
            Status::Open => "idle in transaction",
            Status::Failed => "idle in transaction (aborted)",
        });
    }

    /// Microseconds since the Unix epoch.
    pub(super) fn now_us(&self) -> i64 {
        i64::try_from(self.db.now_ms().saturating_mul(1_000)).unwrap_or(i64::MAX)
    }
}

/// A Unix time in milliseconds as microseconds since 2000-01-01.
pub fn since_2000_us(unix_ms: u64) -> i64 {
    let unix_us = i64::try_from(unix_ms.saturating_mul(1_000)).unwrap_or(i64::MAX);
    unix_us.saturating_sub(UNIX_EPOCH_OFFSET_US)
}
