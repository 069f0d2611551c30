//! # Settings: what SET changes
//!
//! **What.** Every setting a client may name, its value for this session, and how long that
//! value lasts: SET LOCAL until the transaction ends, SET until RESET, unless the transaction
//! it happened in is rolled back.
//!
//! **Why.** Drivers set a handful of them on connecting and give up when one is refused;
//! answers print differently under others; and the levels of section 5 of the design are
//! settings too (`stele.read`, `stele.write`, `stele.fsync`, `stele.token`).
//!
//! **How.** Three layers of overrides above the defaults, each an `Arc`'d map, so that a
//! savepoint keeps them by counting:
//!
//! ```text
//!   local  (this transaction)  >  session  (SET)  >  start  (startup packet)  >  default
//! ```
//! What evaluation needs at every row is kept ready as [`Settings`].
//!
//! **Limits.** Settings that only tune what this engine has not (sorting on disk, statistics)
//! are accepted and do nothing, as `table` says line by line. Output styles other than ISO
//! dates are refused.
//!
//! **Further reading.** PostgreSQL manual, chapter 20.

pub mod check;
mod table;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use stele_core::record::value::{IntervalStyle, Settings};
use stele_core::record::{Fsync, Level, ReadLevel, Token, WriteLevel};

use crate::error::SqlError;
use crate::sql::virtual_table::SettingRow;
use table::{Accepts, Definition, SETTINGS};

type Layer = Arc<BTreeMap<String, String>>;

/// A session's settings.
#[derive(Clone, Debug, Default)]
pub struct SessionSettings {
    start: Layer,
    session: Layer,
    local: Layer,
    values: Arc<Settings>,
    level: Level,
    /// Counts changes: what was computed from other settings is stale.
    pub generation: u64,
    /// `statement_timeout`, milliseconds, 0 for none.
    pub statement_timeout_ms: u64,
    /// `lock_timeout`, milliseconds, 0 for none.
    pub lock_timeout_ms: u64,
    /// `idle_in_transaction_session_timeout`, milliseconds, 0 for none.
    pub idle_in_transaction_ms: u64,
    /// `idle_session_timeout`, milliseconds, 0 for none.
    pub idle_session_ms: u64,
}

/// The layers a transaction may take back.
#[derive(Clone, Debug)]
pub struct Saved {
    session: Layer,
    local: Layer,
}

impl SessionSettings {
    /// Settings of a connection: what its startup packet says, over the defaults.
    ///
    /// # Errors
    /// 22023 for a bad value, 42704 for an unknown name.
    pub fn start(user: &str, given: &[(String, String)]) -> Result<Self, SqlError> {
        let mut settings = Self::default();
        for (name, value) in given {
            settings.set(name, std::slice::from_ref(value), false)?;
        }
        let mut start = std::mem::take(&mut *Arc::make_mut(&mut settings.session));
        start.insert("session_authorization".to_owned(), user.to_owned());
        settings.start = Arc::new(start);
        settings.refresh();
        Ok(settings)
    }

    /// What evaluation needs.
    pub fn values(&self) -> Arc<Settings> {
        Arc::clone(&self.values)
    }

    /// The value of a setting, as it is kept.
    pub fn get(&self, name: &str) -> Option<String> {
        let definition = table::find(name);
        let key = definition.map_or(name, |definition| definition.name);
        let layers = [&self.local, &self.session, &self.start];
        let set = layers.into_iter().find_map(|layer| layer.get(key).cloned());
        set.or_else(|| definition.map(|definition| definition.default.to_owned()))
    }

    /// The value as SHOW prints it.
    ///
    /// # Errors
    /// 42704 for an unknown name.
    pub fn show(&self, name: &str) -> Result<String, SqlError> {
        let value = self.get(name).ok_or_else(|| unknown(name))?;
        Ok(
            match table::find(name).map(|definition| definition.accepts) {
                Some(Accepts::Number(_, _, unit)) => check::with_unit(&value, unit),
                _ => value,
            },
        )
    }

    /// The name as SHOW heads its column.
    pub fn spelled(name: &str) -> String {
        table::find(name)
            .map_or(name, |definition| definition.name)
            .to_owned()
    }

