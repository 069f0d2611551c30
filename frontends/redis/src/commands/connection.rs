//! The connection itself: PING, HELLO, AUTH, SELECT, RESET, QUIT.

use bytes::Bytes;

use super::{Command, Flags, Group, Run, integer, is, rest, word};
use crate::fault::{Fault, said};
use crate::resp::Protocol;
use crate::resp::number::parse_i64;
use crate::server::REDIS_VERSION;
use crate::session::Session;

/// This file's rows of the table.
pub const COMMANDS: &[Command] = &[
    row("ping", -1, ping, "Answers PONG, or what it was given.").flag(Flags::SUBSCRIBED),
    row("echo", 2, echo, "Answers what it was given."),
    row("quit", -1, quit, "Ends the connection.").flag(Flags::NO_MULTI.and(ALWAYS)),
    row(
        "reset",
        1,
        reset,
        "Makes the connection as it was at first.",
    )
    .flag(Flags::NO_MULTI.and(ALWAYS)),
    row(
        "hello",
        -1,
        hello,
        "Chooses the protocol and introduces both sides.",
    )
    .flag(Flags::NO_AUTH),
    row("auth", -2, auth, "Proves who the client is.").flag(Flags::NO_AUTH),
    row("select", 2, select, "Changes to another database."),
];

/// Allowed whatever state the connection is in.
const ALWAYS: Flags = Flags::NO_AUTH.and(Flags::SUBSCRIBED);

const WRONG_PASS: Fault = said("WRONGPASS invalid username-password pair or user is disabled.");

const fn row(
    name: &'static str,
    arity: i32,
    run: fn(&mut Session, &[Bytes]) -> Result<(), Fault>,
    summary: &'static str,
) -> Command {
    Command::new(Group::Connection, name, arity, Run::Here(run), summary).fast()
}

/// `PING [message]`; a RESP2 connection that listens gets a list, like everything it hears.
fn ping(session: &mut Session, args: &[Bytes]) -> Result<(), Fault> {
    if args.len() > 2 {
        return Err(super::registry::wrong_arity("ping"));
    }
    let message = args.get(1);
    if !session.out.is_resp3() && session.subscriptions.count() > 0 {
        session.out.array(2);
        session.out.bulk(b"pong");
        session
            .out
            .bulk(message.map_or(&[], |message| &message[..]));
        return Ok(());
    }
    match message {
        Some(message) => session.out.bulk(message),
        None => session.out.simple("PONG"),
    }
    Ok(())
}

fn echo(session: &mut Session, args: &[Bytes]) -> Result<(), Fault> {
    session.out.bulk(word(args, 1)?);
    Ok(())
}

fn quit(session: &mut Session, _args: &[Bytes]) -> Result<(), Fault> {
    session.out.ok();
    session.is_closing = true;
    Ok(())
}

fn reset(session: &mut Session, _args: &[Bytes]) -> Result<(), Fault> {
    session.reset();
    session.out.simple("RESET");
    Ok(())
}

fn select(session: &mut Session, args: &[Bytes]) -> Result<(), Fault> {
    let number = integer(args, 1)?;
    let number = u8::try_from(number).ok().filter(|number| *number < 16);
    session.database = number.ok_or(said("ERR DB index is out of range"))?;
    session.show();
    session.out.ok();
    Ok(())
}

/// `AUTH [user] password`
fn auth(session: &mut Session, args: &[Bytes]) -> Result<(), Fault> {
    match rest(args, 1) {
        [password] => {
            if session.server.settings.get("requirepass").is_empty() {
                return Err(said(
                    "ERR AUTH <password> called without any password configured for the default \
                     user. Are you sure your configuration is correct?",
                ));
            }
            authenticate(session, b"default", password)?;
        }
        [user, password] => authenticate(session, user, password)?,
        _ => return Err(crate::fault::SYNTAX),
    }
    session.out.ok();
    Ok(())
}

/// There is one user, `default`; without a password set, any is right.
fn authenticate(session: &mut Session, user: &[u8], password: &[u8]) -> Result<(), Fault> {
    let expected = session.server.settings.get("requirepass");
    let is_right = expected.is_empty() || same(expected.as_bytes(), password);
    if user != b"default" || !is_right {
        return Err(WRONG_PASS);
    }
    session.is_known = true;
    Ok(())
}

/// Compares in a time that does not tell how much was right.
fn same(expected: &[u8], given: &[u8]) -> bool {
    let differences = expected
        .iter()
        .zip(given)
        .fold(0, |sum, (a, b)| sum | (a ^ b));
    expected.len() == given.len() && differences == 0
}

/// `HELLO [protover [AUTH user password] [SETNAME name]]`
fn hello(session: &mut Session, args: &[Bytes]) -> Result<(), Fault> {
    let protocol = match args.get(1) {
        None => None,
        Some(word) => {
            let number = parse_i64(word);
            let number = number.ok_or(said(
                "ERR Protocol version is not an integer or out of range",
            ))?;
            match number {
                2 => Some(Protocol::Resp2),
                3 => Some(Protocol::Resp3),
                _ => return Err(said("NOPROTO unsupported protocol version")),
            }
        }
    };
    let mut name = None;
    let mut at = 2;
    while let Some(option) = args.get(at) {
        if is(option, "auth") && args.get(at + 2).is_some() {
            authenticate(session, word(args, at + 1)?, word(args, at + 2)?)?;
            at += 3;
        } else if is(option, "setname") && args.get(at + 1).is_some() {
            let given = word(args, at + 1)?;
            super::client::check_printable(given, "Client names")?;
            name = Some(given.clone());
            at += 2;
        } else {
            let option = String::from_utf8_lossy(option);
            return Err(format!("ERR Syntax error in HELLO option '{option}'").into());
        }
    }
    if !session.is_known {
        return Err(said(
            "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO \
             <proto> AUTH <user> <pass> option can be used to authenticate the client and select the \
             RESP protocol version at the same time",
        ));
    }
    if let Some(name) = name {
        session.card.details.lock().name = name;
    }
    if let Some(protocol) = protocol {
        session.out.speak(protocol);
    }
    session.show();
    introduce(session);
    Ok(())
}

fn introduce(session: &mut Session) {
    let proto = if session.out.is_resp3() { 3 } else { 2 };
    let id = i64::try_from(session.card.id).unwrap_or(i64::MAX);
    let out = &mut session.out;
    out.map(7);
    out.bulk(b"server");
    out.bulk(b"redis");
    out.bulk(b"version");
    out.bulk(REDIS_VERSION.as_bytes());
    out.bulk(b"proto");
    out.int(proto);
    out.bulk(b"id");
    out.int(id);
    out.bulk(b"mode");
    out.bulk(b"standalone");
    out.bulk(b"role");
    out.bulk(b"master");
    out.bulk(b"modules");
    out.array(0);
}
