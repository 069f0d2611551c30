//! The node: who answers here, and how it is.
//!
//! What: `GET /`, `_cat`, `_cluster/health`, and for operators `/livez`, `/readyz`,
//! `/metrics`, `/_stele/status` and the console.
//!
//! Why: clients look at a server before they trust it, and so do those who run it.
//!
//! How: the composition root hands over [`Facts`]; all else is asked of the database and the
//! search indexes when somebody asks. Numbers over time are [`Meters`], read by Prometheus.
//!
//! Limits: one node, which holds everything and is therefore green.

pub mod cat;
pub mod cluster;
pub mod console;
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
