//! What a session is doing, for `pg_stat_activity`.

use std::net::SocketAddr;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::door::Shared;
use crate::sql::virtual_table::SessionRow;
use crate::wire::startup::Start;

/// How much of a statement's text is shown.
const QUERY_BYTES_MAX: usize = 1_024;

/// One session, as others see it.
#[derive(Debug)]
pub struct Activity {
    pid: i32,
    user: String,
    database: String,
    addr: SocketAddr,
    started_us: i64,
    now: Mutex<Now>,
}

#[derive(Debug, Default)]
struct Now {
    application: String,
    state: &'static str,
    query: Arc<str>,
}

impl Activity {
    /// Enters the list; leaves it when the session drops its handle.
    pub fn open(
        shared: &Shared,
        pid: i32,
        start: &Start,
        addr: SocketAddr,
        now_ms: u64,
    ) -> Arc<Self> {
        let activity = Arc::new(Self {
            pid,
            user: start.user.clone(),
            database: start.database.clone(),
            addr,
            started_us: super::system::since_2000_us(now_ms),
            now: Mutex::default(),
        });
        let mut all = shared.activity.lock();
        // Only the list itself still holds those that have left.
        all.retain(|other| Arc::strong_count(other) > 1);
        all.push(Arc::clone(&activity));
        activity
    }

    /// A statement begins.
    pub fn begin(&self, query: &Arc<str>) {
        let mut now = self.now.lock();
        now.state = "active";
        now.query = Arc::clone(query);
    }

    /// A statement ended, leaving the session so.
    pub fn end(&self, state: &'static str) {
        self.now.lock().state = state;
    }

    /// `application_name` changed.
    pub fn rename(&self, application: String) {
        self.now.lock().application = application;
    }

    /// As a row of `pg_stat_activity`.
    pub fn row(&self) -> SessionRow {
        let now = self.now.lock();
        let mut query = now.query.to_string();
        if query.len() > QUERY_BYTES_MAX {
            let cut = (0..=QUERY_BYTES_MAX)
                .rev()
                .find(|at| query.is_char_boundary(*at));
            query.truncate(cut.unwrap_or(0));
        }
        SessionRow {
            pid: self.pid,
            user: self.user.clone(),
            database: self.database.clone(),
            application: now.application.clone(),
            client_addr: self.addr.ip().to_string(),
            client_port: i32::from(self.addr.port()),
            started_us: self.started_us,
            state: now.state.to_owned(),
            query,
        }
    }
}
