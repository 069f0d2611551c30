//! What one document asks of a transaction.

use axum::http::StatusCode;
use serde_json::{Map, Value as Json, json};
use stele_core::record::rows::Rows;
use stele_core::record::value::Value;
use stele_core::record::{Key, Stamp, head};
use stele_core::txn::{LockMode, LockWait, RowRecord, Txn};
use stele_search::Document;

use super::plain;
use super::stored::{self, Version};
use crate::App;
use crate::indices::grow;
use crate::indices::resolve::Index;
use crate::wire::{Fault, parse_object};

/// How long an id may be, bytes.
const ID_BYTES_MAX: usize = 512;

/// What is to become of a document.
#[derive(Clone, Debug)]
pub enum Change {
    /// It is this from now on.
    Index(Document),
    /// It is this, and was not there before.
    Create(Document),
    /// It is gone.
    Delete,
    /// These fields of it change.
    Update(Update),
}

/// Changes of some fields.
#[derive(Clone, Debug, Default)]
pub struct Update {
    /// The fields.
    pub fields: Map<String, Json>,
    /// What a document that is not there becomes.
    pub upsert: Option<Document>,
    /// A document that would stay as it is is not written.
    pub detects_noop: bool,
}

/// A document and what is to become of it.
#[derive(Clone, Debug)]
pub struct Item {
    /// Its id.
    pub id: String,
    /// What becomes of it.
    pub change: Change,
    /// Only if its version is this.
    pub expected: Option<Version>,
}

/// What became of a document.
#[derive(Clone, Debug)]
pub struct Done {
    /// `created`, `updated`, `deleted`, `noop`, `not_found`.
    pub result: &'static str,
    /// The key of its row.
    pub key: Key,
    /// The version it has if nothing was written, or had before it was deleted.
    pub stamp: Stamp,
    /// What was written, to be recognised after the commit.
    pub written: Option<Vec<u8>>,
    /// The document as it is now, if it was updated.
    pub document: Option<Document>,
}

impl Change {
    /// Every document that a mapping has to fit.
    pub fn documents(&self) -> Vec<&Map<String, Json>> {
        match self {
            Self::Index(document) | Self::Create(document) => vec![document.fields()],
            Self::Delete => Vec::new(),
            Self::Update(update) => {
                let upsert = update.upsert.iter().map(Document::fields);
                std::iter::once(&update.fields).chain(upsert).collect()
            }
        }
    }
}

/// A document from its text.
pub fn document(text: &[u8]) -> Result<Document, Fault> {
    let fields = parse_object(text)
        .map_err(|_| Fault::document("failed to parse: the document is not an object"))?;
    if let Some(name) = fields.keys().find(|name| {
        matches!(
            name.as_str(),
            "_id" | "_source" | "_index" | "_type" | "_routing"
        )
    }) {
        return Err(Fault::document(format!(
            "Field [{name}] is a metadata field and cannot be added inside a document"
        )));
    }
    let text =
        std::str::from_utf8(text).map_err(|_| Fault::document("the document is not UTF-8"))?;
    Ok(Document::new(fields, text.trim()))
}

/// Does what one item asks, in a transaction. After an error the transaction must go
/// back to a savepoint.
pub async fn apply(app: &App, txn: &mut Txn, index: &Index, item: &Item) -> Result<Done, Fault> {
    if item.id.is_empty() {
        return Err(Fault::argument("if _id is specified it must not be empty"));
    }
    if item.id.len() > ID_BYTES_MAX || item.id.contains('\0') {
        return Err(Fault::argument(format!(
            "id [{}] is longer than [{ID_BYTES_MAX}] bytes or has a zero in it",
            item.id.escape_debug()
        )));
    }
    let key = stored::key(index, &item.id)?;
    let keys = std::slice::from_ref(&key);
    txn.lock(keys, LockMode::Exclusive, LockWait::Block).await?;
    let old = {
        let view = txn.latest(keys).await?;
        RowRecord::read(&view, &index.table, &key, view.now_ms())?
    };
    expect(item, old.as_ref())?;
    match &item.change {
        Change::Delete => delete(txn, index, key, old).await,
        Change::Create(_) if old.is_some() => {
            Err(Fault::conflict(&item.id, "document already exists"))
        }
        Change::Index(document) | Change::Create(document) => {
            put(app, txn, index, item, key, old, document).await
        }
        Change::Update(update) => self::update(app, txn, index, item, key, old, update).await,
    }
}

fn expect(item: &Item, old: Option<&RowRecord>) -> Result<(), Fault> {
    let Some(expected) = item.expected else {
        return Ok(());
    };
    let found = old.map(|row| Version::of(row.stamp));
    if found == Some(expected) {
        return Ok(());
    }
    let Version { seq_no, term } = expected;
    let found = match found {
        Some(found) => format!(
            "current document has seqNo [{}] and primary term [{}]",
            found.seq_no, found.term
        ),
        None => "but no document was found".to_owned(),
    };
    Err(Fault::conflict(
        &item.id,
        &format!("required seqNo [{seq_no}], primary term [{term}]. {found}"),
    ))
}

