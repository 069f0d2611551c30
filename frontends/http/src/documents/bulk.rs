//! `_bulk`: many changes at once, each with an outcome of its own.
//!
//! The changes of one index go in parcels, each a transaction: a parcel is all there or
//! not at all, and an item that is refused is taken back by itself.

use std::collections::{BTreeMap, BTreeSet};

use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Map, Value as Json, json};
use stele_core::record::{Level, Token};
use stele_core::txn::{Txn, TxnOptions};

use super::one::{new_id, parse_update};
use super::stored::Version;
use super::write::{self, Change, Done, Item};
use crate::App;
use crate::indices::{create, grow, resolve};
use crate::searching::visible;
use crate::wire::{Answer, Call, Fault, Outcome, parse_object};

/// How many items one transaction has.
const PARCEL_COUNT_MAX: usize = 1000;
/// How often a parcel that others were in the way of is tried again.
const TRIES: usize = 20;

/// Items of one index, with their places in the request.
pub struct Parcel {
    /// The index.
    pub index: String,
    /// The items.
    pub items: Vec<(usize, Item)>,
}

/// An item's outcome: what the client is told, and a status; or why not.
type Told = Result<(Map<String, Json>, StatusCode), Fault>;

/// A parcel's outcome.
pub struct Delivered {
    /// By place.
    pub items: Vec<(usize, Told)>,
    /// Where the changes stand.
    pub token: Token,
}

/// One item as it was read.
struct Line {
    action: &'static str,
    index: String,
    id: String,
    item: Result<Item, Fault>,
}

/// `POST /_bulk`
pub async fn bulk(State(app): State<App>, call: Call) -> Outcome {
    call.allow(&[
        "refresh",
        "require_alias",
        "pipeline",
        "_source",
        "_source_includes",
        "_source_excludes",
        "list_executed_pipelines",
        "require_data_stream",
    ])?;
    for name in ["require_alias", "require_data_stream"] {
        if call.flag(name)? {
            return Err(Fault::unsupported(&format!("[{name}]")));
        }
    }
    if call.parameter("pipeline").is_some() {
        return Err(Fault::unsupported("[pipeline]"));
    }
    let refresh = visible::asked(&call)?;
    let began = app.db.now_us();
    let level = call.level()?;
    let lines = parse(&app, &call)?;
    let mut outcomes: Vec<Option<Told>> = lines.iter().map(|_| None).collect();
    let mut token = Token::default();
    let mut touched = BTreeSet::new();
    for parcel in parcels(&lines) {
        let delivered = async {
            if parcel
                .items
                .iter()
                .any(|(_, item)| !matches!(item.change, Change::Delete))
            {
                make_absent(&app, &parcel.index).await?;
            }
            deliver(&app, &parcel, &level).await
        };
        match delivered.await {
            Ok(delivered) => {
                token.merge(&delivered.token);
                touched.insert(parcel.index.clone());
                for (place, told) in delivered.items {
                    set(&mut outcomes, place, told);
                }
            }
            Err(fault) => {
                for (place, _) in &parcel.items {
                    set(&mut outcomes, *place, Err(fault.clone()));
                }
            }
        }
    }
    for index in touched {
        visible::wait(&app, &index, &token, refresh).await?;
    }
    let took = (app.db.now_us() - began) / 1000;
    Ok(Answer::json(told(&lines, outcomes, took)).with_token(token))
}

fn set(outcomes: &mut [Option<Told>], place: usize, told: Told) {
    if let Some(outcome) = outcomes.get_mut(place) {
        *outcome = Some(told);
    }
}

fn told(lines: &[Line], outcomes: Vec<Option<Told>>, took: u64) -> Json {
    let mut has_errors = false;
    let mut items = Vec::with_capacity(lines.len());
    for (line, outcome) in lines.iter().zip(outcomes) {
        let outcome = outcome.unwrap_or_else(|| match &line.item {
            Err(fault) => Err(fault.clone()),
            Ok(_) => Err(Fault::argument("the item was not looked at")),
        });
        let said = match outcome {
            Ok((mut said, status)) => {
                said.insert("status".to_owned(), json!(status.as_u16()));
                said
            }
            Err(fault) => {
                has_errors = true;
                let mut said = Map::new();
                said.insert("_index".to_owned(), json!(line.index));
                said.insert("_id".to_owned(), json!(line.id));
                said.insert("status".to_owned(), json!(fault.status.as_u16()));
                said.insert("error".to_owned(), fault.cause());
                said
            }
        };
        let mut item = Map::new();
        item.insert(line.action.to_owned(), Json::Object(said));
        items.push(Json::Object(item));
    }
    json!({"errors": has_errors, "took": took, "items": items})
}

