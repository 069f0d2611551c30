//! SET with all its options, and the commands that came before them.

use bytes::Bytes;
use stele_core::op::{Condition, Expiry, Op};
use stele_core::record::Kind;

use crate::commands::deadline::{ExpiryOption, Unit};
use crate::commands::plan::{Plan, Writing, shape};
use crate::commands::{Command, Flags, Group, Reading, Run, integer, is, word};
use crate::fault::{Fault, SYNTAX};

/// This file's rows of the table.
pub const COMMANDS: &[Command] = &[
    row(
        "set",
        -3,
        set,
        "Writes a string, whatever was there; options set conditions and a deadline.",
    ),
    row(
        "setnx",
        3,
        set_if_absent,
        "Writes a string if the key does not exist.",
    )
    .fast(),
    row(
        "setex",
        4,
        set_with_seconds,
        "Writes a string that lives for some seconds.",
    ),
    row(
        "psetex",
        4,
        set_with_ms,
        "Writes a string that lives for some milliseconds.",
    ),
    row(
        "getex",
        -2,
        get_and_expire,
        "Reads a string and changes its deadline.",
    )
    .fast(),
];

const fn row(
    name: &'static str,
    arity: i32,
    plan: fn(&Writing, &[Bytes]) -> Result<Plan, Fault>,
    summary: &'static str,
) -> Command {
    Command::new(Group::String, name, arity, Run::Write(plan), summary)
        .flag(Flags::DENYOOM)
        .key()
}

/// `SET key value [NX|XX] [GET] [EX s|PX ms|EXAT s|PXAT ms|KEEPTTL]`
fn set(writing: &Writing, args: &[Bytes]) -> Result<Plan, Fault> {
    let mut expiry = ExpiryOption::default();
    let mut condition = Condition::Always;
    let mut get = false;
    let mut at = 3;
    while let Some(option) = args.get(at) {
        let taken = expiry.take(args, at, writing.now_ms, "set")?;
        if taken > 0 {
            at += taken;
            continue;
        }
        if is(option, "nx") && condition != Condition::IfPresent {
            condition = Condition::IfAbsent;
        } else if is(option, "xx") && condition != Condition::IfAbsent {
            condition = Condition::IfPresent;
        } else if is(option, "get") {
            get = true;
        } else if is(option, "keepttl") {
            expiry.choose(Expiry::Keep)?;
        } else {
            return Err(SYNTAX);
        }
        at += 1;
    }
    let expiry = expiry.chosen().unwrap_or(Expiry::Clear);
    let op = Op::Set {
        value: word(args, 2)?.clone(),
        expiry,
        condition,
        get,
    };
    writing.one(args, op, if get { shape::bulk } else { shape::ok })
}

fn set_if_absent(writing: &Writing, args: &[Bytes]) -> Result<Plan, Fault> {
    let value = word(args, 2)?.clone();
    let op = Op::Set {
        value,
        expiry: Expiry::Clear,
        condition: Condition::IfAbsent,
        get: false,
    };
    writing.one(args, op, shape::held)
}

fn set_with_seconds(writing: &Writing, args: &[Bytes]) -> Result<Plan, Fault> {
    set_for(writing, args, Unit::EX, "setex")
}

fn set_with_ms(writing: &Writing, args: &[Bytes]) -> Result<Plan, Fault> {
    set_for(writing, args, Unit::PX, "psetex")
}

fn set_for(writing: &Writing, args: &[Bytes], unit: Unit, command: &str) -> Result<Plan, Fault> {
    let deadline = unit.positive_deadline(integer(args, 2)?, writing.now_ms, command)?;
    let value = word(args, 3)?.clone();
    let expiry = Expiry::At(deadline);
    let op = Op::Set {
        value,
        expiry,
        condition: Condition::Always,
        get: false,
    };
    writing.one(args, op, shape::ok)
}

/// `GETEX key [EX s|PX ms|EXAT s|PXAT ms|PERSIST]`
fn get_and_expire(writing: &Writing, args: &[Bytes]) -> Result<Plan, Fault> {
    let mut expiry = ExpiryOption::default();
    let mut at = 2;
    while let Some(option) = args.get(at) {
        let taken = expiry.take(args, at, writing.now_ms, "getex")?;
        if taken == 0 && !is(option, "persist") {
            return Err(SYNTAX);
        }
        if taken == 0 {
            expiry.choose(Expiry::Clear)?;
        }
        at += taken.max(1);
    }
    let expiry = expiry.chosen().unwrap_or(Expiry::Keep);
    writing.one(args, Op::GetExpire(expiry), shape::bulk)
}

/// Whether a head is a string's: what several commands of this family ask.
pub(super) fn text(reading: &Reading<'_>, name: &Bytes) -> Result<Option<Bytes>, Fault> {
    Ok(reading
        .typed(name, Kind::String)?
        .map(|(_, head)| head.body))
}
