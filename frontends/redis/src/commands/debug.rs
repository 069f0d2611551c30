//! The few of DEBUG that test suites need and that do what they say.

use std::time::Duration;

use bytes::Bytes;

use super::{Boxed, Command, Flags, Group, Run, integer, word};
use crate::fault::{Fault, NOT_FLOAT};
use crate::resp::number::parse_f64;
use crate::session::Session;

/// This file's rows of the table.
pub const COMMANDS: &[Command] = &[row("debug", -2, Run::Parent(DEBUG), "Helps testing.")];

const DEBUG: &[Command] = &[
    row(
        "sleep",
        3,
        Run::Wait(sleep),
        "Lets this connection wait for some seconds.",
    ),
    row(
        "jmap",
        -2,
        Run::Here(accept),
        "Accepted: there is no heap of objects to print.",
    ),
    row(
        "set-active-expire",
        3,
        Run::Here(active_expire),
        "Accepted: expired keys are never seen, reclaimed or not.",
    ),
    row(
        "help",
        2,
        Run::Here(super::describe::help),
        "Lists the subcommands.",
    ),
];

/// The longest sleep, so that a client cannot hold a connection for ever.
const SLEEP_S_MAX: f64 = 3600.0;

const fn row(name: &'static str, arity: i32, run: Run, summary: &'static str) -> Command {
    Command::new(Group::Server, name, arity, run, summary).flag(Flags::ADMIN)
}

fn sleep<'a>(session: &'a mut Session, args: &'a [Bytes]) -> Boxed<'a> {
    Box::pin(async move {
        let seconds = parse_f64(word(args, 2)?).ok_or(NOT_FLOAT)?;
        session
            .db
            .sleep(Duration::from_secs_f64(seconds.clamp(0.0, SLEEP_S_MAX)))
            .await;
        session.out.ok();
        Ok(())
    })
}

fn accept(session: &mut Session, _args: &[Bytes]) -> Result<(), Fault> {
    session.out.ok();
    Ok(())
}

fn active_expire(session: &mut Session, args: &[Bytes]) -> Result<(), Fault> {
    integer(args, 2)?;
    session.out.ok();
    Ok(())
}