/// Items by index, in their order; the order between indexes does not matter.
fn parcels(lines: &[Line]) -> Vec<Parcel> {
    let mut by_index: BTreeMap<&str, Vec<(usize, Item)>> = BTreeMap::new();
    for (place, line) in lines.iter().enumerate() {
        if let Ok(item) = &line.item {
            by_index
                .entry(&line.index)
                .or_default()
                .push((place, item.clone()));
        }
    }
    let mut parcels = Vec::new();
    for (index, items) in by_index {
        for items in items.chunks(PARCEL_COUNT_MAX) {
            parcels.push(Parcel {
                index: index.to_owned(),
                items: items.to_vec(),
            });
        }
    }
    parcels
}

/// Makes an index that is not there, as the first document of it does.
pub async fn make_absent(app: &App, name: &str) -> Result<(), Fault> {
    if create::is_there(app, name) {
        return Ok(());
    }
    let mapping = stele_search::document::Mapping {
        documents: true,
        ..Default::default()
    };
    match create::make(app, name, mapping).await {
        // Somebody else made it at the same time.
        Err(_) if create::is_there(app, name) => Ok(()),
        outcome => outcome.map(drop),
    }
}

/// Delivers a parcel, again where others were in the way.
pub async fn deliver(app: &App, parcel: &Parcel, level: &Level) -> Result<Delivered, Fault> {
    let mut tries = 0;
    loop {
        tries += 1;
        match once(app, parcel, level).await {
            Ok(delivered) => return Ok(delivered),
            Err(Trouble::Passing(error)) if tries >= TRIES => return Err(error.into()),
            Err(Trouble::Passing(_)) => {
                app.db
                    .sleep(std::time::Duration::from_millis(tries as u64))
                    .await;
            }
            Err(Trouble::Final(fault)) => return Err(fault),
        }
    }
}

/// Why a parcel was not delivered.
enum Trouble {
    /// The same may go well now.
    Passing(stele_core::Error),
    /// It will not.
    Final(Fault),
}

impl From<stele_core::Error> for Trouble {
    fn from(error: stele_core::Error) -> Self {
        match grow::is_passing(&error) {
            true => Self::Passing(error),
            false => Self::Final(error.into()),
        }
    }
}

async fn once(app: &App, parcel: &Parcel, level: &Level) -> Result<Delivered, Trouble> {
    let found = resolve::one(app, &parcel.index).map_err(Trouble::Final)?;
    let documents = parcel
        .items
        .iter()
        .flat_map(|(_, item)| item.change.documents());
    let grown = grow::grow(app, &found, documents)
        .await
        .map_err(Trouble::Final)?;
    let index = match grown {
        Some(_) => resolve::one(app, &parcel.index).map_err(Trouble::Final)?,
        None => found,
    };
    let options = TxnOptions {
        level: level.clone(),
        ..TxnOptions::default()
    };
    let mut txn = Txn::begin(app.db.engine().clone(), options);
    match txn.use_table(&index.table).await {
        Err(stele_core::txn::RowError::Core(error)) => return Err(error.into()),
        Err(error) => return Err(Trouble::Final(error.into())),
        Ok(()) => {}
    }
    let mut done: Vec<(usize, &Item, Result<Done, Fault>)> = Vec::with_capacity(parcel.items.len());
    for (place, item) in &parcel.items {
        let savepoint = txn.savepoint();
        let outcome = write::apply(app, &mut txn, &index, item).await;
        if let Err(fault) = &outcome {
            if fault.status == StatusCode::TOO_MANY_REQUESTS {
                return Err(Trouble::Passing(stele_core::Error::new(
                    stele_core::ErrorKind::Retry,
                    "others were in the way",
                )));
            }
            txn.rollback_to(&savepoint);
        }
        done.push((*place, item, outcome));
    }
    let mut token = txn.commit().await?;
    if let Some(grown) = grown {
        token.merge(&grown);
    }
    let written: Vec<_> = done
        .iter()
        .filter_map(|(_, _, outcome)| Some(outcome.as_ref().ok()?.key.clone()))
        .collect();
    let view = app.db.read(&written, &Level::default()).await?;
    let items = done.into_iter().map(|(place, item, outcome)| {
        let told = outcome.and_then(|done| {
            Ok((
                write::told(&view, &index, &item.id, &done)?,
                write::status(&done),
            ))
        });
        (place, told)
    });
    Ok(Delivered {
        items: items.collect(),
        token,
    })
}

