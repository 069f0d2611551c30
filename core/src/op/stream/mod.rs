//! Streams: messages in the order in which the log put them, numbered from 1.
//!
//! What: a record whose elements are messages. [`append`] adds one, [`remove`]
//! takes some away, [`Stream`] reads.
//!
//! Why: a sequence number, a duplicate found, a limit kept must be the same on
//! every replica; so they are decided here, where the log puts the op.
//!
//! How: four families of elements beside the head, whose body is the [`State`]:
//!
//! ```text
//! message     seq                 -> subject, headers, payload    (time: the row's stamp)
//! by subject  subject, 0, seq     -> nothing
//! subject     subject             -> how many, the last seq
//! id          message id          -> seq, when;   by age: when, message id
//! due         when, seq           -> nothing, for messages with a time to live
//! ```
//! Several appends of one entry write the head once.
//!
//! Limits: one slot, so one partition, holds a stream. What a limit pushes out
//! goes in the same op; what age pushes out goes when somebody asks.
//!
//! Further reading: the meaning of the limits is JetStream's, docs.nats.io,
//! "JetStream: Streams".

mod append;
mod headers;
mod message;
mod read;
mod remove;
mod state;
#[cfg(test)]
mod stream_test;

pub use append::{Append, Rollup, StreamRefusal};
pub use headers::{BadHeader, headers};
pub use message::{StreamMessage, stored_size, time_ns};
pub use read::{Stream, SubjectCount, open};
pub use remove::Removal;
pub use state::{State, StreamLimits};

pub(super) use append::append;
pub(super) use remove::remove;
pub(super) use state::configure;

/// Messages by sequence number.
const MESSAGE: u8 = 0;
/// Sequence numbers by subject.
const BY_SUBJECT: u8 = 1;
/// What is known of each subject.
const SUBJECT: u8 = 2;
/// Message ids.
const ID: u8 = 3;
/// Message ids by age.
const ID_BY_AGE: u8 = 4;
/// Messages that have a time to live, by its end.
const DUE: u8 = 5;
