//! XLEN, XRANGE, XREVRANGE, XREAD.

use bytes::Bytes;
use stele_core::op::stream;

use super::{found, id, show};
use crate::commands::{Command, Group, Reading, Run, integer, is, rest, word};
use crate::fault::{Fault, SYNTAX, said};
use crate::resp::Out;

/// XLEN.
pub const LENGTH: Command = row("xlen", 2, length, "Counts a stream's messages.").key();
/// XRANGE.
pub const RANGE: Command = row("xrange", -4, range, "Reads messages, oldest first.").key();
/// XREVRANGE.
pub const REVERSE: Command = row("xrevrange", -4, reverse, "Reads messages, newest first.").key();
/// XREAD.
pub const READ: Command = row(
    "xread",
    -4,
    read,
    "Reads what came after an ID, of several streams.",
);

/// Messages of a reply that says no COUNT.
const COUNT_MAX: usize = 100_000;
const UNBALANCED: Fault = said(
    "ERR Unbalanced 'xread' list of streams: for each stream key an ID, '+', or '$' must be specified.",
);
const BLOCKS: Fault = said("ERR XREAD does not wait here: BLOCK is not supported");

const fn row(
    name: &'static str,
    arity: i32,
    run: fn(&Reading<'_>, &[Bytes], &mut Out) -> Result<(), Fault>,
    summary: &'static str,
) -> Command {
    Command::new(Group::Stream, name, arity, Run::Read(run), summary)
}

fn length(reading: &Reading<'_>, args: &[Bytes], out: &mut Out) -> Result<(), Fault> {
    // As in Redis, what is not there has no messages.
    let Ok(stream) = found(reading.tables, reading.database, word(args, 1)?) else {
        out.int(0);
        return Ok(());
    };
    let messages = stream::open(reading.rows, &stream.key(), reading.now_ms)??;
    let count = messages.map_or(0, |messages| messages.state().messages);
    out.int(i64::try_from(count).unwrap_or(i64::MAX));
    Ok(())
}

fn range(reading: &Reading<'_>, args: &[Bytes], out: &mut Out) -> Result<(), Fault> {
    let bounds = id::range(word(args, 2)?, word(args, 3)?)?;
    let limit = limit(args)?;
    if found(reading.tables, reading.database, word(args, 1)?).is_err() {
        out.array(0);
        return Ok(());
    }
    let messages = reading.messages(word(args, 1)?, bounds, limit)?;
    out.array(messages.len());
    messages.iter().for_each(|message| show(message, out));
    Ok(())
}

fn reverse(reading: &Reading<'_>, args: &[Bytes], out: &mut Out) -> Result<(), Fault> {
    let (low, high) = id::range(word(args, 3)?, word(args, 2)?)?;
    let limit = limit(args)?;
    let Ok(stream) = found(reading.tables, reading.database, word(args, 1)?) else {
        out.array(0);
        return Ok(());
    };
    let mut messages = Vec::new();
    if let Some(stream) = stream::open(reading.rows, &stream.key(), reading.now_ms)?? {
        for message in stream.before(high).take(limit) {
            let message = message?;
            if message.seq < low {
                break;
            }
            messages.push(message);
        }
    }
    out.array(messages.len());
    messages.iter().for_each(|message| show(message, out));
    Ok(())
}

/// COUNT n at the end of a range.
fn limit(args: &[Bytes]) -> Result<usize, Fault> {
    match rest(args, 4) {
        [] => Ok(COUNT_MAX),
        [option, _] if is(option, "COUNT") => {
            let count = integer(args, 5)?;
            Ok(usize::try_from(count).unwrap_or(0).min(COUNT_MAX))
        }
        _ => Err(SYNTAX),
    }
}

fn read(reading: &Reading<'_>, args: &[Bytes], out: &mut Out) -> Result<(), Fault> {
    let mut limit = COUNT_MAX;
    let mut at = 1;
    loop {
        match word(args, at)? {
            option if is(option, "COUNT") => {
                let count = integer(args, at + 1)?;
                limit = usize::try_from(count).unwrap_or(0).min(COUNT_MAX);
                at += 2;
            }
            option if is(option, "BLOCK") => return Err(BLOCKS),
            option if is(option, "STREAMS") => break,
            _ => return Err(SYNTAX),
        }
    }
    let words = rest(args, at + 1);
    if words.is_empty() || !words.len().is_multiple_of(2) {
        return Err(UNBALANCED);
    }
    let (names, ids) = words.split_at(words.len() / 2);
    let mut some = Vec::new();
    for (name, id) in names.iter().zip(ids) {
        if found(reading.tables, reading.database, name).is_err() || id.as_ref() == b"$" {
            continue; // nothing is newer than the end, for whoever does not wait
        }
        let from = id::after(id)?.saturating_add(1);
        let messages = reading.messages(name, (from, u64::MAX), limit)?;
        if !messages.is_empty() {
            some.push((name, messages));
        }
    }
    if some.is_empty() {
        out.null_array();
        return Ok(());
    }
    // A map in RESP3, a list of pairs in RESP2.
    match out.is_resp3() {
        true => out.map(some.len()),
        false => out.array(some.len()),
    }
    for (name, messages) in some {
        if !out.is_resp3() {
            out.array(2);
        }
        out.bulk(name);
        out.array(messages.len());
        messages.iter().for_each(|message| show(message, out));
    }
    Ok(())
}
