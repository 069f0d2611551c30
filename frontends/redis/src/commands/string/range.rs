//! Parts of strings.

use bytes::Bytes;
use stele_core::op::Op;

use super::set::text;
use crate::commands::plan::{Plan, Writing, shape};
use crate::commands::{Command, Flags, Group, Reading, Run, integer, word};
use crate::fault::{Fault, said};
use crate::resp::Out;

/// This file's rows of the table.
pub const COMMANDS: &[Command] = &[
    row(
        "getrange",
        4,
        Run::Read(get_range),
        "Reads part of a string.",
    )
    .head(),
    row(
        "substr",
        4,
        Run::Read(get_range),
        "Reads part of a string; the old name of GETRANGE.",
    )
    .head(),
    row(
        "setrange",
        4,
        Run::Write(set_range),
        "Overwrites part of a string.",
    )
    .flag(Flags::DENYOOM),
];

const fn row(name: &'static str, arity: i32, run: Run, summary: &'static str) -> Command {
    Command::new(Group::String, name, arity, run, summary).key()
}

fn get_range(reading: &Reading<'_>, args: &[Bytes], out: &mut Out) -> Result<(), Fault> {
    let (start, end) = (integer(args, 2)?, integer(args, 3)?);
    let text = text(reading, word(args, 1)?)?.unwrap_or_default();
    out.bulk(part(&text, start, end));
    Ok(())
}

/// The bytes from `start` to `end`, both included; negative positions count from the end.
fn part(text: &[u8], start: i64, end: i64) -> &[u8] {
    if start < 0 && end < 0 && start > end {
        return &[];
    }
    let length = i64::try_from(text.len()).unwrap_or(i64::MAX);
    let place = |position: i64| {
        let from_start = if position < 0 {
            length.saturating_add(position)
        } else {
            position
        };
        usize::try_from(from_start.max(0)).unwrap_or(usize::MAX)
    };
    let end = place(end).saturating_add(1).min(text.len());
    text.get(place(start)..end).unwrap_or(&[])
}

fn set_range(writing: &Writing, args: &[Bytes]) -> Result<Plan, Fault> {
    let offset = integer(args, 2)?;
    let offset = u64::try_from(offset).map_err(|_| said("ERR offset is out of range"))?;
    let value = word(args, 3)?.clone();
    writing.one(args, Op::SetRange { offset, value }, shape::int)
}

#[cfg(test)]
mod tests {
    use super::part;

    #[test]
    fn a_range_is_clamped_to_the_string() {
        let text = b"Hello World";
        assert_eq!(part(text, 0, 3), b"Hell");
        assert_eq!(part(text, 0, -1), text);
        assert_eq!(part(text, -4, -1), b"orld");
        assert_eq!(part(text, 5, 3), b"");
        assert_eq!(part(text, 5, 5000), b" World");
        assert_eq!(part(text, -5000, 10000), text);
        assert_eq!(part(text, i64::MIN, i64::MAX), text);
        assert_eq!(part(b"", 0, -1), b"");
    }
}
