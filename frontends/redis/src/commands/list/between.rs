//! LMOVE and RPOPLPUSH: from one list to another.

use bytes::Bytes;
use stele_core::op::{Op, Reply};
use stele_core::record::Kind;

use crate::commands::{Boxed, Command, Deciding, Flags, Group, Run, is, word};
use crate::fault::{Fault, SYNTAX, WRONG_TYPE};
use crate::resp::Out;

/// This file's rows of the table.
pub const COMMANDS: &[Command] = &[
    row(
        "lmove",
        5,
        move_element,
        "Moves an element from an end of a list to an end of another.",
    ),
    row(
        "rpoplpush",
        3,
        right_to_left,
        "Moves the right element of a list to the left of another.",
    ),
];

const fn row(
    name: &'static str,
    arity: i32,
    run: for<'a> fn(&'a mut Deciding<'_>, &'a [Bytes], &'a mut Out) -> Boxed<'a>,
    summary: &'static str,
) -> Command {
    let command = Command::new(Group::List, name, arity, Run::Decide(run), summary);
    command.flag(Flags::DENYOOM).keys(1, 2, 1)
}

/// `LMOVE source destination LEFT|RIGHT LEFT|RIGHT`
fn move_element<'a>(
    deciding: &'a mut Deciding<'_>,
    args: &'a [Bytes],
    out: &'a mut Out,
) -> Boxed<'a> {
    Box::pin(async move {
        let (from_left, to_left) = (is_left(word(args, 3)?)?, is_left(word(args, 4)?)?);
        move_between(deciding, args, out, from_left, to_left).await
    })
}

fn right_to_left<'a>(
    deciding: &'a mut Deciding<'_>,
    args: &'a [Bytes],
    out: &'a mut Out,
) -> Boxed<'a> {
    Box::pin(move_between(deciding, args, out, false, true))
}

async fn move_between(
    deciding: &mut Deciding<'_>,
    args: &[Bytes],
    out: &mut Out,
    from_left: bool,
    to_left: bool,
) -> Result<(), Fault> {
    let (source, destination) = (deciding.key(word(args, 1)?), deciding.key(word(args, 2)?));
    let is_list = |kind: Kind| {
        if kind == Kind::List {
            Ok(())
        } else {
            Err(WRONG_TYPE)
        }
    };
    match deciding.head(&source).await? {
        None => {
            out.null();
            return Ok(());
        }
        Some(head) => is_list(head.kind)?,
    }
    if let Some(head) = deciding.head(&destination).await? {
        is_list(head.kind)?;
    }
    let popped = deciding
        .write(
            &source,
            Op::ListPop {
                left: from_left,
                count: 1,
            },
        )
        .await?;
    let element = match popped {
        Reply::List(elements) => elements.into_iter().next(),
        _ => None,
    };
    let Some(Reply::Bytes(element)) = element else {
        out.null();
        return Ok(());
    };
    let push = Op::ListPush {
        left: to_left,
        values: vec![element.clone()],
        must_exist: false,
    };
    deciding.write(&destination, push).await?;
    out.bulk(&element);
    Ok(())
}

fn is_left(word: &[u8]) -> Result<bool, Fault> {
    if is(word, "left") {
        Ok(true)
    } else if is(word, "right") {
        Ok(false)
    } else {
        Err(SYNTAX)
    }
}