    /// Changes a setting; no values = back to what it was at the start.
    ///
    /// # Errors
    /// 42704 for an unknown name, 22023 for a value it does not take.
    pub fn set(&mut self, name: &str, values: &[String], is_local: bool) -> Result<(), SqlError> {
        let (key, value) = match table::find(name) {
            Some(definition) => (definition.name.to_owned(), new_value(definition, values)?),
            None if is_custom(name) => (
                name.to_owned(),
                Some(values.join(", ")).filter(|_| !values.is_empty()),
            ),
            None => return Err(unknown(name)),
        };
        let value = value.or_else(|| self.start.get(&key).cloned());
        if is_local {
            let value =
                value.or_else(|| table::find(name).map(|definition| definition.default.to_owned()));
            Arc::make_mut(&mut self.local).insert(key, value.unwrap_or_default());
        } else {
            Arc::make_mut(&mut self.local).remove(&key);
            let session = Arc::make_mut(&mut self.session);
            match value {
                Some(value) => session.insert(key, value),
                None => session.remove(&key),
            };
        }
        self.refresh();
        Ok(())
    }

    /// RESET ALL.
    pub fn reset_all(&mut self) {
        self.session = Layer::default();
        self.local = Layer::default();
        self.refresh();
    }

    /// The layers as they are, to come back to.
    pub fn save(&self) -> Saved {
        Saved {
            session: Arc::clone(&self.session),
            local: Arc::clone(&self.local),
        }
    }

    /// Back to saved layers.
    pub fn restore(&mut self, saved: &Saved) {
        self.session = Arc::clone(&saved.session);
        self.local = Arc::clone(&saved.local);
        self.refresh();
    }

    /// The transaction is over: SET LOCAL with it.
    pub fn end_local(&mut self) {
        if !self.local.is_empty() {
            self.local = Layer::default();
            self.refresh();
        }
    }

    fn number(&self, name: &str) -> u64 {
        self.get(name)
            .and_then(|value| value.parse().ok())
            .unwrap_or(0)
    }

    /// A flag.
    pub fn flag(&self, name: &str) -> bool {
        self.get(name).as_deref() == Some("on")
    }

    /// The schemas of `search_path`.
    pub fn search_path(&self) -> Vec<String> {
        check::split_names(&self.get("search_path").unwrap_or_default())
    }

    /// The levels of a statement that does not say.
    pub fn level(&self) -> &Level {
        &self.level
    }

    fn read_level(&self) -> Level {
        let text = |name| self.get(name).unwrap_or_default();
        let relaxed = matches!(text("synchronous_commit").as_str(), "off");
        let write = match text("synchronous_commit").as_str() {
            "remote_apply" => WriteLevel::AppliedAll,
            _ => WriteLevel::parse(&text("stele.write")).unwrap_or_default(),
        };
        Level {
            read: ReadLevel::parse(&text("stele.read")).unwrap_or_default(),
            write,
            fsync: Fsync::parse(&text("stele.fsync")).or(relaxed.then_some(Fsync::Off)),
            token: Token::parse(&text("stele.token")),
            deadline_ms: None,
        }
    }

    /// Settings that clients follow, with their values.
    pub fn reported(&self) -> Vec<(&'static str, String)> {
        let reported = SETTINGS.iter().filter(|definition| definition.reported);
        reported
            .map(|definition| {
                (
                    definition.name,
                    self.get(definition.name).unwrap_or_default(),
                )
            })
            .collect()
    }

    /// Every setting, for SHOW ALL and `pg_settings`.
    pub fn rows(&self) -> Vec<SettingRow> {
        let known = SETTINGS.iter().map(|definition| self.row(definition));
        let layers = [&self.start, &self.session, &self.local];
        let names: BTreeSet<&String> = layers.into_iter().flat_map(|layer| layer.keys()).collect();
        let custom = names
            .into_iter()
            .filter(|name| is_custom(name))
            .map(|name| SettingRow {
                name: name.clone(),
                value: self.get(name).unwrap_or_default(),
                reset: self.start.get(name).cloned().unwrap_or_default(),
                description: "An application's own setting.".to_owned(),
            });
        known.chain(custom).collect()
    }

