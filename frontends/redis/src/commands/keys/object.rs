//! OBJECT and MEMORY: what a record is like inside.
//!
//! The encodings are those Redis would choose for a value of this size: clients and monitoring
//! know them. This store has its own.

use bytes::Bytes;
use stele_core::record::head::Head;
use stele_core::record::{Key, Kind};

use crate::commands::{Command, Group, Reading, Run, integer, is, rest, word};
use crate::fault::{Fault, SYNTAX, said};
use crate::resp::Out;
use crate::resp::number::parse_i64;

/// This file's rows of the table.
pub const COMMANDS: &[Command] = &[
    row(
        Group::Generic,
        "object",
        -2,
        Run::Parent(OBJECT),
        "Describes what a key holds.",
    ),
    row(
        Group::Server,
        "memory",
        -2,
        Run::Parent(MEMORY),
        "Estimates sizes.",
    ),
];

const OBJECT: &[Command] = &[
    row(
        Group::Generic,
        "encoding",
        3,
        Run::Read(encoding),
        "Says how Redis would encode it.",
    )
    .keys(2, 2, 1),
    row(
        Group::Generic,
        "refcount",
        3,
        Run::Read(references),
        "Says 1: nothing is shared.",
    )
    .keys(2, 2, 1),
    row(
        Group::Generic,
        "idletime",
        3,
        Run::Read(idle),
        "Says how many seconds ago it was written.",
    )
    .keys(2, 2, 1),
    row(
        Group::Generic,
        "freq",
        3,
        Run::Read(frequency),
        "Refuses: uses are not counted.",
    )
    .keys(2, 2, 1),
    row(
        Group::Generic,
        "help",
        2,
        Run::Here(crate::commands::describe::help),
        "Lists the subcommands.",
    ),
];

const MEMORY: &[Command] = &[
    row(
        Group::Server,
        "usage",
        -3,
        Run::Read(usage),
        "Estimates the bytes a key takes.",
    )
    .keys(2, 2, 1),
    row(
        Group::Server,
        "help",
        2,
        Run::Here(crate::commands::describe::help),
        "Lists the subcommands.",
    ),
];

const fn row(
    group: Group,
    name: &'static str,
    arity: i32,
    run: Run,
    summary: &'static str,
) -> Command {
    Command::new(group, name, arity, run, summary)
}

/// Redis's limits for its compact encodings.
const COMPACT_COUNT_MAX: u64 = 128;
const COMPACT_BYTES_MAX: usize = 64;
const INTEGERS_COUNT_MAX: u64 = 512;
const EMBEDDED_BYTES_MAX: usize = 44;

fn found(
    reading: &Reading<'_>,
    args: &[Bytes],
    out: &mut Out,
) -> Result<Option<(Key, Head)>, Fault> {
    let found = reading.head(word(args, 2)?)?;
    if found.is_none() {
        out.null();
    }
    Ok(found)
}

fn encoding(reading: &Reading<'_>, args: &[Bytes], out: &mut Out) -> Result<(), Fault> {
    let name = word(args, 2)?;
    let Some((_, head)) = found(reading, args, out)? else {
        return Ok(());
    };
    let encoding = match head.kind {
        Kind::String if parse_i64(&head.body).is_some() => "int",
        Kind::String if head.body.len() <= EMBEDDED_BYTES_MAX => "embstr",
        Kind::String => "raw",
        Kind::List => "quicklist",
        Kind::Set => {
            let mut is_compact = head.count <= INTEGERS_COUNT_MAX;
            if is_compact {
                is_compact = reading
                    .set_members(name)?
                    .iter()
                    .all(|member| parse_i64(member).is_some());
            }
            if is_compact { "intset" } else { "hashtable" }
        }
        Kind::Hash | Kind::Row => {
            let fits = |word: &Bytes| word.len() <= COMPACT_BYTES_MAX;
            let is_compact = head.count <= COMPACT_COUNT_MAX
                && reading
                    .hash(name)?
                    .all()?
                    .iter()
                    .all(|(field, value)| fits(field) && fits(value));
            if is_compact { "listpack" } else { "hashtable" }
        }
        Kind::Zset => {
            let mut is_compact = head.count <= COMPACT_COUNT_MAX;
            if let Some(zset) = reading.zset(name)?.filter(|_| is_compact) {
                for member in zset.iter(false) {
                    is_compact = is_compact && member?.0.len() <= COMPACT_BYTES_MAX;
                }
            }
            if is_compact { "listpack" } else { "skiplist" }
        }
        Kind::Stream => "stream",
    };
    out.bulk(encoding.as_bytes());
    Ok(())
}

