//! One golden line per kind of row.

use proptest::prelude::*;

use super::*;
use crate::op::{Command, Entry};
use crate::record::ChangeKind;
use crate::record::rows::encode_row;
use crate::store::entry::EntryBody;
use stele_placement::PartitionId;

const AT: Stamp = Stamp(0x0180_0000_0000_0301);

fn key() -> Key {
    Key::keyspace(2, "user:1")
}

fn base(key: &[u8], value: &[u8]) -> String {
    print(Family::Base, key, &encode_row(AT, value))
}

fn log_row(body: EntryBody) -> String {
    let row = entry::encode(&EntryRow { term: 4, body }).expect("encodes");
    print(Family::Log, &entry::entry_key(PartitionId(1), 9), &row)
}

fn tagged<T: serde::Serialize>(value: &T) -> Vec<u8> {
    postcard::to_extend(value, vec![1]).expect("encodes")
}

#[test]
fn entries_are_shown_with_their_commands() {
    assert_eq!(
        log_row(EntryBody::Blank),
        "partition 1 index 9 = term 4 Blank"
    );
    let entry = Entry {
        semantics: 1,
        stamp: AT,
        commands: vec![Command::Each(vec![(key(), Op::Add(5))])],
    };
    let line = log_row(EntryBody::Commands(entry));
    let start = "partition 1 index 9 = term 4 Commands(Entry { semantics: 1, stamp: ";
    assert!(
        line.starts_with(start) && line.ends_with("Add(5))])] })"),
        "{line}"
    );
    let members = MembersRow {
        voters: vec![vec![1, 2]],
        learners: vec![3],
    };
    assert_eq!(
        log_row(EntryBody::Members(members)),
        "partition 1 index 9 = term 4 Members(MembersRow { voters: [[1, 2]], learners: [3] })"
    );
}

#[test]
fn a_logs_own_rows_are_shown() {
    let group = PartitionId(3);
    let shown = |key: &[u8], value: &[u8]| print(Family::LogMeta, key, value);
    let vote = VoteRow {
        term: 7,
        member: 1,
        elected: true,
    };
    let vote = entry::encode(&vote).expect("encodes");
    assert_eq!(
        shown(&entry::vote_key(group), &vote),
        "partition 3 vote = VoteRow { term: 7, member: 1, elected: true }"
    );
    let at = Position { term: 7, index: 40 };
    let position = entry::encode(&at).expect("encodes");
    for (what, key) in [
        ("committed", entry::committed_key(group)),
        ("purged", entry::purged_key(group)),
    ] {
        let line = format!("partition 3 {what} = Position {{ term: 7, index: 40 }}");
        assert_eq!(shown(&key, &position), line);
    }
    let row = MembersRow {
        voters: vec![vec![1]],
        learners: vec![],
    };
    let members = entry::encode(&(at, row)).expect("encodes");
    assert_eq!(
        shown(&entry::members_key(group, 40), &members),
        "partition 3 members from index 40 = MembersRow { voters: [[1]], learners: [] }"
    );
    assert_eq!(
        shown(b"\0\x03applied", &40u64.to_be_bytes()),
        "partition 3 applied = index 40"
    );
}

#[test]
fn the_clocks_bound_is_shown() {
    let bound = entry::encode_clock(AT);
    assert_eq!(
        print(Family::Meta, entry::CLOCK, &bound),
        format!("clock = {AT}")
    );
}

#[test]
fn heads_of_every_kind_are_shown() {
    let mut row = Head::whole(Kind::Row, Bytes::from_static(b"f\0"));
    row.expire_ms = Some(99);
    assert_eq!(
        base(&layout::head(&key()), &row.encode()),
        format!("2/user:1 = row f\\x00 until 99 ms at {AT}")
    );
    for (kind, name) in [
        (Kind::Hash, "Hash"),
        (Kind::List, "List"),
        (Kind::Set, "Set"),
        (Kind::Zset, "Zset"),
    ] {
        let mut head = Head::new(kind, Stamp(255));
        head.count = 2;
        assert_eq!(
            base(&layout::head(&key()), &head.encode()),
            format!("2/user:1 = {name} of 2 in generation ff at {AT}")
        );
    }
}

#[test]
fn rows_beside_a_record_are_shown() {
    assert_eq!(
        base(&layout::count(CollectionId(2), 1), &12u64.to_be_bytes()),
        format!("2 records in partition 1 = 12, the last written at {AT}")
    );
    let entry = print(
        Family::Index,
        &layout::index(CollectionId(20_000), b"v", &key()),
        b"",
    );
    assert_eq!(entry, "20000 index entry v*\\x1auser:1 = ");
    let shown = |key: &[u8]| print(Family::Index, key, &encode_row(AT, b""));
    assert_eq!(
        shown(&layout::expiry(1, 99, &key())),
        "partition 1 deadline 99 ms of 2/user:1"
    );
    assert_eq!(
        base(&layout::garbage(1, AT, b"ab"), b""),
        format!("partition 1 dead since {AT}: ab")
    );
}

#[test]
fn transactions_are_shown() {
    let at = |tag| [&layout::system(tag, 1)[..], &255u64.to_be_bytes()].concat();
    type Parts = (TxnId, Vec<u16>, Vec<Expect>, Vec<(Key, Op)>, Stamp);
    let none: Parts = (TxnId(255), vec![1, 2], vec![], vec![], AT);
    assert_eq!(
        base(&at(Tag::Intent), &tagged(&none)),
        format!(
            "partition 1 intent of txn ff = prepared at {AT} with partitions [1, 2], relying on []: []"
        )
    );
    let outcome = |stamp: u64| [&[1][..], &stamp.to_be_bytes()].concat();
    assert_eq!(
        base(&at(Tag::Outcome), &outcome(0)),
        "partition 1 outcome of txn ff = aborted"
    );
    assert_eq!(
        base(&at(Tag::Outcome), &outcome(AT.0)),
        format!("partition 1 outcome of txn ff = committed at {AT}")
    );
}

#[test]
fn old_versions_and_changes_are_shown() {
    let mut at = Vec::new();
    layout::escape(&layout::head(&key()), &mut at);
    at.extend_from_slice(&AT.nth(1).0.to_be_bytes());
    let head = Head::whole(Kind::String, Bytes::from_static(b"old"));
    assert_eq!(
        print(Family::History, &at, &encode_row(AT, &head.encode())),
        format!("2/user:1 = string \"old\" at {AT} (until {})", AT.nth(1))
    );
    let change = Change {
        key: key(),
        kind: ChangeKind::Update,
        op: "set".to_owned(),
        after: None,
    };
    let row = tagged(&(AT, vec![change]));
    assert_eq!(
        print(Family::Feed, &entry::entry_key(PartitionId(1), 8), &row),
        format!("partition 1 index 8 = {AT} set 2/user:1")
    );
}

proptest! {
    #[test]
    fn no_row_breaks_the_printer(
        family in 0usize..8,
        key in prop::collection::vec(any::<u8>(), 0..40),
        value in prop::collection::vec(any::<u8>(), 0..60),
    ) {
        let line = print(Family::ALL[family], &key, &value);
        prop_assert!(!line.contains('\n'), "{line}");
    }
}
