//! One request in, one answer out.

mod answer;
mod body;
mod call;
mod fault;
mod level;
mod router;
mod serve;

pub use answer::{Answer, Raws};
pub use body::BODY_BYTES_MAX;
pub use call::{Call, parse_object};
pub use fault::Fault;
pub use router::router;
pub use serve::serve;

/// What every handler returns.
pub type Outcome = std::result::Result<Answer, Fault>;
