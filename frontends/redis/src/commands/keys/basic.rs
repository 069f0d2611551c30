//! DEL, EXISTS, TYPE and the like.

use bytes::Bytes;
use stele_core::op::Op;
use stele_core::record::Key;

use crate::commands::plan::{Plan, Writing, shape};
use crate::commands::{Command, Flags, Group, Reading, Run, rest, type_name, word};
use crate::fault::Fault;
use crate::resp::Out;

/// This file's rows of the table.
pub const COMMANDS: &[Command] = &[
    row("del", -2, Run::Write(delete), "Deletes keys.").keys(1, -1, 1),
    row(
        "unlink",
        -2,
        Run::Write(delete),
        "Deletes keys; what they held is always reclaimed later.",
    )
    .fast()
    .keys(1, -1, 1),
    row(
        "exists",
        -2,
        Run::Read(exists),
        "Counts how many of the keys exist.",
    )
    .head()
    .fast()
    .keys(1, -1, 1),
    row(
        "touch",
        -2,
        Run::Read(exists),
        "Counts how many of the keys exist.",
    )
    .head()
    .fast()
    .keys(1, -1, 1),
    row(
        "type",
        2,
        Run::Read(kind),
        "Says what type of value a key holds.",
    )
    .head()
    .fast()
    .key(),
    row(
        "persist",
        2,
        Run::Write(persist),
        "Takes a key's deadline away.",
    )
    .fast()
    .key(),
    row(
        "dbsize",
        1,
        Run::Survey(count),
        "Counts the keys of the database.",
    )
    .flag(Flags::FAST),
];

const fn row(name: &'static str, arity: i32, run: Run, summary: &'static str) -> Command {
    Command::new(Group::Generic, name, arity, run, summary)
}

fn delete(writing: &Writing, args: &[Bytes]) -> Result<Plan, Fault> {
    match rest(args, 1) {
        [only] => Ok(Plan::One(writing.key(only), Op::Delete, shape::int)),
        names => {
            let ops = names.iter().map(|name| (writing.key(name), Op::Delete));
            Ok(Plan::Together(ops.collect::<Vec<(Key, Op)>>(), shape::sum))
        }
    }
}

fn exists(reading: &Reading<'_>, args: &[Bytes], out: &mut Out) -> Result<(), Fault> {
    let mut count = 0;
    for name in rest(args, 1) {
        count += usize::from(reading.head(name)?.is_some());
    }
    out.count(count);
    Ok(())
}

fn kind(reading: &Reading<'_>, args: &[Bytes], out: &mut Out) -> Result<(), Fault> {
    let found = reading.head(word(args, 1)?)?;
    out.simple(found.map_or("none", |(_, head)| type_name(head.kind)));
    Ok(())
}

fn persist(writing: &Writing, args: &[Bytes]) -> Result<Plan, Fault> {
    writing.one(args, Op::Persist, shape::int)
}

fn count(reading: &Reading<'_>, _args: &[Bytes], out: &mut Out) -> Result<(), Fault> {
    out.int(i64::try_from(reading.count()?).unwrap_or(i64::MAX));
    Ok(())
}
