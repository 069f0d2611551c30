//! Several strings at once.

use bytes::Bytes;
use stele_core::op::{Condition, Expiry, Op};
use stele_core::record::{Key, Kind};

use crate::commands::plan::{Plan, Writing, shape};
use crate::commands::registry::wrong_arity;
use crate::commands::{Boxed, Command, Deciding, Flags, Group, Reading, Run, rest, word};
use crate::fault::Fault;
use crate::resp::Out;

/// This file's rows of the table.
pub const COMMANDS: &[Command] = &[
    Command::new(
        Group::String,
        "mget",
        -2,
        Run::Read(get),
        "Reads several strings.",
    )
    .head()
    .fast()
    .keys(1, -1, 1),
    Command::new(
        Group::String,
        "mset",
        -3,
        Run::Write(set),
        "Writes several strings at once.",
    )
    .flag(Flags::DENYOOM)
    .keys(1, -1, 2),
    Command::new(
        Group::String,
        "msetnx",
        -3,
        Run::Decide(set_if_absent),
        "Writes several strings at once if none of the keys exists.",
    )
    .flag(Flags::DENYOOM)
    .keys(1, -1, 2),
];

fn get(reading: &Reading<'_>, args: &[Bytes], out: &mut Out) -> Result<(), Fault> {
    let names = rest(args, 1);
    out.array(names.len());
    for name in names {
        let found = reading
            .head(name)?
            .filter(|(_, head)| head.kind == Kind::String);
        out.bulk_or_null(found.as_ref().map(|(_, head)| &head.body[..]));
    }
    Ok(())
}

fn set(writing: &Writing, args: &[Bytes]) -> Result<Plan, Fault> {
    let ops = assignments(writing.database, args, "mset")?;
    Ok(Plan::Together(ops, shape::ok_once))
}

/// `key value [key value ...]` from the second word on. A later value of the same key wins.
fn assignments(database: u8, args: &[Bytes], command: &str) -> Result<Vec<(Key, Op)>, Fault> {
    let words = rest(args, 1);
    if words.is_empty() || !words.len().is_multiple_of(2) {
        return Err(wrong_arity(command));
    }
    let pairs = words.chunks_exact(2).map(|pair| {
        let value = word(pair, 1)?.clone();
        let op = Op::Set {
            value,
            expiry: Expiry::Clear,
            condition: Condition::Always,
            get: false,
        };
        Ok((Key::keyspace(database, word(pair, 0)?.clone()), op))
    });
    pairs.collect()
}

fn set_if_absent<'a>(
    deciding: &'a mut Deciding<'_>,
    args: &'a [Bytes],
    out: &'a mut Out,
) -> Boxed<'a> {
    Box::pin(async move {
        let ops = assignments(deciding.database, args, "msetnx")?;
        for (key, _) in &ops {
            if deciding.head(key).await?.is_some() {
                out.flag(false);
                return Ok(());
            }
        }
        for (key, op) in ops {
            deciding.write(&key, op).await?;
        }
        out.flag(true);
        Ok(())
    })
}
