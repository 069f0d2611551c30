//! Writing one list.

use bytes::Bytes;
use stele_core::op::{Op, Reply};

use crate::commands::plan::{Plan, Writing, shape};
use crate::commands::registry::wrong_arity;
use crate::commands::{Command, Flags, Group, Run, integer, is, rest, word};
use crate::fault::{Fault, NOT_POSITIVE, SYNTAX};
use crate::resp::Out;

/// This file's rows of the table.
pub const COMMANDS: &[Command] = &[
    row("lpush", -3, left_push, "Adds elements at the left end.")
        .fast()
        .flag(Flags::DENYOOM),
    row("rpush", -3, right_push, "Adds elements at the right end.")
        .fast()
        .flag(Flags::DENYOOM),
    row(
        "lpushx",
        -3,
        left_push_on,
        "Adds elements at the left end of a list that exists.",
    )
    .fast()
    .flag(Flags::DENYOOM),
    row(
        "rpushx",
        -3,
        right_push_on,
        "Adds elements at the right end of a list that exists.",
    )
    .fast()
    .flag(Flags::DENYOOM),
    row("lpop", -2, left_pop, "Takes elements from the left end.").fast(),
    row("rpop", -2, right_pop, "Takes elements from the right end.").fast(),
    row("lset", 4, set, "Overwrites the element at a position.").flag(Flags::DENYOOM),
    row("linsert", 5, insert, "Adds an element beside another.").flag(Flags::DENYOOM),
    row("lrem", 4, remove, "Removes elements that equal a value."),
    row(
        "ltrim",
        4,
        trim,
        "Keeps the elements from one position to another.",
    ),
];

const fn row(
    name: &'static str,
    arity: i32,
    plan: fn(&Writing, &[Bytes]) -> Result<Plan, Fault>,
    summary: &'static str,
) -> Command {
    Command::new(Group::List, name, arity, Run::Write(plan), summary).key()
}

fn push(writing: &Writing, args: &[Bytes], left: bool, must_exist: bool) -> Result<Plan, Fault> {
    let op = Op::ListPush {
        left,
        values: rest(args, 2).to_vec(),
        must_exist,
    };
    writing.one(args, op, shape::int)
}

fn left_push(writing: &Writing, args: &[Bytes]) -> Result<Plan, Fault> {
    push(writing, args, true, false)
}

fn right_push(writing: &Writing, args: &[Bytes]) -> Result<Plan, Fault> {
    push(writing, args, false, false)
}

fn left_push_on(writing: &Writing, args: &[Bytes]) -> Result<Plan, Fault> {
    push(writing, args, true, true)
}

fn right_push_on(writing: &Writing, args: &[Bytes]) -> Result<Plan, Fault> {
    push(writing, args, false, true)
}

fn left_pop(writing: &Writing, args: &[Bytes]) -> Result<Plan, Fault> {
    pop(writing, args, true, "lpop")
}

fn right_pop(writing: &Writing, args: &[Bytes]) -> Result<Plan, Fault> {
    pop(writing, args, false, "rpop")
}

/// `LPOP key [count]`: without a count one element by itself, with one a list.
fn pop(writing: &Writing, args: &[Bytes], left: bool, command: &str) -> Result<Plan, Fault> {
    if args.len() > 3 {
        return Err(wrong_arity(command));
    }
    if args.len() < 3 {
        return writing.one(args, Op::ListPop { left, count: 1 }, first);
    }
    let count = u64::try_from(integer(args, 2)?).map_err(|_| NOT_POSITIVE)?;
    writing.one(args, Op::ListPop { left, count }, shape::list)
}

/// The only element of a list, by itself.
pub fn first(reply: Reply, out: &mut Out) {
    match reply {
        Reply::List(elements) => match elements.into_iter().next() {
            Some(element) => shape::bulk(element, out),
            None => out.null(),
        },
        other => shape::bulk(other, out),
    }
}

fn set(writing: &Writing, args: &[Bytes]) -> Result<Plan, Fault> {
    let op = Op::ListSet {
        index: integer(args, 2)?,
        value: word(args, 3)?.clone(),
    };
    writing.one(args, op, shape::ok)
}

/// `LINSERT key BEFORE|AFTER pivot value`
fn insert(writing: &Writing, args: &[Bytes]) -> Result<Plan, Fault> {
    let side = word(args, 2)?;
    let before = is(side, "before");
    if !before && !is(side, "after") {
        return Err(SYNTAX);
    }
    let (pivot, value) = (word(args, 3)?.clone(), word(args, 4)?.clone());
    writing.one(
        args,
        Op::ListInsert {
            before,
            pivot,
            value,
        },
        shape::int,
    )
}

fn remove(writing: &Writing, args: &[Bytes]) -> Result<Plan, Fault> {
    let op = Op::ListRemove {
        count: integer(args, 2)?,
        value: word(args, 3)?.clone(),
    };
    writing.one(args, op, shape::int)
}

fn trim(writing: &Writing, args: &[Bytes]) -> Result<Plan, Fault> {
    let op = Op::ListTrim {
        start: integer(args, 2)?,
        stop: integer(args, 3)?,
    };
    writing.one(args, op, shape::ok)
}
