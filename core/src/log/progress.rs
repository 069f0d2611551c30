//! How far each log is written, synced and marked; and when to do the next.

use std::collections::BTreeMap;
use std::path::PathBuf;

use parking_lot::Mutex;
use stele_placement::PartitionId;
use tokio::sync::Notify;

use super::LogOptions;
use super::mark::{Mark, MarkLine};
use super::types;
use super::writer::Request;
use crate::env::SharedEnv;
use crate::error::Result;
use crate::record::{Clock, Fsync, Stamp};
use crate::store::Store;
use crate::store::entry::{Position, VoteRow};

/// How far everything is.
pub(super) struct Progress {
    env: SharedEnv,
    mark: Option<PathBuf>,
    mark_every_us: u64,
    state: Mutex<State>,
    /// There is something to sync or to mark: start the timer.
    pub timer: Notify,
}

#[derive(Default)]
struct State {
    /// The last entry of each group in the store.
    written: BTreeMap<PartitionId, Position>,
    /// The last entry of each group that is durable.
    synced: BTreeMap<PartitionId, Position>,
    votes: BTreeMap<PartitionId, VoteRow>,
    /// There are writes that someone wants synced in a while.
    dirty: bool,
    /// A bound of the clock that is written, not synced.
    bound: Option<Stamp>,
    /// The mark says less than it could.
    stale: bool,
    marked_us: u64,
    timing: bool,
}

impl Progress {
    pub fn new(env: SharedEnv, options: &LogOptions) -> Self {
        Self {
            mark: options.mark.clone(),
            mark_every_us: options.mark_every_ms.saturating_mul(1000),
            state: Mutex::new(State {
                marked_us: env.now_us(),
                ..State::default()
            }),
            env,
            timer: Notify::new(),
        }
    }

    /// Notes where a group's log was found to end.
    pub fn found(&self, group: PartitionId, last: Option<Position>, vote: Option<VoteRow>) {
        let mut state = self.state.lock();
        if let Some(last) = last {
            state.written.insert(group, last);
        }
        if let Some(vote) = vote {
            state.votes.insert(group, vote);
        }
    }

    /// Notes what a round has written.
    pub fn wrote(&self, requests: &[Request], synced: bool) {
        let mut state = self.state.lock();
        let mut lasting = false;
        for request in requests {
            match request {
                Request::Append(append) => {
                    let Some(last) = append.entries.last() else {
                        continue;
                    };
                    let last = types::position(&last.log_id);
                    state.written.insert(append.group.id, last);
                    if synced {
                        state.synced.insert(append.group.id, last);
                    }
                    lasting |= append.wants_at_least(Fsync::EverySec);
                }
                Request::Rows(rows, _) => {
                    lasting = true;
                    if let Some(vote) = rows.vote {
                        state.votes.insert(rows.group, vote);
                    }
                }
                Request::Fold(..) | Request::Clock(_) => {}
            }
        }
        if synced {
            // A synced write takes everything before it along.
            state.after_sync();
        } else {
            state.dirty |= lasting;
        }
        self.start_timer(&mut state);
    }

    /// Notes that a bound of the clock is written; it counts once it is durable.
    pub fn bound_written(&self, clock: &Clock, bound: Stamp, synced: bool) {
        if synced {
            clock.raise_bound(bound);
            return;
        }
        let mut state = self.state.lock();
        state.bound = Some(bound);
        self.start_timer(&mut state);
    }

    /// A synced write took along whatever bound was on its way.
    pub fn bound_synced(&self, clock: &Clock) {
        if let Some(bound) = self.state.lock().bound.take() {
            clock.raise_bound(bound);
        }
    }

    /// Is a bound of the clock on its way to the disk?
    pub fn is_bound_pending(&self) -> bool {
        self.state.lock().bound.is_some()
    }

    fn start_timer(&self, state: &mut State) {
        let stale = state.stale && self.mark.is_some();
        if !state.timing && (state.dirty || state.bound.is_some() || stale) {
            state.timing = true;
            self.timer.notify_one();
        }
    }

    /// Syncs the store if anything needs that.
    pub fn sync(&self, store: &dyn Store, clock: &Clock) -> Result<()> {
        let (bound, written) = {
            let mut state = self.state.lock();
            state.timing = false;
            if !state.dirty && state.bound.is_none() {
                return Ok(());
            }
            state.dirty = false;
            // What is written from here on may miss this sync.
            (state.bound.take(), state.written.clone())
        };
        store.sync()?;
        self.state.lock().set_synced(written);
        if let Some(bound) = bound {
            clock.raise_bound(bound);
        }
        Ok(())
    }

    /// Writes the mark if it is old enough; otherwise sees to it that it will be.
    pub fn mark_if_due(&self) -> Result<()> {
        let now_us = self.env.now_us();
        let mut state = self.state.lock();
        if now_us.abs_diff(state.marked_us) >= self.mark_every_us {
            state.marked_us = now_us;
            drop(state);
            return self.write_mark();
        }
        self.start_timer(&mut state);
        Ok(())
    }

    /// Writes what is durable into the mark.
    pub fn write_mark(&self) -> Result<()> {
        let Some(path) = &self.mark else {
            return Ok(());
        };
        let mark = {
            let mut state = self.state.lock();
            if !state.stale {
                return Ok(());
            }
            state.stale = false;
            state.mark()
        };
        mark.save(path)
    }

    /// A group's log is about to lose its end: the mark must know first.
    pub fn truncate(&self, group: PartitionId, end: Option<Position>) -> Result<()> {
        {
            let mut state = self.state.lock();
            state.written.remove(&group);
            state.synced.remove(&group);
            if let Some(end) = end {
                state.written.insert(group, end);
                state.synced.insert(group, end);
            }
            state.stale = true;
        }
        self.write_mark()
    }
}

impl State {
    fn after_sync(&mut self) {
        if self.dirty {
            self.dirty = false;
            self.synced.clone_from(&self.written);
        }
        self.stale = true;
    }

    fn set_synced(&mut self, written: BTreeMap<PartitionId, Position>) {
        for (group, position) in written {
            let synced = self.synced.entry(group).or_insert(position);
            *synced = (*synced).max(position);
        }
        self.stale = true;
    }

    fn mark(&self) -> Mark {
        let lines = self.synced.iter().map(|(group, last)| MarkLine {
            group: *group,
            last: *last,
            vote: self.votes.get(group).copied(),
        });
        Mark {
            lines: lines.collect(),
        }
    }
}
