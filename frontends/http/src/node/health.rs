//! `/livez`, `/readyz`, `/metrics`, `/_stele/status`.

use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Map, Value as Json, json};
use stele_search::Status;

use crate::App;
use crate::wire::{Answer, Call, Outcome};

/// `GET /livez`: the process answers.
pub async fn live(State(_): State<App>, call: Call) -> Outcome {
    call.allow(&[])?;
    Ok(Answer::text("ok\n"))
}

/// `GET /readyz`: every search index answers too.
pub async fn ready(State(app): State<App>, call: Call) -> Outcome {
    call.allow(&[])?;
    let catalog = app.db.catalog();
    let filling = catalog.searches().filter(|search| {
        app.search
            .status(search.id)
            .is_none_or(|status| !status.is_ready)
    });
    let names: Vec<&str> = filling.map(|search| search.name.as_str()).collect();
    match names.as_slice() {
        [] => Ok(Answer::text("ok\n")),
        names => {
            let text = format!(
                "search indexes that are being filled: {}\n",
                names.join(", ")
            );
            Ok(Answer::text(text).with_status(StatusCode::SERVICE_UNAVAILABLE))
        }
    }
}

/// `GET /metrics`
pub async fn metrics(State(app): State<App>, call: Call) -> Outcome {
    call.allow(&[])?;
    Ok(Answer::metrics(app.meters.print(&app)))
}

/// How many log entries an index has not followed yet.
pub fn behind(app: &App, status: &Status) -> u64 {
    let seen = |partition: u16| {
        status
            .visible
            .positions()
            .find(|(known, _)| *known == partition)
            .map_or(0, |(_, index)| index)
    };
    app.db
        .positions()
        .positions()
        .map(|(partition, index)| index.saturating_sub(seen(partition)))
        .sum()
}

/// `GET /_stele/status`: everything at a glance.
pub async fn status(State(app): State<App>, call: Call) -> Outcome {
    call.allow(&[])?;
    let catalog = app.db.catalog();
    let doors: Map<String, Json> = app
        .facts
        .doors
        .iter()
        .map(|(name, address)| (name.clone(), json!(address)))
        .collect();
    let positions: Map<String, Json> = app
        .db
        .positions()
        .positions()
        .map(|(partition, index)| (partition.to_string(), json!(index)))
        .collect();
    let tables: Vec<Json> = catalog
        .tables()
        .map(|table| json!({"name": table.name, "records": app.db.count(table.storage)}))
        .collect();
    let streams: Vec<Json> = catalog
        .streams()
        .map(|stream| json!({"name": stream.name, "subjects": stream.subjects}))
        .collect();
    let searches: Vec<Json> = catalog
        .searches()
        .map(|search| {
            let table = catalog
                .table_by_id(search.table)
                .map(|table| table.name.clone());
            let status = app.search.status(search.id);
            json!({
                "name": search.name,
                "table": table,
                "ready": status.as_ref().is_some_and(|status| status.is_ready),
                "entries": status.as_ref().map(|status| status.entries),
                "rows_filled": status.as_ref().map(|status| status.filled),
                "trouble": status.as_ref().and_then(|status| status.trouble.clone()),
                "refreshes": status.as_ref().map(|status| status.refreshes),
                "visible": status.as_ref().map(|status| status.visible.to_string()),
                "entries_behind": status.as_ref().map(|status| behind(&app, status)),
            })
        })
        .collect();
    Ok(Answer::json(json!({
        "name": app.facts.name,
        "version": env!("CARGO_PKG_VERSION"),
        "uptime_ms": app.db.now_us().saturating_sub(app.facts.started_us) / 1000,
        "fsync": app.facts.fsync,
        "doors": doors,
        "positions": positions,
        "store_bytes": app.db.engine().parts().store.size_bytes(),
        "tables": tables,
        "streams": streams,
        "searches": searches,
    })))
}
