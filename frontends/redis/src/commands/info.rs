//! INFO: the node in the fields that clients, dashboards and test suites read.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use stele_core::record::CollectionId;

use super::{Command, Group, Run, registry, rest};
use crate::fault::Fault;
use crate::server::REDIS_VERSION;
use crate::session::Session;

/// This file's rows of the table.
pub const COMMANDS: &[Command] = &[Command::new(
    Group::Server,
    "info",
    -1,
    Run::Here(info),
    "Describes the node, in sections.",
)];

/// Writes what one section says.
type Section = fn(&Session, &mut String);

/// Name, whether it is shown without being asked for, and what it says.
const SECTIONS: &[(&str, bool, Section)] = &[
    ("Server", true, server),
    ("Clients", true, clients),
    ("Memory", true, memory),
    ("Persistence", true, persistence),
    ("Stats", true, stats),
    ("Replication", true, replication),
    ("CPU", true, cpu),
    ("Modules", true, |_, _| {}),
    ("Commandstats", false, command_stats),
    ("Errorstats", true, error_stats),
    ("Latencystats", false, |_, _| {}),
    ("Cluster", true, |_, text| field(text, "cluster_enabled", 0)),
    ("Keyspace", true, keyspace),
    ("Stele", true, stele),
];

/// `INFO [section ...]`; `default`, `all` and `everything` stand for several.
fn info(session: &mut Session, args: &[Bytes]) -> Result<(), Fault> {
    let asked: Vec<Vec<u8>> = rest(args, 1)
        .iter()
        .map(|word| word.to_ascii_lowercase())
        .collect();
    let is_asked = |word: &str| asked.iter().any(|asked| asked == word.as_bytes());
    let all = is_asked("all") || is_asked("everything");
    let default = asked.is_empty() || is_asked("default");
    let mut text = String::new();
    for (name, is_default, write) in SECTIONS {
        if all || (default && *is_default) || is_asked(&name.to_ascii_lowercase()) {
            let start = if text.is_empty() { "" } else { "\r\n" };
            let _ = write!(text, "{start}# {name}\r\n");
            write(session, &mut text);
        }
    }
    session.out.verbatim("txt", text.as_bytes());
    Ok(())
}

fn field(text: &mut String, name: &str, value: impl std::fmt::Display) {
    // Writing to a string cannot fail.
    let _ = write!(text, "{name}:{value}\r\n");
}

fn read(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

fn server(session: &Session, text: &mut String) {
    let now_ms = session.db.now_ms();
    let up_s = now_ms.saturating_sub(read(&session.server.started_ms)) / 1000;
    field(text, "redis_version", REDIS_VERSION);
    field(text, "redis_git_sha1", "00000000");
    field(text, "redis_git_dirty", 0);
    field(text, "redis_mode", "standalone");
    field(text, "server_name", "stele");
    field(
        text,
        "os",
        format_args!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
    );
    field(text, "arch_bits", usize::BITS);
    field(text, "multiplexing_api", "epoll");
    field(text, "process_id", std::process::id());
    field(text, "tcp_port", session.server.options.port);
    field(text, "server_time_usec", session.db.now_us());
    field(text, "uptime_in_seconds", up_s);
    field(text, "uptime_in_days", up_s / 86_400);
    field(text, "hz", 10);
    field(text, "configured_hz", 10);
    field(text, "executable", "stele");
    field(text, "config_file", "");
}

fn clients(session: &Session, text: &mut String) {
    let cards = session.server.clients.all();
    let pubsub = cards.iter().filter(|card| card.kind() == "pubsub").count();
    field(text, "connected_clients", cards.len());
    field(text, "cluster_connections", 0);
    field(text, "maxclients", session.server.options.client_count_max);
    field(text, "client_recent_max_input_buffer", 0);
    field(text, "client_recent_max_output_buffer", 0);
    field(text, "blocked_clients", 0);
    field(text, "tracking_clients", 0);
    field(text, "pubsub_clients", pubsub);
    field(text, "clients_in_timeout_table", 0);
}

/// The process's resident bytes; 0 where the system does not say.
fn resident_bytes() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = statm
        .split(' ')
        .nth(1)
        .and_then(|pages| pages.parse::<u64>().ok());
    pages.unwrap_or(0) * 4096
}

fn memory(session: &Session, text: &mut String) {
    let used = resident_bytes();
    let limit = session.server.settings.get("maxmemory");
    for name in [
        "used_memory",
        "used_memory_rss",
        "used_memory_peak",
        "used_memory_dataset",
    ] {
        field(text, name, used);
    }
    field(text, "used_memory_human", format_args!("{}K", used / 1024));
    field(text, "used_memory_startup", 0);
    field(text, "used_memory_overhead", 0);
    field(text, "used_memory_lua", 0);
    field(text, "used_memory_scripts", 0);
    field(text, "total_system_memory", 0);
    field(text, "maxmemory", limit);
    field(
        text,
        "maxmemory_policy",
        session.server.settings.get("maxmemory-policy"),
    );
    field(text, "mem_fragmentation_ratio", "1.00");
    field(text, "mem_allocator", "libc");
    field(text, "active_defrag_running", 0);
    field(text, "lazyfree_pending_objects", 0);
}

