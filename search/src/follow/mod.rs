//! Following the feed: one task per search index, and one that starts and ends them.
//!
//! What: a [`Follower`] reads what changed, indexes the rows as they are now,
//! and makes them visible; [`Live`] is what searches and writers see of it.
//!
//! Why: nobody who writes waits for an index, and nothing is missed.
//!
//! How: each round of a follower
//!
//! ```text
//! schema    another mapping or storage?  -> a new generation beside the old
//! feed      changes after the cursor     -> keys -> rows as they are now
//! filling   some rows of the table, until all have been read
//! refresh   when asked, or half a second after the last
//! rest      checkpoint now and then; sleep until something is published
//! ```
//!
//! A row is read after its change was published, so what is indexed is never
//! older than the cursor; that it may be newer does not matter, the change comes
//! again. A cursor that fell off the feed's end starts the filling anew. Filling
//! goes on while writes do, and where it stopped after a crash.
//!
//! Limits: every follower decodes the whole feed. While a new generation is
//! filled the old one answers as it was.

mod follower;
mod live;
mod plan;

pub use follower::Follower;
pub use live::{Live, Serving};
pub use plan::Plan;
