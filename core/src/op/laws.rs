//! Laws of all ops: random histories, judged against plain collections.

use bytes::Bytes;
use proptest::prelude::*;

use super::bench::Bench;
use super::model::{Model, Value, in_members, in_range, in_scores, ranked};
use super::zset::Window;
use super::{
    Answer, Condition, Content, ExpireCondition, Expiry, LexBound, Op, ScoreBound, ZsetRange,
    content, hash, list, set, string, zset,
};
use crate::record::{CollectionId, Key, Kind};

fn name() -> impl Strategy<Value = Bytes> {
    prop::sample::select(vec![&b""[..], b"a", b"a\0", b"ab", b"b", b"c\xff"])
        .prop_map(Bytes::from_static)
}

fn text() -> impl Strategy<Value = Bytes> {
    prop_oneof![
        name(),
        (-5i64..15).prop_map(|number| number.to_string().into()),
        Just(Bytes::from_static(b"1.5")),
        Just(Bytes::from_static(b"9223372036854775807")),
    ]
}

fn score() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => (-3i32..4).prop_map(f64::from),
        1 => Just(0.25),
        1 => prop::sample::select(vec![f64::INFINITY, f64::NEG_INFINITY]),
    ]
}

fn names() -> impl Strategy<Value = Vec<Bytes>> {
    prop::collection::vec(name(), 0..4)
}

fn index() -> impl Strategy<Value = i64> {
    -6i64..6
}

fn expiry() -> impl Strategy<Value = Expiry> {
    prop_oneof![
        Just(Expiry::Clear),
        Just(Expiry::Keep),
        (0u64..200).prop_map(Expiry::At)
    ]
}

fn score_bound() -> impl Strategy<Value = ScoreBound> {
    (score(), any::<bool>()).prop_map(|(score, exclusive)| ScoreBound { score, exclusive })
}

fn lex_bound() -> impl Strategy<Value = LexBound> {
    prop_oneof![
        Just(LexBound::Min),
        Just(LexBound::Max),
        name().prop_map(LexBound::Included),
        name().prop_map(LexBound::Excluded),
    ]
}

fn whole_op() -> impl Strategy<Value = Op> {
    use ExpireCondition::{Always, Gt, Lt, Nx, Xx, XxLt};
    let condition = prop::sample::select(vec![Always, Nx, Xx, Gt, Lt, XxLt]);
    let content = prop_oneof![
        text().prop_map(Content::String),
        prop::collection::vec((name(), text()), 0..4).prop_map(Content::Hash),
        prop::collection::vec(text(), 0..4).prop_map(Content::List),
        names().prop_map(Content::Set),
        prop::collection::vec((name(), score()), 0..4).prop_map(Content::Zset),
    ];
    prop_oneof![
        2 => Just(Op::Delete),
        2 => (0u64..200, condition).prop_map(|(at_ms, condition)| Op::Expire { at_ms, condition }),
        1 => Just(Op::Persist),
        1 => (content, prop::option::of(0u64..200))
            .prop_map(|(content, expire_ms)| Op::Replace { content, expire_ms }),
    ]
}

fn string_op() -> impl Strategy<Value = Op> {
    use Condition::{Always, IfAbsent, IfPresent};
    let condition = prop::sample::select(vec![Always, IfAbsent, IfPresent]);
    prop_oneof![
        (text(), expiry(), condition, any::<bool>()).prop_map(|(value, expiry, condition, get)| {
            Op::Set {
                value,
                expiry,
                condition,
                get,
            }
        }),
        text().prop_map(Op::Append),
        (0u64..8, text()).prop_map(|(offset, value)| Op::SetRange { offset, value }),
        (0u64..40, any::<bool>()).prop_map(|(offset, bit)| Op::SetBit { offset, bit }),
        (-3i64..4).prop_map(Op::Add),
        text().prop_map(Op::AddFloat),
        Just(Op::GetDelete),
        expiry().prop_map(Op::GetExpire),
    ]
}

fn hash_op() -> impl Strategy<Value = Op> {
    prop_oneof![
        prop::collection::vec((name(), text()), 0..4).prop_map(|fields| Op::HashSet { fields }),
        (name(), text()).prop_map(|(field, value)| Op::HashSetIfAbsent { field, value }),
        names().prop_map(|fields| Op::HashDelete { fields }),
        (name(), -3i64..4).prop_map(|(field, delta)| Op::HashAdd { field, delta }),
        (name(), text()).prop_map(|(field, delta)| Op::HashAddFloat { field, delta }),
    ]
}

