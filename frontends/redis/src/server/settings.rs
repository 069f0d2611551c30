//! CONFIG: what can be set, what it may be, and what it is now.
//!
//! These do something here: `requirepass`, `proto-max-bulk-len`, `client-query-buffer-limit`,
//! `appendfsync`. The others exist because clients, monitoring and
//! Redis's own test suite set them and stop when they cannot; they steer encodings and files that
//! this store does not have. They are checked, kept and echoed.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::RwLock;
use stele_core::record::Fsync;

use super::Options;
use crate::resp::number::parse_i64;

/// What a setting may be.
#[derive(Debug, Clone, Copy)]
enum Shape {
    /// `yes` or `no`.
    YesNo,
    /// A whole number, at least this.
    Number(i64),
    /// Bytes, with `kb`, `mb`, `gb` understood.
    Memory,
    /// One of these words.
    Word(&'static [&'static str]),
    /// Anything.
    Text,
    /// As the node was started; not to be set.
    Fixed,
}

const FSYNC: &[&str] = &["always", "everysec", "no"];

const POLICIES: &[&str] = &["noeviction"];

const LEVELS: &[&str] = &["debug", "verbose", "notice", "warning", "nothing"];

/// Name, what it may be, what it is at first.
const SETTINGS: &[(&str, Shape, &str)] = &[
    ("activedefrag", Shape::YesNo, "no"),
    ("aof-use-rdb-preamble", Shape::YesNo, "yes"),
    ("appendfsync", Shape::Word(FSYNC), "always"),
    ("appendonly", Shape::YesNo, "yes"),
    ("bind", Shape::Fixed, ""),
    (
        "client-output-buffer-limit",
        Shape::Text,
        "normal 0 0 0 slave 0 0 0 pubsub 33554432 8388608 60",
    ),
    ("client-query-buffer-limit", Shape::Memory, "1073741824"),
    ("close-on-replica-write", Shape::YesNo, "yes"),
    ("databases", Shape::Fixed, "16"),
    ("dbfilename", Shape::Text, "dump.rdb"),
    ("dir", Shape::Text, ""),
    ("dynamic-hz", Shape::YesNo, "yes"),
    ("extended-redis-compatibility", Shape::YesNo, "no"),
    ("hash-max-listpack-entries", Shape::Number(0), "512"),
    ("hash-max-listpack-value", Shape::Number(0), "64"),
    ("hll-sparse-max-bytes", Shape::Number(0), "3000"),
    ("hz", Shape::Number(1), "10"),
    ("latency-monitor-threshold", Shape::Number(0), "0"),
    ("latency-tracking", Shape::YesNo, "no"),
    (
        "latency-tracking-info-percentiles",
        Shape::Text,
        "50 99 99.9",
    ),
    ("lazyfree-lazy-eviction", Shape::YesNo, "yes"),
    ("lazyfree-lazy-expire", Shape::YesNo, "yes"),
    ("lazyfree-lazy-server-del", Shape::YesNo, "yes"),
    ("lazyfree-lazy-user-del", Shape::YesNo, "yes"),
    ("lazyfree-lazy-user-flush", Shape::YesNo, "yes"),
    ("list-compress-depth", Shape::Number(0), "0"),
    ("list-max-listpack-size", Shape::Number(i64::MIN), "-2"),
    ("loglevel", Shape::Word(LEVELS), "notice"),
    ("lua-time-limit", Shape::Number(0), "5000"),
    ("maxclients", Shape::Fixed, "10000"),
    ("maxmemory", Shape::Memory, "0"),
    ("maxmemory-clients", Shape::Memory, "0"),
    ("maxmemory-policy", Shape::Word(POLICIES), "noeviction"),
    ("maxmemory-samples", Shape::Number(1), "5"),
    ("min-replicas-max-lag", Shape::Number(0), "10"),
    ("min-replicas-to-write", Shape::Number(0), "0"),
    ("notify-keyspace-events", Shape::Word(&[""]), ""),
    ("port", Shape::Fixed, "6379"),
    ("proto-max-bulk-len", Shape::Memory, "536870912"),
    ("protected-mode", Shape::YesNo, "yes"),
    ("rdb-key-save-delay", Shape::Number(i64::MIN), "0"),
    ("repl-backlog-size", Shape::Memory, "1048576"),
    ("replica-read-only", Shape::YesNo, "yes"),
    ("replica-serve-stale-data", Shape::YesNo, "yes"),
    ("requirepass", Shape::Text, ""),
    (
        "sanitize-dump-payload",
        Shape::Word(&["no", "yes", "clients"]),
        "no",
    ),
    ("save", Shape::Text, ""),
    ("set-max-intset-entries", Shape::Number(0), "512"),
    ("set-max-listpack-entries", Shape::Number(0), "128"),
    ("set-max-listpack-value", Shape::Number(0), "64"),
    ("slowlog-log-slower-than", Shape::Number(-1), "10000"),
    ("slowlog-max-len", Shape::Number(0), "128"),
    ("stream-node-max-bytes", Shape::Memory, "4096"),
    ("stream-node-max-entries", Shape::Number(0), "100"),
    ("tcp-keepalive", Shape::Number(0), "300"),
    ("timeout", Shape::Number(0), "0"),
    ("tracking-table-max-keys", Shape::Number(0), "1000000"),
    ("zset-max-listpack-entries", Shape::Number(0), "128"),
    ("zset-max-listpack-value", Shape::Number(0), "64"),
];

