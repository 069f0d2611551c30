//! Reading a stream: by number, by subject, in order.

use bytes::Bytes;

use super::super::elements::Elements;
use super::super::held::{Answer, find};
use super::append::{pair, read_pair};
use super::message::StreamMessage;
use super::state::State;
use super::{BY_SUBJECT, DUE, MESSAGE, SUBJECT};
use crate::error::{Error, Result};
use crate::record::layout;
use crate::record::rows::Rows;
use crate::record::{Head, Key, Kind, subject};

/// Up to so many matching subjects are looked up one by one; a pattern that
/// matches more is answered by reading messages.
const SUBJECT_COUNT_MAX: usize = 64;

/// What is known of a subject.
pub type SubjectCount = Counted;

/// How many messages a subject has, and the last of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counted {
    /// How many.
    pub count: u64,
    /// The last one's number.
    pub last_seq: u64,
}

impl Counted {
    pub(super) fn read(
        rows: &dyn Rows,
        elements: &Elements,
        subject: &[u8],
    ) -> Result<Option<Self>> {
        let stored = elements.get(rows, SUBJECT, subject)?;
        stored.map(|stored| Self::decode(&stored)).transpose()
    }

    pub(super) fn encode(self) -> Vec<u8> {
        pair(self.count, self.last_seq)
    }

    fn decode(stored: &[u8]) -> Result<Self> {
        let (count, last_seq) = read_pair(stored)?;
        Ok(Self { count, last_seq })
    }
}

/// A stream, open for reading.
pub struct Stream<'a> {
    rows: &'a dyn Rows,
    elements: Elements,
    state: State,
}

/// Opens a stream; `None` if there is none.
pub fn open<'a>(rows: &'a dyn Rows, key: &Key, now_ms: u64) -> Answer<Option<Stream<'a>>> {
    Ok(match find(rows, key, now_ms, Kind::Stream)? {
        Ok(Some(head)) => Ok(Some(Stream::new(rows, key, &head)?)),
        Ok(None) => Ok(None),
        Err(refusal) => Err(refusal),
    })
}

impl<'a> Stream<'a> {
    /// The stream under a head, which must be one.
    pub fn new(rows: &'a dyn Rows, key: &Key, head: &Head) -> Result<Self> {
        let state = State::of(head)?;
        Ok(Self::over(rows, Elements::of(key, head), state))
    }

    pub(super) fn over(rows: &'a dyn Rows, elements: Elements, state: State) -> Self {
        Self {
            rows,
            elements,
            state,
        }
    }

    /// How far it has come.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// The message with a number.
    pub fn message(&self, seq: u64) -> Result<Option<StreamMessage>> {
        let row = self.elements.row(MESSAGE, &[&seq.to_be_bytes()]);
        match self.rows.get(&row)? {
            Some(row) => StreamMessage::decode(seq, row.stamp, row.value).map(Some),
            None => Ok(None),
        }
    }

