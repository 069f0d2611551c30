//! Reading members: scores, ranks, counts.

use bytes::Bytes;
use stele_core::op::ZsetRange;
use stele_core::op::zset::Zset;
use stele_core::record::Kind;

use super::bound;
use crate::commands::{Command, Group, Reading, Run, is, rest, word};
use crate::fault::{Fault, SYNTAX};
use crate::resp::Out;

/// This file's rows of the table.
pub const COMMANDS: &[Command] = &[
    row("zscore", 3, score, "Reads a member's score.").fast(),
    row("zmscore", -3, scores, "Reads the scores of members.").fast(),
    row("zcard", 2, count, "Counts the members.").head().fast(),
    row(
        "zcount",
        4,
        count_scores,
        "Counts the members in a range of scores.",
    )
    .fast(),
    row(
        "zlexcount",
        4,
        count_members,
        "Counts the members in a range of members.",
    )
    .fast(),
    row(
        "zrank",
        -3,
        rank,
        "Says how many members have lesser scores.",
    )
    .fast(),
    row(
        "zrevrank",
        -3,
        reverse_rank,
        "Says how many members have greater scores.",
    )
    .fast(),
];

const fn row(
    name: &'static str,
    arity: i32,
    run: fn(&Reading<'_>, &[Bytes], &mut Out) -> Result<(), Fault>,
    summary: &'static str,
) -> Command {
    Command::new(Group::SortedSet, name, arity, Run::Read(run), summary).key()
}

impl Reading<'_> {
    /// The sorted set a key holds, if it is there.
    ///
    /// # Errors
    /// `WRONGTYPE` if the key holds something else.
    pub fn zset(&self, name: &Bytes) -> Result<Option<Zset<'_>>, Fault> {
        let found = self.typed(name, Kind::Zset)?;
        Ok(found.map(|(key, head)| Zset::new(self.rows, &key, &head)))
    }
}

fn score(reading: &Reading<'_>, args: &[Bytes], out: &mut Out) -> Result<(), Fault> {
    let zset = reading.zset(word(args, 1)?)?;
    show(zset.as_ref(), word(args, 2)?, out)
}

fn scores(reading: &Reading<'_>, args: &[Bytes], out: &mut Out) -> Result<(), Fault> {
    let zset = reading.zset(word(args, 1)?)?;
    let members = rest(args, 2);
    out.array(members.len());
    members
        .iter()
        .try_for_each(|member| show(zset.as_ref(), member, out))
}

fn show(zset: Option<&Zset<'_>>, member: &[u8], out: &mut Out) -> Result<(), Fault> {
    let score = match zset {
        Some(zset) => zset.score(member)?,
        None => None,
    };
    match score {
        Some(score) => out.double(score),
        None => out.null(),
    }
    Ok(())
}

fn count(reading: &Reading<'_>, args: &[Bytes], out: &mut Out) -> Result<(), Fault> {
    let count = reading.zset(word(args, 1)?)?.map_or(0, |zset| zset.len());
    out.int(i64::try_from(count).unwrap_or(i64::MAX));
    Ok(())
}

fn count_scores(reading: &Reading<'_>, args: &[Bytes], out: &mut Out) -> Result<(), Fault> {
    count_range(reading, args, out, &bound::scores(args, 2, false)?)
}

fn count_members(reading: &Reading<'_>, args: &[Bytes], out: &mut Out) -> Result<(), Fault> {
    count_range(reading, args, out, &bound::members(args, 2, false)?)
}

fn count_range(
    reading: &Reading<'_>,
    args: &[Bytes],
    out: &mut Out,
    range: &ZsetRange,
) -> Result<(), Fault> {
    let mut count = 0;
    if let Some(zset) = reading.zset(word(args, 1)?)? {
        match range {
            ZsetRange::Score { min, max } => {
                for member in zset.between_scores(*min, *max, false) {
                    member?;
                    count += 1;
                }
            }
            ZsetRange::Lex { min, max } => {
                for member in zset.between_members(min, max, false) {
                    member?;
                    count += 1;
                }
            }
            ZsetRange::Rank { .. } => {}
        }
    }
    out.count(count);
    Ok(())
}

fn rank(reading: &Reading<'_>, args: &[Bytes], out: &mut Out) -> Result<(), Fault> {
    show_rank(reading, args, out, false)
}

fn reverse_rank(reading: &Reading<'_>, args: &[Bytes], out: &mut Out) -> Result<(), Fault> {
    show_rank(reading, args, out, true)
}

/// `ZRANK key member [WITHSCORE]`
fn show_rank(
    reading: &Reading<'_>,
    args: &[Bytes],
    out: &mut Out,
    reverse: bool,
) -> Result<(), Fault> {
    let with_score = match rest(args, 3) {
        [] => false,
        [option] if is(option, "withscore") => true,
        _ => return Err(SYNTAX),
    };
    let found = match reading.zset(word(args, 1)?)? {
        Some(zset) => zset.rank(word(args, 2)?, reverse)?,
        None => None,
    };
    match found {
        None if with_score => out.null_array(),
        None => out.null(),
        Some((rank, score)) => {
            if with_score {
                out.array(2);
            }
            out.int(i64::try_from(rank).unwrap_or(i64::MAX));
            if with_score {
                out.double(score);
            }
        }
    }
    Ok(())
}
