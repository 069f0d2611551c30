//! The scanner's promises: any split of the bytes gives the same requests; limits hold.

use bytes::BytesMut;
use proptest::prelude::*;

use super::scan::{Limits, ProtocolError, Requests, Scanner};

type Words = Vec<Vec<u8>>;

fn encode(words: &Words) -> Vec<u8> {
    let mut bytes = format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        bytes.extend(format!("${}\r\n", word.len()).bytes());
        bytes.extend(word);
        bytes.extend(b"\r\n");
    }
    bytes
}

fn scan(
    chunks: &[&[u8]],
    limits: &Limits,
    count_max: usize,
) -> (Vec<Words>, Option<ProtocolError>) {
    let mut scanner = Scanner::default();
    let mut buffer = BytesMut::new();
    let mut requests = Requests::default();
    for chunk in chunks {
        buffer.extend_from_slice(chunk);
        loop {
            let before = requests.len();
            let outcome = scanner.drain(&mut buffer, &mut requests, limits, count_max);
            if let Err(error) = outcome {
                return (words(&requests), Some(error));
            }
            if requests.len() == before {
                break;
            }
        }
    }
    (words(&requests), None)
}

fn words(requests: &Requests) -> Vec<Words> {
    let all = 0..requests.len();
    all.map(|index| {
        requests
            .get(index)
            .iter()
            .map(|word| word.to_vec())
            .collect()
    })
    .collect()
}

fn whole(bytes: &[u8]) -> (Vec<Words>, Option<ProtocolError>) {
    scan(&[bytes], &Limits::default(), usize::MAX)
}

fn request() -> impl Strategy<Value = Words> {
    let word = prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..20),
        Just(b"\r\n$3\r\n*1\r\n".to_vec()),
        Just(vec![b'x'; 300]),
    ];
    proptest::collection::vec(word, 1..6)
}

fn inline() -> impl Strategy<Value = Words> {
    proptest::collection::vec("[a-z0-9]{1,8}".prop_map(String::into_bytes), 1..5)
}

proptest! {
    #[test]
    fn any_split_of_the_bytes_gives_the_same_requests(
        sent in proptest::collection::vec(prop_oneof![
            request().prop_map(|words| (words, false)),
            inline().prop_map(|words| (words, true)),
        ], 1..8),
        cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..12),
        count_max in 1_usize..5,
    ) {
        let mut bytes = Vec::new();
        for (words, typed) in &sent {
            if *typed {
                bytes.extend(words.join(&b' '));
                bytes.extend(b"\r\n");
            } else {
                bytes.extend(encode(words));
            }
        }
        let expected: Vec<Words> = sent.into_iter().map(|(words, _)| words).collect();
        let mut at: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len())).collect();
        at.extend([0, bytes.len()]);
        at.sort_unstable();
        let chunks: Vec<&[u8]> = at.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect();
        let (got, error) = scan(&chunks, &Limits::default(), count_max);
        prop_assert_eq!(error, None);
        prop_assert_eq!(got, expected);
    }

    #[test]
    fn any_bytes_at_all_are_scanned_or_refused(
        bytes in proptest::collection::vec(any::<u8>(), 0..400),
        cut in any::<prop::sample::Index>(),
    ) {
        let (head, tail) = bytes.split_at(cut.index(bytes.len() + 1));
        prop_assert_eq!(scan(&[head, tail], &Limits::default(), 3), whole(&bytes));
    }

    #[test]
    fn bytes_that_look_like_requests_are_scanned_the_same_in_one_or_two_reads(
        bytes in "[*$0-9a\r\n\" -]{0,60}",
        cut in any::<prop::sample::Index>(),
    ) {
        let bytes = bytes.into_bytes();
        let (head, tail) = bytes.split_at(cut.index(bytes.len() + 1));
        prop_assert_eq!(scan(&[head, tail], &Limits::default(), 3), whole(&bytes));
    }
}

fn refusal(bytes: &[u8]) -> String {
    whole(bytes).1.map(|error| error.text()).unwrap_or_default()
}

#[test]
fn broken_requests_are_refused_in_the_words_of_redis() {
    let cases: [(&[u8], &str); 7] = [
        (b"*3000000000\r\n", "invalid multibulk length"),
        (b"*blabla\r\n", "invalid multibulk length"),
        (
            b"*3\r\n$3\r\nSET\r\n$1\r\nx\r\nfooz\r\n",
            "expected '$', got 'f'",
        ),
        (b"*1\r\n$-10\r\n", "invalid bulk length"),
        (b"*1\r\n$2000000000\r\n", "invalid bulk length"),
        (b"*1\r\n$4\r\nPINGxx", "expected CRLF after bulk"),
        (b"GET \"a\r\n", "unbalanced quotes in request"),
    ];
    for (bytes, text) in cases {
        assert_eq!(refusal(bytes), format!("ERR Protocol error: {text}"));
    }
    let endless = vec![b'1'; 70_000];
    assert_eq!(
        refusal(&[b"*", &endless[..]].concat()),
        "ERR Protocol error: too big mbulk count string"
    );
    assert_eq!(
        refusal(&[b"*1\r\n$", &endless[..]].concat()),
        "ERR Protocol error: too big bulk count string"
    );
    assert_eq!(
        refusal(&endless),
        "ERR Protocol error: too big inline request"
    );
}

#[test]
fn requests_before_a_broken_one_are_delivered() {
    let (got, error) = whole(b"PING\r\n*1\r\n$4\r\nECHO\r\n*x\r\n");
    assert_eq!(got, vec![vec![b"PING".to_vec()], vec![b"ECHO".to_vec()]]);
    assert_eq!(error, Some(ProtocolError::ArgCount));
}

#[test]
fn empty_requests_are_no_requests() {
    let (got, error) = whole(b"\r\n*0\r\n*-1\r\n\r\nPING\r\n");
    assert_eq!((got, error), (vec![vec![b"PING".to_vec()]], None));
}

#[test]
fn a_stranger_may_send_little() {
    let stranger = Limits {
        stranger: true,
        ..Limits::default()
    };
    let refused = |bytes: &[u8]| scan(&[bytes], &stranger, 1).1;
    assert_eq!(refused(b"*11\r\n"), Some(ProtocolError::StrangerArgCount));
    assert_eq!(
        refused(b"*1\r\n$16385\r\n"),
        Some(ProtocolError::StrangerBulkLength)
    );
    assert_eq!(refused(b"*2\r\n$4\r\nAUTH\r\n$1\r\nx\r\n"), None);
}

#[test]
fn a_request_is_bounded_as_a_whole() {
    let small = Limits {
        request_bytes_max: 100,
        ..Limits::default()
    };
    let bytes = encode(&vec![vec![b'x'; 30]; 5]);
    assert_eq!(
        scan(&[&bytes], &small, 1).1,
        Some(ProtocolError::RequestTooLong)
    );
}

#[test]
fn claimed_lengths_allocate_nothing() {
    let mut scanner = Scanner::default();
    let mut buffer = BytesMut::from(&b"*1000000\r\n$500000000\r\n"[..]);
    let mut requests = Requests::default();
    let outcome = scanner.drain(&mut buffer, &mut requests, &Limits::default(), usize::MAX);
    assert_eq!(outcome, Ok(()));
    assert!(buffer.capacity() < 1024);
    assert!(scanner.places_capacity() < 16);
}
