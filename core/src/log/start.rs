//! Starting: what the store holds, what the mark says, and the first election.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures::future::try_join_all;
use openraft::SnapshotPolicy;
use stele_placement::PartitionId;

use super::failure::{Guard, spawn};
use super::handle::Inner;
use super::journal::Journal;
use super::machine::{Applier, Raft};
use super::mark::{Mark, MarkLine};
use super::network::NoPeers;
use super::round::start_thread;
use super::storage::Storage;
use super::{LogOptions, Machine, types};
use crate::env::SharedEnv;
use crate::error::{Error, Result};
use crate::record::Clock;
use crate::store::entry;
use crate::store::{Family, Store};

/// Logs by group.
pub(super) type Journals = BTreeMap<PartitionId, Arc<Journal>>;

/// Reads every log as it was left, refuses those that lost something, and
/// raises the clock above whatever was issued.
pub(super) fn recover(
    store: &Arc<dyn Store>,
    machine: &dyn Machine,
    clock: &Clock,
    groups: impl Iterator<Item = PartitionId>,
    options: &LogOptions,
) -> Result<Journals> {
    let mark = match &options.mark {
        Some(path) => Mark::load(path)?.unwrap_or_default(),
        None => Mark::default(),
    };
    if let Some(row) = store.get(Family::Meta, entry::CLOCK)? {
        clock.observe(entry::decode_clock(&row)?);
    }
    let mut journals = Journals::new();
    for group in groups {
        let journal = Journal::recover(store.clone(), group, machine.applied(group)?)?;
        if let Some(line) = mark.of(group) {
            compare(&journal, line)?;
        }
        clock.observe(journal.last_stamp()?);
        journals.insert(group, Arc::new(journal));
    }
    Ok(journals)
}

/// A log must hold at least what was once durable.
fn compare(journal: &Journal, line: &MarkLine) -> Result<()> {
    let (group, marked) = (line.group, line.last);
    let last = journal.bounds().1.map(|last| types::position(&last));
    if last < Some(marked) {
        let found = last.map_or("is empty".to_owned(), |last| {
            format!("ends at entry {} of term {}", last.index, last.term)
        });
        return Err(Error::corrupt(format!(
            "the log of {group} {found}, but entry {} of term {} was durable: acknowledged writes \
             are lost, probably to a damaged file. Restore a backup; to start without them, remove \
             the mark",
            marked.index, marked.term
        )));
    }
    let voted = journal.vote().map(|vote| types::vote_row(&vote));
    if let Some(promised) = line.vote
        && voted.map(|row| (row.term, row.elected)) < Some((promised.term, promised.elected))
    {
        return Err(Error::corrupt(format!(
            "{group} has forgotten its vote of term {}: its log was damaged",
            promised.term
        )));
    }
    Ok(())
}

/// Starts the writer and its timer, and makes the first bound of the clock
/// durable.
pub(super) fn writer(inner: &Arc<Inner>, env: &SharedEnv, options: &LogOptions) -> Result<()> {
    let shared = inner.writer.0.clone();
    inner.running.lock().thread = Some(start_thread(shared.clone(), &inner.failure)?);
    inner.endless("the log's writer", shared.clone().run_task());
    let (env, every) = (env.clone(), Duration::from_millis(options.sync_every_ms));
    inner.endless("the log's timer", async move {
        loop {
            shared.progress.timer.notified().await;
            env.sleep(every).await;
            shared.request_tick();
        }
    });
    let (failure, groups) = (inner.failure.clone(), inner.groups.clone());
    let shared = inner.writer.0.clone();
    inner.endless("the log's alarm", async move {
        let error = failure.wait().await;
        shared.fail(&error);
        for group in groups.values() {
            group.fail(&error);
        }
    });
    Ok(())
}

/// Starts every group and waits until all lead and have folded what they had.
pub(super) async fn groups(
    inner: &Arc<Inner>,
    journals: Journals,
    options: &LogOptions,
) -> Result<()> {
    unless_failed(inner, inner.writer.raise_clock()).await?;
    let starting = journals
        .into_values()
        .map(|journal| group(inner, journal, options));
    unless_failed(inner, try_join_all(starting)).await?;
    inner.writer.0.progress.write_mark()
}

