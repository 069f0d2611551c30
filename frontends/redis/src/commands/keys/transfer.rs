//! Moving and copying records: RENAME, COPY, MOVE.

use bytes::Bytes;
use stele_core::op::{Op, content};
use stele_core::record::Key;

use crate::commands::{Boxed, Command, Deciding, Flags, Group, Run, integer, is, word};
use crate::fault::{Fault, NO_KEY, SYNTAX, said};
use crate::resp::Out;

/// This file's rows of the table.
pub const COMMANDS: &[Command] = &[
    row(
        "rename",
        3,
        rename,
        "Renames a key, over another if there is one.",
    )
    .keys(1, 2, 1),
    row(
        "renamenx",
        3,
        rename_if_absent,
        "Renames a key if the new name is free.",
    )
    .fast()
    .keys(1, 2, 1),
    row("copy", -3, copy, "Copies the value of a key to another.")
        .flag(Flags::DENYOOM)
        .keys(1, 2, 1),
    row(
        "move",
        3,
        move_to_database,
        "Moves a key to another database.",
    )
    .fast()
    .key(),
];

const fn row(
    name: &'static str,
    arity: i32,
    run: for<'a> fn(&'a mut Deciding<'_>, &'a [Bytes], &'a mut Out) -> Boxed<'a>,
    summary: &'static str,
) -> Command {
    Command::new(Group::Generic, name, arity, Run::Decide(run), summary)
}

/// What is done with the source and with a destination that is already there.
struct Manner {
    keep_source: bool,
    replace: bool,
}

/// Puts the source's value in the destination's place; false: the destination was there.
async fn transfer(
    deciding: &mut Deciding<'_>,
    source: &Key,
    destination: &Key,
    manner: Manner,
) -> Result<bool, Fault> {
    if deciding.head(source).await?.is_none() {
        return Err(NO_KEY);
    }
    if !manner.replace && deciding.head(destination).await?.is_some() {
        return Ok(false);
    }
    if source == destination {
        return Ok(true);
    }
    let now_ms = deciding.now_ms;
    let view = deciding.view(std::slice::from_ref(source)).await?;
    let (content, expire_ms) = content(&view, source, now_ms)??.ok_or(NO_KEY)?;
    let put = Op::Replace { content, expire_ms };
    deciding.write(destination, put).await?;
    if !manner.keep_source {
        deciding.write(source, Op::Delete).await?;
    }
    Ok(true)
}

fn rename<'a>(deciding: &'a mut Deciding<'_>, args: &'a [Bytes], out: &'a mut Out) -> Boxed<'a> {
    Box::pin(async move {
        let (source, destination) = (deciding.key(word(args, 1)?), deciding.key(word(args, 2)?));
        let manner = Manner {
            keep_source: false,
            replace: true,
        };
        transfer(deciding, &source, &destination, manner).await?;
        out.ok();
        Ok(())
    })
}

fn rename_if_absent<'a>(
    deciding: &'a mut Deciding<'_>,
    args: &'a [Bytes],
    out: &'a mut Out,
) -> Boxed<'a> {
    Box::pin(async move {
        let (source, destination) = (deciding.key(word(args, 1)?), deciding.key(word(args, 2)?));
        let manner = Manner {
            keep_source: false,
            replace: false,
        };
        out.flag(transfer(deciding, &source, &destination, manner).await?);
        Ok(())
    })
}

/// `COPY source destination [DB n] [REPLACE]`
fn copy<'a>(deciding: &'a mut Deciding<'_>, args: &'a [Bytes], out: &'a mut Out) -> Boxed<'a> {
    Box::pin(async move {
        let mut manner = Manner {
            keep_source: true,
            replace: false,
        };
        let mut database = deciding.database;
        let mut at = 3;
        while let Some(option) = args.get(at) {
            if is(option, "replace") {
                manner.replace = true;
            } else if is(option, "db") && args.get(at + 1).is_some() {
                at += 1;
                database = numbered(integer(args, at)?)?;
            } else {
                return Err(SYNTAX);
            }
            at += 1;
        }
        let source = deciding.key(word(args, 1)?);
        let destination = elsewhere(deciding, database, word(args, 2)?)?;
        if source == destination {
            return Err(said("ERR source and destination objects are the same"));
        }
        out.flag(or_absent(
            transfer(deciding, &source, &destination, manner).await,
        )?);
        Ok(())
    })
}

fn move_to_database<'a>(
    deciding: &'a mut Deciding<'_>,
    args: &'a [Bytes],
    out: &'a mut Out,
) -> Boxed<'a> {
    Box::pin(async move {
        let source = deciding.key(word(args, 1)?);
        let database =
            integer(args, 2).map_err(|_| said("ERR value is not an integer or out of range"))?;
        let destination = elsewhere(deciding, numbered(database)?, word(args, 1)?)?;
        if source == destination {
            return Err(said("ERR source and destination objects are the same"));
        }
        let manner = Manner {
            keep_source: false,
            replace: false,
        };
        out.flag(or_absent(
            transfer(deciding, &source, &destination, manner).await,
        )?);
        Ok(())
    })
}

/// A key of another database, where the name may be a table's.
fn elsewhere(deciding: &Deciding<'_>, database: u8, name: &Bytes) -> Result<Key, Fault> {
    if deciding.tables.owns(database, name) {
        return Err(said("ERR the destination is a row of a table"));
    }
    Ok(Key::keyspace(database, name.clone()))
}

/// A source that is not there is an answer here and no error.
fn or_absent(transferred: Result<bool, Fault>) -> Result<bool, Fault> {
    match transferred {
        Err(Fault::Said(text)) if matches!(&NO_KEY, Fault::Said(none) if *none == text) => {
            Ok(false)
        }
        other => other,
    }
}

fn numbered(database: i64) -> Result<u8, Fault> {
    let database = u8::try_from(database)
        .ok()
        .filter(|database| *database < 16);
    database.ok_or(said("ERR DB index is out of range"))
}
