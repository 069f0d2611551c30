//! Removing messages: by number, by age, by subject, and what a limit pushes out.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::super::Reply;
use super::super::elements::Elements;
use super::super::held::{Held, Stop, int};
use super::read::{Counted, Stream};
use super::state::{State, existing};
use super::{BY_SUBJECT, DUE, MESSAGE, SUBJECT, StreamRefusal};
use crate::error::Result;
use crate::record::overlay::Overlay;
use crate::record::{Head, Key};

/// Which messages to remove.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Removal {
    /// Those with these numbers.
    Sequences(Vec<u64>),
    /// Those put in at or before a time, oldest first.
    Older {
        /// Milliseconds since the Unix epoch.
        ms: u64,
        /// At most so many.
        limit: u64,
    },
    /// Those of a subject, oldest first.
    Purge {
        /// Which subjects; empty = all.
        pattern: Bytes,
        /// Only those with a smaller number.
        below: u64,
        /// But the last so many of them.
        keep: u64,
        /// At most so many.
        limit: u64,
    },
    /// Those whose own time is over.
    Due {
        /// At most so many.
        limit: u64,
    },
}

/// Removes messages. `Int` = how many.
pub(in crate::op) fn remove(
    held: &Held<'_>,
    rows: &mut Overlay<'_>,
    removal: &Removal,
) -> Result<Reply, Stop> {
    let (mut head, state) = existing(held)?;
    if state.limits.sealed {
        return Err(StreamRefusal::Sealed.into());
    }
    let before = state.removed;
    let mut remover = Remover::new(held.key(), &head, rows, state);
    let doomed = remover.doomed(removal)?;
    if let Removal::Due { .. } = removal {
        remover.forget_due(doomed.len())?;
    }
    for seq in doomed {
        remover.remove(seq)?;
    }
    remover.jump_if_empty();
    let state = remover.state;
    let removed = state.removed - before;
    state.write_to(&mut head)?;
    rows.put_head(held.key(), &head);
    Ok(int(removed))
}

/// A stream that loses messages, its state kept up to date.
pub(super) struct Remover<'r, 'o> {
    pub rows: &'r mut Overlay<'o>,
    pub elements: Elements,
    pub state: State,
}

impl<'r, 'o> Remover<'r, 'o> {
    pub fn new(key: &Key, head: &Head, rows: &'r mut Overlay<'o>, state: State) -> Self {
        let elements = Elements::of(key, head);
        Self {
            rows,
            elements,
            state,
        }
    }

