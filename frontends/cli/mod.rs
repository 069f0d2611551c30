//! # The command line
//!
//! **What.** `stele serve` runs a node, `stele print` shows every stored byte of a data
//! folder in words, `stele demo` starts a node with a shop to play with; `sql`, `get`,
//! `search`, `sub` and `pub` are thin clients, one for each door.
//!
//! **Why.** What tests and users type is an interface: it is kept in one folder, apart
//! from what it starts.
//!
//! **How.** `mod.rs` reads the words; each command has a file or a folder. [`node`] opens the store
//! and the doors for `serve` and `demo` alike; [`stop`] waits for the signal that ends
//! them.
//!
//! **Limits.** One exit code per kind of end: 0 for a drained node, 1 for a failure while
//! running, 2 for words that make no sense, 78 (EX_CONFIG) for settings that do not.
//!
//! **Further reading.** `frontends/config` for the flags; README for the commands in use.

mod clients;
mod demo;
mod folder;
mod node;
mod print;
mod serve;
mod stop;

use std::io::IsTerminal;
use std::process::ExitCode;

use clap::{Arg, ArgMatches, Command};
use tracing_subscriber::EnvFilter;

use crate::config::{self, Settings};
use clients::{bus, get, search, sql};

/// Settings that cannot be served (`EX_CONFIG` of sysexits).
const EXIT_CONFIG: u8 = 78;

/// Why a command ended badly: what to say, and the exit code.
pub struct Failure {
    pub message: String,
    pub code: u8,
}

impl Failure {
    /// The settings are at fault.
    pub fn config(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            code: EXIT_CONFIG,
        }
    }

    /// Something failed while running.
    pub fn running(message: impl std::fmt::Display) -> Self {
        Self {
            message: message.to_string(),
            code: 1,
        }
    }
}

/// Reads the command line and does what it says.
pub fn run() -> ExitCode {
    let matches = command().get_matches();
    let outcome = match matches.subcommand() {
        Some(("serve", words)) => settings(words).and_then(serve::run),
        Some(("demo", words)) => demo::run(words),
        Some(("print", words)) => print::run(words),
        Some(("sql", words)) => sql::run(words),
        Some(("get", words)) => get::run(words),
        Some(("search", words)) => search::run(words),
        Some(("sub", words)) => bus::sub(words),
        Some(("pub", words)) => bus::publish(words),
        // clap has refused every other word.
        _ => Ok(()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("stele: {}", failure.message);
            ExitCode::from(failure.code)
        }
    }
}

fn command() -> Command {
    Command::new("stele")
        .version(env!("CARGO_PKG_VERSION"))
        .about(
            "One database, four doors: the same record is a row, a hash, a document and an event",
        )
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(
            Command::new("serve")
                .about("Runs a node until SIGTERM or ctrl-C")
                .args(config::flags()),
        )
        .subcommand(demo::words())
        .subcommand(sql::words())
        .subcommand(get::words())
        .subcommand(search::words())
        .subcommand(bus::sub_words())
        .subcommand(bus::pub_words())
        .subcommand(
            Command::new("print")
                .about("Prints the key space of a stopped node in words")
                .arg(
                    Arg::new("data")
                        .long("data")
                        .value_name("DIR")
                        .required(true)
                        .help("The node's data folder"),
                )
                .arg(
                    Arg::new("cf")
                        .long("cf")
                        .value_name("NAME")
                        .help("Only this column family, as in base or log"),
                ),
        )
}

/// The settings of this process; logging starts here, since one of them says what to log.
fn settings(words: &ArgMatches) -> Result<Settings, Failure> {
    let variables = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let settings = config::load(words, variables).map_err(Failure::config)?;
    log_to_stderr(&settings.log_filter)?;
    Ok(settings)
}

/// Starts to log what the filter lets through.
fn log_to_stderr(filter: &str) -> Result<(), Failure> {
    let filter = EnvFilter::try_new(filter)
        .map_err(|error| Failure::config(format!("log_filter: {error}")))?;
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_adds_up() {
        command().debug_assert();
    }
}