async fn unless_failed<T>(inner: &Inner, work: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::select! {
        result = work => result,
        error = inner.failure.wait() => Err(error),
    }
}

async fn group(inner: &Arc<Inner>, journal: Arc<Journal>, options: &LogOptions) -> Result<()> {
    let id = journal.group;
    let Some(group) = inner.groups.get(&id).cloned() else {
        return Err(Error::unavailable(format!("{id} is not on this node")));
    };
    let last = journal.bounds().1.map(|last| types::position(&last));
    let vote = journal.vote().map(|vote| types::vote_row(&vote));
    inner.writer.0.progress.found(id, last, vote);
    let pristine = journal.is_pristine();
    let raft = raft(inner, journal, &group, options).await?;
    let member = options.member.0;
    let started = if pristine {
        let first = raft.initialize(BTreeSet::from([member])).await;
        first.map_err(|error| error.to_string())
    } else {
        // Nobody else could object, so there is no reason to wait for a timeout.
        let vote = raft.trigger().elect(false).await;
        vote.map_err(|error| error.to_string())
    };
    started.map_err(|error| Error::unavailable(format!("{id} does not start: {error}")))?;
    lead(&raft, id).await?;
    let task = group.run(raft.clone(), inner.writer.clone());
    let task = spawn(&inner.failure, format!("the proposals of {id}"), task);
    inner.running.lock().proposing.push(task);
    Ok(())
}

async fn raft(
    inner: &Arc<Inner>,
    journal: Arc<Journal>,
    group: &Arc<super::group::Group>,
    options: &LogOptions,
) -> Result<Raft> {
    let id = journal.group;
    let applier = Applier {
        journal: journal.clone(),
        group: group.clone(),
        writer: inner.writer.clone(),
        snapshot: None,
    };
    let storage = Storage {
        journal,
        group: group.clone(),
        writer: inner.writer.clone(),
        member: options.member.0,
        fused: options.fused,
        _guard: Guard::new(inner.failure.clone(), format!("the group {id}")),
    };
    let config = config(id, options)?;
    let raft = Raft::new(options.member.0, config, NoPeers, storage, applier)
        .await
        .map_err(|error| Error::corrupt(format!("{id} does not open: {error}")))?;
    inner.running.lock().rafts.push(raft.clone());
    Ok(raft)
}

async fn lead(raft: &Raft, id: PartitionId) -> Result<()> {
    let ready = |metrics: &openraft::RaftMetrics<types::Config>| {
        let applied = metrics.last_applied.map(|applied| applied.index);
        metrics.state.is_leader() && applied.is_some() && applied >= metrics.last_log_index
    };
    match raft.wait(None).metrics(ready, "leads").await {
        Ok(_) => Ok(()),
        Err(error) => Err(Error::unavailable(format!("{id} does not lead: {error}"))),
    }
}

fn config(id: PartitionId, options: &LogOptions) -> Result<Arc<openraft::Config>> {
    let config = openraft::Config {
        cluster_name: id.to_string(),
        heartbeat_interval: 500,
        heartbeat_min_interval: Some(400),
        election_timeout_min: 1_500,
        election_timeout_max: 3_000,
        enable_pre_vote: Some(true),
        // A log that was not synced may have lost its end: the same term must
        // not be used for other entries.
        enable_leader_restore: Some(false),
        snapshot_policy: SnapshotPolicy::LogsSinceLast((options.entries_kept / 4).max(64)),
        max_in_snapshot_log_to_keep: options.entries_kept,
        purge_batch_size: (options.entries_kept / 4).clamp(1, 4_096),
        api_channel_size: Some(1_024),
        notification_channel_size: Some(1_024),
        ..openraft::Config::default()
    };
    let config = config.validate();
    config
        .map(Arc::new)
        .map_err(|error| Error::invalid(format!("the options of the log: {error}")))
}