fn list_op() -> impl Strategy<Value = Op> {
    let push = (
        any::<bool>(),
        prop::collection::vec(name(), 0..5),
        prop::bool::weighted(0.2),
    );
    prop_oneof![
        3 => push.prop_map(|(left, values, must_exist)| Op::ListPush { left, values, must_exist }),
        1 => (any::<bool>(), 0u64..4).prop_map(|(left, count)| Op::ListPop { left, count }),
        1 => (index(), name()).prop_map(|(index, value)| Op::ListSet { index, value }),
        2 => (any::<bool>(), name(), name())
            .prop_map(|(before, pivot, value)| Op::ListInsert { before, pivot, value }),
        1 => (-2i64..3, name()).prop_map(|(count, value)| Op::ListRemove { count, value }),
        1 => (index(), index()).prop_map(|(start, stop)| Op::ListTrim { start, stop }),
    ]
}

fn set_op() -> impl Strategy<Value = Op> {
    prop_oneof![
        3 => names().prop_map(|members| Op::SetAdd { members }),
        1 => names().prop_map(|members| Op::SetRemove { members }),
        1 => (0u64..4, any::<u64>()).prop_map(|(count, seed)| Op::SetPop { count, seed }),
    ]
}

fn zset_op() -> impl Strategy<Value = Op> {
    let flags = prop::array::uniform6(prop::bool::weighted(0.25));
    let range = prop_oneof![
        (index(), index()).prop_map(|(start, stop)| ZsetRange::Rank { start, stop }),
        (score_bound(), score_bound()).prop_map(|(min, max)| ZsetRange::Score { min, max }),
        (lex_bound(), lex_bound()).prop_map(|(min, max)| ZsetRange::Lex { min, max }),
    ];
    prop_oneof![
        4 => (prop::collection::vec((score(), name()), 0..5), flags).prop_map(
            |(members, [nx, xx, gt, lt, ch, incr])| {
                Op::ZsetAdd { members, nx, xx, gt, lt, ch, incr }
            }
        ),
        1 => names().prop_map(|members| Op::ZsetRemove { members }),
        1 => (any::<bool>(), 0u64..3).prop_map(|(max, count)| Op::ZsetPop { max, count }),
        1 => range.prop_map(Op::ZsetRemoveRange),
    ]
}

/// Mostly ops of one type, so that records grow; now and then another's.
fn history() -> impl Strategy<Value = Vec<(u64, u8, Op)>> {
    let of_type = prop_oneof![
        Just(string_op().boxed()),
        Just(hash_op().boxed()),
        Just(list_op().boxed()),
        Just(set_op().boxed()),
        Just(zset_op().boxed()),
    ];
    of_type.prop_flat_map(|own| {
        let any_op = prop_oneof![string_op(), hash_op(), list_op(), set_op(), zset_op()];
        let op = prop_oneof![12 => own, 2 => whole_op(), 1 => any_op];
        prop::collection::vec((0u64..6, 0u8..2, op), 1..40)
    })
}

fn read<T>(answer: Answer<T>) -> T {
    answer.expect("readable").expect("of the right type")
}

fn rows_per_element(kind: Kind) -> u64 {
    if kind == Kind::Zset { 2 } else { 1 }
}

/// Reads a record in every way its type knows and compares.
fn compare(bench: &Bench, key: &Key, model: Option<&(Value, Option<u64>)>, probe: &Probe) {
    let now_ms = bench.now_ms();
    let Some((value, expire)) = model else {
        assert_eq!(read(content(bench, key, now_ms)), None);
        assert_eq!(read(list::len(bench, key, now_ms)), 0);
        return;
    };
    let whole = read(content(bench, key, now_ms)).expect("there is a record");
    assert_eq!(whole.1, *expire);
    match value {
        Value::String(body) => {
            assert_eq!(read(string::get(bench, key, now_ms)).as_ref(), Some(body));
            assert_eq!(read(string::len(bench, key, now_ms)), body.len() as u64);
            assert!(hash::len(bench, key, now_ms).expect("readable").is_err());
        }
        Value::Hash(fields) => {
            let all: Vec<_> = fields.clone().into_iter().collect();
            assert_eq!(read(hash::all(bench, key, now_ms)), all);
            assert_eq!(read(hash::len(bench, key, now_ms)), all.len() as u64);
            let asked = vec![probe.low.clone(), probe.high.clone()];
            let many = read(hash::get_many(bench, key, now_ms, &asked));
            assert_eq!(
                many,
                vec![
                    fields.get(&asked[0]).cloned(),
                    fields.get(&asked[1]).cloned()
                ]
            );
            let (page, next) = read(hash::scan_from(bench, key, now_ms, &probe.low, 2));
            let rest: Vec<_> = all
                .into_iter()
                .filter(|(field, _)| *field >= probe.low)
                .collect();
            assert_eq!(page, rest.iter().take(2).cloned().collect::<Vec<_>>());
            assert_eq!(next, rest.get(2).map(|(field, _)| field.clone()));
        }
        Value::List(values) => {
            assert_eq!(read(list::len(bench, key, now_ms)), values.len() as u64);
            let (start, stop) = probe.indexes;
            let expected: Vec<_> = (0..values.len())
                .filter(|place| in_range(*place, start, stop, values.len()))
                .map(|place| values[place].clone())
                .collect();
            assert_eq!(read(list::range(bench, key, now_ms, start, stop)), expected);
            let at = (0..values.len()).find(|place| in_range(*place, start, start, values.len()));
            let at = at.map(|place| values[place].clone());
            assert_eq!(read(list::at(bench, key, now_ms, start)), at);
        }
        Value::Set(members) => {
            let all: Vec<_> = members.iter().cloned().collect();
            assert_eq!(read(set::members(bench, key, now_ms)), all);
            let is_member = read(set::contains(bench, key, now_ms, &probe.low));
            assert_eq!(is_member, members.contains(&probe.low));
            let chosen = read(set::random(bench, key, now_ms, 2, 7));
            assert_eq!(chosen.len(), all.len().min(2));
        }
        Value::Zset(scores) => compare_zset(bench, key, scores, probe),
    }
}

