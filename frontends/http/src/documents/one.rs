//! One document: `_doc`, `_create`, `_update`, `_source`.

use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use serde_json::{Map, Value as Json, json};
use stele_core::record::Token;

use super::bulk::{self, Parcel};
use super::shown::{Shown, WithSource};
use super::stored::{self, Version};
use super::write::{self, Change, Item, Update};
use crate::App;
use crate::indices::resolve;
use crate::searching::visible;
use crate::wire::{Answer, Call, Fault, Outcome};

const WRITES: [&str; 6] = [
    "refresh",
    "op_type",
    "if_seq_no",
    "if_primary_term",
    "require_alias",
    "pipeline",
];
const SOURCES: [&str; 7] = [
    "_source",
    "_source_includes",
    "_source_excludes",
    "realtime",
    "preference",
    "refresh",
    "stored_fields",
];

/// `PUT /{index}/_doc/{id}`
pub async fn index(State(app): State<App>, call: Call) -> Outcome {
    call.allow(&WRITES)?;
    let id = call.part("id").to_owned();
    let document = write::document(&call.body)?;
    let change = match call.parameter("op_type") {
        None | Some("index") => Change::Index(document),
        Some("create") => Change::Create(document),
        Some(other) => {
            return Err(Fault::argument(format!(
                "opType must be 'create' or 'index', found: [{other}]"
            )));
        }
    };
    written(&app, &call, id, change).await
}

/// `POST /{index}/_doc`
pub async fn create_unnamed(State(app): State<App>, call: Call) -> Outcome {
    call.allow(&WRITES)?;
    let document = write::document(&call.body)?;
    written(&app, &call, new_id(&app), Change::Create(document)).await
}

/// `PUT /{index}/_create/{id}`
pub async fn create(State(app): State<App>, call: Call) -> Outcome {
    call.allow(&WRITES)?;
    let document = write::document(&call.body)?;
    written(
        &app,
        &call,
        call.part("id").to_owned(),
        Change::Create(document),
    )
    .await
}

/// `DELETE /{index}/_doc/{id}`
pub async fn delete(State(app): State<App>, call: Call) -> Outcome {
    call.allow(&WRITES)?;
    written(&app, &call, call.part("id").to_owned(), Change::Delete).await
}

/// An id nobody else has: the moment, and chance.
pub fn new_id(app: &App) -> String {
    format!(
        "{:011x}{:09x}",
        app.db.now_us() / 1000,
        app.db.random() >> 28
    )
}

fn refuse_unknown(call: &Call) -> Result<(), Fault> {
    if call.flag("require_alias")? {
        return Err(Fault::unsupported("[require_alias]"));
    }
    match call.parameter("pipeline") {
        Some(_) => Err(Fault::unsupported("[pipeline]")),
        None => Ok(()),
    }
}

fn expected(call: &Call) -> Result<Option<Version>, Fault> {
    match (call.number("if_seq_no")?, call.number("if_primary_term")?) {
        (None, None) => Ok(None),
        (Some(seq_no), Some(term)) => Ok(Some(Version { seq_no, term })),
        _ => Err(Fault::argument(
            "if_seq_no and if_primary_term must be given together",
        )),
    }
}

async fn written(app: &App, call: &Call, id: String, change: Change) -> Outcome {
    refuse_unknown(call)?;
    let item = Item {
        id,
        change,
        expected: expected(call)?,
    };
    let (answer, token, status) = alone(app, call, item).await?;
    Ok(Answer::json(Json::Object(answer))
        .with_status(status)
        .with_token(token))
}

/// Writes one item by itself.
async fn alone(
    app: &App,
    call: &Call,
    item: Item,
) -> Result<(Map<String, Json>, Token, StatusCode), Fault> {
    let refresh = visible::asked(call)?;
    let level = call.level()?;
    let name = call.part("index").to_owned();
    let is_delete = matches!(item.change, Change::Delete);
    if !is_delete {
        bulk::make_absent(app, &name).await?;
    }
    let parcel = Parcel {
        index: name.clone(),
        items: vec![(0, item)],
    };
    let mut outcome = bulk::deliver(app, &parcel, &level).await?;
    let (_, answer) = outcome
        .items
        .pop()
        .ok_or_else(|| Fault::argument("nothing was written"))?;
    let (answer, status) = answer?;
    visible::wait(app, &name, &outcome.token, refresh).await?;
    let mut answer = answer;
    if refresh == visible::Refresh::Now {
        answer.insert("forced_refresh".to_owned(), json!(true));
    }
    Ok((answer, outcome.token, status))
}

