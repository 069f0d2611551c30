//! Finds a command by its name, and prints the errors of those who do not.

use std::collections::HashMap;
use std::sync::LazyLock;

use bytes::Bytes;

use super::{Command, command::Run};
use super::{
    client, cluster, config, connection, debug, describe, hash, info, keys, level, list, pubsub,
    scan, server, set, stream, string, transaction, zset,
};
use crate::fault::Fault;

/// A longer name is no command's.
const NAME_BYTES_MAX: usize = 24;

/// How much of an unknown command is repeated in the error.
const SHOWN_BYTES_MAX: usize = 128;

/// Every command, by name.
static ALL: LazyLock<Vec<Command>> = LazyLock::new(|| {
    let mut all = [
        client::COMMANDS,
        cluster::COMMANDS,
        config::COMMANDS,
        connection::COMMANDS,
        debug::COMMANDS,
        describe::COMMANDS,
        hash::random::COMMANDS,
        hash::read::COMMANDS,
        hash::write::COMMANDS,
        info::COMMANDS,
        keys::basic::COMMANDS,
        keys::expiry::COMMANDS,
        keys::object::COMMANDS,
        keys::scan::COMMANDS,
        keys::transfer::COMMANDS,
        level::COMMANDS,
        list::between::COMMANDS,
        list::position::COMMANDS,
        list::read::COMMANDS,
        list::write::COMMANDS,
        pubsub::COMMANDS,
        scan::COMMANDS,
        server::COMMANDS,
        set::algebra::COMMANDS,
        set::member::COMMANDS,
        set::store::COMMANDS,
        string::basic::COMMANDS,
        string::bits::COMMANDS,
        string::counter::COMMANDS,
        string::lcs::COMMANDS,
        string::range::COMMANDS,
        string::set::COMMANDS,
        string::several::COMMANDS,
        stream::COMMANDS,
        transaction::COMMANDS,
        zset::random::COMMANDS,
        zset::range::COMMANDS,
        zset::read::COMMANDS,
        zset::write::COMMANDS,
    ]
    .concat();
    all.sort_by_key(|command| command.name);
    all
});

static BY_NAME: LazyLock<HashMap<&'static [u8], usize>> = LazyLock::new(|| {
    let named = ALL.iter().enumerate();
    named
        .map(|(index, command)| (command.name.as_bytes(), index))
        .collect()
});

/// Every command in alphabetical order.
#[must_use]
pub fn all() -> &'static [Command] {
    &ALL
}

/// A command and its place in the alphabet, by its name in upper or lower case.
#[must_use]
pub fn find(name: &[u8]) -> Option<(usize, &'static Command)> {
    let mut lower = [0_u8; NAME_BYTES_MAX];
    let lower = lower.get_mut(..name.len())?;
    lower.copy_from_slice(name);
    lower.make_ascii_lowercase();
    let index = *BY_NAME.get(&*lower)?;
    ALL.get(index).map(|command| (index, command))
}

/// What a request asks for.
#[derive(Clone, Copy)]
pub struct Found {
    /// The command's place in the alphabet.
    pub index: usize,
    /// The command that was named.
    pub command: &'static Command,
    /// The subcommand, or the command again.
    pub leaf: &'static Command,
}

/// Finds what a request asks for and checks how many words it has.
///
/// # Errors
/// In Redis's words: an unknown command or subcommand, a wrong number of arguments.
pub fn resolve(args: &[Bytes]) -> Result<Found, Fault> {
    let name = args.first().ok_or("ERR empty request")?;
    let (index, command) = find(name).ok_or_else(|| unknown(name, args))?;
    let Run::Parent(children) = command.run else {
        check(command, command.name.to_owned(), args)?;
        return Ok(Found {
            index,
            command,
            leaf: command,
        });
    };
    let Some(word) = args.get(1) else {
        return Err(wrong_arity(command.name));
    };
    let leaf = children
        .iter()
        .find(|child| word.eq_ignore_ascii_case(child.name.as_bytes()));
    let Some(leaf) = leaf else {
        return Err(unknown_child(command, word));
    };
    check(leaf, format!("{}|{}", command.name, leaf.name), args)?;
    Ok(Found {
        index,
        command,
        leaf,
    })
}

fn check(command: &Command, name: String, args: &[Bytes]) -> Result<(), Fault> {
    if command.takes(args.len()) {
        Ok(())
    } else {
        Err(wrong_arity(&name))
    }
}

/// The error for a request with too few or too many words.
#[must_use]
pub fn wrong_arity(name: &str) -> Fault {
    format!("ERR wrong number of arguments for '{name}' command").into()
}

/// The error for a command that does not exist.
#[must_use]
pub fn unknown(name: &[u8], args: &[Bytes]) -> Fault {
    let mut shown = String::new();
    for arg in args.iter().skip(1) {
        if shown.len() >= SHOWN_BYTES_MAX {
            break;
        }
        let room = SHOWN_BYTES_MAX - shown.len();
        shown.push_str(&format!("'{}' ", cut(arg, room)));
    }
    let name = cut(name, SHOWN_BYTES_MAX);
    format!("ERR unknown command '{name}', with args beginning with: {shown}").into()
}

fn unknown_child(command: &Command, word: &[u8]) -> Fault {
    let word = cut(word, SHOWN_BYTES_MAX);
    let parent = command.name.to_ascii_uppercase();
    format!("ERR unknown subcommand '{word}'. Try {parent} HELP.").into()
}

fn cut(bytes: &[u8], room: usize) -> String {
    String::from_utf8_lossy(bytes.get(..room).unwrap_or(bytes)).into_owned()
}
