//! What a stream promises, whatever is appended and removed.

use bytes::Bytes;
use proptest::prelude::*;

use super::append::Rollup;
use super::*;
use crate::op::{Op, OpError, Reply, fold};
use crate::record::overlay::{Above, Overlay, Writes};
use crate::record::rows::NoRows;
use crate::record::{Key, Stamp};

/// A stream in memory, and a clock that moves a second per op.
struct Bench {
    writes: Writes,
    now: Stamp,
    key: Key,
}

impl Bench {
    fn new(limits: StreamLimits) -> Self {
        let mut bench = Self {
            writes: Writes::default(),
            now: Stamp::from_ms(1_000_000),
            key: Key::keyspace(0, "s"),
        };
        let made = bench.run(&Op::StreamConfigure {
            limits,
            first_seq: 1,
        });
        assert_eq!(made, Ok(Reply::Done));
        bench
    }

    fn run(&mut self, op: &Op) -> Result<Reply, OpError> {
        self.now = Stamp::from_ms(self.now.ms() + 1_000);
        let mut rows = Overlay::new(&NoRows, &mut self.writes, 0, self.now);
        fold(op, &self.key, &mut rows).expect("rows read")
    }

    fn append(&mut self, message: Append) -> Result<(i64, bool), OpError> {
        match self.run(&Op::StreamAppend(Box::new(message)))? {
            Reply::List(parts) => match parts.as_slice() {
                [Reply::Int(seq), Reply::Int(again)] => Ok((*seq, *again == 1)),
                other => panic!("an append answered {other:?}"),
            },
            other => panic!("an append answered {other:?}"),
        }
    }

    fn put(&mut self, subject: &str, payload: &str) -> Result<i64, OpError> {
        self.append(message(subject, payload)).map(|(seq, _)| seq)
    }

    fn remove(&mut self, removal: Removal) -> Result<Reply, OpError> {
        self.run(&Op::StreamRemove(removal))
    }

    fn read<T>(&self, read: impl FnOnce(&Stream<'_>) -> T) -> T {
        let rows = Above {
            below: &NoRows,
            writes: &self.writes,
        };
        let stream = open(&rows, &self.key, self.now.ms()).expect("reads");
        read(&stream.expect("is one").expect("is there"))
    }

    fn seqs(&self) -> Vec<u64> {
        self.read(|stream| stream.seqs_of(b"", 0).expect("reads"))
    }
}

fn message(subject: &str, payload: &str) -> Append {
    Append {
        subject: Bytes::copy_from_slice(subject.as_bytes()),
        payload: Bytes::copy_from_slice(payload.as_bytes()),
        ..Append::default()
    }
}

fn refusal(refusal: StreamRefusal) -> OpError {
    OpError::Stream(refusal)
}

#[test]
fn numbers_count_from_one_and_are_never_given_twice() {
    let mut bench = Bench::new(StreamLimits::default());
    assert_eq!(bench.put("a", "x"), Ok(1));
    assert_eq!(bench.put("b", "y"), Ok(2));
    bench
        .remove(Removal::Sequences(vec![2, 7]))
        .expect("removes");
    assert_eq!(bench.put("a", "z"), Ok(3));
    assert_eq!(bench.seqs(), [1, 3]);
    let purge = Removal::Purge {
        pattern: Bytes::new(),
        below: u64::MAX,
        keep: 0,
        limit: u64::MAX,
    };
    assert_eq!(bench.remove(purge), Ok(Reply::Int(2)));
    let state = bench.read(|stream| stream.state().clone());
    assert_eq!((state.first_seq, state.last_seq, state.bytes), (4, 3, 0));
    assert_eq!(bench.put("a", "w"), Ok(4));
}

#[test]
fn the_same_id_inside_the_window_is_the_same_message_also_when_it_expects_more() {
    let limits = StreamLimits {
        duplicate_ms: 3_500,
        ..StreamLimits::default()
    };
    let mut bench = Bench::new(limits);
    let with_id = Append {
        id: "7".into(),
        last_seq: Some(0),
        ..message("a", "x")
    };
    assert_eq!(bench.append(with_id.clone()), Ok((1, false)));
    assert_eq!(bench.append(with_id.clone()), Ok((1, true)));
    bench.put("a", "y").expect("appends");
    bench.put("a", "y").expect("appends");
    let late = Append {
        last_seq: None,
        ..with_id
    };
    assert_eq!(bench.append(late), Ok((4, false)));
}

#[test]
fn what_a_sender_expects_must_hold() {
    let mut bench = Bench::new(StreamLimits::default());
    bench.put("a", "x").expect("appends");
    bench.put("b", "x").expect("appends");
    let last = |seq| Append {
        last_seq: Some(seq),
        ..message("a", "")
    };
    let of_subject = |subject: &'static str, seq| Append {
        last_subject_seq: Some((subject.into(), seq)),
        ..message("a", "")
    };
    let wrong = |seq| Err(refusal(StreamRefusal::WrongLastSequence(seq)));
    assert_eq!(bench.append(last(1)), wrong(2));
    assert_eq!(bench.append(of_subject("a", 2)), wrong(1));
    assert_eq!(bench.append(of_subject("c", 3)), wrong(0));
    assert_eq!(bench.append(of_subject("c", 0)), Ok((3, false)));
    assert_eq!(bench.append(last(3)), Ok((4, false)));
}

