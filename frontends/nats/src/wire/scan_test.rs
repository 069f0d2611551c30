//! Every split of the bytes, every way to break off.

use proptest::prelude::*;

use super::*;

const LIMITS: Limits = Limits {
    payload_bytes_max: 1 << 20,
    headers: true,
};

/// What a conversation scans to, bytes given `step` at a time.
fn scan(bytes: &[u8], step: usize) -> (Vec<String>, Option<Broken>) {
    let mut scanner = Scanner::default();
    let (mut buffer, mut found) = (Vec::new(), Vec::new());
    for chunk in bytes.chunks(step.max(1)) {
        buffer.extend_from_slice(chunk);
        loop {
            match scanner.next(&buffer, &LIMITS) {
                Ok(Some((op, used))) => {
                    found.push(format!("{op:?}"));
                    buffer.drain(..used);
                }
                Ok(None) => break,
                Err(broken) => return (found, Some(broken)),
            }
        }
    }
    (found, None)
}

fn broken(bytes: &[u8]) -> Option<Broken> {
    scan(bytes, bytes.len()).1
}

#[test]
fn tabs_runs_of_spaces_lower_case_and_bare_line_feeds_are_taken() {
    let (found, end) = scan(b"sub \t a  1\npub a\t2\r\nhi\r\nping\n", 1000);
    assert_eq!((found.len(), end), (3, None));
}

#[test]
fn a_payload_may_hold_anything() {
    let mut scanner = Scanner::default();
    let bytes = b"HPUB a b 4 9\r\n\r\n\r\nPING\r\r\n";
    let scanned = scanner.next(bytes, &LIMITS).expect("sound");
    let publish = Publish {
        subject: b"a",
        reply: b"b",
        headers: b"\r\n\r\n",
        payload: b"PING\r",
    };
    assert_eq!(scanned, Some((Op::Publish(publish), bytes.len())));
}

#[test]
fn a_payload_too_large_is_refused_at_its_line() {
    assert_eq!(broken(b"PUB a 2000000\r\n"), Some(Broken::PayloadTooLarge));
    assert_eq!(broken(b"PUB a 9999999999\r\n"), Some(Broken::Silent));
}

#[test]
fn a_payload_longer_than_its_size_is_no_operation() {
    assert_eq!(
        broken(b"PUB a 2\r\nabcdef\r\n"),
        Some(Broken::UnknownOperation)
    );
    assert_eq!(broken(b"PUB a 2\r\nab\n"), Some(Broken::UnknownOperation));
}

#[test]
fn nonsense_is_refused_before_its_line_ends() {
    assert_eq!(broken(b"GET / HTTP/1.1"), Some(Broken::UnknownOperation));
    assert_eq!(broken(b"FOO bar\r\n"), Some(Broken::UnknownOperation));
    assert_eq!(broken(b"\r\n"), Some(Broken::UnknownOperation));
    assert_eq!(broken(b"PIN"), None);
}

#[test]
fn a_line_without_an_end_is_cut_at_the_limit() {
    let line = [&b"PUB "[..], &[b'a'; 5000]].concat();
    assert_eq!(broken(&line), Some(Broken::ControlLineTooLong));
}

#[test]
fn sizes_that_are_none_close_without_a_word() {
    for line in [
        "PUB a xx\r\n",
        "PUB a\r\n",
        "HPUB a 50 20\r\n",
        "SUB a\r\n",
        "SUB a b c d\r\n",
    ] {
        assert_eq!(broken(line.as_bytes()), Some(Broken::Silent), "{line}");
    }
}

proptest! {
    #[test]
    fn however_the_bytes_are_split_the_operations_are_the_same(step in 1usize..40) {
        let bytes = b"CONNECT {\"verbose\":false}\r\nPING\r\nSUB a.* g 7\r\nPUB a.b r 5\r\nhe\r\no\r\n\
            HPUB a 12 14\r\nNATS/1.0\r\n\r\nhi\r\nUNSUB 7 3\r\nPONG\r\n";
        prop_assert_eq!(scan(bytes, step), scan(bytes, bytes.len()));
    }

    #[test]
    fn no_bytes_make_it_panic_or_read_past_them(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        scan(&bytes, 7);
    }
}
