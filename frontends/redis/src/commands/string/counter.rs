//! INCR and its relatives: strings that are numbers.

use bytes::Bytes;
use stele_core::op::Op;

use crate::commands::plan::{Plan, Writing, shape};
use crate::commands::{Command, Flags, Group, Run, integer, word};
use crate::fault::{Fault, NOT_FLOAT, said};
use crate::resp::number::parse_f64;

/// This file's rows of the table.
pub const COMMANDS: &[Command] = &[
    row("incr", 2, increment, "Adds one to a whole number."),
    row("decr", 2, decrement, "Takes one from a whole number."),
    row("incrby", 3, add, "Adds to a whole number."),
    row("decrby", 3, subtract, "Takes from a whole number."),
    row("incrbyfloat", 3, add_float, "Adds to a number."),
];

const fn row(
    name: &'static str,
    arity: i32,
    plan: fn(&Writing, &[Bytes]) -> Result<Plan, Fault>,
    summary: &'static str,
) -> Command {
    let command = Command::new(Group::String, name, arity, Run::Write(plan), summary);
    command.flag(Flags::DENYOOM).fast().key()
}

fn increment(writing: &Writing, args: &[Bytes]) -> Result<Plan, Fault> {
    writing.one(args, Op::Add(1), shape::int)
}

fn decrement(writing: &Writing, args: &[Bytes]) -> Result<Plan, Fault> {
    writing.one(args, Op::Add(-1), shape::int)
}

fn add(writing: &Writing, args: &[Bytes]) -> Result<Plan, Fault> {
    writing.one(args, Op::Add(integer(args, 2)?), shape::int)
}

fn subtract(writing: &Writing, args: &[Bytes]) -> Result<Plan, Fault> {
    let delta = integer(args, 2)?.checked_neg();
    let delta = delta.ok_or(said("ERR decrement would overflow"))?;
    writing.one(args, Op::Add(delta), shape::int)
}

fn add_float(writing: &Writing, args: &[Bytes]) -> Result<Plan, Fault> {
    let delta = word(args, 2)?;
    parse_f64(delta).ok_or(NOT_FLOAT)?;
    writing.one(args, Op::AddFloat(delta.clone()), shape::bulk)
}
