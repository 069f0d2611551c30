//! The writer against `redis-protocol` as oracle: what we write, a client library reads back.

use bytes::Bytes;
use proptest::prelude::*;
use redis_protocol::resp2::types::OwnedFrame as Frame2;
use redis_protocol::resp3::types::OwnedFrame as Frame3;

use super::reply::{Out, Protocol};

/// Any answer a command may give.
#[derive(Debug, Clone)]
enum Answer {
    Simple(String),
    Error(String),
    Int(i64),
    Bulk(Vec<u8>),
    Double(f64),
    Boolean(bool),
    Null,
    NullArray,
    Verbatim(String),
    BigNumber(String),
    Array(Vec<Answer>),
    Map(Vec<(String, Answer)>),
    Set(Vec<String>),
}

fn answer() -> impl Strategy<Value = Answer> {
    let leaf = prop_oneof![
        "[a-zA-Z ]{0,10}".prop_map(Answer::Simple),
        "ERR [a-z ]{0,10}".prop_map(Answer::Error),
        any::<i64>().prop_map(Answer::Int),
        proptest::collection::vec(any::<u8>(), 0..40).prop_map(Answer::Bulk),
        (-1e12..1e12_f64).prop_map(Answer::Double),
        any::<bool>().prop_map(Answer::Boolean),
        Just(Answer::Null),
        Just(Answer::NullArray),
        "[a-z\r\n]{0,20}".prop_map(Answer::Verbatim),
        "[1-9][0-9]{20,30}".prop_map(Answer::BigNumber),
        proptest::collection::hash_set("[a-z]{1,5}", 0..4)
            .prop_map(|members| Answer::Set(members.into_iter().collect())),
    ];
    leaf.prop_recursive(3, 24, 5, |inner| {
        let pairs = proptest::collection::hash_map("[a-z]{1,5}", inner.clone(), 0..4);
        prop_oneof![
            proptest::collection::vec(inner, 0..5).prop_map(Answer::Array),
            pairs.prop_map(|pairs| Answer::Map(pairs.into_iter().collect())),
        ]
    })
}

fn write(out: &mut Out, answer: &Answer) {
    match answer {
        Answer::Simple(text) => out.simple(text),
        Answer::Error(text) => out.error(text),
        Answer::Int(value) => out.int(*value),
        Answer::Bulk(value) => out.bulk(value),
        Answer::Double(value) => out.double(*value),
        Answer::Boolean(value) => out.boolean(*value),
        Answer::Null => out.null(),
        Answer::NullArray => out.null_array(),
        Answer::Verbatim(text) => out.verbatim("txt", text.as_bytes()),
        Answer::BigNumber(text) => out.big_number(text),
        Answer::Array(answers) => {
            out.array(answers.len());
            answers.iter().for_each(|answer| write(out, answer));
        }
        Answer::Map(pairs) => {
            out.map(pairs.len());
            for (key, value) in pairs {
                out.bulk(key.as_bytes());
                write(out, value);
            }
        }
        Answer::Set(members) => {
            out.set(members.len());
            members
                .iter()
                .for_each(|member| out.bulk(member.as_bytes()));
        }
    }
}

fn in_resp2(answer: &Answer) -> Frame2 {
    let text = |text: &str| Frame2::BulkString(text.as_bytes().to_vec());
    match answer {
        Answer::Simple(text) => Frame2::SimpleString(text.as_bytes().to_vec()),
        Answer::Error(text) => Frame2::Error(text.clone()),
        Answer::Int(value) => Frame2::Integer(*value),
        Answer::Bulk(value) => Frame2::BulkString(value.clone()),
        Answer::Double(value) => text(&super::number::print_f64(*value)),
        Answer::Boolean(value) => Frame2::Integer((*value).into()),
        Answer::Null | Answer::NullArray => Frame2::Null,
        Answer::Verbatim(shown) | Answer::BigNumber(shown) => text(shown),
        Answer::Array(answers) => Frame2::Array(answers.iter().map(in_resp2).collect()),
        Answer::Map(pairs) => {
            let flat = pairs
                .iter()
                .flat_map(|(key, value)| [text(key), in_resp2(value)]);
            Frame2::Array(flat.collect())
        }
        Answer::Set(members) => Frame2::Array(members.iter().map(|member| text(member)).collect()),
    }
}

fn in_resp3(answer: &Answer) -> Frame3 {
    let attributes = None;
    let text = |text: &str| Frame3::BlobString {
        data: text.as_bytes().to_vec(),
        attributes: None,
    };
    match answer {
        Answer::Simple(text) => Frame3::SimpleString {
            data: text.as_bytes().to_vec(),
            attributes,
        },
        Answer::Error(text) => Frame3::SimpleError {
            data: text.clone(),
            attributes,
        },
        Answer::Int(value) => Frame3::Number {
            data: *value,
            attributes,
        },
        Answer::Bulk(value) => Frame3::BlobString {
            data: value.clone(),
            attributes,
        },
        Answer::Double(value) => Frame3::Double {
            data: *value,
            attributes,
        },
        Answer::Boolean(value) => Frame3::Boolean {
            data: *value,
            attributes,
        },
        Answer::Null | Answer::NullArray => Frame3::Null,
        Answer::Verbatim(text) => Frame3::VerbatimString {
            data: text.as_bytes().to_vec(),
            format: redis_protocol::resp3::types::VerbatimStringFormat::Text,
            attributes,
        },
        Answer::BigNumber(text) => Frame3::BigNumber {
            data: text.as_bytes().to_vec(),
            attributes,
        },
        Answer::Array(answers) => Frame3::Array {
            data: answers.iter().map(in_resp3).collect(),
            attributes,
        },
        Answer::Map(pairs) => Frame3::Map {
            data: pairs
                .iter()
                .map(|(key, value)| (text(key), in_resp3(value)))
                .collect(),
            attributes,
        },
        Answer::Set(members) => Frame3::Set {
            data: members.iter().map(|member| text(member)).collect(),
            attributes,
        },
    }
}

fn written(protocol: Protocol, answer: &Answer) -> Bytes {
    let mut out = Out::default();
    out.speak(protocol);
    write(&mut out, answer);
    out.bytes().split().freeze()
}

proptest! {
    #[test]
    fn a_client_library_reads_back_what_was_written(answer in answer()) {
        let bytes = written(Protocol::Resp2, &answer);
        let (frame, length) = redis_protocol::resp2::decode::decode(&bytes).unwrap().unwrap();
        prop_assert_eq!((frame, length), (in_resp2(&answer), bytes.len()));

        let bytes = written(Protocol::Resp3, &answer);
        let (frame, length) = redis_protocol::resp3::decode::complete::decode(&bytes).unwrap().unwrap();
        prop_assert_eq!((frame, length), (in_resp3(&answer), bytes.len()));
    }
}

#[test]
fn an_error_stays_one_line() {
    let mut out = Out::default();
    out.error("ERR a\r\nb");
    assert_eq!(&out.bytes()[..], b"-ERR a  b\r\n");
}

#[test]
fn a_cut_takes_back_what_follows_the_mark() {
    let mut out = Out::default();
    out.ok();
    let mark = out.len();
    out.array(3);
    out.cut(mark);
    assert_eq!(&out.bytes()[..], b"+OK\r\n");
}

#[test]
fn resp2_has_two_nulls_and_resp3_one() {
    let mut out = Out::default();
    out.null();
    out.null_array();
    out.speak(Protocol::Resp3);
    out.null();
    out.null_array();
    assert_eq!(&out.bytes()[..], b"$-1\r\n*-1\r\n_\r\n_\r\n");
}
