//! LPOS: where in a list a value stands.

use bytes::Bytes;
use stele_core::record::Kind;

use crate::commands::{Command, Group, Reading, Run, integer, is, word};
use crate::fault::{Fault, SYNTAX, said};
use crate::resp::Out;

/// This file's rows of the table.
pub const COMMANDS: &[Command] = &[Command::new(
    Group::List,
    "lpos",
    -3,
    Run::Read(position),
    "Finds the positions of a value.",
)
.key()];

/// What is searched for.
struct Options {
    /// Which match is the first to count; negative searches from the right.
    rank: i64,
    /// How many matches; `None`: one, answered by itself; 0: all.
    count: Option<usize>,
    /// How many elements to look at; 0: all.
    reach: usize,
}

/// `LPOS key value [RANK r] [COUNT n] [MAXLEN n]`
fn position(reading: &Reading<'_>, args: &[Bytes], out: &mut Out) -> Result<(), Fault> {
    let options = options(args)?;
    let exists = reading.typed(word(args, 1)?, Kind::List)?.is_some();
    let elements = reading.list_range(word(args, 1)?, 0, -1)?;
    let found = search(&elements, word(args, 2)?, &options);
    match options.count {
        None => match found.first() {
            Some(at) => out.count(*at),
            None => out.null(),
        },
        Some(_) if !exists => out.array(0),
        Some(_) => {
            out.array(found.len());
            found.into_iter().for_each(|at| out.count(at));
        }
    }
    Ok(())
}

fn options(args: &[Bytes]) -> Result<Options, Fault> {
    let mut options = Options {
        rank: 1,
        count: None,
        reach: 0,
    };
    let mut at = 3;
    while let Some(option) = args.get(at) {
        if args.get(at + 1).is_none() {
            return Err(SYNTAX);
        }
        if is(option, "rank") {
            options.rank = rank(integer(args, at + 1)?)?;
        } else if is(option, "count") {
            let count = usize::try_from(integer(args, at + 1)?);
            options.count = Some(count.map_err(|_| said("ERR COUNT can't be negative"))?);
        } else if is(option, "maxlen") {
            let reach = usize::try_from(integer(args, at + 1)?);
            options.reach = reach.map_err(|_| said("ERR MAXLEN can't be negative"))?;
        } else {
            return Err(SYNTAX);
        }
        at += 2;
    }
    Ok(options)
}

fn rank(rank: i64) -> Result<i64, Fault> {
    match rank {
        0 => Err(said(
            "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... \
             or use negative to start from the end of the list",
        )),
        i64::MIN => Err(said(
            "ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807",
        )),
        rank => Ok(rank),
    }
}

fn search(elements: &[Bytes], value: &Bytes, options: &Options) -> Vec<usize> {
    let reach = if options.reach == 0 {
        elements.len()
    } else {
        options.reach
    };
    let skipped = usize::try_from(options.rank.unsigned_abs() - 1).unwrap_or(usize::MAX);
    let wanted = match options.count {
        None => 1,
        Some(0) => usize::MAX,
        Some(count) => count,
    };
    let numbered = elements.iter().enumerate();
    let matching = |(at, element): (usize, &Bytes)| (element == value).then_some(at);
    if options.rank > 0 {
        numbered
            .take(reach)
            .filter_map(matching)
            .skip(skipped)
            .take(wanted)
            .collect()
    } else {
        numbered
            .rev()
            .take(reach)
            .filter_map(matching)
            .skip(skipped)
            .take(wanted)
            .collect()
    }
}