fn references(reading: &Reading<'_>, args: &[Bytes], out: &mut Out) -> Result<(), Fault> {
    if found(reading, args, out)?.is_some() {
        out.int(1);
    }
    Ok(())
}

/// Reads are not noted, so a record's age since its last write stands for idleness.
fn idle(reading: &Reading<'_>, args: &[Bytes], out: &mut Out) -> Result<(), Fault> {
    if let Some((_, head)) = found(reading, args, out)? {
        let idle = reading.now_ms.saturating_sub(head.stamp.ms()) / 1000;
        out.int(i64::try_from(idle).unwrap_or(i64::MAX));
    }
    Ok(())
}

fn frequency(reading: &Reading<'_>, args: &[Bytes], out: &mut Out) -> Result<(), Fault> {
    if found(reading, args, out)?.is_none() {
        return Ok(());
    }
    Err(said(
        "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that \
         when switching between policies at runtime LRU and LFU data will take some time to adjust.",
    ))
}

/// What a record takes besides its bytes: head, place in the tree.
const RECORD_BYTES: usize = 48;
/// The same for an element.
const ELEMENT_BYTES: usize = 40;
/// Elements looked at if SAMPLES does not say.
const SAMPLES: usize = 5;

/// `MEMORY USAGE key [SAMPLES n]`: elements are estimated from some of them.
fn usage(reading: &Reading<'_>, args: &[Bytes], out: &mut Out) -> Result<(), Fault> {
    let samples = match rest(args, 3) {
        [] => SAMPLES,
        [option, _] if is(option, "samples") => {
            let samples = usize::try_from(integer(args, 4)?).map_err(|_| SYNTAX)?;
            if samples == 0 { usize::MAX } else { samples }
        }
        _ => return Err(SYNTAX),
    };
    let Some((_, head)) = found(reading, args, out)? else {
        return Ok(());
    };
    let name = word(args, 2)?;
    let sizes: Vec<usize> = match head.kind {
        Kind::String | Kind::Row | Kind::Stream => Vec::new(),
        Kind::Hash => {
            let (fields, _) = reading.hash(name)?.page(&[], samples)?;
            fields
                .iter()
                .map(|(field, value)| field.len() + value.len())
                .collect()
        }
        Kind::List => {
            let last = i64::try_from(samples).unwrap_or(i64::MAX) - 1;
            reading
                .list_range(name, 0, last)?
                .iter()
                .map(Bytes::len)
                .collect()
        }
        Kind::Set => match reading.set(name)? {
            Some(set) => set.page(&[], samples)?.0.iter().map(Bytes::len).collect(),
            None => Vec::new(),
        },
        Kind::Zset => match reading.zset(name)? {
            // A member is kept twice, by name and by score.
            Some(zset) => zset
                .page(&[], samples)?
                .0
                .iter()
                .map(|(member, _)| 2 * member.len() + 16)
                .collect(),
            None => Vec::new(),
        },
    };
    let average = sizes
        .iter()
        .sum::<usize>()
        .checked_div(sizes.len())
        .unwrap_or(0);
    let count = usize::try_from(head.count).unwrap_or(usize::MAX);
    let elements = count.saturating_mul(average + if sizes.is_empty() { 0 } else { ELEMENT_BYTES });
    out.count(RECORD_BYTES + name.len() + head.body.len() + elements);
    Ok(())
}
