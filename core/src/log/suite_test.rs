//! The Raft library's own tests of a log storage, as far as they apply: those
//! that fold entries which were never appended do not.

use std::future::Future;
use std::io;
use std::sync::Arc;

use openraft::StorageError;
use openraft::testing::log::{StoreBuilder, Suite};
use stele_placement::PartitionId;

use super::LogOptions;
use super::failure::{Failure, Guard};
use super::fixture::Appender;
use super::group::Group;
use super::handle::Inner;
use super::journal::Journal;
use super::machine::Applier;
use super::start;
use super::storage::Storage;
use super::types::Config;
use super::writer::Writer;
use crate::env::RealEnv;
use crate::record::{Clock, Stamp};
use crate::store::{Memory, Store};

const GROUP: PartitionId = PartitionId(1);

struct Fresh;

impl StoreBuilder<Config, Storage, Applier, Arc<Inner>> for Fresh {
    async fn build(&self) -> Result<(Arc<Inner>, Storage, Applier), StorageError<Config>> {
        Ok(fresh())
    }
}

/// An empty log with its writer.
fn fresh() -> (Arc<Inner>, Storage, Applier) {
    let options = LogOptions::default();
    let store: Arc<dyn Store> = Arc::new(Memory::new());
    let env = Arc::new(RealEnv);
    let clock = Arc::new(Clock::new(env.clone(), 1, Stamp::ZERO));
    clock.raise_bound(Stamp::MAX);
    let failure = Failure::new();
    let machine = Appender::new(store.clone());
    let writer = Writer::new(
        store.clone(),
        machine,
        clock.clone(),
        env.clone(),
        failure.clone(),
        &options,
    );
    let group = Group::new(GROUP, clock, &options);
    let inner = Arc::new(Inner {
        writer: writer.clone(),
        failure: failure.clone(),
        groups: [(GROUP, group.clone())].into(),
        running: Default::default(),
    });
    let env: crate::env::SharedEnv = env;
    start::writer(&inner, &env, &options).expect("starts");
    let journal = Arc::new(Journal::recover(store, GROUP, 0).expect("an empty log"));
    let applier = Applier {
        journal: journal.clone(),
        group: group.clone(),
        writer: writer.clone(),
        snapshot: None,
    };
    let storage = Storage {
        journal,
        group,
        writer,
        member: 0,
        fused: false,
        _guard: Guard::new(failure, "a test"),
    };
    (inner, storage, applier)
}

async fn check<F>(test: impl FnOnce(Storage, Applier) -> F)
where
    F: Future<Output = Result<(), io::Error>>,
{
    let (inner, storage, applier) = fresh();
    test(storage, applier)
        .await
        .expect("the library is content");
    drop(inner);
}

type Tests = Suite<Config, Storage, Applier, Fresh, Arc<Inner>>;

#[tokio::test]
async fn the_librarys_own_tests_of_a_log_pass() {
    tokio::join!(
        check(Tests::last_membership_in_log_initial),
        check(Tests::last_membership_in_log),
        check(Tests::last_membership_in_log_multi_step),
        check(Tests::get_membership_initial),
        check(Tests::get_membership_from_log_and_empty_sm),
        check(Tests::get_initial_state_without_init),
        check(Tests::get_initial_state_log_ids),
        check(Tests::save_vote),
        check(Tests::get_log_entries),
        check(Tests::limited_get_log_entries),
        check(Tests::leader_bounded_stream),
        check(Tests::entries_stream),
        check(Tests::try_get_log_entry),
        check(Tests::log_reader_reads_new_entries),
        check(Tests::initial_logs),
        check(Tests::get_log_state),
        check(Tests::get_log_id),
        check(Tests::last_id_in_log),
    );
}

#[tokio::test]
async fn the_librarys_own_tests_of_truncation_and_purging_pass() {
    tokio::join!(
        check(Tests::purge_logs_upto_0),
        check(Tests::purge_logs_upto_5),
        check(Tests::purge_logs_upto_20),
        check(Tests::delete_logs_after_11),
        check(Tests::delete_logs_after_5),
        check(Tests::delete_logs_after_0),
        check(Tests::delete_logs_after_none),
        check(Tests::append_to_log),
    );
}
