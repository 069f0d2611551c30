//! `_mget`: documents by id, many at once.

use std::collections::BTreeMap;

use axum::extract::State;
use serde_json::{Map, Value as Json, json};

use super::shown::{Shown, WithSource};
use super::stored::{self, Version};
use crate::App;
use crate::indices::resolve::{self, Index};
use crate::wire::{Answer, Call, Fault, Outcome};

/// How many documents one request may ask for.
const COUNT_MAX: usize = 10_000;

/// One document that is asked for.
struct Wanted {
    index: String,
    id: String,
    shown: Shown,
}

/// `POST /_mget`
pub async fn mget(State(app): State<App>, call: Call) -> Outcome {
    call.allow(&[
        "_source",
        "_source_includes",
        "_source_excludes",
        "realtime",
        "preference",
        "refresh",
    ])?;
    let wanted = wanted(&call)?;
    let mut indexes: BTreeMap<String, Result<Index, Fault>> = BTreeMap::new();
    for wanted in &wanted {
        if !indexes.contains_key(&wanted.index) {
            indexes.insert(wanted.index.clone(), resolve::one(&app, &wanted.index));
        }
    }
    let index_of = |wanted: &Wanted| {
        indexes
            .get(&wanted.index)
            .and_then(|index| index.as_ref().ok())
    };
    let keys: Vec<_> = wanted
        .iter()
        .filter_map(|wanted| index_of(wanted)?.table.key_of_spelling(&wanted.id))
        .collect();
    let view = match keys.is_empty() {
        true => None,
        false => Some(app.db.read(&keys, &call.level()?).await?),
    };
    let mut docs = Vec::with_capacity(wanted.len());
    for wanted in wanted {
        let (mut doc, mut source) = (Map::new(), None);
        doc.insert("_index".to_owned(), json!(wanted.index));
        doc.insert("_id".to_owned(), json!(wanted.id));
        match (indexes.get(&wanted.index), &view) {
            (Some(Err(fault)), _) => {
                let cause = fault.cause();
                let mut error = cause.clone();
                error["root_cause"] = json!([cause]);
                doc.insert("error".to_owned(), error);
            }
            (Some(Ok(index)), Some(view)) => {
                match stored::read(view, view.now_ms(), index, &wanted.id)? {
                    Some((row, document)) => {
                        Version::of(row.stamp).tell(row.stamp, &mut doc);
                        doc.insert("found".to_owned(), json!(true));
                        source = wanted.shown.source(document);
                    }
                    None => drop(doc.insert("found".to_owned(), json!(false))),
                }
            }
            _ => drop(doc.insert("found".to_owned(), json!(false))),
        }
        docs.push(WithSource { about: doc, source });
    }
    Answer::of(&BTreeMap::from([("docs", docs)]))
}

fn wanted(call: &Call) -> Result<Vec<Wanted>, Fault> {
    let body = call.object()?;
    let default = Shown::of_call(call);
    let mut wanted = Vec::new();
    for (key, value) in &body {
        let items = value
            .as_array()
            .ok_or_else(|| Fault::parsing(format!("[{key}] is not an array")))?;
        for item in items {
            wanted.push(match (key.as_str(), item) {
                ("ids", id) => Wanted {
                    index: call.part("index").to_owned(),
                    id: spelled(id)?,
                    shown: default.clone(),
                },
                ("docs", Json::Object(doc)) => one(call, doc, &default)?,
                (key, _) => return Err(Fault::parsing(format!("unknown key [{key}] in _mget"))),
            });
        }
    }
    if wanted.is_empty() {
        return Err(Fault::new(
            axum::http::StatusCode::BAD_REQUEST,
            "action_request_validation_exception",
            "Validation Failed: 1: no documents to get;",
        ));
    }
    if wanted.len() > COUNT_MAX {
        return Err(Fault::argument(format!(
            "more than [{COUNT_MAX}] documents at once"
        )));
    }
    match wanted.iter().find(|wanted| wanted.index.is_empty()) {
        Some(_) => Err(Fault::new(
            axum::http::StatusCode::BAD_REQUEST,
            "action_request_validation_exception",
            "Validation Failed: 1: index is missing for doc 0;",
        )),
        None => Ok(wanted),
    }
}

fn one(call: &Call, doc: &Map<String, Json>, default: &Shown) -> Result<Wanted, Fault> {
    let mut wanted = Wanted {
        index: call.part("index").to_owned(),
        id: String::new(),
        shown: default.clone(),
    };
    for (key, value) in doc {
        match key.as_str() {
            "_index" => wanted.index = spelled(value)?,
            "_id" => wanted.id = spelled(value)?,
            "_source" => wanted.shown = Shown::of_json(value)?,
            "routing" | "_routing" => {}
            key => {
                return Err(Fault::parsing(format!(
                    "unknown key [{key}] in a document of _mget"
                )));
            }
        }
    }
    Ok(wanted)
}

fn spelled(json: &Json) -> Result<String, Fault> {
    match json {
        Json::String(text) => Ok(text.clone()),
        Json::Number(number) => Ok(number.to_string()),
        other => Err(Fault::parsing(format!("[{other}] is not an id"))),
    }
}
