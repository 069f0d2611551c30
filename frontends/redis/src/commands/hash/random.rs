//! HRANDFIELD: fields at random.

use bytes::Bytes;

use crate::commands::random::{Choice, choice, choose};
use crate::commands::{Command, Group, Reading, Run, word};
use crate::fault::Fault;
use crate::resp::Out;

/// This file's rows of the table.
pub const COMMANDS: &[Command] = &[Command::new(
    Group::Hash,
    "hrandfield",
    -2,
    Run::Read(random_fields),
    "Reads fields at random.",
)
.key()];

/// `HRANDFIELD key [count [WITHVALUES]]`
fn random_fields(reading: &Reading<'_>, args: &[Bytes], out: &mut Out) -> Result<(), Fault> {
    let (choice, with_values) = choice(args, "withvalues")?;
    let pairs = reading.hash(word(args, 1)?)?.all()?;
    let mut chosen = choose(pairs, choice, reading.seed);
    if choice == Choice::One {
        out.bulk_or_null(chosen.next().map(|(field, _)| &field[..]));
        return Ok(());
    }
    let nested = with_values && out.is_resp3();
    out.array(chosen.len() * if with_values && !nested { 2 } else { 1 });
    while let Some((field, value)) = chosen.next() {
        if nested {
            out.array(2);
        }
        out.bulk(field);
        if with_values {
            out.bulk(value);
        }
    }
    Ok(())
}
