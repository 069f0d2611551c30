//! `GET /`: what clients look at before they trust a server.

use axum::extract::State;
use serde_json::json;

use crate::App;
use crate::wire::{Answer, Call, Outcome};

/// The release whose behaviour this door follows.
const ELASTICSEARCH: &str = "9.1.0";

/// `GET /`
pub async fn hello(State(app): State<App>, call: Call) -> Outcome {
    call.allow(&[])?;
    Ok(Answer::json(json!({
        "name": app.facts.name,
        "cluster_name": "stele",
        "cluster_uuid": "stele",
        "version": {
            "number": ELASTICSEARCH,
            "build_flavor": "default",
            "build_type": "stele",
            "build_hash": env!("CARGO_PKG_VERSION"),
            "build_date": "1970-01-01T00:00:00.000Z",
            "build_snapshot": false,
            "lucene_version": "10.2.2",
            "minimum_wire_compatibility_version": "8.19.0",
            "minimum_index_compatibility_version": "8.0.0",
        },
        "tagline": "You Know, for Search",
    })))
}
