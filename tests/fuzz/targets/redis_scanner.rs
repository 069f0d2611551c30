//! Any bytes, cut anywhere: no panic, and cut in two they mean what they mean whole.

#![no_main]

use bytes::{Bytes, BytesMut};
use libfuzzer_sys::fuzz_target;
use stele_redis::resp::{Limits, ProtocolError, Requests, Scanner};

type Seen = (Vec<Vec<Bytes>>, Option<ProtocolError>);

fn scan(chunks: &[&[u8]]) -> Seen {
    let (mut scanner, mut buffer, mut requests) = (Scanner::default(), BytesMut::new(), Requests::default());
    let mut seen = Vec::new();
    for chunk in chunks {
        buffer.extend_from_slice(chunk);
        loop {
            requests.clear();
            let outcome = scanner.drain(&mut buffer, &mut requests, &Limits::default(), 3);
            seen.extend((0..requests.len()).map(|index| requests.get(index).to_vec()));
            if let Err(error) = outcome {
                return (seen, Some(error));
            }
            if requests.is_empty() {
                break;
            }
        }
    }
    (seen, None)
}

fuzz_target!(|input: (u16, &[u8])| {
    let (cut, bytes) = input;
    let (head, tail) = bytes.split_at(usize::from(cut).min(bytes.len()));
    assert_eq!(scan(&[head, tail]), scan(&[bytes]));
});