/// `POST /{index}/_update/{id}`
pub async fn update(State(app): State<App>, call: Call) -> Outcome {
    call.allow(&[
        "refresh",
        "if_seq_no",
        "if_primary_term",
        "require_alias",
        "retry_on_conflict",
        "_source",
        "_source_includes",
        "_source_excludes",
    ])?;
    refuse_unknown(&call)?;
    let body = call.object()?;
    let item = Item {
        id: call.part("id").to_owned(),
        change: Change::Update(parse_update(&body)?),
        expected: expected(&call)?,
    };
    let (answer, token, status) = alone(&app, &call, item).await?;
    let mut get = None;
    match (call.parameter("_source"), body.get("_source")) {
        (None, None) => {}
        (_, json) => {
            let shown = json.map_or_else(|| Ok(Shown::of_call(&call)), Shown::of_json)?;
            let index = resolve::one(&app, call.part("index"))?;
            let key = stored::key(&index, call.part("id"))?;
            let view = app.db.read(&[key], &call.level()?).await?;
            if let Some((_, document)) =
                stored::read(&view, view.now_ms(), &index, call.part("id"))?
            {
                get = Some(WithSource {
                    about: Map::from_iter([("found".to_owned(), json!(true))]),
                    source: shown.source(document),
                });
            }
        }
    }
    let answer = Answer::of(&Updated { answer, get })?;
    Ok(answer.with_status(status).with_token(token))
}

/// The answer to an update, and the document as it is now if it was asked for.
#[derive(Serialize)]
struct Updated {
    #[serde(flatten)]
    answer: Map<String, Json>,
    #[serde(skip_serializing_if = "Option::is_none")]
    get: Option<WithSource>,
}

/// The body of an update.
pub fn parse_update(body: &Map<String, Json>) -> Result<Update, Fault> {
    let mut update = Update {
        detects_noop: true,
        ..Update::default()
    };
    let mut as_upsert = false;
    let flag = |key: &str, value: &Json| {
        value
            .as_bool()
            .ok_or_else(|| Fault::parsing(format!("[{key}] is not a boolean")))
    };
    let object = |key: &str, value: &Json| {
        value
            .as_object()
            .cloned()
            .ok_or_else(|| Fault::parsing(format!("[{key}] is not an object")))
    };
    let mut has_fields = false;
    for (key, value) in body {
        match key.as_str() {
            "doc" => {
                update.fields = object(key, value)?;
                has_fields = true;
            }
            "upsert" => update.upsert = Some(write::document(value.to_string().as_bytes())?),
            "doc_as_upsert" => as_upsert = flag(key, value)?,
            "detect_noop" => update.detects_noop = flag(key, value)?,
            "_source" => {}
            "script" | "scripted_upsert" => return Err(Fault::unsupported("[script]")),
            key => {
                return Err(Fault::parsing(format!(
                    "[UpdateRequest] unknown field [{key}]"
                )));
            }
        }
    }
    if !has_fields {
        return Err(Fault::new(
            StatusCode::BAD_REQUEST,
            "action_request_validation_exception",
            "Validation Failed: 1: script or doc is missing;",
        ));
    }
    if as_upsert && update.upsert.is_none() {
        update.upsert = Some(write::document(
            Json::Object(update.fields.clone()).to_string().as_bytes(),
        )?);
    }
    // The same names may not be in a document.
    write::document(Json::Object(update.fields.clone()).to_string().as_bytes())?;
    Ok(update)
}

/// `GET` and `HEAD /{index}/_doc/{id}`
pub async fn get(State(app): State<App>, call: Call) -> Outcome {
    call.allow(&SOURCES)?;
    if call.parameter("stored_fields").is_some() {
        return Err(Fault::unsupported("[stored_fields]"));
    }
    let (name, id) = (call.part("index"), call.part("id"));
    let index = resolve::one(&app, name)?;
    let mut answer = Map::new();
    answer.insert("_index".to_owned(), json!(name));
    answer.insert("_id".to_owned(), json!(id));
    let keys: Vec<_> = index.table.key_of_spelling(id).into_iter().collect();
    let found = match keys.is_empty() {
        true => None,
        false => {
            let view = app.db.read(&keys, &call.level()?).await?;
            stored::read(&view, view.now_ms(), &index, id)?
        }
    };
    let Some((row, document)) = found else {
        answer.insert("found".to_owned(), json!(false));
        return Ok(Answer::json(Json::Object(answer)).with_status(StatusCode::NOT_FOUND));
    };
    Version::of(row.stamp).tell(row.stamp, &mut answer);
    answer.insert("found".to_owned(), json!(true));
    Answer::of(&WithSource {
        about: answer,
        source: Shown::of_call(&call).source(document),
    })
}

/// `GET /{index}/_source/{id}`
pub async fn source(State(app): State<App>, call: Call) -> Outcome {
    call.allow(&SOURCES)?;
    let (name, id) = (call.part("index"), call.part("id"));
    let index = resolve::one(&app, name)?;
    let missing = || {
        Fault::new(
            StatusCode::NOT_FOUND,
            "resource_not_found_exception",
            format!("Document not found [{name}]/[{id}]"),
        )
    };
    let key = index.table.key_of_spelling(id).ok_or_else(missing)?;
    let view = app.db.read(&[key], &call.level()?).await?;
    let (_, document) = stored::read(&view, view.now_ms(), &index, id)?.ok_or_else(missing)?;
    Answer::of(&Shown::of_call(&call).source(document))
}
