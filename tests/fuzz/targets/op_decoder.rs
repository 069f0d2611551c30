//! Any bytes as a stored log entry: refused, or read and written back the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use stele_core::store::entry::{EntryRow, decode, encode};

fuzz_target!(|bytes: &[u8]| {
    let Ok(row) = decode::<EntryRow>(bytes, "a fuzzed entry") else {
        return;
    };
    let stored = encode(&row).expect("what was read can be written");
    let again = encode(&decode::<EntryRow>(&stored, "its own bytes").expect("what was written can be read"));
    // Bytes, not rows: a float that is not a number is not equal to itself.
    assert_eq!(again.expect("and written again"), stored);
});
