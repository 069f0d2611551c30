//! GET, STRLEN and what reads or removes a whole string.

use bytes::Bytes;
use stele_core::op::{Condition, Expiry, Op};
use stele_core::record::Kind;

use crate::commands::plan::{Plan, Writing, shape};
use crate::commands::{Command, Group, Reading, Run, word};
use crate::fault::Fault;
use crate::resp::Out;

/// This file's rows of the table.
pub const COMMANDS: &[Command] = &[
    row("get", 2, Run::Read(get), "Reads a string.")
        .head()
        .fast(),
    row(
        "strlen",
        2,
        Run::Read(length),
        "Counts the bytes of a string.",
    )
    .head()
    .fast(),
    row(
        "getset",
        3,
        Run::Write(get_and_set),
        "Writes a string and answers the old one.",
    )
    .fast(),
    row(
        "getdel",
        2,
        Run::Write(get_and_delete),
        "Reads a string and deletes it.",
    )
    .fast(),
    row(
        "append",
        3,
        Run::Write(append),
        "Adds to the end of a string.",
    )
    .fast(),
];

const fn row(name: &'static str, arity: i32, run: Run, summary: &'static str) -> Command {
    Command::new(Group::String, name, arity, run, summary).key()
}

fn get(reading: &Reading<'_>, args: &[Bytes], out: &mut Out) -> Result<(), Fault> {
    let found = reading.typed(word(args, 1)?, Kind::String)?;
    out.bulk_or_null(found.as_ref().map(|(_, head)| &head.body[..]));
    Ok(())
}

fn length(reading: &Reading<'_>, args: &[Bytes], out: &mut Out) -> Result<(), Fault> {
    let found = reading.typed(word(args, 1)?, Kind::String)?;
    out.count(found.map_or(0, |(_, head)| head.body.len()));
    Ok(())
}

fn get_and_set(writing: &Writing, args: &[Bytes]) -> Result<Plan, Fault> {
    let value = word(args, 2)?.clone();
    let op = Op::Set {
        value,
        expiry: Expiry::Clear,
        condition: Condition::Always,
        get: true,
    };
    writing.one(args, op, shape::bulk)
}

fn get_and_delete(writing: &Writing, args: &[Bytes]) -> Result<Plan, Fault> {
    writing.one(args, Op::GetDelete, shape::bulk)
}

fn append(writing: &Writing, args: &[Bytes]) -> Result<Plan, Fault> {
    writing.one(args, Op::Append(word(args, 2)?.clone()), shape::int)
}
