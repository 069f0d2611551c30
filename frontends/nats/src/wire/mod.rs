//! # Bytes of the NATS protocol
//!
//! **What.** `scan` takes operations off the front of a client's bytes, `connect` reads what
//! CONNECT says, `info` writes INFO, `frame` writes MSG and HMSG, `headers` reads and writes
//! header blocks, `subject` knows which subjects are valid.
//!
//! **Why.** A parser that a stranger feeds is kept away from everything that has a meaning.
//!
//! **How.** A scanner is called with the bytes that have come and answers an operation that
//! borrows from them, or that there is none yet. Nothing is allocated for what has not come.
//!
//! **Limits.** A control line has at most 4,096 bytes, a payload what the door's options say;
//! a payload that is announced too large is refused before its first byte arrives.
//!
//! **Further reading.** `docs/compatibility/nats.md` for the texts of errors.

pub mod connect;
pub mod frame;
pub mod headers;
pub mod info;
pub mod scan;
pub mod subject;
