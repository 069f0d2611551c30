//! Several sets: intersection, union, difference.

use std::collections::BTreeSet;

use bytes::Bytes;
use stele_core::op::set::Set;

use crate::commands::{Command, Group, Reading, Run, integer, is, rest};
use crate::fault::{Fault, SYNTAX, said};
use crate::resp::Out;

/// This file's rows of the table.
pub const COMMANDS: &[Command] = &[
    row("sinter", -2, intersect, "Intersects sets.").keys(1, -1, 1),
    row("sunion", -2, unite, "Unites sets.").keys(1, -1, 1),
    row(
        "sdiff",
        -2,
        subtract,
        "Takes all other sets from the first.",
    )
    .keys(1, -1, 1),
    row(
        "sintercard",
        -3,
        count,
        "Counts the members of an intersection.",
    )
    .counted_keys(1),
];

const fn row(
    name: &'static str,
    arity: i32,
    run: fn(&Reading<'_>, &[Bytes], &mut Out) -> Result<(), Fault>,
    summary: &'static str,
) -> Command {
    Command::new(Group::Set, name, arity, Run::Read(run), summary)
}

/// How sets are combined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algebra {
    /// Members of all.
    Intersect,
    /// Members of any.
    Unite,
    /// Members of the first and of no other.
    Subtract,
}

/// A set, or `None` for a key that is not there.
pub type Found<'a> = Option<Set<'a>>;

/// Combines sets, in byte order.
///
/// # Errors
/// When stored bytes cannot be read.
pub fn combine(sets: &[Found<'_>], algebra: Algebra) -> Result<BTreeSet<Bytes>, Fault> {
    match algebra {
        Algebra::Intersect => intersection(sets, usize::MAX),
        Algebra::Subtract => difference(sets),
        Algebra::Unite => {
            let mut united = BTreeSet::new();
            for member in sets.iter().flatten().flat_map(Set::iter) {
                united.insert(member?);
            }
            Ok(united)
        }
    }
}

/// At most `limit` members of all sets: those of the smallest that the others contain.
fn intersection(sets: &[Found<'_>], limit: usize) -> Result<BTreeSet<Bytes>, Fault> {
    let mut common = BTreeSet::new();
    let there: Vec<&Set<'_>> = sets.iter().flatten().collect();
    let Some(smallest) = there.iter().min_by_key(|set| set.len()) else {
        return Ok(common);
    };
    if there.len() < sets.len() {
        return Ok(common);
    }
    for member in smallest.iter() {
        let member = member?;
        let mut in_all = true;
        for set in &there {
            in_all = in_all && set.contains(&member)?;
        }
        if in_all {
            common.insert(member);
        }
        if common.len() >= limit {
            break;
        }
    }
    Ok(common)
}

fn difference(sets: &[Found<'_>]) -> Result<BTreeSet<Bytes>, Fault> {
    let mut left = BTreeSet::new();
    let Some((Some(first), others)) = sets.split_first() else {
        return Ok(left);
    };
    for member in first.iter() {
        let member = member?;
        let mut elsewhere = false;
        for set in others.iter().flatten() {
            elsewhere = elsewhere || set.contains(&member)?;
        }
        if !elsewhere {
            left.insert(member);
        }
    }
    Ok(left)
}

fn found<'a>(reading: &'a Reading<'_>, names: &[Bytes]) -> Result<Vec<Found<'a>>, Fault> {
    names.iter().map(|name| reading.set(name)).collect()
}

fn answer(
    reading: &Reading<'_>,
    args: &[Bytes],
    out: &mut Out,
    algebra: Algebra,
) -> Result<(), Fault> {
    let members = combine(&found(reading, rest(args, 1))?, algebra)?;
    out.set(members.len());
    members.iter().for_each(|member| out.bulk(member));
    Ok(())
}

fn intersect(reading: &Reading<'_>, args: &[Bytes], out: &mut Out) -> Result<(), Fault> {
    answer(reading, args, out, Algebra::Intersect)
}

fn unite(reading: &Reading<'_>, args: &[Bytes], out: &mut Out) -> Result<(), Fault> {
    answer(reading, args, out, Algebra::Unite)
}

fn subtract(reading: &Reading<'_>, args: &[Bytes], out: &mut Out) -> Result<(), Fault> {
    answer(reading, args, out, Algebra::Subtract)
}

/// `SINTERCARD numkeys key [key ...] [LIMIT n]`
fn count(reading: &Reading<'_>, args: &[Bytes], out: &mut Out) -> Result<(), Fault> {
    let count = integer(args, 1).ok().filter(|count| *count > 0);
    let count = count.ok_or(said("ERR numkeys should be greater than 0"))?;
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    if count > args.len() - 2 {
        return Err(said(
            "ERR Number of keys can't be greater than number of args",
        ));
    }
    let (names, options) = rest(args, 2).split_at(count);
    let limit = match options {
        [] => 0,
        [option, _] if is(option, "limit") => {
            let limit = integer(options, 1).map_err(|_| said("ERR LIMIT can't be negative"))?;
            usize::try_from(limit).map_err(|_| said("ERR LIMIT can't be negative"))?
        }
        _ => return Err(SYNTAX),
    };
    let sets = found(reading, names)?;
    let limit = if limit == 0 { usize::MAX } else { limit };
    out.count(intersection(&sets, limit)?.len());
    Ok(())
}
