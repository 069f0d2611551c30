//! Locks: who waits, who is wounded, and that nothing stays behind.

use super::locks::*;
use crate::record::Key;

fn key(name: &str) -> Key {
    Key::keyspace(0, name.to_owned())
}

fn take(table: &LockTable, owner: Owner, name: &str, mode: LockMode) -> Acquired {
    table
        .acquire(owner, &key(name), mode, true)
        .expect("an answer")
}

#[test]
fn plain_writes_share_a_key_and_keep_transactions_out() {
    let table = LockTable::default();
    let k = key("k");
    assert!(table.try_ops(&[&k]).is_ok() && table.try_ops(&[&k]).is_ok());
    let Acquired::Waiting(mut granted) = take(&table, 1, "k", LockMode::Exclusive) else {
        panic!("a transaction must wait for plain writes");
    };
    assert!(table.try_ops(&[&k]).is_err(), "whoever comes later queues");
    table.release_ops([&k, &k]);
    assert_eq!(granted.try_recv(), Ok(true));
    assert!(table.try_ops(&[&k]).is_err());
    table.release(1, [&k]);
    assert_eq!(table.count(), 0);
}

#[test]
fn the_youngest_in_a_circle_is_wounded_and_the_other_goes_on() {
    let table = LockTable::default();
    assert!(matches!(
        take(&table, 1, "a", LockMode::Exclusive),
        Acquired::Held
    ));
    assert!(matches!(
        take(&table, 2, "b", LockMode::Exclusive),
        Acquired::Held
    ));
    let Acquired::Waiting(mut young) = take(&table, 2, "a", LockMode::Exclusive) else {
        panic!("no circle yet");
    };
    let Acquired::Waiting(mut old) = take(&table, 1, "b", LockMode::Exclusive) else {
        panic!("the older one waits");
    };
    assert_eq!(young.try_recv(), Ok(false));
    assert!(matches!(
        take(&table, 2, "c", LockMode::Shared),
        Acquired::Wounded
    ));
    table.release(2, [&key("b")]);
    assert_eq!(old.try_recv(), Ok(true));
}

#[test]
fn waiting_without_a_circle_wounds_nobody() {
    let table = LockTable::default();
    assert!(matches!(
        take(&table, 9, "a", LockMode::Exclusive),
        Acquired::Held
    ));
    assert!(matches!(
        take(&table, 1, "a", LockMode::Exclusive),
        Acquired::Waiting(_)
    ));
    assert!(matches!(
        take(&table, 9, "b", LockMode::Exclusive),
        Acquired::Held
    ));
}

#[test]
fn two_readers_who_both_want_to_write_are_a_circle() {
    let table = LockTable::default();
    assert!(matches!(
        take(&table, 1, "a", LockMode::Shared),
        Acquired::Held
    ));
    assert!(matches!(
        take(&table, 2, "a", LockMode::Shared),
        Acquired::Held
    ));
    assert!(matches!(
        take(&table, 1, "a", LockMode::Exclusive),
        Acquired::Waiting(_)
    ));
    assert!(matches!(
        take(&table, 2, "a", LockMode::Exclusive),
        Acquired::Wounded
    ));
}

#[test]
fn a_waiter_that_gives_up_is_not_in_the_way() {
    let table = LockTable::default();
    assert!(matches!(
        take(&table, 1, "a", LockMode::Shared),
        Acquired::Held
    ));
    assert!(matches!(
        take(&table, 2, "a", LockMode::Exclusive),
        Acquired::Waiting(_)
    ));
    table.give_up(2);
    assert!(matches!(
        take(&table, 3, "a", LockMode::Shared),
        Acquired::Held
    ));
}

#[test]
fn one_wait_that_closes_two_circles_wounds_one_in_each() {
    let table = LockTable::default();
    for (owner, name, mode) in [
        (1, "mine", LockMode::Exclusive),
        (2, "ours", LockMode::Shared),
        (3, "ours", LockMode::Shared),
    ] {
        assert!(matches!(take(&table, owner, name, mode), Acquired::Held));
    }
    let waits = [2, 3].map(|owner| take(&table, owner, "mine", LockMode::Shared));
    let Acquired::Waiting(_old) = take(&table, 1, "ours", LockMode::Exclusive) else {
        panic!("the oldest waits for both readers");
    };
    for wait in waits {
        let Acquired::Waiting(mut young) = wait else {
            panic!("no circle yet");
        };
        assert_eq!(young.try_recv(), Ok(false));
    }
}

#[test]
fn a_reader_behind_a_writer_stands_in_its_circle() {
    let table = LockTable::default();
    assert!(matches!(
        take(&table, 1, "a", LockMode::Shared),
        Acquired::Held
    ));
    assert!(matches!(
        take(&table, 3, "b", LockMode::Exclusive),
        Acquired::Held
    ));
    let Acquired::Waiting(_writer) = take(&table, 2, "a", LockMode::Exclusive) else {
        panic!("a writer waits for a reader");
    };
    let Acquired::Waiting(mut behind) = take(&table, 3, "a", LockMode::Shared) else {
        panic!("a reader waits behind a writer");
    };
    let Acquired::Waiting(_) = take(&table, 1, "b", LockMode::Shared) else {
        panic!("the older one waits");
    };
    assert_eq!(behind.try_recv(), Ok(false));
}

#[test]
fn a_plain_write_that_went_away_as_its_turn_came_leaves_no_lock() {
    let table = LockTable::default();
    assert!(matches!(
        take(&table, 1, "k", LockMode::Exclusive),
        Acquired::Held
    ));
    let turn = table.wait_op(&key("k"));
    table.release(1, [&key("k")]);
    drop(turn);
    assert_eq!(table.count(), 0);
}
