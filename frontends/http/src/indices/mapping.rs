//! `GET` and `PUT /{index}/_mapping`.

use axum::extract::State;
use serde_json::{Map, json};

use super::{grow, resolve};
use crate::App;
use crate::wire::{Answer, Call, Outcome};

const CHOICES: [&str; 4] = [
    "ignore_unavailable",
    "allow_no_indices",
    "expand_wildcards",
    "local",
];

/// `GET /{index}/_mapping`
pub async fn get(State(app): State<App>, call: Call) -> Outcome {
    call.allow(&CHOICES)?;
    let mut answer = Map::new();
    for index in resolve::several(&app, call.part("index"))? {
        let mapping = index.printed_mapping();
        answer.insert(index.table.name.clone(), json!({"mappings": mapping}));
    }
    Ok(Answer::json(answer.into()))
}

/// `PUT /{index}/_mapping`
pub async fn put(State(app): State<App>, call: Call) -> Outcome {
    call.allow(&CHOICES)?;
    let body = call.object()?;
    let mut answer = Answer::json(json!({"acknowledged": true}));
    for index in resolve::several(&app, call.part("index"))? {
        let token = grow::put(&app, &index.table.name, &body).await?;
        answer = answer.with_token(token);
    }
    Ok(answer)
}
