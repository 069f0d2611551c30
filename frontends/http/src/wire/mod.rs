//! The wire: one request in, one answer out.
//!
//! What: a connection's HTTP/1.1, a request taken apart into a [`Call`], an [`Answer`] put
//! together, and a [`Fault`] in Elasticsearch's shape.
//!
//! Why: handlers should read parameters and bodies, not headers, encodings and limits.
//!
//! How: axum's router, on one page, picks the handler; a body is read whole, inflated if it
//! is packed, up to one limit; an answer repeats the media type the client asked for.
//!
//! Limits: bodies of [`BODY_BYTES_MAX`] bytes, all of them within a [`Budget`]; no HTTP/2, no TLS.

mod answer;
mod blocks;
mod body;
mod call;
mod fault;
mod level;
mod router;
mod serve;

pub use answer::Answer;
pub use body::{BODY_BYTES_MAX, Budget};
pub use call::{Call, parse_object};
pub use fault::Fault;
pub use router::router;
pub use serve::serve;

/// What every handler returns.
pub type Outcome = std::result::Result<Answer, Fault>;
