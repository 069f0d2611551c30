//! ZRANDMEMBER: members at random.

use bytes::Bytes;
use stele_core::op::zset::Scored;

use crate::commands::random::{Choice, choice, choose};
use crate::commands::{Command, Group, Reading, Run, word};
use crate::fault::Fault;
use crate::resp::Out;

/// This file's rows of the table.
pub const COMMANDS: &[Command] = &[Command::new(
    Group::SortedSet,
    "zrandmember",
    -2,
    Run::Read(random_members),
    "Reads members at random.",
)
.key()];

/// `ZRANDMEMBER key [count [WITHSCORES]]`
fn random_members(reading: &Reading<'_>, args: &[Bytes], out: &mut Out) -> Result<(), Fault> {
    let (choice, with_scores) = choice(args, "withscores")?;
    let members: Vec<Scored> = match reading.zset(word(args, 1)?)? {
        Some(zset) => zset.iter(false).collect::<Result<_, _>>()?,
        None => Vec::new(),
    };
    let mut chosen = choose(members, choice, reading.seed);
    if choice == Choice::One {
        out.bulk_or_null(chosen.next().map(|(member, _)| &member[..]));
        return Ok(());
    }
    let nested = with_scores && out.is_resp3();
    out.array(chosen.len() * if with_scores && !nested { 2 } else { 1 });
    while let Some((member, score)) = chosen.next() {
        if nested {
            out.array(2);
        }
        out.bulk(member);
        if with_scores {
            out.double(*score);
        }
    }
    Ok(())
}