/// Old names that mean the same.
const ALIASES: &[(&str, &str)] = &[
    ("hash-max-ziplist-entries", "hash-max-listpack-entries"),
    ("hash-max-ziplist-value", "hash-max-listpack-value"),
    ("list-max-ziplist-size", "list-max-listpack-size"),
    ("busy-reply-threshold", "lua-time-limit"),
    ("min-slaves-to-write", "min-replicas-to-write"),
    ("min-slaves-max-lag", "min-replicas-max-lag"),
    ("slave-read-only", "replica-read-only"),
    ("slave-serve-stale-data", "replica-serve-stale-data"),
    ("zset-max-ziplist-entries", "zset-max-listpack-entries"),
    ("zset-max-ziplist-value", "zset-max-listpack-value"),
];

/// The settings of the door on this node.
#[derive(Debug)]
pub struct Settings {
    version: AtomicU64,
    values: RwLock<BTreeMap<&'static str, String>>,
}

impl Settings {
    /// The settings at first.
    #[must_use]
    pub fn new(options: &Options) -> Self {
        let defaults = SETTINGS
            .iter()
            .map(|(name, _, value)| (*name, (*value).to_owned()));
        let mut values: BTreeMap<&'static str, String> = defaults.collect();
        let fsync = match options.fsync {
            Fsync::Always => "always",
            Fsync::EverySec => "everysec",
            Fsync::Off => "no",
        };
        values.insert("appendfsync", fsync.to_owned());
        values.insert("port", options.port.to_string());
        values.insert("maxclients", options.client_count_max.to_string());
        values.insert("requirepass", options.password.clone().unwrap_or_default());
        Self {
            version: AtomicU64::new(1),
            values: RwLock::new(values),
        }
    }

    /// Names and values whose name matches; an old name is shown if it was asked for.
    #[must_use]
    pub fn matching(&self, is_asked_for: impl Fn(&str) -> bool) -> Vec<(String, String)> {
        let values = self.values.read();
        let own = values.iter().map(|(name, value)| (*name, value));
        let old = ALIASES
            .iter()
            .filter_map(|(old, name)| Some((*old, values.get(name)?)));
        let found = own.chain(old).filter(|(name, _)| is_asked_for(name));
        found
            .map(|(name, value)| (name.to_owned(), value.clone()))
            .collect()
    }

    /// Rises with every change, so that readers may keep what they read.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version.load(Ordering::Acquire)
    }

    /// A setting's value.
    #[must_use]
    pub fn get(&self, name: &str) -> String {
        self.values.read().get(name).cloned().unwrap_or_default()
    }

    /// A setting that is a number; `otherwise` where it is none.
    #[must_use]
    pub fn number(&self, name: &str, otherwise: i64) -> i64 {
        let values = self.values.read();
        values
            .get(name)
            .and_then(|value| parse_i64(value.as_bytes()))
            .unwrap_or(otherwise)
    }

    /// Changes settings, all or none.
    ///
    /// # Errors
    /// The text of the error reply.
    pub fn set(&self, changes: &[(String, String)]) -> Result<(), String> {
        let mut accepted = Vec::with_capacity(changes.len());
        for (name, value) in changes {
            let (known, shape) = known(name).ok_or_else(|| {
                format!("ERR Unknown option or number of arguments for CONFIG SET - '{name}'")
            })?;
            if accepted.iter().any(|(other, _)| *other == known) {
                return Err(failed(name, "duplicate parameter"));
            }
            let value = check(shape, value).map_err(|why| failed(name, why))?;
            accepted.push((known, value));
        }
        self.values.write().extend(accepted);
        self.version.fetch_add(1, Ordering::Release);
        Ok(())
    }
}

