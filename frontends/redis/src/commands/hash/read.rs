//! Reading hashes.

use bytes::Bytes;

use crate::commands::{Command, Group, Reading, Run, rest, word};
use crate::fault::Fault;
use crate::resp::Out;

/// This file's rows of the table.
pub const COMMANDS: &[Command] = &[
    row("hget", 3, get, "Reads a field.").fast(),
    row("hmget", -3, get_several, "Reads several fields.").fast(),
    row("hgetall", 2, get_all, "Reads all fields and their values."),
    row("hkeys", 2, names, "Reads the names of all fields."),
    row("hvals", 2, values, "Reads the values of all fields."),
    row("hlen", 2, count, "Counts the fields.").head().fast(),
    row("hexists", 3, exists, "Says whether a field exists.").fast(),
    row("hstrlen", 3, length, "Counts the bytes of a field's value.").fast(),
];

const fn row(
    name: &'static str,
    arity: i32,
    run: fn(&Reading<'_>, &[Bytes], &mut Out) -> Result<(), Fault>,
    summary: &'static str,
) -> Command {
    Command::new(Group::Hash, name, arity, Run::Read(run), summary).key()
}

fn get(reading: &Reading<'_>, args: &[Bytes], out: &mut Out) -> Result<(), Fault> {
    let hash = reading.hash(word(args, 1)?)?;
    out.bulk_or_null(hash.field(word(args, 2)?)?.as_deref());
    Ok(())
}

fn get_several(reading: &Reading<'_>, args: &[Bytes], out: &mut Out) -> Result<(), Fault> {
    let hash = reading.hash(word(args, 1)?)?;
    let fields = rest(args, 2);
    out.array(fields.len());
    for field in fields {
        out.bulk_or_null(hash.field(field)?.as_deref());
    }
    Ok(())
}

fn get_all(reading: &Reading<'_>, args: &[Bytes], out: &mut Out) -> Result<(), Fault> {
    let pairs = reading.hash(word(args, 1)?)?.all()?;
    out.map(pairs.len());
    for (field, value) in pairs {
        out.bulk(&field);
        out.bulk(&value);
    }
    Ok(())
}

fn names(reading: &Reading<'_>, args: &[Bytes], out: &mut Out) -> Result<(), Fault> {
    let pairs = reading.hash(word(args, 1)?)?.all()?;
    out.array(pairs.len());
    pairs.iter().for_each(|(field, _)| out.bulk(field));
    Ok(())
}

fn values(reading: &Reading<'_>, args: &[Bytes], out: &mut Out) -> Result<(), Fault> {
    let pairs = reading.hash(word(args, 1)?)?.all()?;
    out.array(pairs.len());
    pairs.iter().for_each(|(_, value)| out.bulk(value));
    Ok(())
}

fn count(reading: &Reading<'_>, args: &[Bytes], out: &mut Out) -> Result<(), Fault> {
    out.count(reading.hash(word(args, 1)?)?.count());
    Ok(())
}

fn exists(reading: &Reading<'_>, args: &[Bytes], out: &mut Out) -> Result<(), Fault> {
    out.flag(
        reading
            .hash(word(args, 1)?)?
            .field(word(args, 2)?)?
            .is_some(),
    );
    Ok(())
}

fn length(reading: &Reading<'_>, args: &[Bytes], out: &mut Out) -> Result<(), Fault> {
    let value = reading.hash(word(args, 1)?)?.field(word(args, 2)?)?;
    out.count(value.map_or(0, |value| value.len()));
    Ok(())
}
