//! COMMAND: the table, told to clients.

use bytes::Bytes;

use super::command::Keys;
use super::{Command, Flags, Group, Run, is, registry, rest, word};
use crate::fault::{Fault, SYNTAX, said};
use crate::glob;
use crate::resp::Out;
use crate::session::Session;

/// This file's rows of the table.
pub const COMMANDS: &[Command] = &[Command::new(
    Group::Server,
    "command",
    -1,
    Run::Here(command),
    "Describes the commands; alone, all of them.",
)];

/// The subcommands of COMMAND, which can also stand alone.
pub const SUBCOMMANDS: &[Command] = &[
    row("count", 2, count, "Counts the commands."),
    row("docs", -2, docs, "Describes commands for people."),
    row(
        "getkeys",
        -3,
        get_keys,
        "Says which words of a request are keys.",
    ),
    row("info", -2, info, "Describes commands for clients."),
    row("list", -2, list, "Lists the commands' names."),
    row("help", 2, help, "Lists the subcommands."),
];

const fn row(
    name: &'static str,
    arity: i32,
    run: fn(&mut Session, &[Bytes]) -> Result<(), Fault>,
    summary: &'static str,
) -> Command {
    Command::new(Group::Server, name, arity, Run::Here(run), summary)
}

fn command(session: &mut Session, args: &[Bytes]) -> Result<(), Fault> {
    let Some(name) = args.get(1) else {
        let all = registry::all();
        session.out.array(all.len());
        all.iter()
            .for_each(|command| describe(command, None, &mut session.out));
        return Ok(());
    };
    let found = SUBCOMMANDS.iter().find(|child| is(name, child.name));
    let Some(child) = found else {
        let name = String::from_utf8_lossy(name);
        return Err(format!("ERR unknown subcommand '{name}'. Try COMMAND HELP.").into());
    };
    if !child.takes(args.len()) {
        return Err(registry::wrong_arity(&format!("command|{}", child.name)));
    }
    match child.run {
        Run::Here(run) => run(session, args),
        _ => Err(SYNTAX),
    }
}

fn count(session: &mut Session, _args: &[Bytes]) -> Result<(), Fault> {
    session.out.count(registry::all().len());
    Ok(())
}

/// `COMMAND LIST [FILTERBY MODULE name | ACLCAT category | PATTERN pattern]`
fn list(session: &mut Session, args: &[Bytes]) -> Result<(), Fault> {
    let wanted: Vec<&Command> = match rest(args, 2) {
        [] => registry::all().iter().collect(),
        [by, kind, value] if is(by, "filterby") => {
            let all = registry::all().iter();
            let value = value.to_ascii_lowercase();
            let has = |command: &Command, category: &[u8]| {
                let mut own = categories(command).into_iter();
                own.any(|one| one.trim_start_matches('@').as_bytes() == category)
            };
            if is(kind, "module") {
                Vec::new()
            } else if is(kind, "aclcat") {
                all.filter(|command| has(command, &value)).collect()
            } else if is(kind, "pattern") {
                all.filter(|command| glob::matches(&value, command.name.as_bytes()))
                    .collect()
            } else {
                return Err(SYNTAX);
            }
        }
        _ => return Err(SYNTAX),
    };
    session.out.array(wanted.len());
    wanted
        .iter()
        .for_each(|command| session.out.bulk(command.name.as_bytes()));
    Ok(())
}

/// `COMMAND INFO [name ...]`; `parent|child` names a subcommand.
fn info(session: &mut Session, args: &[Bytes]) -> Result<(), Fault> {
    let names = rest(args, 2);
    if names.is_empty() {
        return command(session, args.get(..1).unwrap_or(&[]));
    }
    session.out.array(names.len());
    for name in names {
        match named(name) {
            Some((command, parent)) => describe(command, parent, &mut session.out),
            None => session.out.null(),
        }
    }
    Ok(())
}

fn named(name: &[u8]) -> Option<(&'static Command, Option<&'static Command>)> {
    let mut parts = name.splitn(2, |byte| *byte == b'|');
    let (_, parent) = registry::find(parts.next()?)?;
    let Some(child) = parts.next() else {
        return Some((parent, None));
    };
    let found = children(parent)
        .iter()
        .find(|other| is(child, other.name))?;
    Some((found, Some(parent)))
}

fn children(command: &Command) -> &'static [Command] {
    if command.name == "command" {
        SUBCOMMANDS
    } else {
        command.children()
    }
}

fn full_name(command: &Command, parent: Option<&Command>) -> String {
    match parent {
        Some(parent) => format!("{}|{}", parent.name, command.name),
        None => command.name.to_owned(),
    }
}

/// Ten things of each command: name, arity, flags, first key, last key, step, ACL categories,
/// tips, key specifications, subcommands.
fn describe(command: &Command, parent: Option<&Command>, out: &mut Out) {
    out.array(10);
    out.bulk(full_name(command, parent).as_bytes());
    out.int(i64::from(command.arity));
    let mut flags = command.flags.names();
    if matches!(command.keys, Keys::Counted { .. }) {
        flags.push("movablekeys");
    }
    out.set(flags.len());
    flags.iter().for_each(|flag| out.simple(flag));
    let (first, last, step) = match command.keys {
        Keys::Range { first, last, step } => (first, last, step),
        Keys::None | Keys::Counted { .. } => (0, 0, 0),
    };
    out.count(first);
    out.int(i64::try_from(last).unwrap_or(0));
    out.count(step);
    let categories = categories(command);
    out.set(categories.len());
    categories.iter().for_each(|category| out.simple(category));
    out.array(0);
    key_specs(command, out);
    let children = if parent.is_none() {
        children(command)
    } else {
        &[]
    };
    out.array(children.len());
    children
        .iter()
        .for_each(|child| describe(child, Some(command), out));
}