    fn stream(&self) -> Stream<'_> {
        Stream::over(&*self.rows, self.elements.clone(), self.state.clone())
    }

    /// The numbers of the messages a removal means.
    fn doomed(&self, removal: &Removal) -> Result<Vec<u64>> {
        let bounded = |limit: u64| usize::try_from(limit).unwrap_or(usize::MAX);
        match removal {
            Removal::Sequences(seqs) => Ok(seqs.clone()),
            Removal::Older { ms, limit } => {
                let stream = self.stream();
                let due = stream.from(self.state.first_seq).take(bounded(*limit));
                let mut seqs = Vec::new();
                for message in due {
                    let message = message?;
                    if message.stamp.ms() > *ms {
                        break;
                    }
                    seqs.push(message.seq);
                }
                Ok(seqs)
            }
            // What was removed before its time leaves an entry that means nothing.
            Removal::Due { limit } => {
                let due = self.stream().due(self.rows.stamp().ms(), bounded(*limit))?;
                Ok(due.into_iter().map(|(_, seq)| seq).collect())
            }
            Removal::Purge {
                pattern,
                below,
                keep,
                limit,
            } => {
                let mut seqs = self.stream().seqs_of(pattern, 0)?;
                let kept = seqs.len().saturating_sub(bounded(*keep));
                seqs.truncate(kept);
                seqs.retain(|seq| seq < below);
                seqs.truncate(bounded(*limit));
                Ok(seqs)
            }
        }
    }

    /// Removes one message, if it is there.
    pub fn remove(&mut self, seq: u64) -> Result<()> {
        let Some(message) = self.stream().message(seq)? else {
            return Ok(());
        };
        let (number, subject) = (seq.to_be_bytes(), message.subject.clone());
        self.rows.delete(self.elements.row(MESSAGE, &[&number]));
        let entry = self.elements.row(BY_SUBJECT, &[&subject, &[0], &number]);
        self.rows.delete(entry);
        self.uncount(&subject, seq)?;
        self.state.messages = self.state.messages.saturating_sub(1);
        self.state.bytes = self.state.bytes.saturating_sub(message.size());
        self.state.removed += 1;
        if seq == self.state.first_seq {
            self.state.first_seq = self.first_after(seq)?;
        }
        Ok(())
    }

    fn forget_due(&mut self, count: usize) -> Result<()> {
        let due = self.stream().due(self.rows.stamp().ms(), count)?;
        for (ms, seq) in due {
            let name = [ms.to_be_bytes(), seq.to_be_bytes()].concat();
            self.rows.delete(self.elements.row(DUE, &[&name]));
        }
        Ok(())
    }

    /// An empty stream begins where the next message will be.
    fn jump_if_empty(&mut self) {
        if self.state.messages == 0 {
            self.state.first_seq = self.state.last_seq + 1;
        }
    }

    fn first_after(&self, seq: u64) -> Result<u64> {
        if self.state.messages == 0 {
            return Ok(self.state.last_seq + 1);
        }
        // Nearly always the next number is there: one look instead of a search.
        let next = self.elements.row(MESSAGE, &[&(seq + 1).to_be_bytes()]);
        if crate::record::rows::Rows::get(&*self.rows, &next)?.is_some() {
            return Ok(seq + 1);
        }
        let stream = self.stream();
        let found = stream.from(seq + 1).next().transpose()?;
        Ok(found.map_or(self.state.last_seq + 1, |message| message.seq))
    }

    fn uncount(&mut self, subject: &[u8], seq: u64) -> Result<()> {
        let Some(mut known) = Counted::read(self.rows, &self.elements, subject)? else {
            return Ok(());
        };
        let row = self.elements.row(SUBJECT, &[subject]);
        known.count = known.count.saturating_sub(1);
        if known.count == 0 {
            self.state.subjects = self.state.subjects.saturating_sub(1);
            self.rows.delete(row);
            return Ok(());
        }
        if known.last_seq == seq {
            known.last_seq = self.stream().last_entry(subject)?.unwrap_or(0);
        }
        self.rows.put(row, known.encode());
        Ok(())
    }

    pub fn remove_all(&mut self) -> Result<()> {
        for seq in self.stream().seqs_of(b"", 0)? {
            self.remove(seq)?;
        }
        Ok(())
    }

    /// Removes all messages of a subject but the last `keep`.
    pub fn remove_subject(&mut self, subject: &[u8], keep: u64) -> Result<()> {
        let known = Counted::read(self.rows, &self.elements, subject)?;
        let excess = known.map_or(0, |known| known.count).saturating_sub(keep);
        let excess = usize::try_from(excess).unwrap_or(usize::MAX);
        let seqs: Vec<u64> = {
            let stream = self.stream();
            let entries = stream.entries(subject, 0).take(excess);
            entries.collect::<Result<_>>()?
        };
        for seq in seqs {
            self.remove(seq)?;
        }
        Ok(())
    }

    pub fn keep_subject_limit(&mut self, subject: &[u8]) -> Result<()> {
        match self.state.limits.per_subject_max {
            0 => Ok(()),
            limit => self.remove_subject(subject, limit),
        }
    }

    /// After the limit has changed: every subject that has too many.
    pub fn keep_subject_limits(&mut self) -> Result<()> {
        let limit = self.state.limits.per_subject_max;
        if limit == 0 || self.state.messages == 0 {
            return Ok(());
        }
        let full: Vec<Bytes> = {
            let stream = self.stream();
            let subjects = stream.subjects(b"");
            subjects
                .filter(|found| {
                    found
                        .as_ref()
                        .map_or(true, |(_, known)| known.count > limit)
                })
                .map(|found| found.map(|(subject, _)| subject))
                .collect::<Result<_>>()?
        };
        for subject in full {
            self.remove_subject(&subject, limit)?;
        }
        Ok(())
    }

    /// Drops the oldest messages until the limits are kept.
    pub fn keep_limits(&mut self) -> Result<()> {
        let exceeds = |limit: u64, value: u64| limit > 0 && value > limit;
        while self.state.messages > 0
            && (exceeds(self.state.limits.messages_max, self.state.messages)
                || exceeds(self.state.limits.bytes_max, self.state.bytes))
        {
            let first = self.state.first_seq;
            self.remove(first)?;
            if self.state.first_seq == first {
                break; // nothing there: never mind, but never for ever
            }
        }
        Ok(())
    }
}
