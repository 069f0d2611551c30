//! Sequences: numbers that are never given twice. A node takes a block from the
//! log and hands it out from memory; what a crash leaves unused is a gap, as in
//! PostgreSQL.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::Mutex;

use crate::error::{Error, Result};
use crate::op::{Condition, Expiry, Op, Reply};
use crate::record::table::Sequence;
use crate::record::{CollectionId, Key, Level};
use crate::txn::{Batch, Engine};

/// How many values one log entry takes.
const BLOCK: i64 = 32;

/// The blocks this node holds.
#[derive(Default)]
pub struct Sequences {
    blocks: Mutex<HashMap<CollectionId, Block>>,
}

/// Steps still to be given: `next..end`, counted from the sequence's start.
struct Block {
    next: i64,
    end: i64,
}

/// The record that holds how many steps a sequence has taken.
fn steps_key(sequence: CollectionId) -> Key {
    Key::spelled(sequence, &sequence.0.to_be_bytes(), "steps")
}

impl Sequences {
    pub async fn next(&self, engine: &Arc<Engine>, id: CollectionId) -> Result<i64> {
        let sequence = find(engine, id)?;
        let mut blocks = self.blocks.lock().await;
        let block = blocks.entry(id).or_insert(Block { next: 0, end: 0 });
        if block.next >= block.end {
            let end = self.take(engine, id).await?;
            *block = Block {
                next: end - BLOCK,
                end,
            };
        }
        let value = value_at(&sequence, block.next);
        let value = value.filter(|value| (sequence.min..=sequence.max).contains(value));
        let Some(value) = value else {
            let (edge, bound) = if sequence.increment > 0 {
                ("maximum", sequence.max)
            } else {
                ("minimum", sequence.min)
            };
            return Err(Error::invalid(format!(
                "nextval: reached {edge} value of sequence \"{}\" ({bound})",
                sequence.name
            )));
        };
        block.next += 1;
        Ok(value)
    }

    async fn take(&self, engine: &Arc<Engine>, id: CollectionId) -> Result<i64> {
        let batch = Batch::one(steps_key(id), Op::Add(BLOCK));
        let written = engine.write(batch, &Level::default()).await?;
        match written.replies.first() {
            Some(Ok(Reply::Int(end))) => Ok(*end),
            other => Err(Error::corrupt(format!(
                "a sequence was answered with {other:?}"
            ))),
        }
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
        let distance = value.checked_sub(sequence.start);
        let steps =
            distance.map(|distance| distance.div_euclid(sequence.increment) + i64::from(called));
        let steps =
            steps.ok_or_else(|| Error::invalid("setval: value is too far from the start"))?;
        let op = Op::Set {
            value: steps.to_string().into(),
            expiry: Expiry::Clear,
            condition: Condition::Always,
            get: false,
        };
        engine
            .write(Batch::one(steps_key(id), op), &Level::default())
            .await?;
        blocks.remove(&id);
        Ok(())
    }
}

fn find(engine: &Arc<Engine>, id: CollectionId) -> Result<Arc<Sequence>> {
    let catalog = engine.catalog();
    let found = catalog.sequence_by_id(id).cloned();
    found.ok_or_else(|| Error::invalid(format!("sequence {} does not exist", id.0)))
}

fn value_at(sequence: &Sequence, step: i64) -> Option<i64> {
    sequence
        .increment
        .checked_mul(step)?
        .checked_add(sequence.start)
}
