//! What writes the outcome of reading sets: SINTERSTORE and its relatives, SMOVE.

use bytes::Bytes;
use stele_core::op::set::Set;
use stele_core::op::{Content, Op, Reply};
use stele_core::record::head;
use stele_core::record::{Key, Kind};

use super::algebra::{Algebra, combine};
use crate::commands::{Boxed, Command, Deciding, Flags, Group, Run, rest, word};
use crate::fault::{Fault, WRONG_TYPE};
use crate::resp::Out;

/// This file's rows of the table.
pub const COMMANDS: &[Command] = &[
    row("sinterstore", -3, intersect, "Stores an intersection.").keys(1, -1, 1),
    row("sunionstore", -3, unite, "Stores a union.").keys(1, -1, 1),
    row("sdiffstore", -3, subtract, "Stores a difference.").keys(1, -1, 1),
    row("smove", 4, move_member, "Moves a member to another set.")
        .fast()
        .keys(1, 2, 1),
];

const fn row(
    name: &'static str,
    arity: i32,
    run: for<'a> fn(&'a mut Deciding<'_>, &'a [Bytes], &'a mut Out) -> Boxed<'a>,
    summary: &'static str,
) -> Command {
    Command::new(Group::Set, name, arity, Run::Decide(run), summary).flag(Flags::DENYOOM)
}

fn intersect<'a>(deciding: &'a mut Deciding<'_>, args: &'a [Bytes], out: &'a mut Out) -> Boxed<'a> {
    Box::pin(store(deciding, args, out, Algebra::Intersect))
}

fn unite<'a>(deciding: &'a mut Deciding<'_>, args: &'a [Bytes], out: &'a mut Out) -> Boxed<'a> {
    Box::pin(store(deciding, args, out, Algebra::Unite))
}

fn subtract<'a>(deciding: &'a mut Deciding<'_>, args: &'a [Bytes], out: &'a mut Out) -> Boxed<'a> {
    Box::pin(store(deciding, args, out, Algebra::Subtract))
}

/// `SINTERSTORE destination key [key ...]`: the destination is replaced whatever it was, and
/// removed if the outcome is empty.
async fn store(
    deciding: &mut Deciding<'_>,
    args: &[Bytes],
    out: &mut Out,
    algebra: Algebra,
) -> Result<(), Fault> {
    let destination = deciding.key(word(args, 1)?);
    let sources: Vec<Key> = rest(args, 2)
        .iter()
        .map(|name| deciding.key(name))
        .collect();
    let keys: Vec<Key> = std::iter::once(&destination)
        .chain(&sources)
        .cloned()
        .collect();
    let now_ms = deciding.now_ms;
    let view = deciding.view(&keys).await?;
    let mut sets = Vec::with_capacity(sources.len());
    for key in &sources {
        let head = head::live(&view, key, now_ms)?;
        if head.as_ref().is_some_and(|head| head.kind != Kind::Set) {
            return Err(WRONG_TYPE);
        }
        sets.push(head.map(|head| Set::new(&view, key, &head)));
    }
    let members: Vec<Bytes> = combine(&sets, algebra)?.into_iter().collect();
    drop(sets);
    out.count(members.len());
    let op = if members.is_empty() {
        Op::Delete
    } else {
        Op::Replace {
            content: Content::Set(members),
            expire_ms: None,
        }
    };
    deciding.write(&destination, op).await?;
    Ok(())
}

/// `SMOVE source destination member`
fn move_member<'a>(
    deciding: &'a mut Deciding<'_>,
    args: &'a [Bytes],
    out: &'a mut Out,
) -> Boxed<'a> {
    Box::pin(async move {
        let (source, destination) = (deciding.key(word(args, 1)?), deciding.key(word(args, 2)?));
        let Some(from) = deciding.head(&source).await? else {
            out.flag(false);
            return Ok(());
        };
        let to = deciding.head(&destination).await?;
        let wrong = from.kind != Kind::Set || to.is_some_and(|head| head.kind != Kind::Set);
        if wrong {
            return Err(WRONG_TYPE);
        }
        let members = vec![word(args, 3)?.clone()];
        if source == destination {
            let view = deciding.view(std::slice::from_ref(&source)).await?;
            let is_member = Set::new(&view, &source, &from).contains(word(args, 3)?)?;
            out.flag(is_member);
            return Ok(());
        }
        let removed = deciding
            .write(
                &source,
                Op::SetRemove {
                    members: members.clone(),
                },
            )
            .await?;
        let was_member = removed == Reply::Int(1);
        if was_member {
            deciding.write(&destination, Op::SetAdd { members }).await?;
        }
        out.flag(was_member);
        Ok(())
    })
}
