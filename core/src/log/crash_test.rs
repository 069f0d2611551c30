//! A crash never loses an answered `Always`, and what survives is a prefix.

use std::sync::Arc;

use proptest::prelude::*;

use super::LogOptions;
use super::fixture::{Bench, text};
use crate::record::Fsync;
use crate::store::{Memory, Store};

#[derive(Clone, Debug)]
struct Step {
    group: u16,
    /// Proposals made at once.
    pieces: u8,
    fsync: Fsync,
}

fn step() -> impl Strategy<Value = Step> {
    let fsync = prop_oneof![Just(Fsync::Off), Just(Fsync::EverySec), Just(Fsync::Always)];
    (0u16..3, 1u8..4, fsync).prop_map(|(group, pieces, fsync)| Step {
        group,
        pieces,
        fsync,
    })
}

/// Runs the steps; answers what each group holds, and what must survive.
async fn run(bench: &Bench, steps: &[Step], at: usize) -> (Vec<String>, Vec<usize>) {
    let mut safe = vec![0; 3];
    for (n, step) in steps.iter().enumerate() {
        let pieces: Vec<String> = (0..step.pieces).map(|p| format!("{at}.{n}.{p} ")).collect();
        let group = step.group;
        let adds = pieces
            .iter()
            .map(|piece| bench.add(group, "k", piece, step.fsync));
        for done in futures::future::join_all(adds).await {
            done.expect("done");
        }
        if step.fsync == Fsync::Always {
            // One journal: whatever was answered before is safe too.
            for group in 0..3 {
                safe[usize::from(group)] = bench.text(group, "k").len();
            }
        }
    }
    ((0..3).map(|group| bench.text(group, "k")).collect(), safe)
}

fn scenario(fused: bool, lives: Vec<(Vec<Step>, f64)>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.expect("a runtime").block_on(async {
        let mut store = Arc::new(Memory::new());
        for (at, (steps, luck)) in lives.into_iter().enumerate() {
            // The second life of a log may be led the other way.
            let options = LogOptions {
                fused: fused ^ (at % 2 == 1),
                ..LogOptions::default()
            };
            let bench = Bench::open(store.clone(), options.clone())
                .await
                .expect("opens");
            let (full, safe) = run(&bench, &steps, at).await;
            let survivors = (store.unsynced() as f64 * luck) as usize;
            let crashed = Arc::new(store.crash(survivors));
            drop(bench);
            let bench = Bench::open(crashed.clone(), options)
                .await
                .expect("opens again");
            for group in 0..3u16 {
                let (left, full) = (bench.text(group, "k"), &full[usize::from(group)]);
                assert!(full.starts_with(&left), "{left:?} is no prefix of {full:?}");
                assert!(
                    left.len() >= safe[usize::from(group)],
                    "lost: {left:?} of {full:?}"
                );
                assert!(left.is_empty() || left.ends_with(' '), "half a proposal");
            }
            drop(bench);
            store = crashed;
        }
        assert_eq!(text(&*store, 9, "k"), "");
        store.sync().expect("synced");
    });
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn a_crash_loses_nothing_that_was_answered_as_durable(
        fused: bool,
        lives in prop::collection::vec((prop::collection::vec(step(), 0..12), 0.0..=1.0), 1..4),
    ) {
        scenario(fused, lives);
    }
}
