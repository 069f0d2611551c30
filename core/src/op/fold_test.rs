//! What feeds, counters and other readers are told of an op, and what it costs.

use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;

use super::bench::{Bench, PARTITION};
use super::{Condition, Content, Expiry, LexBound, Op, OpError, Reply, ZsetRange, fold, string};
use crate::error::Result;
use crate::record::overlay::{Overlay, Writes};
use crate::record::rows::{Row, RowIter, Rows};
use crate::record::{ChangeKind, CollectionId, Key, Stamp, layout};

fn bytes(text: &'static str) -> Bytes {
    Bytes::from_static(text.as_bytes())
}

fn key() -> Key {
    Key::keyspace(0, "k")
}

fn set(value: &'static str) -> Op {
    Op::Set {
        value: bytes(value),
        expiry: Expiry::Clear,
        condition: Condition::Always,
        get: false,
    }
}

fn hash_set(field: &'static str) -> Op {
    Op::HashSet {
        fields: vec![(bytes(field), bytes("v"))],
    }
}

fn push(values: &[&'static str]) -> Op {
    Op::ListPush {
        left: false,
        values: values.iter().map(|value| bytes(value)).collect(),
        must_exist: false,
    }
}

fn row_put(index_add: Vec<(CollectionId, Bytes)>, index_remove: Vec<(CollectionId, Bytes)>) -> Op {
    Op::RowPut {
        fields: bytes("fields"),
        index_add,
        index_remove,
        expire: Expiry::Clear,
    }
}

/// Rows that count how often they are asked.
struct Counting<'a> {
    below: &'a Bench,
    gets: AtomicU64,
}

impl Rows for Counting<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Row>> {
        self.gets.fetch_add(1, Ordering::Relaxed);
        self.below.get(key)
    }

    fn scan<'a>(&'a self, from: &[u8], to: &[u8], reverse: bool) -> RowIter<'a> {
        self.below.scan(from, to, reverse)
    }
}

fn gets(bench: &Bench, op: &Op) -> u64 {
    let counting = Counting {
        below: bench,
        gets: AtomicU64::new(0),
    };
    let mut writes = Writes::default();
    let mut rows = Overlay::new(&counting, &mut writes, PARTITION, Stamp::from_ms(9));
    fold(op, &key(), &mut rows)
        .expect("readable")
        .expect("not refused");
    counting.gets.load(Ordering::Relaxed)
}

#[test]
fn common_ops_read_the_head_once_and_an_element_only_to_count() {
    let empty = Bench::default();
    let add = Op::SetAdd {
        members: vec![bytes("a"), bytes("b")],
    };
    for op in [set("v"), Op::Add(1), push(&["a", "b"]), hash_set("f"), add] {
        assert_eq!(gets(&empty, &op), 1, "{op:?} on nothing");
    }
    for (op, expected) in [(set("1"), 1), (push(&["a", "b"]), 1), (hash_set("f"), 2)] {
        let mut bench = Bench::default();
        bench.run(&key(), &op).expect("not refused");
        assert_eq!(gets(&bench, &op), expected, "{op:?} again");
    }
}

#[test]
fn changes_carry_the_names_redis_notifies() {
    let mut bench = Bench::default();
    let zset_add = |incr| Op::ZsetAdd {
        members: vec![(1.0, bytes("m"))],
        nx: false,
        xx: false,
        gt: false,
        lt: false,
        ch: false,
        incr,
    };
    let (min, max) = (LexBound::Min, LexBound::Max);
    for op in [
        set("1"),
        Op::Add(1),
        Op::AddFloat(bytes("0.5")),
        Op::Append(bytes("0")),
        Op::GetExpire(Expiry::At(10)),
        Op::Persist,
        Op::Delete,
        hash_set("f"),
        Op::HashDelete {
            fields: vec![bytes("f")],
        },
        push(&["a", "b"]),
        Op::ListPop {
            left: true,
            count: 1,
        },
        Op::ListTrim { start: 1, stop: 0 },
        Op::SetAdd {
            members: vec![bytes("m")],
        },
        Op::SetAdd {
            members: vec![bytes("m")],
        },
        Op::SetPop { count: 1, seed: 3 },
        zset_add(false),
        zset_add(true),
        Op::ZsetRemoveRange(ZsetRange::Lex { min, max }),
    ] {
        bench.run(&key(), &op).expect("not refused");
    }
    let expected = "set incrby incrbyfloat append expire persist del hset hdel rpush lpop ltrim \
                    sadd spop zadd zincr zremrangebylex";
    assert_eq!(bench.events().join(" "), expected);
    let last = bench.changes.last().expect("a change");
    assert_eq!(last.kind, ChangeKind::Delete);
}

