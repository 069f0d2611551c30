//! CLIENT: who is connected, and how this connection behaves.

use bytes::Bytes;

use super::{Command, Flags, Group, Run, integer, is, rest, word};
use crate::fault::{Fault, SYNTAX, said};
use crate::session::{Replies, Session};

/// This file's rows of the table.
pub const COMMANDS: &[Command] = &[row(
    "client",
    -2,
    Run::Parent(CLIENT),
    "Asks about connections and changes this one.",
)];

const CLIENT: &[Command] = &[
    row(
        "getname",
        2,
        Run::Here(get_name),
        "Reads this connection's name.",
    ),
    row("id", 2, Run::Here(id), "Reads this connection's number."),
    row("info", 2, Run::Here(info), "Describes this connection."),
    row(
        "list",
        -2,
        Run::Here(super::clients::list),
        "Describes connections.",
    )
    .flag(Flags::ADMIN),
    row(
        "kill",
        -3,
        Run::Here(super::clients::kill),
        "Ends connections.",
    )
    .flag(Flags::ADMIN),
    row(
        "no-evict",
        3,
        Run::Here(no_evict),
        "Notes that this connection is not to be evicted.",
    ),
    row(
        "no-touch",
        3,
        Run::Here(no_touch),
        "Notes that reads are not to count as use.",
    ),
    row("reply", 3, Run::Here(reply), "Turns answers on and off."),
    row(
        "setinfo",
        4,
        Run::Here(set_info),
        "Notes the client's library.",
    ),
    row("setname", 3, Run::Here(set_name), "Names this connection."),
    row(
        "unblock",
        -3,
        Run::Here(unblock),
        "Ends a connection's waiting; none ever waits here.",
    ),
    row(
        "help",
        2,
        Run::Here(super::describe::help),
        "Lists the subcommands.",
    ),
];

const fn row(name: &'static str, arity: i32, run: Run, summary: &'static str) -> Command {
    Command::new(Group::Connection, name, arity, run, summary)
}

/// Names must fit in a line of words.
///
/// # Errors
/// When a byte is a blank or no printable ASCII.
pub fn check_printable(value: &[u8], what: &str) -> Result<(), Fault> {
    if value.iter().all(u8::is_ascii_graphic) {
        return Ok(());
    }
    Err(format!("ERR {what} cannot contain spaces, newlines or special characters.").into())
}

fn get_name(session: &mut Session, _args: &[Bytes]) -> Result<(), Fault> {
    let name = session.card.details.lock().name.clone();
    session
        .out
        .bulk_or_null(Some(&name[..]).filter(|name| !name.is_empty()));
    Ok(())
}

fn set_name(session: &mut Session, args: &[Bytes]) -> Result<(), Fault> {
    let name = word(args, 2)?;
    check_printable(name, "Client names")?;
    session.card.details.lock().name = Bytes::copy_from_slice(name);
    session.out.ok();
    Ok(())
}

/// `CLIENT SETINFO LIB-NAME|LIB-VER value`
fn set_info(session: &mut Session, args: &[Bytes]) -> Result<(), Fault> {
    let (attribute, value) = (word(args, 2)?, Bytes::copy_from_slice(word(args, 3)?));
    let mut details = session.card.details.lock();
    if is(attribute, "lib-name") {
        check_printable(&value, "lib-name")?;
        details.library = value;
    } else if is(attribute, "lib-ver") {
        check_printable(&value, "lib-ver")?;
        details.library_version = value;
    } else {
        let attribute = String::from_utf8_lossy(attribute);
        return Err(format!("ERR Unrecognized option '{attribute}'").into());
    }
    drop(details);
    session.out.ok();
    Ok(())
}

fn id(session: &mut Session, _args: &[Bytes]) -> Result<(), Fault> {
    session
        .out
        .int(i64::try_from(session.card.id).unwrap_or(i64::MAX));
    Ok(())
}

fn info(session: &mut Session, _args: &[Bytes]) -> Result<(), Fault> {
    session.show();
    let line = format!("{}\n", session.card.line(session.db.now_ms()));
    session.out.verbatim("txt", line.as_bytes());
    Ok(())
}

/// `CLIENT REPLY ON|OFF|SKIP`; only ON is answered.
fn reply(session: &mut Session, args: &[Bytes]) -> Result<(), Fault> {
    let mode = word(args, 2)?;
    if is(mode, "on") {
        session.replies = Replies::On;
        session.out.ok();
    } else if is(mode, "off") {
        session.replies = Replies::Off;
    } else if is(mode, "skip") {
        if session.replies == Replies::On {
            session.replies = Replies::Skip;
        }
    } else {
        return Err(SYNTAX);
    }
    Ok(())
}

fn no_evict(session: &mut Session, args: &[Bytes]) -> Result<(), Fault> {
    session.card.details.lock().no_evict = is_on(word(args, 2)?)?;
    session.out.ok();
    Ok(())
}

fn no_touch(session: &mut Session, args: &[Bytes]) -> Result<(), Fault> {
    session.card.details.lock().no_touch = is_on(word(args, 2)?)?;
    session.out.ok();
    Ok(())
}

fn is_on(word: &[u8]) -> Result<bool, Fault> {
    match (is(word, "on"), is(word, "off")) {
        (true, _) => Ok(true),
        (_, true) => Ok(false),
        _ => Err(SYNTAX),
    }
}

/// `CLIENT UNBLOCK id [TIMEOUT|ERROR]`
fn unblock(session: &mut Session, args: &[Bytes]) -> Result<(), Fault> {
    integer(args, 2)?;
    match rest(args, 3) {
        [] => {}
        [reason] if is(reason, "timeout") || is(reason, "error") => {}
        _ => return Err(said("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR")),
    }
    session.out.int(0);
    Ok(())
}
