//! Making and removing indexes.

use axum::extract::State;
use serde_json::{Map, Value as Json, json};
use stele_core::record::rows::Rows;
use stele_core::record::table::{Definition, PrimaryKey, SearchIndex, Table};
use stele_core::record::value::Type;
use stele_core::record::{CollectionId, layout};
use stele_core::txn::{Txn, TxnOptions};
use stele_search::document::Mapping;
use stele_search::document::source::{ID_COLUMN, SOURCE_COLUMN};

use super::{grow, properties, resolve};
use crate::App;
use crate::wire::{Answer, Call, Fault, Outcome};

/// How long a name may be, bytes.
const NAME_BYTES_MAX: usize = 255;

/// `PUT /{index}`
pub async fn create(State(app): State<App>, call: Call) -> Outcome {
    call.allow(&[])?;
    let name = call.part("index").to_owned();
    let body = call.object()?;
    let mapping = described(&body)?;
    let token = make(&app, &name, mapping).await?;
    let answer = json!({"acknowledged": true, "shards_acknowledged": true, "index": name});
    Ok(Answer::json(answer).with_token(token))
}

/// The mapping that a body asks for. Settings that mean nothing on this node are
/// accepted; those that would change what is found are not.
fn described(body: &Map<String, Json>) -> Result<Mapping, Fault> {
    let mut mapping = Mapping {
        documents: true,
        ..Mapping::default()
    };
    for (key, value) in body {
        let object = value
            .as_object()
            .ok_or_else(|| Fault::parsing(format!("[{key}] is not an object")))?;
        match key.as_str() {
            "mappings" => properties::read(&mut mapping, object)?,
            "settings" => settings(object)?,
            "aliases" if object.is_empty() => {}
            key => {
                return Err(Fault::parsing(format!(
                    "unknown key [{key}] for create index"
                )));
            }
        }
    }
    Ok(mapping)
}

fn settings(object: &Map<String, Json>) -> Result<(), Fault> {
    const HARMLESS: [&str; 4] = [
        "number_of_shards",
        "number_of_replicas",
        "refresh_interval",
        "codec",
    ];
    for (key, value) in object {
        let name = key.strip_prefix("index.").unwrap_or(key);
        match value {
            Json::Object(inner) if name == "index" => settings(inner)?,
            _ if HARMLESS.contains(&name) => {}
            _ => return Err(Fault::argument(format!("unknown setting [index.{name}]"))),
        }
    }
    Ok(())
}

/// Makes an index, which is a table; where it stands.
pub async fn make(
    app: &App,
    name: &str,
    mut mapping: Mapping,
) -> Result<stele_core::record::Token, Fault> {
    check_name(name)?;
    let mut txn = Txn::begin(app.db.engine().clone(), TxnOptions::default());
    txn.lock_schema().await?;
    if app.db.catalog().table(name).is_some() {
        return Err(exists(name));
    }
    if has_plain_keys(app, &mut txn, name).await? {
        return Err(Fault::argument(format!(
            "keys of database 0 begin with [{name}:]: they would be hidden by the index"
        )));
    }
    let engine = app.db.engine();
    let id = engine.new_id().await?;
    let mut table = Table {
        id,
        storage: id,
        name: name.to_owned(),
        columns: Vec::new(),
        next_column: 1,
        primary_key: None,
        indexes: Vec::new(),
        checks: Vec::new(),
        foreign_keys: Vec::new(),
    };
    let key = grow::column(&mut table, ID_COLUMN, Type::Text, true);
    grow::column(&mut table, SOURCE_COLUMN, Type::Json, false);
    grow::columns(&mut table, &mut mapping);
    table.primary_key = Some(PrimaryKey {
        id: engine.new_id().await?,
        name: format!("{name}_pkey"),
        columns: vec![key],
    });
    let search = SearchIndex {
        id: engine.new_id().await?,
        table: id,
        name: format!("{name}_search_idx"),
        mapping: mapping.print(),
    };
    txn.define(&Definition::Table(table)).await?;
    txn.define(&Definition::Search(search)).await?;
    Ok(txn.commit().await?)
}

fn exists(name: &str) -> Fault {
    Fault::new(
        axum::http::StatusCode::BAD_REQUEST,
        "resource_already_exists_exception",
        format!("index [{name}] already exists"),
    )
}

/// Is this already there? Two who make an index at once both have it then.
pub fn is_there(app: &App, name: &str) -> bool {
    app.db.catalog().table(name).is_some()
}

fn check_name(name: &str) -> Result<(), Fault> {
    let invalid = |why: &str| {
        let reason = format!("Invalid index name [{name}], {why}");
        Err(Fault::new(
            axum::http::StatusCode::BAD_REQUEST,
            "invalid_index_name_exception",
            reason,
        ))
    };
    if name.is_empty() || name.len() > NAME_BYTES_MAX || matches!(name, "." | "..") {
        return invalid("must not be empty, '.', '..' or longer than 255 bytes");
    }
    if name.starts_with(['_', '-', '+']) {
        return invalid("must not start with '_', '-', or '+'");
    }
    if name.to_lowercase() != name {
        return invalid("must be lowercase");
    }
    if name.contains(['\\', '/', '*', '?', '"', '<', '>', '|', ' ', ',', '#', ':'])
        || name.contains(char::is_control)
    {
        return invalid(
            "must not contain the following characters ['\\','/','*','?','\"','<','>','|',' ',',','#',':']",
        );
    }
    Ok(())
}

/// Keys of the keyspace that the table's name would take over.
async fn has_plain_keys(app: &App, txn: &mut Txn, name: &str) -> Result<bool, Fault> {
    if app.db.count(CollectionId(0)) == 0 {
        return Ok(false);
    }
    let prefix = format!("{name}:");
    let view = txn.view().await?;
    let (from, to) = layout::heads(CollectionId(0));
    for found in view.scan(&from, &to, false) {
        let key = layout::parse_head(&found?.0);
        if key.is_some_and(|key| key.bytes.starts_with(prefix.as_bytes())) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// `DELETE /{index}`
pub async fn delete(State(app): State<App>, call: Call) -> Outcome {
    call.allow(&["ignore_unavailable", "allow_no_indices", "expand_wildcards"])?;
    let names = call.part("index");
    if names.contains('*') || names == "_all" {
        return Err(Fault::argument(
            "Wildcard expressions or all indices are not allowed",
        ));
    }
    let mut indexes = Vec::new();
    for name in names.split(',') {
        match resolve::one(&app, name) {
            Ok(index) => indexes.push(index),
            Err(_) if call.flag("ignore_unavailable")? => {}
            Err(fault) => return Err(fault),
        }
    }
    for index in &indexes {
        if index.documents().is_none() {
            return Err(Fault::argument(format!(
                "[{0}] is a table made elsewhere: DROP TABLE {0}",
                index.table.name
            )));
        }
    }
    let mut txn = Txn::begin(app.db.engine().clone(), TxnOptions::default());
    txn.lock_schema().await?;
    for index in &indexes {
        if app
            .db
            .catalog()
            .references_to(index.table.id)
            .any(|(table, _)| table.id != index.table.id)
        {
            return Err(Fault::argument(format!(
                "other tables refer to [{}]",
                index.table.name
            )));
        }
        txn.lock_table(index.table.id).await?;
        let catalog = txn.catalog()?;
        if catalog.table_by_id(index.table.id).is_none() {
            return Err(Fault::no_index(&index.table.name));
        }
        txn.undefine(index.table.id).await?;
    }
    let token = txn.commit().await?;
    Ok(Answer::json(json!({"acknowledged": true})).with_token(token))
}