/// Every acknowledged write is in the log already, so there is never anything left to save.
fn persistence(_session: &Session, text: &mut String) {
    field(text, "loading", 0);
    field(text, "async_loading", 0);
    field(text, "rdb_changes_since_last_save", 0);
    field(text, "rdb_bgsave_in_progress", 0);
    field(text, "rdb_last_bgsave_status", "ok");
    field(text, "aof_enabled", 1);
    field(text, "aof_rewrite_in_progress", 0);
    field(text, "aof_last_bgrewrite_status", "ok");
    field(text, "aof_last_write_status", "ok");
}

fn stats(session: &Session, text: &mut String) {
    let stats = &session.server.stats;
    field(text, "total_connections_received", read(&stats.connections));
    field(text, "total_commands_processed", read(&stats.commands));
    field(text, "instantaneous_ops_per_sec", 0);
    field(text, "total_net_input_bytes", read(&stats.bytes_in));
    field(text, "total_net_output_bytes", read(&stats.bytes_out));
    field(text, "rejected_connections", 0);
    field(text, "expired_keys", 0);
    field(text, "evicted_keys", 0);
    field(text, "keyspace_hits", read(&stats.hits));
    field(text, "keyspace_misses", read(&stats.misses));
    field(text, "pubsub_channels", session.db.bus().subjects().len());
    field(text, "pubsub_patterns", session.db.bus().pattern_count());
    field(text, "pubsub_messages_lost", session.db.bus().lost());
    field(text, "total_error_replies", read(&stats.errors));
    field(text, "total_reads_processed", read(&stats.commands));
    field(text, "total_writes_processed", read(&stats.commands));
}

fn replication(_session: &Session, text: &mut String) {
    field(text, "role", "master");
    field(text, "connected_slaves", 0);
    field(text, "master_failover_state", "no-failover");
    field(text, "master_repl_offset", 0);
    field(text, "second_repl_offset", -1);
    field(text, "repl_backlog_active", 0);
}

/// Seconds of processor time, in user code and in the system.
fn processor_seconds() -> (f64, f64) {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The name, in parentheses, may hold blanks; what follows it does not.
    let numbers = stat.rsplit(')').next().unwrap_or_default();
    let ticks = |at: usize| {
        let ticks = numbers
            .split_whitespace()
            .nth(at)
            .and_then(|ticks| ticks.parse::<f64>().ok());
        ticks.unwrap_or(0.0) / 100.0
    };
    (ticks(11), ticks(12))
}

fn cpu(_session: &Session, text: &mut String) {
    let (user, system) = processor_seconds();
    field(text, "used_cpu_sys", format_args!("{system:.6}"));
    field(text, "used_cpu_user", format_args!("{user:.6}"));
    field(text, "used_cpu_sys_children", "0.000000");
    field(text, "used_cpu_user_children", "0.000000");
}

fn command_stats(session: &Session, text: &mut String) {
    for (index, command) in registry::all().iter().enumerate() {
        let Some(calls) = session.server.stats.calls(index) else {
            continue;
        };
        let (done, rejected, failed) = (
            read(&calls.done),
            read(&calls.rejected),
            read(&calls.failed),
        );
        if done + rejected + failed > 0 {
            let _ = write!(
                text,
                "cmdstat_{}:calls={done},usec=0,usec_per_call=0.00,rejected_calls={rejected},\
                 failed_calls={failed}\r\n",
                command.name
            );
        }
    }
}

fn error_stats(session: &Session, text: &mut String) {
    for (code, count) in session.server.stats.codes() {
        let _ = write!(text, "errorstat_{code}:count={count}\r\n");
    }
}

/// Databases that have keys. How many of them have deadlines is not counted.
fn keyspace(session: &Session, text: &mut String) {
    for database in 0..16_u8 {
        let mut keys = session.db.count(CollectionId(u32::from(database)));
        if database == 0 {
            keys += session
                .tables
                .all()
                .map(|table| session.db.count(table.storage))
                .sum::<u64>();
        }
        if keys > 0 {
            let _ = write!(text, "db{database}:keys={keys},expires=0,avg_ttl=0\r\n");
        }
    }
}

fn stele(session: &Session, text: &mut String) {
    field(text, "stele_version", session.server.options.version);
    field(
        text,
        "stele_fsync",
        session.server.settings.get("appendfsync"),
    );
    field(text, "stele_tables", session.tables.all().count());
}
