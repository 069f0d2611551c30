//! Sequences: numbers that are never given twice. A node takes a block from the
//! log and hands it out from memory; what a crash leaves unused is a gap, as in
//! PostgreSQL.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use tokio::sync::Mutex;

use crate::error::{Error, Result};
use crate::op::{Condition, Expiry, Op, OpError, Reply};
use crate::record::table::Sequence;
use crate::record::{CollectionId, Key, Level, head};
use crate::txn::{Batch, Engine};

/// How many values one log entry takes.
const BLOCK: i64 = 32;

/// The blocks this node holds.
#[derive(Default)]
pub struct Sequences {
    blocks: Mutex<HashMap<CollectionId, Block>>,
}

/// Steps still to be given: `next..end`, counted from `origin`.
struct Block {
    origin: i64,
    next: i64,
    end: i64,
}

/// The record that holds how many steps a sequence has taken.
fn steps_key(sequence: CollectionId) -> Key {
    Key::spelled(sequence, &sequence.0.to_be_bytes(), "steps")
}

/// The record that holds the value steps are counted from, once it was set;
/// before that it is the sequence's start. In the same partition as the steps.
fn origin_key(sequence: CollectionId) -> Key {
    Key::spelled(sequence, &sequence.0.to_be_bytes(), "origin")
}

impl Sequences {
    pub async fn next(&self, engine: &Arc<Engine>, id: CollectionId) -> Result<i64> {
        let sequence = find(engine, id)?;
        let mut blocks = self.blocks.lock().await;
        let block = match blocks.entry(id) {
            Entry::Occupied(held) => held.into_mut(),
            Entry::Vacant(none) => none.insert(take(engine, &sequence).await?),
        };
        if block.next >= block.end {
            *block = take(engine, &sequence).await?;
        }
        let value = value_at(&sequence, block);
        let value = value.filter(|value| (sequence.min..=sequence.max).contains(value));
        let value = value.ok_or_else(|| at_the_end(&sequence))?;
        block.next += 1;
        Ok(value)
    }

    pub async fn set(
        &self,
        engine: &Arc<Engine>,
        id: CollectionId,
        value: i64,
        called: bool,
    ) -> Result<()> {
        let sequence = find(engine, id)?;
        if !(sequence.min..=sequence.max).contains(&value) {
            return Err(Error::invalid(format!(
                "setval: value {value} is out of bounds for sequence \"{}\" ({}..{})",
                sequence.name, sequence.min, sequence.max
            )));
        }
        let mut blocks = self.blocks.lock().await;
        let batch = Batch {
            ops: vec![
                (origin_key(id), set(value)),
                (steps_key(id), set(i64::from(called))),
            ],
            atomic: true,
        };
        engine.write(batch, &Level::default()).await?;
        blocks.remove(&id);
        Ok(())
    }
}

/// Takes a block of values from the log: whatever happens, nobody gets them again.
async fn take(engine: &Arc<Engine>, sequence: &Sequence) -> Result<Block> {
    let batch = Batch::one(steps_key(sequence.id), Op::Add(BLOCK));
    let written = engine.write(batch, &Level::default()).await?;
    let end = match written.replies.into_iter().next() {
        Some(Ok(Reply::Int(end))) => end,
        Some(Err(OpError::Overflow)) => return Err(at_the_end(sequence)),
        other => {
            return Err(Error::corrupt(format!(
                "a sequence was answered with {other:?}"
            )));
        }
    };
    let rows = engine.latest();
    let origin = head::stored(&rows, &origin_key(sequence.id))?;
    let origin = origin.and_then(|head| std::str::from_utf8(&head.body).ok()?.parse().ok());
    Ok(Block {
        origin: origin.unwrap_or(sequence.start),
        next: end - BLOCK,
        end,
    })
}

fn set(value: i64) -> Op {
    Op::Set {
        value: value.to_string().into(),
        expiry: Expiry::Clear,
        condition: Condition::Always,
        get: false,
    }
}

fn at_the_end(sequence: &Sequence) -> Error {
    let (edge, bound) = if sequence.increment > 0 {
        ("maximum", sequence.max)
    } else {
        ("minimum", sequence.min)
    };
    Error::invalid(format!(
        "nextval: reached {edge} value of sequence \"{}\" ({bound})",
        sequence.name
    ))
}

fn find(engine: &Arc<Engine>, id: CollectionId) -> Result<Arc<Sequence>> {
    let catalog = engine.catalog();
    let found = catalog.sequence_by_id(id).cloned();
    found.ok_or_else(|| Error::invalid(format!("sequence {} does not exist", id.0)))
}

fn value_at(sequence: &Sequence, block: &Block) -> Option<i64> {
    sequence
        .increment
        .checked_mul(block.next)?
        .checked_add(block.origin)
}
