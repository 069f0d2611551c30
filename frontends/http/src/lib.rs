//! # The door that speaks HTTP
//!
//! **What.** What Elasticsearch's official clients use of it: indexes, documents, bulk
//! writes, searches with aggregations and highlights; and, on the same port, health,
//! metrics and the state of the node.
//!
//! **Why.** A table that is searched should not have to be copied to be searched. An
//! index made here *is* a table; a table with a search index answers `_search` here.
//!
//! **How.**
//! ```text
//!   kit         accepts, hands over a Client
//!   wire        one request: path, parameters, body in; status, JSON or text out
//!   indices     an index is a table and its search index: create, mappings, delete
//!   documents   one document, many documents: transactions over rows
//!   searching   the query language; requests and answers of search
//!   node        who answers: `/`, `_cat`, `_cluster`, `/livez`, `/metrics`
//! ```
//! A document made here is a row with a column `_id`, a column `_source` with the text as it
//! was sent, and a column for each field that a column can hold; `stele_search::document` says
//! how they stay one. `_seq_no` and `_primary_term` are the halves of the row's stamp.
//!
//! **Limits.** A body has at most [`BODY_BYTES_MAX`] bytes, also after it was inflated. No
//! scripts, scrolls, templates or aliases; what is not known is refused before anything changes.
//!
//! **Further reading.** `docs/compatibility/http.md`.

mod documents;
mod indices;
mod node;
mod searching;
mod wire;

use std::sync::Arc;

use stele_core::Database;
use stele_kit::{Client, Door, Result};
use stele_search::Search;

pub use node::Facts;
pub use wire::BODY_BYTES_MAX;

/// The door itself.
pub struct Http {
    router: axum::Router,
}

/// What every request may ask of.
#[derive(Clone)]
pub(crate) struct App {
    pub db: Database,
    pub search: Search,
    pub facts: Arc<Facts>,
    pub meters: Arc<node::Meters>,
    pub bodies: wire::Budget,
}

impl Http {
    /// A door over a search handle, not open yet.
    #[must_use]
    pub fn new(search: Search, facts: Facts) -> Self {
        let app = App {
            db: search.database().clone(),
            search,
            facts: Arc::new(facts),
            meters: Arc::new(node::Meters::new()),
            bodies: wire::Budget::new(),
        };
        Self {
            router: wire::router(app),
        }
    }
}

impl Door for Http {
    const NAME: &'static str = "http";

    async fn serve(&self, client: Client, _db: Database) -> Result<()> {
        wire::serve(self.router.clone(), client).await
    }

    fn refusal(&self) -> &'static [u8] {
        b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
    }
}
