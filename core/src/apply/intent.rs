//! Intents and outcomes: a transaction's rows in each partition it touches.
//!
//! An intent is a durable promise: these ops will happen if everybody else has
//! promised too. An outcome is how it ended here, remembered until every
//! participant has resolved, so that whoever asks is told the same.

use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use stele_placement::PartitionId;

use crate::error::{Error, Result};
use crate::op::{Expect, Op, TxnId};
use crate::record::layout::{self, Tag};
use crate::record::rows::{Row, Rows};
use crate::record::{Key, Stamp};
use crate::store::{Family, StoreView};

/// One partition's share of a prepared transaction.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Intent {
    /// Which transaction.
    pub txn: TxnId,
    /// Every partition that takes part.
    pub participants: Vec<u16>,
    /// What it relied on here.
    pub expects: Vec<Expect>,
    /// What it will do here.
    pub ops: Vec<(Key, Op)>,
    /// When it was prepared.
    pub stamp: Stamp,
}

const FORMAT: u8 = 1;

impl Intent {
    pub(super) fn encode(&self) -> Result<Bytes> {
        let body = postcard::to_allocvec(self)
            .map_err(|error| Error::corrupt(format!("{} does not encode: {error}", self.txn)))?;
        Ok([&[FORMAT][..], &body].concat().into())
    }

    fn decode(stored: &[u8]) -> Result<Self> {
        match stored.split_first() {
            Some((&FORMAT, body)) => postcard::from_bytes(body)
                .map_err(|error| Error::corrupt(format!("an intent does not decode: {error}"))),
            _ => Err(Error::corrupt("an intent has an unknown format")),
        }
    }
}

fn row(tag: Tag, partition: u16, txn: TxnId) -> Vec<u8> {
    let mut row = layout::system(tag, partition);
    row.extend_from_slice(&txn.0.to_be_bytes());
    row
}

pub(super) fn intent_row(partition: u16, txn: TxnId) -> Vec<u8> {
    row(Tag::Intent, partition, txn)
}

pub(super) fn outcome_row(partition: u16, txn: TxnId) -> Vec<u8> {
    row(Tag::Outcome, partition, txn)
}

pub(super) fn read(rows: &dyn Rows, partition: u16, txn: TxnId) -> Result<Option<Intent>> {
    match rows.get(&intent_row(partition, txn))? {
        Some(row) => Intent::decode(&row.value).map(Some),
        None => Ok(None),
    }
}

/// How the transaction ended here: `Some(None)` = aborted.
pub(super) fn outcome(
    rows: &dyn Rows,
    partition: u16,
    txn: TxnId,
) -> Result<Option<Option<Stamp>>> {
    match rows.get(&outcome_row(partition, txn))? {
        Some(row) => decode_outcome(&row.value).map(Some),
        None => Ok(None),
    }
}

pub(super) fn encode_outcome(commit: Option<Stamp>) -> Bytes {
    let stamp = commit.map_or(0, |stamp| stamp.0);
    [&[FORMAT][..], &stamp.to_be_bytes()].concat().into()
}

fn decode_outcome(stored: &[u8]) -> Result<Option<Stamp>> {
    let stamp = match stored.split_first() {
        Some((&FORMAT, body)) => body.try_into().map(u64::from_be_bytes).ok(),
        _ => None,
    };
    match stamp {
        Some(0) => Ok(None),
        Some(stamp) => Ok(Some(Stamp(stamp))),
        None => Err(Error::corrupt("a transaction's outcome does not decode")),
    }
}

/// Every intent of a partition.
pub(super) fn all(store: &Arc<dyn StoreView>, group: PartitionId) -> Result<Vec<Intent>> {
    let from = layout::system(Tag::Intent, group.0);
    let to = layout::end_of(&from);
    store
        .scan(Family::Base, &from, &to, false)
        .map(|row| Intent::decode(&Row::decode(row?.1)?.value))
        .collect()
}
