//! The black box: the real binary over sockets, with the clients people use.

// A failed step of a test is a failed test: panicking is how it says so. Tests wait on
// real processes, so they use the real clock and real threads.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::print_stderr
)]

mod blackbox;
