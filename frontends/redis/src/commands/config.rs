//! CONFIG: the settings of this door on this node.

use bytes::Bytes;

use super::{Command, Flags, Group, Run, rest};
use crate::fault::{Fault, said};
use crate::glob;
use crate::session::Session;

/// This file's rows of the table.
pub const COMMANDS: &[Command] = &[row(
    "config",
    -2,
    Run::Parent(CONFIG),
    "Reads and changes settings.",
)];

const CONFIG: &[Command] = &[
    row(
        "get",
        -3,
        Run::Here(get),
        "Reads settings whose names match patterns.",
    ),
    row(
        "set",
        -4,
        Run::Here(set),
        "Changes settings until the node stops.",
    ),
    row(
        "resetstat",
        2,
        Run::Here(reset_stat),
        "Sets the counters of INFO to zero.",
    ),
    row(
        "rewrite",
        2,
        Run::Here(rewrite),
        "Refuses: settings are kept in the node's own file.",
    ),
    row(
        "help",
        2,
        Run::Here(super::describe::help),
        "Lists the subcommands.",
    ),
];

const fn row(name: &'static str, arity: i32, run: Run, summary: &'static str) -> Command {
    Command::new(Group::Server, name, arity, run, summary).flag(Flags::ADMIN)
}

/// `CONFIG GET pattern [pattern ...]`
fn get(session: &mut Session, args: &[Bytes]) -> Result<(), Fault> {
    let patterns: Vec<Vec<u8>> = rest(args, 2)
        .iter()
        .map(|pattern| pattern.to_ascii_lowercase())
        .collect();
    let is_asked_for = |name: &str| {
        patterns
            .iter()
            .any(|pattern| glob::matches(pattern, name.as_bytes()))
    };
    let found = session.server.settings.matching(is_asked_for);
    session.out.map(found.len());
    for (name, value) in found {
        session.out.bulk(name.as_bytes());
        session.out.bulk(value.as_bytes());
    }
    Ok(())
}

/// `CONFIG SET name value [name value ...]`
fn set(session: &mut Session, args: &[Bytes]) -> Result<(), Fault> {
    let (pairs, left_over) = rest(args, 2).as_chunks::<2>();
    if !left_over.is_empty() {
        return Err(super::registry::wrong_arity("config|set"));
    }
    let text = |word: &Bytes| String::from_utf8_lossy(word).into_owned();
    let changes: Vec<(String, String)> = pairs
        .iter()
        .map(|[name, value]| (text(name), text(value)))
        .collect();
    session.server.settings.set(&changes)?;
    session.out.ok();
    Ok(())
}

fn reset_stat(session: &mut Session, _args: &[Bytes]) -> Result<(), Fault> {
    session.server.stats.reset();
    session.out.ok();
    Ok(())
}

fn rewrite(_session: &mut Session, _args: &[Bytes]) -> Result<(), Fault> {
    Err(said("ERR The server is running without a config file"))
}
