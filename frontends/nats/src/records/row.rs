//! Carries out a request on its row, in a transaction of its own.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value as Json};
use stele_core::record::table::Table;
use stele_core::record::value::Value;
use stele_core::record::{Key, Level, Token};
use stele_core::txn::{RowError, RowRecord};
use stele_core::{Database, Error, ErrorKind, LockMode, LockWait, Txn, TxnOptions};

use super::Answer;
use super::request::{Request, Verb};

/// How often a request is carried out again because others were in the way.
const TRIES: u64 = 20;

/// Why a request was not carried out; the code is one of HTTP's.
#[derive(Debug)]
pub struct Refusal {
    pub code: u16,
    pub why: String,
}

impl Refusal {
    pub fn new(code: u16, why: impl Into<String>) -> Self {
        let why = why.into();
        Self { code, why }
    }

    /// Too much waits already.
    pub fn busy() -> Self {
        Self::new(503, "too many requests wait")
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        let code = match error.kind {
            ErrorKind::Invalid => 400,
            ErrorKind::Conflict | ErrorKind::Deadlock | ErrorKind::Retry | ErrorKind::Locked => 409,
            ErrorKind::Unavailable => 503,
            ErrorKind::Unknown | ErrorKind::Corrupt => 500,
        };
        Self::new(code, error.message)
    }
}

impl From<RowError> for Trouble {
    fn from(error: RowError) -> Self {
        match error {
            RowError::Core(error) => error.into(),
            RowError::Value(error) => Self::Final(Refusal::new(400, error.message)),
            RowError::Violation(violation) => Self::Final(Refusal::new(409, violation.message)),
        }
    }
}

/// Why a try failed.
enum Trouble {
    /// The same may go well now.
    Passing(Error),
    /// It will not.
    Final(Refusal),
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        match error.kind {
            ErrorKind::Conflict | ErrorKind::Deadlock | ErrorKind::Retry => Self::Passing(error),
            _ => Self::Final(error.into()),
        }
    }
}

impl From<Refusal> for Trouble {
    fn from(refusal: Refusal) -> Self {
        Self::Final(refusal)
    }
}

/// The row a request names, there or not.
struct Place {
    table: Arc<Table>,
    key: Key,
    /// The values of the primary key's columns.
    parts: Vec<Value>,
}

/// Carries out a request, again where others were in the way.
pub async fn carry_out(db: &Database, request: &Request) -> Result<Answer, Refusal> {
    let level = request.level()?;
    if request.verb == Verb::Get {
        return get(db, &place(db, request)?, &level).await;
    }
    let mut tries = 0;
    loop {
        tries += 1;
        match change(db, request, &level).await {
            Ok(answer) => return Ok(answer),
            Err(Trouble::Final(refusal)) => return Err(refusal),
            Err(Trouble::Passing(error)) if tries >= TRIES => return Err(error.into()),
            Err(Trouble::Passing(_)) => db.sleep(Duration::from_millis(tries)).await,
        }
    }
}

fn place(db: &Database, request: &Request) -> Result<Place, Refusal> {
    let Request {
        table: name, key, ..
    } = request;
    let spelling = format!("{name}:{key}");
    let catalog = db.catalog();
    let (table, spelling) = catalog
        .table_of_spelling(spelling.as_bytes())
        .ok_or_else(|| Refusal::new(404, format!("relation \"{name}\" does not exist")))?;
    let parts = table.values_of_spelling(spelling).flatten();
    let address = table.key_of_spelling(spelling);
    let (parts, address) = parts
        .zip(address)
        .ok_or_else(|| Refusal::new(400, format!("{key} cannot be a primary key of \"{name}\"")))?;
    Ok(Place {
        table: table.clone(),
        key: address,
        parts,
    })
}

fn no_row(place: &Place) -> Refusal {
    let spelling = place.table.spelling(&place.key).unwrap_or_default();
    let name = &place.table.name;
    Refusal::new(404, format!("\"{name}\" has no row {spelling}"))
}

async fn get(db: &Database, place: &Place, level: &Level) -> Result<Answer, Refusal> {
    let view = db.read(std::slice::from_ref(&place.key), level).await?;
    let row = RowRecord::read(&view, &place.table, &place.key, view.now_ms())?;
    let row = row.ok_or_else(|| no_row(place))?;
    // Asked after the row was read: whoever says it has seen at least the row.
    let token: Token = db.positions();
    Ok(Answer {
        token,
        payload: place.table.json(&row.fields),
    })
}

async fn change(db: &Database, request: &Request, level: &Level) -> Result<Answer, Trouble> {
    let place = place(db, request)?;
    let keys = std::slice::from_ref(&place.key);
    let mut txn = db.begin(TxnOptions {
        level: level.clone(),
        ..TxnOptions::default()
    });
    txn.use_table(&place.table).await?;
    txn.lock(keys, LockMode::Exclusive, LockWait::Block).await?;
    let old = {
        let view = txn.latest(keys).await?;
        RowRecord::read(&view, &place.table, &place.key, view.now_ms())?
    };
    let result = match request.verb {
        Verb::Delete => {
            let old = old.ok_or_else(|| no_row(&place))?;
            txn.delete_row(&place.table, &old).await?;
            "deleted"
        }
        _ => put(db, &mut txn, &place, old, &request.payload).await?,
    };
    let token = txn.commit().await?;
    Ok(Answer::changed(result, token))
}

/// Changes the columns that the payload names; a row that is not there has its defaults in
/// the others.
async fn put(
    db: &Database,
    txn: &mut Txn,
    place: &Place,
    old: Option<RowRecord>,
    payload: &[u8],
) -> Result<&'static str, Trouble> {
    let given: Map<String, Json> = serde_json::from_slice(payload)
        .map_err(|error| Refusal::new(400, format!("the payload is not an object: {error}")))?;
    let table = &place.table;
    if let Some(name) = given.keys().find(|name| table.position_of(name).is_none()) {
        let why = format!(
            "column \"{name}\" of relation \"{}\" does not exist",
            table.name
        );
        return Err(Refusal::new(400, why).into());
    }
    let keys = table.key_positions();
    let mut values = Vec::with_capacity(table.columns.len());
    for (at, column) in table.columns.iter().enumerate() {
        let of_key = keys.iter().position(|key| *key == at);
        let of_key = of_key.and_then(|part| place.parts.get(part));
        let said = given.get(&column.name).map(|json| column.value_of(json));
        let said = said.transpose().map_err(RowError::from)?;
        let before = old.as_ref().and_then(|row| row.fields.get(at));
        values.push(match (of_key, said, before) {
            (Some(key), Some(said), _) if *key != said => {
                let why = format!("column \"{}\" contradicts the key", column.name);
                return Err(Refusal::new(400, why).into());
            }
            (Some(key), _, _) => key.clone(),
            (None, Some(said), _) => said,
            (None, None, Some(before)) => before.clone(),
            (None, None, None) => db.default_of(column).await?,
        });
    }
    match &old {
        Some(old) => {
            txn.update_row(table, old, values).await?;
            Ok("updated")
        }
        None => {
            txn.insert_row(table, values).await?;
            Ok("inserted")
        }
    }
}
