//! Single bits of strings.

use bytes::Bytes;
use stele_core::op::Op;

use super::set::text;
use crate::commands::plan::{Plan, Writing, shape};
use crate::commands::{Command, Flags, Group, Reading, Run, integer, word};
use crate::fault::{Fault, said};
use crate::resp::Out;

/// This file's rows of the table.
pub const COMMANDS: &[Command] = &[
    row("getbit", 3, Run::Read(get_bit), "Reads a bit of a string.")
        .head()
        .fast(),
    row(
        "setbit",
        4,
        Run::Write(set_bit),
        "Writes a bit of a string and answers the old one.",
    )
    .flag(Flags::DENYOOM),
];

/// Bits of the longest string.
const OFFSET_MAX: u64 = 4 * 1024 * 1024 * 1024 - 1;

const OUT_OF_RANGE: Fault = said("ERR bit offset is not an integer or out of range");

const fn row(name: &'static str, arity: i32, run: Run, summary: &'static str) -> Command {
    Command::new(Group::String, name, arity, run, summary).key()
}

fn offset(args: &[Bytes]) -> Result<u64, Fault> {
    let offset = integer(args, 2)
        .ok()
        .and_then(|offset| u64::try_from(offset).ok());
    offset
        .filter(|offset| *offset <= OFFSET_MAX)
        .ok_or(OUT_OF_RANGE)
}

fn get_bit(reading: &Reading<'_>, args: &[Bytes], out: &mut Out) -> Result<(), Fault> {
    let offset = offset(args)?;
    let text = text(reading, word(args, 1)?)?.unwrap_or_default();
    let byte = usize::try_from(offset / 8).ok().and_then(|at| text.get(at));
    // The first bit is the most significant one of the first byte.
    out.flag(byte.is_some_and(|byte| byte >> (7 - offset % 8) & 1 == 1));
    Ok(())
}

fn set_bit(writing: &Writing, args: &[Bytes]) -> Result<Plan, Fault> {
    let offset = offset(args)?;
    let bit = match &word(args, 3)?[..] {
        b"0" => false,
        b"1" => true,
        _ => return Err(said("ERR bit is not an integer or out of range")),
    };
    writing.one(args, Op::SetBit { offset, bit }, shape::int)
}
