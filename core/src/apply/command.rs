//! Commands: what each does to a partition, evaluated where the log put it.

use bytes::Bytes;

use super::intent::{self, Intent};
use super::state::PartitionState;
use crate::error::Result;
use crate::op::{self, Command, CommandReply, Expect, Op, OpError, Reply, TxnId};
use crate::record::layout::{self, Tag};
use crate::record::overlay::{Above, Overlay, Writes};
use crate::record::rows::Rows;
use crate::record::{CollectionId, Key, Stamp, head};

/// One command in its surroundings.
pub(super) struct Fold<'a> {
    pub rows: &'a dyn Rows,
    pub writes: &'a mut Writes,
    pub state: &'a mut PartitionState,
    pub partition: u16,
    /// The command's first stamp.
    pub stamp: Stamp,
}

impl Fold<'_> {
    pub fn run(&mut self, command: &Command) -> Result<CommandReply> {
        match command {
            Command::Each(ops) => self.each(ops),
            Command::All { expects, ops } => self.all(expects, ops),
            Command::Prepare {
                txn,
                participants,
                expects,
                ops,
            } => self.prepare(Intent {
                txn: *txn,
                participants: participants.clone(),
                expects: expects.clone(),
                ops: ops.clone(),
                stamp: self.stamp,
            }),
            Command::Resolve { txn, commit } => self.resolve(*txn, *commit),
            Command::Inquire { txn } => self.inquire(*txn),
            Command::Forget { txns } => {
                for txn in txns {
                    let row = intent::outcome_row(self.partition, *txn);
                    self.overlay(self.stamp).delete(row);
                }
                Ok(CommandReply::Done)
            }
            Command::Expire { keys } => self.expire(keys),
            Command::Clear { collection, limit } => self.clear(*collection, *limit),
        }
    }

    /// What can be read: the rows below and what this entry wrote so far.
    fn above(&self) -> Above<'_> {
        Above {
            below: self.rows,
            writes: self.writes,
        }
    }

    fn overlay(&mut self, stamp: Stamp) -> Overlay<'_> {
        Overlay::new(self.rows, self.writes, self.partition, stamp)
    }

    fn each(&mut self, ops: &[(Key, Op)]) -> Result<CommandReply> {
        let mut replies = Vec::with_capacity(ops.len());
        for (ordinal, pair) in ops.iter().enumerate() {
            if self.state.prepared.clash(&[], std::slice::from_ref(pair)) {
                // The leader's locks keep such ops out; this is the second fence.
                replies.push(Err(OpError::Moved));
                continue;
            }
            let stamp = self.stamp.nth(ordinal as u64);
            replies.push(op::fold(&pair.1, &pair.0, &mut self.overlay(stamp))?);
        }
        Ok(CommandReply::Each(replies))
    }

    fn all(&mut self, expects: &[Expect], ops: &[(Key, Op)]) -> Result<CommandReply> {
        if let Some(error) = self.broken(expects, ops)? {
            return Ok(CommandReply::Refused(error));
        }
        match self.dry(ops, self.stamp)? {
            Ok((writes, replies)) => {
                self.writes.absorb(writes);
                Ok(CommandReply::All(replies))
            }
            Err(error) => Ok(CommandReply::Refused(error)),
        }
    }

    /// Folds ops into writes of their own: all of them, or the refusal.
    fn dry(
        &self,
        ops: &[(Key, Op)],
        first: Stamp,
    ) -> Result<Result<(Writes, Vec<Reply>), OpError>> {
        let below = self.above();
        let mut writes = if self.writes.is_versioned() {
            Writes::versioned()
        } else {
            Writes::default()
        };
        let mut replies = Vec::with_capacity(ops.len());
        for (ordinal, (key, op)) in ops.iter().enumerate() {
            let stamp = first.nth(ordinal as u64);
            let mut overlay = Overlay::new(&below, &mut writes, self.partition, stamp);
            match op::fold(op, key, &mut overlay)? {
                Ok(reply) => replies.push(reply),
                Err(error) => return Ok(Err(error)),
            }
        }
        Ok(Ok((writes, replies)))
    }

    /// Does something relied on no longer hold?
    fn broken(&self, expects: &[Expect], ops: &[(Key, Op)]) -> Result<Option<OpError>> {
        if self.state.prepared.clash(expects, ops) {
            return Ok(Some(OpError::Moved));
        }
        let now_ms = self.stamp.ms();
        for expect in expects {
            let holds = match expect {
                Expect::Version(key, version) => {
                    let live = head::live(&self.above(), key, now_ms)?;
                    live.map(|head| head.stamp) == *version
                }
                Expect::Unwritten(collection, stamp) => self.state.written(*collection) <= *stamp,
            };
            if !holds {
                return Ok(Some(OpError::Moved));
            }
        }
        Ok(None)
    }

    fn prepare(&mut self, intent: Intent) -> Result<CommandReply> {
        let outcome = intent::outcome(&self.above(), self.partition, intent.txn)?;
        if let Some(ended) = outcome {
            return Ok(CommandReply::Ended(ended));
        }
        if let Some(error) = self.broken(&intent.expects, &intent.ops)? {
            return Ok(CommandReply::Refused(error));
        }
        if let Err(error) = self.dry(&intent.ops, self.stamp)? {
            return Ok(CommandReply::Refused(error));
        }
        let row = intent::intent_row(self.partition, intent.txn);
        let stored = intent.encode()?;
        self.overlay(self.stamp).put(row, stored);
        self.state.prepared.add(&intent);
        Ok(CommandReply::Prepared(intent.stamp))
    }

    fn resolve(&mut self, txn: TxnId, commit: Option<Stamp>) -> Result<CommandReply> {
        let found = intent::read(&self.above(), self.partition, txn)?;
        let Some(intent) = found else {
            let ended = intent::outcome(&self.above(), self.partition, txn)?;
            if ended.is_none() && commit.is_none() {
                self.remember(txn, None);
            }
            return Ok(CommandReply::Ended(ended.unwrap_or(None)));
        };
        self.state.prepared.remove(&intent);
        if let Some(stamp) = commit {
            // Nothing can have changed since the promise; a refusal here would
            // be a broken fence, and half a transaction is worse than a stop.
            match self.dry(&intent.ops, stamp)? {
                Ok((writes, _)) => self.writes.absorb(writes),
                Err(error) => {
                    return Err(crate::error::Error::corrupt(format!(
                        "{txn} was promised in p{} and is refused: {error}",
                        self.partition
                    )));
                }
            }
        }
        let row = intent::intent_row(self.partition, txn);
        self.overlay(self.stamp).delete(row);
        self.remember(txn, commit);
        Ok(CommandReply::Ended(commit))
    }

    fn remember(&mut self, txn: TxnId, commit: Option<Stamp>) {
        let row = intent::outcome_row(self.partition, txn);
        self.overlay(self.stamp)
            .put(row, intent::encode_outcome(commit));
    }

    fn inquire(&mut self, txn: TxnId) -> Result<CommandReply> {
        if let Some(ended) = intent::outcome(&self.above(), self.partition, txn)? {
            return Ok(CommandReply::Ended(ended));
        }
        match intent::read(&self.above(), self.partition, txn)? {
            Some(intent) => Ok(CommandReply::Prepared(intent.stamp)),
            None => {
                self.remember(txn, None);
                Ok(CommandReply::Ended(None))
            }
        }
    }

    fn expire(&mut self, keys: &[Key]) -> Result<CommandReply> {
        let mut removed = 0;
        for (ordinal, key) in keys.iter().enumerate() {
            if self.state.prepared.clash(&[], &[(key.clone(), Op::Delete)]) {
                continue; // its turn comes again after the transaction
            }
            let stamp = self.stamp.nth(ordinal as u64);
            let mut overlay = self.overlay(stamp);
            let stored = head::stored(&overlay, key)?;
            if let Some(old) = stored.filter(|head| head.is_expired(stamp.ms())) {
                head::store(&mut overlay, key, Some(&old), None, "expired");
                removed += 1;
            }
        }
        Ok(CommandReply::Removed(removed))
    }

    /// Removes heads one by one, so that counters, deadlines and changes follow;
    /// then index entries. Refused while a transaction is prepared that writes
    /// or has read there: its promise must stay possible.
    fn clear(&mut self, collection: CollectionId, limit: u64) -> Result<CommandReply> {
        if self.state.prepared.touches(collection) {
            return Ok(CommandReply::Refused(OpError::Moved));
        }
        let limit = usize::try_from(limit)
            .ok()
            .filter(|limit| *limit > 0)
            .unwrap_or(usize::MAX);
        let (first, to) = self.state.heads(collection);
        let from = self.clear_from(collection, Tag::Head, &first);
        let mut doomed = Vec::new();
        let mut last = None;
        for row in self.above().scan(&from, &to, false).take(limit) {
            let (row_key, row) = row?;
            doomed.extend(layout::parse_head(&row_key).map(|key| (key, row)));
            last = Some(row_key);
        }
        if let Some(last) = last {
            self.state.cleared.reached(collection, Tag::Head, last);
        }
        for (key, row) in &doomed {
            let old = head::Head::decode(row.stamp, row.value.clone())?;
            let mut overlay = self.overlay(self.stamp);
            head::store(&mut overlay, key, Some(&old), None, "del");
        }
        let entries = self.clear_index(collection, limit.saturating_sub(doomed.len()))?;
        let removed = doomed.len() + entries;
        if removed < limit {
            self.state.cleared.forget(collection);
        }
        Ok(CommandReply::Removed(removed as u64))
    }

    /// Where clearing starts: where it was, unless this entry itself has written before.
    fn clear_from(&self, collection: CollectionId, tag: Tag, first: &[u8]) -> Bytes {
        let start = self.state.cleared.start(collection, tag, first);
        match self.writes.puts_between(first, &start) {
            true => Bytes::copy_from_slice(first),
            false => start,
        }
    }

    /// Entries of a dropped index. They lie in the order of their values, so
    /// whichever partition comes first removes them.
    fn clear_index(&mut self, collection: CollectionId, limit: usize) -> Result<usize> {
        let first = layout::index_prefix(collection, &[]);
        let to = layout::end_of(&first);
        let from = self.clear_from(collection, Tag::Index, &first);
        let rows: Vec<Bytes> = self
            .above()
            .scan(&from, &to, false)
            .take(limit)
            .map(|row| row.map(|(key, _)| key))
            .collect::<Result<_>>()?;
        if let Some(last) = rows.last() {
            let last = last.clone();
            self.state.cleared.reached(collection, Tag::Index, last);
        }
        for row in &rows {
            self.overlay(self.stamp).delete(row.clone());
        }
        Ok(rows.len())
    }
}
