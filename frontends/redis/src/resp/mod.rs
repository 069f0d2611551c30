//! # RESP: bytes to requests, answers to bytes
//!
//! **What.** `scan` finds the requests in what a client has sent, `reply` writes answers in
//! RESP2 or RESP3, `number` reads and prints numbers as Redis does.
//!
//! **Why.** A client library's parser is made for a server one trusts: it recurses into nested
//! arrays, starts again from the first byte after each read, knows no inline commands and has no
//! limits. A request is always flat, an array of bulk strings or a line of words, so the scanner
//! here is a loop that remembers where it stopped and never recurses.
//!
//! **How.**
//! ```text
//!   socket --read--> BytesMut --Scanner::drain--> Requests: [SET k v] [GET k] | half a request
//!                                 ranges only      slices of the same buffer, nothing copied
//! ```
//! A request's arguments are slices of the read buffer. Inline words are the exception: their
//! quotes and escapes are resolved into bytes of their own.
//!
//! **Limits.** See `scan::Limits`. Nothing is allocated because of a length a client claims, only
//! because of bytes it sent.
//!
//! **Further reading.** The protocol: redis.io/docs/reference/protocol-spec.

pub mod inline;
pub mod number;
pub mod reply;
pub mod scan;

pub use reply::{Out, Protocol};
pub use scan::{Limits, ProtocolError, Requests, Scanner};

#[cfg(test)]
mod reply_test;
#[cfg(test)]
mod scan_test;