fn failed(name: &str, why: &str) -> String {
    format!("ERR CONFIG SET failed (possibly related to argument '{name}') - {why}")
}

fn known(name: &str) -> Option<(&'static str, Shape)> {
    let name = name.to_ascii_lowercase();
    let alias = ALIASES
        .iter()
        .find(|(old, _)| *old == name)
        .map(|(_, new)| *new);
    let found = SETTINGS
        .iter()
        .find(|(known, ..)| *known == alias.unwrap_or(&name));
    found.map(|(known, shape, _)| (*known, *shape))
}

fn check(shape: Shape, value: &str) -> Result<String, &'static str> {
    match shape {
        Shape::Text => Ok(value.to_owned()),
        Shape::Fixed => Err("can't set immutable config"),
        Shape::YesNo => {
            let lower = value.to_ascii_lowercase();
            let is_one = lower == "yes" || lower == "no";
            if is_one {
                Ok(lower)
            } else {
                Err("argument must be 'yes' or 'no'")
            }
        }
        Shape::Word(words) => {
            let lower = value.to_ascii_lowercase();
            let is_one = words.contains(&lower.as_str());
            if is_one {
                Ok(lower)
            } else {
                Err("argument(s) must be one of the values this node knows")
            }
        }
        Shape::Number(least) => {
            let number =
                parse_i64(value.as_bytes()).ok_or("argument couldn't be parsed into an integer")?;
            if number < least {
                Err("argument is out of range")
            } else {
                Ok(number.to_string())
            }
        }
        Shape::Memory => {
            let bytes = memory(value).ok_or("argument must be a memory value")?;
            Ok(bytes.to_string())
        }
    }
}

/// `100`, `100b`, `1k` (1000), `1kb` (1024) and so on.
fn memory(value: &str) -> Option<i64> {
    let lower = value.to_ascii_lowercase();
    let digits = lower.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let factor = match lower.get(digits.len()..)? {
        "" | "b" => 1,
        "k" => 1000,
        "kb" => 1 << 10,
        "m" => 1_000_000,
        "mb" => 1 << 20,
        "g" => 1_000_000_000,
        "gb" => 1 << 30,
        _ => return None,
    };
    parse_i64(digits.as_bytes())?
        .checked_mul(factor)
        .filter(|bytes| *bytes >= 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(settings: &Settings, name: &str, value: &str) -> Result<(), String> {
        settings.set(&[(name.to_owned(), value.to_owned())])
    }

    #[test]
    fn settings_are_checked_and_echoed_under_both_names() {
        let settings = Settings::new(&Options::default());
        assert_eq!(set(&settings, "hash-max-ziplist-value", "10"), Ok(()));
        let shown =
            settings.matching(|name| name.starts_with("hash-max-") && name.ends_with("value"));
        let names: Vec<&str> = shown.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["hash-max-listpack-value", "hash-max-ziplist-value"]);
        assert!(shown.iter().all(|(_, value)| value == "10"));
        assert_eq!(set(&settings, "maxmemory", "1kb"), Ok(()));
        assert_eq!(settings.number("maxmemory", 0), 1024);
    }

    #[test]
    fn what_is_unknown_or_wrong_changes_nothing() {
        let settings = Settings::new(&Options::default());
        let changes = [
            ("hz".to_owned(), "20".to_owned()),
            ("nosuch".to_owned(), "1".to_owned()),
        ];
        let error = settings.set(&changes);
        let text = "ERR Unknown option or number of arguments for CONFIG SET - 'nosuch'";
        assert_eq!(error, Err(text.to_owned()));
        assert_eq!(settings.get("hz"), "10");
        assert!(set(&settings, "maxmemory-policy", "allkeys-lru").is_err());
        assert!(set(&settings, "appendonly", "maybe").is_err());
        assert!(set(&settings, "port", "1").is_err());
    }
}