fn categories(command: &Command) -> Vec<&'static str> {
    let flags = command.flags;
    let mut categories = vec![command.group.category()];
    for (flag, category) in [
        (Flags::WRITE, "@write"),
        (Flags::READONLY, "@read"),
        (Flags::ADMIN, "@admin"),
        (Flags::PUBSUB, "@pubsub"),
    ] {
        if flags.has(flag) && !categories.contains(&category) {
            categories.push(category);
        }
    }
    categories.push(if flags.has(Flags::FAST) {
        "@fast"
    } else {
        "@slow"
    });
    categories
}

fn key_specs(command: &Command, out: &mut Out) {
    if matches!(command.keys, Keys::None) {
        return out.set(0);
    }
    let access = if command.flags.has(Flags::WRITE) {
        "RW"
    } else {
        "RO"
    };
    out.set(1);
    out.map(3);
    out.bulk(b"flags");
    out.set(1);
    out.simple(access);
    out.bulk(b"begin_search");
    let first = match command.keys {
        Keys::Range { first, .. } => first,
        Keys::Counted { at } => at,
        Keys::None => 0,
    };
    spec(
        out,
        "index",
        &[("index", i64::try_from(first).unwrap_or(0))],
    );
    out.bulk(b"find_keys");
    match command.keys {
        Keys::Counted { .. } => {
            spec(
                out,
                "keynum",
                &[("keynumidx", 0), ("firstkey", 1), ("keystep", 1)],
            );
        }
        Keys::Range { first, last, step } => {
            let last = i64::try_from(last).unwrap_or(0);
            let last = if last < 0 {
                last
            } else {
                last - i64::try_from(first).unwrap_or(0)
            };
            let step = i64::try_from(step).unwrap_or(1);
            spec(
                out,
                "range",
                &[("lastkey", last), ("keystep", step), ("limit", 0)],
            );
        }
        Keys::None => {}
    }
}

fn spec(out: &mut Out, kind: &str, values: &[(&str, i64)]) {
    out.map(2);
    out.bulk(b"type");
    out.bulk(kind.as_bytes());
    out.bulk(b"spec");
    out.map(values.len());
    for (name, value) in values {
        out.bulk(name.as_bytes());
        out.int(*value);
    }
}

/// `COMMAND DOCS [name ...]`; unknown names are left out.
fn docs(session: &mut Session, args: &[Bytes]) -> Result<(), Fault> {
    let names = rest(args, 2);
    let found: Vec<(&Command, Option<&Command>)> = if names.is_empty() {
        registry::all()
            .iter()
            .map(|command| (command, None))
            .collect()
    } else {
        names.iter().filter_map(|name| named(name)).collect()
    };
    session.out.map(found.len());
    for (command, parent) in found {
        document(command, parent, &mut session.out);
    }
    Ok(())
}

fn document(command: &Command, parent: Option<&Command>, out: &mut Out) {
    let children = if parent.is_none() {
        children(command)
    } else {
        &[]
    };
    out.bulk(full_name(command, parent).as_bytes());
    out.map(if children.is_empty() { 3 } else { 4 });
    out.bulk(b"summary");
    out.bulk(command.summary.as_bytes());
    out.bulk(b"since");
    out.bulk(env!("CARGO_PKG_VERSION").as_bytes());
    out.bulk(b"group");
    out.bulk(command.group.name().as_bytes());
    if !children.is_empty() {
        out.bulk(b"subcommands");
        out.map(children.len());
        children
            .iter()
            .for_each(|child| document(child, Some(command), out));
    }
}

/// `COMMAND GETKEYS command [argument ...]`
fn get_keys(session: &mut Session, args: &[Bytes]) -> Result<(), Fault> {
    let request = rest(args, 2);
    let known = registry::find(word(request, 0)?).is_some();
    let found = registry::resolve(request).map_err(|_| {
        said(if known {
            "ERR Invalid number of arguments specified for command"
        } else {
            "ERR Invalid command specified"
        })
    })?;
    if matches!(found.leaf.keys, Keys::None) {
        return Err(said("ERR The command has no key arguments"));
    }
    let positions = found.leaf.key_positions(request);
    if positions.is_empty() {
        return Err(said("ERR Invalid arguments specified for command"));
    }
    session.out.array(positions.len());
    for at in positions {
        session.out.bulk(word(request, at)?);
    }
    Ok(())
}

/// HELP of any command that has subcommands.
///
/// # Errors
/// Never: it is only reached through a command that exists.
pub fn help(session: &mut Session, args: &[Bytes]) -> Result<(), Fault> {
    let (_, parent) = registry::find(word(args, 0)?).ok_or(SYNTAX)?;
    let name = parent.name.to_ascii_uppercase();
    let mut lines = vec![format!(
        "{name} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:"
    )];
    for child in children(parent) {
        lines.push(child.name.to_ascii_uppercase());
        lines.push(format!("    {}", child.summary));
    }
    session.out.array(lines.len());
    lines.iter().for_each(|line| session.out.simple(line));
    Ok(())
}
