//! The node: time, role, emptying databases.

use bytes::Bytes;

use super::{Boxed, Clear, Command, Group, Run, integer, is, registry, word};
use crate::fault::{Fault, SYNTAX, said};
use crate::session::Session;

/// This file's rows of the table.
pub const COMMANDS: &[Command] = &[
    row("time", 1, Run::Here(time), "Reads the node's clock.").fast(),
    row("role", 1, Run::Here(role), "Says what part the node plays.").fast(),
    row(
        "wait",
        3,
        Run::Wait(wait),
        "Waits for replicas to have this client's writes.",
    ),
    row(
        "flushdb",
        -1,
        Run::Clear(flush_database),
        "Deletes all keys of the database.",
    ),
    row(
        "flushall",
        -1,
        Run::Clear(flush_all),
        "Deletes all keys of all databases.",
    ),
    row(
        "function",
        -2,
        Run::Here(function),
        "Knows only FLUSH: there are no functions to delete.",
    ),
];

const fn row(name: &'static str, arity: i32, run: Run, summary: &'static str) -> Command {
    Command::new(Group::Server, name, arity, run, summary)
}

fn time(session: &mut Session, _args: &[Bytes]) -> Result<(), Fault> {
    let now_us = session.db.now_us();
    session.out.array(2);
    session
        .out
        .bulk((now_us / 1_000_000).to_string().as_bytes());
    session
        .out
        .bulk((now_us % 1_000_000).to_string().as_bytes());
    Ok(())
}

fn role(session: &mut Session, _args: &[Bytes]) -> Result<(), Fault> {
    session.out.array(3);
    session.out.bulk(b"master");
    session.out.int(0);
    session.out.array(0);
    Ok(())
}

/// `WAIT numreplicas timeout`: one node has no replicas, and none can join it, so there is
/// nothing to wait for.
fn wait<'a>(session: &'a mut Session, args: &'a [Bytes]) -> Boxed<'a> {
    Box::pin(async move {
        integer(args, 1)?;
        let timeout =
            integer(args, 2).map_err(|_| said("ERR timeout is not an integer or out of range"))?;
        if timeout < 0 {
            return Err(said("ERR timeout is negative"));
        }
        session.out.int(0);
        Ok(())
    })
}

fn flush_database(args: &[Bytes]) -> Result<Clear, Fault> {
    check_mode(args)?;
    Ok(Clear::Selected)
}

fn flush_all(args: &[Bytes]) -> Result<Clear, Fault> {
    check_mode(args)?;
    Ok(Clear::All)
}

/// `[ASYNC|SYNC]`: keys are gone at once, what they held is always reclaimed later.
fn check_mode(args: &[Bytes]) -> Result<(), Fault> {
    match args {
        [_] => Ok(()),
        [_, mode] if is(mode, "sync") || is(mode, "async") => Ok(()),
        _ => Err(SYNTAX),
    }
}

/// `FUNCTION FLUSH [ASYNC|SYNC]` does what it says: afterwards there are no functions.
fn function(session: &mut Session, args: &[Bytes]) -> Result<(), Fault> {
    if !is(word(args, 1)?, "flush") {
        return Err(registry::unknown(word(args, 0)?, args));
    }
    check_mode(super::rest(args, 1))?;
    session.out.ok();
    Ok(())
}
