//! What a command that reads first and then decides is given: a transaction.
//!
//! Every record it looks at is locked before it is read, so what it decided on still holds when
//! its ops are committed.

use bytes::Bytes;
use stele_core::op::{Op, Reply};
use stele_core::record::Key;
use stele_core::record::head::{self, Head};
use stele_core::txn::TxnView;
use stele_core::{Database, LockMode, LockWait, Txn};

use crate::fault::Fault;
use crate::rows::Tables;

/// A transaction in progress, for one command of it.
pub struct Deciding<'t> {
    /// The transaction.
    pub txn: &'t mut Txn,
    /// The node.
    pub db: &'t Database,
    /// The selected database.
    pub database: u8,
    /// Wall time, milliseconds since the Unix epoch.
    pub now_ms: u64,
    /// The tables whose rows are keys too.
    pub tables: &'t Tables,
    /// Random bits, for commands that choose.
    pub seed: u64,
}

impl Deciding<'_> {
    /// The address of a record in the selected database.
    #[must_use]
    pub fn key(&self, name: &Bytes) -> Key {
        Key::keyspace(self.database, name.clone())
    }

    /// Locks records and shows them as they are now, with this transaction's own writes.
    ///
    /// # Errors
    /// When the transaction has to give way to an older one; it is then begun again.
    pub async fn view(&mut self, keys: &[Key]) -> Result<TxnView<'_>, Fault> {
        self.txn
            .lock(keys, LockMode::Exclusive, LockWait::Block)
            .await?;
        Ok(self.txn.latest(keys).await?)
    }

    /// Locks a record and reads its head.
    ///
    /// # Errors
    /// As `view`, and when stored bytes do not decode.
    pub async fn head(&mut self, key: &Key) -> Result<Option<Head>, Fault> {
        let now_ms = self.now_ms;
        let view = self.view(std::slice::from_ref(key)).await?;
        Ok(head::live(&view, key, now_ms)?)
    }

    /// Adds an op to the transaction.
    ///
    /// # Errors
    /// When the op refuses, which leaves the transaction as it was, or as `view`.
    pub async fn write(&mut self, key: &Key, op: Op) -> Result<Reply, Fault> {
        Ok(self.txn.write(key, op).await??)
    }
}
