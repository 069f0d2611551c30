//! STELE.AT, STELE.LEVEL, STELE.TOKEN: how much order and durability a command wants.
//!
//! ```text
//! STELE.AT read=local write=tentative GET k     for one command
//! STELE.LEVEL read=local fsync=everysec         for the connection; alone, shows the levels
//! STELE.TOKEN                                   what this client has seen
//! STELE.TOKEN t1:3=17                           reads must have seen this too
//! ```

use bytes::Bytes;
use stele_core::record::{Fsync, Level, ReadLevel, Token, WriteLevel};

use super::{Boxed, Command, Flags, Group, Run, rest, word};
use crate::fault::{Fault, said};
use crate::session::Session;

/// This file's rows of the table.
pub const COMMANDS: &[Command] = &[
    row(
        "stele.at",
        -2,
        Run::Wait(at),
        "Runs one command at other levels.",
    )
    .flag(Flags::NO_MULTI),
    row(
        "stele.level",
        -1,
        Run::Here(level),
        "Reads or changes the connection's levels.",
    ),
    row(
        "stele.token",
        -1,
        Run::Here(token),
        "Reads what the client has seen, or adds to it.",
    ),
];

const fn row(name: &'static str, arity: i32, run: Run, summary: &'static str) -> Command {
    Command::new(Group::Stele, name, arity, run, summary)
}

/// Changes a level by `name=value`; false: the word is no such option.
fn apply(level: &mut Level, word: &[u8]) -> Result<bool, Fault> {
    let text = String::from_utf8_lossy(word);
    let Some((name, value)) = text.split_once('=') else {
        return Ok(false);
    };
    let unknown = || Fault::from(format!("ERR unknown level '{text}'"));
    match name.to_ascii_lowercase().as_str() {
        "read" => level.read = ReadLevel::parse(value).ok_or_else(unknown)?,
        "write" => level.write = WriteLevel::parse(value).ok_or_else(unknown)?,
        "fsync" => level.fsync = Some(Fsync::parse(value).ok_or_else(unknown)?),
        "token" => level.token = Some(Token::parse(value).ok_or_else(unknown)?),
        "deadline" => level.deadline_ms = Some(value.parse().map_err(|_| unknown())?),
        _ => return Err(unknown()),
    }
    Ok(true)
}

/// `STELE.AT name=value [name=value ...] command [argument ...]`
fn at<'a>(session: &'a mut Session, args: &'a [Bytes]) -> Boxed<'a> {
    Box::pin(async move {
        if session.queue.is_some() {
            return Err(said(
                "ERR STELE.AT inside MULTI is not allowed: EXEC is always confirmed",
            ));
        }
        let mut level = session.level.clone();
        let mut from = 1;
        while let Some(word) = args.get(from) {
            if !apply(&mut level, word)? {
                break;
            }
            from += 1;
        }
        let command = rest(args, from);
        let name = command
            .first()
            .ok_or(said("ERR STELE.AT needs a command"))?;
        if name.eq_ignore_ascii_case(b"stele.at") {
            return Err(said("ERR STELE.AT can not be nested"));
        }
        let before = std::mem::replace(&mut session.level, level);
        session.perform(command).await;
        session.settle().await;
        session.level = before;
        Ok(())
    })
}

/// `STELE.LEVEL [name=value ...]`
fn level(session: &mut Session, args: &[Bytes]) -> Result<(), Fault> {
    let mut level = session.level.clone();
    for word in rest(args, 1) {
        if !apply(&mut level, word)? {
            return Err(format!("ERR unknown level '{}'", String::from_utf8_lossy(word)).into());
        }
    }
    if args.len() > 1 {
        session.has_fsync |= level.fsync != session.level.fsync;
        session.level = level;
        session.out.ok();
        return Ok(());
    }
    let fsync = level
        .fsync
        .map_or_else(|| "node".to_owned(), |fsync| format!("{fsync:?}"));
    let shown = [
        ("read", format!("{:?}", level.read)),
        ("write", format!("{:?}", level.write)),
        ("fsync", fsync),
    ];
    session.out.map(shown.len());
    for (name, value) in shown {
        session.out.bulk(name.as_bytes());
        session.out.bulk(value.to_ascii_lowercase().as_bytes());
    }
    Ok(())
}

/// `STELE.TOKEN [token]`
fn token(session: &mut Session, args: &[Bytes]) -> Result<(), Fault> {
    if args.len() < 2 {
        session.out.bulk(session.seen.to_string().as_bytes());
        return Ok(());
    }
    let given = String::from_utf8_lossy(word(args, 1)?).into_owned();
    let token =
        Token::parse(&given).ok_or_else(|| Fault::from(format!("ERR invalid token '{given}'")))?;
    session.seen.merge(&token);
    session.level.token = Some(session.seen.clone());
    session.out.ok();
    Ok(())
}
