//! Writing hashes of a keyspace. Rows of tables are written by `crate::rows`.

use bytes::Bytes;
use stele_core::op::Op;

use crate::commands::plan::{Plan, Shape, Writing, shape};
use crate::commands::registry::wrong_arity;
use crate::commands::{Command, Flags, Group, Run, integer, rest, word};
use crate::fault::{Fault, said};
use crate::resp::number::parse_f64;

/// This file's rows of the table.
pub const COMMANDS: &[Command] = &[
    row("hset", -4, set, "Writes fields; answers how many are new.").flag(Flags::DENYOOM),
    row("hmset", -4, set_several, "Writes fields.").flag(Flags::DENYOOM),
    row(
        "hsetnx",
        4,
        set_if_absent,
        "Writes a field if it does not exist.",
    )
    .flag(Flags::DENYOOM),
    row("hdel", -3, delete, "Deletes fields."),
    row("hincrby", 4, add, "Adds to a field that is a whole number.").flag(Flags::DENYOOM),
    row(
        "hincrbyfloat",
        4,
        add_float,
        "Adds to a field that is a number.",
    )
    .flag(Flags::DENYOOM),
];

const fn row(
    name: &'static str,
    arity: i32,
    plan: fn(&Writing, &[Bytes]) -> Result<Plan, Fault>,
    summary: &'static str,
) -> Command {
    Command::new(Group::Hash, name, arity, Run::Write(plan), summary)
        .fast()
        .key()
}

fn set(writing: &Writing, args: &[Bytes]) -> Result<Plan, Fault> {
    assign(writing, args, "hset", shape::int)
}

fn set_several(writing: &Writing, args: &[Bytes]) -> Result<Plan, Fault> {
    assign(writing, args, "hmset", shape::ok)
}

fn assign(writing: &Writing, args: &[Bytes], command: &str, shape: Shape) -> Result<Plan, Fault> {
    let fields = pairs(rest(args, 2)).ok_or_else(|| wrong_arity(command))?;
    writing.one(args, Op::HashSet { fields }, shape)
}

/// Fields and values in turn; `None` if there is a field without a value, or nothing.
pub fn pairs(words: &[Bytes]) -> Option<Vec<(Bytes, Bytes)>> {
    let (pairs, left_over) = words.as_chunks::<2>();
    if pairs.is_empty() || !left_over.is_empty() {
        return None;
    }
    Some(
        pairs
            .iter()
            .map(|[field, value]| (field.clone(), value.clone()))
            .collect(),
    )
}

fn set_if_absent(writing: &Writing, args: &[Bytes]) -> Result<Plan, Fault> {
    let op = Op::HashSetIfAbsent {
        field: word(args, 2)?.clone(),
        value: word(args, 3)?.clone(),
    };
    writing.one(args, op, shape::int)
}

fn delete(writing: &Writing, args: &[Bytes]) -> Result<Plan, Fault> {
    writing.one(
        args,
        Op::HashDelete {
            fields: rest(args, 2).to_vec(),
        },
        shape::int,
    )
}

fn add(writing: &Writing, args: &[Bytes]) -> Result<Plan, Fault> {
    let op = Op::HashAdd {
        field: word(args, 2)?.clone(),
        delta: integer(args, 3)?,
    };
    writing.one(args, op, shape::int)
}

fn add_float(writing: &Writing, args: &[Bytes]) -> Result<Plan, Fault> {
    let delta = word(args, 3)?;
    let value = parse_f64(delta).ok_or(crate::fault::NOT_FLOAT)?;
    if !value.is_finite() {
        return Err(said("ERR value is NaN or Infinity"));
    }
    let op = Op::HashAddFloat {
        field: word(args, 2)?.clone(),
        delta: delta.clone(),
    };
    writing.one(args, op, shape::bulk)
}
