//! # The wire: PostgreSQL's protocol, version 3
//!
//! **What.** The startup and its proofs, the simple and the extended protocol, COPY in both,
//! cancel requests, notices and notifications. What is said is decided in `session`; here it
//! is only spoken.
//!
//! **Why.** pgwire encodes messages and does SCRAM. Its loop and its decoder are not used: the
//! loop waits for nothing but the socket, so it could never deliver a NOTIFY or a shutdown,
//! and flushes after every message; the decoder trusts lengths inside bodies and replaces
//! invalid UTF-8, where PostgreSQL answers 22021.
//!
//! **How.**
//! ```text
//!   socket --> input --> frontend::next --> connection --> session
//!                                             | simple, extended, copy
//!   socket <-- flush when waiting <-- output <+
//! ```
//! Answers gather in one buffer. It is written when the client waits for an answer (after
//! Sync, Flush and a simple query) and nothing else of its pipeline is at hand, or when the
//! buffer is large. While a statement runs, the loop also watches for a cancel request, the
//! statement's timeout and the client's leaving.
//!
//! **Limits.** A first packet of 10 kB within 10 s, its proof within 10 more; messages of 256 MiB;
//! no TLS yet: encryption is declined, and clients that insist leave.
//!
//! **Further reading.** PostgreSQL manual, chapters 55.2 (message flow) and 55.7 (formats).

pub mod cancel;
pub mod connection;
mod copy;
mod extended;
pub mod frontend;
mod guard;
pub mod output;
pub mod report;
pub mod scram;
mod simple;
pub mod spill;
pub mod stack;
pub mod startup;

use crate::error::SqlError;

/// The text in these bytes.
///
/// # Errors
/// 22021 when they are not UTF-8, naming the first bytes that are not.
pub fn utf8(bytes: &[u8]) -> Result<&str, SqlError> {
    std::str::from_utf8(bytes).map_err(|error| {
        let rest = bytes.get(error.valid_up_to()..).unwrap_or_default();
        let length = error.error_len().unwrap_or(rest.len()).clamp(1, 4);
        let shown: Vec<String> = rest
            .iter()
            .take(length)
            .map(|byte| format!("0x{byte:02x}"))
            .collect();
        SqlError::new(
            "22021",
            format!(
                "invalid byte sequence for encoding \"UTF8\": {}",
                shown.join(" ")
            ),
        )
    })
}
