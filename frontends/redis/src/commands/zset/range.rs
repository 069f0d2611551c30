//! ZRANGE in all its forms, and the commands that came before it.

use bytes::Bytes;
use stele_core::op::ZsetRange;
use stele_core::op::zset::Scored;

use super::bound;
use crate::commands::{Command, Group, Reading, Run, integer, is, word};
use crate::fault::{Fault, SYNTAX, said};
use crate::resp::Out;

/// This file's rows of the table.
pub const COMMANDS: &[Command] = &[
    row(
        "zrange",
        -4,
        range,
        "Reads a range of members by rank, score or member.",
    ),
    row(
        "zrevrange",
        -4,
        reverse_range,
        "Reads a range of members by rank, from the greatest.",
    ),
    row(
        "zrangebyscore",
        -4,
        by_score,
        "Reads a range of members by score.",
    ),
    row(
        "zrevrangebyscore",
        -4,
        reverse_by_score,
        "Reads a range by score, from the greatest.",
    ),
    row(
        "zrangebylex",
        -4,
        by_member,
        "Reads a range of members by member.",
    ),
    row(
        "zrevrangebylex",
        -4,
        reverse_by_member,
        "Reads a range by member, from the last.",
    ),
];

const fn row(
    name: &'static str,
    arity: i32,
    run: fn(&Reading<'_>, &[Bytes], &mut Out) -> Result<(), Fault>,
    summary: &'static str,
) -> Command {
    Command::new(Group::SortedSet, name, arity, Run::Read(run), summary).key()
}

/// How the ends of the range are given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    Rank,
    Score,
    Member,
}

struct Wanted {
    by: By,
    reverse: bool,
    with_scores: bool,
    offset: usize,
    count: Option<usize>,
}

fn range(reading: &Reading<'_>, args: &[Bytes], out: &mut Out) -> Result<(), Fault> {
    answer(reading, args, out, None, false)
}

fn reverse_range(reading: &Reading<'_>, args: &[Bytes], out: &mut Out) -> Result<(), Fault> {
    answer(reading, args, out, Some(By::Rank), true)
}

fn by_score(reading: &Reading<'_>, args: &[Bytes], out: &mut Out) -> Result<(), Fault> {
    answer(reading, args, out, Some(By::Score), false)
}

fn reverse_by_score(reading: &Reading<'_>, args: &[Bytes], out: &mut Out) -> Result<(), Fault> {
    answer(reading, args, out, Some(By::Score), true)
}

fn by_member(reading: &Reading<'_>, args: &[Bytes], out: &mut Out) -> Result<(), Fault> {
    answer(reading, args, out, Some(By::Member), false)
}

fn reverse_by_member(reading: &Reading<'_>, args: &[Bytes], out: &mut Out) -> Result<(), Fault> {
    answer(reading, args, out, Some(By::Member), true)
}

/// `fixed` is how the ends are given where the command's name says it.
fn answer(
    reading: &Reading<'_>,
    args: &[Bytes],
    out: &mut Out,
    fixed: Option<By>,
    reverse: bool,
) -> Result<(), Fault> {
    let wanted = options(args, fixed, reverse)?;
    let range = match wanted.by {
        By::Rank => bound::ranks(args, 2)?,
        By::Score => bound::scores(args, 2, wanted.reverse)?,
        By::Member => bound::members(args, 2, wanted.reverse)?,
    };
    let found = read(reading, word(args, 1)?, &range, &wanted)?;
    show(&found, wanted.with_scores, out);
    Ok(())
}

/// `[BYSCORE|BYLEX] [REV] [LIMIT offset count] [WITHSCORES]`, as far as the command knows them.
fn options(args: &[Bytes], fixed: Option<By>, reverse: bool) -> Result<Wanted, Fault> {
    let by = fixed.unwrap_or(By::Rank);
    let mut wanted = Wanted {
        by,
        reverse,
        with_scores: false,
        offset: 0,
        count: None,
    };
    let mut is_limited = false;
    let mut at = 4;
    while let Some(option) = args.get(at) {
        if is(option, "withscores") {
            wanted.with_scores = true;
        } else if is(option, "limit") && args.get(at + 2).is_some() {
            let (offset, count) = (integer(args, at + 1)?, integer(args, at + 2)?);
            // Below zero an offset finds nothing, and a count everything.
            wanted.offset = usize::try_from(offset).unwrap_or(usize::MAX);
            wanted.count = usize::try_from(count).ok();
            is_limited = true;
            at += 2;
        } else if fixed.is_none() && is(option, "rev") {
            wanted.reverse = true;
        } else if fixed.is_none() && is(option, "byscore") && wanted.by == By::Rank {
            wanted.by = By::Score;
        } else if fixed.is_none() && is(option, "bylex") && wanted.by == By::Rank {
            wanted.by = By::Member;
        } else {
            return Err(SYNTAX);
        }
        at += 1;
    }
    if is_limited && wanted.by == By::Rank {
        return Err(said(
            "ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX",
        ));
    }
    if wanted.with_scores && wanted.by == By::Member {
        return Err(said(
            "ERR syntax error, WITHSCORES not supported in combination with BYLEX",
        ));
    }
    Ok(wanted)
}

fn read(
    reading: &Reading<'_>,
    name: &Bytes,
    range: &ZsetRange,
    wanted: &Wanted,
) -> Result<Vec<Scored>, Fault> {
    let Some(zset) = reading.zset(name)? else {
        return Ok(Vec::new());
    };
    let count = wanted.count.unwrap_or(usize::MAX);
    let found: Result<Vec<Scored>, _> = match range {
        ZsetRange::Rank { start, stop } => zset.range_by_rank(*start, *stop, wanted.reverse),
        ZsetRange::Score { min, max } => {
            let found = zset.between_scores(*min, *max, wanted.reverse);
            found.skip(wanted.offset).take(count).collect()
        }
        ZsetRange::Lex { min, max } => {
            let found = zset.between_members(min, max, wanted.reverse);
            found.skip(wanted.offset).take(count).collect()
        }
    };
    Ok(found?)
}

/// In RESP3 a member and its score are a pair, in RESP2 they follow each other.
pub fn show(found: &[Scored], with_scores: bool, out: &mut Out) {
    let nested = with_scores && out.is_resp3();
    out.array(found.len() * if with_scores && !nested { 2 } else { 1 });
    for (member, score) in found {
        if nested {
            out.array(2);
        }
        out.bulk(member);
        if with_scores {
            out.double(*score);
        }
    }
}
