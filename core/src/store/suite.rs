//! The contract of a [`Store`], as checks any implementation must pass. The
//! store handed in must be empty. A broken promise panics: this is for tests.
#![allow(clippy::panic, clippy::expect_used, missing_docs)]

use super::{Family, Store, StoreBatch, StoreView};

pub fn run(store: &dyn Store) {
    families_do_not_mix(store);
    a_batch_is_read_as_it_ends(store);
    scans_go_both_ways(store);
    a_snapshot_does_not_move(store);
    a_range_delete_spares_its_end(store);
    store.sync().expect("synced");
}

fn put(store: &dyn Store, family: Family, key: &str, value: &str) {
    let mut batch = StoreBatch::default();
    batch.put(family, key.to_owned(), value.to_owned());
    store.write(batch, false).expect("written");
}

fn get(view: &(impl StoreView + ?Sized), family: Family, key: &str) -> Option<String> {
    view.get(family, key.as_bytes())
        .expect("readable")
        .map(|value| String::from_utf8_lossy(&value).into_owned())
}

fn keys(store: &dyn Store, from: &str, to: &str, reverse: bool) -> Vec<String> {
    store
        .scan(Family::Index, from.as_bytes(), to.as_bytes(), reverse)
        .map(|row| String::from_utf8_lossy(&row.expect("readable").0).into_owned())
        .collect()
}

fn families_do_not_mix(store: &dyn Store) {
    put(store, Family::Base, "f", "base");
    put(store, Family::History, "f", "history");
    assert_eq!(get(store, Family::Base, "f").as_deref(), Some("base"));
    assert_eq!(get(store, Family::History, "f").as_deref(), Some("history"));
    assert_eq!(get(store, Family::Log, "f"), None);
}

fn a_batch_is_read_as_it_ends(store: &dyn Store) {
    let mut batch = StoreBatch::default();
    batch.put(Family::Base, "b", "1");
    batch.put(Family::Base, "b", "2");
    batch.put(Family::Base, "gone", "1");
    batch.delete(Family::Base, "gone");
    store.write(batch, true).expect("written");
    assert_eq!(get(store, Family::Base, "b").as_deref(), Some("2"));
    assert_eq!(get(store, Family::Base, "gone"), None);
}

fn scans_go_both_ways(store: &dyn Store) {
    for key in ["s1", "s2", "s3"] {
        put(store, Family::Index, key, "");
    }
    assert_eq!(keys(store, "s1", "s3", false), ["s1", "s2"]);
    assert_eq!(keys(store, "s1", "s3", true), ["s2", "s1"]);
    assert_eq!(keys(store, "s3", "s1", false), [""; 0]);
}

fn a_snapshot_does_not_move(store: &dyn Store) {
    put(store, Family::Base, "n", "old");
    let snapshot = store.snapshot();
    put(store, Family::Base, "n", "new");
    put(store, Family::Base, "n2", "new");
    assert_eq!(get(&*snapshot, Family::Base, "n").as_deref(), Some("old"));
    assert_eq!(snapshot.scan(Family::Base, b"n", b"o", false).count(), 1);
    assert_eq!(get(store, Family::Base, "n").as_deref(), Some("new"));
}

fn a_range_delete_spares_its_end(store: &dyn Store) {
    for key in ["r1", "r2", "r3"] {
        put(store, Family::Index, key, "");
    }
    let mut batch = StoreBatch::default();
    batch.delete_range(Family::Index, "r1", "r3");
    store.write(batch, false).expect("written");
    assert_eq!(keys(store, "r", "s", false), ["r3"]);
}
