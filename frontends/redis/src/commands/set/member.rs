//! One set: adding, removing, testing and choosing members.

use bytes::Bytes;
use stele_core::op::set::Set;
use stele_core::op::{Op, Reply};
use stele_core::record::Kind;

use crate::commands::plan::{Plan, Writing, shape};
use crate::commands::random::{Choice, choice, choose};
use crate::commands::{Command, Flags, Group, Reading, Run, integer, rest, word};
use crate::fault::{Fault, NOT_POSITIVE, SYNTAX};
use crate::resp::Out;

/// This file's rows of the table.
pub const COMMANDS: &[Command] = &[
    row("sadd", -3, Run::Write(add), "Adds members.")
        .fast()
        .flag(Flags::DENYOOM),
    row("srem", -3, Run::Write(remove), "Removes members.").fast(),
    row("spop", -2, Run::Write(pop), "Takes members at random.").fast(),
    row("smembers", 2, Run::Read(members), "Reads all members."),
    row(
        "sismember",
        3,
        Run::Read(is_member),
        "Says whether a value is a member.",
    )
    .fast(),
    row(
        "smismember",
        -3,
        Run::Read(are_members),
        "Says which values are members.",
    )
    .fast(),
    row("scard", 2, Run::Read(count), "Counts the members.")
        .head()
        .fast(),
    row(
        "srandmember",
        -2,
        Run::Read(random_members),
        "Reads members at random.",
    ),
];

const fn row(name: &'static str, arity: i32, run: Run, summary: &'static str) -> Command {
    Command::new(Group::Set, name, arity, run, summary).key()
}

impl Reading<'_> {
    /// The set a key holds, if it is there.
    ///
    /// # Errors
    /// `WRONGTYPE` if the key holds something else.
    pub fn set(&self, name: &Bytes) -> Result<Option<Set<'_>>, Fault> {
        let found = self.typed(name, Kind::Set)?;
        Ok(found.map(|(key, head)| Set::new(self.rows, &key, &head)))
    }

    /// All members of a set; none if there is no such key.
    ///
    /// # Errors
    /// `WRONGTYPE` if the key holds something else.
    pub fn set_members(&self, name: &Bytes) -> Result<Vec<Bytes>, Fault> {
        match self.set(name)? {
            Some(set) => Ok(set.iter().collect::<Result<_, _>>()?),
            None => Ok(Vec::new()),
        }
    }
}

fn add(writing: &Writing, args: &[Bytes]) -> Result<Plan, Fault> {
    writing.one(
        args,
        Op::SetAdd {
            members: rest(args, 2).to_vec(),
        },
        shape::int,
    )
}

fn remove(writing: &Writing, args: &[Bytes]) -> Result<Plan, Fault> {
    writing.one(
        args,
        Op::SetRemove {
            members: rest(args, 2).to_vec(),
        },
        shape::int,
    )
}

/// `SPOP key [count]`
fn pop(writing: &Writing, args: &[Bytes]) -> Result<Plan, Fault> {
    let seed = writing.seed;
    match args.len() {
        2 => writing.one(args, Op::SetPop { count: 1, seed }, only),
        3 => {
            let count = u64::try_from(integer(args, 2)?).map_err(|_| NOT_POSITIVE)?;
            writing.one(args, Op::SetPop { count, seed }, shape::set)
        }
        _ => Err(SYNTAX),
    }
}

/// The only member of a list, by itself.
fn only(reply: Reply, out: &mut Out) {
    crate::commands::list::write::first(reply, out);
}

fn members(reading: &Reading<'_>, args: &[Bytes], out: &mut Out) -> Result<(), Fault> {
    let members = reading.set_members(word(args, 1)?)?;
    out.set(members.len());
    members.iter().for_each(|member| out.bulk(member));
    Ok(())
}

fn is_member(reading: &Reading<'_>, args: &[Bytes], out: &mut Out) -> Result<(), Fault> {
    let member = word(args, 2)?;
    let found = match reading.set(word(args, 1)?)? {
        Some(set) => set.contains(member)?,
        None => false,
    };
    out.flag(found);
    Ok(())
}

fn are_members(reading: &Reading<'_>, args: &[Bytes], out: &mut Out) -> Result<(), Fault> {
    let set = reading.set(word(args, 1)?)?;
    let members = rest(args, 2);
    out.array(members.len());
    for member in members {
        let is_member = match &set {
            Some(set) => set.contains(member)?,
            None => false,
        };
        out.flag(is_member);
    }
    Ok(())
}

fn count(reading: &Reading<'_>, args: &[Bytes], out: &mut Out) -> Result<(), Fault> {
    let count = reading.set(word(args, 1)?)?.map_or(0, |set| set.len());
    out.int(i64::try_from(count).unwrap_or(i64::MAX));
    Ok(())
}

/// `SRANDMEMBER key [count]`
fn random_members(reading: &Reading<'_>, args: &[Bytes], out: &mut Out) -> Result<(), Fault> {
    let (choice, _) = choice(args, "")?;
    let members = reading.set_members(word(args, 1)?)?;
    let mut chosen = choose(members, choice, reading.seed);
    if choice == Choice::One {
        out.bulk_or_null(chosen.next().map(|member| &member[..]));
        return Ok(());
    }
    out.array(chosen.len());
    while let Some(member) = chosen.next() {
        out.bulk(member);
    }
    Ok(())
}
