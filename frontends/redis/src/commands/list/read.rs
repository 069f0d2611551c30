//! Reading lists.

use bytes::Bytes;
use stele_core::op::list::List;
use stele_core::record::Kind;

use crate::commands::{Command, Group, Reading, Run, integer, word};
use crate::fault::Fault;
use crate::resp::Out;

/// This file's rows of the table.
pub const COMMANDS: &[Command] = &[
    row("llen", 2, length, "Counts the elements.").head().fast(),
    row(
        "lrange",
        4,
        range,
        "Reads elements from one position to another.",
    ),
    row("lindex", 3, index, "Reads the element at a position."),
];

const fn row(
    name: &'static str,
    arity: i32,
    run: fn(&Reading<'_>, &[Bytes], &mut Out) -> Result<(), Fault>,
    summary: &'static str,
) -> Command {
    Command::new(Group::List, name, arity, Run::Read(run), summary).key()
}

impl Reading<'_> {
    /// The elements of a list from one position to another; negative ones count from the end.
    ///
    /// # Errors
    /// `WRONGTYPE` if the key holds something else.
    pub fn list_range(&self, name: &Bytes, start: i64, stop: i64) -> Result<Vec<Bytes>, Fault> {
        match self.typed(name, Kind::List)? {
            Some((key, head)) => {
                let list = List::new(self.rows, &key, &head)?;
                Ok(list.range(start, stop).collect::<Result<_, _>>()?)
            }
            None => Ok(Vec::new()),
        }
    }
}

fn length(reading: &Reading<'_>, args: &[Bytes], out: &mut Out) -> Result<(), Fault> {
    let found = reading.typed(word(args, 1)?, Kind::List)?;
    out.int(found.map_or(0, |(_, head)| i64::try_from(head.count).unwrap_or(i64::MAX)));
    Ok(())
}

fn range(reading: &Reading<'_>, args: &[Bytes], out: &mut Out) -> Result<(), Fault> {
    let (start, stop) = (integer(args, 2)?, integer(args, 3)?);
    let elements = reading.list_range(word(args, 1)?, start, stop)?;
    out.array(elements.len());
    elements.iter().for_each(|element| out.bulk(element));
    Ok(())
}

fn index(reading: &Reading<'_>, args: &[Bytes], out: &mut Out) -> Result<(), Fault> {
    // A list that is not there answers before the position is looked at, as in Redis.
    if reading.typed(word(args, 1)?, Kind::List)?.is_none() {
        out.null();
        return Ok(());
    }
    let at = integer(args, 2)?;
    let elements = reading.list_range(word(args, 1)?, at, at)?;
    out.bulk_or_null(elements.first().map(|element| &element[..]));
    Ok(())
}
