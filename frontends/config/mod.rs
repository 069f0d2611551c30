//! # Settings: one table of keys, three places to set them
//!
//! **What.** [`Settings`] holds every setting with its type; [`keys::KEYS`] names each one
//! once, with its sentence. From that table come the keys of the TOML file, the
//! environment variables (`STELE_REDIS_PORT`) and the flags (`--redis-port`).
//!
//! **Why.** A setting that can be written in one place and not in another, or a misspelt
//! key that is silently ignored, costs its user an evening. Here neither can happen: the
//! three spellings come from one row, and an unknown key is refused with the nearest name.
//!
//! **How.**
//! ```text
//! Default  <  stele.toml (--config)  <  STELE_*  <  --flags
//! ```
//!
//! **Limits.** The file is flat: no tables. Settings are read once, at the start. An
//! unknown `STELE_*` variable is refused only when it looks like a misspelt key, because
//! orchestrators put variables named after a service into its environment.
//!
//! **Further reading.** `config/stele.toml` is the same table for people; a test compares
//! the two.

pub mod keys;
mod load;
mod nearest;
mod value;

pub use load::{flags, load};

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use stele_core::record::Fsync;

/// Every setting of a node. Sizes in bytes, times in milliseconds, as the names say.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    pub data: PathBuf,
    pub bind: IpAddr,
    pub redis_port: u16,
    pub postgres_port: u16,
    pub http_port: u16,
    pub nats_port: u16,
    pub nats_monitor_port: Option<u16>,
    pub nats_token: String,
    pub nats_user: String,
    pub nats_password: String,
    pub nats_payload_bytes_max: usize,
    pub nats_pending_bytes_max: usize,
    pub nats_pull_count_max: u64,
    pub fsync: Fsync,
    pub partition_count: u16,
    pub worker_threads: usize,
    pub sql_threads: usize,
    pub client_count_max: usize,
    pub drain_ms_max: u64,
    pub head_cache_bytes: u64,
    pub block_cache_bytes: usize,
    pub memtable_bytes: usize,
    pub log_entries_kept: u64,
    pub feed_entries_kept: u64,
    pub log_filter: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            data: PathBuf::from("stele-data"),
            bind: IpAddr::V4(Ipv4Addr::LOCALHOST),
            redis_port: 6379,
            postgres_port: 5432,
            http_port: 9200,
            nats_port: 4222,
            nats_monitor_port: None,
            nats_token: String::new(),
            nats_user: String::new(),
            nats_password: String::new(),
            nats_payload_bytes_max: 1 << 20,
            nats_pending_bytes_max: 64 << 20,
            nats_pull_count_max: 0,
            fsync: Fsync::Always,
            partition_count: 4,
            worker_threads: 0,
            sql_threads: 0,
            client_count_max: 10_000,
            drain_ms_max: 5_000,
            head_cache_bytes: 64 << 20,
            block_cache_bytes: 256 << 20,
            memtable_bytes: 64 << 20,
            log_entries_kept: 10_000,
            feed_entries_kept: 100_000,
            log_filter: "info,openraft=error".to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::keys::KEYS;
    use super::*;

    const FILE: &str = include_str!("../../config/stele.toml");

    #[test]
    fn the_file_says_what_the_defaults_are() {
        let mut settings = Settings {
            redis_port: 1,
            partition_count: 1,
            ..Settings::default()
        };
        load::from_text(&mut settings, "stele.toml", FILE).unwrap();
        assert_eq!(settings, Settings::default());
    }

    #[test]
    fn the_file_has_every_key_under_its_sentence() {
        let written: Vec<(String, &str)> = FILE
            .split("\n\n")
            .filter_map(|paragraph| {
                let (comment, line) = paragraph.trim_end().rsplit_once('\n')?;
                let (name, _) = line.split_once(" = ")?;
                let sentence = comment
                    .lines()
                    .map(|line| line.trim_start_matches(['#', ' ']));
                Some((sentence.collect::<Vec<_>>().join(" "), name))
            })
            .collect();
        let table: Vec<(String, &str)> = KEYS
            .iter()
            .map(|key| (key.help.to_string(), key.name))
            .collect();
        assert_eq!(written, table);
    }
}