/// Takes a body apart: a line that says what to do, and for most a line with a document.
fn parse(app: &App, call: &Call) -> Result<Vec<Line>, Fault> {
    let body = &call.body;
    if body.is_empty() {
        return Err(Fault::parsing("request body is required"));
    }
    if body.last() != Some(&b'\n') {
        return Err(Fault::argument(
            "The bulk request must be terminated by a newline [\\n]",
        ));
    }
    let mut rest = body
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.iter().all(u8::is_ascii_whitespace));
    let mut lines = Vec::new();
    while let Some(head) = rest.next() {
        let number = lines.len() + 1;
        let malformed = |why: &str| {
            Fault::argument(format!("Malformed action/metadata line [{number}], {why}"))
        };
        let head = parse_object(head).map_err(|_| malformed("expected an object"))?;
        let [(action, about)] = head.iter().collect::<Vec<_>>()[..] else {
            return Err(malformed("expected one action"));
        };
        let action = match action.as_str() {
            "index" => "index",
            "create" => "create",
            "update" => "update",
            "delete" => "delete",
            other => {
                return Err(malformed(&format!(
                    "expected one of [create, delete, index, update] but found [{other}]"
                )));
            }
        };
        let about = about
            .as_object()
            .ok_or_else(|| malformed("expected an object"))?;
        let about = about_of(call, about).map_err(|why| malformed(&why))?;
        let text = match action {
            "delete" => None,
            _ => Some(
                rest.next()
                    .ok_or_else(|| malformed("the document is missing"))?,
            ),
        };
        lines.push(line(app, action, about, text));
    }
    Ok(lines)
}

/// What an action's line says about its document.
struct About {
    index: String,
    id: Option<String>,
    expected: Option<Version>,
}

fn about_of(call: &Call, object: &Map<String, Json>) -> Result<About, String> {
    let mut about = About {
        index: call.part("index").to_owned(),
        id: None,
        expected: None,
    };
    let (mut seq_no, mut term) = (None, None);
    for (key, value) in object {
        let text = || {
            value
                .as_str()
                .map(str::to_owned)
                .ok_or_else(|| format!("[{key}] is not text"))
        };
        match key.as_str() {
            "_index" => about.index = text()?,
            "_id" if value.is_null() => {}
            "_id" => {
                about.id = Some(
                    value
                        .as_number()
                        .map_or_else(text, |number| Ok(number.to_string()))?,
                )
            }
            "if_seq_no" => seq_no = value.as_u64(),
            "if_primary_term" => term = value.as_u64(),
            "routing" | "_routing" | "retry_on_conflict" => {}
            key => return Err(format!("parameter [{key}] is not supported")),
        }
    }
    about.expected = match (seq_no, term) {
        (Some(seq_no), Some(term)) => Some(Version { seq_no, term }),
        (None, None) => None,
        _ => return Err("if_seq_no and if_primary_term must be given together".to_owned()),
    };
    if about.index.is_empty() {
        return Err("an index is missing".to_owned());
    }
    Ok(about)
}

fn line(app: &App, action: &'static str, about: About, text: Option<&[u8]>) -> Line {
    let is_unnamed = about.id.is_none();
    let id = about.id.unwrap_or_else(|| new_id(app));
    let change = || {
        if is_unnamed && matches!(action, "update" | "delete") {
            return Err(Fault::argument("an id must be provided"));
        }
        let text = text.unwrap_or_default();
        Ok(match action {
            "index" => Change::Index(write::document(text)?),
            "create" => Change::Create(write::document(text)?),
            "update" => Change::Update(parse_update(&parse_object(text)?)?),
            _ => Change::Delete,
        })
    };
    let item = change().map(|change| Item {
        id: id.clone(),
        change,
        expected: about.expected,
    });
    Line {
        action,
        index: about.index,
        id,
        item,
    }
}
