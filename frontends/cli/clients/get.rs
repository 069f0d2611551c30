//! `stele get`: a thin client of the redis door that prints whatever a key holds.

use std::collections::BTreeSet;

use clap::{Arg, ArgMatches, Command};
use redis::{Cmd, Connection, FromRedisValue, cmd};

use super::{CONNECT_MAX, REDIS, print, shown, text};
use crate::cli::Failure;

/// A name and its value.
type Pair = (Vec<u8>, Vec<u8>);
/// A stream's message: its id, its fields.
type Message = (String, Vec<Pair>);

/// The words of `stele get`.
pub fn words() -> Command {
    Command::new("get")
        .about("Prints what a key holds: a row of a table, a hash, a string, a list, a set, a stream")
        .after_help(
            "A row of a table is the key <table>:<primary key>:\n  stele get users:42\n\
             A string is printed as it is, a row or hash as lines of `field: value`, a sorted set \
             as lines of\n`member: score`, lists and sets as a line for each element, a stream as a line for each\nmessage: its id, then its fields.",
        )
        .arg(REDIS.word())
        .arg(
            Arg::new("database")
                .long("database")
                .value_name("N")
                .value_parser(clap::value_parser!(u8))
                .default_value("0")
                .help("Which Redis database; tables are in 0"),
        )
        .arg(
            Arg::new("key")
                .value_name("KEY")
                .required(true)
                .help("The key, as in users:42"),
        )
}

/// Runs `stele get`.
pub fn run(words: &ArgMatches) -> Result<(), Failure> {
    let mut redis = connect(REDIS.address(words))?;
    if let Some(database) = words.get_one::<u8>("database").filter(|at| **at != 0) {
        ask::<()>(&mut redis, cmd("SELECT").arg(*database))?;
    }
    let key = text(words, "key");
    let kind: String = ask(&mut redis, cmd("TYPE").arg(key))?;
    if kind == "string" {
        let value: Option<Vec<u8>> = ask(&mut redis, cmd("GET").arg(key))?;
        return print(value.unwrap_or_default()).map(drop);
    }
    let lines = lines(&mut redis, &kind, key)?;
    if lines.is_empty() {
        return Err(Failure::running(format!("there is no key {key}")));
    }
    for line in lines {
        if !print(line)? {
            break;
        }
    }
    Ok(())
}

/// Connects to the door at an address.
pub fn connect(address: &str) -> Result<Connection, Failure> {
    REDIS.places(address)?;
    let client = redis::Client::open(format!("redis://{address}/"))
        .map_err(|error| Failure::running(format!("--redis {address}: {error}")))?;
    client
        .get_connection_with_timeout(CONNECT_MAX)
        .map_err(|error| match error.is_connection_refusal() {
            true => REDIS.unreachable(address, &std::io::ErrorKind::ConnectionRefused.into()),
            false => Failure::running(format!("{address}: {error}")),
        })
}

/// Asks, and reads the answer as a type.
fn ask<T: FromRedisValue>(redis: &mut Connection, question: &Cmd) -> Result<T, Failure> {
    question.query(redis).map_err(Failure::running)
}

/// What a key holds, a line for each part.
fn lines(redis: &mut Connection, kind: &str, key: &str) -> Result<Vec<String>, Failure> {
    let pair = |(name, value): &Pair| format!("{}: {}", shown(name), shown(value));
    let alone = |element: &Vec<u8>| shown(element);
    let message = |(id, fields): &Message| {
        let fields: Vec<String> = fields.iter().map(pair).collect();
        format!("{id}  {}", fields.join("  "))
    };
    Ok(match kind {
        "hash" => {
            let fields: Vec<Pair> = ask(redis, cmd("HGETALL").arg(key))?;
            fields.iter().map(pair).collect()
        }
        "list" => {
            let elements: Vec<Vec<u8>> = ask(redis, cmd("LRANGE").arg(key).arg(0).arg(-1))?;
            elements.iter().map(alone).collect()
        }
        "set" => {
            let members: Vec<Vec<u8>> = ask(redis, cmd("SMEMBERS").arg(key))?;
            // A set has no order: the same one each time is easier to read and to compare.
            let ordered: BTreeSet<Vec<u8>> = members.into_iter().collect();
            ordered.iter().map(alone).collect()
        }
        "zset" => {
            let range = cmd("ZRANGE")
                .arg(key)
                .arg(0)
                .arg(-1)
                .arg("WITHSCORES")
                .to_owned();
            let members: Vec<Pair> = ask(redis, &range)?;
            members.iter().map(pair).collect()
        }
        // A stream stands beside the keys: TYPE does not know it.
        "none" => {
            let range = cmd("XRANGE").arg(key).arg("-").arg("+").to_owned();
            let messages: Vec<Message> = ask(redis, &range)?;
            messages.iter().map(message).collect()
        }
        other => {
            let why = format!("{key} holds a {other}, which this client cannot print");
            return Err(Failure::running(why));
        }
    })
}
