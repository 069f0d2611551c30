//! When keys end: setting and reading deadlines.

use bytes::Bytes;
use stele_core::op::{ExpireCondition, Op};

use crate::commands::deadline::Unit;
use crate::commands::plan::{Plan, Writing, shape};
use crate::commands::{Command, Group, Reading, Run, integer, is, rest, word};
use crate::fault::{Fault, said};
use crate::resp::Out;

/// This file's rows of the table.
pub const COMMANDS: &[Command] = &[
    row(
        "expire",
        -3,
        Run::Write(expire),
        "Gives a key some seconds to live.",
    ),
    row(
        "pexpire",
        -3,
        Run::Write(expire_ms),
        "Gives a key some milliseconds to live.",
    ),
    row(
        "expireat",
        -3,
        Run::Write(expire_at),
        "Ends a key at a time in seconds.",
    ),
    row(
        "pexpireat",
        -3,
        Run::Write(expire_at_ms),
        "Ends a key at a time in milliseconds.",
    ),
    row(
        "ttl",
        2,
        Run::Read(ttl),
        "Says how many seconds a key has left.",
    )
    .head(),
    row(
        "pttl",
        2,
        Run::Read(ttl_ms),
        "Says how many milliseconds a key has left.",
    )
    .head(),
    row(
        "expiretime",
        2,
        Run::Read(time),
        "Says when a key ends, in seconds.",
    )
    .head(),
    row(
        "pexpiretime",
        2,
        Run::Read(time_ms),
        "Says when a key ends, in milliseconds.",
    )
    .head(),
];

const fn row(name: &'static str, arity: i32, run: Run, summary: &'static str) -> Command {
    Command::new(Group::Generic, name, arity, run, summary)
        .fast()
        .key()
}

fn expire(writing: &Writing, args: &[Bytes]) -> Result<Plan, Fault> {
    plan(writing, args, Unit::EX, "expire")
}

fn expire_ms(writing: &Writing, args: &[Bytes]) -> Result<Plan, Fault> {
    plan(writing, args, Unit::PX, "pexpire")
}

fn expire_at(writing: &Writing, args: &[Bytes]) -> Result<Plan, Fault> {
    plan(writing, args, Unit::EXAT, "expireat")
}

fn expire_at_ms(writing: &Writing, args: &[Bytes]) -> Result<Plan, Fault> {
    plan(writing, args, Unit::PXAT, "pexpireat")
}

fn plan(writing: &Writing, args: &[Bytes], unit: Unit, command: &str) -> Result<Plan, Fault> {
    writing.one(args, op(writing.now_ms, args, unit, command)?, shape::int)
}

/// The op of an EXPIRE, for keys and rows alike.
fn op(now_ms: u64, args: &[Bytes], unit: Unit, command: &str) -> Result<Op, Fault> {
    let condition = condition(rest(args, 3))?;
    let at_ms = unit.deadline(integer(args, 2)?, now_ms, command)?;
    Ok(Op::Expire { at_ms, condition })
}

/// `[NX] [XX] [GT] [LT]`, as far as they go together.
fn condition(options: &[Bytes]) -> Result<ExpireCondition, Fault> {
    let (mut nx, mut xx, mut gt, mut lt) = (false, false, false, false);
    for option in options {
        let chosen = [
            ("nx", &mut nx),
            ("xx", &mut xx),
            ("gt", &mut gt),
            ("lt", &mut lt),
        ];
        match chosen.into_iter().find(|(name, _)| is(option, name)) {
            Some((_, flag)) => *flag = true,
            None => {
                let option = String::from_utf8_lossy(option);
                return Err(format!("ERR Unsupported option {option}").into());
            }
        }
    }
    if nx && (xx || gt || lt) {
        return Err(said(
            "ERR NX and XX, GT or LT options at the same time are not compatible",
        ));
    }
    if gt && lt {
        return Err(said(
            "ERR GT and LT options at the same time are not compatible",
        ));
    }
    // A key without a deadline lives for ever, so GT alone already asks for one, as XX does.
    Ok(match (nx, xx, gt, lt) {
        (true, ..) => ExpireCondition::Nx,
        (_, _, true, _) => ExpireCondition::Gt,
        (_, true, _, true) => ExpireCondition::XxLt,
        (_, _, _, true) => ExpireCondition::Lt,
        (_, true, ..) => ExpireCondition::Xx,
        _ => ExpireCondition::Always,
    })
}

fn ttl(reading: &Reading<'_>, args: &[Bytes], out: &mut Out) -> Result<(), Fault> {
    let left = |deadline: u64| (deadline.saturating_sub(reading.now_ms) + 500) / 1000;
    show(reading, args, out, left)
}

fn ttl_ms(reading: &Reading<'_>, args: &[Bytes], out: &mut Out) -> Result<(), Fault> {
    show(reading, args, out, |deadline| {
        deadline.saturating_sub(reading.now_ms)
    })
}

fn time(reading: &Reading<'_>, args: &[Bytes], out: &mut Out) -> Result<(), Fault> {
    show(reading, args, out, |deadline| (deadline + 500) / 1000)
}

fn time_ms(reading: &Reading<'_>, args: &[Bytes], out: &mut Out) -> Result<(), Fault> {
    show(reading, args, out, |deadline| deadline)
}

/// -2: no such key; -1: no deadline.
fn show(
    reading: &Reading<'_>,
    args: &[Bytes],
    out: &mut Out,
    in_unit: impl Fn(u64) -> u64,
) -> Result<(), Fault> {
    let shown = match reading.head(word(args, 1)?)? {
        None => -2,
        Some((_, head)) => match head.expire_ms {
            None => -1,
            Some(deadline) => i64::try_from(in_unit(deadline)).unwrap_or(i64::MAX),
        },
    };
    out.int(shown);
    Ok(())
}
