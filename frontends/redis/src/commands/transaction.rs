//! MULTI, EXEC, DISCARD, WATCH. The queue and its execution are the session's.

use bytes::Bytes;

use super::{Boxed, Command, Flags, Group, Run, rest};
use crate::fault::{Fault, said};
use crate::session::{Queue, Session};

/// This file's rows of the table.
pub const COMMANDS: &[Command] = &[
    row("multi", 1, Run::Here(multi), "Begins to queue commands.").flag(Flags::NO_MULTI),
    row(
        "exec",
        1,
        Run::Wait(exec),
        "Carries out what was queued, in one transaction.",
    )
    .flag(Flags::NO_MULTI),
    row("discard", 1, Run::Here(discard), "Forgets what was queued.").flag(Flags::NO_MULTI),
    row(
        "watch",
        -2,
        Run::Wait(watch),
        "Makes EXEC depend on keys staying as they are.",
    )
    .flag(Flags::NO_MULTI)
    .keys(1, -1, 1),
    row(
        "unwatch",
        1,
        Run::Here(unwatch),
        "Forgets all watched keys.",
    ),
];

const fn row(name: &'static str, arity: i32, run: Run, summary: &'static str) -> Command {
    Command::new(Group::Transactions, name, arity, run, summary).fast()
}

fn multi(session: &mut Session, _args: &[Bytes]) -> Result<(), Fault> {
    if session.queue.is_some() {
        return Err(said("ERR MULTI calls can not be nested"));
    }
    session.queue = Some(Queue::default());
    session.show();
    session.out.ok();
    Ok(())
}

fn exec<'a>(session: &'a mut Session, _args: &'a [Bytes]) -> Boxed<'a> {
    Box::pin(session.exec())
}

fn discard(session: &mut Session, _args: &[Bytes]) -> Result<(), Fault> {
    if session.queue.take().is_none() {
        return Err(said("ERR DISCARD without MULTI"));
    }
    session.watched.clear();
    session.show();
    session.out.ok();
    Ok(())
}

fn watch<'a>(session: &'a mut Session, args: &'a [Bytes]) -> Boxed<'a> {
    Box::pin(async move {
        if session.queue.is_some() {
            return Err(said("ERR WATCH inside MULTI is not allowed"));
        }
        let names = rest(args, 1).iter();
        let keys = names.filter_map(|name| session.place(name)).collect();
        session.watch(keys).await?;
        session.show();
        session.out.ok();
        Ok(())
    })
}

fn unwatch(session: &mut Session, _args: &[Bytes]) -> Result<(), Fault> {
    session.watched.clear();
    session.show();
    session.out.ok();
    Ok(())
}
