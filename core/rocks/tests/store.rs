//! The contract of a store, and what is RocksDB's own: reopening, locking,
//! damage.

use std::fs;
use std::path::Path;

use stele_core::error::ErrorKind;
use stele_core::store::{Family, Store, StoreBatch, StoreView, suite};
use stele_rocks::{Rocks, RocksOptions};

fn open(path: &Path) -> Rocks {
    Rocks::open(path, &RocksOptions::default()).expect("opens")
}

fn put(store: &Rocks, key: &str, sync: bool) {
    let mut batch = StoreBatch::default();
    batch.put(Family::Base, key.to_owned(), "1");
    store.write(batch, sync).expect("written");
}

fn has(store: &Rocks, key: &str) -> bool {
    let row = store.get(Family::Base, key.as_bytes()).expect("readable");
    row.is_some()
}

#[test]
fn rocks_keeps_the_contract() {
    let folder = tempfile::tempdir().expect("a folder");
    suite::run(&open(folder.path()));
}

#[test]
fn rows_are_there_after_reopening() {
    let folder = tempfile::tempdir().expect("a folder");
    for key in ["a", "b"] {
        put(&open(folder.path()), key, false);
    }
    let store = open(folder.path());
    assert!(has(&store, "a") && has(&store, "b"));
    assert!(store.size_bytes() > 0);
}

#[test]
fn a_snapshot_outlives_the_handle_of_the_store() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    put(&store, "a", false);
    let snapshot = store.snapshot();
    put(&store, "b", false);
    drop(store);
    assert_eq!(snapshot.scan(Family::Base, b"a", b"z", true).count(), 1);
}

#[test]
fn a_store_is_opened_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let _store = open(folder.path());
    let again = Rocks::open(folder.path(), &RocksOptions::default());
    let error = again.err().expect("refused");
    assert_eq!(error.message, "another process has this store open");
}

/// Cuts or flips the newest journal.
fn damage(folder: &Path, change: impl Fn(&mut Vec<u8>)) {
    let journals = fs::read_dir(folder).expect("readable").flatten();
    let journal = journals
        .map(|found| found.path())
        .filter(|path| path.extension().is_some_and(|ext| ext == "log"))
        .max_by_key(|path| fs::metadata(path).map(|found| found.len()).unwrap_or(0));
    let journal = journal.expect("a journal");
    let mut bytes = fs::read(&journal).expect("readable");
    change(&mut bytes);
    fs::write(&journal, bytes).expect("written");
}

#[test]
fn a_torn_tail_costs_the_last_batch_only() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    put(&store, "first", true);
    put(&store, "last", false);
    drop(store);
    damage(folder.path(), |bytes| bytes.truncate(bytes.len() - 3));
    let store = open(folder.path());
    assert!(has(&store, "first") && !has(&store, "last"));
    put(&store, "more", true);
}

#[test]
fn batches_are_whole_or_absent_wherever_the_journal_is_cut() {
    for cut in [10, 200, 500, 900] {
        let folder = tempfile::tempdir().expect("a folder");
        let store = open(folder.path());
        for n in 0..20u8 {
            let mut batch = StoreBatch::default();
            for family in Family::ALL {
                batch.put(family, vec![n], vec![n; 8]);
            }
            store.write(batch, false).expect("written");
        }
        drop(store);
        damage(folder.path(), |bytes| bytes.truncate(bytes.len() - cut));
        let store = open(folder.path());
        let count = |family| store.scan(family, &[0], &[255], false).count();
        let counts: Vec<_> = Family::ALL.into_iter().map(count).collect();
        assert!(counts.iter().all(|found| *found == counts[0]), "{counts:?}");
        assert!(counts[0] < 20, "{counts:?}");
    }
}

#[test]
fn a_missing_table_file_is_corruption_and_not_an_empty_store() {
    let folder = tempfile::tempdir().expect("a folder");
    put(&open(folder.path()), "a", true);
    // The second opening turns the journal into a table.
    drop(open(folder.path()));
    let tables = fs::read_dir(folder.path()).expect("readable").flatten();
    let table = tables
        .map(|found| found.path())
        .find(|path| path.extension().is_some_and(|ext| ext == "sst"))
        .expect("a table");
    fs::remove_file(table).expect("removed");
    let again = Rocks::open(folder.path(), &RocksOptions::default());
    assert_eq!(again.err().expect("refused").kind, ErrorKind::Corrupt);
}