#[test]
fn a_limit_drops_the_oldest_or_refuses_the_newest() {
    let old = StreamLimits {
        messages_max: 2,
        ..StreamLimits::default()
    };
    let mut bench = Bench::new(old.clone());
    for _ in 0..4 {
        bench.put("a", "x").expect("appends");
    }
    assert_eq!(bench.seqs(), [3, 4]);
    let new = StreamLimits {
        discard_new: true,
        ..old
    };
    let mut bench = Bench::new(new);
    bench.put("a", "x").expect("appends");
    bench.put("a", "x").expect("appends");
    let full = Err(refusal(StreamRefusal::MessagesExceeded));
    assert_eq!(bench.put("a", "x"), full);
}

#[test]
fn one_message_per_subject_is_the_last() {
    let limits = StreamLimits {
        per_subject_max: 1,
        ..StreamLimits::default()
    };
    let mut bench = Bench::new(limits);
    for subject in ["a", "b", "a", "a"] {
        bench.put(subject, "x").expect("appends");
    }
    assert_eq!(bench.seqs(), [2, 4]);
    let last = bench.read(|stream| stream.last(b"a").expect("reads"));
    assert_eq!(last.map(|message| message.seq), Some(4));
}

#[test]
fn a_rollup_replaces_its_subject_where_it_may() {
    let rollup = Append {
        rollup: Some(Rollup::Subject),
        ..message("a", "sum")
    };
    let mut strict = Bench::new(StreamLimits::default());
    let not = Err(refusal(StreamRefusal::RollupNotPermitted));
    assert_eq!(strict.append(rollup.clone()), not);
    let limits = StreamLimits {
        rollup: true,
        ..StreamLimits::default()
    };
    let mut bench = Bench::new(limits);
    for subject in ["a", "b", "a"] {
        bench.put(subject, "x").expect("appends");
    }
    bench.append(rollup).expect("appends");
    assert_eq!(bench.seqs(), [2, 4]);
}

#[test]
fn a_message_with_a_time_to_live_goes_when_it_is_over_and_no_other() {
    let mut bench = Bench::new(StreamLimits::default());
    let brief = Append {
        live_ms: 1_500,
        ..message("a", "x")
    };
    bench.append(brief).expect("appends");
    bench.put("a", "y").expect("appends");
    assert_eq!(bench.remove(Removal::Due { limit: 9 }), Ok(Reply::Int(1)));
    assert_eq!(bench.seqs(), [2]);
    let left = bench.read(|stream| stream.due(u64::MAX - 1, 9).expect("reads"));
    assert!(left.is_empty());
}

#[test]
fn what_is_older_than_asked_goes() {
    let mut bench = Bench::new(StreamLimits::default());
    bench.put("a", "x").expect("appends");
    let first_ms = bench.now.ms();
    bench.put("a", "y").expect("appends");
    let older = Removal::Older {
        ms: first_ms,
        limit: 100,
    };
    assert_eq!(bench.remove(older), Ok(Reply::Int(1)));
    assert_eq!(bench.seqs(), [2]);
}

proptest! {
    /// The state in the head, the counts of subjects and the indexes are what a
    /// reader of all messages would find.
    #[test]
    fn what_is_counted_is_what_is_there(
        steps in proptest::collection::vec((0u8..4, 0u64..12), 1..40),
        per_subject_max in 0u64..3,
        messages_max in 0u64..6,
    ) {
        let limits = StreamLimits { per_subject_max, messages_max, ..StreamLimits::default() };
        let mut bench = Bench::new(limits);
        for (what, number) in steps {
            match what {
                0 => drop(bench.remove(Removal::Sequences(vec![number]))),
                1 => drop(bench.remove(Removal::Purge {
                    pattern: "s.*".into(), below: u64::MAX, keep: number / 2, limit: 3,
                })),
                _ => drop(bench.put(["s.a", "s.b", "t"][number as usize % 3], "x")),
            }
        }
        bench.read(|stream| {
            let all: Vec<StreamMessage> = stream.from(0).collect::<Result<_, _>>().expect("reads");
            let state = stream.state();
            prop_assert_eq!(state.messages, all.len() as u64);
            prop_assert_eq!(state.bytes, all.iter().map(StreamMessage::size).sum::<u64>());
            prop_assert_eq!(state.first_seq, all.first().map_or(state.last_seq + 1, |m| m.seq));
            let mut subjects = 0;
            for found in stream.subjects(b"") {
                let (subject, known) = found.expect("reads");
                let own: Vec<u64> = all.iter().filter(|m| m.subject == subject).map(|m| m.seq).collect();
                prop_assert_eq!(known.count, own.len() as u64);
                prop_assert_eq!(Some(known.last_seq), own.last().copied());
                prop_assert_eq!(stream.seqs_of(&subject, 0).expect("reads"), own);
                subjects += 1;
            }
            prop_assert_eq!(state.subjects, subjects);
            let later = all.iter().filter(|m| m.seq >= 3 && m.subject.starts_with(b"s.")).count();
            prop_assert_eq!(stream.count(b"s.*", 3).expect("reads"), later as u64);
            Ok(())
        })?;
    }
}
