//! The log's promises, over a store in memory.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use futures::future::join_all;
use stele_placement::PartitionId;

use super::fixture::{Bench, Held, append, text};
use super::{Log, LogOptions};
use crate::env::SimulatedEnv;
use crate::error::ErrorKind;
use crate::op::{CommandReply, Reply};
use crate::record::Fsync::{Always, EverySec, Off};
use crate::record::Stamp;
use crate::store::{Family, Memory, Store};

fn options() -> LogOptions {
    LogOptions::default()
}

fn unfused() -> LogOptions {
    LogOptions {
        fused: false,
        ..options()
    }
}

async fn until(condition: impl Fn() -> bool) {
    while !condition() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn what_was_proposed_is_there_after_a_restart() {
    for options in [options(), unfused()] {
        let store: Arc<dyn Store> = Arc::new(Memory::new());
        let bench = Bench::open(store.clone(), options.clone())
            .await
            .expect("opens");
        for (group, piece) in [(1, "a"), (2, "b"), (1, "c")] {
            bench.add(group, "k", piece, EverySec).await.expect("done");
        }
        bench.log.close().await.expect("closes");
        let bench = Bench::open(store, options).await.expect("opens again");
        let done = bench.add(1, "k", "d", Always).await.expect("done");
        assert_eq!(done.reply, CommandReply::Each(vec![Ok(Reply::Int(3))]));
        assert_eq!(
            (bench.text(1, "k"), bench.text(2, "k")),
            ("acd".into(), "b".into())
        );
    }
}

#[tokio::test]
async fn a_log_dropped_without_closing_recovers() {
    let store: Arc<dyn Store> = Arc::new(Memory::new());
    for round in 0..3 {
        let bench = Bench::open(store.clone(), options()).await.expect("opens");
        bench
            .add(1, "k", &round.to_string(), Off)
            .await
            .expect("done");
    }
    assert_eq!(text(&*store, 1, "k"), "012");
}

#[tokio::test]
async fn fused_and_unfused_logs_fold_to_the_same_rows_and_answers() {
    let mut seen = Vec::new();
    for options in [options(), unfused()] {
        let bench = Bench::open(Arc::new(Memory::new()), options)
            .await
            .expect("opens");
        let mut replies = Vec::new();
        // Waves small enough to be queued in order, whatever the runtime does.
        for wave in 0..10 {
            let proposals = (0..20).map(|n| {
                let (group, key) = (1 + n % 2, format!("k{}", n % 7));
                let bench = &bench;
                async move { bench.add(group, &key, &format!("{wave}.{n},"), Off).await }
            });
            let done = join_all(proposals).await.into_iter();
            replies.extend(done.map(|done| done.expect("done").reply));
        }
        let texts: Vec<_> = (0..7).map(|k| bench.text(1, &format!("k{k}"))).collect();
        let published = bench.machine.published.lock();
        let ones = published.iter().filter(|(group, _)| group.0 == 1);
        assert!(
            ones.is_sorted_by_key(|(_, index)| *index),
            "published in order"
        );
        seen.push((replies, texts));
    }
    assert_eq!(seen.first(), seen.last());
}

#[tokio::test]
async fn a_log_goes_on_fused_where_it_stopped_unfused_and_back() {
    let store: Arc<dyn Store> = Arc::new(Memory::new());
    let mut expected = String::new();
    for (round, options) in [unfused(), options(), unfused(), options()]
        .into_iter()
        .enumerate()
    {
        let bench = Bench::open(store.clone(), options).await.expect("opens");
        for n in 0..5 {
            let piece = format!("{round}.{n} ");
            bench.add(2, "k", &piece, Off).await.expect("done");
            expected += &piece;
        }
        assert_eq!(bench.text(2, "k"), expected);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn proposals_to_different_groups_share_one_write() {
    let store = Arc::new(Held::default());
    let bench = Arc::new(Bench::open(store.clone(), options()).await.expect("opens"));
    store.close();
    let propose = |group| {
        let bench = bench.clone();
        #[allow(clippy::disallowed_methods)] // a test's own task
        tokio::spawn(async move { bench.add(group, "k", "x", Always).await })
    };
    let first = propose(0);
    until(|| store.inside.load(Ordering::SeqCst)).await;
    let before = store.writes.load(Ordering::SeqCst);
    let others = [propose(1), propose(2)];
    until(|| bench.log.waiting_requests() == 2).await;
    store.open();
    for done in [first].into_iter().chain(others) {
        done.await.expect("no panic").expect("done");
    }
    assert_eq!(store.writes.load(Ordering::SeqCst) - before, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_queue_lets_proposers_wait_outside() {
    let store = Arc::new(Held::default());
    let small = LogOptions {
        queue_ops_max: 2,
        ..options()
    };
    let bench = Bench::open(store.clone(), small).await.expect("opens");
    store.close();
    let proposals = join_all((0..20).map(|_| bench.add(1, "k", "x", Always)));
    let watch = async {
        until(|| store.inside.load(Ordering::SeqCst)).await;
        let most = bench.log.queued_commands(PartitionId(1));
        store.open();
        most
    };
    let (done, most) = tokio::join!(proposals, watch);
    assert!(most <= 2, "{most} waited inside");
    assert!(done.iter().all(Result::is_ok));
    assert_eq!(bench.text(1, "k").len(), 20);
}

#[tokio::test]
async fn large_commands_are_split_across_entries_or_refused() {
    let small = LogOptions {
        entry_bytes_max: 1_000,
        command_bytes_max: 5_000,
        ..options()
    };
    let bench = Bench::open(Arc::new(Memory::new()), small)
        .await
        .expect("opens");
    let text = "x".repeat(900);
    let done = join_all((0..4).map(|_| bench.add(1, "k", &text, Off))).await;
    let mut indexes: Vec<u64> = done
        .into_iter()
        .map(|done| done.expect("done").index)
        .collect();
    indexes.dedup();
    assert_eq!(indexes.len(), 4, "one entry each");
    let refused = bench
        .add(1, "k", &"x".repeat(5_001), Off)
        .await
        .expect_err("too large");
    assert_eq!(refused.kind, ErrorKind::Invalid);
}

#[tokio::test]
async fn old_entries_are_dropped_and_the_tail_is_kept() {
    let store: Arc<dyn Store> = Arc::new(Memory::new());
    let few = LogOptions {
        entries_kept: 100,
        ..options()
    };
    let entries = || {
        let (from, to) = crate::store::entry::entry_range(PartitionId(1));
        store.scan(Family::Log, &from, &to, false).count()
    };
    let bench = Bench::open(store.clone(), few.clone())
        .await
        .expect("opens");
    for _ in 0..1_000 {
        bench.add(1, "k", "x", Off).await.expect("done");
    }
    // Snapshots and purges are Raft's own business: wait for the one that is due.
    until(|| entries() < 300).await;
    assert!(entries() >= 100, "{} left", entries());
    drop(bench);
    let bench = Bench::open(store.clone(), few)
        .await
        .expect("opens without the first entries");
    bench.add(1, "k", "x", Off).await.expect("done");
    assert_eq!(bench.text(1, "k").len(), 1_001);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_stamped_before_a_settled_stamp_can_be_read() {
    let bench = Bench::open(Arc::new(Memory::new()), options())
        .await
        .expect("opens");
    let writer = async {
        let mut stamps = Vec::new();
        for _ in 0..500 {
            stamps.push(bench.add(1, "k", "x", Off).await.expect("done").stamp);
        }
        stamps
    };
    let reader = async {
        let mut seen: Vec<(Stamp, usize)> = Vec::new();
        for _ in 0..500 {
            let now = bench.clock.read();
            bench
                .log
                .settle(PartitionId(1), now)
                .await
                .expect("settles");
            seen.push((now, bench.text(1, "k").len()));
            tokio::task::yield_now().await;
        }
        seen
    };
    let (stamps, seen) = tokio::join!(writer, reader);
    for (now, length) in seen {
        let before = stamps.iter().filter(|stamp| **stamp <= now).count();
        assert!(length >= before, "{length} of {before} at {now}");
    }
}

#[tokio::test]
async fn stamps_rise_across_a_crash_even_if_the_wall_clock_is_set_back() {
    let store = Arc::new(Memory::new());
    let env = Arc::new(SimulatedEnv::new(1_700_000_000_000_000, 1));
    let bench = Bench::open_at(store.clone(), options(), env)
        .await
        .expect("opens");
    let before = bench.add(1, "k", "x", Off).await.expect("done").stamp;
    let read = bench.clock.read();
    let crashed = Arc::new(store.crash(0));
    let env = Arc::new(SimulatedEnv::new(1_000_000, 1));
    let bench = Bench::open_at(crashed, options(), env)
        .await
        .expect("opens again");
    let after = bench.add(1, "k", "x", Off).await.expect("done").stamp;
    assert!(
        after > before && after > read,
        "{after} after {before} and {read}"
    );
}

#[tokio::test]
async fn an_idle_node_can_still_write_when_the_clock_has_passed_its_bound() {
    let env = Arc::new(SimulatedEnv::new(1_700_000_000_000_000, 1));
    let bench = Bench::open_at(Arc::new(Memory::new()), options(), env.clone()).await;
    let bench = bench.expect("opens");
    let first = bench.add(1, "k", "x", Off).await.expect("done").stamp;
    env.set_us(1_800_000_000_000_000);
    let second = bench.add(1, "k", "x", Off).await.expect("done").stamp;
    assert!(second.ms() >= 1_800_000_000_000 && second > first);
}

#[tokio::test]
async fn a_failed_write_is_fatal_and_its_outcome_unknown() {
    let store = Arc::new(Held::default());
    let bench = Bench::open(store.clone(), options()).await.expect("opens");
    bench.add(1, "k", "x", Always).await.expect("done");
    store.broken.store(true, Ordering::SeqCst);
    let lost = bench.add(1, "k", "x", Always).await.expect_err("failed");
    assert_eq!(lost.kind, ErrorKind::Unknown);
    assert_eq!(bench.log.failure().await.message, "the disk is gone");
    store.broken.store(false, Ordering::SeqCst);
    let refused = bench.add(2, "k", "x", Always).await.expect_err("refused");
    assert_eq!(refused.kind, ErrorKind::Unavailable, "{refused}");
    let unsettled = bench.log.settle(PartitionId(1), Stamp::MAX).await;
    assert!(unsettled.is_err());
}

#[tokio::test]
async fn a_fold_that_fails_is_fatal() {
    for options in [options(), unfused()] {
        let bench = Bench::open(Arc::new(Memory::new()), options)
            .await
            .expect("opens");
        bench.machine.broken.store(true, Ordering::SeqCst);
        bench.add(1, "k", "x", Off).await.expect_err("failed");
        assert_eq!(bench.log.failure().await.kind, ErrorKind::Corrupt);
    }
}

#[tokio::test]
async fn a_panic_in_the_writer_does_not_pass_silently() {
    for fsync in [Off, Always] {
        let bench = Bench::open(Arc::new(Memory::new()), options())
            .await
            .expect("opens");
        bench.machine.panicking.store(true, Ordering::SeqCst);
        let lost = bench.add(1, "k", "x", fsync).await.expect_err("failed");
        assert_eq!(lost.kind, ErrorKind::Unknown);
        assert!(bench.log.failure().await.message.ends_with("has stopped"));
        assert!(bench.log.close().await.is_err(), "closes, and says why");
    }
}

#[tokio::test]
async fn a_closed_log_refuses() {
    let bench = Bench::open(Arc::new(Memory::new()), options())
        .await
        .expect("opens");
    bench.add(1, "k", "x", Off).await.expect("done");
    bench.log.close().await.expect("closes");
    let refused = bench.add(1, "k", "x", Off).await.expect_err("refused");
    assert_eq!(refused.kind, ErrorKind::Unavailable);
    bench.log.close().await.expect("closing twice is harmless");
}

#[tokio::test]
async fn a_group_of_another_node_is_refused() {
    let bench = Bench::open(Arc::new(Memory::new()), options())
        .await
        .expect("opens");
    let refused = bench
        .log
        .propose(PartitionId(77), append("k", "x"), Off)
        .await;
    assert_eq!(refused.expect_err("refused").kind, ErrorKind::Unavailable);
}

#[tokio::test]
async fn a_log_that_ends_before_its_mark_is_not_opened() {
    let folder = std::env::temp_dir().join(format!("stele-log-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let marked = LogOptions {
        mark: Some(folder.join("mark")),
        ..options()
    };
    let store = Arc::new(Memory::new());
    let bench = Bench::open(store.clone(), marked.clone())
        .await
        .expect("opens");
    bench.add(1, "k", "x", Always).await.expect("done");
    let early = Arc::new(store.crash(0));
    bench.add(1, "k", "y", Always).await.expect("done");
    bench.log.close().await.expect("closes");
    let error = Bench::open(early.clone(), marked.clone())
        .await
        .map(drop)
        .expect_err("refused");
    assert_eq!(error.kind, ErrorKind::Corrupt);
    assert!(
        error.message.contains("acknowledged writes are lost"),
        "{error}"
    );
    Bench::open(store, marked.clone())
        .await
        .expect("the whole log opens");
    std::fs::remove_file(folder.join("mark")).expect("removed");
    Bench::open(early, marked)
        .await
        .expect("opens without a mark");
    std::fs::remove_dir_all(&folder).expect("removed");
}

impl Log {
    fn waiting_requests(&self) -> usize {
        self.writer().0.waiting()
    }

    fn queued_commands(&self, group: PartitionId) -> usize {
        self.group(group).expect("here").queued()
    }
}
