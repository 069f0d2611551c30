//! The node: who answers here, and how it is.

pub mod cat;
pub mod cluster;
pub mod health;
pub mod info;
mod meters;

pub use meters::Meters;

/// What the composition root knows of the node.
#[derive(Clone, Debug)]
pub struct Facts {
    /// The node's name.
    pub name: String,
    /// Where the doors answer, by name.
    pub doors: Vec<(String, String)>,
    /// How the log is forced to disk.
    pub fsync: &'static str,
    /// When the node started, microseconds since the Unix epoch.
    pub started_us: u64,
}
