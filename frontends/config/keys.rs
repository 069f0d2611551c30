//! The table of settings: a name, a sentence, how to read it and how to print it.

use super::Settings;
use super::value::Value;

/// One setting. Its flag is the name with `-` for `_`, its variable `STELE_` and the name
/// in capitals.
pub struct Key {
    pub name: &'static str,
    /// What stands for the value in the help.
    pub value_name: &'static str,
    /// One or two sentences; the comment above the key in `config/stele.toml`.
    pub help: &'static str,
    /// Sets it from text. The error says what was expected.
    pub set: fn(&mut Settings, &str) -> Result<(), String>,
    /// Its text now.
    pub get: fn(&Settings) -> String,
}

impl Key {
    pub fn flag(&self) -> String {
        self.name.replace('_', "-")
    }

    pub fn variable(&self) -> String {
        format!("STELE_{}", self.name.to_uppercase())
    }
}

macro_rules! key {
    ($field:ident, $value_name:literal, $help:literal) => {
        Key {
            name: stringify!($field),
            value_name: $value_name,
            help: $help,
            set: |settings, text| {
                settings.$field = Value::read(text)?;
                Ok(())
            },
            get: |settings| Value::print(&settings.$field),
        }
    };
}

/// Every setting, in the order of `config/stele.toml`.
pub const KEYS: [Key; 25] = [
    key!(
        data,
        "DIR",
        "The folder that holds everything this node stores; made if it is not there."
    ),
    key!(
        bind,
        "ADDR",
        "The address every door listens on. Only this machine's own (127.0.0.1, ::1) is accepted so far."
    ),
    key!(
        redis_port,
        "PORT",
        "The port of the redis door; 0 picks a free one."
    ),
    key!(
        postgres_port,
        "PORT",
        "The port of the postgres door; 0 picks a free one."
    ),
    key!(
        http_port,
        "PORT",
        "The port of the http door; 0 picks a free one."
    ),
    key!(
        nats_port,
        "PORT",
        "The port of the nats door; 0 picks a free one."
    ),
    key!(
        nats_monitor_port,
        "PORT",
        "The port that tells what the nats door is doing, over HTTP; off, or 0 for a free one."
    ),
    key!(
        nats_token,
        "TOKEN",
        "What a nats client must say to come in; empty lets everybody in."
    ),
    key!(
        nats_user,
        "NAME",
        "The user a nats client must be to come in; empty lets everybody in."
    ),
    key!(nats_password, "PASSWORD", "The password of that user."),
    key!(
        nats_payload_bytes_max,
        "BYTES",
        "The largest message a nats client may send, headers included."
    ),
    key!(
        nats_pending_bytes_max,
        "BYTES",
        "How much may wait for one nats client before it is cut off."
    ),
    key!(
        nats_pull_count_max,
        "N",
        "Messages one request to a consumer may ask for; 0 means as many as it likes."
    ),
    key!(
        fsync,
        "WHEN",
        "When a write is forced to disk: always (before the answer), everysec (a crash of the machine may lose the last second) or off (when the operating system likes)."
    ),
    key!(
        partition_count,
        "N",
        "Partitions of a new data folder, a power of two. An existing folder keeps its own."
    ),
    key!(
        worker_threads,
        "N",
        "Threads that serve keys and write the logs; 0 means one for every two cores, because what follows a write is one after another."
    ),
    key!(
        sql_threads,
        "N",
        "Threads that serve SQL, so that a long statement holds up no key; 0 means one per core."
    ),
    key!(
        client_count_max,
        "N",
        "Clients served at once by each door; the next one is refused."
    ),
    key!(
        drain_ms_max,
        "MS",
        "How long a stopping node waits for its clients to finish, milliseconds."
    ),
    key!(
        head_cache_bytes,
        "BYTES",
        "Memory for records that are read or written often."
    ),
    key!(
        block_cache_bytes,
        "BYTES",
        "Memory for blocks read from disk."
    ),
    key!(
        memtable_bytes,
        "BYTES",
        "Memory for rows that are in the log but not yet in sorted files."
    ),
    key!(
        log_entries_kept,
        "N",
        "Entries each log keeps after they are applied."
    ),
    key!(
        feed_entries_kept,
        "N",
        "Entries of changes each partition keeps for those who follow it."
    ),
    key!(
        log_filter,
        "FILTER",
        "What is logged on standard error: a level, or target=level pairs separated by commas."
    ),
];

/// The key of that name.
pub fn find(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_prints_what_it_reads() {
        for key in &KEYS {
            let mut settings = Settings::default();
            let text = (key.get)(&settings);
            (key.set)(&mut settings, &text).unwrap();
            assert_eq!(settings, Settings::default(), "{}", key.name);
        }
    }

    #[test]
    fn one_name_has_three_spellings() {
        let key = find("redis_port").unwrap();
        assert_eq!(
            (key.flag().as_str(), key.variable().as_str()),
            ("redis-port", "STELE_REDIS_PORT")
        );
    }
}