async fn put(
    app: &App,
    txn: &mut Txn,
    index: &Index,
    item: &Item,
    key: Key,
    old: Option<RowRecord>,
    document: &Document,
) -> Result<Done, Fault> {
    let row = row(app, index, item, old.as_ref(), document).await?;
    let written = index.table.encode_row(&row);
    let result = match &old {
        Some(old) => {
            txn.update_row(&index.table, old, row).await?;
            "updated"
        }
        None => {
            let made = txn.insert_row(&index.table, row).await?;
            if made != key {
                return Err(Fault::document(format!(
                    "the key's columns contradict the id [{}]",
                    item.id
                )));
            }
            "created"
        }
    };
    Ok(Done {
        result,
        key,
        stamp: Stamp::ZERO,
        written: Some(written),
        document: None,
    })
}

async fn row(
    app: &App,
    index: &Index,
    item: &Item,
    old: Option<&RowRecord>,
    document: &Document,
) -> Result<Vec<Value>, Fault> {
    let Some(mapping) = index.documents() else {
        let old = old.map(|row| row.fields.as_slice());
        return plain::row(&app.db, &index.table, &item.id, document.fields(), old).await;
    };
    if grow::fit(mapping, document.fields())?.is_some() {
        // The mapping was made to fit before the transaction began.
        return Err(stele_core::Error::new(
            stele_core::ErrorKind::Retry,
            "the mapping has changed",
        )
        .into());
    }
    Ok(document.to_row(&index.table, mapping, &item.id))
}

async fn delete(
    txn: &mut Txn,
    index: &Index,
    key: Key,
    old: Option<RowRecord>,
) -> Result<Done, Fault> {
    let (result, stamp) = match &old {
        Some(old) => {
            txn.delete_row(&index.table, old).await?;
            ("deleted", old.stamp)
        }
        None => ("not_found", Stamp::ZERO),
    };
    Ok(Done {
        result,
        key,
        stamp,
        written: None,
        document: None,
    })
}

async fn update(
    app: &App,
    txn: &mut Txn,
    index: &Index,
    item: &Item,
    key: Key,
    old: Option<RowRecord>,
    update: &Update,
) -> Result<Done, Fault> {
    let Some(old) = old else {
        let Some(upsert) = &update.upsert else {
            return Err(Fault::new(
                StatusCode::NOT_FOUND,
                "document_missing_exception",
                format!("[{}]: document missing", item.id),
            ));
        };
        let mut done = put(app, txn, index, item, key, None, upsert).await?;
        done.document = Some(upsert.clone());
        return Ok(done);
    };
    let before = Document::of_row(&index.table, index.mapping.as_deref(), &old.fields);
    let mut fields = before.fields().clone();
    merge(&mut fields, &update.fields);
    if update.detects_noop && fields == *before.fields() {
        return Ok(Done {
            result: "noop",
            key,
            stamp: old.stamp,
            written: None,
            document: Some(before),
        });
    }
    let document = Document::of_fields(fields);
    let mut done = put(app, txn, index, item, key, Some(old), &document).await?;
    done.document = Some(document);
    Ok(done)
}

/// Objects are merged field by field, everything else is replaced.
fn merge(into: &mut Map<String, Json>, from: &Map<String, Json>) {
    for (name, value) in from {
        match (into.get_mut(name), value) {
            (Some(Json::Object(into)), Json::Object(from)) => merge(into, from),
            _ => drop(into.insert(name.clone(), value.clone())),
        }
    }
}

/// What a client is told of a document that was written. Called after the commit.
pub fn told(
    view: &dyn Rows,
    index: &Index,
    id: &str,
    done: &Done,
) -> Result<Map<String, Json>, Fault> {
    let stamp = match &done.written {
        None => done.stamp,
        Some(written) => match head::stored(view, &done.key)? {
            Some(head) if head.body == written.as_slice() => head.stamp,
            // Somebody has changed it since. Which version ours was is not known any
            // more; one that it no longer has is right for whoever relies on it.
            Some(head) => Stamp(head.stamp.0.saturating_sub(1)),
            None => Stamp::ZERO,
        },
    };
    let mut told = Map::new();
    told.insert("_index".to_owned(), json!(index.table.name));
    told.insert("_id".to_owned(), json!(id));
    Version::of(stamp).tell(stamp, &mut told);
    told.insert("result".to_owned(), json!(done.result));
    told.insert(
        "_shards".to_owned(),
        json!({"total": 1, "successful": 1, "failed": 0}),
    );
    Ok(told)
}

/// The status of an item's outcome.
pub fn status(done: &Done) -> StatusCode {
    match done.result {
        "created" => StatusCode::CREATED,
        "not_found" => StatusCode::NOT_FOUND,
        _ => StatusCode::OK,
    }
}