    /// Messages in order, from a number on.
    pub fn from(&self, seq: u64) -> impl Iterator<Item = Result<StreamMessage>> + Send + use<'a> {
        let from = self.elements.row(MESSAGE, &[&seq.to_be_bytes()]);
        let to = self.elements.end(MESSAGE);
        let found = (seq <= self.state.last_seq).then(|| self.rows.scan(&from, &to, false));
        found.into_iter().flatten().map(|row| {
            let (key, row) = row?;
            StreamMessage::decode(tail(&key)?, row.stamp, row.value)
        })
    }

    /// Messages in reverse order, from a number on.
    pub fn before(&self, seq: u64) -> impl Iterator<Item = Result<StreamMessage>> + Send + use<'a> {
        let from = self.elements.row(MESSAGE, &[]);
        let to = match seq.checked_add(1) {
            Some(next) => self.elements.row(MESSAGE, &[&next.to_be_bytes()]),
            None => self.elements.end(MESSAGE),
        };
        self.rows.scan(&from, &to, true).map(|row| {
            let (key, row) = row?;
            StreamMessage::decode(tail(&key)?, row.stamp, row.value)
        })
    }

    /// The first message from a number on whose subject a pattern lets through;
    /// empty = any.
    pub fn next(&self, pattern: &[u8], seq: u64) -> Result<Option<StreamMessage>> {
        if seq > self.state.last_seq {
            return Ok(None);
        }
        if pattern.is_empty() || pattern == b">" {
            return self.from(seq).next().transpose();
        }
        match self.few_subjects(pattern)? {
            Some(subjects) => {
                let mut first: Option<u64> = None;
                for subject in subjects {
                    let next = self.entries(&subject, seq).next().transpose()?;
                    first = first.into_iter().chain(next).min();
                }
                first.map_or(Ok(None), |seq| self.message(seq))
            }
            None => {
                let is_match = |message: &Result<StreamMessage>| match message {
                    Ok(message) => subject::matches(pattern, &message.subject),
                    Err(_) => true,
                };
                self.from(seq).find(is_match).transpose()
            }
        }
    }

    /// The subjects a pattern means, unless they are many.
    fn few_subjects(&self, pattern: &[u8]) -> Result<Option<Vec<Bytes>>> {
        if !subject::is_wildcard(pattern) {
            return Ok(Some(vec![Bytes::copy_from_slice(pattern)]));
        }
        let found: Vec<Bytes> = self
            .subjects(pattern)
            .take(SUBJECT_COUNT_MAX + 1)
            .map(|found| found.map(|(subject, _)| subject))
            .collect::<Result<_>>()?;
        Ok((found.len() <= SUBJECT_COUNT_MAX).then_some(found))
    }

    /// The last message of a subject, or of all that a pattern lets through.
    pub fn last(&self, pattern: &[u8]) -> Result<Option<StreamMessage>> {
        let mut last: Option<u64> = None;
        if subject::is_wildcard(pattern) {
            for found in self.subjects(pattern) {
                last = last.max(Some(found?.1.last_seq));
            }
        } else {
            last = self.subject(pattern)?.map(|known| known.last_seq);
        }
        last.map_or(Ok(None), |seq| self.message(seq))
    }

    /// What is known of a subject.
    pub fn subject(&self, subject: &[u8]) -> Result<Option<SubjectCount>> {
        Counted::read(self.rows, &self.elements, subject)
    }

    /// The subjects that a pattern lets through, in order; empty = all.
    pub fn subjects<'p>(
        &self,
        pattern: &'p [u8],
    ) -> impl Iterator<Item = Result<(Bytes, SubjectCount)>> + use<'a, 'p> {
        // Up to its first wildcard a pattern is a prefix.
        let is_any = pattern.is_empty();
        let wild = pattern.iter().position(|byte| matches!(byte, b'*' | b'>'));
        let prefix = pattern.get(..wild.unwrap_or(pattern.len()));
        let from = self.elements.row(SUBJECT, &[prefix.unwrap_or_default()]);
        let to = layout::end_of(&from);
        let found = self.elements.scan(self.rows, &from, &to, false);
        found.filter_map(move |found| match found {
            Ok((name, _)) if !is_any && !subject::matches(pattern, &name) => None,
            Ok((name, stored)) => Some(Counted::decode(&stored).map(|known| (name, known))),
            Err(error) => Some(Err(error)),
        })
    }

    /// How many messages from a number on a pattern lets through; empty = all.
    pub fn count(&self, pattern: &[u8], from: u64) -> Result<u64> {
        let state = &self.state;
        if from > state.last_seq || state.messages == 0 {
            return Ok(0);
        }
        let is_any = pattern.is_empty() || pattern == b">";
        if from <= state.first_seq {
            return match is_any {
                true => Ok(state.messages),
                false => self
                    .subjects(pattern)
                    .try_fold(0, |sum, found| Ok(sum + found?.1.count)),
            };
        }
        if is_any && state.messages == state.last_seq - state.first_seq + 1 {
            return Ok(state.last_seq - from + 1);
        }
        Ok(self.seqs_of(pattern, from)?.len() as u64)
    }

    /// The numbers, from one on and in order, of what a pattern lets through.
    pub fn seqs_of(&self, pattern: &[u8], from: u64) -> Result<Vec<u64>> {
        if pattern.is_empty() || pattern == b">" {
            return self
                .from(from)
                .map(|message| message.map(|message| message.seq))
                .collect();
        }
        let mut seqs = Vec::new();
        if subject::is_wildcard(pattern) {
            for found in self.subjects(pattern) {
                for seq in self.entries(&found?.0, from) {
                    seqs.push(seq?);
                }
            }
            seqs.sort_unstable();
        } else {
            for seq in self.entries(pattern, from) {
                seqs.push(seq?);
            }
        }
        Ok(seqs)
    }

    /// The numbers of a subject's messages, from one on.
    pub fn entries(
        &self,
        subject: &[u8],
        from: u64,
    ) -> impl Iterator<Item = Result<u64>> + Send + use<'a> {
        let first = self
            .elements
            .row(BY_SUBJECT, &[subject, &[0], &from.to_be_bytes()]);
        let end = self.elements.row(BY_SUBJECT, &[subject, &[1]]);
        let found = self.elements.scan(self.rows, &first, &end, false);
        found.map(|found| tail(&found?.0))
    }

    /// Messages whose own time ends at or before a moment: when, and their numbers.
    pub fn due(&self, now_ms: u64, limit: usize) -> Result<Vec<(u64, u64)>> {
        let from = self.elements.row(DUE, &[]);
        let end = now_ms.saturating_add(1).to_be_bytes();
        let to = self.elements.row(DUE, &[&end]);
        let found = self.elements.scan(self.rows, &from, &to, false);
        found
            .take(limit)
            .map(|found| read_pair(&found?.0))
            .collect()
    }

    pub(super) fn last_entry(&self, subject: &[u8]) -> Result<Option<u64>> {
        let first = self.elements.row(BY_SUBJECT, &[subject, &[0]]);
        let end = self.elements.row(BY_SUBJECT, &[subject, &[1]]);
        let mut found = self.elements.scan(self.rows, &first, &end, true);
        found.next().map(|found| tail(&found?.0)).transpose()
    }
}

/// The number at the end of a row's key.
fn tail(key: &[u8]) -> Result<u64> {
    let at = key.len().checked_sub(8);
    let bytes = at.and_then(|at| key.get(at..)?.try_into().ok());
    bytes
        .map(u64::from_be_bytes)
        .ok_or_else(|| Error::corrupt("a stream's row has no number"))
}
