//! Writing sorted sets.

use bytes::Bytes;
use stele_core::op::{Op, Reply, ZsetRange};

use super::bound;
use crate::commands::plan::{Plan, Writing, shape};
use crate::commands::{Command, Flags, Group, Run, integer, is, rest, word};
use crate::fault::{Fault, NOT_FLOAT, NOT_POSITIVE, SYNTAX, said};
use crate::resp::Out;
use crate::resp::number::parse_f64;

/// This file's rows of the table.
pub const COMMANDS: &[Command] = &[
    row(
        "zadd",
        -4,
        add,
        "Adds members with scores, or changes scores.",
    )
    .fast()
    .flag(Flags::DENYOOM),
    row("zincrby", 4, increment, "Adds to a member's score.")
        .fast()
        .flag(Flags::DENYOOM),
    row("zrem", -3, remove, "Removes members.").fast(),
    row(
        "zremrangebyrank",
        4,
        remove_ranks,
        "Removes a range of members by rank.",
    ),
    row(
        "zremrangebyscore",
        4,
        remove_scores,
        "Removes a range of members by score.",
    ),
    row(
        "zremrangebylex",
        4,
        remove_members,
        "Removes a range of members by member.",
    ),
    row(
        "zpopmin",
        -2,
        pop_least,
        "Takes the members with the least scores.",
    )
    .fast(),
    row(
        "zpopmax",
        -2,
        pop_greatest,
        "Takes the members with the greatest scores.",
    )
    .fast(),
];

const fn row(
    name: &'static str,
    arity: i32,
    plan: fn(&Writing, &[Bytes]) -> Result<Plan, Fault>,
    summary: &'static str,
) -> Command {
    Command::new(Group::SortedSet, name, arity, Run::Write(plan), summary).key()
}

#[derive(Default)]
struct Conditions {
    nx: bool,
    xx: bool,
    gt: bool,
    lt: bool,
    ch: bool,
    incr: bool,
}

/// `ZADD key [NX|XX] [GT|LT] [CH] [INCR] score member [score member ...]`
fn add(writing: &Writing, args: &[Bytes]) -> Result<Plan, Fault> {
    let mut conditions = Conditions::default();
    let mut at = 2;
    while let Some(option) = args.get(at) {
        let Conditions {
            nx,
            xx,
            gt,
            lt,
            ch,
            incr,
        } = &mut conditions;
        let known = [
            ("nx", nx),
            ("xx", xx),
            ("gt", gt),
            ("lt", lt),
            ("ch", ch),
            ("incr", incr),
        ];
        match known.into_iter().find(|(name, _)| is(option, name)) {
            Some((_, flag)) => *flag = true,
            None => break,
        }
        at += 1;
    }
    let (pairs, left_over) = rest(args, at).as_chunks::<2>();
    if pairs.is_empty() || !left_over.is_empty() {
        return Err(SYNTAX);
    }
    check(&conditions, pairs.len())?;
    let scored = pairs
        .iter()
        .map(|[score, member]| Ok((parse_f64(score).ok_or(NOT_FLOAT)?, member.clone())));
    let members = scored.collect::<Result<Vec<_>, Fault>>()?;
    let Conditions {
        nx,
        xx,
        gt,
        lt,
        ch,
        incr,
    } = conditions;
    let op = Op::ZsetAdd {
        members,
        nx,
        xx,
        gt,
        lt,
        ch,
        incr,
    };
    writing.one(args, op, if incr { shape::double } else { shape::int })
}

fn check(conditions: &Conditions, pairs: usize) -> Result<(), Fault> {
    let Conditions {
        nx,
        xx,
        gt,
        lt,
        incr,
        ..
    } = *conditions;
    if nx && xx {
        return Err(said(
            "ERR XX and NX options at the same time are not compatible",
        ));
    }
    if (nx && (gt || lt)) || (gt && lt) {
        return Err(said(
            "ERR GT, LT, and/or NX options at the same time are not compatible",
        ));
    }
    if incr && pairs > 1 {
        return Err(said(
            "ERR INCR option supports a single increment-element pair",
        ));
    }
    Ok(())
}

fn increment(writing: &Writing, args: &[Bytes]) -> Result<Plan, Fault> {
    let delta = parse_f64(word(args, 2)?).ok_or(NOT_FLOAT)?;
    let members = vec![(delta, word(args, 3)?.clone())];
    let (nx, xx, gt, lt, ch) = (false, false, false, false, false);
    let op = Op::ZsetAdd {
        members,
        nx,
        xx,
        gt,
        lt,
        ch,
        incr: true,
    };
    writing.one(args, op, shape::double)
}

fn remove(writing: &Writing, args: &[Bytes]) -> Result<Plan, Fault> {
    writing.one(
        args,
        Op::ZsetRemove {
            members: rest(args, 2).to_vec(),
        },
        shape::int,
    )
}

fn remove_range(writing: &Writing, args: &[Bytes], range: ZsetRange) -> Result<Plan, Fault> {
    writing.one(args, Op::ZsetRemoveRange(range), shape::int)
}

fn remove_ranks(writing: &Writing, args: &[Bytes]) -> Result<Plan, Fault> {
    remove_range(writing, args, bound::ranks(args, 2)?)
}

fn remove_scores(writing: &Writing, args: &[Bytes]) -> Result<Plan, Fault> {
    remove_range(writing, args, bound::scores(args, 2, false)?)
}

fn remove_members(writing: &Writing, args: &[Bytes]) -> Result<Plan, Fault> {
    remove_range(writing, args, bound::members(args, 2, false)?)
}

fn pop_least(writing: &Writing, args: &[Bytes]) -> Result<Plan, Fault> {
    pop(writing, args, false)
}

fn pop_greatest(writing: &Writing, args: &[Bytes]) -> Result<Plan, Fault> {
    pop(writing, args, true)
}

/// `ZPOPMIN key [count]`: RESP3 nests each pair if there is a count.
fn pop(writing: &Writing, args: &[Bytes], max: bool) -> Result<Plan, Fault> {
    match args.len() {
        2 => writing.one(args, Op::ZsetPop { max, count: 1 }, popped_pair),
        3 => {
            let count = u64::try_from(integer(args, 2)?).map_err(|_| NOT_POSITIVE)?;
            writing.one(args, Op::ZsetPop { max, count }, popped_pairs)
        }
        _ => Err(SYNTAX),
    }
}

fn popped_pair(reply: Reply, out: &mut Out) {
    match reply {
        Reply::List(words) => {
            out.array(words.len());
            words.into_iter().for_each(|word| shape::double(word, out));
        }
        _ => out.array(0),
    }
}

fn popped_pairs(reply: Reply, out: &mut Out) {
    let Reply::List(words) = reply else {
        return out.array(0);
    };
    if !out.is_resp3() {
        return popped_pair(Reply::List(words), out);
    }
    out.array(words.len() / 2);
    for (at, word) in words.into_iter().enumerate() {
        if at % 2 == 0 {
            out.array(2);
        }
        shape::double(word, out);
    }
}
