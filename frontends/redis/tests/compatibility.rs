//! The compatibility page says what the table of commands says.

// A test may stop at what it did not expect.
#![allow(clippy::expect_used, clippy::panic)]

use std::path::Path;

use stele_kit::transcript::compare;

#[test]
fn the_page_agrees_with_the_table() {
    let path = Path::new(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../docs/compatibility/redis.md"
    ));
    let expected = std::fs::read_to_string(path).unwrap_or_default();
    if let Err(difference) = compare(path, &expected, &stele_redis::page::page()) {
        panic!("{difference}");
    }
}