    fn row(&self, definition: &Definition) -> SettingRow {
        let reset = self
            .start
            .get(definition.name)
            .map_or(definition.default, String::as_str);
        SettingRow {
            name: definition.name.to_owned(),
            value: self.show(definition.name).unwrap_or_default(),
            reset: reset.to_owned(),
            description: definition.about.to_owned(),
        }
    }

    fn refresh(&mut self) {
        let text = |name| self.get(name).unwrap_or_default();
        let interval_style = match text("IntervalStyle").as_str() {
            "iso_8601" => IntervalStyle::Iso8601,
            _ => IntervalStyle::Postgres,
        };
        let mut values = Settings {
            bytea_escape: text("bytea_output") == "escape",
            date_order: check::date_order(&text("DateStyle")),
            interval_style,
            extra_float_digits: text("extra_float_digits").parse().unwrap_or(1),
            ..Settings::default()
        };
        if let Some(zone) = check::time_zone(&text("TimeZone")) {
            values.zone = zone;
        }
        self.values = Arc::new(values);
        self.level = self.read_level();
        self.statement_timeout_ms = self.number("statement_timeout");
        self.lock_timeout_ms = self.number("lock_timeout");
        self.idle_in_transaction_ms = self.number("idle_in_transaction_session_timeout");
        self.idle_session_ms = self.number("idle_session_timeout");
        self.generation += 1;
    }
}

fn new_value(definition: &Definition, values: &[String]) -> Result<Option<String>, SqlError> {
    match values {
        [] if matches!(definition.accepts, Accepts::Nothing) => {
            check::canonical(definition, values).map(Some)
        }
        [] => Ok(None),
        values => check::canonical(definition, values).map(Some),
    }
}

/// Any name with a dot is an application's own, except ours.
fn is_custom(name: &str) -> bool {
    name.contains('.') && !name.to_lowercase().starts_with("stele.")
}

/// 42704: there is no such setting.
pub fn unknown(name: &str) -> SqlError {
    SqlError::new(
        "42704",
        format!("unrecognized configuration parameter \"{name}\""),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_local_value_ends_with_its_transaction_and_a_rollback_takes_the_others_back() {
        let mut settings =
            SessionSettings::start("ann", &[("TimeZone".to_owned(), "UTC".to_owned())])
                .expect("starts");
        let saved = settings.save();
        settings
            .set("work_mem", &["1MB".to_owned()], false)
            .expect("sets");
        settings
            .set("work_mem", &["2MB".to_owned()], true)
            .expect("sets");
        assert_eq!(settings.show("work_mem").expect("shows"), "2MB");
        settings.end_local();
        assert_eq!(settings.show("work_mem").expect("shows"), "1MB");
        settings.restore(&saved);
        assert_eq!(settings.show("work_mem").expect("shows"), "4MB");
        assert_eq!(
            settings.show("session_authorization").expect("shows"),
            "ann"
        );
    }

    #[test]
    fn names_that_nobody_knows_are_42704_unless_an_application_owns_them() {
        let mut settings = SessionSettings::default();
        assert_eq!(
            settings
                .set("nonsense", &["1".to_owned()], false)
                .expect_err("refused")
                .code,
            "42704"
        );
        assert_eq!(
            settings
                .set("stele.nonsense", &["1".to_owned()], false)
                .expect_err("refused")
                .code,
            "42704"
        );
        settings
            .set("app.user_id", &["7".to_owned()], false)
            .expect("sets");
        assert_eq!(settings.show("app.user_id").expect("shows"), "7");
    }

    #[test]
    fn synchronous_commit_off_relaxes_fsync_only() {
        let mut settings = SessionSettings::default();
        settings
            .set("synchronous_commit", &["off".to_owned()], false)
            .expect("sets");
        let level = settings.level();
        assert_eq!(
            (level.fsync, level.write),
            (Some(Fsync::Off), WriteLevel::Confirmed)
        );
    }
}
