//! `stele sub` and `stele pub`: thin clients of the nats door.
//!
//! `sub` prints a line for each message, its subject, a space, its payload, and hands it on at
//! once. `pub` returns when the server has the message; with `--ack`, when a stream has it on
//! disk, and prints what the stream said.

use clap::{Arg, ArgAction, ArgMatches, Command};

use super::nats::{self, Wire};
use super::{print, shown, text};
use crate::cli::Failure;

/// Where acknowledgements come.
const INBOX: &str = "_INBOX.stele.pub";

/// The words of `stele sub`.
pub fn sub_words() -> Command {
    Command::new("sub")
        .about("Prints the messages of a subject, one line each, as they come")
        .after_help(
            "Every change of a table's row is a message on db.<table>.<key>.insert, .update \
             or .delete:\n  stele sub 'db.users.>'",
        )
        .args(nats::words())
        .arg(
            Arg::new("count")
                .long("count")
                .value_name("N")
                .value_parser(clap::value_parser!(u64))
                .help("Ends after so many messages"),
        )
        .arg(subject_word(
            "Which subjects: * stands for one token, a last > for all that follow",
        ))
}

/// The words of `stele pub`.
pub fn pub_words() -> Command {
    Command::new("pub")
        .about("Sends one message to a subject")
        .args(nats::words())
        .arg(
            Arg::new("ack")
                .long("ack")
                .action(ArgAction::SetTrue)
                .help("Waits until a stream has it on disk, and prints what the stream says"),
        )
        .arg(subject_word("Where to, as in orders.new"))
        .arg(
            Arg::new("payload")
                .value_name("PAYLOAD")
                .required(true)
                .help("What to say; any text, JSON or not"),
        )
}

fn subject_word(help: &'static str) -> Arg {
    Arg::new("subject")
        .value_name("SUBJECT")
        .required(true)
        .help(help)
}

/// Runs `stele sub` until the server or the reader has gone.
pub fn sub(words: &ArgMatches) -> Result<(), Failure> {
    let mut wire = Wire::connect(words)?;
    let subject = text(words, "subject");
    let count = words.get_one::<u64>("count").copied();
    wire.say(&format!("SUB {subject} 1\r\nPING\r\n"))?;
    let mut seen = 0;
    while count.is_none_or(|count| seen < count) {
        let (subject, payload) = wire.message()?.ok_or_else(nats::gone)?;
        if !print(format!("{subject} {}", shown(&payload)))? {
            return Ok(());
        }
        seen += 1;
    }
    Ok(())
}

/// Runs `stele pub`.
pub fn publish(words: &ArgMatches) -> Result<(), Failure> {
    let mut wire = Wire::connect(words)?;
    let (subject, payload) = (text(words, "subject"), text(words, "payload"));
    let length = payload.len();
    if !words.get_flag("ack") {
        wire.say(&format!("PUB {subject} {length}\r\n{payload}\r\nPING\r\n"))?;
        return wire.until_pong();
    }
    wire.say(&format!(
        "SUB {INBOX} 1\r\nPUB {subject} {INBOX} {length}\r\n{payload}\r\n"
    ))?;
    let (_, said) = wire.message()?.ok_or_else(nats::gone)?;
    if said.is_empty() {
        return Err(Failure::running(format!("no stream takes {subject}")));
    }
    print(shown(&said)).map(drop)
}