#[test]
fn a_record_whose_time_has_come_is_absent_and_makes_room_for_another_type() {
    let mut bench = Bench::default();
    bench.run(&key(), &hash_set("f")).expect("not refused");
    bench
        .run(
            &key(),
            &Op::Expire {
                at_ms: 5,
                condition: Default::default(),
            },
        )
        .expect("not refused");
    assert_eq!(bench.run(&key(), &Op::Add(1)), Err(OpError::WrongType));
    bench.wait(5);
    assert_eq!(bench.run(&key(), &Op::Delete), Ok(Reply::Int(0)));
    assert_eq!(bench.run(&key(), &Op::Add(1)), Ok(Reply::Int(1)));
    let last = bench.changes.last().expect("a change");
    assert_eq!(last.kind, ChangeKind::Insert);
    bench.check(CollectionId(0), |_| 1);
}

#[test]
fn a_string_does_not_grow_past_its_limit() {
    let mut bench = Bench::default();
    for offset in [string::STRING_BYTES_MAX, u64::MAX] {
        let op = Op::SetRange {
            offset,
            value: bytes("x"),
        };
        assert_eq!(bench.run(&key(), &op), Err(OpError::TooLong));
        assert_eq!(
            bench.run(
                &key(),
                &Op::SetBit {
                    offset: u64::MAX,
                    bit: true
                }
            ),
            Err(OpError::TooLong)
        );
    }
}

#[test]
fn a_sum_that_is_no_number_is_refused() {
    let mut bench = Bench::default();
    let content = Content::Zset(vec![(bytes("m"), f64::INFINITY)]);
    bench
        .run(
            &key(),
            &Op::Replace {
                content,
                expire_ms: None,
            },
        )
        .expect("not refused");
    let op = Op::ZsetAdd {
        members: vec![(f64::NEG_INFINITY, bytes("m"))],
        nx: false,
        xx: false,
        gt: false,
        lt: false,
        ch: false,
        incr: true,
    };
    assert_eq!(bench.run(&key(), &op), Err(OpError::ScoreNotANumber));
}

#[test]
fn a_table_row_carries_its_index_entries_and_refuses_ops_of_other_types() {
    let mut bench = Bench::default();
    let index = CollectionId(2000);
    let entry = |values: &'static str| (index, bytes(values));
    let is_there = |bench: &Bench, values: &str| {
        let row = layout::index(index, values.as_bytes(), &key());
        bench.rows.contains_key(row.as_slice())
    };
    bench
        .run(&key(), &row_put(vec![entry("old")], vec![]))
        .expect("not refused");
    let after = bench.changes.last().and_then(|change| change.after.clone());
    assert_eq!(after, Some(bytes("fields")));
    bench
        .run(&key(), &row_put(vec![entry("new")], vec![entry("old")]))
        .expect("not refused");
    assert!(is_there(&bench, "new") && !is_there(&bench, "old"));
    for op in [
        set("v"),
        Op::Delete,
        Op::Add(1),
        hash_set("f"),
        push(&["a"]),
    ] {
        assert_eq!(bench.run(&key(), &op), Err(OpError::WrongType), "{op:?}");
    }
    let delete = Op::RowDelete {
        index_remove: vec![entry("new")],
    };
    assert_eq!(bench.run(&key(), &delete), Ok(Reply::Int(1)));
    assert_eq!(bench.run(&key(), &delete), Ok(Reply::Int(0)));
    assert!(bench.rows.is_empty());
    bench.run(&key(), &set("v")).expect("not refused");
    assert_eq!(
        bench.run(&key(), &row_put(vec![], vec![])),
        Err(OpError::WrongType)
    );
    assert_eq!(bench.run(&key(), &delete), Err(OpError::WrongType));
}
