//! `GET` and `HEAD /{index}`.

use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Map, json};

use super::resolve;
use crate::App;
use crate::wire::{Answer, Call, Fault, Outcome};

const CHOICES: [&str; 6] = [
    "ignore_unavailable",
    "allow_no_indices",
    "expand_wildcards",
    "local",
    "flat_settings",
    "include_defaults",
];

/// `GET /{index}`
pub async fn get(State(app): State<App>, call: Call) -> Outcome {
    call.allow(&CHOICES)?;
    let mut answer = Map::new();
    for index in resolve::several(&app, call.part("index"))? {
        let mapping = index.printed_mapping();
        let settings = json!({"index": {
            "number_of_shards": "1",
            "number_of_replicas": "0",
            "provided_name": index.table.name,
            "uuid": index.table.id.0.to_string(),
        }});
        let shown = json!({"aliases": {}, "mappings": mapping, "settings": settings});
        answer.insert(index.table.name.clone(), shown);
    }
    Ok(Answer::json(answer.into()))
}

/// `HEAD /{index}`
pub async fn exists(State(app): State<App>, call: Call) -> Outcome {
    call.allow(&CHOICES)?;
    match resolve::several(&app, call.part("index")) {
        Ok(_) => Ok(Answer::text("").with_status(StatusCode::OK)),
        Err(_) => Err(Fault::no_index(call.part("index"))),
    }
}
