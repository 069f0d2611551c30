//! `_cat`: tables for people, or rows for programs.

use axum::extract::State;
use serde_json::{Map, Value as Json};

use crate::App;
use crate::indices::resolve;
use crate::wire::{Answer, Call, Fault, Outcome};

const CHOICES: [&str; 12] = [
    "v",
    "h",
    "s",
    "format",
    "help",
    "bytes",
    "time",
    "health",
    "pri",
    "expand_wildcards",
    "local",
    "ts",
];

/// A table: names of columns, rows.
struct Table {
    columns: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

/// `GET /_cat/indices`
pub async fn indices(State(app): State<App>, call: Call) -> Outcome {
    let mut rows = Vec::new();
    for index in resolve::several(&app, call.part("index"))? {
        let status = index
            .search
            .as_ref()
            .and_then(|search| app.search.status(search.id));
        let health = if status.is_none_or(|status| status.is_ready) {
            "green"
        } else {
            "yellow"
        };
        rows.push(vec![
            health.to_owned(),
            "open".to_owned(),
            index.table.name.clone(),
            index.table.id.0.to_string(),
            "1".to_owned(),
            "0".to_owned(),
            app.db.count(index.table.storage).to_string(),
        ]);
    }
    let columns = vec![
        "health",
        "status",
        "index",
        "uuid",
        "pri",
        "rep",
        "docs.count",
    ];
    printed(&call, Table { columns, rows })
}

/// `GET /_cat/health`
pub async fn health(State(app): State<App>, call: Call) -> Outcome {
    let seconds = app.db.now_us() / 1_000_000;
    let clock = format!(
        "{:02}:{:02}:{:02}",
        seconds / 3600 % 24,
        seconds / 60 % 60,
        seconds % 60
    );
    let count = resolve::several(&app, "")?.len().to_string();
    let row = vec![
        seconds.to_string(),
        clock,
        "stele".to_owned(),
        "green".to_owned(),
        "1".to_owned(),
        "1".to_owned(),
        count.clone(),
        count,
    ];
    let columns = vec![
        "epoch",
        "timestamp",
        "cluster",
        "status",
        "node.total",
        "node.data",
        "shards",
        "pri",
    ];
    printed(
        &call,
        Table {
            columns,
            rows: vec![row],
        },
    )
}

/// `GET /_cat/nodes`
pub async fn nodes(State(app): State<App>, call: Call) -> Outcome {
    let row = vec![
        "127.0.0.1".to_owned(),
        "dm".to_owned(),
        "*".to_owned(),
        app.facts.name.clone(),
    ];
    let columns = vec!["ip", "node.role", "master", "name"];
    printed(
        &call,
        Table {
            columns,
            rows: vec![row],
        },
    )
}

fn printed(call: &Call, mut table: Table) -> Outcome {
    call.allow(&CHOICES)?;
    if call.parameter("help").is_some() {
        return Ok(Answer::text(
            table
                .columns
                .iter()
                .map(|name| format!("{name}\n"))
                .collect::<String>(),
        ));
    }
    if let Some(wanted) = call.parameter("s") {
        let (name, order) = wanted.split_once(':').unwrap_or((wanted, "asc"));
        let at = table.columns.iter().position(|column| *column == name);
        let at = at.ok_or_else(|| {
            Fault::argument(format!("Unable to sort by unknown sort key `{name}`"))
        })?;
        table
            .rows
            .sort_by(|left, right| left.get(at).cmp(&right.get(at)));
        if order == "desc" {
            table.rows.reverse();
        }
    }
    let wanted: Vec<&str> = match call.parameter("h") {
        Some(names) => names.split(',').collect(),
        None => table.columns.clone(),
    };
    let places: Vec<Option<usize>> = wanted
        .iter()
        .map(|name| table.columns.iter().position(|column| column == name))
        .collect();
    let cells = |row: &Vec<String>| {
        places
            .iter()
            .map(|at| at.and_then(|at| row.get(at)).cloned().unwrap_or_default())
            .collect::<Vec<_>>()
    };
    let rows: Vec<Vec<String>> = table.rows.iter().map(cells).collect();
    let prefers_json = call.parameter("format").map_or_else(
        || {
            call.header("accept").is_some_and(|accept| {
                accept.starts_with("application/") && !accept.contains("text/plain")
            })
        },
        |format| format == "json",
    );
    if prefers_json {
        let object = |row: Vec<String>| {
            let pairs = wanted
                .iter()
                .zip(row)
                .map(|(name, cell)| ((*name).to_owned(), Json::String(cell)));
            Json::Object(pairs.collect::<Map<_, _>>())
        };
        return Ok(Answer::json(Json::Array(
            rows.into_iter().map(object).collect(),
        )));
    }
    let mut lines = Vec::new();
    if call.flag("v")? {
        lines.push(wanted.iter().map(|name| (*name).to_owned()).collect());
    }
    lines.extend(rows);
    Ok(Answer::text(aligned(&lines)))
}

fn aligned(lines: &[Vec<String>]) -> String {
    let width = |at: usize| {
        lines
            .iter()
            .filter_map(|line| line.get(at))
            .map(|cell| cell.chars().count())
            .max()
            .unwrap_or(0)
    };
    let mut text = String::new();
    for line in lines {
        let cells: Vec<String> = line
            .iter()
            .enumerate()
            .map(|(at, cell)| format!("{cell:<width$}", width = width(at)))
            .collect();
        text.push_str(cells.join(" ").trim_end());
        text.push('\n');
    }
    text
}
