//! Enumerating keys: KEYS, SCAN, RANDOMKEY.
//!
//! SCAN's cursor is the next slot to visit, so it means the same on every node and after a
//! restart. A call returns whole slots until it has seen COUNT keys; a slot's keys are never
//! divided, so a key that is there during the whole scan is met exactly once.

use bytes::Bytes;

use super::walk::{SLOT_COUNT, Walk};
use crate::commands::random::Dice;
use crate::commands::scan::{Options, cursor};
use crate::commands::{Command, Group, Reading, Run, type_name, word};
use crate::fault::Fault;
use crate::glob;
use crate::resp::Out;

/// This file's rows of the table.
pub const COMMANDS: &[Command] = &[
    row("keys", 2, keys, "Finds all keys that match a pattern."),
    row("scan", -2, scan, "Walks all keys, some at a time."),
    row("randomkey", 1, random_key, "Finds a key at random."),
];

const fn row(
    name: &'static str,
    arity: i32,
    run: fn(&Reading<'_>, &[Bytes], &mut Out) -> Result<(), Fault>,
    summary: &'static str,
) -> Command {
    Command::new(Group::Generic, name, arity, Run::Survey(run), summary)
}

fn keys(reading: &Reading<'_>, args: &[Bytes], out: &mut Out) -> Result<(), Fault> {
    let pattern = word(args, 1)?;
    let mut walk = Walk::from_slot(reading, 0);
    let mut found = Vec::new();
    while let Some(met) = walk.next()? {
        if glob::matches(pattern, &met.name) {
            found.push(met.name);
        }
    }
    out.array(found.len());
    found.iter().for_each(|name| out.bulk(name));
    Ok(())
}

/// `SCAN cursor [MATCH pattern] [COUNT n] [TYPE type]`
fn scan(reading: &Reading<'_>, args: &[Bytes], out: &mut Out) -> Result<(), Fault> {
    let cursor = cursor(word(args, 1)?)?;
    let options = Options::read(args, 2, true)?;
    // 0 starts; n goes on at slot n - 1; anything beyond the slots is past the end.
    let slot = cursor.saturating_sub(1);
    let slot = u16::try_from(slot)
        .ok()
        .filter(|slot| u32::from(*slot) < SLOT_COUNT);
    let (mut found, mut next) = (Vec::new(), 0);
    if let Some(slot) = slot {
        let mut walk = Walk::from_slot(reading, slot);
        let (mut seen, mut current) = (0, slot);
        while let Some(met) = walk.next()? {
            if met.slot != current && seen >= options.count {
                next = u64::from(met.slot) + 1;
                break;
            }
            current = met.slot;
            seen += 1;
            if options.wants(&met.name) && options.wants_type(type_name(met.head.kind)) {
                found.push(met.name);
            }
        }
    }
    out.array(2);
    out.bulk(next.to_string().as_bytes());
    out.array(found.len());
    found.iter().for_each(|name| out.bulk(name));
    Ok(())
}

/// The first key at or after a random slot: near enough to random for what it is used for.
fn random_key(reading: &Reading<'_>, _args: &[Bytes], out: &mut Out) -> Result<(), Fault> {
    let mut dice = Dice::new(reading.seed);
    let slot = dice.below(usize::try_from(SLOT_COUNT).unwrap_or(0));
    for slot in [u16::try_from(slot).unwrap_or(0), 0] {
        let mut walk = Walk::from_slot(reading, slot);
        if let Some(met) = walk.next()? {
            // Keys of one slot follow each other: choose among those met first.
            let mut names = vec![met.name];
            while let Some(other) = walk.next()?.filter(|other| other.slot == met.slot) {
                names.push(other.name);
                if names.len() >= RANDOM_AMONG_MAX {
                    break;
                }
            }
            let chosen = dice.below(names.len());
            out.bulk_or_null(names.get(chosen).map(|name| &name[..]));
            return Ok(());
        }
    }
    out.null();
    Ok(())
}

/// How many keys of one slot are chosen among.
const RANDOM_AMONG_MAX: usize = 64;