fn compare_zset(
    bench: &Bench,
    key: &Key,
    scores: &std::collections::BTreeMap<Bytes, f64>,
    probe: &Probe,
) {
    let now_ms = bench.now_ms();
    let all = ranked(scores);
    let (start, stop) = probe.indexes;
    for reverse in [false, true] {
        let mut ordered = all.clone();
        if reverse {
            ordered.reverse();
        }
        let place = ordered.iter().position(|(member, _)| *member == probe.low);
        let rank = place.map(|place| (place as u64, ordered[place].1));
        assert_eq!(
            read(zset::rank(bench, key, now_ms, &probe.low, reverse)),
            rank
        );
        let count = ordered.len();
        let ranks = ordered.iter().enumerate();
        let ranks = ranks.filter(|(rank, _)| in_range(*rank, start, stop, count));
        let expected: Vec<_> = ranks.map(|(_, scored)| scored.clone()).collect();
        assert_eq!(
            read(zset::range_by_rank(
                bench,
                key,
                now_ms,
                (start, stop),
                reverse
            )),
            expected
        );
        let window = Window {
            reverse,
            offset: 1,
            count: Some(2),
        };
        let (min, max) = probe.scores;
        let found = read(zset::range_by_score(bench, key, now_ms, (min, max), window));
        let inside: Vec<_> = ordered
            .iter()
            .filter(|(_, score)| in_scores(*score, min, max))
            .cloned()
            .collect();
        assert_eq!(
            found,
            inside.iter().skip(1).take(2).cloned().collect::<Vec<_>>()
        );
        assert_eq!(
            read(zset::count_by_score(bench, key, now_ms, min, max)),
            inside.len() as u64
        );
        let (min, max) = (&probe.names.0, &probe.names.1);
        let everything = Window {
            reverse,
            ..Window::default()
        };
        let found = read(zset::range_by_lex(
            bench,
            key,
            now_ms,
            (min, max),
            everything,
        ));
        let mut named: Vec<_> = scores
            .iter()
            .filter(|(member, _)| in_members(member, min, max))
            .map(|(member, score)| (member.clone(), *score))
            .collect();
        assert_eq!(
            read(zset::count_by_lex(bench, key, now_ms, min, max)),
            named.len() as u64
        );
        if reverse {
            named.reverse();
        }
        assert_eq!(found, named);
    }
}

/// What to ask readers for.
#[derive(Debug)]
struct Probe {
    low: Bytes,
    high: Bytes,
    indexes: (i64, i64),
    scores: (ScoreBound, ScoreBound),
    names: (LexBound, LexBound),
}

fn probe() -> impl Strategy<Value = Probe> {
    let scores = (score_bound(), score_bound());
    let bounds = (lex_bound(), lex_bound());
    (name(), name(), (index(), index()), scores, bounds).prop_map(
        |(low, high, indexes, scores, names)| Probe {
            low,
            high,
            indexes,
            scores,
            names,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn every_history_ends_as_plain_collections_would(history in history(), probe in probe()) {
        let mut bench = Bench::default();
        let mut model = Model::default();
        for (pause, key, op) in history {
            bench.wait(pause);
            let key = Key::keyspace(0, vec![key]);
            let actual = bench.run(&key, &op);
            let expected = model.run(&key.bytes, &op, bench.now_ms(), &actual);
            prop_assert_eq!(&actual, &expected, "{:?}", op);
            bench.check(CollectionId(0), rows_per_element);
            let now_ms = bench.now_ms();
            let live = model.records.get(&key.bytes);
            let live = live.filter(|(_, expire)| expire.is_none_or(|at| at > now_ms));
            compare(&bench, &key, live, &probe);
        }
    }
}

proptest! {
    #[test]
    fn an_op_reads_back_from_a_log_as_it_was_written(history in history()) {
        for (_, _, op) in history {
            let written = postcard::to_stdvec(&op).expect("encodes");
            prop_assert_eq!(postcard::from_bytes::<Op>(&written).expect("decodes"), op);
        }
    }
}
