//! Publish and subscribe. Channels are subjects of the node's one bus: what SQL notifies is heard
//! here, and the other way round.

use bytes::Bytes;

use super::{Command, Flags, Group, Run, rest, word};
use crate::fault::Fault;
use crate::glob;
use crate::session::{Session, Topic};

/// This file's rows of the table.
pub const COMMANDS: &[Command] = &[
    row(
        "subscribe",
        -2,
        Run::Here(subscribe),
        "Listens to channels.",
    )
    .flag(LISTENING),
    row(
        "unsubscribe",
        -1,
        Run::Here(unsubscribe),
        "Ends listening to channels.",
    )
    .flag(LISTENING),
    row(
        "psubscribe",
        -2,
        Run::Here(psubscribe),
        "Listens to channels that match patterns.",
    )
    .flag(LISTENING),
    row(
        "punsubscribe",
        -1,
        Run::Here(punsubscribe),
        "Ends listening to patterns.",
    )
    .flag(LISTENING),
    row("publish", 3, Run::Signal, "Sends a message to a channel.").fast(),
    row(
        "pubsub",
        -2,
        Run::Parent(PUBSUB),
        "Asks about channels and patterns.",
    ),
];

const PUBSUB: &[Command] = &[
    row(
        "channels",
        -2,
        Run::Here(channels),
        "Lists channels somebody listens to.",
    ),
    row(
        "numsub",
        -2,
        Run::Here(subscribers),
        "Counts who listens to channels.",
    ),
    row(
        "numpat",
        2,
        Run::Here(patterns),
        "Counts the patterns somebody listens to.",
    ),
    row(
        "help",
        2,
        Run::Here(super::describe::help),
        "Lists the subcommands.",
    ),
];

const LISTENING: Flags = Flags::PUBSUB.and(Flags::SUBSCRIBED);

const fn row(name: &'static str, arity: i32, run: Run, summary: &'static str) -> Command {
    Command::new(Group::Pubsub, name, arity, run, summary).flag(Flags::PUBSUB)
}

fn subscribe(session: &mut Session, args: &[Bytes]) -> Result<(), Fault> {
    enter(session, args, Topic::Channel, "subscribe");
    Ok(())
}

fn psubscribe(session: &mut Session, args: &[Bytes]) -> Result<(), Fault> {
    enter(session, args, Topic::Pattern, "psubscribe");
    Ok(())
}

fn unsubscribe(session: &mut Session, args: &[Bytes]) -> Result<(), Fault> {
    leave(session, args, Topic::Channel, "unsubscribe");
    Ok(())
}

fn punsubscribe(session: &mut Session, args: &[Bytes]) -> Result<(), Fault> {
    leave(session, args, Topic::Pattern, "punsubscribe");
    Ok(())
}

fn enter(session: &mut Session, args: &[Bytes], topic: Topic, what: &str) {
    for name in rest(args, 1) {
        session.subscriptions.enter(&session.db, topic, name);
        confirm(session, what, Some(name));
    }
    session.show();
}

/// Without names, all of the kind. There is always an answer, if only to say that there was none.
fn leave(session: &mut Session, args: &[Bytes], topic: Topic, what: &str) {
    let named = rest(args, 1).to_vec();
    let names = if named.is_empty() {
        session.subscriptions.names(topic)
    } else {
        named
    };
    for name in &names {
        session.subscriptions.leave(topic, name);
        confirm(session, what, Some(name));
    }
    if names.is_empty() {
        confirm(session, what, None);
    }
    session.show();
}

fn confirm(session: &mut Session, what: &str, name: Option<&Bytes>) {
    let count = session.subscriptions.count();
    session.out.push(3);
    session.out.bulk(what.as_bytes());
    session.out.bulk_or_null(name.map(|name| &name[..]));
    session.out.count(count);
}

/// `PUBSUB CHANNELS [pattern]`
fn channels(session: &mut Session, args: &[Bytes]) -> Result<(), Fault> {
    let pattern = args.get(2);
    let mut names = session.db.bus().subjects();
    names.retain(|name| pattern.is_none_or(|pattern| glob::matches(pattern, name)));
    session.out.array(names.len());
    names.iter().for_each(|name| session.out.bulk(name));
    Ok(())
}

/// `PUBSUB NUMSUB [channel ...]`
fn subscribers(session: &mut Session, args: &[Bytes]) -> Result<(), Fault> {
    let names = rest(args, 2);
    session.out.map(names.len());
    for name in names {
        session.out.bulk(name);
        session.out.count(session.db.bus().subscriber_count(name));
    }
    Ok(())
}

fn patterns(session: &mut Session, args: &[Bytes]) -> Result<(), Fault> {
    word(args, 1)?;
    session.out.count(session.db.bus().pattern_count());
    Ok(())
}
